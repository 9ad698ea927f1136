//! Deletes expired data.

use tidemark_store::clock::Millis;
use tidemark_store::sql::SqliteDatabase;

use crate::Day;
use crate::seen::ENTRY;

/// How many rows one statement deletes at most, each with the entries of a batch. Views wait for
/// the same write lock.
const CHUNK: i64 = 200;

/// Summary of a prune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Dedup entries whose window had expired.
    pub seen: u64,
    /// Batches that the ledger kept for long enough.
    pub batches: u64,
    /// Salts of past days.
    pub salts: u64,
}

/// Deletes windows that ended by `now` and the salts of days before `oldest_day`.
pub async fn prune(
    database: &SqliteDatabase,
    now: Millis,
    oldest_day: Day,
) -> sqlx::Result<Pruned> {
    let mut pruned = Pruned::default();
    loop {
        let deleted: Vec<i64> = sqlx::query_scalar(
            "DELETE FROM view_seen WHERE id IN (SELECT id FROM view_seen WHERE window_ends_at <= ? LIMIT ?)
             RETURNING length(entries)",
        )
        .bind(now)
        .bind(CHUNK)
        .fetch_all(database.writer())
        .await?;
        if deleted.is_empty() {
            break;
        }
        let bytes: i64 = deleted.iter().sum();
        pruned.seen += u64::try_from(bytes).unwrap_or(0) / ENTRY as u64;
    }
    pruned.salts = sqlx::query("DELETE FROM visitor_salts WHERE day < ?")
        .bind(oldest_day)
        .execute(database.writer())
        .await?
        .rows_affected();
    // The write-ahead log holds deleted data until it is overwritten, so truncate it. If a reader
    // blocks this, it does nothing, and the next prune tries again.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(database.writer()).await?;
    Ok(pruned)
}
