//! Finds articles.
//!
//! An engine only says which articles match and in which order. What is shown of them is read from
//! SQL afterwards, so an engine that lags can't show what readers may not see, or an old text.

use tidemark_content::search::Query;

use super::db::Database;
pub use super::db::search::{Asked, Found, MOST_RANKED};
use crate::error::Error;

/// Where words are looked up.
#[derive(Clone, Debug)]
pub enum Engine {
    /// In the database: SQLite's FTS5, or the terms in MySQL.
    Sql,
    // OpenSearch(OpenSearch): its `find(&self, &Asked) -> Result<Found, _>` is called in
    // `Search::find`, which asks SQL if that fails and sets `Answer::is_fallback`.
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The matches.
    pub found: Found,
    /// Whether the configured engine is away and SQL answered.
    pub is_fallback: bool,
    /// What was found instead, because nothing contains what was asked for.
    pub corrected: Option<Query>,
}

/// The search service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Search {
    engine: Engine,
    database: Database,
}

impl Search {
    /// A service that asks `engine`, and `database` if that is away.
    pub fn new(engine: Engine, database: Database) -> Self {
        Self { engine, database }
    }

    /// Finds a part of the articles that match.
    ///
    /// # Errors
    /// Any database error.
    pub async fn find(&self, asked: &Asked) -> Result<Answer, Error> {
        match &self.engine {
            Engine::Sql => {
                let found = self.database.search(asked).await?;
                Ok(Answer { found, is_fallback: false, corrected: None })
            }
        }
    }
}
