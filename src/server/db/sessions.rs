//! Sessions of signed-in users. Readers who do not sign in have none.

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::SqliteDatabase;
use crate::server::clock::Clock;

/// Keeps the embedded profile's sessions in its database.
#[derive(Clone, Debug)]
pub struct DatabaseSessionStore {
    database: SqliteDatabase,
    clock: Clock,
}

impl DatabaseSessionStore {
    /// A store in `database`; `clock` says which sessions have expired.
    pub fn new(database: SqliteDatabase, clock: Clock) -> Self {
        Self { database, clock }
    }
}

impl DatabaseSessionStore {
    /// The sessions of a user.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_user(&self, user: i64) -> Result<Vec<Record>> {
        let sql = "SELECT data FROM sessions WHERE data ->> '$.data.user_id' = ? AND expires_at > ?";
        let query = sqlx::query_scalar(sql).bind(user).bind(self.clock.now_ms());
        let all: Vec<String> = query.fetch_all(self.database.reader()).await.map_err(backend)?;
        let decode = |data: &String| serde_json::from_str(data).map_err(|error| Error::Decode(error.to_string()));
        all.iter().map(decode).collect()
    }
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1000 + i64::from(time.millisecond())
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for DatabaseSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            let data = serde_json::to_string(&record).map_err(|error| Error::Encode(error.to_string()))?;
            let result =
                sqlx::query("INSERT INTO sessions (id, data, expires_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING")
                    .bind(record.id.to_string())
                    .bind(data)
                    .bind(milliseconds(record.expiry_date))
                    .execute(self.database.writer())
                    .await
                    .map_err(backend)?;
            if result.rows_affected() == 1 {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(record).map_err(|error| Error::Encode(error.to_string()))?;
        sqlx::query(
            "INSERT INTO sessions (id, data, expires_at) VALUES (?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at",
        )
        .bind(record.id.to_string())
        .bind(data)
        .bind(milliseconds(record.expiry_date))
        .execute(self.database.writer())
        .await
        .map(drop)
        .map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let data: Option<String> = sqlx::query_scalar("SELECT data FROM sessions WHERE id = ? AND expires_at > ?")
            .bind(id.to_string())
            .bind(self.clock.now_ms())
            .fetch_optional(self.database.reader())
            .await
            .map_err(backend)?;
        data.map(|data| serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query("DELETE FROM sessions WHERE id = ?")
            .bind(id.to_string())
            .execute(self.database.writer())
            .await
            .map(drop)
            .map_err(backend)
    }
}
