//! Where views are kept: a closed choice, so that every store is known to the compiler and to the
//! tests.

pub mod redis;
pub mod sqlite;

use std::collections::HashMap;

use redis::RedisStore;
use sqlite::SqliteStore;

use super::rules::{Decision, View};
use super::visitor::Visitor;
use crate::ViewError;
use crate::ViewOutcome;
use crate::sql::salts::Salt;

/// A store of views. Every store gives the same answers; they differ in what they run on.
#[derive(Clone, Debug)]
pub enum ViewStore {
    /// The embedded profile's: one SQLite file.
    Sqlite(SqliteStore),
    /// The server profile's: Redis, and what it has flushed to MySQL or MariaDB.
    Redis(RedisStore),
}

/// What became of a view that was to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is recorded, or need not be.
    Outcome(ViewOutcome),
    /// It is recorded, but the article's total can't be told now.
    NoTotal,
    /// It is not recorded: the visitor was hashed for another day than that of the store, whose
    /// clock shows `now` (milliseconds).
    OtherDay {
        /// The time of the store.
        now: i64,
    },
}

impl Decision {
    /// What became of a view of `article` for the caller: with the article's total, if it is known,
    /// and the store's time.
    fn recorded(self, article: i64, views: Option<i64>, now: i64) -> Recorded {
        let reason = match self {
            Decision::OtherDay => return Recorded::OtherDay { now },
            Decision::Counted => None,
            Decision::NotCounted(reason) => Some(reason),
        };
        let outcome = |views| {
            Recorded::Outcome(ViewOutcome { article, views, counted: reason.is_none(), reason })
        };
        views.map_or(Recorded::NoTotal, outcome)
    }
}

impl Recorded {
    /// The outcome, if there is one.
    pub fn outcome(self) -> Option<ViewOutcome> {
        if let Recorded::Outcome(outcome) = self { Some(outcome) } else { None }
    }
}

impl ViewStore {
    /// How many batches may be written at once: articles whose numbers leave the same remainder are
    /// never in two of them.
    pub fn lanes(&self) -> usize {
        match self {
            // SQLite has one writer.
            ViewStore::Sqlite(_) => 1,
            ViewStore::Redis(store) => store.shards().count(),
        }
    }

    /// The same for requests: whoever waits for SQLite is answered soon.
    #[must_use]
    pub fn for_requests(self) -> Self {
        match self {
            ViewStore::Sqlite(store) => ViewStore::Sqlite(store.for_requests()),
            ViewStore::Redis(store) => ViewStore::Redis(store),
        }
    }

    /// Whether it is no use to ask: what is sent is refused at once.
    pub fn is_away(&self) -> bool {
        match self {
            ViewStore::Sqlite(_) => false,
            ViewStore::Redis(store) => store.redis.is_away(),
        }
    }

    /// Decides and records a batch in one atomic, durable step: what became of each view, in order.
    ///
    /// # Errors
    /// [`ViewError::Store`]: nothing was acknowledged. The whole batch may be recorded again.
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.record(batch).await,
            ViewStore::Redis(store) => store.record(batch).await,
        }
    }

    /// Reads what was added to the dedup log since the last read, so that
    /// [`ViewStore::would_count`] knows whom other processes have counted, and this one before a
    /// restart. Writes nothing. Skips what a batch is reading at the moment.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call goes on from there.
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.catch_up().await,
            ViewStore::Redis(store) => store.catch_up().await,
        }
    }

    /// Whether a view of `article` by `visitor` would count now, as far as this process knows the
    /// dedup log. It asks nobody and changes nothing. It says yes to a visitor whom another process
    /// has counted since the last batch here or the last [`ViewStore::catch_up`].
    pub fn would_count(&self, article: i64, visitor: &Visitor) -> bool {
        match self {
            ViewStore::Sqlite(store) => store.would_count(article, visitor),
            ViewStore::Redis(store) => store.would_count(article, visitor),
        }
    }

    /// How often each of `articles` was read, the views that are not flushed yet included. An
    /// article without a view may be absent, and so may one of which Redis knows nothing that SQL
    /// does not.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn totals(&self, articles: &[i64]) -> Result<HashMap<i64, i64>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.totals(articles).await,
            ViewStore::Redis(store) => store.totals(articles).await,
        }
    }

    /// The salt of `day`, if it had one and still has.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn salt_if_any(&self, day: i64) -> Result<Option<Salt>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.salt_if_any(day).await,
            ViewStore::Redis(store) => store.salt_if_any(day).await,
        }
    }

    /// The salts of `day` and of the day before. Where there is none yet, or none any more, `fresh`
    /// becomes that of `day` and `yesterday` that of the day before.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn salts(
        &self,
        day: i64,
        fresh: Salt,
        yesterday: Option<Salt>,
    ) -> Result<(Salt, Option<Salt>), ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.salts(day, fresh).await,
            ViewStore::Redis(store) => store.salts(day, fresh, yesterday).await,
        }
    }
}

/// A cached count that was not what it should be, as a reconcile found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What was cached, such as `total`, or a ranking.
    pub cache: String,
    /// Of what, such as `article 7`.
    pub of: String,
    /// What the cache had.
    pub cached: i64,
    /// What it should have had, and has now.
    pub correct: i64,
}

impl Drift {
    /// A cached count of an article that was not what it should be.
    pub fn of_article(cache: impl Into<String>, article: i64, cached: i64, correct: i64) -> Self {
        Self { cache: cache.into(), of: format!("article {article}"), cached, correct }
    }
}

impl std::fmt::Display for Drift {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Drift { cache, of, cached, correct } = self;
        write!(formatter, "{cache} of {of} from {cached} to {correct}")
    }
}
