//! Counting: who has read what, once, and never lost.
//!
//! # What it promises
//! A view that was answered as counted is in the store for good, and is there once. Whoever gets no
//! answer may ask again: a view that was recorded the first time is then a repeat. The total that
//! comes with an answer includes that view. Of a visitor nothing is kept but keyed hashes, whose
//! key is destroyed after two days.
//!
//! The rules in full, by whose names tests are called:
//!
//! - **C1** Reading writes nothing. Only [`Views::record`] counts, and only a PUT calls it.
//! - **C2** A visitor is counted once per article and window. The window starts with the counted
//!   view; a repeat does not extend it. So recording is idempotent, and a retry after a lost reply
//!   is safe.
//! - **C3** A visitor is the signed-in user, or else a keyed hash of address and User-Agent, or of
//!   an anonymous session where there are any, under a salt that is replaced every UTC day and
//!   destroyed after two days. An address counts at most so many anonymous visitors per article and
//!   window; a wider, higher cap holds for an IPv6 /48, and for the signed-in readers of an address
//!   or /48.
//! - **C4** Crawlers, prefetches and prerenders are answered, not counted. So are an article's own
//!   authors, but by the caller: this module knows none.
//! - **C5** A view is acknowledged only when the store has it for good.
//! - **C6** A page can ask whether its reader's view would count ([`Views::would_count`]), which
//!   writes nothing and asks no store.
//! - **C7** Counting never changes an article, and editing never changes a count. An article's
//!   views share a row with its likes and collects (`article_stats`), and none with the article.
//! - **C8** A view costs a share of one transaction or script for the whole batch, a flush a
//!   statement for all articles viewed.
//!
//! # The way of a view
//! [`Views::identify`] asks the [`gate`] and makes a [`visitor::Visitor`] of the request.
//! [`Views::record`] hands it to the [`batcher`], and answers when the batch that holds it is in
//! the [`store`]. The decision is the pure function [`rules::decide`] in the embedded profile, and
//! the script `store/redis/record.lua` in the server profile, from where a [`flush`] brings the
//! views to SQL.
//!
//! # How to use it
//! Views are kept in a [`store`]: in one SQLite file, or in Redis, from where a [`flush::Flusher`]
//! brings them to MySQL or MariaDB. The tables are in [`MIGRATIONS`].
//!
//! This crate knows nothing of HTTP, and of an article nothing but its id. So it counts for
//! programs that have no blog, such as this one (`examples/count.rs`, which a test runs):
//!
#![doc = concat!("```ignore\n", include_str!("../examples/count.rs"), "```")]
//!
//! What the program around it does:
//!
//! - It checks that readers may see the article before it calls [`Views::record`].
//! - It runs the [`batcher`]'s workers, and a [`follow::Follower`] if it asks
//!   [`Views::would_count`].
//! - With SQLite it calls [`store::sqlite::SqliteStore::prune`] and
//!   [`store::sqlite::SqliteStore::refresh_rankings`] now and then. With Redis it calls
//!   [`flush::Flusher::step`], the methods of the same names of [`store::redis::RedisStore`], and
//!   [`store::redis::RedisStore::destroy_salts`], so that no file of Redis keeps a salt.
//! - With Redis it tells the [`sql::ledger::Ledger`] which articles still exist. A flush drops the
//!   views of those that do not.

#![forbid(unsafe_code)]

pub mod batcher;
pub mod crawlers;
pub mod flush;
pub mod follow;
pub mod gate;
mod outcome;
pub mod rules;
pub mod sql;
pub mod store;
pub mod visitor;
mod window;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use batcher::Batcher;
pub use outcome::{Reason, ViewOutcome};
use store::ViewStore;
use tidemark_store::sql::Migrations;
use visitor::{Identifier, Key, Purpose, Reader, Visitor};
pub use window::{Window, hour_of};

/// The tables of counting, for a program that has no migrations of its own. One that has puts the
/// same statements into them: each kind of database remembers one list of migrations only.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    mysql: sqlx::migrate!("migrations/mysql"),
};

/// Why a view could not be recorded. Trying again is always safe (rule C2).
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// More views are waiting than may wait.
    #[error("the queue of views is full")]
    Busy,
    /// Counting has stopped, because the process is about to end.
    #[error("counting has stopped")]
    Stopped,
    /// The visitor was hashed for another day than that of the store, whose clock shows `now`. The
    /// view is not recorded.
    #[error("the day has changed")]
    OtherDay {
        /// The time of the store, in milliseconds.
        now: i64,
    },
    /// The store failed; whether it has the view is not known.
    #[error("the view store failed: {0}")]
    Store(String),
}

impl From<sqlx::Error> for ViewError {
    fn from(error: sqlx::Error) -> Self {
        ViewError::Store(error.to_string())
    }
}

/// What a request tells about who is reading.
#[derive(Clone, Debug)]
pub struct ViewRequest {
    /// Who it is.
    pub reader: Reader,
    /// The values of `Sec-Purpose` and `Purpose`.
    pub purposes: Vec<String>,
}

/// How often a view is handed in, if each time the day turns out to be another.
const ATTEMPTS: usize = 3;

/// The counting service.
#[derive(Clone, Debug)]
pub struct Views {
    identifier: Identifier,
    batcher: Batcher,
    store: ViewStore,
    counted: Arc<AtomicU64>,
    unranked: Arc<AtomicU64>,
}

impl Views {
    /// Puts the parts together.
    pub fn new(identifier: Identifier, batcher: Batcher, store: ViewStore) -> Self {
        Self { identifier, batcher, store, counted: Arc::default(), unranked: Arc::default() }
    }

    /// Where views are kept.
    pub fn store(&self) -> &ViewStore {
        &self.store
    }

    /// How many views wait to be recorded.
    pub fn waiting(&self) -> usize {
        self.batcher.waiting()
    }

    /// A number that grows with each view that this process counts, by which caches of counts know
    /// that they are out of date.
    pub fn counted(&self) -> u64 {
        self.counted.load(Ordering::Acquire)
    }

    /// A number that grows whenever Redis has no answer to [`Views::top`]. SQL, which is asked
    /// then, may not know all views yet.
    pub fn unranked(&self) -> u64 {
        self.unranked.load(Ordering::Acquire)
    }

    /// Who sends a request, as far as counting is concerned.
    ///
    /// # Errors
    /// [`ViewError`] if it can't be told now, because the day's salt can't be had.
    pub async fn identify(&self, request: ViewRequest) -> Result<Sender, ViewError> {
        if let Some(reason) = gate::check(&request.reader.user_agent, &request.purposes) {
            return Ok(Sender::NoReader(reason));
        }
        let visitor = self.identifier.identify(&request.reader).await?;
        let reader = self.identifier.is_near_midnight().then(|| Box::new(request.reader));
        Ok(Sender::Visitor(visitor, reader))
    }

    /// Today's key for what else has to tell addresses or names apart without writing them down.
    ///
    /// # Errors
    /// [`ViewError`] if the day's salt can't be had.
    pub async fn key(&self, purpose: Purpose) -> Result<Key, ViewError> {
        self.identifier.key(purpose).await
    }

    /// Counts a view of `article`, if the rules say so, and tells what became of it. The caller has
    /// checked that readers see the article. `visitor` is what `reader` was identified as, if that
    /// is still known.
    ///
    /// # Errors
    /// [`ViewError`] if it can't be recorded now; then no count was answered, and the same call may
    /// be made again.
    pub async fn record(
        &self,
        article: i64,
        visitor: Visitor,
        reader: Option<&Reader>,
    ) -> Result<ViewOutcome, ViewError> {
        if self.store.is_away() {
            // Not into the queue: thousands would wait there, each for a batch that fails.
            return Err(ViewError::Store("the store does not answer".into()));
        }
        let outcome = self.try_to_record(article, visitor, reader).await;
        // A view that failed may have been counted all the same.
        if outcome.as_ref().map_or(true, |outcome| outcome.counted) {
            self.counted.fetch_add(1, Ordering::AcqRel);
        }
        outcome
    }

    /// Whether a view of `article` by `reader` would count now, as far as this process knows
    /// without asking the store: what [`Views::record`] would say, but nothing is recorded. What
    /// can't be known, such as what another process has just counted, counts. The background task
    /// in [`follow`] keeps that to about a second.
    pub fn would_count(&self, article: i64, reader: &Reader) -> bool {
        // Only the request for the page may be speculative; the view comes once somebody looks at
        // it.
        gate::check(&reader.user_agent, &[]).is_none()
            && self
                .identifier
                .identify_from_memory(reader)
                .is_none_or(|visitor| self.store.would_count(article, &visitor))
    }

    async fn try_to_record(
        &self,
        article: i64,
        mut visitor: Visitor,
        reader: Option<&Reader>,
    ) -> Result<ViewOutcome, ViewError> {
        for _ in 1..ATTEMPTS {
            match self.batcher.record(article, visitor).await {
                Err(ViewError::OtherDay { now }) => {
                    self.identifier.set_time(now);
                    // Unknown if this process' clock is quite wrong; it goes by the store's from
                    // here on.
                    let Some(reader) = reader else { return Err(ViewError::OtherDay { now }) };
                    visitor = Box::pin(self.identifier.identify(reader)).await?;
                }
                answer => return answer,
            }
        }
        self.batcher.record(article, visitor).await
    }

    /// How often each of `articles` was read. What is absent, SQL knows. `None` while Redis is
    /// away, so that SQL's counts have to do.
    pub async fn totals(&self, articles: &[i64]) -> Option<HashMap<i64, i64>> {
        match &self.store {
            // A page's own query has them already.
            ViewStore::Sqlite(_) => Some(HashMap::new()),
            ViewStore::Redis(store) => store.redis.for_page(store.totals(articles)).await,
        }
    }

    /// The articles with the most views in `window`, most first; of equals, the newer first. `None`
    /// if SQL has to be asked: in the embedded profile, and while Redis is away or its ranking not
    /// built.
    pub async fn top(&self, window: Window, count: usize) -> Option<Vec<(i64, i64)>> {
        match &self.store {
            ViewStore::Sqlite(_) => None,
            ViewStore::Redis(store) => {
                let top = store.redis.for_page(store.top(window, count)).await.flatten();
                if top.is_none() {
                    self.unranked.fetch_add(1, Ordering::AcqRel);
                }
                top
            }
        }
    }
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub enum Sender {
    /// A visitor, whose view may count, and near midnight who that is, for the case that the day
    /// changes before it does. At other times that is not kept: thousands may wait for their batch,
    /// and the processor's cache should hold them.
    Visitor(Visitor, Option<Box<Reader>>),
    /// What no reader sends.
    NoReader(Reason),
}
