//! Where views are kept. The choice is a closed enum, so the compiler and the tests know every
//! store.

pub mod redis;
pub mod sqlite;

use std::collections::HashMap;

use redis::RedisStore;
use sqlite::SqliteStore;
use tidemark_store::clock::Millis;

use super::rules::{Decision, View};
use super::visitor::{Salt, Visitor};
use crate::ViewError;
use crate::ViewOutcome;
use crate::Window;
use crate::{ArticleId, Day};

/// A store of views. All stores give the same answers and differ only in what they run on.
#[derive(Clone, Debug)]
pub enum ViewStore {
    /// The embedded profile: one SQLite file.
    Sqlite(SqliteStore),
    /// The server profile: Redis, flushed to MySQL or MariaDB.
    Redis(RedisStore),
}

/// What became of a view that was submitted for recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The view was recorded, or there was nothing to record.
    Outcome(ViewOutcome),
    /// The view was recorded, but the article's total is unavailable.
    NoTotal,
    /// The view was not recorded: the visitor was hashed for a different day than the store's.
    OtherDay {
        /// The store's time.
        now: Millis,
    },
}

impl Decision {
    /// Turns the decision on a view of `article` into the caller's result. `views` is the article's
    /// total, if known; `now` is the store's time.
    fn recorded(self, article: ArticleId, views: Option<i64>, now: Millis) -> Recorded {
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
    /// How many batches may be written concurrently. Articles are assigned to lanes by id modulo
    /// this number, so no two concurrent batches share an article.
    pub fn lanes(&self) -> usize {
        match self {
            // SQLite has one writer.
            ViewStore::Sqlite(_) => 1,
            ViewStore::Redis(store) => store.shards().count(),
        }
    }

    /// The same store for use in requests: it waits only briefly for SQLite, so a request gets its
    /// answer soon.
    #[must_use]
    pub fn for_requests(self) -> Self {
        match self {
            ViewStore::Sqlite(store) => ViewStore::Sqlite(store.for_requests()),
            ViewStore::Redis(store) => ViewStore::Redis(store),
        }
    }

    /// Whether the store is known to be unavailable, so that every call would fail at once.
    pub fn is_away(&self) -> bool {
        match self {
            ViewStore::Sqlite(_) => false,
            ViewStore::Redis(store) => store.redis.is_away(),
        }
    }

    /// Decides and records a batch in one atomic, durable step. Returns what became of each view,
    /// in order.
    ///
    /// # Errors
    /// [`ViewError::Store`]: nothing was acknowledged, and the whole batch may be retried.
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.record(batch).await,
            ViewStore::Redis(store) => store.record(batch).await,
        }
    }

    /// Reads what was added to the dedup log since the last read. That tells
    /// [`ViewStore::would_count`] whom other processes have counted, and whom this one counted
    /// before a restart. Writes nothing. Skips a log that a batch is reading right now.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call resumes where this one stopped.
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.catch_up().await,
            ViewStore::Redis(store) => store.catch_up().await,
        }
    }

    /// Whether a view of `article` by `visitor` would count now, according to this process's copy
    /// of the dedup log. It does no I/O and changes nothing. It says yes to a visitor whom another
    /// process has counted since the last batch here or the last [`ViewStore::catch_up`].
    pub fn would_count(&self, article: ArticleId, visitor: &Visitor) -> bool {
        match self {
            ViewStore::Sqlite(store) => store.would_count(article, visitor),
            ViewStore::Redis(store) => store.would_count(article, visitor),
        }
    }

    /// The view count of each of `articles`, including views not flushed yet. An article may be
    /// missing if it has no views, or if Redis knows nothing about it that SQL does not.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn totals(
        &self,
        articles: &[ArticleId],
    ) -> Result<HashMap<ArticleId, i64>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.totals(articles).await,
            ViewStore::Redis(store) => store.totals(articles).await,
        }
    }

    /// Like [`ViewStore::totals`], for a page, which does without them if Redis can't be read in
    /// time: `None`. With SQLite the map is empty, because the page's own query has the counts.
    pub async fn totals_for_page(&self, articles: &[ArticleId]) -> Option<HashMap<ArticleId, i64>> {
        match self {
            ViewStore::Sqlite(_) => Some(HashMap::new()),
            ViewStore::Redis(store) => store.redis.for_page(store.totals(articles)).await,
        }
    }

    /// The articles with the most views in `window`, for a page, which asks SQL instead if this is
    /// `None`: always with SQLite, and if Redis can't be read in time or has no such ranking.
    pub async fn top_for_page(
        &self,
        window: Window,
        count: usize,
    ) -> Option<Vec<(ArticleId, i64)>> {
        match self {
            ViewStore::Sqlite(_) => None,
            ViewStore::Redis(store) => {
                store.redis.for_page(store.top(window, count)).await.flatten()
            }
        }
    }

    /// The salt of `day`; `None` if it never had one or it has been destroyed.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn salt_if_any(&self, day: Day) -> Result<Option<Salt>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.salt_if_any(day).await,
            ViewStore::Redis(store) => store.salt_if_any(day).await,
        }
    }

    /// The salts of `day` and of the day before. With Redis, a missing salt is set from `fresh`
    /// (for `day`) or `yesterday` (for the day before). SQLite sets only that of `day`.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn salts(
        &self,
        day: Day,
        fresh: Salt,
        yesterday: Option<Salt>,
    ) -> Result<(Salt, Option<Salt>), ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.salts(day, fresh).await,
            ViewStore::Redis(store) => store.salts(day, fresh, yesterday).await,
        }
    }
}

/// A wrong cached count that a reconcile found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The cache, such as `total` or a ranking.
    pub cache: String,
    /// What the count belongs to, such as `article 7`.
    pub of: String,
    /// The cached count.
    pub cached: i64,
    /// The correct count, which the cache has now.
    pub correct: i64,
}

impl Drift {
    /// A drift in an article's cached count.
    pub fn of_article(
        cache: impl Into<String>,
        article: ArticleId,
        cached: i64,
        correct: i64,
    ) -> Self {
        Self { cache: cache.into(), of: format!("article {article}"), cached, correct }
    }
}

impl std::fmt::Display for Drift {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Drift { cache, of, cached, correct } = self;
        write!(formatter, "{cache} of {of} from {cached} to {correct}")
    }
}
