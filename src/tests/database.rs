//! The program's database functions, on every kind of database: the same calls must give the same
//! results.

mod counts;
mod lists;
mod schema;
mod users;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use tidemark::model::article::{Article, Author, Heading, RankedArticle, Tag};
use tidemark::server::db::actor::Role;
use tidemark::server::db::articles::{self, ArticleFields, Filter, Kind, Status, Wanted, Written};
use tidemark::server::db::content_version::ContentTransaction;
use tidemark::server::db::imports::{self, Incoming, Outcome};
use tidemark::server::db::sitemap::{Listed, MapEntry};
use tidemark::server::db::{
    AnyDatabase, Database, MySqlDatabase, SqliteDatabase, Transaction, open_mysql, open_sqlite,
};
use tidemark_counting::sql::ledger::{Applied, Batch, Ledger};
use tidemark_counting::sql::seen::totals_in_sql;
use tidemark_counting::{ArticleId, Hour, UserId, Window, hour_of};
use tidemark_servers::SqlServer;
use tidemark_store::clock::Millis;
use tidemark_store::sql::OwnConnection;
use tokio::runtime::Runtime;

/// The tests' current time, in milliseconds since 1970.
pub const NOW: Millis = Millis(1_800_000_000_000);

/// Creates an empty database in MariaDB or MySQL and returns its URL.
pub fn new_database() -> String {
    SqlServer::shared().new_database()
}

/// Runs a test on an empty database of each kind. Prints the URL first, so that a failure shows
/// which kind it was.
pub fn on_both(test: impl AsyncFn(Database)) {
    let folder = tempfile::tempdir().unwrap();
    Runtime::new().unwrap().block_on(async {
        for url in [format!("sqlite:{}", folder.path().join("blog.db").display()), new_database()] {
            eprintln!("on {url}");
            let database = Database::open(&url).await.unwrap();
            test(database.clone()).await;
            database.close().await;
        }
    });
}

/// Runs SQL for which the program has no function.
pub async fn execute(database: &Database, sql: &'static str) {
    let mut transaction = database.begin().await.unwrap();
    match &mut transaction {
        Transaction::Sqlite(transaction) => {
            sqlx::query(sql).execute(&mut **transaction).await.map(drop).unwrap();
        }
        Transaction::MySql(transaction) => {
            sqlx::query(sql).execute(&mut **transaction).await.map(drop).unwrap();
        }
    }
    transaction.commit().await.unwrap();
}

fn author(name: &str) -> Author {
    Author::named(name.to_lowercase().replace(' ', "-"), name)
}

pub fn tag(name: &str) -> Tag {
    Tag { slug: name.to_lowercase(), name: name.into() }
}

pub fn article(slug: &str) -> ArticleFields {
    ArticleFields {
        kind: Kind::Article,
        slug: slug.into(),
        title: format!("Title of {slug}"),
        summary: String::new(),
        markdown: "The *text*.".into(),
        html: "<p>The <em>text</em>.</p>".into(),
        contents: vec![Heading { level: 2, text: "A heading".into(), anchor: "a-heading".into() }],
        reading_minutes: 1,
        language: "en".into(),
        status: Status::Published,
        published_at: Some(NOW - 1),
        updated_at: None,
        authors: vec![author("Jo Doe")],
        tags: vec![],
        series: None,
        aliases: vec![],
        cover: None,
    }
}

/// All articles, without the time of their last change.
async fn all_fields(database: &Database) -> Vec<ArticleFields> {
    let fields = database.all_fields().await.unwrap().into_iter();
    fields.map(|fields| ArticleFields { updated_at: None, ..fields }).collect()
}

/// Creates the article with this slug, or updates it.
async fn write_by_slug(
    transaction: &mut ContentTransaction,
    article: &ArticleFields,
    now: Millis,
) -> sqlx::Result<Written> {
    let id = articles::id_of_slug(transaction, &article.slug).await?;
    Ok(articles::write(transaction, id, article, now).await?.1)
}

pub async fn try_write(
    database: &Database,
    article: &ArticleFields,
    now: Millis,
) -> sqlx::Result<Written> {
    let mut transaction = database.begin_content().await?;
    let written = write_by_slug(&mut transaction, article, now).await?;
    transaction.commit().await?;
    Ok(written)
}

pub async fn write(database: &Database, article: &ArticleFields) -> Written {
    try_write(database, article, NOW).await.unwrap()
}

async fn id(database: &Database, slug: &str) -> ArticleId {
    by_slug(database, slug, NOW).await.unwrap().unwrap().summary.id
}

/// The slugs on a list's first page.
async fn slugs(database: &Database, filter: Filter) -> Vec<String> {
    let page = database.articles(&filter, None, 1, 100, NOW).await.unwrap();
    assert_eq!(page.total, i64::try_from(page.items.len()).unwrap(), "{filter:?}");
    page.items.into_iter().map(|article| article.slug).collect()
}

#[test]
fn an_article_is_created_updated_or_left_unchanged() {
    on_both(async |database| {
        assert!(database.is_empty().await.unwrap());
        let first = ArticleFields { tags: vec![tag("Sea"), tag("Land")], ..article("first") };
        assert_eq!(write(&database, &first).await, Written::Created);
        assert!(!database.is_empty().await.unwrap());
        let stored = by_slug(&database, "first", NOW).await.unwrap().unwrap();
        assert_eq!(stored.summary.title, first.title);
        assert_eq!(stored.summary.summary, "");
        assert_eq!(stored.summary.authors, first.authors);
        assert_eq!(stored.summary.tags, first.tags);
        assert_eq!(stored.summary.published_at, Timestamp::from_millisecond((NOW - 1).0).unwrap());
        assert_eq!(
            (stored.summary.views, stored.summary.likes, stored.summary.collects),
            (0, 0, 0)
        );
        assert_eq!(
            (&stored.markdown, &stored.html, &stored.contents),
            (&first.markdown, &first.html, &first.contents)
        );
        assert_eq!(
            (stored.summary.language.as_str(), stored.summary.reading_minutes, stored.version),
            ("en", 1, 1)
        );

        assert_eq!(try_write(&database, &first, NOW + 5).await.unwrap(), Written::Unchanged);
        let same = database.article(stored.summary.id, NOW).await.unwrap().unwrap();
        assert_eq!(same, stored);

        let changed =
            ArticleFields { title: "Another".into(), tags: vec![tag("Land")], ..first.clone() };
        assert_eq!(try_write(&database, &changed, NOW + 5).await.unwrap(), Written::Updated);
        let changed = by_slug(&database, "first", NOW).await.unwrap().unwrap();
        assert_eq!((changed.summary.id, changed.version), (stored.summary.id, 2));
        assert_eq!(
            (changed.summary.title.as_str(), &changed.summary.tags),
            ("Another", &vec![tag("Land")])
        );
        assert_eq!(changed.updated_at, Timestamp::from_millisecond((NOW + 5).0).unwrap());
        assert!(by_slug(&database, "second", NOW).await.unwrap().is_none());
    });
}

#[test]
fn changing_any_field_is_a_change() {
    on_both(async |database| {
        let mut stored = ArticleFields {
            aliases: vec!["/a".into()],
            tags: vec![tag("Sea")],
            ..article("first")
        };
        write(&database, &stored).await;
        let changes: [fn(&mut ArticleFields); 11] = [
            |article| article.title.push(' '),
            |article| article.summary.push('s'),
            |article| article.markdown.push('M'),
            |article| article.contents.clear(),
            |article| article.reading_minutes += 1,
            |article| article.language = "ru".into(),
            |article| article.published_at = None,
            |article| article.authors.push(author("Second Author")),
            |article| article.tags.insert(0, tag("Land")),
            |article| article.aliases.insert(0, "/b".into()),
            |article| article.series = Some("Tides".into()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            // An article without a date must be a draft.
            change(&mut stored);
            stored.status =
                if stored.published_at.is_some() { Status::Published } else { Status::Draft };
            assert_eq!(write(&database, &stored).await, Written::Updated, "change {number}");
            assert_eq!(write(&database, &stored).await, Written::Unchanged, "change {number}");
            assert_eq!(all_fields(&database).await, [stored.clone()], "change {number}");
        }
        // It is made from the Markdown, by another version perhaps.
        stored.html.push('h');
        assert_eq!(write(&database, &stored).await, Written::Unchanged);
    });
}

#[test]
fn a_deleted_article_is_gone_and_gets_its_id_back_when_written_again() {
    on_both(async |database| {
        let first = article("first");
        write(&database, &first).await;
        let number = id(&database, "first").await;
        execute(&database, "UPDATE articles SET deleted_at = 1").await;
        assert!(by_slug(&database, "first", NOW).await.unwrap().is_none());
        assert!(!database.is_visible(number, NOW).await.unwrap());
        assert!(all_fields(&database).await.is_empty());
        assert!(!database.is_empty().await.unwrap(), "deleted articles count");
        let known = database.known_articles().await.unwrap();
        assert_eq!((known.len(), known[0].is_deleted), (1, true));
        assert_eq!(write(&database, &first).await, Written::Updated);
        assert_eq!(id(&database, "first").await, number);
    });
}

#[test]
fn an_id_is_never_used_again() {
    on_both(async |database| {
        write(&database, &article("first")).await;
        let first = id(&database, "first").await;
        execute(&database, "DELETE FROM articles").await;
        write(&database, &article("second")).await;
        assert!(id(&database, "second").await > first);
    });
}

#[test]
fn a_dropped_transaction_changes_nothing() {
    on_both(async |database| {
        let mut transaction = database.begin_content().await.unwrap();
        write_by_slug(&mut transaction, &article("first"), NOW).await.unwrap();
        drop(transaction);
        assert!(database.is_empty().await.unwrap());
        assert!(database.user_by_username("jo-doe").await.unwrap().is_none());
        assert_eq!(
            write(&database, &article("first")).await,
            Written::Created,
            "no lock is held any more"
        );
    });
}

#[test]
fn an_alias_stays_with_the_article_that_has_it() {
    on_both(async |database| {
        let first = ArticleFields {
            aliases: vec!["/old".into(), "/old".into(), "/older".into()],
            ..article("first")
        };
        write(&database, &first).await;
        let second =
            ArticleFields { aliases: vec!["/new".into(), "/old".into()], ..article("second") };
        write(&database, &second).await;
        assert_eq!(
            write(&database, &second).await,
            Written::Unchanged,
            "fields it can't have don't count as differences"
        );
        for (path, slug) in [
            ("/old", Some("/articles/first")),
            ("/older", Some("/articles/first")),
            ("/new", Some("/articles/second")),
            ("/x", None),
        ] {
            assert_eq!(
                database.address_by_alias(path, NOW).await.unwrap().as_deref(),
                slug,
                "{path}"
            );
        }
        let aliases: Vec<_> = database
            .all_fields()
            .await
            .unwrap()
            .into_iter()
            .map(|article| article.aliases)
            .collect();
        assert_eq!(aliases, [vec!["/old", "/older"], vec!["/new"]]);
        write(&database, &article("first")).await;
        write(&database, &second).await;
        assert_eq!(
            database.address_by_alias("/old", NOW).await.unwrap().as_deref(),
            Some("/articles/second"),
            "free again"
        );
    });
}

#[test]
fn names_in_addresses_are_compared_exactly() {
    on_both(async |database| {
        let paths = ["/a", "/A", "/á", "/a ", "/ａ"];
        for (number, path) in paths.iter().enumerate() {
            let article = ArticleFields {
                aliases: vec![path.to_string()],
                ..article(&format!("article-{number}"))
            };
            assert_eq!(write(&database, &article).await, Written::Created);
        }
        for (number, path) in paths.iter().enumerate() {
            let slug = database.address_by_alias(path, NOW).await.unwrap();
            assert_eq!(slug, Some(format!("/articles/article-{number}")), "{path:?}");
        }
        for slug in ["Article-0", "article-0 ", " article-0", "artícle-0"] {
            assert!(by_slug(&database, slug, NOW).await.unwrap().is_none(), "{slug:?}");
        }
        for username in ["Jo-Doe", "jo-doe ", "jó-doe"] {
            assert!(database.user_by_username(username).await.unwrap().is_none(), "{username:?}");
            assert!(database.author(username, NOW).await.unwrap().is_none(), "{username:?}");
        }
    });
}

#[test]
fn an_export_has_what_was_written() {
    on_both(async |database| {
        let awkward = "\"quoted\" 'too' \\ back\tslash\r\nline \u{1}\u{7f} 🌊 ﷽ é e\u{301} </script> {\"json\": [1]} ";
        let first = ArticleFields {
            title: awkward.into(),
            summary: awkward.into(),
            markdown: awkward.repeat(2_000),
            html: awkward.repeat(3_000),
            contents: vec![Heading { level: 6, text: awkward.into(), anchor: awkward.into() }],
            reading_minutes: 12,
            language: "zh-Hant-TW".into(),
            // More than 1024 bytes, where a server's `GROUP_CONCAT` stops by default.
            authors: (0..60)
                .rev()
                .map(|number| author(&format!("Author Number {number}")))
                .collect(),
            tags: vec![
                Tag { slug: "odd".into(), name: awkward.into() },
                tag("Z"),
                tag("A"),
                tag("M"),
            ],
            aliases: vec![
                "/z".into(),
                format!("/{}", awkward.trim()),
                "/a".into(),
                format!("/{}", "long/".repeat(150)),
            ],
            ..article("first")
        };
        let second =
            ArticleFields { status: Status::Draft, published_at: None, ..article("second") };
        write(&database, &first).await;
        write(&database, &second).await;
        assert_eq!(all_fields(&database).await, [first.clone(), second]);
        assert_eq!(write(&database, &first).await, Written::Unchanged);
        let stored = by_slug(&database, "first", NOW).await.unwrap().unwrap();
        assert_eq!((stored.summary.authors, stored.summary.tags), (first.authors, first.tags));
    });
}

#[test]
fn an_article_needs_an_author() {
    on_both(async |database| {
        let error =
            try_write(&database, &ArticleFields { authors: vec![], ..article("first") }, NOW).await;
        assert!(error.is_err());
        assert!(database.is_empty().await.unwrap());
    });
}

#[test]
fn writers_of_the_same_article_author_and_tags_take_turns() {
    on_both(async |database| {
        let writers: Vec<_> = (0..8i64)
            .map(|number| {
                let database = database.clone();
                tokio::spawn(async move {
                    let mut tags = vec![tag("Sea"), tag("Land"), tag("Sky")];
                    // In different orders, so that writers that lock rows one by one would
                    // deadlock.
                    tags.rotate_left(usize::try_from(number % 3).unwrap());
                    let mut slugs = ["first", "second", "third"];
                    slugs.rotate_left(usize::try_from(number % 3).unwrap());
                    let mut transaction = database.begin_content().await?;
                    let mut created = 0;
                    for slug in slugs {
                        let aliases = vec!["/shared".to_owned(), format!("/{slug}")];
                        let title = format!("Written by {number}");
                        let article =
                            ArticleFields { title, aliases, tags: tags.clone(), ..article(slug) };
                        let written = write_by_slug(&mut transaction, &article, NOW).await?;
                        created += usize::from(written == Written::Created);
                    }
                    transaction.commit().await?;
                    Ok::<usize, sqlx::Error>(created)
                })
            })
            .collect();
        let mut created = 0;
        for writer in writers {
            created += writer.await.unwrap().unwrap();
        }
        assert_eq!(created, 3, "each is created once");
        let all = all_fields(&database).await;
        assert_eq!(all.len(), 3);
        assert!(
            all.iter().all(|article| article.title == all[0].title),
            "all three are from the last writer"
        );
        for article in &all {
            let stored = by_slug(&database, &article.slug, NOW).await.unwrap().unwrap();
            assert_eq!(stored.version, 8, "{}", article.slug);
        }
    });
}

#[test]
fn users_added_while_articles_name_them_exist_once() {
    on_both(async |database| {
        for round in 0..10 {
            let username = format!("jo-{round}");
            let byline = Author::named(&username, format!("Jo {round}"));
            let article =
                ArticleFields { authors: vec![byline], ..article(&format!("article-{round}")) };
            let (written, first, second) = tokio::join!(
                try_write(&database, &article, NOW),
                database.add_user(&username, "Somebody Else", Role::Author, None, NOW),
                database.add_user(&username, "Somebody Else", Role::Author, None, NOW),
            );
            assert_eq!(written.unwrap(), Written::Created);
            let added = [first.unwrap(), second.unwrap()].into_iter().flatten().collect::<Vec<_>>();
            assert!(added.len() <= 1, "{added:?}");
            let user = database.user_by_username(&username).await.unwrap().unwrap();
            assert!(added.is_empty() || added == [user.id]);
            assert!(
                database.author(&username, NOW).await.unwrap().is_some(),
                "the article has that user"
            );
        }
    });
}

/// The article with this slug, if readers see it at `now`.
pub async fn by_slug(
    database: &Database,
    slug: &str,
    now: Millis,
) -> sqlx::Result<Option<Article>> {
    Ok(articles::articles_by_slugs(
        &mut OwnConnection::new(database.any().clone()),
        database.baselines(),
        &[slug],
        now,
    )
    .await?
    .pop())
}

#[test]
fn c7_an_import_takes_an_article_and_remembers_its_file() {
    on_both(async |database| {
        let take = async |target: Option<(ArticleId, i64)>,
                          may_change,
                          hash: &str,
                          fields: &ArticleFields| {
            let mut transaction = database.begin_content().await.unwrap();
            let incoming = Incoming { target, may_change, path: "a/é.md", hash, fields };
            let taken = imports::take(&mut transaction, incoming, NOW).await.unwrap();
            transaction.commit().await.unwrap();
            taken
        };
        let known = async || database.known_articles().await.unwrap().swap_remove(0);
        let first = ArticleFields { aliases: vec!["/old".into()], ..article("first") };
        assert_eq!(take(None, true, "h1", &first).await, (Outcome::Created, vec![]));
        let stored = known().await;
        let of_file = |stored: &imports::KnownArticle| {
            (stored.path.clone().unwrap(), stored.hash.clone().unwrap(), stored.imported_version)
        };
        assert_eq!(of_file(&stored), ("a/é.md".into(), "h1".into(), Some(1)));
        assert_eq!((stored.version, stored.is_deleted, stored.is_revised), (1, false, false));
        let target = Some((stored.id, 1));
        assert_eq!(take(target, true, "h2", &first).await.0, Outcome::Unchanged);
        assert_eq!(known().await.hash.as_deref(), Some("h2"));

        // Another slug: the old address leads there, and so do all that were known.
        let renamed = ArticleFields { aliases: vec!["/new".into()], ..article("renamed") };
        assert_eq!(take(target, true, "h3", &renamed).await, (Outcome::Updated, vec![]));
        for path in ["/old", "/articles/first", "/new", "/new.html"] {
            let slug = database.address_by_alias(path, NOW).await.unwrap();
            assert_eq!(slug.as_deref(), Some("/articles/renamed"), "{path}");
        }
        assert_eq!(take(target, true, "h4", &first).await.0, Outcome::ChangedMeanwhile);

        // What may not change gets the addresses that it lacks, and nothing else.
        let target = Some((stored.id, 2));
        let other = ArticleFields { aliases: vec!["/newer".into()], ..article("first") };
        assert_eq!(take(target, false, "h5", &other).await.0, Outcome::Differs);
        let stored = known().await;
        assert_eq!((stored.version, stored.slug.as_str()), (2, "renamed"));
        assert_eq!(of_file(&stored), ("a/é.md".into(), "h3".into(), Some(2)));
        let slug = database.address_by_alias("/newer", NOW).await.unwrap();
        assert_eq!(slug.as_deref(), Some("/articles/renamed"));

        // An address of another article is named, and a file of the same name replaces the first.
        let second = ArticleFields { aliases: vec!["/old".into()], ..article("second") };
        assert_eq!(take(None, true, "h6", &second).await, (Outcome::Created, vec!["/old".into()]));
        assert_eq!(known().await.path, None);
    });
}

#[test]
fn the_parts_of_a_sitemap_are_ranges_of_ids_that_do_not_shift() {
    on_both(async |database| {
        let next_ids = match database.any() {
            AnyDatabase::Sqlite(_) => [
                "UPDATE sqlite_sequence SET seq = 9999 WHERE name = 'articles'",
                "UPDATE sqlite_sequence SET seq = 30000 WHERE name = 'articles'",
            ],
            AnyDatabase::MySql(_) => [
                "ALTER TABLE articles AUTO_INCREMENT = 10000",
                "ALTER TABLE articles AUTO_INCREMENT = 30001",
            ],
        };
        for (slug, next_id) in [("a", None), ("b", Some(next_ids[0])), ("c", Some(next_ids[1]))] {
            if let Some(sql) = next_id {
                execute(&database, sql).await;
            }
            write(&database, &ArticleFields { published_at: Some(NOW - 1), ..article(slug) }).await;
        }
        let parts = database.map_parts(Listed::Articles, NOW).await.unwrap();
        assert_eq!(parts, [0, 1, 3]);
        for (part, expected) in [
            (0, &["/articles/a"][..]),
            (1, &["/articles/b"]),
            (2, &[]),
            (3, &["/articles/c"]),
            (i64::MAX, &[]),
        ] {
            let entries = database.map_part(Listed::Articles, part, NOW).await.unwrap();
            let paths: Vec<_> = entries.into_iter().map(|entry| entry.path).collect();
            assert_eq!(paths, expected, "{part}");
        }
    });
}

#[test]
fn recent_articles_leave_out_a_text_that_is_too_large_and_have_the_date_that_readers_saw() {
    on_both(async |database| {
        let long =
            ArticleFields { html: "é".repeat(51), published_at: Some(NOW - 1), ..article("long") };
        write(&database, &long).await;
        write(
            &database,
            &ArticleFields {
                html: "é".repeat(50),
                published_at: Some(NOW - 2),
                ..article("short")
            },
        )
        .await;
        let recent = database.recent(&Filter::default(), 9, 100, NOW).await.unwrap();
        let texts: Vec<_> =
            recent.iter().map(|one| (one.summary.slug.as_str(), one.html.is_some())).collect();
        assert_eq!(texts, [("long", false), ("short", true)], "bytes are counted");
        assert_eq!(database.recent(&Filter::default(), 1, 100, NOW).await.unwrap().len(), 1);
        let other = Filter { tag: Some("none".into()), ..Filter::default() };
        assert!(database.recent(&other, 9, 100, NOW).await.unwrap().is_empty());
    });
}

/// The servers have different ways of saying it, and each takes the other's for a comment.
#[test]
fn a_statement_that_the_server_ends_because_it_takes_too_long_is_no_outage() {
    const ENDLESS: &str = "/*M!100100 SET STATEMENT max_statement_time = 0.05 FOR */
        SELECT /*+ MAX_EXECUTION_TIME(50) */ count(*) FROM information_schema.COLLATIONS AS a,
            information_schema.COLLATIONS AS b, information_schema.COLLATIONS AS c,
            information_schema.COLLATIONS AS d";
    Runtime::new().unwrap().block_on(async {
        let database = open_mysql(&new_database()).await.unwrap();
        let pool = database.reachable().unwrap();
        let error = sqlx::query(ENDLESS).fetch_one(pool).await.unwrap_err();
        assert_eq!(tidemark::error::Error::from(error), tidemark::error::Error::Unavailable);
        assert!(!database.outage().is_now());
        sqlx::query("SELECT 1").fetch_one(pool).await.unwrap();
    });
}
