//! Sessions of signed-in users. Readers who don't sign in have none.
//!
//! Sessions are stored under a hash of their ID, so a leaked store contains no usable session ID.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::FromRow;
use tidemark_counting::UserId;
use tidemark_store::clock::{Clock, Millis};
use tower_sessions::SessionStore;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::SqliteDatabase;

/// Session key of the signed-in user's ID.
pub const USER_ID: &str = "user_id";

/// Session key of the credential number that the session was started with.
pub const CREDENTIAL: &str = "credential";

/// Session key of the time of sign-in, in milliseconds since 1970.
pub const STARTED_AT: &str = "started_at";

/// Session key of the browser's User-Agent.
pub const USER_AGENT: &str = "user_agent";

/// Maximum number of sessions per user. Starting another one ends the oldest.
pub const MOST_SESSIONS: i64 = 50;

/// The name of a session in the store: a hash of its ID. Only the cookie holds the ID itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionName(String);

impl SessionName {
    /// Derives the name of the session with this ID.
    pub fn of(id: &Id) -> Self {
        let hash =
            blake3::derive_key("Tidemark 2026 name of a stored session", &id.0.to_le_bytes());
        Self(blake3::Hash::from_bytes(hash).to_hex().to_string())
    }

    /// Wraps a name read from the store.
    pub(in crate::server) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name, as 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session, as shown to its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Its name in the store.
    pub name: SessionName,
    /// The credential number that it was started with.
    pub credential: i64,
    /// When it started, in milliseconds since 1970.
    pub started_at: Millis,
    /// The browser's User-Agent.
    pub user_agent: String,
}

impl SignedIn {
    /// Reads the session called `name` from its data.
    pub(in crate::server) fn of(name: SessionName, data: &HashMap<String, Value>) -> Self {
        let number = |key: &str| data.get(key).and_then(Value::as_i64).unwrap_or_default();
        let user_agent =
            data.get(USER_AGENT).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            name,
            credential: number(CREDENTIAL),
            started_at: Millis(number(STARTED_AT)),
            user_agent,
        }
    }

    /// A short identifier that is safe to show: the first 16 digits of the stored name.
    pub fn handle(&self) -> String {
        self.name.as_str().chars().take(16).collect()
    }
}

/// Returns the user ID of a session and the credential number that it was started with.
///
/// # Errors
/// [`Error::Encode`] if the session has no user: readers who don't sign in have no session.
pub(in crate::server) fn owner(record: &Record) -> Result<(UserId, i64)> {
    let number = |key: &str| record.data.get(key).and_then(Value::as_i64);
    let owner = number(USER_ID).zip(number(CREDENTIAL));
    owner.map(|(user, credential)| (UserId(user), credential)).ok_or_else(|| {
        Error::Encode("a session must be of a user, with the number of a credential".into())
    })
}

// Sessions and cookies use the types of the `time` crate. Only this file names them; the rest of
// the program counts milliseconds.

/// Converts a time to the type that stores keep.
pub fn millis(time: OffsetDateTime) -> Millis {
    Millis(time.unix_timestamp() * 1000 + i64::from(time.millisecond()))
}

/// Converts a time to the type that sessions use. `None` beyond the year 9999.
pub fn instant(time: Millis) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(time.0) * 1_000_000).ok()
}

/// Converts milliseconds to the duration type of sessions and cookies.
pub fn lasting(milliseconds: i64) -> Duration {
    Duration::milliseconds(milliseconds)
}

/// Builds a session record from its ID and what the store has for it.
///
/// # Errors
/// [`Error::Decode`] if `ends_at` is beyond the year 9999.
pub(in crate::server) fn record(
    id: &Id,
    data: HashMap<String, Value>,
    ends_at: Millis,
) -> Result<Record> {
    let expiry_date = instant(ends_at)
        .ok_or_else(|| Error::Decode("a session ends after the year 9999".into()))?;
    Ok(Record { id: *id, data, expiry_date })
}

/// The session store of the embedded profile, in its database.
#[derive(Clone, Debug)]
pub struct DatabaseSessionStore {
    database: SqliteDatabase,
    clock: Clock,
}

#[derive(FromRow)]
struct StoredRow {
    id: String,
    data: String,
    expires_at: Millis,
}

impl DatabaseSessionStore {
    /// Creates a store in `database`; `clock` decides which sessions have expired.
    pub fn new(database: SqliteDatabase, clock: Clock) -> Self {
        Self { database, clock }
    }

    /// Deletes the sessions that expired by `now` (milliseconds since 1970). Returns how many were
    /// deleted.
    ///
    /// # Errors
    /// Database errors.
    pub async fn prune(&self, now: Millis) -> sqlx::Result<u64> {
        let sql = "DELETE FROM sessions WHERE expires_at <= ?";
        Ok(sqlx::query(sql).bind(now).execute(self.database.writer()).await?.rows_affected())
    }

    /// Returns the user's unexpired sessions, including any that were started under an older
    /// credential.
    ///
    /// # Errors
    /// Database errors, or data that can't be decoded.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<SignedIn>> {
        let sql = "SELECT id, data, expires_at FROM sessions WHERE user_id = ? AND expires_at > ?";
        let query = sqlx::query_as(sql).bind(user).bind(self.clock.now());
        let rows: Vec<StoredRow> =
            query.fetch_all(self.database.reader()).await.map_err(backend)?;
        rows.into_iter()
            .map(|row| Ok(SignedIn::of(SessionName::stored(row.id), &decode(&row.data)?)))
            .collect()
    }

    /// Ends the session called `name`.
    ///
    /// # Errors
    /// Database errors.
    pub async fn end(&self, name: &SessionName) -> Result<()> {
        let query = sqlx::query("DELETE FROM sessions WHERE id = ?").bind(name.as_str());
        query.execute(self.database.writer()).await.map(drop).map_err(backend)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Database errors.
    pub async fn end_all(&self, user: UserId) -> Result<()> {
        let query = sqlx::query("DELETE FROM sessions WHERE user_id = ?").bind(user);
        query.execute(self.database.writer()).await.map(drop).map_err(backend)
    }

    /// Inserts a session, after deleting the user's oldest ones beyond the limit. Returns false if
    /// there is one with this ID already.
    async fn add(&self, record: &Record) -> sqlx::Result<bool> {
        let encode = |error: Error| sqlx::Error::Encode(error.into());
        let (user, credential) = owner(record).map_err(encode)?;
        let data = encode_data(record).map_err(encode)?;
        let mut transaction = self.database.begin().await?;
        let oldest = "DELETE FROM sessions WHERE id IN
             (SELECT id FROM sessions WHERE user_id = ? ORDER BY expires_at DESC, id LIMIT -1 OFFSET ?)";
        sqlx::query(oldest).bind(user).bind(MOST_SESSIONS - 1).execute(&mut *transaction).await?;
        let insert = "INSERT INTO sessions (id, user_id, credential, data, expires_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (id) DO NOTHING";
        let inserted = sqlx::query(insert)
            .bind(SessionName::of(&record.id).as_str().to_owned())
            .bind(user)
            .bind(credential)
            .bind(data)
            .bind(millis(record.expiry_date))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(inserted.rows_affected() == 1)
    }
}

fn encode_data(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn decode(data: &str) -> Result<HashMap<String, Value>> {
    serde_json::from_str(data).map_err(|error| Error::Decode(error.to_string()))
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for DatabaseSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.add(record).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    /// Updates only, never inserts: a session that was ended in the meantime must not come back.
    async fn save(&self, record: &Record) -> Result<()> {
        sqlx::query("UPDATE sessions SET data = ?, expires_at = ? WHERE id = ?")
            .bind(encode_data(record)?)
            .bind(millis(record.expiry_date))
            .bind(SessionName::of(&record.id).as_str().to_owned())
            .execute(self.database.writer())
            .await
            .map(drop)
            .map_err(backend)
    }

    /// Checks the user's credential in the same query: a session started under another credential
    /// is not found.
    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let sql = "SELECT sessions.id, sessions.data, sessions.expires_at FROM sessions
             JOIN users ON users.id = sessions.user_id AND users.credential = sessions.credential
             WHERE sessions.id = ? AND sessions.expires_at > ?";
        let query = sqlx::query_as(sql)
            .bind(SessionName::of(id).as_str().to_owned())
            .bind(self.clock.now());
        let row: Option<StoredRow> =
            query.fetch_optional(self.database.reader()).await.map_err(backend)?;
        row.map(|row| record(id, decode(&row.data)?, row.expires_at)).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.end(&SessionName::of(id)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_stored_session_does_not_reveal_its_id() {
        let id = Id(42);
        let name = SessionName::of(&id);
        assert_eq!(name, SessionName::of(&id));
        assert_ne!(name, SessionName::of(&Id(43)));
        assert_eq!(name.as_str().len(), 64);
        let digits: String = id.0.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!name.as_str().contains(&digits) && !name.as_str().contains(&id.to_string()));
        assert_ne!(
            name.as_str(),
            blake3::hash(id.to_string().as_bytes()).to_hex().as_str(),
            "its own key"
        );
    }
}
