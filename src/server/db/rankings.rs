//! The most viewed articles.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use tidemark_content::markdown::plain_line;
use tidemark_counting::sql::rankings::has_windows;
use tidemark_counting::sql::seen::totals_in_sql;
use tidemark_counting::{ArticleId, Window, hour_of};
use tidemark_store::clock::Millis;

use super::articles::VISIBLE;
use super::{Database, on_reader};
use crate::model::article::RankedArticle;

/// The most placeholders in one statement. SQLite and MySQL allow more.
const MOST_PLACEHOLDERS: usize = 1024;

/// What an article is called, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The last part of its address.
    pub slug: String,
    /// The title, as plain text.
    pub title: String,
    /// The language, as a BCP 47 tag.
    pub language: String,
}

impl Name {
    /// The article's place in a ranking.
    pub fn ranked(&self, id: ArticleId, views: i64) -> RankedArticle {
        let Name { slug, title, language } = self.clone();
        RankedArticle { id, slug, title, language, views }
    }
}

impl Database {
    /// Returns the published articles with the most views in `window`, most viewed first and newer
    /// ones first among equals. Articles without a view in the window are left out.
    pub async fn most_viewed(
        &self,
        window: Window,
        limit: i64,
        now: Millis,
    ) -> sqlx::Result<Vec<RankedArticle>> {
        let join = self.dialect().join_in_order();
        let (sql, first) = match window.hours() {
            None => (
                format!(
                    "SELECT articles.id, articles.slug, articles.title, articles.language, article_stats.views
                     FROM article_stats {join} articles ON articles.id = article_stats.article_id
                     WHERE article_stats.views > 0 AND {VISIBLE}
                     ORDER BY article_stats.views DESC, article_stats.article_id DESC LIMIT {limit}"
                ),
                None,
            ),
            // Reads the windows that `rankings` maintains, once they have been computed.
            Some(hours) if has_windows(self).await? => (
                format!(
                    "SELECT articles.id, articles.slug, articles.title, articles.language, article_view_windows.views
                     FROM article_view_windows {join} articles ON articles.id = article_view_windows.article_id
                     WHERE article_view_windows.hours = ? AND {VISIBLE}
                     ORDER BY article_view_windows.views DESC, article_view_windows.article_id DESC LIMIT {limit}"
                ),
                Some(hours),
            ),
            // The cast is for MySQL, where a sum of integers is a decimal.
            Some(hours) => (
                format!(
                    "SELECT articles.id, articles.slug, articles.title, articles.language,
                        CAST(sum(article_view_hours.views) AS SIGNED) AS views
                     FROM article_view_hours {join} articles ON articles.id = article_view_hours.article_id
                     WHERE article_view_hours.hour > ? AND {VISIBLE}
                     GROUP BY articles.id, articles.slug, articles.title, articles.language ORDER BY views DESC, articles.id DESC LIMIT {limit}"
                ),
                Some((hour_of(now) - hours).0),
            ),
        };
        let rows: Vec<(ArticleId, String, String, String, i64)> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            if let Some(number) = first {
                query = query.bind(number);
            }
            query.bind(now).fetch_all(pool).await?
        });
        Ok(rows
            .into_iter()
            .map(|(id, slug, title, language, views)| RankedArticle {
                id,
                slug,
                title: plain_line(&title),
                language,
                views,
            })
            .collect())
    }

    /// Returns slug, title and language of those of `articles` that are visible at `now`.
    pub async fn names(
        &self,
        articles: &[ArticleId],
        now: Millis,
    ) -> sqlx::Result<HashMap<ArticleId, Name>> {
        let mut names = HashMap::with_capacity(articles.len());
        for chunk in articles.chunks(MOST_PLACEHOLDERS) {
            let others = ", ?".repeat(chunk.len() - 1);
            let sql = format!(
                "SELECT id, slug, title, language FROM articles
                 WHERE {VISIBLE} AND id IN (?{others})"
            );
            let rows: Vec<(ArticleId, String, String, String)> = on_reader!(self, pool => {
                let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(now);
                for article in chunk {
                    query = query.bind(article);
                }
                query.fetch_all(pool).await?
            });
            names.extend(rows.into_iter().map(|(id, slug, title, language)| {
                (id, Name { slug, title: plain_line(&title), language })
            }));
        }
        Ok(names)
    }

    /// Returns the articles with the most counted views in SQL, whoever may see them, each with
    /// its views: most viewed first and newer ones first among equals.
    pub async fn most_counted(&self, limit: usize) -> sqlx::Result<Vec<(ArticleId, i64)>> {
        let sql = format!(
            "SELECT article_id, views FROM article_stats WHERE views > 0
             ORDER BY views DESC, article_id DESC LIMIT {limit}"
        );
        on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await)
    }

    /// Returns the counted views of `articles` in SQL. Articles without any are missing.
    pub async fn counted(&self, articles: &[ArticleId]) -> sqlx::Result<HashMap<ArticleId, i64>> {
        totals_in_sql(self, articles).await
    }
}
