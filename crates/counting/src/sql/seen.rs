//! The embedded profile's dedup log, and the totals on both databases.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};
use tidemark_store::on_reader;
use tidemark_store::sql::AnyDatabase;

use super::rankings;

/// How many articles one statement asks for at most. SQLite and MySQL would allow more.
const MOST_PLACEHOLDERS: usize = 1024;

/// How many rows one statement inserts at most.
const MOST_ROWS: usize = 256;

/// An entry of `view_seen`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    /// The article's id.
    pub article: i64,
    /// The hash of an anonymous visitor's address; `None` for a signed-in visitor.
    pub address: Option<i64>,
    /// The hash of the network that a wider cap applies to, if any.
    pub network: Option<i64>,
    /// The visitor's hash.
    pub visitor: i64,
}

/// An entry of `view_seen` as read from the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct SeenRow {
    /// The entry's id, greater than that of every earlier entry.
    pub id: i64,
    /// The article's id.
    pub article_id: i64,
    /// As in [`Seen`].
    pub address: Option<i64>,
    /// As in [`Seen`].
    pub network: Option<i64>,
    /// The visitor's hash.
    pub visitor: i64,
    /// When the window ends, in milliseconds.
    pub window_ends_at: i64,
}

/// The entries after the one with that `id` whose window is still open at `now`. At most `most`
/// entries, or all if `most` is negative.
pub async fn seen_after(
    connection: &mut SqliteConnection,
    id: i64,
    now: i64,
    most: i64,
) -> sqlx::Result<Vec<SeenRow>> {
    sqlx::query_as(
        "SELECT id, article_id, address, network, visitor, window_ends_at FROM view_seen
         WHERE id > ? AND +window_ends_at > ? ORDER BY id LIMIT ?",
    )
    .bind(id)
    .bind(now)
    .bind(most)
    .fetch_all(connection)
    .await
}

/// Inserts `seen` with windows that end at `window_ends_at`. Returns the id of the last entry.
pub async fn remember(
    connection: &mut SqliteConnection,
    seen: &[Seen],
    window_ends_at: i64,
) -> sqlx::Result<i64> {
    let (mut left, mut last) = (seen, 0);
    // Insert in powers of two, so that few distinct statements have to be prepared.
    while let Some(size) = left.len().checked_ilog2().map(|log| (1 << log).min(MOST_ROWS)) {
        let (rows, rest) = left.split_at(size);
        left = rest;
        let other_rows = ", (?, ?, ?, ?, ?)".repeat(size - 1);
        let sql = format!(
            "INSERT INTO view_seen (article_id, address, network, visitor, window_ends_at) VALUES (?, ?, ?, ?, ?){other_rows}"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for Seen { article, address, network, visitor } in rows {
            query =
                query.bind(article).bind(address).bind(network).bind(visitor).bind(window_ends_at);
        }
        last = query.execute(&mut *connection).await?.last_insert_rowid();
    }
    Ok(last)
}

/// Adds `increments` (article, new views) to the totals, to the hourly counts of `hour` and to the
/// ranking windows.
pub async fn add(
    connection: &mut SqliteConnection,
    increments: &[(i64, i64)],
    hour: i64,
) -> sqlx::Result<()> {
    let increments =
        serde_json::to_string(increments).map_err(|error| sqlx::Error::Encode(error.into()))?;
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
    articles: &[i64],
) -> sqlx::Result<HashMap<i64, i64>> {
    let articles = serde_json::Value::from(articles).to_string();
    let rows: Vec<(i64, i64)> = sqlx::query_as(
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
pub async fn total_in_sql(database: &AnyDatabase, article: i64) -> sqlx::Result<i64> {
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
    articles: &[i64],
) -> sqlx::Result<HashMap<i64, i64>> {
    let mut totals = HashMap::with_capacity(articles.len());
    for chunk in articles.chunks(MOST_PLACEHOLDERS) {
        // Pad with repeated articles, so that few distinct statements have to be prepared.
        let placeholders = chunk.len().next_power_of_two();
        let others = ", ?".repeat(placeholders - 1);
        let sql =
            format!("SELECT article_id, views FROM article_stats WHERE article_id IN (?{others})");
        let rows: Vec<(i64, i64)> = on_reader!(database, pool => {
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
