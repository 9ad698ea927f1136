//! Where sessions of signed-in users are: a closed choice, one for each profile.

use std::time::Duration;

use ::redis::{Value, cmd};
use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use super::clock::Clock;
use super::db::sessions::DatabaseSessionStore;
use super::redis::Redis;

/// The key in a session under which the signed-in user's id is.
pub const USER_ID: &str = "user_id";

/// The key in a session under which the time of signing in is, in milliseconds since 1970.
pub const STARTED_AT: &str = "started_at";

/// The key in a session under which the browser's User-Agent is.
pub const USER_AGENT: &str = "user_agent";

/// A session of a user, as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// What the cookie holds: whoever knows it has the session.
    pub id: Id,
    /// When it began, in milliseconds since 1970.
    pub started_at: i64,
    /// The browser, in its own words.
    pub user_agent: String,
}

impl SignedIn {
    /// A name for it that may be shown: a hash of its id.
    pub fn handle(&self) -> String {
        blake3::hash(self.id.to_string().as_bytes()).to_hex().chars().take(16).collect()
    }
}

impl From<Record> for SignedIn {
    fn from(record: Record) -> Self {
        let text =
            |name: &str| record.data.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let started_at = record.data.get(STARTED_AT).and_then(serde_json::Value::as_i64).unwrap_or_default();
        Self { id: record.id, started_at, user_agent: text(USER_AGENT) }
    }
}

/// How long a request waits for its session. A Redis that is only slow must not sign anybody out.
const LOOK_UP: Duration = Duration::from_millis(500);

/// How long Redis keeps the list of a user's sessions after the last of them began, in seconds: longer than any session lasts.
const LIST_SECONDS: i64 = 60 * 24 * 60 * 60;

/// Keeps sessions.
#[derive(Clone, Debug)]
pub enum Sessions {
    /// The embedded profile's.
    Sqlite(DatabaseSessionStore),
    /// The server profile's.
    Redis(RedisSessionStore),
}

impl Sessions {
    /// The sessions of a user, the latest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn of_user(&self, user: i64) -> Result<Vec<SignedIn>> {
        let records = match self {
            Sessions::Sqlite(store) => store.of_user(user).await?,
            Sessions::Redis(store) => store.of_user(user).await?,
        };
        let mut sessions: Vec<SignedIn> = records.into_iter().map(SignedIn::from).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse(session.started_at));
        Ok(sessions)
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// The store's.
    pub async fn end(&self, user: i64, id: &Id) -> Result<()> {
        match self {
            Sessions::Sqlite(store) => store.delete(id).await,
            Sessions::Redis(store) => store.end(user, id).await,
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

/// Keeps sessions in Redis, which drops them when they are over.
#[derive(Clone, Debug)]
pub struct RedisSessionStore {
    redis: Redis,
    clock: Clock,
}

fn backend(error: ::redis::RedisError) -> Error {
    Error::Backend(error.to_string())
}

fn key(id: &Id) -> String {
    format!("tm:session:{id}")
}

fn list(user: i64) -> String {
    format!("tm:sessions:{user}")
}

impl RedisSessionStore {
    /// A store in `redis`; `clock` says which sessions are over.
    pub fn new(redis: Redis, clock: Clock) -> Self {
        Self { redis, clock }
    }

    /// Where they are.
    pub fn redis(&self) -> &Redis {
        &self.redis
    }

    /// The sessions of a user. Those that are over drop out of the user's list.
    ///
    /// # Errors
    /// Redis'.
    pub async fn of_user(&self, user: i64) -> Result<Vec<Record>> {
        let ids: Vec<String> = self.redis.query(cmd("SMEMBERS").arg(list(user))).await.map_err(backend)?;
        let mut records = Vec::new();
        for text in ids {
            let record = match text.parse::<Id>() {
                Ok(id) => self.load(&id).await?,
                Err(_) => None,
            };
            match record {
                Some(record) => records.push(record),
                None => {
                    self.redis.query::<Value>(cmd("SREM").arg(list(user)).arg(text)).await.map(drop).map_err(backend)?
                }
            }
        }
        Ok(records)
    }

    /// Ends a session of a user.
    ///
    /// # Errors
    /// Redis'.
    pub async fn end(&self, user: i64, id: &Id) -> Result<()> {
        self.delete(id).await?;
        self.redis.query::<Value>(cmd("SREM").arg(list(user)).arg(id.to_string())).await.map(drop).map_err(backend)
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// Redis'; some may be left then.
    pub async fn end_sessions_of(&self, user: i64) -> ::redis::RedisResult<()> {
        let ids: Vec<String> = self.redis.query(cmd("SMEMBERS").arg(list(user))).await?;
        for id in ids {
            self.redis.query::<Value>(cmd("DEL").arg(format!("tm:session:{id}"))).await?;
        }
        self.redis.query::<Value>(cmd("DEL").arg(list(user))).await.map(drop)
    }

    /// Writes a session; false if `only_new` and there is one of that id.
    async fn write(&self, record: &Record, only_new: bool) -> Result<bool> {
        let data = serde_json::to_string(record).map_err(|error| Error::Encode(error.to_string()))?;
        if let Some(user) = record.data.get(USER_ID).and_then(serde_json::Value::as_i64) {
            // Before the session itself: one that is in no list could not be ended.
            let list = list(user);
            self.redis.query::<Value>(cmd("SADD").arg(&list).arg(record.id.to_string())).await.map_err(backend)?;
            self.redis.query::<Value>(cmd("EXPIRE").arg(&list).arg(LIST_SECONDS)).await.map_err(backend)?;
        }
        let lasts = milliseconds(record.expiry_date) - self.clock.now_ms();
        let mut command = cmd("SET");
        command.arg(key(&record.id)).arg(data).arg("PX").arg(lasts.max(1));
        if only_new {
            command.arg("NX");
        }
        let written: Option<String> = self.redis.query(&command).await.map_err(backend)?;
        Ok(written.is_some())
    }
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1000 + i64::from(time.millisecond())
}

#[async_trait]
impl SessionStore for RedisSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.write(record, true).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write(record, false).await.map(drop)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let command = cmd("GET").arg(key(id)).to_owned();
        let data: Option<String> = self.redis.within(LOOK_UP, self.redis.query(&command)).await.map_err(backend)?;
        let record: Option<Record> = data
            .map(|data| serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string())))
            .transpose()?;
        Ok(record.filter(|record| milliseconds(record.expiry_date) > self.clock.now_ms()))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.redis.query::<Value>(cmd("DEL").arg(key(id))).await.map(drop).map_err(backend)
    }
}
