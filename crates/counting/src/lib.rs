//! Counts article views: each one once, none lost.
//!
//! # Guarantees
//! A view that was answered as counted is durable and counted exactly once. A caller that gets no
//! answer may retry: if the first attempt was recorded, the retry is a repeat. The total in an
//! answer includes the view itself. The store keeps only keyed hashes of an article and its
//! visitor, and their key is destroyed after two days.
//!
//! These are the rules in full. Tests are named after the rule they protect.
//!
//! - **C1** Reading writes nothing. Only [`Views::record`] counts, and only a PUT calls it.
//! - **C2** A visitor is counted once per article and window. The window starts with the counted
//!   view; a repeat does not extend it. So recording is idempotent, and retrying after a lost reply
//!   is safe.
//! - **C3** A visitor is the signed-in user. Otherwise it is a keyed hash of the anonymous session,
//!   where sessions are in use, or of address and User-Agent. The key is a salt that is replaced
//!   every UTC day and destroyed after two days. Each address has a cap on the anonymous visitors
//!   it may count per article and window. A second, higher cap applies to an IPv6 /48, and another
//!   to the signed-in readers of one IPv4 address or /48.
//! - **C4** Crawlers, prefetches and prerenders get an answer but are not counted. Neither are an
//!   article's own authors, but that check is the caller's: this crate knows no authors.
//! - **C5** A view is acknowledged only once it is durable in the store.
//! - **C6** A page can ask whether its reader's view would count ([`Views::would_count`]). The
//!   check writes nothing and does not query the store.
//! - **C7** Counting never changes an article, and editing never changes a count. Views
//!   are counted in `article_stats`, which is not the table of articles. The blog keeps likes and
//!   collects in the same rows.
//! - **C8** A view costs its share of one transaction or script per batch. A flush costs one
//!   statement for all viewed articles together.
//!
//! # How a view is recorded
//! [`Views::identify`] runs the [`gate`] and turns the request into a [`visitor::Visitor`].
//! [`Views::record`] hands it to the [`batcher`] and answers once its batch is in the [`store`].
//! The decision is made by the pure function [`rules::decide`], given the process's copy of the
//! dedup log ([`seen`]). The store records it only if the copy was complete. In the server profile,
//! a [`flush`] then moves the views to SQL.
//!
//! # How to use it
//! Views are kept in a [`store`]: a single SQLite file, or Redis, from where a [`flush::Flusher`]
//! moves them to MySQL or MariaDB. [`MIGRATIONS`] creates the tables.
//!
//! This crate knows nothing of HTTP, and knows an article only by its id. So a program without a
//! blog can use it too, such as this one (`examples/count.rs`, which a test runs):
//!
#![doc = concat!("```ignore\n", include_str!("../examples/count.rs"), "```")]
//!
//! The embedding program has to:
//!
//! - Check that readers may see the article before it calls [`Views::record`].
//! - Run the [`batcher`]'s workers, and a [`follow::Follower`] if it calls [`Views::would_count`].
//! - Periodically call [`ViewStore::flush`], [`ViewStore::prune`] and
//!   [`ViewStore::refresh_rankings`].
//! - With Redis, tell the [`sql::ledger::Ledger`] which articles still exist. A flush drops the
//!   views of all others.

pub mod batcher;
pub mod crawlers;
pub mod flush;
pub mod follow;
pub mod gate;
pub mod identifier;
mod ids;
mod outcome;
pub mod rules;
pub mod seen;
pub mod sql;
pub mod store;
mod told;
pub mod upkeep;
pub mod visitor;
mod window;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use batcher::Batcher;
use identifier::Identifier;
pub use ids::{ArticleId, ShardId, UserId};
pub use outcome::{Reason, ViewOutcome};
use store::ViewStore;
use tidemark_store::clock::Millis;
use tidemark_store::sql::Migrations;
use told::Told;
pub use visitor::Day;
use visitor::{Key, Purpose, Reader, Visitor};
pub use window::{Hour, Window, hour_of};

/// The tables this crate needs, for a program that has no migrations of its own. A program that has
/// some copies these statements into them, because a database tracks only one list of migrations.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    mysql: sqlx::migrate!("migrations/mysql"),
};

/// Why a view could not be recorded. Retrying is always safe (rule C2).
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The queue of waiting views is full.
    #[error("the queue of views is full")]
    Busy,
    /// Counting has stopped because the process is shutting down.
    #[error("counting has stopped")]
    Stopped,
    /// The visitor was hashed for a different day than the store's. The view is not recorded.
    #[error("the day has changed")]
    OtherDay {
        /// The store's time.
        now: Millis,
    },
    /// The store failed. The view may or may not have been recorded.
    #[error("the view store failed: {0}")]
    Store(String),
}

impl From<sqlx::Error> for ViewError {
    fn from(error: sqlx::Error) -> Self {
        ViewError::Store(error.to_string())
    }
}

/// What a request says about its reader.
#[derive(Clone, Debug)]
pub struct ViewRequest {
    /// The reader.
    pub reader: Reader,
    /// The values of the `Sec-Purpose` and `Purpose` headers.
    pub purposes: Vec<String>,
}

/// How many times a view is submitted if the store keeps reporting a different day.
const ATTEMPTS: usize = 3;

/// The counting service.
#[derive(Clone, Debug)]
pub struct Views {
    identifier: Identifier,
    batcher: Batcher,
    store: ViewStore,
    counted: Arc<AtomicU64>,
    unranked: Arc<AtomicU64>,
    told: Arc<Told>,
}

impl Views {
    /// Creates the service from its parts.
    pub fn new(identifier: Identifier, batcher: Batcher, store: ViewStore) -> Self {
        Self {
            identifier,
            batcher,
            store,
            counted: Arc::default(),
            unranked: Arc::default(),
            told: Arc::default(),
        }
    }

    /// The store that views are recorded in.
    pub fn store(&self) -> &ViewStore {
        &self.store
    }

    /// How many views are waiting to be recorded.
    pub fn waiting(&self) -> usize {
        self.batcher.waiting()
    }

    /// A number that grows with each view this process counts or may have counted. Caches of counts
    /// compare it to know that they are stale.
    pub fn counted(&self) -> u64 {
        self.counted.load(Ordering::Acquire)
    }

    /// A number that grows each time [`Views::top`] or [`Views::totals_for_ranking`] gets no answer
    /// from Redis. The caller then falls back to SQL, which may not have all views yet.
    pub fn unranked(&self) -> u64 {
        self.unranked.load(Ordering::Acquire)
    }

    /// Who sent a request, as far as counting is concerned.
    ///
    /// # Errors
    /// [`ViewError`] if the day's salt is unavailable.
    pub async fn identify(&self, request: ViewRequest) -> Result<Sender, ViewError> {
        if let Some(reason) = gate::check(&request.reader.user_agent, &request.purposes) {
            return Ok(Sender::NoReader(reason));
        }
        let visitor = self.identifier.identify(&request.reader).await?;
        let reader = self.identifier.is_near_midnight().then(|| Box::new(request.reader));
        Ok(Sender::Visitor(visitor, reader))
    }

    /// Today's key for other uses that must compare addresses or names without storing them.
    ///
    /// # Errors
    /// [`ViewError`] if the day's salt is unavailable.
    pub async fn key(&self, purpose: Purpose) -> Result<Key, ViewError> {
        self.identifier.key(purpose).await
    }

    /// Counts a view of `article` if the rules allow it, and returns the outcome. The caller has
    /// checked that readers may see the article. `reader` is who `visitor` was made from, if that
    /// is still known.
    ///
    /// # Errors
    /// [`ViewError`] if the view can't be recorded now. No count was answered, so the caller may
    /// retry.
    pub async fn record(
        &self,
        article: ArticleId,
        visitor: Visitor,
        reader: Option<&Reader>,
    ) -> Result<ViewOutcome, ViewError> {
        if self.store.is_away() {
            // Fail fast: otherwise thousands of views would queue up, each for a batch that fails.
            return Err(ViewError::Store("the store does not answer".into()));
        }
        let outcome = self.try_to_record(article, visitor, reader).await;
        // A view that failed may still have been counted.
        if outcome.as_ref().map_or(true, |outcome| outcome.counted) {
            self.counted.fetch_add(1, Ordering::AcqRel);
        }
        if let Ok(outcome) = &outcome
            && self.store.needs_flush()
        {
            self.told.answer(article, outcome.views);
        }
        outcome
    }

    /// Whether a view of `article` by `reader` would count now: what [`Views::record`] would
    /// answer, without recording anything. It answers from memory and does not query the store.
    /// Where it can't know, as when another process has just counted the reader, it says yes. The
    /// background task in [`follow`] limits that lag to about a second.
    pub fn would_count(&self, article: ArticleId, reader: &Reader) -> bool {
        // No purposes here: only the request for the page can be speculative. The view itself is
        // sent once somebody looks at the page.
        gate::check(&reader.user_agent, &[]).is_none()
            && self
                .identifier
                .identify_from_memory(reader)
                .is_none_or(|visitor| self.store.would_count(article, &visitor))
    }

    async fn try_to_record(
        &self,
        article: ArticleId,
        mut visitor: Visitor,
        reader: Option<&Reader>,
    ) -> Result<ViewOutcome, ViewError> {
        for _ in 1..ATTEMPTS {
            match self.batcher.record(article, visitor).await {
                Err(ViewError::OtherDay { now }) => {
                    self.identifier.set_time(now);
                    // Without the reader the visitor can't be hashed again. That happens only if
                    // this process's clock is far off; from here on it follows the store's.
                    let Some(reader) = reader else { return Err(ViewError::OtherDay { now }) };
                    visitor = Box::pin(self.identifier.identify(reader)).await?;
                }
                answer => return answer,
            }
        }
        self.batcher.record(article, visitor).await
    }

    /// The view count of each of `articles`. Articles missing from the map have their count in SQL.
    /// `None` while Redis is unavailable; the caller then uses the counts in SQL.
    pub async fn totals(&self, articles: &[ArticleId]) -> Option<HashMap<ArticleId, i64>> {
        let number = self.told.ask();
        let totals = self.store.totals_for_page(articles).await;
        if let Some(totals) = &totals
            && self.store.needs_flush()
        {
            self.told.asked(number, articles, totals);
        }
        totals
    }

    /// The highest total of `article` that this process has told anybody, as far as it remembers;
    /// otherwise 0. While Redis is unavailable, SQL may have fewer views than a reader was told,
    /// and a page must not show fewer (rule C6).
    pub fn told(&self, article: ArticleId) -> i64 {
        self.told.total(article)
    }

    /// Like [`Views::totals`], for a ranking: [`Views::unranked`] tells if there was no answer.
    pub async fn totals_for_ranking(
        &self,
        articles: &[ArticleId],
    ) -> Option<HashMap<ArticleId, i64>> {
        let totals = self.totals(articles).await;
        if totals.is_none() {
            self.unranked.fetch_add(1, Ordering::AcqRel);
        }
        totals
    }

    /// The articles with the most views in `window`, most viewed first; ties go to the newer
    /// article. `None` if the caller has to ask SQL: in the embedded profile, and while Redis is
    /// unavailable or its ranking is not built.
    pub async fn top(&self, window: Window, count: usize) -> Option<Vec<(ArticleId, i64)>> {
        let top = self.store.top_for_page(window, count).await;
        if top.is_none() && self.store.needs_flush() {
            self.unranked.fetch_add(1, Ordering::AcqRel);
        }
        top
    }
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub enum Sender {
    /// A visitor whose view may count. Near midnight it comes with the reader, so that the visitor
    /// can be hashed again if the day changes before the view is recorded. At other times the
    /// reader is dropped: thousands of views may be waiting for their batch, and they should fit
    /// into the CPU cache.
    Visitor(Visitor, Option<Box<Reader>>),
    /// A request that no reader sends.
    NoReader(Reason),
}
