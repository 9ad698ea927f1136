//! Stores the sessions of signed-in users: in SQLite in the embedded profile, in Redis in the
//! server profile.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use ::redis::cmd;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidemark_counting::UserId;
use tidemark_store::clock::{Clock, Millis};
use tidemark_store::redis::{Redis, Script};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

pub use super::db::sessions::{
    CREDENTIAL, DatabaseSessionStore, MOST_SESSIONS, STARTED_AT, SessionName, SignedIn, USER_AGENT,
    USER_ID, instant, lasting, millis,
};
use super::db::sessions::{owner, record};

/// Timeout of a session lookup. Generous, because a slow Redis must not sign anybody out.
const LOOK_UP: Duration = Duration::from_millis(500);

/// Prefix of all session keys. The braces keep them on one Cluster node, because a script writes a
/// session and its user's list together.
const PREFIX: &str = "tm:{sessions}:";

static WRITE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("sessions/write.lua")));
static END: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("sessions/end.lua")));
static END_ALL: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("sessions/end_all.lua")));

/// The session store of the profile.
#[derive(Clone, Debug)]
pub enum Sessions {
    /// Embedded profile.
    Sqlite(DatabaseSessionStore),
    /// Server profile.
    Redis(RedisSessionStore),
}

impl Sessions {
    /// The sessions of a user, latest first. Includes sessions of an old credential.
    ///
    /// # Errors
    /// Any store error.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<SignedIn>> {
        let mut sessions = match self {
            Sessions::Sqlite(store) => store.of_user(user).await?,
            Sessions::Redis(store) => store.of_user(user).await?,
        };
        sessions.sort_by_key(|session| std::cmp::Reverse(session.started_at));
        Ok(sessions)
    }

    /// Ends the session with this name.
    ///
    /// # Errors
    /// Any store error.
    pub async fn end(&self, name: &SessionName) -> Result<()> {
        match self {
            Sessions::Sqlite(store) => store.end(name).await,
            Sessions::Redis(store) => store.end(name).await,
        }
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Any store error. Either all sessions have ended or none has.
    pub async fn end_all(&self, user: UserId) -> Result<()> {
        match self {
            Sessions::Sqlite(store) => store.end_all(user).await,
            Sessions::Redis(store) => store.end_all(user).await,
        }
    }

    /// Deletes the sessions that expired by `now` (milliseconds since 1970). Returns how many were
    /// deleted: none in Redis, which expires its sessions itself.
    ///
    /// # Errors
    /// Database errors.
    pub async fn prune(&self, now: Millis) -> sqlx::Result<u64> {
        match self {
            Sessions::Sqlite(store) => store.prune(now).await,
            Sessions::Redis(_) => Ok(0),
        }
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        match self {
            Sessions::Sqlite(store) => store.create(record).await,
            Sessions::Redis(store) => store.create(record).await,
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        match self {
            Sessions::Sqlite(store) => store.save(record).await,
            Sessions::Redis(store) => store.save(record).await,
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        match self {
            Sessions::Sqlite(store) => store.load(id).await,
            Sessions::Redis(store) => store.load(id).await,
        }
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        match self {
            Sessions::Sqlite(store) => store.delete(id).await,
            Sessions::Redis(store) => store.delete(id).await,
        }
    }
}

/// Stores sessions in Redis, with a TTL.
///
/// A session is a string under its name. Each user has a sorted set of session names, scored by
/// when they end. Every script that changes one changes the other too. Reads change nothing.
#[derive(Clone, Debug)]
pub struct RedisSessionStore {
    redis: Redis,
    clock: Clock,
}

/// A session as stored in Redis.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The owner's id. The Lua scripts read it.
    user: UserId,
    /// In milliseconds since 1970.
    ends_at: Millis,
    data: HashMap<String, Value>,
}

fn backend(error: ::redis::RedisError) -> Error {
    Error::Backend(error.to_string())
}

fn key(name: &SessionName) -> String {
    format!("{PREFIX}{}", name.as_str())
}

/// Prefix of all lists.
fn lists() -> String {
    format!("{PREFIX}of:")
}

fn list(user: UserId) -> String {
    format!("{}{user}", lists())
}

impl RedisSessionStore {
    /// A store in `redis`. Sessions expire by `clock`.
    pub fn new(redis: Redis, clock: Clock) -> Self {
        Self { redis, clock }
    }

    /// The sessions of a user.
    ///
    /// # Errors
    /// Any Redis error.
    pub async fn of_user(&self, user: UserId) -> Result<Vec<SignedIn>> {
        let now = self.clock.now();
        // Exclusive: a session that ends now has expired.
        let range =
            cmd("ZRANGEBYSCORE").arg(list(user)).arg(format!("({now}")).arg("+inf").to_owned();
        let names: Vec<String> = self.redis.query(&range).await.map_err(backend)?;
        let names: Vec<SessionName> = names.into_iter().map(SessionName::stored).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<String> = names.iter().map(key).collect();
        let found: Vec<Option<String>> =
            self.redis.query(cmd("MGET").arg(keys)).await.map_err(backend)?;
        let mut sessions = Vec::with_capacity(names.len());
        // A session without a value ended between the two reads.
        for (name, text) in
            names.into_iter().zip(found).filter_map(|(name, text)| Some((name, text?)))
        {
            sessions.push(SignedIn::of(name, &decode(&text)?.data));
        }
        Ok(sessions)
    }

    /// Ends the session with this name.
    ///
    /// # Errors
    /// Any Redis error.
    pub async fn end(&self, name: &SessionName) -> Result<()> {
        let arguments = [lists(), name.as_str().to_owned()].map(String::into_bytes);
        self.redis.evaluate::<i64>(&END, &key(name), &arguments).await.map(drop).map_err(backend)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Any Redis error. Either all sessions have ended or none has.
    pub async fn end_all(&self, user: UserId) -> Result<()> {
        let arguments = [PREFIX.as_bytes().to_vec()];
        self.redis
            .evaluate::<i64>(&END_ALL, &list(user), &arguments)
            .await
            .map(drop)
            .map_err(backend)
    }

    /// Writes a session. Returns false if a new session's id is taken, or a known session no longer
    /// exists.
    async fn write(&self, record: &Record, is_new: bool) -> Result<bool> {
        let (user, _) = owner(record)?;
        let ends_at = millis(record.expiry_date);
        let stored = Stored { user, ends_at, data: record.data.clone() };
        let arguments = [
            PREFIX.to_owned(),
            SessionName::of(&record.id).as_str().to_owned(),
            serde_json::to_string(&stored).map_err(|error| Error::Encode(error.to_string()))?,
            self.clock.now().to_string(),
            ends_at.to_string(),
            MOST_SESSIONS.to_string(),
            if is_new { "new" } else { "known" }.to_owned(),
        ];
        let written: i64 = self
            .redis
            .evaluate(&WRITE, &list(user), &arguments.map(String::into_bytes))
            .await
            .map_err(backend)?;
        Ok(written == 1)
    }
}

fn decode(text: &str) -> Result<Stored> {
    serde_json::from_str(text).map_err(|error| Error::Decode(error.to_string()))
}

#[async_trait]
impl SessionStore for RedisSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.write(record, true).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    /// Overwrites an existing session. Never creates one: a session that was ended in the meantime
    /// must not come back.
    async fn save(&self, record: &Record) -> Result<()> {
        self.write(record, false).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let command = cmd("GET").arg(key(&SessionName::of(id))).to_owned();
        let text: Option<String> =
            self.redis.within(LOOK_UP, self.redis.query(&command)).await.map_err(backend)?;
        let Some(text) = text else { return Ok(None) };
        let Stored { ends_at, data, .. } = decode(&text)?;
        if ends_at <= self.clock.now() {
            return Ok(None);
        }
        record(id, data, ends_at).map(Some)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.end(&SessionName::of(id)).await
    }
}
