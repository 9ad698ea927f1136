//! The embedded profile's store: one transaction per batch.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tidemark_store::clock::{Clock, Millis};
use tidemark_store::sql::SqliteDatabase;
use tokio::sync::Mutex;

use super::{Drift, Recorded};
use crate::ViewError;
use crate::hour_of;
use crate::rules::{self, Caps, Decision, View};
use crate::seen::{ENTRY, Seen, entries, window_ends_at};
use crate::sql::pruning::{self, Pruned};
use crate::sql::rankings;
use crate::sql::salts;
use crate::sql::seen::{self as statements, SeenRow};
use crate::visitor::{Salt, Visitor};
use crate::{ArticleId, Day};

/// How many entries are added to the copy of the log per lock, so that pages can read it in
/// between.
const AT_ONCE: usize = 1_000;

/// How many rows of the log, each with the entries of a batch, [`SqliteStore::catch_up`] reads
/// before it gives batches a chance to take the lock.
const PART: i64 = 200;

/// This process's copy of the dedup log.
#[derive(Debug, Default)]
struct LogCopy {
    seen: Seen,
    /// The id of the last row that was read.
    through: i64,
}

/// Views in SQLite. The dedup entry and the increment are written in one transaction, and its
/// commit is synced to disk before any view of the batch is acknowledged. A process that dies
/// before the commit leaves neither; one that dies after it leaves both (rule C5).
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: SqliteDatabase,
    clock: Clock,
    window: Duration,
    caps: Caps,
    /// Serializes batches, so that no two read the same part of the log.
    turn: Arc<Mutex<()>>,
    copy: Arc<RwLock<LogCopy>>,
}

impl SqliteStore {
    /// Creates a store in `database` with rule C2's `window` and rule C3's `caps`.
    pub fn new(database: SqliteDatabase, clock: Clock, window: Duration, caps: Caps) -> Self {
        Self { database, clock, window, caps, turn: Arc::default(), copy: Arc::default() }
    }

    /// See [`super::ViewStore::for_requests`].
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { database: self.database.for_requests(), ..self }
    }

    /// See [`super::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.database.begin().await?;
        // Read the clock under the write lock, so that time never runs backwards from one batch to
        // the next.
        let now = self.clock.now();
        let second = now.second();
        while self.writing().seen.forget(second) {}
        // Entries by other processes since the last batch, and by an earlier batch whose outcome is
        // unknown.
        let through = self.reading().through;
        self.learn(&statements::seen_after(&mut transaction, through, now, -1).await?);
        let decided = rules::decide(batch, second, &self.reading().seen, &self.caps);

        let ends_at = window_ends_at(now, self.window);
        let added = entries(&decided.counted, ends_at);
        let mut last = None;
        if !added.is_empty() {
            let ends_at = Millis(i64::from(ends_at) * 1_000);
            last = Some(statements::append(&mut transaction, &added, ends_at).await?);
            let increments: Vec<(ArticleId, u32)> = decided.increments(batch).into_iter().collect();
            statements::add(&mut transaction, &increments, hour_of(now)).await?;
        }

        let mut articles: Vec<ArticleId> = batch.iter().map(|view| view.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let totals = statements::totals(&mut transaction, &articles).await?;
        transaction.commit().await?;
        // Update the copy only after the commit. If the commit fails or the caller is cancelled,
        // the next batch reads this batch's outcome from the log, because a commit can report
        // failure and still have taken effect.
        if let Some(last) = last {
            let mut copy = self.writing();
            copy.through = last;
            copy.seen.read(&added);
        }

        let recorded = |(view, decision): (&View, Decision)| {
            decision.recorded(
                view.article,
                Some(totals.get(&view.article).copied().unwrap_or(0)),
                now,
            )
        };
        Ok(batch.iter().zip(decided.decisions).map(recorded).collect())
    }

    /// See [`super::ViewStore::catch_up`].
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        loop {
            // Get the connection before the turn. Batches wait for the turn, and must not wait for
            // pages that hold all connections.
            let mut connection = self.database.reader().acquire().await?;
            let Ok(_turn) = self.turn.try_lock() else { return Ok(()) };
            let (through, now) = (self.reading().through, self.clock.now());
            // In case this process counts nothing itself.
            while self.writing().seen.forget(now.second()) {}
            let rows = statements::seen_after(&mut connection, through, now, PART).await?;
            self.learn(&rows);
            if i64::try_from(rows.len()).is_ok_and(|read| read < PART) {
                return Ok(());
            }
        }
    }

    /// Adds what was read of the log to the copy.
    fn learn(&self, rows: &[SeenRow]) {
        for SeenRow { id, entries } in rows {
            for part in entries.chunks(AT_ONCE * ENTRY) {
                self.writing().seen.read(part);
            }
            self.writing().through = *id;
        }
    }

    /// See [`super::ViewStore::would_count`].
    pub fn would_count(&self, article: ArticleId, visitor: &Visitor) -> bool {
        let (view, now) = (View { article, visitor: *visitor }, self.clock.now());
        rules::would_count(&view, now.second(), &self.reading().seen, &self.caps)
    }

    fn reading(&self) -> RwLockReadGuard<'_, LogCopy> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, LogCopy> {
        self.copy.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`super::ViewStore::totals`].
    pub async fn totals(
        &self,
        articles: &[ArticleId],
    ) -> Result<HashMap<ArticleId, i64>, ViewError> {
        Ok(statements::totals(&mut *self.database.reader().acquire().await?, articles).await?)
    }

    /// See [`super::ViewStore::salt_if_any`].
    pub async fn salt_if_any(&self, day: Day) -> Result<Option<Salt>, ViewError> {
        Ok(salts::if_any(&self.database, day).await?)
    }

    /// See [`super::ViewStore::salts`].
    pub async fn salts(&self, day: Day, fresh: Salt) -> Result<(Salt, Option<Salt>), ViewError> {
        let today = salts::of_day(&self.database, day, fresh).await?;
        let yesterday = salts::if_any(&self.database, day - 1).await?;
        Ok((today, yesterday))
    }

    /// Moves the end of the rankings' windows to the current hour. Returns false if they already
    /// end there.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn refresh_rankings(&self) -> Result<bool, ViewError> {
        Ok(rankings::end_with(&self.database, hour_of(self.clock.now())).await?)
    }

    /// Deletes expired windows and the salts of days before `oldest_day`, from the database's files
    /// too.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn prune(&self, oldest_day: Day) -> Result<Pruned, ViewError> {
        Ok(pruning::prune(&self.database, self.clock.now(), oldest_day).await?)
    }

    /// Compares the rankings with the hourly counts they are computed from, and corrects them.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        // Otherwise views of this hour may come after the windows, and it is no drift that they are
        // in them.
        self.refresh_rankings().await?;
        let drifts = rankings::reconcile(&self.database).await?;
        let drift = |(hours, article, cached, correct)| {
            Drift::of_article(format!("rank:{hours}h"), article, cached, correct)
        };
        Ok(drifts.into_iter().map(drift).collect())
    }
}
