//! What the stores cost: Redis' memory per dedup entry, the flush, the rankings. Views are recorded
//! without HTTP; only the rankings are requested over it.

use std::time::{Duration, Instant};

use sqlx::Connection;
use tidemark::server::db::articles::still_there;
use tidemark_counting::flush::Flusher;
use tidemark_counting::rules::{Caps, View};
use tidemark_counting::sql::ledger::Ledger;
use tidemark_counting::store::Recorded;
use tidemark_counting::store::redis::RedisStore;
use tidemark_counting::visitor::{Hashes, Visitor, day_of};
use tidemark_counting::{ArticleId, Day, Hour};
use tidemark_servers::{Redis, SqlServer};
use tidemark_store::clock::Clock;
use tidemark_store::redis::Redis as Client;
use tokio::runtime::Runtime;

use crate::client::{connect, request, start, stop};
use crate::counting::processor_time;
use crate::{info, median};

const MILLION: i64 = 1_000_000;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

async fn store(redis: &Redis, url: &str) -> RedisStore {
    let database = tidemark::server::db::open_mysql(url).await.expect("the database opens");
    let client = Client::new(&redis.url()).expect("an address");
    let caps = Caps { address: 10_000, network: 10_000, signed_in: 10_000 };
    RedisStore::new(
        client,
        Ledger::new(database, still_there),
        Clock::System,
        Duration::from_secs(3600),
        caps,
        1,
    )
}

/// Says that all articles are indexed for the search, so that no server does it meanwhile.
const INDEXED: &str = "UPDATE search_analysis SET version = 1000";

/// Inserts articles with ids from 1 to `count`, directly in SQL.
async fn add_articles(url: &str, count: i64) {
    let mut connection = sqlx::MySqlConnection::connect(url).await.expect("a connection");
    let user = "INSERT INTO users (id, username, name, role, created_at) VALUES (1, 'jo', 'Jo', 'author', 0)";
    sqlx::query(user).execute(&mut connection).await.expect("a user");
    let articles = format!(
        "INSERT INTO articles (id, slug, title, summary, markdown, html, contents, reading_minutes, language, author_id, status,
            published_at, created_at, updated_at)
         SELECT seq, CONCAT('article-', seq), CONCAT('Article ', seq), '', '', '', '[]', 1, 'en', 1, 'published', 0, 0, 0
         FROM seq_1_to_{count}"
    );
    sqlx::query(sqlx::AssertSqlSafe(articles)).execute(&mut connection).await.expect("articles");
    sqlx::query(INDEXED).execute(&mut connection).await.expect("nothing to index");
}

/// Visitor `number`, with identifiers that are spread like real hashes.
fn visitor(day: Day, number: i64) -> Visitor {
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed());
    let today = Hashes {
        visitor: spread,
        address: Some(spread.rotate_left(32)),
        network: None,
        is_session: false,
    };
    Visitor { day, today, yesterday: None }
}

/// Records `count` views in batches of a thousand, spread evenly over `articles`, by visitors from
/// `first` on.
async fn record(store: &RedisStore, articles: i64, first: i64, count: i64) {
    record_by(1_000, store, articles, first, count).await;
}

async fn record_by(size: usize, store: &RedisStore, articles: i64, first: i64, count: i64) {
    let day = day_of(Clock::System.now());
    let mut left: Vec<View> = (0..count)
        .map(|number| View {
            article: ArticleId(1 + number % articles),
            visitor: visitor(day, first + number),
        })
        .collect();
    // Keep the views of a shard together, as the batcher's lanes do.
    left.sort_by_key(|view| store.shard_of(view.article));
    for batch in left.chunks(size) {
        let outcomes = store.record(batch).await.expect("recorded");
        assert!(
            outcomes
                .into_iter()
                .filter_map(Recorded::outcome)
                .filter(|outcome| outcome.counted)
                .count()
                == batch.len(),
            "void: not all were counted"
        );
    }
}

/// Resident memory of this process, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
}

/// Prints how much memory a live dedup entry takes, with a million of them.
pub fn redis_cost() {
    runtime().block_on(async {
        let redis = Redis::start();
        let url = SqlServer::shared().new_database();
        let store = store(&redis, &url).await;
        add_articles(&url, 100).await;
        record(&store, 100, 0, 100).await;
        let before: f64 = info(&redis, "memory", "used_memory");
        let resident_before = resident();
        let start = Instant::now();
        record(&store, 100, 1_000, MILLION).await;
        let took = start.elapsed();
        let memory: f64 = info(&redis, "memory", "used_memory");
        println!(
            "{MILLION} live dedup entries: {:.1} bytes of Redis' memory each, {:.0} of the process'; recorded at {:.0} views/s without HTTP",
            (memory - before) / MILLION as f64,
            (resident() - resident_before) / MILLION as f64,
            MILLION as f64 / took.as_secs_f64()
        );
    });
}

/// Prints how much of Redis' processor time a view takes, which depends on how many share a script.
pub fn redis_cpu() {
    const VIEWS: i64 = 100_000;
    runtime().block_on(async {
        let redis = Redis::with(&["--appendfsync", "everysec"]);
        let url = SqlServer::shared().new_database();
        let store = store(&redis, &url).await;
        add_articles(&url, 100).await;
        record(&store, 100, 0, 100).await;
        for (turn, size) in (1..).zip([10, 30, 100, 300, 1_000]) {
            let before = processor_time(&redis);
            record_by(size, &store, 100, turn * VIEWS, VIEWS).await;
            println!(
                "batches of {size}: {:.1} µs of Redis' processor time a view",
                (processor_time(&redis) - before) / VIEWS as f64 * 1e6
            );
        }
    });
}

/// Prints how long it takes until a million pending views of 10,000 articles are durable in SQL.
pub fn flush_time(runs: usize) {
    const ARTICLES: i64 = 10_000;
    runtime().block_on(async {
        // The default is `appendfsync always`. With `everysec`, the flush would wait two more
        // seconds for Redis' disk.
        let redis = Redis::start();
        let url = SqlServer::shared().new_database();
        let store = store(&redis, &url).await;
        add_articles(&url, ARTICLES).await;
        let mut times = Vec::new();
        for run in 0..runs as i64 {
            record(&store, ARTICLES, run * MILLION, MILLION).await;
            let start = Instant::now();
            let flushed = Flusher::new(store.clone(), Clock::System).step().await.expect("flushed");
            times.push(start.elapsed().as_secs_f64() * 1e3);
            assert_eq!((flushed.views, flushed.articles), (MILLION, ARTICLES as u64), "void");
            let mut connection = sqlx::MySqlConnection::connect(&url).await.expect("a connection");
            let sum: i64 =
                sqlx::query_scalar("SELECT CAST(SUM(views) AS SIGNED) FROM article_stats")
                    .fetch_one(&mut connection)
                    .await
                    .expect("a sum");
            assert_eq!(sum, (run + 1) * MILLION, "void");
        }
        let all: Vec<String> = times.iter().map(|time| format!("{time:.0}")).collect();
        println!(
            "flush of {MILLION} views of {ARTICLES} articles: median {:.0} ms ({})",
            median(times),
            all.join(", ")
        );
    });
}

/// Prints the latency of the most-viewed lists with a million articles that all have views.
pub fn most_viewed_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let redis = Redis::start();
    let url = SqlServer::shared().new_database();
    let settings = vec![("DATABASE_URL", url.clone()), ("REDIS_URL", redis.url())];
    let hour = Clock::System.now().0 / 3_600_000;
    let runtime = runtime();
    let built = runtime.block_on(async {
        let store = store(&redis, &url).await;
        add_articles(&url, MILLION).await;
        let mut connection = sqlx::MySqlConnection::connect(&url).await.expect("a connection");
        for sql in [
            format!("INSERT INTO article_stats (article_id, views) SELECT seq, seq MOD 977 FROM seq_1_to_{MILLION}"),
            format!(
                "INSERT INTO article_view_hours (hour, article_id, views)
                 SELECT {hour} - seq MOD 700, seq, 1 + seq MOD 13 FROM seq_1_to_{MILLION}"
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("views");
        }
        let start = Instant::now();
        store.refresh_rankings().await.expect("built");
        start.elapsed()
    });
    println!("Server profile, {MILLION} articles: all rankings built in {built:.1?}");
    measure(&runtime, folder.path(), &settings);
    embedded(&runtime, hour);
}

fn embedded(runtime: &Runtime, hour: i64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    let built = runtime.block_on(async {
        let database = tidemark::server::db::open_sqlite(&url).await.expect("the database opens");
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a connection");
        let numbers = format!(
            "WITH RECURSIVE numbers (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM numbers WHERE seq < {MILLION})"
        );
        for sql in [
            INDEXED.to_owned(),
            "INSERT INTO users (id, username, name, role, created_at) VALUES (1, 'jo', 'Jo', 'author', 0)".to_owned(),
            format!(
                "{numbers} INSERT INTO articles (id, slug, title, summary, markdown, html, contents, reading_minutes, language,
                    author_id, status, published_at, created_at, updated_at)
                 SELECT seq, 'article-' || seq, 'Article ' || seq, '', '', '', '[]', 1, 'en', 1, 'published', 0, 0, 0
                 FROM numbers"
            ),
            format!("{numbers} INSERT INTO article_stats (article_id, views) SELECT seq, seq % 977 FROM numbers"),
            format!(
                "{numbers} INSERT INTO article_view_hours (hour, article_id, views)
                 SELECT {hour} - seq % 700, seq, 1 + seq % 13 FROM numbers"
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("articles and views");
        }
        let start = Instant::now();
        tidemark_counting::sql::rankings::end_with(&database, Hour(hour)).await.expect("built");
        start.elapsed()
    });
    println!("Embedded profile, {MILLION} articles: all rankings built in {built:.1?}");
    measure(runtime, folder.path(), &[("DATABASE_URL", url)]);
}

/// Requests each ranking a thousand times in sequence and prints the latency.
fn measure(runtime: &Runtime, folder: &std::path::Path, settings: &[(&str, String)]) {
    let (server, address) = start(folder, settings);
    runtime.block_on(async {
        let mut connection = connect(address).await;
        for window in ["all", "24h", "7d", "30d"] {
            let path = format!("/api/v1/articles/most-viewed?window={window}&limit=10");
            let body = request(&mut connection, "GET", &path, 1).await;
            assert_eq!(body.matches("\"slug\"").count(), 10, "void: {body}");
            let mut times = Vec::new();
            for _ in 0..1_000 {
                let start = Instant::now();
                request(&mut connection, "GET", &path, 1).await;
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
            times.sort_by(f64::total_cmp);
            println!(
                "  most viewed, {window}: median {:.2} ms, p99 {:.2} ms",
                times[500], times[990]
            );
        }
    });
    stop(server);
}
