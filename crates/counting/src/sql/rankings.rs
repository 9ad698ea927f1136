//! The embedded profile's rankings: each article's views in the last 24 hours, 7 days and 30 days.
//! They are updated with each batch, so that the most viewed articles are the first rows of an
//! index, however many articles there are.
//!
//! No window has views of hours later than the one after its end: after a clock was ahead for a
//! while, they would be in every window until that time comes.

use sqlx::SqliteConnection;
use tidemark_store::sql::{AnyDatabase, SqliteDatabase};

use crate::Window;
use crate::{ArticleId, Hour};

/// The windows with stored counts. All time needs none: the totals are its counts.
const WINDOWS: [Window; 3] = [Window::Day, Window::Week, Window::Month];

fn hours() -> impl Iterator<Item = i64> {
    WINDOWS.into_iter().filter_map(Window::hours)
}

/// A window's wrong count: the window in hours, the article, the count found and the correct one.
pub type WindowDrift = (i64, ArticleId, i64, i64);

/// Adds `increments` (a JSON array of article and new views) to every window.
pub async fn add(connection: &mut SqliteConnection, increments: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO article_view_windows (hours, article_id, views)
         SELECT windows.column1, value ->> 0, value ->> 1
         FROM (VALUES (?2), (?3), (?4)) AS windows CROSS JOIN json_each(?1) WHERE true
         ON CONFLICT (hours, article_id) DO UPDATE SET views = views + excluded.views",
    )
    .bind(increments)
    .bind(Window::Day.hours())
    .bind(Window::Week.hours())
    .bind(Window::Month.hours())
    .execute(connection)
    .await
    .map(drop)
}

/// The last hour of the windows; `None` if they have never been computed.
async fn end(connection: &mut SqliteConnection) -> sqlx::Result<Option<Hour>> {
    sqlx::query_scalar("SELECT hour FROM ranking_hours").fetch_optional(connection).await
}

async fn compute(connection: &mut SqliteConnection, hour: Hour) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM article_view_windows").execute(&mut *connection).await?;
    for hours in hours() {
        sqlx::query(
            "INSERT INTO article_view_windows (hours, article_id, views)
             SELECT ?1, article_id, sum(views) FROM article_view_hours WHERE hour > ?2 AND hour <= ?3 GROUP BY article_id",
        )
        .bind(hours)
        .bind(hour - hours)
        .bind(hour + 1)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Whether there are views of hours after `after` and not after `until`.
async fn has_views(
    connection: &mut SqliteConnection,
    after: Hour,
    until: Hour,
) -> sqlx::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM article_view_hours WHERE hour > ? AND hour <= ?)";
    sqlx::query_scalar(sql).bind(after).bind(until).fetch_one(connection).await
}

/// Moves the end of the windows to `hour` by subtracting the hours that drop out. Returns false if
/// they already end there, or with the next hour, which another process may have reached. A later
/// end comes from a clock that was ahead, so the windows are computed anew.
pub async fn end_with(database: &SqliteDatabase, hour: Hour) -> sqlx::Result<bool> {
    let is_current = |end: Option<Hour>| end.is_some_and(|end| end == hour || end == hour + 1);
    if is_current(end(&mut *database.reader().acquire().await?).await?) {
        return Ok(false);
    }
    let mut transaction = database.begin().await?;
    match end(&mut transaction).await? {
        end if is_current(end) => return Ok(false),
        // Beyond 24 hours, recomputing the windows is cheaper than subtracting. Views of hours that
        // only now come into the windows may have been added to them or not.
        Some(end)
            if (1..=24).contains(&(hour - end))
                && !has_views(&mut transaction, end + 1, hour + 1).await? =>
        {
            for hours in hours() {
                sqlx::query(
                    "INSERT INTO article_view_windows (hours, article_id, views)
                     SELECT ?1, article_id, -sum(views) FROM article_view_hours WHERE hour > ?2 AND hour <= ?3
                     GROUP BY article_id
                     ON CONFLICT (hours, article_id) DO UPDATE SET views = views + excluded.views",
                )
                .bind(hours)
                .bind(end - hours)
                .bind(hour - hours)
                .execute(&mut *transaction)
                .await?;
                sqlx::query("DELETE FROM article_view_windows WHERE hours = ? AND views <= 0")
                    .bind(hours)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        _ => compute(&mut transaction, hour).await?,
    }
    sqlx::query(
        "INSERT INTO ranking_hours (id, hour) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET hour = excluded.hour",
    )
    .bind(hour)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Compares every window with the sum of its hours, and recomputes all windows if any differs.
pub async fn reconcile(database: &SqliteDatabase) -> sqlx::Result<Vec<WindowDrift>> {
    let mut transaction = database.begin().await?;
    let Some(end) = end(&mut transaction).await? else { return Ok(Vec::new()) };
    let mut drifts = Vec::new();
    for hours in hours() {
        let found: Vec<(ArticleId, i64, i64)> = sqlx::query_as(
            "SELECT coalesce(kept.article_id, correct.article_id), coalesce(kept.views, 0), coalesce(correct.views, 0)
             FROM (SELECT article_id, views FROM article_view_windows WHERE hours = ?1) AS kept
             FULL JOIN (SELECT article_id, sum(views) AS views FROM article_view_hours
                        WHERE hour > ?2 AND hour <= ?3 GROUP BY article_id)
                AS correct ON correct.article_id = kept.article_id
             WHERE kept.views IS NOT correct.views",
        )
        .bind(hours)
        .bind(end - hours)
        .bind(end + 1)
        .fetch_all(&mut *transaction)
        .await?;
        drifts.extend(
            found.into_iter().map(|(article, kept, correct)| (hours, article, kept, correct)),
        );
    }
    if !drifts.is_empty() {
        compute(&mut transaction, end).await?;
        transaction.commit().await?;
    }
    Ok(drifts)
}

/// Whether `database` has ranking windows that have been computed. Only SQLite has them.
///
/// # Errors
/// The database's.
pub async fn has_windows(database: &AnyDatabase) -> sqlx::Result<bool> {
    match database {
        AnyDatabase::Sqlite(database) => {
            Ok(end(&mut *database.reader().acquire().await?).await?.is_some())
        }
        AnyDatabase::MySql(_) => Ok(false),
    }
}
