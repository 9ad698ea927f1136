//! The embedded profile's store: one transaction per batch.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ViewError;
use crate::model::view::ViewOutcome;
use crate::server::clock::Clock;
use crate::server::db::salts::Salt;
use crate::server::db::views::{self as statements, Seen, hour_of};
use crate::server::db::{Database, SqliteDatabase};
use crate::server::views::rules::{View, decide};
use crate::server::views::visitor::Hashes;

/// Views in SQLite. The dedup entry and the increment are in one transaction, and its commit is synced to disk before any of
/// the batch is acknowledged: a process that dies before leaves neither, one that dies after leaves both (rule C5).
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: SqliteDatabase,
    clock: Clock,
    window: Duration,
    cap: usize,
}

impl SqliteStore {
    /// A store in `database` with rule C2's `window` and rule C3's `cap` per address.
    pub fn new(database: SqliteDatabase, clock: Clock, window: Duration, cap: usize) -> Self {
        Self { database, clock, window, cap }
    }

    /// See [`super::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<ViewOutcome>, ViewError> {
        let mut transaction = self.database.begin().await?;
        // Read under the write lock, so that time never runs backwards from one batch to the next.
        let now = self.clock.now_ms();

        let mut candidates = Vec::with_capacity(batch.len() * 2);
        for view in batch {
            let days = [Some(view.visitor.today), view.visitor.yesterday];
            candidates.extend(days.into_iter().flatten().map(|hashes| seen(view.article, hashes)));
        }
        let mut addresses: Vec<(i64, i64)> =
            candidates.iter().filter_map(|seen| seen.address.map(|address| (seen.article, address))).collect();
        // Each pair once: the statement would count a pair's visitors as often as the pair is listed.
        addresses.sort_unstable();
        addresses.dedup();

        let live = statements::live_seen(&mut transaction, &candidates, now).await?;
        let live_addresses = statements::live_addresses(&mut transaction, &addresses, now).await?;
        let reasons = decide(batch, live, live_addresses, self.cap);

        let mut counted = Vec::new();
        let mut increments = BTreeMap::<i64, i64>::new();
        for (view, reason) in batch.iter().zip(&reasons) {
            if reason.is_none() {
                counted.push(seen(view.article, view.visitor.today));
                *increments.entry(view.article).or_default() += 1;
            }
        }
        if !counted.is_empty() {
            let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
            statements::remember(&mut transaction, &counted, now.saturating_add(window)).await?;
            let increments: Vec<(i64, i64)> = increments.into_iter().collect();
            statements::add(&mut transaction, &increments, hour_of(now)).await?;
        }

        let mut articles: Vec<i64> = batch.iter().map(|view| view.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let totals = statements::totals(&mut transaction, &articles).await?;
        transaction.commit().await?;

        let outcome = |(view, reason): (&View, _)| ViewOutcome {
            article: view.article,
            views: totals.get(&view.article).copied().unwrap_or(0),
            counted: Option::is_none(&reason),
            reason,
        };
        Ok(batch.iter().zip(reasons).map(outcome).collect())
    }

    /// See [`super::ViewStore::total`].
    pub async fn total(&self, article: i64) -> Result<i64, ViewError> {
        Ok(Database::Sqlite(self.database.clone()).total(article).await?)
    }

    /// See [`super::ViewStore::salts`].
    pub async fn salts(&self, day: i64, fresh: Salt) -> Result<(Salt, Option<Salt>), ViewError> {
        let today = self.database.salt_of_day(day, fresh).await?;
        let yesterday = self.database.salt_if_any(day - 1).await?;
        Ok((today, yesterday))
    }
}

fn seen(article: i64, hashes: Hashes) -> Seen {
    Seen { article, address: hashes.address, visitor: hashes.visitor }
}
