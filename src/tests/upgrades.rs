//! Databases of released versions, as they were left, become those of this version with all that is
//! in them. `releases/` has a dump of each, for both kinds of database. A release adds its own.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, MySqlConnection, SqliteConnection};
use tidemark::server::backup::archive::{self, Entry, FORMAT, Header};
use tidemark::server::backup::back_up;
use tidemark::server::backup::restore::restore;
use tidemark::server::config::Config;
use tidemark::server::db::Database;
use tidemark::server::db::backup::schema;
use tidemark::server::pictures::store::PictureStore;
use tidemark::server::state::Parts;
use tidemark_counting::ArticleId;
use tidemark_servers::{Redis, SqlServer};
use tidemark_store::clock::Clock;
use tokio::runtime::Runtime;

use crate::harness::NOON;

/// A released version: its number, that of its last migration, and its dumps.
struct Release {
    version: &'static str,
    schema: i64,
    sqlite: &'static str,
    mysql: &'static str,
}

const RELEASES: [Release; 1] = [Release {
    version: "0.1.0",
    schema: 20,
    sqlite: include_str!("releases/0.1.0.sqlite.sql"),
    mysql: include_str!("releases/0.1.0.mysql.sql"),
}];

async fn load_sqlite(dump: &'static str, file: &Path) -> String {
    let url = format!("sqlite:{}", file.display());
    let mut connection = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA foreign_keys = OFF; {dump}")))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    url
}

async fn load_mysql(dump: &str) -> String {
    let url = SqlServer::shared().new_database();
    let mut connection = MySqlConnection::connect(&url).await.unwrap();
    let version: String =
        sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await.unwrap();
    // The dump is MariaDB's. MySQL has another name for how texts compare.
    let dump = match version.contains("MariaDB") {
        true => dump.to_owned(),
        false => dump.replace("utf8mb4_nopad_bin", "utf8mb4_0900_bin"),
    };
    sqlx::raw_sql(AssertSqlSafe(dump)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    url
}

fn clock() -> Clock {
    Clock::manual(NOON.parse::<jiff::Timestamp>().unwrap())
}

/// The parts of a program with these stores.
async fn program(
    database: &str,
    redis: Option<&Redis>,
    folder: &Path,
) -> impl std::ops::Deref<Target = Parts> {
    let environment = [
        ("DATABASE_URL", database.to_owned()),
        ("REDIS_URL", redis.map(Redis::url).unwrap_or_default()),
        ("TIDEMARK_PICTURES__URL", format!("file:{}", folder.join("pictures").display())),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).into();
    Parts::assemble(Config::load(None, environment).unwrap(), clock()).await.unwrap().0
}

/// Checks that everything of the fixture is there.
async fn assert_complete(parts: &Parts) {
    let database = &parts.stores.database;
    let users = database.users(1, 100).await.unwrap();
    let mut names: Vec<_> = users.items.iter().map(|user| user.username.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ada", "ann-ebb", "jo-doe", "rae"]);
    let articles = database.known_articles().await.unwrap();
    let slugs: Vec<_> =
        articles.iter().map(|article| (article.id, article.slug.as_str())).collect();
    assert_eq!(slugs, [(ArticleId(1), "tides"), (ArticleId(2), "land"), (ArticleId(3), "later")]);
    let counted: BTreeMap<ArticleId, i64> =
        database.counted(&[1, 2, 3].map(ArticleId)).await.unwrap().into_iter().collect();
    assert_eq!((counted.get(&ArticleId(1)), counted.get(&ArticleId(2))), (Some(&42), Some(&7)));
    assert_eq!(database.all_baselines().await.unwrap()[0].1.views, 500);
    assert_eq!(database.menu().await.unwrap().len(), 1);
    assert_eq!(database.redirects().await.unwrap().len(), 1);
    assert_eq!(parts.site.stored().await.unwrap().title.as_deref(), Some("Tides"));
    assert!(database.picture("abc.png").await.unwrap().is_some());
    let article = database.article(ArticleId(1), parts.clock.now()).await.unwrap().unwrap();
    assert!(article.markdown.contains("\u{1f30a}"), "{}", article.markdown);
    assert_eq!(database.searchable().await.unwrap(), 2);
}

#[test]
fn the_database_of_every_release_is_migrated_with_all_that_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    Runtime::new().unwrap().block_on(async {
        for Release { version, sqlite, mysql, .. } in RELEASES {
            let redis = Redis::start();
            let file = folder.path().join(format!("{version}.db"));
            for (url, redis) in
                [(load_sqlite(sqlite, &file).await, None), (load_mysql(mysql).await, Some(&redis))]
            {
                eprintln!("{version} on {url}");
                let parts = program(&url, redis, folder.path()).await;
                // As the server does after its start.
                let database = &parts.stores.database;
                tidemark::server::content::search_index::index_older(database).await.unwrap();
                tidemark::server::content::rerender::rerender(database).await.unwrap();
                assert_complete(&parts).await;
            }
        }
    });
}

#[test]
fn a_backup_of_every_release_is_restored_in_either_profile() {
    let folder = tempfile::tempdir().unwrap();
    Runtime::new().unwrap().block_on(async {
        for Release { version, schema: older, sqlite, .. } in RELEASES {
            // What that version would have written: its tables, under its number.
            let url = load_sqlite(sqlite, &folder.path().join("older.db")).await;
            let database = Database::open_older(&url, older).await.unwrap();
            let pictures = format!("file:{}", folder.path().join("older").display());
            let pictures = PictureStore::open(&pictures.parse().unwrap(), &Default::default());
            let pictures = pictures.unwrap();
            pictures.put("abc.png", b"png".to_vec()).await.unwrap();
            let path = folder.path().join("backup.tar.gz");
            back_up(&database, &pictures, &clock(), &path).await.unwrap();
            database.close().await;
            let header = rewrite(&path, version, older);
            assert!(header.schema < schema());

            let redis = Redis::start();
            let server = SqlServer::shared().new_database();
            let file = format!("sqlite:{}", folder.path().join("restored.db").display());
            for (url, redis) in [(file, None), (server, Some(&redis))] {
                let parts = program(&url, redis, folder.path()).await;
                let restored = restore(&parts.stores, &parts.clock, &path, false).await.unwrap();
                assert_eq!(restored.header, header);
                assert_eq!((restored.summary.articles, restored.summary.users), (3, 4));
                assert_complete(&parts).await;
            }
        }
    });
}

/// Gives a backup the header of an older version.
fn rewrite(path: &Path, version: &str, schema: i64) -> Header {
    let mut all: Vec<Entry> = Vec::new();
    let header = archive::read(path, |entry| {
        all.push(entry);
        Ok(())
    });
    let header = Header { format: FORMAT, program: version.into(), schema, ..header.unwrap() };
    let (sender, entries) = tokio::sync::mpsc::channel(all.len() + 1);
    for entry in all {
        sender.try_send(Some(entry)).unwrap();
    }
    sender.try_send(None).unwrap();
    let (path, sent) = (path.to_owned(), header.clone());
    std::thread::spawn(move || archive::write(&path, &sent, entries).unwrap()).join().unwrap();
    header
}
