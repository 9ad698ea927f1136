//! The contract of the stores, without HTTP: each test runs on SQLite, on Redis, and on a Redis Cluster.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;
use tidemark::model::article::Window;
use tidemark::model::view::{Reason, ViewOutcome};
use tidemark::server::clock::Clock;
use tidemark::server::db::{MySqlDatabase, SqliteDatabase};
use tidemark::server::redis::Redis;
use tidemark::server::views::ViewError;
use tidemark::server::views::batcher::batcher;
use tidemark::server::views::flush::{Flushed, Flusher};
use tidemark::server::views::rules::View;
use tidemark::server::views::store::redis::{RedisStore, Unflushed};
use tidemark::server::views::store::sqlite::SqliteStore;
use tidemark::server::views::store::{Drift, ViewStore};
use tidemark::server::views::visitor::{Hashes, Identifier, Reader, Visitor};

use crate::harness::NOON;
use crate::servers::{self, MariaDb, RedisCluster};

const WINDOW: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
const CAP: usize = 2;
const ARTICLES: i64 = 40;

/// What a store runs on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Backend {
    Sqlite,
    Redis,
    Cluster,
}

const BACKENDS: [Backend; 3] = [Backend::Sqlite, Backend::Redis, Backend::Cluster];

/// A store of its own, and what it runs on.
struct Place {
    store: ViewStore,
    clock: Clock,
    redis: Option<servers::Redis>,
    folder: TempDir,
}

fn clock() -> Clock {
    Clock::manual(NOON.parse::<Timestamp>().unwrap())
}

async fn sqlite(folder: &std::path::Path, clock: &Clock) -> ViewStore {
    let database = SqliteDatabase::open(&format!("sqlite:{}", folder.join("views.db").display())).await.unwrap();
    ViewStore::Sqlite(SqliteStore::new(database, clock.clone(), WINDOW, CAP))
}

/// Many articles, because a flush drops views of those that are not there.
async fn add_articles(url: &str) {
    use sqlx::Connection;
    let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
    sqlx::query("INSERT INTO users (id, username, name, role, created_at) VALUES (1, 'jo', 'Jo', 'author', 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    let rows: Vec<String> = (1..=ARTICLES)
        .map(|id| format!("({id}, 'article-{id}', 'Title', '', '', '', '[]', 1, 'en', 1, 'published', 0, 0, 0, '')"))
        .collect();
    let sql = format!(
        "INSERT INTO articles (id, slug, title, summary, markdown, html, contents, reading_minutes, language, author_id, status,
            published_at, created_at, updated_at, search_text) VALUES {}",
        rows.join(", ")
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
}

async fn redis_store(redis_url: &str, clock: &Clock) -> RedisStore {
    let url = MariaDb::shared().new_database();
    let database = MySqlDatabase::open(&url).await.unwrap();
    add_articles(&url).await;
    RedisStore::new(Redis::new(redis_url).unwrap(), database, clock.clone(), WINDOW, CAP, 16)
}

/// One Cluster for all tests: it is emptied for each, so they take turns.
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

    /// The same store once more, with connections of its own.
    async fn opened_again(&self) -> ViewStore {
        match &self.store {
            ViewStore::Sqlite(_) => sqlite(self.folder.path(), &self.clock).await,
            ViewStore::Redis(store) => {
                let url = self.redis.as_ref().map_or_else(|| cluster().1.url(), servers::Redis::url);
                let redis = Redis::new(&url).unwrap();
                ViewStore::Redis(RedisStore::new(redis, store.database.clone(), self.clock.clone(), WINDOW, CAP, 16))
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
        self.store.totals(&[article]).await.unwrap().get(&article).copied().unwrap_or(0)
    }

    /// What SQL alone has.
    async fn total_in_sql(&self, article: i64) -> i64 {
        let (_, totals) = self.redis_store().database.totals_and_applied(&[article], &[]).await.unwrap();
        totals.get(&article).copied().unwrap_or(0)
    }

    async fn flush(&self) -> Flushed {
        match &self.store {
            ViewStore::Sqlite(_) => Flushed::default(),
            ViewStore::Redis(store) => Flusher::new(store.clone(), self.clock.clone()).step().await.unwrap(),
        }
    }

    async fn record(&self, article: i64, someone: i64) -> Option<Reason> {
        let view = View { article, visitor: visitor(someone, someone) };
        record(&self.store, &[view]).await[0].reason
    }
}

/// Records a batch whose totals are all known.
async fn record(store: &ViewStore, batch: &[View]) -> Vec<ViewOutcome> {
    store.record(batch).await.unwrap().into_iter().map(Option::unwrap).collect()
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

fn visitor(visitor: i64, address: i64) -> Visitor {
    Visitor { today: Hashes { visitor, address: Some(address) }, yesterday: None }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn c2_c3_the_window_and_the_cap_hold_to_the_millisecond_and_the_visitor() {
    on(&BACKENDS, async |place| {
        assert_eq!(place.record(1, 1).await, None);
        place.clock.advance(WINDOW - Duration::from_millis(1));
        assert_eq!(place.record(1, 1).await, Some(Reason::Repeat), "a millisecond before its end");
        place.clock.advance(Duration::from_millis(1));
        assert_eq!(place.record(1, 1).await, None, "at its end");
        assert_eq!(place.record(2, 1).await, None, "another article");
        let anonymous = |number| View { article: 3, visitor: visitor(number, 9) };
        let batch = [anonymous(1), anonymous(2), anonymous(3), anonymous(1)];
        let reasons: Vec<_> = record(&place.store, &batch).await.into_iter().map(|outcome| outcome.reason).collect();
        assert_eq!(reasons, [None, None, Some(Reason::IpCap), Some(Reason::Repeat)]);
        let signed_in = |user| Visitor { today: Hashes { visitor: user, address: None }, yesterday: None };
        let batch: Vec<_> = (10..20).map(|user| View { article: 3, visitor: signed_in(user) }).collect();
        let outcomes = record(&place.store, &batch).await;
        assert!(outcomes.iter().all(|outcome| outcome.counted && outcome.views == 12), "no cap: {outcomes:?}");
    });
}

#[test]
fn c2_c3_a_visitor_is_found_under_yesterdays_salt_and_so_is_an_address() {
    on(&BACKENDS, async |place| {
        let yesterday = |number| Hashes { visitor: number, address: Some(50) };
        let today = |number| Hashes { visitor: 100 + number, address: Some(150) };
        let before = |number| View { article: 1, visitor: Visitor { today: yesterday(number), yesterday: None } };
        let after =
            |number| View { article: 1, visitor: Visitor { today: today(number), yesterday: Some(yesterday(number)) } };
        let outcomes = record(&place.store, &[before(1), after(1), after(2), after(3)]).await;
        let reasons: Vec<_> = outcomes.into_iter().map(|outcome| outcome.reason).collect();
        assert_eq!(reasons, [None, Some(Reason::Repeat), None, Some(Reason::IpCap)]);
    });
}

#[test]
fn c3_a_salt_is_the_same_for_all_who_ask_and_another_each_day() {
    on(&BACKENDS, async |place| {
        let day = place.clock.now_ms() / 86_400_000;
        let first = place.store.salts(day, [1; 32], None).await.unwrap();
        assert_eq!(first, ([1; 32], None));
        assert_eq!(place.store.salts(day, [2; 32], None).await.unwrap(), first);
        place.clock.advance(24 * HOUR);
        assert_eq!(place.store.salts(day + 1, [3; 32], None).await.unwrap(), ([3; 32], Some([1; 32])));
    });
}

#[test]
fn c3_windows_that_are_over_are_forgotten() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        let store = place.redis_store();
        assert_eq!(place.record(1, 1).await, None);
        place.clock.advance(WINDOW / 2);
        assert_eq!(place.record(2, 1).await, None);
        assert_eq!(store.prune().await.unwrap(), 0);
        place.clock.advance(WINDOW / 2);
        assert_eq!(store.prune().await.unwrap(), 1);
        assert_eq!(place.record(2, 1).await, Some(Reason::Repeat), "this one's is not over");
        place.clock.advance(WINDOW);
        assert_eq!(store.prune().await.unwrap(), 1);
        if let Some(redis) = &place.redis {
            assert_eq!(redis.command(&["KEYS", "*:seen:*"]), "", "nothing of a visitor is left");
        }
    });
}

#[test]
fn c8_what_arrives_while_a_batch_is_written_is_the_next_batch() {
    on(&BACKENDS, async |place| {
        let (batcher, mut workers) = batcher(place.store.clone(), 1_600);
        let worker = if workers.len() == 1 { &mut workers[0] } else { &mut workers[1] };
        let mut answers: Vec<_> = (0..50)
            .map(|number| {
                let batcher = batcher.clone();
                Box::pin(async move { batcher.record(1, visitor(number, number)).await })
            })
            .collect();
        // Each view has been handed in once its future has been polled.
        for answer in &mut answers {
            assert!(futures_poll(answer).await.is_none());
        }
        assert_eq!(batcher.waiting(), 50);
        assert!(worker.step().await, "one step");
        for answer in answers {
            let outcome = answer.await.unwrap();
            assert!(outcome.counted);
            assert_eq!(outcome.views, 50, "all were one batch");
        }
        drop(batcher);
        assert!(!worker.step().await, "nothing is left, and nothing can come");
    });
}

#[test]
fn c5_a_view_that_finds_the_queue_full_is_refused_and_not_dropped_in_silence() {
    on(&[Backend::Sqlite], async |place| {
        let (batcher, mut workers) = batcher(place.store.clone(), 1);
        let mut first = Box::pin(batcher.record(1, visitor(1, 1)));
        assert!(futures_poll(&mut first).await.is_none());
        assert!(matches!(batcher.record(1, visitor(2, 2)).await, Err(ViewError::Busy)));
        assert!(workers[0].step().await);
        assert_eq!(first.await.unwrap().views, 1);
        let mut retry = Box::pin(batcher.record(1, visitor(2, 2)));
        assert!(futures_poll(&mut retry).await.is_none());
        assert!(workers[0].step().await);
        assert_eq!(retry.await.unwrap().views, 2, "the retry counts");
    });
}

#[test]
fn c5_a_view_without_a_worker_is_an_error_and_no_acknowledgement() {
    on(&[Backend::Sqlite], async |place| {
        let (batcher, workers) = batcher(place.store.clone(), 1);
        drop(workers);
        assert!(matches!(batcher.record(1, visitor(1, 1)).await, Err(ViewError::Stopped)));
    });
}

#[test]
fn c5_a_commit_is_on_the_disk_before_it_returns() {
    // A killed process can't show this, because the system still writes what it left; a power cut would. So the settings that
    // make SQLite sync each commit are held here (https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL).
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("views.db").display());
        let mut transaction = SqliteDatabase::open(&url).await.unwrap().begin().await.unwrap();
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *transaction).await.unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    });
}

#[test]
fn c5_two_processes_on_one_store_count_a_visitor_once() {
    on(&BACKENDS, async |place| {
        let batch: Vec<View> = (0..40).map(|number| View { article: 1, visitor: visitor(number, number) }).collect();
        // With connections of their own, as two processes have.
        let others = [place.opened_again().await, place.opened_again().await];
        let write = async |store: &ViewStore| {
            let mut counted = 0;
            for part in batch.chunks(4) {
                let outcomes = record(store, part).await;
                counted += outcomes.iter().filter(|outcome| outcome.counted).count();
            }
            counted
        };
        let (one, other) = futures_util::future::join(write(&others[0]), write(&others[1])).await;
        assert_eq!(one + other, 40);
        assert_eq!(place.total(1).await, 40);
    });
}

#[test]
fn c5_a_flush_moves_every_view_to_sql_once_and_changes_no_total() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        for article in 1..=3 {
            for someone in 0..article {
                assert_eq!(place.record(article, someone).await, None);
            }
        }
        assert_eq!(place.redis_store().unflushed().await.unwrap(), Unflushed { pending: 6, batches: 0 });
        let flushed = place.flush().await;
        assert_eq!((flushed.views, flushed.articles, flushed.batches), (6, 3, 3), "{flushed}");
        for article in 1..=3 {
            assert_eq!((place.total(article).await, place.total_in_sql(article).await), (article, article));
        }
        assert_eq!(place.redis_store().unflushed().await.unwrap(), Unflushed::default());
        assert_eq!(place.flush().await, Flushed::default(), "nothing is left");
        assert_eq!(place.record(1, 0).await, Some(Reason::Repeat), "a flush does not end a window");
    });
}

#[test]
fn c5_flushes_at_the_same_time_move_every_view_once() {
    on(&[Backend::Redis], async |place| {
        for round in 0..5 {
            for article in 1..=ARTICLES {
                assert_eq!(place.record(article, round).await, None);
            }
            let flushes = (0..4).map(|_| {
                let store = place.redis_store().clone();
                Flusher::new(store, place.clock.clone())
            });
            let flushes: Vec<_> = flushes.collect();
            let results = futures_util::future::join_all(flushes.iter().map(Flusher::step)).await;
            let moved: i64 = results.into_iter().flatten().map(|flushed| flushed.views).sum();
            // One that met another may have failed, and then left its batches to the next.
            let moved = moved + place.flush().await.views;
            assert_eq!(moved, ARTICLES, "round {round}");
        }
        for article in 1..=ARTICLES {
            assert_eq!(place.total_in_sql(article).await, 5);
        }
    });
}

#[test]
fn c5_recent_views_are_settled_once_before_their_list_is_long_though_nobody_reads_them() {
    on(&[Backend::Redis], async |place| {
        let store = place.redis_store();
        assert_eq!(store.refresh_rankings().await.unwrap(), 16);
        let length = || {
            let length = place.redis.as_ref().unwrap().command(&["STRLEN", "tm:{1}:recent"]);
            length.trim().parse::<usize>().unwrap()
        };
        let (mut longest, mut shortest) = (0, usize::MAX);
        for someone in 0..8 {
            // All in one shard. None of them is in SQL, which is no matter here.
            let views = (0..1_000).map(|number| View { article: 16 * number + 1, visitor: visitor(someone, someone) });
            let outcomes = record(&place.store, &views.collect::<Vec<_>>()).await;
            assert!(outcomes.iter().all(|outcome| outcome.counted && outcome.views == someone + 1), "{outcomes:?}");
            longest = longest.max(length());
            shortest = shortest.min(length());
        }
        assert!(longest <= 65_536, "{longest}");
        assert_eq!(shortest, 0, "it was settled when it was full");
        for window in [Window::All, Window::Day, Window::Week, Window::Month] {
            let top = store.top(window, 2_000).await.unwrap().unwrap();
            assert_eq!(top.len(), 1_000, "{window:?}");
            assert!(top.iter().all(|(_, views)| *views == 8), "{window:?}: {top:?}");
        }
        assert_eq!(store.unflushed().await.unwrap(), Unflushed { pending: 8_000, batches: 0 });
        let flushed = place.flush().await;
        assert_eq!((flushed.views + flushed.dropped, flushed.batches), (8_000, 1), "{flushed}");
    });
}

#[test]
fn c5_views_of_an_article_that_is_gone_are_dropped_and_reported() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        assert_eq!(place.record(ARTICLES + 1, 1).await, None);
        let flushed = place.flush().await;
        assert_eq!((flushed.views, flushed.dropped), (1, 1));
        assert!(flushed.to_string().contains("1 views of articles that are no longer there"), "{flushed}");
        assert_eq!(place.total_in_sql(ARTICLES + 1).await, 0);
        assert_eq!(place.flush().await, Flushed::default());
    });
}

#[test]
fn c5_a_redis_that_lost_everything_takes_totals_and_rankings_from_sql() {
    on(&[Backend::Redis], async |place| {
        let store = place.redis_store();
        store.note_origin().await.unwrap();
        for someone in 0..3 {
            assert_eq!(place.record(1, someone).await, None);
        }
        assert_eq!(place.record(2, 1).await, None);
        place.flush().await;
        assert_eq!(place.record(2, 2).await, None);
        place.redis.as_ref().unwrap().command(&["FLUSHALL"]);
        // Only what was not flushed is lost.
        assert_eq!(store.top(Window::Day, 10).await.unwrap(), None, "SQL is asked until the ranking is built");
        assert_eq!(place.record(1, 9).await, None);
        assert_eq!(place.total(1).await, 4);
        assert_eq!(store.refresh_rankings().await.unwrap(), 16);
        for window in [Window::All, Window::Day, Window::Week, Window::Month] {
            assert_eq!(store.top(window, 10).await.unwrap().unwrap(), [(1, 4), (2, 1)], "{window:?}");
        }
        store.note_origin().await.unwrap();
        assert_eq!(store.database.origins().await.unwrap().len(), 2, "which doctor reports");
    });
}

#[test]
fn c5_a_redis_set_back_to_an_older_file_never_counts_a_batch_twice() {
    on(&[Backend::Redis], async |mut place| {
        for someone in 0..5 {
            assert_eq!(place.record(1, someone).await, None);
        }
        // The file as it is before the flush: the views are pending in it.
        let mut redis = place.redis.take().unwrap();
        let file = redis.folder().join("appendonlydir");
        let copy = tempfile::tempdir().unwrap();
        let copyfolder = |from: &std::path::Path, to: &std::path::Path| {
            for entry in std::fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        };
        copyfolder(&file, copy.path());
        assert_eq!(place.record(1, 5).await, None);
        assert_eq!(place.flush().await.views, 6);
        for _ in 0..2 {
            redis.kill();
            std::fs::remove_dir_all(&file).unwrap();
            std::fs::create_dir(&file).unwrap();
            copyfolder(copy.path(), &file);
            redis.restart();
            // The old pending views must not be mixed with a new one of the same shard, or neither could be told apart.
            let batch = [View { article: 17, visitor: visitor(7, 7) }];
            retry(|| place.store.record(&batch)).await;
            let flushed =
                retry(|| async { Flusher::new(place.redis_store().clone(), place.clock.clone()).step().await }).await;
            assert_eq!(flushed.known, 1, "{flushed}");
            assert_eq!(flushed.views, 1, "the new view alone");
            assert_eq!(place.total_in_sql(1).await, 6);
        }
        assert_eq!(place.total_in_sql(17).await, 2, "the memory of who was counted is as old as the file");
        // The totals are as old as the file, until the next look at the rankings.
        assert_eq!(place.total(1).await, 5);
        place.redis_store().refresh_rankings().await.unwrap();
        assert_eq!(place.total(1).await, 6);
        assert_eq!(place.redis_store().reconcile().await.unwrap(), []);
    });
}

#[test]
fn c3_a_redis_that_lost_its_salts_gets_them_back_from_a_process_that_knows_them() {
    on(&[Backend::Redis], async |place| {
        let identifier = || Identifier::new(place.store.clone(), place.clock.clone(), WINDOW);
        let reader =
            Reader { user: None, address: "192.0.2.1".parse().unwrap(), user_agent: "Mozilla/5.0 Gecko".into() };
        let knows = identifier();
        let before = knows.identify(&reader).await.unwrap();
        place.redis.as_ref().unwrap().command(&["FLUSHALL"]);
        place.clock.advance(Duration::from_secs(10));
        assert_eq!(knows.identify(&reader).await.unwrap(), before);
        assert_eq!(identifier().identify(&reader).await.unwrap(), before, "in a new process");
    });
}

#[test]
fn c2_a_process_with_another_number_of_shards_takes_no_views() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        let redis = Redis::new(&place.redis.as_ref().unwrap().url()).unwrap();
        let database = place.redis_store().database.clone();
        let other = RedisStore::new(redis, database, place.clock.clone(), WINDOW, CAP, 4);
        let refused = other.record(&[View { article: 1, visitor: visitor(2, 2) }]).await.unwrap_err();
        assert!(refused.to_string().contains("first used with 16"), "{refused}");
        assert_eq!(place.total(1).await, 1);
    });
}

#[test]
fn c6_a_view_whose_total_cannot_be_had_is_recorded_but_not_answered_and_holds_up_no_other() {
    let mut maria = MariaDb::start();
    let redis = servers::Redis::start();
    runtime().block_on(async {
        let clock = clock();
        let url = maria.new_database();
        let database = MySqlDatabase::open(&url).await.unwrap();
        add_articles(&url).await;
        let store = RedisStore::new(Redis::new(&redis.url()).unwrap(), database, clock.clone(), WINDOW, CAP, 16);
        // Both are in one shard.
        store.record(&[View { article: 1, visitor: visitor(1, 1) }]).await.unwrap();
        maria.kill();
        let batch = [View { article: 1, visitor: visitor(2, 2) }, View { article: 17, visitor: visitor(2, 2) }];
        let outcomes = store.record(&batch).await.unwrap();
        assert_eq!(outcomes[0].as_ref().map(|outcome| outcome.views), Some(2));
        assert_eq!(outcomes[1], None);
        maria.restart();
        let outcomes = retry(|| async {
            let outcomes = store.record(&batch).await.unwrap();
            if outcomes.iter().all(Option::is_some) { Ok(outcomes) } else { Err("not yet") }
        })
        .await;
        let outcome = outcomes[1].as_ref().unwrap();
        assert_eq!((outcome.views, outcome.reason), (1, Some(Reason::Repeat)), "it was recorded the first time");
    });
}

/// Tries until it works: a connection that has broken fails once.
async fn retry<T, E: std::fmt::Debug, F: Future<Output = Result<T, E>>>(attempt: impl Fn() -> F) -> T {
    for _ in 0..100 {
        match attempt().await {
            Ok(value) => return value,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    attempt().await.unwrap()
}

#[test]
fn c5_a_batch_whose_views_are_gone_is_not_taken_for_flushed() {
    // So it is when Redis went back to before the batch was closed while a flush had its name: the views are pending again.
    on(&[Backend::Redis], async |place| {
        let redis = place.redis.as_ref().unwrap();
        let name = format!("{}-0123456789abcdef", place.clock.now_ms());
        redis.command(&["ZADD", "tm:{1}:batches", "1", &name]);
        assert_eq!(place.flush().await, Flushed::default());
        redis.command(&["HSET", &format!("tm:{{1}}:batch:{name}"), "1:500000", "3"]);
        assert_eq!(place.flush().await.views, 3);
        assert_eq!(place.total_in_sql(1).await, 3);
    });
}

#[test]
fn c5_a_batch_too_old_for_the_ledger_is_left_alone_and_reported() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        place.clock.advance(30 * 24 * HOUR);
        let flushed = place.flush().await;
        assert_eq!((flushed.views, flushed.undecided), (0, 1));
        assert!(flushed.to_string().contains("too old"), "{flushed}");
        assert_eq!(place.redis_store().unflushed().await.unwrap(), Unflushed { pending: 0, batches: 1 });
        // If SQL has it, it must not be added to what SQL has.
        let drifts = place.redis_store().reconcile().await.unwrap();
        assert_eq!(drifts, [Drift { cache: "total".into(), article: 1, cached: 1, correct: 0 }]);
    });
}

#[test]
fn c5_with_everysec_a_flush_waits_until_redis_has_synced() {
    runtime().block_on(async {
        let redis = servers::Redis::with(&["--appendfsync", "everysec"]);
        let clock = clock();
        let store = redis_store(&redis.url(), &clock).await;
        let flusher = Flusher::new(store.clone(), clock);
        store.record(&[View { article: 1, visitor: visitor(1, 1) }]).await.unwrap();
        let start = Instant::now();
        let flushed = flusher.step().await.unwrap();
        assert_eq!((flushed.views, flushed.waiting), (1, 0), "{flushed}");
        assert!(start.elapsed() >= Duration::from_secs(2), "a sync may begin so late");

        // A child that writes a snapshot for as long as this test takes; Redis may not sync as it usually does meanwhile.
        store.record(&[View { article: 1, visitor: visitor(2, 2) }]).await.unwrap();
        redis.command(&["CONFIG", "SET", "rdb-key-save-delay", "10000000"]);
        redis.command(&["BGSAVE"]);
        let flushed = flusher.step().await.unwrap();
        assert_eq!((flushed.views, flushed.waiting), (0, 1), "{flushed}");
    });
}

#[test]
fn c6_totals_stay_exact_while_flushes_meet_a_cache_that_is_lost_again_and_again() {
    on(&[Backend::Redis], async |place| {
        let redis = place.redis.as_ref().unwrap();
        let reader = async {
            for someone in 0..150 {
                redis.command(&["DEL", "tm:{1}:total"]);
                let view = View { article: 1, visitor: visitor(someone, someone) };
                let outcomes = place.store.record(&[view]).await.unwrap();
                assert_eq!(outcomes[0].as_ref().map(|outcome| outcome.views), Some(someone + 1));
            }
        };
        let flusher = async {
            loop {
                place.flush().await;
            }
        };
        futures_util::future::select(Box::pin(reader), Box::pin(flusher)).await;
    });
}

#[test]
fn c6_what_was_read_from_sql_before_a_batch_was_closed_or_finished_fills_no_cache() {
    const FILL: &str = concat!(
        include_str!("../server/views/store/redis/common.lua"),
        include_str!("../server/views/store/redis/fill.lua")
    );
    const PUBLISH: &str = concat!(
        include_str!("../server/views/store/redis/common.lua"),
        include_str!("../server/views/store/redis/publish.lua")
    );
    on(&[Backend::Redis], async |place| {
        let redis = place.redis.as_ref().unwrap();
        let version = || redis.command(&["HGET", "tm:{1}:state", "version"]).trim().parse::<i64>().unwrap_or(0);
        let now = place.clock.now_ms().to_string();
        // As a replica does that has just read SQL: 7 views of article 1, and no ranking of the hour 0.
        let fill = |version: i64| {
            redis.command(&["EVAL", FILL, "1", "tm:{1}", &now, &version.to_string(), "correct", "0", "1", "7"]);
            redis.command(&["HGET", "tm:{1}:total", "1"]).trim().to_owned()
        };
        let publish = |version: i64| {
            let arguments = [&now, &version.to_string(), "0", "aside", "0", "all", "0", "0"];
            redis.command(&[&["EVAL", PUBLISH, "1", "tm:{1}"][..], &arguments[..]].concat());
            redis.command(&["HEXISTS", "tm:{1}:state", "rank:all"]).trim() == "1"
        };
        assert_eq!(place.record(1, 1).await, None);
        let before = version();
        assert_eq!(place.flush().await.batches, 1);
        assert_eq!(version(), before + 2, "closing the batch changes it, and so does finishing it");
        for earlier in [before, before + 1] {
            assert_eq!((fill(earlier), publish(earlier)), ("1".into(), false));
        }
        assert_eq!(fill(version()), "7", "of this moment it is believed");
        assert!(publish(version()));
        assert_eq!(version(), before + 3, "and is put in place once");
    });
}

#[test]
fn c3_only_where_an_entry_begins_is_an_address_looked_for() {
    on(&[Backend::Redis], async |place| {
        let (article, address) = (1_i64, 5_i64);
        // As the store does: the bucket, and what the entries of an address begin with.
        let entry = |address: i64| {
            let hash = blake3::hash(&[&article.to_le_bytes()[..], &[1], &address.to_le_bytes()].concat());
            let [a, b, c, d, e, f, ..] = *hash.as_bytes();
            (u16::from_le_bytes([a, b]) % (65_536 / 16) as u16, u32::from_le_bytes([c, d, e, f]))
        };
        let (bucket, prefix) = entry(address);
        let neighbour = (address + 1..).find(|other| entry(*other).0 == bucket).unwrap();
        // A visitor in the same bucket whose own part of the entry is what entries of the address begin with.
        let impostor = visitor(prefix.into(), neighbour);
        assert_eq!(record(&place.store, &[View { article, visitor: impostor }]).await[0].reason, None);
        assert!(
            place.redis.as_ref().unwrap().command(&["EXISTS", &format!("tm:{{1}}:seen:{bucket}")]).trim() == "1",
            "it is the bucket"
        );
        for someone in 0..CAP as i64 {
            let view = View { article, visitor: visitor(1_000 + someone, address) };
            assert_eq!(record(&place.store, &[view]).await[0].reason, None, "visitor {someone} of the address");
        }
    });
}

#[test]
fn rankings_end_with_the_current_hour_and_equal_what_the_hours_in_sql_say() {
    on(&BACKENDS, async |place| {
        let refresh = async || match &place.store {
            ViewStore::Sqlite(store) => store.refresh_rankings().await.map(drop).unwrap(),
            ViewStore::Redis(store) => store.refresh_rankings().await.map(drop).unwrap(),
        };
        let reconcile = async || match &place.store {
            ViewStore::Sqlite(store) => store.reconcile().await.unwrap(),
            ViewStore::Redis(store) => store.reconcile().await.unwrap(),
        };
        refresh().await;
        for hour in 0..60 {
            for someone in 0..=(hour % 4) {
                assert_eq!(place.record(1 + hour % 7, 1000 * hour + someone).await, None);
            }
            if hour % 5 == 0 {
                place.flush().await;
            }
            place.clock.advance(HOUR);
            refresh().await;
            assert_eq!(reconcile().await, [], "after {hour} hours");
        }
        place.clock.advance(40 * HOUR);
        refresh().await;
        assert_eq!(reconcile().await, [], "after a long pause");
    });
}

#[test]
fn a_reconcile_corrects_what_has_drifted_and_names_it() {
    on(&[Backend::Redis], async |place| {
        let store = place.redis_store();
        store.refresh_rankings().await.unwrap();
        for someone in 0..3 {
            assert_eq!(place.record(1, someone).await, None);
        }
        place.flush().await;
        assert_eq!(place.record(1, 4).await, None);
        assert_eq!(store.reconcile().await.unwrap(), []);
        let redis = place.redis.as_ref().unwrap();
        redis.command(&["HSET", "tm:{1}:total", "1", "40"]);
        redis.command(&["ZADD", "tm:{1}:rank:7d", "99", "0000000000000000017"]);
        redis.command(&["ZREM", "tm:{1}:rank:24h", "0000000000000000001"]);
        let mut drifts = store.reconcile().await.unwrap();
        drifts.sort_by(|one, other| one.cache.cmp(&other.cache));
        let drift = |cache: &str, article, cached, correct| Drift { cache: cache.into(), article, cached, correct };
        assert_eq!(drifts, [drift("rank:24h", 1, 0, 4), drift("rank:7d", 17, 99, 0), drift("total", 1, 40, 4)]);
        assert_eq!(store.reconcile().await.unwrap(), []);
        assert_eq!(place.total(1).await, 4);
    });
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[derive(Clone, Debug)]
enum Action {
    Advance(u64),
    Record(Vec<(i64, i64)>),
    Flush,
    /// Redis forgets the totals and rankings that it caches.
    ForgetCache,
    Refresh,
    /// Redis ends and starts again with its file.
    Restart,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        8 => (1u64..700).prop_map(Action::Advance),
        24 => prop::collection::vec((1i64..4, 0i64..8), 1..6).prop_map(Action::Record),
        8 => Just(Action::Flush),
        2 => Just(Action::ForgetCache),
        2 => Just(Action::Refresh),
        1 => Just(Action::Restart),
    ];
    prop::collection::vec(action, 1..40)
}

/// Any sequence of batches, pauses, flushes and losses of what is cached, against the rules written the slow way.
async fn agrees_with_the_model(mut place: Place, actions: Vec<Action>) -> Result<(), TestCaseError> {
    let mut counted_at = Vec::<(i64, i64, i64)>::new();
    let mut totals = HashMap::<i64, i64>::new();
    for action in actions {
        let views = match action {
            Action::Advance(seconds) => {
                place.clock.advance(Duration::from_secs(seconds));
                continue;
            }
            Action::Flush => {
                place.flush().await;
                if let ViewStore::Redis(_) = place.store {
                    for (article, total) in &totals {
                        prop_assert_eq!(place.total_in_sql(*article).await, *total, "after a flush SQL has everything");
                    }
                }
                continue;
            }
            Action::ForgetCache => {
                if let Some(redis) = &place.redis {
                    for shard in 1..4 {
                        redis.command(&["DEL", &format!("tm:{{{shard}}}:total")]);
                        redis.command(&["HDEL", &format!("tm:{{{shard}}}:state"), "rank:all", "rank:24h"]);
                    }
                }
                continue;
            }
            Action::Refresh => {
                match &place.store {
                    ViewStore::Sqlite(store) => store.refresh_rankings().await.map(drop).unwrap(),
                    ViewStore::Redis(store) => store.refresh_rankings().await.map(drop).unwrap(),
                }
                continue;
            }
            Action::Restart => {
                if let Some(redis) = &mut place.redis {
                    redis.kill();
                    redis.restart();
                    retry(|| place.redis_store().unflushed()).await;
                }
                continue;
            }
            Action::Record(views) => views,
        };
        let now = place.clock.now_ms();
        let batch: Vec<View> =
            views.iter().map(|&(article, someone)| View { article, visitor: visitor(someone, someone % 3) }).collect();
        let outcomes = record(&place.store, &batch).await;
        let mut expected = Vec::new();
        for &(article, someone) in &views {
            let live: Vec<_> =
                counted_at.iter().filter(|(other, _, at)| *other == article && now < at + 600_000).collect();
            let reason = if live.iter().any(|(_, visitor, _)| *visitor == someone) {
                Some(Reason::Repeat)
            } else if live.iter().filter(|(_, visitor, _)| visitor % 3 == someone % 3).count() >= CAP {
                Some(Reason::IpCap)
            } else {
                counted_at.push((article, someone, now));
                *totals.entry(article).or_default() += 1;
                None
            };
            expected.push(reason);
        }
        let reasons: Vec<_> = outcomes.iter().map(|outcome| outcome.reason).collect();
        prop_assert_eq!(reasons, expected);
        for outcome in outcomes {
            prop_assert_eq!(outcome.counted, outcome.reason.is_none());
            prop_assert_eq!(outcome.views, totals.get(&outcome.article).copied().unwrap_or(0));
        }
    }
    // At the end every ranking is what the views of its hours make it.
    let hour = place.clock.now_ms().div_euclid(3_600_000);
    if let ViewStore::Redis(store) = &place.store {
        place.flush().await;
        store.refresh_rankings().await.unwrap();
        for window in [Window::All, Window::Day] {
            let mut expected = HashMap::<i64, i64>::new();
            for (article, _, at) in &counted_at {
                if window.hours().is_none_or(|hours| at.div_euclid(3_600_000) > hour - hours) {
                    *expected.entry(*article).or_default() += 1;
                }
            }
            let mut expected: Vec<_> = expected.into_iter().collect();
            expected.sort_by_key(|(article, views)| std::cmp::Reverse((*views, *article)));
            prop_assert_eq!(store.top(window, 10).await.unwrap().unwrap(), expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn c2_c3_the_sqlite_store_agrees_with_a_simple_model(actions in actions()) {
        runtime().block_on(async { agrees_with_the_model(Place::new(Backend::Sqlite).await, actions).await })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn c2_c3_c5_the_redis_store_and_its_flush_agree_with_a_simple_model(actions in actions()) {
        runtime().block_on(async { agrees_with_the_model(Place::new(Backend::Redis).await, actions).await })?;
    }
}
