//! Backups: what is in them, what is not, and that a restore gives exactly that back, in both
//! profiles and from one to the other.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;
use tidemark::server::backup::archive::{self, Entry, FORMAT, Header};
use tidemark::server::backup::restore::{Restored, restore};
use tidemark::server::backup::{BackupError, back_up};
use tidemark::server::config::Config;
use tidemark::server::content::rerender::rerender;
use tidemark::server::db::actor::Role;
use tidemark::server::db::backup::{TABLES, is_decided, schema};
use tidemark::server::db::{AnyDatabase, Database};
use tidemark::server::jobs::Job;
use tidemark::server::pictures::{Pictures, SentFile};
use tidemark::server::state::{AppState, Parts};
use tidemark_counting::ArticleId;
use tidemark_counting::flush::Flusher;
use tidemark_counting::sql::ledger::Batch;
use tidemark_servers::{Redis, RedisCluster, SqlServer};
use tidemark_store::clock::Clock;
use tokio::runtime::Runtime;

use crate::database::on_both;
use crate::harness::{FIREFOX, NOON, TestServer, binary, wait_until};
use crate::pictures::files::png;

const PASSWORD: &str = "a-good-password";

/// Stores in which nothing is yet, of either profile.
struct Installation {
    parts: AppState,
    runtime: Runtime,
    folder: TempDir,
    _redis: Option<Redis>,
}

impl Installation {
    fn empty(is_server: bool) -> Self {
        let redis = is_server.then(Redis::start);
        let url = redis.as_ref().map(Redis::url).unwrap_or_default();
        Self { _redis: redis, ..Self::with_redis(url) }
    }

    /// With the Redis at `url`, or none if that is empty.
    fn with_redis(url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match url.is_empty() {
            true => format!("sqlite:{}", folder.path().join("blog.db").display()),
            false => SqlServer::shared().new_database(),
        };
        let environment = HashMap::from(
            [
                ("DATABASE_URL", database),
                ("REDIS_URL", url),
                (
                    "TIDEMARK_PICTURES__URL",
                    format!("file:{}", folder.path().join("pictures").display()),
                ),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let config = Config::load(None, environment).unwrap();
        let clock = Clock::manual(NOON.parse::<Timestamp>().unwrap());
        let runtime = Runtime::new().unwrap();
        let (parts, _) = runtime.block_on(Parts::assemble(config, clock)).unwrap();
        Self { parts, runtime, folder, _redis: None }
    }

    fn restore(&self, backup: &Path, force: bool) -> Result<Restored, BackupError> {
        self.runtime.block_on(restore(&self.parts.stores, &self.parts.clock, backup, force))
    }

    fn back_up(&self) -> PathBuf {
        let path = self.folder.path().join("again.tar.gz");
        self.runtime.block_on(self.parts.jobs.backup_step(&path)).unwrap();
        path
    }

    fn job(&self, job: Job) -> Option<String> {
        self.runtime.block_on(self.parts.jobs.step(job)).unwrap()
    }

    /// The counts in SQL: of each article, and of all hours together.
    fn counts(&self) -> (BTreeMap<i64, i64>, i64) {
        self.runtime.block_on(counts(&self.parts.stores.database))
    }

    /// What readers see.
    fn total(&self, article: i64) -> i64 {
        let views = &self.parts.stores.views;
        let shown = self
            .runtime
            .block_on(views.totals(&[ArticleId(article)]))
            .unwrap()
            .get(&ArticleId(article))
            .copied();
        shown.unwrap_or_else(|| self.counts().0.get(&article).copied().unwrap_or(0))
    }
}

async fn counts(database: &Database) -> (BTreeMap<i64, i64>, i64) {
    let all = "SELECT article_id, views FROM article_stats";
    let hours = "SELECT CAST(coalesce(sum(views), 0) AS CHAR) FROM article_view_hours";
    let (all, hours): (Vec<(i64, i64)>, String) = match database.any() {
        AnyDatabase::Sqlite(file) => (
            sqlx::query_as(all).fetch_all(file.reader()).await.unwrap(),
            sqlx::query_scalar(hours).fetch_one(file.reader()).await.unwrap(),
        ),
        AnyDatabase::MySql(server) => (
            sqlx::query_as(all).fetch_all(server.pool()).await.unwrap(),
            sqlx::query_scalar(hours).fetch_one(server.pool()).await.unwrap(),
        ),
    };
    (all.into_iter().filter(|(_, views)| *views > 0).collect(), hours.parse().unwrap())
}

fn entries(backup: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    archive::read(backup, |Entry { name, bytes }| {
        found.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        Ok(())
    })
    .unwrap();
    found
}

/// The rows of a table: column and value.
fn rows(backup: &Path, table: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let entries = entries(backup);
    let Some(part) = entries.get(&format!("tables/{table}.1.jsonl")) else { return Vec::new() };
    let mut lines = part.lines();
    let columns: Vec<String> = serde_json::from_str(lines.next().unwrap()).unwrap();
    let row = |line| {
        let values: Vec<serde_json::Value> = serde_json::from_str(line).unwrap();
        columns.iter().cloned().zip(values).collect()
    };
    lines.map(row).collect()
}

/// Fills a server with something of everything, and makes a backup of it.
fn backed_up(server: &TestServer) -> PathBuf {
    server.add_user_with_role("ada", PASSWORD, Role::Admin);
    server.add_user("rae", PASSWORD);
    let (first, second) = (server.id("first"), server.id("second"));
    let rae = server.someone().signed_in("rae", PASSWORD);
    for (path, form) in [
        ("/articles/first/like", "like=true"),
        ("/articles/first/collect", "collect=true"),
        ("/authors/jo-doe/follow", "follow=true"),
    ] {
        assert_eq!(rae.post(path, form).status, 303, "{path}");
    }
    let ada = server.someone().signed_in("ada", PASSWORD);
    for (path, form) in [
        ("/settings", "version=1&title=Sea+%26+Land&footer=*Foot*"),
        ("/settings/menu", "version=1&lines=About+/about"),
        ("/settings/redirects", "version=1&lines=/gone+410"),
        ("/users/invitations", "role=author"),
    ] {
        let answer = ada.post(path, form);
        assert!(answer.status == 303 || answer.status == 200, "{path}: {}", answer.text);
    }
    let title = "A title with \u{1f30a}, \"quotes\", \\ and a line\u{2028}separator";
    let form = format!(
        "version=1&title={}&slug=second&markdown=Changed.%0D%0A&summary=&tags=Sea&status=published",
        percent_encoding::utf8_percent_encode(title, percent_encoding::NON_ALPHANUMERIC)
    );
    let answer = ada.post(&format!("/studio/{second}"), &form);
    assert!(answer.status == 303 || answer.status == 200, "{}", answer.text);
    server.run(server.stores.pictures.put("abc.png", vec![0, 159, 146, 150])).unwrap();
    server.execute(
        "INSERT INTO pictures (name, user_id, media_type, bytes, width, height, original_name, created_at)
         SELECT 'abc.png', min(id), 'image/png', 4, 1, 1, 'x.png', 0 FROM users",
    );
    server.execute(
        "INSERT INTO article_baselines (article_id, source, views, last_day)
         SELECT id, 'GoatCounter', 500, '2026-01-01' FROM articles WHERE slug = 'first'",
    );
    for number in 0..7 {
        server.reader(&format!("192.0.2.{number}"), FIREFOX).view(first);
    }
    server.someone().view(second);
    // As the server does after its start.
    server.run(rerender(&server.database)).unwrap();
    let path = server.folder.path().join("backup.tar.gz");
    let told = server.run(server.jobs.backup_step(&path)).unwrap();
    assert!(told.contains("3 articles, 3 users and 1 pictures"), "{told}");
    path
}

#[test]
fn a_restored_blog_is_backed_up_as_it_was_in_either_profile() {
    let server = TestServer::start();
    let backup = backed_up(&server);
    let before = entries(&backup);
    for is_server in [false, true] {
        let other = Installation::empty(is_server);
        let restored = other.restore(&backup, false).unwrap();
        assert_eq!((restored.summary.articles, restored.summary.pictures), (3, 1));
        // The ledger is in MySQL alone.
        let is_shared = |name: &String| !name.starts_with("tables/view_");
        let shared = |entries: BTreeMap<String, String>| -> BTreeMap<String, String> {
            entries.into_iter().filter(|(name, _)| is_shared(name)).collect()
        };
        assert_eq!(shared(entries(&other.back_up())), shared(before.clone()));
        let (first, second) = (server.id("first"), server.id("second"));
        assert_eq!(other.counts(), (BTreeMap::from([(first, 7), (second, 1)]), 8));
        assert_eq!((other.total(first), other.total(second)), (7, 1));
        let bytes = other.runtime.block_on(other.parts.stores.pictures.bytes("abc.png")).unwrap();
        assert_eq!(bytes.unwrap(), [0, 159, 146, 150]);
        assert_eq!(other.runtime.block_on(other.parts.database.searchable()).unwrap(), 2);
    }
}

#[test]
fn an_avatar_and_a_line_come_back_and_without_the_file_the_initials_do() {
    let server = TestServer::start();
    let (database, store) = (&server.database, server.stores.pictures.clone());
    let quota = server.config.pictures.quota();
    let pictures = Pictures::new(database.clone(), store.clone(), server.clock.clone(), quota);
    let author = || server.run(database.user_by_username("jo-doe")).unwrap().unwrap();
    server.run(database.set_about(author().actor(), "Lives by the sea")).unwrap();
    let file = SentFile { name: "me.png".into(), bytes: png(40, 30) };
    server.run(pictures.set_avatar(&author(), file)).unwrap();
    let name = author().avatar.unwrap();
    let bytes = server.run(store.bytes(&name)).unwrap();
    let backup = |file: &str| {
        let path = server.folder.path().join(file);
        server.run(server.jobs.backup_step(&path)).unwrap();
        path
    };
    let (whole, lacking) = (backup("whole.tar.gz"), {
        server.run(store.delete(&name)).unwrap();
        backup("lacking.tar.gz")
    });
    for is_server in [false, true] {
        for (backup, avatar) in [(&whole, Some(&name)), (&lacking, None)] {
            let other = Installation::empty(is_server);
            other.restore(backup, false).unwrap();
            let (runtime, parts) = (&other.runtime, &other.parts);
            let author = runtime.block_on(parts.database.user_by_username("jo-doe"));
            let author = author.unwrap().unwrap();
            assert_eq!(author.about, "Lives by the sea");
            assert_eq!(author.avatar.as_ref(), avatar);
            let there = runtime.block_on(parts.stores.pictures.bytes(&name)).unwrap();
            assert_eq!(there, bytes.clone().filter(|_| avatar.is_some()));
        }
    }
}

#[test]
fn a_backup_has_no_sessions_no_tokens_and_nothing_of_readers() {
    let server = TestServer::start();
    let backup = backed_up(&server);
    let entries = entries(&backup);
    for table in ["sessions", "known_devices", "invitations", "view_seen", "visitor_salts"] {
        assert!(
            !entries.keys().any(|name| name.starts_with(&format!("tables/{table}."))),
            "{table}"
        );
    }
    // Columns whose names sound like secrets, and why they are there.
    let known = [
        // Without it, nobody could sign in after a restore.
        ("users", "password_hash"),
        // Hashes of files.
        ("article_imports", "hash"),
        ("imported_pictures", "hash"),
        // The number of a form of the editor that was used. It opens nothing.
        ("used_forms", "form_key"),
        ("article_drafts", "form_key"),
    ];
    on_both(async |database| {
        let mut snapshot = database.snapshot().await.unwrap();
        for table in TABLES {
            for column in snapshot.columns(table).await.unwrap() {
                let is_secret =
                    ["hash", "token", "secret", "session", "salt", "address", "key", "credential"]
                        .iter()
                        .any(|part| column.contains(part));
                assert!(
                    !is_secret || known.contains(&(table.name, column.as_str())),
                    "may {}.{column} be in a backup?",
                    table.name
                );
            }
        }
    });
    let users = rows(&backup, "users");
    assert!(users.iter().any(|user| user["password_hash"].is_string()));
    assert!(users.iter().all(|user| !user.contains_key("credential")));
}

#[test]
fn it_is_decided_for_each_table_whether_a_backup_has_it() {
    on_both(async |database| {
        let tables: Vec<String> = match database.any() {
            AnyDatabase::Sqlite(file) => {
                let sql = "SELECT name FROM sqlite_schema WHERE type = 'table'";
                sqlx::query_scalar(sql).fetch_all(file.reader()).await.unwrap()
            }
            AnyDatabase::MySql(server) => {
                let sql = "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = database()";
                sqlx::query_scalar(sql).fetch_all(server.pool()).await.unwrap()
            }
        };
        assert!(tables.len() > 20);
        for table in &tables {
            assert!(is_decided(table), "{table} is in no list of server::db::backup");
        }
        let mut snapshot = database.snapshot().await.unwrap();
        for table in TABLES.iter().filter(|table| !table.is_ledger) {
            assert!(!snapshot.columns(table).await.unwrap().is_empty(), "{} is gone", table.name);
        }
    });
}

#[test]
fn c5_a_backup_under_views_has_each_count_as_it_was_at_one_moment() {
    let server = TestServer::start();
    let article = server.id("first");
    let (acknowledged, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let backup = server.folder.path().join("backup.tar.gz");
    let (before, after) = std::thread::scope(|scope| {
        for thread in 0..3 {
            let (server, acknowledged, is_over) = (&server, &acknowledged, &is_over);
            scope.spawn(move || {
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    let address = format!("10.{thread}.{}.{}", number / 250, number % 250);
                    let answer = server.reader(&address, FIREFOX).view(article);
                    assert_eq!(answer.json()["counted"], true);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        while acknowledged.load(Ordering::SeqCst) < 50 {
            std::thread::yield_now();
        }
        let before = acknowledged.load(Ordering::SeqCst);
        server.run(server.jobs.backup_step(&backup)).unwrap();
        is_over.store(true, Ordering::Relaxed);
        // Each thread may have one view that was recorded and not yet counted here.
        (before, acknowledged.load(Ordering::SeqCst) + 3)
    });
    for is_server in [false, true] {
        let other = Installation::empty(is_server);
        other.restore(&backup, false).unwrap();
        let (all, of_hours) = other.counts();
        let restored = all[&article];
        assert!((before..=after).contains(&u64::try_from(restored).unwrap()), "{restored}");
        assert_eq!(of_hours, restored, "the hours have the same views");
        other.job(Job::Flush);
        other.job(Job::Reconcile);
        assert_eq!((other.total(article), other.counts().0[&article]), (restored, restored));
    }
}

#[test]
fn c5_a_restore_under_views_and_flushes_doubles_nothing() {
    let server = TestServer::start();
    let article = server.id("first");
    for number in 0..20 {
        server.reader(&format!("192.0.2.{number}"), FIREFOX).view(article);
    }
    let backup = server.folder.path().join("backup.tar.gz");
    server.run(server.jobs.backup_step(&backup)).unwrap();
    let (acknowledged, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let later = std::thread::scope(|scope| {
        for thread in 0..3 {
            let (server, acknowledged, is_over) = (&server, &acknowledged, &is_over);
            scope.spawn(move || {
                for number in (0..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let address = format!("10.{thread}.{}.{}", number / 250, number % 250);
                    // While the article is replaced, it may be unknown for a moment.
                    if server.reader(&address, FIREFOX).view(article).status == 200 {
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        let (flushing, over) = (&server, &is_over);
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                // A flush that meets the restore may fail. The next one goes on.
                let _ = flushing.run(flushing.jobs.step(Job::Flush));
            }
        });
        for _ in 0..3 {
            let before = acknowledged.load(Ordering::SeqCst);
            while acknowledged.load(Ordering::SeqCst) < before + 30 {
                std::thread::yield_now();
            }
            server.run(restore(&server.stores, &server.clock, &backup, true)).unwrap();
        }
        // What comes from here on is after the last restore.
        let before = acknowledged.load(Ordering::SeqCst);
        while acknowledged.load(Ordering::SeqCst) < before + 30 {
            std::thread::yield_now();
        }
        is_over.store(true, Ordering::Relaxed);
        30
    });
    server.job(Job::Flush);
    server.job(Job::Reconcile);
    let (all, of_hours) = server.run(counts(&server.database));
    let views = u64::try_from(all[&article]).unwrap();
    assert!((20 + later..=20 + acknowledged.load(Ordering::SeqCst)).contains(&views), "{views}");
    assert_eq!(i64::try_from(views), Ok(of_hours), "the hours have the same views");
    assert_eq!(server.job(Job::Flush), None, "nothing waits");
    assert_eq!(server.job(Job::Reconcile).unwrap(), "All cached counts are correct.");
    let shown = server.someone().get(&format!("/api/v1/articles/{article}")).json();
    assert_eq!(shown["views"], views);
}

#[test]
fn c5_batches_that_redis_still_has_are_added_once_or_were_in_the_backup() {
    batches_are_added_once(&TestServer::of_server_profile(&[]));
}

#[test]
fn c5_batches_that_a_cluster_still_has_are_added_once_or_were_in_the_backup() {
    let cluster = RedisCluster::start();
    batches_are_added_once(&TestServer::of_server_profile(&[("REDIS_URL", &cluster.url())]));
}

fn batches_are_added_once(server: &TestServer) {
    let article = server.id("first");
    let view = |number: usize| {
        let answer = server.reader(&format!("192.0.2.{number}"), FIREFOX).view(article);
        assert_eq!(answer.json()["counted"], true);
    };
    view(1);
    view(2);
    server.job(Job::Flush);
    // A flush that died after its commit: SQL has the batch, and Redis has it still.
    view(3);
    let redis = server.stores.redis.clone().unwrap();
    let flusher = Flusher::new(redis.clone(), server.clock.clone());
    let unfinished = server.run(async {
        let (names, _) = flusher.take().await.unwrap();
        let batch: Batch = flusher.read(&names[0]).await.unwrap().unwrap();
        redis.ledger.apply(vec![batch], server.clock.now()).await.unwrap();
        names
    });
    assert_eq!(unfinished.len(), 1);
    let backup = server.folder.path().join("backup.tar.gz");
    // Not by the job, which would finish the flush.
    let made = back_up(&server.database, &server.stores.pictures, &server.clock, &backup);
    server.run(made).unwrap();
    // After the backup: one batch that waits, and one that is not even sealed.
    view(4);
    server.run(flusher.take()).unwrap();
    view(5);

    let other = Installation::with_redis(server.config.redis.url.clone());
    other.restore(&backup, false).unwrap();
    assert_eq!(other.counts(), (BTreeMap::from([(article, 3)]), 3));
    other.job(Job::Reconcile);
    assert_eq!(other.total(article), 5, "readers see the views that wait, too");
    other.job(Job::Flush);
    assert_eq!(other.counts(), (BTreeMap::from([(article, 5)]), 5));
    assert_eq!(other.job(Job::Flush), None);
    assert_eq!(other.job(Job::Reconcile).unwrap(), "All cached counts are correct.");
}

#[test]
fn c5_views_in_the_redis_of_another_blog_are_refused_or_dropped() {
    let embedded = Installation::empty(false);
    let server = TestServer::on_embedded();
    let backup = backed_up(&server);
    assert!(embedded.restore(&backup, false).is_ok());
    let stranger = TestServer::of_server_profile(&[]);
    let article = stranger.id("first");
    stranger.someone().view(article);

    let other = Installation::with_redis(stranger.config.redis.url.clone());
    let refused = other.restore(&backup, false).unwrap_err();
    assert!(matches!(refused, BackupError::StrangeViews(1)), "{refused}");
    assert!(other.counts().0.is_empty());
    assert_eq!(other.restore(&backup, true).unwrap().dropped, 1);
    let restored = other.counts();
    other.job(Job::Flush);
    assert_eq!(other.counts(), restored, "the stranger's view is dropped");
}

#[test]
fn a_blog_is_replaced_only_by_force_and_a_running_server_shows_the_restored_one() {
    let server = TestServer::start();
    let backup = backed_up(&server);
    let ada = server.someone().signed_in("ada", PASSWORD);
    assert_eq!(ada.get("/studio").status, 200);
    let first = server.id("first");
    server.reader("198.51.100.1", FIREFOX).view(first);
    server.execute(
        "UPDATE articles SET title = 'Changed since', version = version + 1 WHERE slug = 'first'",
    );
    server.add_user("later", PASSWORD);
    let (stores, clock) = (&server.stores, &server.clock);
    let refused = server.run(restore(stores, clock, &backup, false)).unwrap_err();
    assert!(matches!(refused, BackupError::NotEmpty), "{refused}");
    let later = server.number("SELECT id FROM users WHERE username = ?", "later");

    server.run(restore(stores, clock, &backup, true)).unwrap();
    server.job(Job::Reconcile);
    server.job(Job::Ranking);
    let shown = || server.someone().get(&format!("/api/v1/articles/{first}")).json();
    // Seven, and 500 from elsewhere; and the view that waits in Redis, where there is one, because
    // the backup does not have it.
    let views = 507 + i64::from(server.redis.is_some());
    wait_until("what was restored is shown", || {
        shown()["views"] == views && shown()["title"] == "Title of first"
    });
    assert!(server.someone().get("/").text.contains("Title of first"));
    assert_eq!(ada.get("/studio").status, 303, "nobody is signed in any more");
    server.someone().signed_in("ada", PASSWORD);
    // Numbers that were used since the backup are not used again.
    server.add_user("newest", PASSWORD);
    assert!(server.number("SELECT id FROM users WHERE username = ?", "newest") > later);
    assert!(server.someone().get("/search?q=first").text.contains("Title of first"));
}

#[test]
fn a_damaged_or_newer_backup_changes_nothing() {
    let server = TestServer::start();
    let backup = backed_up(&server);
    let other = Installation::empty(false);
    let whole = std::fs::read(&backup).unwrap();
    let damaged = other.folder.path().join("damaged.tar.gz");
    for (what, bytes) in [("cut off", &whole[..whole.len() / 2]), ("empty", &[][..])] {
        std::fs::write(&damaged, bytes).unwrap();
        let error = other.restore(&damaged, true).unwrap_err();
        assert!(matches!(error, BackupError::Damaged { .. }), "{what}: {error}");
    }
    let header = Header {
        format: FORMAT,
        program: "9.9.9".into(),
        schema: schema() + 1,
        made_at: String::new(),
    };
    write(&damaged, &header, &[]);
    let error = other.restore(&damaged, true).unwrap_err().to_string();
    assert!(error.contains("9.9.9") && error.lines().count() == 1, "{error}");
    let header = Header { schema: schema(), ..header };
    for (name, text, said) in [
        ("tables/sessions.1.jsonl", "[\"id\"]\n[1]\n", "is no part of a backup"),
        ("pictures/.x", "", "is no part of a backup"),
        ("tables/users.1.jsonl", "[\"id\"]\n[1, 2]\n", "another number of values"),
        ("tables/users.1.jsonl", "[\"id) SELECT 1 --\"]\n[1]\n", "has no column"),
        ("tables/users.1.jsonl", "[\"id\"]\n[1]\n", "database failed"),
    ] {
        write(&damaged, &header, &[(name, text)]);
        let error = other.restore(&damaged, true).unwrap_err().to_string();
        assert!(error.contains(said), "{name}: {error}");
    }
    assert!(other.runtime.block_on(other.parts.database.is_untouched()).unwrap());
    assert!(other.restore(&backup, false).is_ok());
}

/// Writes a backup with these entries.
fn write(path: &Path, header: &Header, sent: &[(&str, &str)]) {
    let (sender, entries) = tokio::sync::mpsc::channel(sent.len() + 1);
    for (name, text) in sent {
        let entry = Entry { name: (*name).into(), bytes: (*text).into() };
        sender.try_send(Some(entry)).unwrap();
    }
    sender.try_send(None).unwrap();
    archive::write(path, header, entries).unwrap();
}

#[test]
fn the_commands_make_and_restore_a_backup_and_the_job_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, arguments: &[&str]| {
        let place = folder.path().join(name);
        let mut command = binary();
        command
            .env("DATABASE_URL", format!("sqlite:{}", place.join("blog.db").display()))
            .env("TIDEMARK_PICTURES__URL", format!("file:{}", place.join("pictures").display()))
            .env("TIDEMARK_BACKUP__FOLDER", place.join("backups"));
        let output = command.args(arguments).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let file = folder.path().join("backup.tar.gz").display().to_string();
    assert!(run("one", &["seed"]).0);
    assert!(run("one", &["doctor"]).1.contains("! Backup: none was made yet"));
    let (is_well, text) = run("one", &["backup", &file]);
    assert!(is_well && text.contains("Backed up") && text.contains(&file), "{text}");
    assert!(run("one", &["jobs"]).1.contains("backup"));
    assert!(run("one", &["doctor"]).1.contains("  Backup: the last one was made at "));
    let (is_well, text) = run("two", &["restore", &file]);
    assert!(is_well && text.contains("Restored") && text.contains("sign in again"), "{text}");
    let (is_well, text) = run("two", &["restore", &file]);
    assert!(!is_well && text.contains("--force") && text.lines().count() == 1, "{text}");
    let (is_well, text) = run("three", &["restore", "/no/such/file"]);
    assert!(!is_well && text.contains("/no/such/file"), "{text}");
}

#[test]
fn the_job_deletes_old_backups_and_doctor_says_when_the_last_one_was_made() {
    let server =
        TestServer::with(&[("TIDEMARK_BACKUP__KEEP", "2"), ("TIDEMARK_JOBS__BACKUP", "0 2 * * *")]);
    for _ in 0..4 {
        assert!(server.job(Job::Backup).unwrap().contains("Backed up"));
        server.clock.advance(Duration::from_secs(24 * 60 * 60));
    }
    let folder = server.folder.path().join("backups");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    let told = || format!("{:?}", server.run(server.doctor.examine(&server.config)));
    assert!(told().contains("Fact(\"Backup: the last one was made at "), "{}", told());
    server.clock.advance(Duration::from_secs(9 * 24 * 60 * 60));
    assert!(told().contains("Warning(\"Backup: the last one is 10 days old"), "{}", told());
    // The folder is a file.
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    assert!(server.run(server.jobs.step(Job::Backup)).is_err());
    assert!(told().contains("Wrong(\"Backup: the last one failed"), "{}", told());
}
