//! Deleting what has expired.

use super::SqliteDatabase;

/// How many rows one statement deletes at most: views wait for the same write lock.
const CHUNK: i64 = 5_000;

/// What a prune deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Visitors whose window is over.
    pub seen: u64,
    /// Sessions that are over.
    pub sessions: u64,
    /// Salts of past days.
    pub salts: u64,
}

impl SqliteDatabase {
    /// Deletes windows and sessions that ended by `now` (milliseconds) and salts of days before `oldest_day`.
    pub async fn prune(&self, now: i64, oldest_day: i64) -> sqlx::Result<Pruned> {
        let mut pruned = Pruned::default();
        loop {
            let deleted = sqlx::query(
                "DELETE FROM view_seen WHERE id IN (SELECT id FROM view_seen WHERE window_ends_at <= ? LIMIT ?)",
            )
            .bind(now)
            .bind(CHUNK)
            .execute(self.writer())
            .await?
            .rows_affected();
            pruned.seen += deleted;
            if deleted == 0 {
                break;
            }
        }
        pruned.sessions = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
            .bind(now)
            .execute(self.writer())
            .await?
            .rows_affected();
        pruned.salts = sqlx::query("DELETE FROM visitor_salts WHERE day < ?")
            .bind(oldest_day)
            .execute(self.writer())
            .await?
            .rows_affected();
        // Until it is written over, the log still holds what was deleted. A reader in the way makes this do nothing, and then
        // the next prune does it.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(self.writer()).await?;
        Ok(pruned)
    }
}
