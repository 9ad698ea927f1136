//! Views that were counted elsewhere: taken over by `import-counts`, shown in every total, and kept
//! apart from what is counted here.

use std::path::Path;

use serde_json::{Value, json};
use tidemark::server::content::import_counts::{
    ImportCountsError, MOST_SOURCES, Options, Report, import_counts,
};
use tidemark::server::db::actor::Role;
use tidemark::server::jobs::Job;
use tidemark_counting::ArticleId;

use crate::harness::{Answer, Client, FIREFOX, TestServer, binary, source};
use crate::page_cache::eventually;

const PASSWORD: &str = "a-good-password";

/// Imports counts from one file.
fn try_import(
    server: &TestServer,
    text: &str,
    options: Options,
) -> Result<Report, ImportCountsError> {
    let files = [("counts.csv".to_owned(), text.as_bytes().to_vec())];
    server.run(import_counts(&server.database, &files, options))
}

fn import(server: &TestServer, text: &str, source: &str) -> Report {
    let options = Options { source: Some(source.to_owned()), ..Options::default() };
    try_import(server, text, options).unwrap()
}

/// Waits until the server has noticed an import.
fn wait_for(server: &TestServer, slug: &str, views: i64) {
    let path = format!("/api/v1/articles/{}", server.id(slug));
    eventually(server, &path, |answer| answer.json()["views"] == views);
}

/// Runs the program on a server's stores. Returns whether it succeeded, standard output and
/// standard error.
fn command(server: &TestServer, arguments: &[&str]) -> (bool, String, String) {
    let mut command = binary();
    command.args(arguments).env("DATABASE_URL", &server.config.database.url);
    command.env("REDIS_URL", &server.config.redis.url);
    let pictures = format!("file:{}", server.folder.path().join("pictures").display());
    let output = command.env("TIDEMARK_PICTURES__URL", pictures).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn contains(answer: &Answer, part: &str) {
    assert!(answer.text.contains(part), "{part} is missing: {}", answer.text);
}

/// The slugs and views of a ranking in the API.
fn ranking(client: &Client, query: &str) -> Vec<(String, i64)> {
    let answer = client.get(&format!("/api/v1/articles/most-viewed?{query}")).json();
    let articles = answer["articles"].as_array().unwrap().iter();
    let entry = |article: &Value| {
        (article["slug"].as_str().unwrap().to_owned(), article["views"].as_i64().unwrap())
    };
    articles.map(entry).collect()
}

/// Checks each place that shows the total of the article `first`.
fn assert_total(server: &TestServer, total: i64) {
    let words = tidemark::model::language::Language::English.views(total);
    // A search by views has the order of SQL's counts.
    server.job(Job::Flush);
    let id = server.id("first");
    let boss = server.someone().signed_in("boss", PASSWORD);
    let anybody = server.someone();
    for client in [&anybody, &boss] {
        for path in [
            "/",
            "/articles/first",
            "/tags/sea",
            "/authors/jo-doe",
            "/search?q=first",
            "/search?q=text&sort=views",
            "/most-viewed",
        ] {
            contains(&client.get(path), &words);
        }
        let page = client.get("/articles/first");
        contains(&page, &format!("data-shown=\"{total}\""));
        // The ranking beside the article.
        contains(&page, &format!("data-views=\"{total}\""));
    }
    contains(&boss.get("/studio"), words.trim_end_matches(" views"));
    contains(&boss.get("/collects"), &words);
    for (path, at) in [
        (format!("/api/v1/articles/{id}"), "/views"),
        ("/api/v1/articles?tag=sea&author=jo-doe".into(), "/articles/1/views"),
        ("/api/v1/articles/most-viewed".into(), "/articles/0/views"),
        ("/api/v1/search?q=first".into(), "/hits/0/views"),
        ("/api/v1/search?q=text&sort=views".into(), "/hits/0/views"),
        ("/api/pages/home".into(), "/content/articles/items/1/views"),
        ("/api/pages/article?slug=first".into(), "/content/article/views"),
        ("/api/pages/most-viewed?window=all".into(), "/content/ranking/articles/0/views"),
        ("/api/pages/author?username=jo-doe".into(), "/content/articles/items/1/views"),
    ] {
        let answer = anybody.get(&path).json();
        assert_eq!(answer.pointer(at), Some(&json!(total)), "{path}: {answer}");
    }
    // A crawler's view is answered, not counted.
    let answer = server.reader("192.0.2.77", "a-bot/1.0").view(id).json();
    assert_eq!((&answer["views"], &answer["counted"]), (&json!(total), &json!(false)));
}

#[test]
fn c6_every_place_shows_the_same_total_with_the_views_from_elsewhere() {
    let server = TestServer::start();
    server.job(Job::Ranking);
    server.add_user_with_role("boss", PASSWORD, Role::Admin);
    let id = server.id("first");
    let boss = server.someone().signed_in("boss", PASSWORD);
    assert_eq!(boss.post("/articles/first/collect", "collect=true").status, 303);
    let reader = |number: i64| server.reader(&format!("198.51.100.{number}"), FIREFOX);
    for number in [1, 2] {
        assert_eq!(reader(number).view(id).json()["views"], number);
    }
    assert_total(&server, 2);

    import(&server, "/articles/first,12345,2026-11-23\n/articles/second/,7\n", "WordPress");
    import(&server, "/old/first.html,1000\n", "busuanzi");
    wait_for(&server, "first", 13_347);
    assert_total(&server, 13_347);
    for client in [server.someone(), boss] {
        contains(
            &client.get("/articles/first"),
            "including 12,345 from WordPress until November 23, 2026; 1,000 from busuanzi",
        );
    }
    let article = server.someone().get(&format!("/api/v1/articles/{id}")).json();
    assert_eq!(
        article["baselines"],
        json!([
            { "source": "WordPress", "views": 12_345, "until": "2026-11-23" },
            { "source": "busuanzi", "views": 1_000, "until": null },
        ])
    );
    let second = server.someone().get(&format!("/api/v1/articles/{}", server.id("second"))).json();
    assert_eq!((&second["views"], &second["baselines"][0]["views"]), (&json!(7), &json!(7)));
    contains(
        &server.someone().signed_in("boss", PASSWORD).get("/studio"),
        "including 7 from WordPress",
    );

    // A view is still one more, and a repeat none.
    let outcome = reader(3).view(id).json();
    assert_eq!((&outcome["views"], &outcome["counted"]), (&json!(13_348), &json!(true)));
    let outcome = reader(3).view(id).json();
    assert_eq!((&outcome["views"], &outcome["counted"]), (&json!(13_348), &json!(false)));
    assert_total(&server, 13_348);

    // Only rankings of all time have them.
    let all = [("first".to_owned(), 13_348), ("second".to_owned(), 7)];
    assert_eq!(ranking(&server.someone(), "window=all"), all);
    for window in ["24h", "7d", "30d"] {
        let query = format!("window={window}");
        assert_eq!(ranking(&server.someone(), &query), [("first".to_owned(), 3)], "{window}");
    }
}

#[test]
fn c7_counting_knows_nothing_of_views_from_elsewhere() {
    let server = TestServer::start();
    server.job(Job::Ranking);
    let id = server.id("first");
    server.someone().view(id);
    let version = |sql| server.number(sql, "first");
    let article = || {
        [
            version("SELECT version FROM articles WHERE slug = ?"),
            version("SELECT updated_at FROM articles WHERE slug = ?"),
        ]
    };
    let before = article();
    import(&server, "/articles/first,12345\n", "WordPress");
    wait_for(&server, "first", 12_346);
    server.job(Job::Flush);
    let counted = server.run(server.stores.views.totals(&[ArticleId(id)])).unwrap();
    assert_eq!(counted.get(&ArticleId(id)), Some(&1));
    let stored = server.number(
        "SELECT views FROM article_stats JOIN articles ON articles.id = article_id WHERE slug = ?",
        "first",
    );
    assert_eq!((stored, article()), (1, before));
    let (done, text, error) = command(&server, &["reconcile"]);
    assert!(done && text.contains("correct"), "{text}{error}");
}

#[test]
fn importing_counts_again_sets_them_and_does_not_add() {
    let server = TestServer::start();
    let file = "/articles/first,100,2026-11-01\n/articles/first/,20,2026-11-02\n";
    let sums = |report: &Report| {
        let source = &report.sources["WordPress"];
        (source.articles, source.unchanged, source.views)
    };
    assert_eq!(sums(&import(&server, file, "WordPress")), (1, 0, 120));
    assert_eq!(sums(&import(&server, file, "WordPress")), (1, 1, 120));
    wait_for(&server, "first", 120);
    // What the source says now is what counts, be it less.
    assert_eq!(sums(&import(&server, "/articles/first,90\n", "WordPress")), (1, 0, 90));
    wait_for(&server, "first", 90);
    // The last day is part of what readers see.
    let until = Options {
        source: Some("WordPress".into()),
        until: Some("2026-11-01".parse().unwrap()),
        ..Options::default()
    };
    let report = try_import(&server, file, until.clone()).unwrap();
    assert_eq!(sums(&report), (1, 0, 100));
    assert_eq!(report.skipped["rows of later days"], 1);
    let rehearsed = Options { is_dry_run: true, ..until };
    assert_eq!(sums(&try_import(&server, "/articles/first,5\n", rehearsed).unwrap()), (1, 0, 5));
    wait_for(&server, "first", 100);
    assert_eq!(server.run(server.database.remove_baselines("WordPress")).unwrap(), 1);
    wait_for(&server, "first", 0);
    assert!(!server.someone().get("/articles/first").text.contains("including"));
}

#[test]
fn a_restarted_server_shows_views_from_elsewhere_at_once() {
    let mut server = TestServer::start();
    import(&server, "first,5\n", "WordPress");
    server.restart();
    contains(&server.someone().get("/articles/first"), "5 views");
    assert_eq!(server.someone().view(server.id("first")).json()["views"], 6);
}

#[test]
fn the_ranking_of_all_time_is_that_of_the_sums() {
    let server = TestServer::start();
    let count = 60;
    let files = (0..count).map(|number| source(&format!("n-{number}"), "", "Text")).collect();
    let imported = tidemark::server::content::import::import(
        &server.database,
        &server.clock,
        files,
        Default::default(),
    );
    server.run(imported).unwrap();
    // Counted and imported views in different orders, many of them equal or none.
    let counted = |id: i64| (id * 37) % 23;
    let elsewhere = |number: i64| if number % 3 == 0 { 0 } else { (number * 53) % 19 };
    server.execute(
        "INSERT INTO article_stats (article_id, views) SELECT id, (id * 37) % 23 FROM articles",
    );
    server.job(Job::Reconcile);
    server.job(Job::Ranking);
    let lines: Vec<String> =
        (0..count).map(|number| format!("n-{number},{}\n", elsewhere(number))).collect();
    import(&server, &lines.concat(), "WordPress");
    let mut expected: Vec<(i64, i64, String)> = (0..count)
        .map(|number| (format!("n-{number}"), elsewhere(number)))
        .chain([("first".to_owned(), 0), ("second".to_owned(), 0)])
        .map(|(slug, elsewhere)| {
            let id = server.id(&slug);
            (counted(id) + elsewhere, id, slug)
        })
        .filter(|(views, ..)| *views > 0)
        .collect();
    expected.sort_by(|one, other| other.cmp(one));
    let first = expected[0].clone();
    eventually(&server, "/api/v1/articles/most-viewed?limit=1", |answer| {
        answer.json()["articles"][0]["views"] == first.0
    });
    for limit in [1, 2, 5, 17, 60, 100] {
        let shown = ranking(&server.someone(), &format!("window=all&limit={limit}"));
        let expected: Vec<(String, i64)> =
            expected.iter().take(limit).map(|(views, _, slug)| (slug.clone(), *views)).collect();
        assert_eq!(shown, expected, "limit {limit}");
    }
}

#[test]
fn the_command_reports_what_it_took_and_what_it_did_not() {
    let server = TestServer::start();
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        "pages.csv",
        "date,hostname,page,visits,visitors,pageviews\n2026-11-01,a.example,/old/first,1,1,1200\n\
         2026-11-02,a.example,/about,9,9,34\n2026-11-02,a.example,/old/first.html?x,1,1,34\n",
    );
    let (done, text, error) = command(&server, &["import-counts", "--dry-run", &path]);
    assert!(done, "{error}");
    for part in [
        "No article has these addresses:\n  /about (34 views)",
        "Would set 1,234 views from Plausible until 2026-11-02: 1 articles, 0 of them as before.",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(
        server.number("SELECT count(*) FROM article_baselines WHERE source = ?", "Plausible"),
        0
    );
    let (done, text, error) = command(&server, &["import-counts", &path, "--json"]);
    assert!(done, "{error}");
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["sources"]["Plausible"]["views"], 1_234, "{report}");
    assert_eq!(report["unmatched"][0]["address"], "/about", "{report}");
    wait_for(&server, "first", 1_234);

    let broken = write(folder.path(), "broken.csv", "/articles/second,5\n/articles/first,many\n");
    let (done, text, error) =
        command(&server, &["import-counts", &broken, "--source", "My old blog"]);
    assert!(!done && error.lines().count() == 1, "{error}");
    assert!(text.contains("broken.csv, line 2: \"many\" is no number of views"), "{text}");
    assert!(text.contains("Set 5 views from My old blog"), "{text}");
    wait_for(&server, "second", 5);

    let strange = write(folder.path(), "strange.csv", "/nowhere,5\n");
    for (arguments, said) in [
        (vec!["import-counts", &strange], "No address in the file belongs to an article"),
        (vec!["import-counts", "/no/such/file"], "/no/such/file"),
        (vec!["import-counts", &path, "--format", "matomo"], "Matomo"),
        (vec!["import-counts", &path, "--source", " "], "The source must be a name"),
        (
            vec!["import-counts", "--remove", "--source", "Nobody"],
            "There are no counts from Nobody",
        ),
    ] {
        let (done, _, error) = command(&server, &arguments);
        assert!(!done && error.contains(said) && error.lines().count() == 1, "{error}");
    }
    let (done, text, _) = command(&server, &["import-counts", "--remove", "--source", "Plausible"]);
    assert!(done && text.contains("Removed the counts of 1 articles from Plausible."), "{text}");
    assert_eq!(
        server.number("SELECT count(*) FROM article_baselines WHERE source = ?", "Plausible"),
        0
    );
    wait_for(&server, "first", 0);
}

#[test]
fn a_blog_has_counts_from_so_many_sources_and_no_more() {
    let server = TestServer::start();
    for number in 0..MOST_SOURCES {
        import(&server, "first,1\n", &format!("Source {number}"));
    }
    let options = Options { source: Some("One more".into()), ..Options::default() };
    let error = try_import(&server, "first,1\n", options).unwrap_err().to_string();
    assert!(error.contains("20 sources") && !error.contains('\n'), "{error}");
    import(&server, "first,2\n", "Source 0");
    wait_for(&server, "first", i64::try_from(MOST_SOURCES).unwrap() + 1);
}

#[test]
fn an_export_brings_every_total_to_another_blog() {
    let server = TestServer::start();
    server.someone().view(server.id("first"));
    import(&server, "first,41,2026-11-20\n", "WordPress");
    server.add_user("ann", "a-good-password");
    let ann = server.someone().signed_in("ann", "a-good-password");
    assert_eq!(ann.post("/articles/first/like", "like=true").status, 303);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let (done, text, error) = command(&server, &["export", &path]);
    assert!(done && text.contains("Exported 3 articles"), "{text}{error}");
    let counts = folder.path().join("counts.csv");
    let text = std::fs::read_to_string(&counts).unwrap();
    assert!(text.starts_with("address,views,source,until\n/articles/first,1,,"), "{text}");
    assert!(text.contains("/articles/first,41,WordPress,2026-11-20\n"), "{text}");
    let likes = std::fs::read_to_string(folder.path().join("likes.csv")).unwrap();
    assert_eq!(likes, "address,likes\n/articles/first,1\n");

    let other = TestServer::start();
    let counts = counts.display().to_string();
    let (done, text, error) = command(&other, &["import-counts", &counts]);
    assert!(done, "{text}{error}");
    wait_for(&other, "first", 42);
    let article = other.someone().get(&format!("/api/v1/articles/{}", other.id("first"))).json();
    let parts: Vec<(&str, i64)> = article["baselines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["source"].as_str().unwrap(), part["views"].as_i64().unwrap()))
        .collect();
    assert_eq!(parts, [("Tidemark", 1), ("WordPress", 41)]);
}
