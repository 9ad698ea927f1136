//! What is counted of articles, as pages show it.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use tidemark_store::sql::OwnConnection;

use super::on_own;

/// How many articles one statement asks for at most; SQLite and MySQL take more.
const MOST_PLACEHOLDERS: usize = 1024;

/// What is counted of an article.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArticleCounts {
    /// How often it was read, as far as SQL knows.
    pub views: i64,
    /// How many readers like it.
    pub likes: i64,
    /// How many readers keep it.
    pub collects: i64,
}

/// What is counted of each of `articles`; an article that nobody has read or reacted to is absent.
pub async fn counts(
    own: &mut OwnConnection,
    articles: &[i64],
) -> sqlx::Result<HashMap<i64, ArticleCounts>> {
    let mut counts = HashMap::with_capacity(articles.len());
    for chunk in articles.chunks(MOST_PLACEHOLDERS) {
        // Filled up with articles that are asked for already, so that there are few different
        // statements to prepare.
        let placeholders = chunk.len().next_power_of_two();
        let others = ", ?".repeat(placeholders - 1);
        let sql = format!(
            "SELECT article_id, views, likes, collects FROM article_stats WHERE article_id IN (?{others})"
        );
        let rows: Vec<(i64, i64, i64, i64)> = on_own!(own, connection => {
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
