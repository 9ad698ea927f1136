//! Tests of the view stores without HTTP, and the helpers they share.

mod caches;
mod contract;
mod feeds;
mod flush;
mod model;
mod service;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use proptest::prelude::*;
use sqlx::MySqlConnection;
use tempfile::TempDir;
use tidemark_counting::batcher::{Worker, batcher};
use tidemark_counting::flush::{Flushed, Flusher};
use tidemark_counting::identifier::Identifier;
use tidemark_counting::rules::{Caps, View};
use tidemark_counting::sql::ledger::{Batch, Ledger};
use tidemark_counting::sql::pruning::Pruned;
use tidemark_counting::sql::rankings;
use tidemark_counting::store::redis::{RedisStore, Unflushed};
use tidemark_counting::store::sqlite::SqliteStore;
use tidemark_counting::store::{Drift, Recorded, ViewStore};
use tidemark_counting::upkeep::Refreshed;
use tidemark_counting::visitor::{Hashes, Reader, Visitor, day_of};
use tidemark_counting::{ArticleId, Day, MIGRATIONS, Reason, ViewError, ViewOutcome, Window};
use tidemark_servers::{self as servers, RedisCluster, SqlServer};
use tidemark_store::clock::Clock;
use tidemark_store::redis::Redis;
use tidemark_store::sql::{MySqlDatabase, SqliteDatabase};

/// How long a test waits for what should happen almost at once. On a busy machine a process may not
/// run for seconds, and a disk may take as long for a sync.
const PATIENCE: Duration = Duration::from_secs(60);

const WINDOW: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
const CAP: usize = 2;
const CAPS: Caps = Caps { address: CAP, network: 4, signed_in: 3 };
const ARTICLES: i64 = 40;
const SHARDS: i64 = 4;

/// Noon, so that a test can advance the clock by hours without crossing midnight unless it wants
/// to.
const NOON: &str = "2026-11-24T12:00:00Z";

/// What a store runs on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Backend {
    Sqlite,
    Redis,
    Cluster,
}

const BACKENDS: [Backend; 3] = [Backend::Sqlite, Backend::Redis, Backend::Cluster];

/// A test's own store and what it runs on.
struct Place {
    store: ViewStore,
    clock: Clock,
    redis: Option<servers::Redis>,
    folder: TempDir,
}

fn clock() -> Clock {
    Clock::manual(NOON.parse::<Timestamp>().unwrap())
}

async fn open_sqlite(folder: &Path) -> SqliteDatabase {
    let url = format!("sqlite:{}", folder.join("views.db").display());
    SqliteDatabase::open(&url, None, &MIGRATIONS.sqlite).await.unwrap()
}

async fn sqlite(folder: &Path, clock: &Clock) -> ViewStore {
    ViewStore::Sqlite(SqliteStore::new(open_sqlite(folder).await, clock.clone(), WINDOW, CAPS))
}

/// Says that the articles 1 to [`ARTICLES`] exist.
fn still_there<'call>(
    _connection: &'call mut MySqlConnection,
    articles: &'call [ArticleId],
) -> BoxFuture<'call, sqlx::Result<HashSet<ArticleId>>> {
    let there: HashSet<ArticleId> =
        articles.iter().copied().filter(|article| (1..=ARTICLES).contains(&article.0)).collect();
    Box::pin(async move { Ok(there) })
}

/// A ledger in the SQL server's database at `url`.
async fn open_ledger(url: &str) -> Ledger {
    Ledger::new(MySqlDatabase::open(url, None, &MIGRATIONS.mysql).await.unwrap(), still_there)
}

/// A store in Redis with its own connections that flushes to `ledger`.
fn store_in_redis(redis_url: &str, ledger: Ledger, clock: &Clock) -> RedisStore {
    RedisStore::new(
        Redis::new(redis_url).unwrap(),
        ledger,
        clock.clone(),
        WINDOW,
        CAPS,
        SHARDS as usize,
    )
}

/// Like [`store_in_redis`], with a new, empty SQL database.
async fn redis_store(redis_url: &str, clock: &Clock) -> RedisStore {
    let ledger = open_ledger(&SqlServer::shared().new_database()).await;
    store_in_redis(redis_url, ledger, clock)
}

/// One Cluster shared by all tests. It is emptied for each test, so they take turns.
fn cluster() -> &'static (tokio::sync::Mutex<()>, RedisCluster) {
    static CLUSTER: OnceLock<(tokio::sync::Mutex<()>, RedisCluster)> = OnceLock::new();
    CLUSTER.get_or_init(|| (tokio::sync::Mutex::new(()), RedisCluster::start()))
}

impl Place {
    async fn new(backend: Backend) -> Self {
        let (clock, folder) = (clock(), tempfile::tempdir().unwrap());
        let (store, redis) = match backend {
            Backend::Sqlite => (sqlite(folder.path(), &clock).await, None),
            Backend::Redis => {
                let redis = servers::Redis::start();
                (ViewStore::Redis(redis_store(&redis.url(), &clock).await), Some(redis))
            }
            Backend::Cluster => {
                for node in cluster().1.nodes() {
                    node.command(&["FLUSHALL"]);
                }
                (ViewStore::Redis(redis_store(&cluster().1.url(), &clock).await), None)
            }
        };
        Self { store, clock, redis, folder }
    }

    /// The same store again, with its own connections, as in another process.
    async fn opened_again(&self) -> ViewStore {
        match &self.store {
            ViewStore::Sqlite(_) => sqlite(self.folder.path(), &self.clock).await,
            ViewStore::Redis(store) => {
                let url =
                    self.redis.as_ref().map_or_else(|| cluster().1.url(), servers::Redis::url);
                ViewStore::Redis(store_in_redis(&url, store.ledger.clone(), &self.clock))
            }
        }
    }

    fn redis_store(&self) -> &RedisStore {
        match &self.store {
            ViewStore::Redis(store) => store,
            ViewStore::Sqlite(_) => panic!("not a store in Redis"),
        }
    }

    async fn total(&self, article: i64) -> i64 {
        let article = ArticleId(article);
        self.store.totals(&[article]).await.unwrap().get(&article).copied().unwrap_or(0)
    }

    /// The total in SQL, without views that are not flushed yet.
    async fn total_in_sql(&self, article: i64) -> i64 {
        let article = ArticleId(article);
        let (_, totals) =
            self.redis_store().ledger.totals_and_applied(&[article], &[]).await.unwrap();
        totals.get(&article).copied().unwrap_or(0)
    }

    async fn flush(&self) -> Flushed {
        match &self.store {
            ViewStore::Sqlite(_) => Flushed::default(),
            ViewStore::Redis(store) => {
                Flusher::new(store.clone(), self.clock.clone()).step().await.unwrap()
            }
        }
    }

    /// The ranking for `window`: articles with their views.
    async fn top(&self, window: Window) -> Vec<(i64, i64)> {
        match &self.store {
            ViewStore::Sqlite(_) => {
                let database = open_sqlite(self.folder.path()).await;
                let query = match window.hours() {
                    None => sqlx::query_as(
                        "SELECT article_id, views FROM article_stats WHERE views > 0
                         ORDER BY views DESC, article_id DESC",
                    ),
                    Some(hours) => sqlx::query_as(
                        "SELECT article_id, views FROM article_view_windows WHERE hours = ?
                         ORDER BY views DESC, article_id DESC",
                    )
                    .bind(hours),
                };
                let ranked: Vec<(i64, i64)> = query.fetch_all(database.reader()).await.unwrap();
                database.close().await;
                ranked
            }
            ViewStore::Redis(store) => {
                let top = store.top(window, ARTICLES as usize).await.unwrap().unwrap();
                top.into_iter().map(|(article, views)| (article.0, views)).collect()
            }
        }
    }

    async fn record(&self, article: i64, someone: i64) -> Option<Reason> {
        let view = View {
            article: ArticleId(article),
            visitor: on_day_of(&self.clock, visitor(someone, someone)),
        };
        record(&self.store, &[view]).await[0].reason
    }
}

/// Records a batch and expects every view to be answered with a total.
async fn record(store: &ViewStore, batch: &[View]) -> Vec<ViewOutcome> {
    store
        .record(batch)
        .await
        .unwrap()
        .into_iter()
        .map(|recorded| recorded.outcome().unwrap())
        .collect()
}

/// Runs a test on each of `backends`.
fn on(backends: &[Backend], test: impl AsyncFn(Place)) {
    for backend in backends {
        runtime().block_on(async {
            let _turn = match backend {
                Backend::Cluster => Some(cluster().0.lock().await),
                _ => None,
            };
            eprintln!("on {backend:?}");
            test(Place::new(*backend).await).await;
        });
    }
}

/// A visitor on the day on which tests begin.
fn visitor(visitor: i64, address: i64) -> Visitor {
    let today = Hashes { visitor, address: Some(address), network: None, is_session: false };
    on_day_of(&clock(), Visitor { day: Day(0), today, yesterday: None })
}

fn on_day_of(clock: &Clock, visitor: Visitor) -> Visitor {
    Visitor { day: day_of(clock.now()), ..visitor }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Retries until it works, because a broken connection fails once before it is replaced.
async fn retry<T, E: std::fmt::Debug, F: Future<Output = Result<T, E>>>(
    attempt: impl Fn() -> F,
) -> T {
    let start = Instant::now();
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(error) => assert!(start.elapsed() < PATIENCE, "it never works: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
