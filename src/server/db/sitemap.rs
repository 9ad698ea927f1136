//! What search engines should know of, in parts of a fixed range of ids. So an article stays in its
//! part, and a part that did not change need not be read again.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use tidemark_store::clock::Millis;

use super::articles::{READABLE, VISIBLE, address, timestamp};
use super::{Database, on_reader};

/// How many ids a part spans, so it has at most that many addresses. The protocol allows 50,000,
/// but a part is made in memory.
pub const PART: i64 = 10_000;

/// What a part of the sitemap lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Articles and pages.
    Articles,
    /// The pages of tags.
    Tags,
    /// The pages of authors.
    Authors,
}

impl Listed {
    /// All of them.
    pub const ALL: [Listed; 3] = [Listed::Articles, Listed::Tags, Listed::Authors];

    /// The name in the addresses of parts.
    pub fn name(self) -> &'static str {
        match self {
            Listed::Articles => "articles",
            Listed::Tags => "tags",
            Listed::Authors => "authors",
        }
    }
}

/// An address for search engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// The path.
    pub path: String,
    /// When readers could last see a change there.
    pub changed_at: Timestamp,
}

impl Database {
    /// Returns the numbers of the parts that are not empty at `now`, from 0.
    pub async fn map_parts(&self, listed: Listed, now: Millis) -> sqlx::Result<Vec<i64>> {
        let sql = match listed {
            Listed::Articles => format!(
                "SELECT DISTINCT articles.id - articles.id % ? AS part FROM articles WHERE {READABLE} ORDER BY part"
            ),
            Listed::Tags => format!(
                "SELECT DISTINCT tags.id - tags.id % ? AS part FROM tags WHERE EXISTS
                 (SELECT 1 FROM article_tags JOIN articles ON articles.id = article_tags.article_id
                  WHERE article_tags.tag_id = tags.id AND {VISIBLE}) ORDER BY part"
            ),
            Listed::Authors => format!(
                "SELECT DISTINCT users.id - users.id % ? AS part FROM users WHERE EXISTS
                 (SELECT 1 FROM article_authors JOIN articles ON articles.id = article_authors.article_id
                  WHERE article_authors.user_id = users.id AND {VISIBLE}) ORDER BY part"
            ),
        };
        let starts: Vec<i64> = on_reader!(self, pool => {
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(PART).bind(now).fetch_all(pool).await?
        });
        Ok(starts.into_iter().map(|start| start / PART).collect())
    }

    /// Returns what a part lists at `now`, in the order of ids.
    pub async fn map_part(
        &self,
        listed: Listed,
        part: i64,
        now: Millis,
    ) -> sqlx::Result<Vec<MapEntry>> {
        let start = part.saturating_mul(PART);
        let end = start.saturating_add(PART);
        if listed == Listed::Articles {
            let sql = format!(
                "SELECT articles.kind, articles.slug, articles.updated_at, articles.published_at FROM articles
                 WHERE {READABLE} AND articles.id >= ? AND articles.id < ? ORDER BY articles.id"
            );
            let rows: Vec<(String, String, Millis, Millis)> = on_reader!(self, pool => {
                sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(start).bind(end).fetch_all(pool).await?
            });
            let entries = rows.into_iter().map(|(kind, slug, updated_at, published_at)| {
                let changed_at = timestamp(updated_at.max(published_at))?;
                Ok(MapEntry { path: address(kind, &slug)?, changed_at })
            });
            return entries.collect();
        }
        let sql = match listed {
            Listed::Tags => format!(
                "SELECT tags.slug, max(articles.updated_at), max(articles.published_at) FROM tags
                 JOIN article_tags ON article_tags.tag_id = tags.id
                 JOIN articles ON articles.id = article_tags.article_id
                 WHERE {VISIBLE} AND tags.id >= ? AND tags.id < ? GROUP BY tags.id, tags.slug ORDER BY tags.id"
            ),
            Listed::Authors | Listed::Articles => format!(
                "SELECT users.username, max(articles.updated_at), max(articles.published_at) FROM users
                 JOIN article_authors ON article_authors.user_id = users.id
                 JOIN articles ON articles.id = article_authors.article_id
                 WHERE {VISIBLE} AND users.id >= ? AND users.id < ? GROUP BY users.id, users.username ORDER BY users.id"
            ),
        };
        let rows: Vec<(String, Millis, Millis)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(start).bind(end).fetch_all(pool).await?
        });
        let entries = rows.into_iter().map(|(name, updated_at, published_at)| {
            let changed_at = timestamp(updated_at.max(published_at))?;
            Ok(MapEntry { path: format!("/{}/{name}", listed.name()), changed_at })
        });
        entries.collect()
    }
}
