//! Known devices: the browsers in which users have signed in.

use tidemark_counting::UserId;
use tidemark_store::clock::Millis;

use super::{Database, is_taken, on_reader, on_writer};

/// Maximum number of rows deleted per call. A user is never more than a few over the limit.
const MOST_DELETED: i64 = 100;

impl Database {
    /// Whether the user has signed in after `since` (milliseconds since 1970) in the browser with
    /// this token.
    pub async fn is_known_device(
        &self,
        user: UserId,
        token_hash: &str,
        since: Millis,
    ) -> sqlx::Result<bool> {
        let sql = "SELECT count(*) FROM known_devices WHERE user_id = ? AND token_hash = ? AND used_at > ?";
        let count: i64 = on_reader!(self, pool => {
            sqlx::query_scalar(sql).bind(user).bind(token_hash).bind(since).fetch_one(pool).await?
        });
        Ok(count > 0)
    }

    /// Records that the user has signed in in the browser with this token. Keeps only the user's
    /// `most` most recently used browsers.
    pub async fn remember_device(
        &self,
        user: UserId,
        token_hash: &str,
        now: Millis,
        most: i64,
    ) -> sqlx::Result<()> {
        self.forget_device(user, token_hash).await?;
        let sql = "INSERT INTO known_devices (user_id, token_hash, used_at) VALUES (?, ?, ?)";
        let added = on_writer!(self, pool => {
            sqlx::query(sql).bind(user).bind(token_hash).bind(now).execute(pool).await.map(drop)
        });
        match added {
            // Already there: two sign-ins in the same browser at once.
            Err(error) if !is_taken(&error) => return Err(error),
            _ => {}
        }
        let sql = "SELECT token_hash FROM known_devices WHERE user_id = ? ORDER BY used_at DESC, token_hash LIMIT ? OFFSET ?";
        let others: Vec<String> = on_reader!(self, pool => {
            sqlx::query_scalar(sql).bind(user).bind(MOST_DELETED).bind(most).fetch_all(pool).await?
        });
        for other in others {
            self.forget_device(user, &other).await?;
        }
        Ok(())
    }

    async fn forget_device(&self, user: UserId, token_hash: &str) -> sqlx::Result<()> {
        let sql = "DELETE FROM known_devices WHERE user_id = ? AND token_hash = ?";
        on_writer!(self, pool => sqlx::query(sql).bind(user).bind(token_hash).execute(pool).await.map(drop))
    }

    /// Deletes the browsers that were last used at or before `before` (milliseconds since 1970).
    pub async fn prune_devices(&self, before: Millis) -> sqlx::Result<u64> {
        let sql = "DELETE FROM known_devices WHERE used_at <= ?";
        on_writer!(self, pool => sqlx::query(sql).bind(before).execute(pool).await.map(|done| done.rows_affected()))
    }
}
