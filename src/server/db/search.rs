//! Finds articles by their words, which [`search_index`](super::search_index) keeps.
//!
//! SQLite looks them up in a full-text index (FTS5). MySQL and MariaDB go through the terms of all
//! articles, because the full-text indexes of the two differ in what they take for a word.

mod conditions;
mod fts5;
mod mysql;
mod sqlite;
mod terms;

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::markdown::plain_line;
use tidemark_content::search::Query;
use tidemark_content::search::analysis::Kind;
use tidemark_content::search::spelling::neighbours;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::articles::{FROM, SummaryRow, VISIBLE, summary_columns};
use super::{AnyDatabase, Database, on_reader};
use crate::model::article::{ArticleSummary, Tag};
use crate::model::search::{SearchFilter, Sort, Suggestion};

/// How many matches are ranked at most. Beyond that, only those are considered that were written
/// last.
pub const MOST_RANKED: i64 = 10_000;

/// How many mistyped words of a query are corrected at most.
const MOST_CORRECTED: usize = 3;

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
    pub now: Millis,
}

/// What an engine found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The ids of the asked part of the matches, in order.
    pub ids: Vec<ArticleId>,
    /// How many articles match, at most [`MOST_RANKED`]; fewer if only the newest were looked
    /// through.
    pub total: i64,
    /// Whether more match than that.
    pub is_more: bool,
}

/// A part of the matches of a search in SQL.
#[derive(Clone, Debug, Default)]
struct FoundRows {
    ids: Vec<ArticleId>,
    /// How many articles match, at most one more than [`MOST_RANKED`].
    total: i64,
    /// Whether only the newest articles were looked through.
    is_part: bool,
}

impl From<Vec<(ArticleId, i64)>> for FoundRows {
    fn from(rows: Vec<(ArticleId, i64)>) -> Self {
        let total = rows.first().map_or(0, |(_, total)| *total);
        Self { ids: rows.into_iter().map(|(id, _)| id).collect(), total, is_part: false }
    }
}

#[derive(FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    summary: SummaryRow,
    html: String,
}

impl Database {
    /// Finds a part of the articles that match, as SQL knows them.
    pub async fn find(&self, asked: &Asked) -> sqlx::Result<Found> {
        let FoundRows { ids, mut total, mut is_part } = self.find_rows(asked).await?;
        if ids.is_empty() && asked.offset > 0 {
            // No row says how many match, because the part is past the end.
            let first = Asked { offset: 0, limit: 1, ..asked.clone() };
            FoundRows { total, is_part, .. } = self.find_rows(&first).await?;
        }
        let is_more = is_part || total > MOST_RANKED;
        Ok(Found { ids, total: total.min(MOST_RANKED), is_more })
    }

    async fn find_rows(&self, asked: &Asked) -> sqlx::Result<FoundRows> {
        match self.any() {
            AnyDatabase::Sqlite(database) => sqlite::find(database, asked).await,
            AnyDatabase::MySql(database) => mysql::find(database, asked).await,
        }
    }

    /// The titles of up to `limit` articles visible at `now` that match by title and tags, newest
    /// first.
    pub async fn suggest(
        &self,
        query: &Query,
        limit: i64,
        now: Millis,
    ) -> sqlx::Result<Vec<Suggestion>> {
        let rows = match self.any() {
            AnyDatabase::Sqlite(database) => sqlite::suggest(database, query, limit, now).await,
            AnyDatabase::MySql(database) => mysql::suggest(database, query, limit, now).await,
        };
        let suggestion =
            |(title, slug): (String, String)| Suggestion { title: plain_line(&title), slug };
        Ok(rows?.into_iter().map(suggestion).collect())
    }

    /// The query with the words that no article visible at `now` has replaced by ones that differ
    /// by one typing error; `None` if there is nothing to replace. MySQL keeps no list of words to
    /// look in.
    pub async fn corrected(&self, query: &Query, now: Millis) -> sqlx::Result<Option<Query>> {
        let AnyDatabase::Sqlite(database) = self.any() else { return Ok(None) };
        let mut words = Vec::new();
        for (number, clause) in query.clauses().iter().enumerate() {
            let [term] = clause.terms.as_slice() else { continue };
            let is_word = matches!(term.kind, Kind::Latin | Kind::Cyrillic);
            if clause.is_excluded || !is_word || words.len() == MOST_CORRECTED {
                continue;
            }
            if !sqlite::known(database, &[term.indexed_form()], now).await?.is_empty() {
                continue;
            }
            let known = sqlite::known(database, &neighbours(term), now).await?;
            // The most frequent one; of those, the first in the alphabet.
            let best = known
                .into_iter()
                .max_by(|(a, often), (b, other)| often.cmp(other).then_with(|| b.cmp(a)));
            match best {
                Some((word, _)) => words.push((number, word)),
                None => return Ok(None),
            }
        }
        Ok((!words.is_empty()).then(|| query.with_words(&words)))
    }

    /// Those of the articles `ids` that are visible at `now`, each with the beginning of its text's
    /// HTML, which is enough for an excerpt, in no particular order.
    pub async fn found_articles(
        &self,
        ids: &[ArticleId],
        now: Millis,
    ) -> sqlx::Result<Vec<(ArticleSummary, String)>> {
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let columns = summary_columns(self.dialect());
        let others = ", ?".repeat(ids.len() - 1);
        let sql = format!(
            "SELECT {columns}, substr(articles.html, 1, 200000) AS html {FROM} WHERE {VISIBLE} AND articles.id IN (?{others})"
        );
        let rows: Vec<FoundRow> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(now);
            for id in ids {
                query = query.bind(*id);
            }
            query.fetch_all(pool).await?
        });
        let baselines = self.baselines().current();
        let found =
            rows.into_iter().map(|row| Ok((row.summary.into_summary(&baselines)?, row.html)));
        found.collect()
    }

    /// The tags of the most articles visible at `now`, at most `limit`.
    pub async fn popular_tags(&self, limit: i64, now: Millis) -> sqlx::Result<Vec<Tag>> {
        let sql = format!(
            "SELECT tags.slug, tags.name FROM tags JOIN article_tags ON article_tags.tag_id = tags.id
             JOIN search_documents ON search_documents.article_id = article_tags.article_id
             WHERE search_documents.published_at <= ?
             GROUP BY tags.id, tags.slug, tags.name ORDER BY count(*) DESC, tags.slug LIMIT {limit}"
        );
        let rows: Vec<(String, String)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(|(slug, name)| Tag { slug, name }).collect())
    }
}
