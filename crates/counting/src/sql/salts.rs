//! The salts: random keys that visitors are hashed with.

use tidemark_store::sql::SqliteDatabase;

use crate::Day;
use crate::visitor::Salt;

/// The salt of a UTC day. If the day has none, it is set to `fresh`. Concurrent
/// callers all get the same salt.
pub async fn of_day(database: &SqliteDatabase, day: Day, fresh: Salt) -> sqlx::Result<Salt> {
    sqlx::query("INSERT INTO visitor_salts (day, salt) VALUES (?, ?) ON CONFLICT (day) DO NOTHING")
        .bind(day)
        .bind(&fresh[..])
        .execute(database.writer())
        .await?;
    let salt = if_any(database, day).await?;
    // Only a prune deletes salts, and it leaves those of today.
    salt.ok_or_else(|| sqlx::Error::Protocol(format!("the salt of day {day} was deleted")))
}

/// The salt of a UTC day; `None` if it never had one or it has been destroyed.
pub async fn if_any(database: &SqliteDatabase, day: Day) -> sqlx::Result<Option<Salt>> {
    let salt: Option<Vec<u8>> = sqlx::query_scalar("SELECT salt FROM visitor_salts WHERE day = ?")
        .bind(day)
        .fetch_optional(database.writer())
        .await?;
    salt.map(|salt| {
        Salt::try_from(salt).map_err(|_| sqlx::Error::Decode("a salt is not 32 bytes long".into()))
    })
    .transpose()
}
