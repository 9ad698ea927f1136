//! Opens the stores that the settings name, one set per profile. The profile is chosen here: every
//! part gets what it needs of the stores, and does not ask which they are. Only what is about Redis
//! itself gets Redis: the doctor, the flush through Kafka, and a restore.

use std::num::NonZeroU32;

use tidemark_counting::sql::ledger::Ledger;
use tidemark_counting::store::ViewStore;
use tidemark_counting::store::redis::RedisStore;
use tidemark_counting::store::sqlite::SqliteStore;
use tidemark_store::clock::Clock;
use tidemark_store::redis::Redis;
use tidemark_store::sql::Connections;
use tidemark_stream::road::{Road, Stream};

use super::accounts::throttle::Throttle;
use super::author_counts::AuthorCounts;
use super::config::Config;
use super::db::articles::still_there;
use super::db::sessions::DatabaseSessionStore;
use super::db::{AnyDatabase, Database, OpenError};
use super::pictures::store::PictureStore;
use super::search::open_search::OpenSearch;
use super::sessions::{RedisSessionStore, Sessions};

/// All stores.
#[derive(Clone, Debug)]
pub struct Stores {
    /// Articles, users, and the counts in SQL.
    pub database: Database,
    /// Views.
    pub views: ViewStore,
    /// How views come from Redis to SQL.
    pub road: Road,
    /// Sessions.
    pub sessions: Sessions,
    /// Pictures.
    pub pictures: PictureStore,
    /// How many articles and followers authors have.
    pub author_counts: AuthorCounts,
    /// Attempts to sign in.
    pub throttle: Throttle,
    /// The views in Redis, in the server profile.
    pub redis: Option<RedisStore>,
    /// The index in OpenSearch; `None` if SQL answers searches.
    pub open_search: Option<OpenSearch>,
}

/// Why the stores can't be opened, in one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// `pictures.url` can't be used.
    #[error("{0}")]
    Pictures(String),
    /// OpenSearch's settings can't be used.
    #[error("{0}")]
    Search(String),
    /// `redis.url` can't be used.
    #[error("{0}")]
    Redis(String),
    /// Redis was first used with another number of shards.
    #[error(
        "redis.shards is {wanted}, but this Redis was first used with {found}. Set redis.shards to {found}. To change it, stop every \
         replica, run `tidemark flush` with {found}, and empty Redis; that ends all sessions and windows."
    )]
    Shards {
        /// In the settings.
        wanted: i64,
        /// In Redis.
        found: i64,
    },
}

impl Stores {
    /// Opens the stores and migrates the database if needed. Redis may be down: the server then
    /// starts without it and serves pages.
    ///
    /// # Errors
    /// See [`StoresError`].
    pub async fn open(config: &Config, clock: &Clock) -> Result<Self, StoresError> {
        let connections = Connections {
            most: u32::try_from(config.database.connections).ok().and_then(NonZeroU32::new),
            slow: config.database.slow_query,
        };
        let pictures = PictureStore::open(&config.pictures.url, &config.pictures.aws)
            .map_err(StoresError::Pictures)?;
        let database = Database::open_with(&config.database.url, connections).await?;
        let (window, caps) = (config.views.window, config.views.caps());
        let author_counts = |redis| AuthorCounts::new(database.clone(), redis, clock.clone());
        Ok(match database.any() {
            AnyDatabase::Sqlite(file) => Self {
                views: ViewStore::Sqlite(SqliteStore::new(
                    file.clone(),
                    clock.clone(),
                    window,
                    caps,
                )),
                sessions: Sessions::Sqlite(DatabaseSessionStore::new(file.clone(), clock.clone())),
                pictures,
                author_counts: author_counts(None),
                throttle: Throttle::in_memory(),
                redis: None,
                road: Road::Direct,
                open_search: None,
                database: database.clone(),
            },
            AnyDatabase::MySql(server) => {
                let open_search = match config.search.is_on() {
                    true => Some(
                        OpenSearch::new(&config.search, server.clone(), clock.clone())
                            .map_err(StoresError::Search)?,
                    ),
                    false => None,
                };
                let redis = Redis::new(&config.redis.url).map_err(StoresError::Redis)?;
                let shards = config.redis.shards;
                let store = RedisStore::new(
                    redis.clone(),
                    Ledger::new(server.clone(), still_there),
                    clock.clone(),
                    window,
                    caps,
                    shards,
                );
                match store.claim_shards().await {
                    Ok(Ok(())) => {}
                    Ok(Err(found)) => {
                        return Err(StoresError::Shards {
                            wanted: i64::try_from(shards).unwrap_or(i64::MAX),
                            found,
                        });
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "starting without Redis; views get 503 until it is back");
                    }
                }
                Self {
                    views: ViewStore::Redis(store.clone()),
                    sessions: Sessions::Redis(RedisSessionStore::new(redis.clone(), clock.clone())),
                    pictures,
                    author_counts: author_counts(Some(redis.clone())),
                    throttle: Throttle::Redis(redis),
                    redis: Some(store),
                    // Nothing connects to Kafka before there is something to do.
                    road: config
                        .kafka
                        .settings()
                        .map_or(Road::Direct, |settings| Road::Kafka(Stream::new(settings))),
                    open_search,
                    database: database.clone(),
                }
            }
        })
    }

    /// The same stores for requests, with shorter timeouts ([`Database::for_requests`]).
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self {
            database: self.database.for_requests(),
            views: self.views.for_requests(),
            author_counts: self.author_counts.for_requests(),
            ..self
        }
    }
}
