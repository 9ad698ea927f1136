//! Connecting to the database, and the error messages when that fails.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use sqlx::{Connection, MySqlConnection};
use tempfile::TempDir;
use tidemark::error::Error;
use tidemark::server::db::actor::Role;
use tidemark::server::db::articles::{ArticleFields, Written};
use tidemark::server::db::content_version::ContentWatch;
use tidemark::server::db::counts::counts;
use tidemark::server::db::reactions::Counted;
use tidemark::server::db::{AnyDatabase, Database, OpenError, Transaction};
use tidemark_counting::ArticleId;
use tidemark_servers::SqlServer;
use tidemark_store::on_own;
use tidemark_store::sql::{Open, OwnConnection};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use url::Url;

use crate::database::{NOW, article, by_slug, execute, new_database, on_both, try_write, write};
use crate::harness::{PATIENCE, reader};

#[test]
fn a_database_can_be_opened_again_and_by_many_at_once() {
    on_both(async |database| {
        write(&database, &article("first")).await;
        database.ping().await.unwrap();
    });
    Runtime::new().unwrap().block_on(async {
        let url = new_database();
        // Each one migrates the database or waits for another to finish.
        let opening = (0..6)
            .map(|_| url.clone())
            .map(|url| tokio::spawn(async move { Database::open(&url).await }));
        let mut opened = Vec::new();
        for open in opening.collect::<Vec<_>>() {
            opened.push(open.await.unwrap().unwrap());
        }
        let [first, second] = &opened[..2] else { unreachable!() };
        write(first, &article("first")).await;
        assert!(!second.is_empty().await.unwrap());
        let other = Database::open(&url.replacen("mysql:", "mariadb:", 1)).await.unwrap();
        assert!(!other.is_empty().await.unwrap());
        assert!(matches!(first.any(), AnyDatabase::MySql(_)));
    });
}

#[test]
fn a_connection_has_the_same_session_settings_whatever_the_servers_defaults() {
    Runtime::new().unwrap().block_on(async {
        let database = Database::open(&new_database()).await.unwrap();
        let Transaction::MySql(mut transaction) = database.begin().await.unwrap() else {
            panic!("not a server")
        };
        let settings =
            "SELECT @@sql_mode, @@time_zone, @@character_set_client, @@character_set_results,
            CAST(@@innodb_lock_wait_timeout AS CHAR)";
        let row: (String, String, String, String, String) =
            sqlx::query_as(settings).fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(row.0, "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION");
        assert_eq!(
            [row.1.as_str(), &row.2, &row.3, &row.4],
            ["+00:00", "utf8mb4", "utf8mb4", "10"]
        );
        let error = sqlx::query("UPDATE users SET username = repeat('x', 1000)")
            .execute(&mut *transaction)
            .await;
        assert!(error.is_ok(), "there is no user");
        let error = sqlx::query(
            "INSERT INTO users (username, name, role, created_at) VALUES ('a', '', 'owner', 0)",
        )
        .execute(&mut *transaction)
        .await;
        assert!(error.is_err(), "a role that does not exist is refused, not cut");
    });
}

#[test]
fn connections_dropped_by_the_server_are_replaced_without_errors() {
    // A SQL server of its own: MySQL doesn't list its connections while one of them runs a
    // statement that contains bytes that aren't text.
    let server = SqlServer::start();
    Runtime::new().unwrap().block_on(async {
        let url = server.new_database();
        let database = Database::open(&url).await.unwrap();
        // Open several connections, which are idle afterwards.
        let reads = (0..8).map(|_| database.clone()).map(|database| tokio::spawn(async move { database.ping().await }));
        for read in reads.collect::<Vec<_>>() {
            read.await.unwrap().unwrap();
        }
        let mut watch = ContentWatch::new(database.clone());
        let mut own = OwnConnection::new(database.any().clone());
        watch.look(NOW).await.unwrap();
        counts(&mut own, &[ArticleId(1)]).await.unwrap();
        let other = sqlx::MySqlPool::connect(&url).await.unwrap();
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
        )
        .fetch_all(&other)
        .await
        .unwrap();
        assert!(!ids.is_empty());
        for id in ids {
            let _ = sqlx::query(sqlx::AssertSqlSafe(format!("KILL {id}"))).execute(&other).await;
        }
        for _ in 0..20 {
            database.ping().await.unwrap();
        }
        watch.look(NOW).await.unwrap();
        counts(&mut own, &[ArticleId(1)]).await.unwrap();
    });
}

#[test]
fn an_unreachable_server_fails_fast_and_is_used_again_when_it_is_back() {
    let mut server = SqlServer::start();
    let url = server.new_database();
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(Database::open(&url)).unwrap();
    runtime.block_on(write(&database, &article("first")));
    let assert_is_away = || {
        let start = Instant::now();
        let error = runtime.block_on(by_slug(&database, "first", NOW)).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        assert_eq!(Error::from(error), Error::Unavailable);
    };
    server.pause();
    assert_is_away();
    server.resume();
    assert!(runtime.block_on(by_slug(&database, "first", NOW)).unwrap().is_some(), "after a pause");
    server.kill();
    assert_is_away();
    server.restart();
    assert!(
        runtime.block_on(by_slug(&database, "first", NOW)).unwrap().is_some(),
        "after a restart"
    );
    assert_eq!(runtime.block_on(write(&database, &article("second"))), Written::Created);
}

#[test]
fn a_connection_opened_after_a_read_timed_out_serves_a_later_read() {
    Runtime::new().unwrap().block_on(async {
        let database = Database::open(&new_database()).await.unwrap();
        let AnyDatabase::MySql(server) = database.any() else { panic!("not a server") };
        let mut own = OwnConnection::new(database.any().clone());
        let start = Instant::now();
        // Each read is given up at once.
        while Open::take(&mut own.open, server).now_or_never().transpose().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "no connection was ever opened");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

/// A database in a file, and the folder that it is in.
async fn file() -> (Database, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("blog.db").display());
    (Database::open(&url).await.unwrap(), folder)
}

#[test]
fn reads_of_a_file_that_nobody_waits_for_any_more_keep_few_connections() {
    async fn slow_read(own: &mut OwnConnection) -> sqlx::Result<i64> {
        let sql = "WITH RECURSIVE numbers (number) AS
                (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 300000)
            SELECT count(*) FROM numbers";
        let count = on_own!(own, connection => {
            sqlx::query_scalar(sql).fetch_one(&mut *connection).await?
        });
        Ok(count)
    }
    Runtime::new().unwrap().block_on(async {
        let (database, _folder) = file().await;
        let AnyDatabase::Sqlite(sqlite) = database.any() else { panic!("not a file") };
        let mut own = OwnConnection::new(database.any().clone());
        for _ in 0..20 {
            let _ = timeout(Duration::from_millis(2), slow_read(&mut own)).await;
        }
        assert!(sqlite.held().size() <= 3, "{}", sqlite.held().size());
        assert_eq!(slow_read(&mut own).await.unwrap(), 300_000, "it reads on");
        assert!(own.sqlite.is_some(), "and keeps the connection");
    });
}

#[test]
fn a_closed_file_is_whole_without_its_log_even_if_a_task_still_holds_a_connection() {
    Runtime::new().unwrap().block_on(async {
        let (database, folder) = file().await;
        let log = folder.path().join("blog.db-wal");
        let is_empty = || std::fs::metadata(&log).map_or(0, |log| log.len()) == 0;
        let mut own = OwnConnection::new(database.any().clone());
        counts(&mut own, &[ArticleId(1)]).await.unwrap();
        write(&database, &article("first")).await;
        assert!(!is_empty());
        let closing = tokio::spawn(async move { database.close().await });
        let start = Instant::now();
        while !is_empty() {
            assert!(start.elapsed() < PATIENCE, "the log was never emptied");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(own);
        closing.await.unwrap();
    });
}

/// Waits until a statement that contains `part` is running. Then reads as often as waiting
/// connections could be in the way.
async fn read_while_waiting(database: &Database, url: &str, part: &str) {
    let mut observer = MySqlConnection::connect(url).await.unwrap();
    let sql = "SELECT count(*) FROM information_schema.processlist
         WHERE db = database() AND id <> connection_id() AND info LIKE ?";
    let start = Instant::now();
    while sqlx::query_scalar::<_, i64>(sql)
        .bind(format!("%{part}%"))
        .fetch_one(&mut observer)
        .await
        .unwrap()
        == 0
    {
        assert!(start.elapsed() < PATIENCE, "nobody waits");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..20 {
        database.ping().await.unwrap();
    }
}

#[test]
fn writers_waiting_for_the_article_lock_leave_the_connections_to_readers() {
    Runtime::new().unwrap().block_on(async {
        let url = new_database();
        let database = Database::open_with(&url, NonZeroU32::new(4)).await.unwrap();
        let first = database.begin().await.unwrap();
        let waiting: Vec<_> = (0..16)
            .map(|_| database.clone())
            .map(|database| tokio::spawn(async move { database.begin().await.map(drop) }))
            .collect();
        read_while_waiting(&database, &url, "article_write_lock FOR UPDATE").await;
        drop(first);
        for other in waiting {
            other.await.unwrap().unwrap();
        }
    });
}

#[test]
fn writers_waiting_for_a_locked_count_leave_most_connections_to_readers() {
    Runtime::new().unwrap().block_on(async {
        let url = new_database();
        let database = Database::open_with(&url, NonZeroU32::new(4)).await.unwrap();
        write(&database, &article("first")).await;
        let id = by_slug(&database, "first", NOW).await.unwrap().unwrap().summary.id;
        let user = database.add_user("reader", "A Reader", Role::Reader, None, NOW).await.unwrap().unwrap();
        // Holds a lock like a flush of many views.
        let mut flush = MySqlConnection::connect(&url).await.unwrap();
        let mut flush = flush.begin().await.unwrap();
        let lock =
            "INSERT INTO article_stats (article_id, views) VALUES (?, 1) ON DUPLICATE KEY UPDATE views = views + 1";
        sqlx::query(lock).bind(id).execute(&mut *flush).await.unwrap();
        let waiting: Vec<_> = (0..16)
            .map(|_| database.clone())
            .map(|database| {
                tokio::spawn(async move { database.set_reaction(Counted::Likes, reader(user), id, true, NOW).await })
            })
            .collect();
        read_while_waiting(&database, &url, "INTO article_stats").await;
        flush.commit().await.unwrap();
        for other in waiting {
            assert_eq!(other.await.unwrap().unwrap().count, 1);
        }
    });
}

#[test]
fn a_request_waits_for_other_writers_only_until_its_timeout() {
    let folder = tempfile::tempdir().unwrap();
    Runtime::new().unwrap().block_on(async {
        for url in [format!("sqlite:{}", folder.path().join("blog.db").display()), new_database()] {
            let (import, request) =
                (Database::open(&url).await.unwrap(), Database::open(&url).await.unwrap());
            let request = request.for_requests();
            let held = import.begin().await.unwrap();
            let start = Instant::now();
            let error = request.begin().await.unwrap_err();
            // Outside of requests, the limit is ten seconds.
            assert!(start.elapsed() < Duration::from_secs(9), "on {url}: {:?}", start.elapsed());
            assert_eq!(Error::from(error), Error::Unavailable);
            drop(held);
            while request.begin().await.is_err() {}
        }
    });
}

#[test]
fn an_unusable_server_database_is_explained_in_one_line_without_the_password() {
    async fn error(url: &str) -> OpenError {
        Database::open(url).await.expect_err(url)
    }
    Runtime::new().unwrap().block_on(async {
        let url = Url::parse(&new_database()).unwrap();
        let changed = |change: fn(&mut Url)| {
            let mut url = url.clone();
            change(&mut url);
            url.to_string()
        };
        let unknown = changed(|url| url.set_path("/no_such_database"));
        let denied = changed(|url| {
            url.set_username("nobody").unwrap();
            url.set_password(Some("secret-word")).unwrap();
        });
        // A port that nobody listens on.
        let unreachable = changed(|url| {
            let port =
                std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            url.set_host(Some("127.0.0.1")).unwrap();
            url.set_port(Some(port)).unwrap();
            url.set_username("nobody").unwrap();
            url.set_password(Some("secret-word")).unwrap();
        });
        let nameless = changed(|url| url.set_path(""));
        let newer = Database::open(url.as_str()).await.unwrap();
        execute(
            &newer,
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'later', true, '', 0)",
        )
        .await;
        let errors = [
            (error(&unknown).await, "CREATE DATABASE"),
            (error(&denied).await, "refuses this user access"),
            (error(&unreachable).await, "can't be reached"),
            (error(&nameless).await, "name is missing"),
            (
                error("mysql://user:secret-word@host:port/name").await,
                "mysql://user:password@host:3306/name",
            ),
            (error("postgres://localhost/name").await, "is not a database address"),
            (error("").await, "is not a database address"),
            (error(url.as_str()).await, "migration 9999"),
        ];
        for (error, expected) in errors {
            let text = error.to_string();
            eprintln!("{text}");
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains('\n') && !text.contains("secret-word"), "{text}");
        }
    });
}

#[test]
fn an_unreachable_database_is_unavailable_and_any_other_failure_is_internal() {
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    for error in [
        sqlx::Error::PoolTimedOut,
        sqlx::Error::PoolClosed,
        sqlx::Error::WorkerCrashed,
        refused.into(),
    ] {
        assert_eq!(Error::from(error), Error::Unavailable);
    }
    for error in [sqlx::Error::RowNotFound, sqlx::Error::Protocol("odd".into())] {
        assert_eq!(Error::from(error), Error::Internal);
    }
    on_both(async |database| {
        database.close().await;
        assert_eq!(Error::from(database.ping().await.unwrap_err()), Error::Unavailable, "closed");
    });
    on_both(async |database| {
        // Violates a constraint of the database.
        let no_time = ArticleFields { published_at: None, ..article("first") };
        let error = try_write(&database, &no_time, NOW).await.unwrap_err();
        assert_eq!(Error::from(error), Error::Internal);
    });
}
