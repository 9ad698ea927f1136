//! The counts of articles, as pages show them.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use tidemark_counting::{ArticleId, hour_of};
use tidemark_store::clock::Millis;
use tidemark_store::sql::OwnConnection;

use super::{Database, on_own, on_reader};

/// Maximum number of placeholders in one statement. SQLite and MySQL allow more.
const MOST_PLACEHOLDERS: usize = 1024;

/// The counts of an article.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArticleCounts {
    /// Number of views, as far as SQL knows.
    pub views: i64,
    /// Number of likes.
    pub likes: i64,
    /// Number of collects.
    pub collects: i64,
}

/// Returns the counts of `articles`. Articles without a row in `article_stats`, which nobody has
/// viewed or reacted to, are missing from the result.
pub async fn counts(
    own: &mut OwnConnection,
    articles: &[ArticleId],
) -> sqlx::Result<HashMap<ArticleId, ArticleCounts>> {
    let mut counts = HashMap::with_capacity(articles.len());
    for chunk in articles.chunks(MOST_PLACEHOLDERS) {
        // Pad the list to a power of two by repeating articles, so that there are few different
        // statements to prepare.
        let placeholders = chunk.len().next_power_of_two();
        let others = ", ?".repeat(placeholders - 1);
        let sql = format!(
            "SELECT article_id, views, likes, collects FROM article_stats WHERE article_id IN (?{others})"
        );
        let rows: Vec<(ArticleId, i64, i64, i64)> = on_own!(own, connection => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str()));
            for article in chunk.iter().cycle().take(placeholders) {
                query = query.bind(article);
            }
            query.fetch_all(connection).await?
        });
        let rows = rows.into_iter();
        counts.extend(
            rows.map(|(id, views, likes, collects)| (id, ArticleCounts { views, likes, collects })),
        );
    }
    Ok(counts)
}

impl Database {
    /// Returns the views of `articles` in the current hour and the 23 before it, as far as SQL
    /// knows, and in the next hour, which another clock may have reached. Later hours come from a
    /// clock that was ahead. Articles without any are missing from the result.
    pub async fn views_of_last_day(
        &self,
        articles: &[ArticleId],
        now: Millis,
    ) -> sqlx::Result<HashMap<ArticleId, i64>> {
        let mut views = HashMap::with_capacity(articles.len());
        for chunk in articles.chunks(MOST_PLACEHOLDERS) {
            let others = ", ?".repeat(chunk.len() - 1);
            // The cast is for MySQL, where a sum of integers is a decimal.
            let sql = format!(
                "SELECT article_id, CAST(sum(views) AS SIGNED) FROM article_view_hours
                 WHERE hour > ? AND hour <= ? AND article_id IN (?{others}) GROUP BY article_id"
            );
            let rows: Vec<(ArticleId, i64)> = on_reader!(self, pool => {
                let hour = hour_of(now);
                let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(hour - 24).bind(hour + 1);
                for article in chunk {
                    query = query.bind(article);
                }
                query.fetch_all(pool).await?
            });
            views.extend(rows);
        }
        Ok(views)
    }

    /// Returns how many likes each article has that has any.
    pub async fn likes_of_all(&self) -> sqlx::Result<HashMap<ArticleId, i64>> {
        let sql = "SELECT article_id, likes FROM article_stats WHERE likes > 0";
        let rows: Vec<(ArticleId, i64)> =
            on_reader!(self, pool => sqlx::query_as(sql).fetch_all(pool).await?);
        Ok(rows.into_iter().collect())
    }

    /// Returns how many views of all articles SQL has.
    pub async fn all_views(&self) -> sqlx::Result<i64> {
        let sql = "SELECT CAST(coalesce(sum(views), 0) AS SIGNED) FROM article_stats";
        on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
    }
}
