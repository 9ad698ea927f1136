//! Where views are kept: a closed choice, so that every store is known to the compiler and to the tests.

pub mod sqlite;

use super::ViewError;
use super::rules::View;
use crate::model::view::ViewOutcome;
use crate::server::db::salts::Salt;
use sqlite::SqliteStore;

/// A store of views. Every store gives the same answers; they differ in what they run on.
#[derive(Clone, Debug)]
pub enum ViewStore {
    /// The embedded profile's: one SQLite file.
    Sqlite(SqliteStore),
}

impl ViewStore {
    /// Decides and records a batch in one atomic, durable step: one outcome per view, in order.
    ///
    /// # Errors
    /// [`ViewError::Store`]: nothing was acknowledged. The whole batch may be recorded again.
    pub async fn record(&self, batch: &[View]) -> Result<Vec<ViewOutcome>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.record(batch).await,
        }
    }

    /// How often an article was read.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn total(&self, article: i64) -> Result<i64, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.total(article).await,
        }
    }

    /// The salts of `day` and of the day before. If `day` has none yet, `fresh` becomes it.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn salts(&self, day: i64, fresh: Salt) -> Result<(Salt, Option<Salt>), ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.salts(day, fresh).await,
        }
    }
}
