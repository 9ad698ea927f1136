//! The embedded profile's dedup log, and the totals on both databases.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};
use tidemark_store::clock::Millis;
use tidemark_store::on_reader;
use tidemark_store::sql::AnyDatabase;

use super::{json, rankings};
use crate::{ArticleId, Hour};

/// How many articles one statement asks for at most. SQLite and MySQL would allow more.
const MOST_PLACEHOLDERS: usize = 1024;

/// A row of `view_seen`: what one batch of views added to the dedup log.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SeenRow {
    /// The row's id, greater than that of every earlier row.
    pub id: i64,
    /// The log entries; see [`crate::seen`].
    pub entries: Vec<u8>,
}

/// The rows after the one with that `id` whose windows are still open at `now`. At most `most`
/// rows, or all if `most` is negative.
pub async fn seen_after(
    connection: &mut SqliteConnection,
    id: i64,
    now: Millis,
    most: i64,
) -> sqlx::Result<Vec<SeenRow>> {
    sqlx::query_as(
        "SELECT id, entries FROM view_seen WHERE id > ? AND +window_ends_at > ? ORDER BY id LIMIT ?",
    )
    .bind(id)
    .bind(now)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Appends log `entries` whose windows end at `window_ends_at` (milliseconds). Returns the row's
/// id.
pub async fn append(
    connection: &mut SqliteConnection,
    entries: &[u8],
    window_ends_at: Millis,
) -> sqlx::Result<i64> {
    let sql = "INSERT INTO view_seen (entries, window_ends_at) VALUES (?, ?)";
    let inserted = sqlx::query(sql).bind(entries).bind(window_ends_at).execute(connection).await?;
    Ok(inserted.last_insert_rowid())
}

/// Adds `increments` (article, new views) to the totals, to the hourly counts of `hour` and to the
/// ranking windows.
pub async fn add(
    connection: &mut SqliteConnection,
    increments: &[(ArticleId, u32)],
    hour: Hour,
) -> sqlx::Result<()> {
    let increments = json(increments)?;
    sqlx::query(
        "INSERT INTO article_stats (article_id, views)
         SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
         ON CONFLICT (article_id) DO UPDATE SET views = views + excluded.views",
    )
    .bind(&increments)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO article_view_hours (hour, article_id, views)
         SELECT ?2, value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
         ON CONFLICT (hour, article_id) DO UPDATE SET views = views + excluded.views",
    )
    .bind(&increments)
    .bind(hour)
    .execute(&mut *connection)
    .await?;
    rankings::add(connection, &increments).await
}

/// The totals of `articles`; an article without views is absent.
pub async fn totals(
    connection: &mut SqliteConnection,
    articles: &[ArticleId],
) -> sqlx::Result<HashMap<ArticleId, i64>> {
    let articles = json(articles)?;
    let rows: Vec<(ArticleId, i64)> = sqlx::query_as(
        "SELECT article_id, views FROM article_stats WHERE article_id IN (SELECT value FROM json_each(?))",
    )
    .bind(articles)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// An article's view count in SQL.
///
/// # Errors
/// The database's.
pub async fn total_in_sql(database: &AnyDatabase, article: ArticleId) -> sqlx::Result<i64> {
    let sql = "SELECT views FROM article_stats WHERE article_id = ?";
    let views: Option<i64> = on_reader!(database, pool => sqlx::query_scalar(sql).bind(article).fetch_optional(pool).await?);
    Ok(views.unwrap_or(0))
}

/// The view counts of `articles` in SQL; an article without views is absent.
///
/// # Errors
/// The database's.
pub async fn totals_in_sql(
    database: &AnyDatabase,
    articles: &[ArticleId],
) -> sqlx::Result<HashMap<ArticleId, i64>> {
    let mut totals = HashMap::with_capacity(articles.len());
    for chunk in articles.chunks(MOST_PLACEHOLDERS) {
        // Pad with repeated articles, so that few distinct statements have to be prepared.
        let placeholders = chunk.len().next_power_of_two();
        let others = ", ?".repeat(placeholders - 1);
        let sql =
            format!("SELECT article_id, views FROM article_stats WHERE article_id IN (?{others})");
        let rows: Vec<(ArticleId, i64)> = on_reader!(database, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for article in chunk.iter().cycle().take(placeholders) {
                query = query.bind(article);
            }
            query.fetch_all(pool).await?
        });
        totals.extend(rows);
    }
    Ok(totals)
}
