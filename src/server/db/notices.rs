//! What processes have noticed of how requests arrive.

use sqlx::FromRow;
use tidemark_store::clock::Millis;

use super::{Database, on_reader, on_writer};

/// Something that was noticed.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredNotice {
    /// Its name.
    pub kind: String,
    /// When it was noticed last, in milliseconds since 1970.
    pub noticed_at: Millis,
    /// Among how many views of that hour.
    pub views: i64,
    /// How many of them it concerns, at least.
    pub affected: i64,
    /// A hash of the setting that it is about.
    pub setting: i64,
}

impl Database {
    /// Stores a notice, replacing the one of the same kind.
    ///
    /// # Errors
    /// Database errors.
    pub async fn write_notice(&self, notice: &StoredNotice) -> sqlx::Result<()> {
        let sql = "REPLACE INTO notices (kind, noticed_at, views, affected, setting) VALUES (?, ?, ?, ?, ?)";
        let StoredNotice { kind, noticed_at, views, affected, setting } = notice;
        on_writer!(self, pool => {
            let query = sqlx::query(sql).bind(kind).bind(noticed_at).bind(views).bind(affected);
            query.bind(setting).execute(pool).await.map(drop)
        })
    }

    /// Deletes the notice of this kind if nobody has noticed it since `time`.
    ///
    /// # Errors
    /// Database errors.
    pub async fn forget_notice(&self, kind: &str, time: Millis) -> sqlx::Result<()> {
        let sql = "DELETE FROM notices WHERE kind = ? AND noticed_at < ?";
        on_writer!(self, pool => sqlx::query(sql).bind(kind).bind(time).execute(pool).await.map(drop))
    }

    /// What was noticed since `time` under this setting.
    ///
    /// # Errors
    /// Database errors.
    pub async fn notices(&self, setting: i64, time: Millis) -> sqlx::Result<Vec<StoredNotice>> {
        let sql = "SELECT kind, noticed_at, views, affected, setting FROM notices WHERE setting = ? AND noticed_at >= ? ORDER BY kind";
        on_reader!(self, pool => sqlx::query_as(sql).bind(setting).bind(time).fetch_all(pool).await)
    }
}
