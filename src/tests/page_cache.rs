//! The page cache: a cached page equals a rendered one, with current counts.

use std::cell::{Cell, RefCell};
use std::io::Read;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use flate2::read::GzDecoder;
use futures_util::future::join;
use tidemark::model::language::Language;
use tidemark::model::pages::Ranking;
use tidemark::server::content::import::{Report, SourceFile, import};
use tidemark::server::counts::{Sources, counts};
use tidemark::server::db::actor::Role;
use tidemark::server::http::remember::Site;
use tidemark::server::http::router::{reading, router};
use tidemark::server::jobs::Job;
use tidemark::server::lifecycle::Server;
use tidemark::server::page_cache::page::Wanted;
use tidemark_counting::batcher::batcher;
use tidemark_counting::identifier::Identifier;
use tidemark_counting::{ArticleId, Views};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::harness::{Answer, FIREFOX, PATIENCE, TestServer, source, wait_until};

const HIT: &str = "Tidemark; hit";
const STORED: &str = "Tidemark; fwd=miss; stored";

/// The page with its nonce removed.
fn without_nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(answer.text.contains(nonce), "{}", answer.text);
    answer.text.replace(nonce, "")
}

fn status(answer: &Answer) -> &str {
    answer.header("cache-status")
}

/// Retries until the page changes as expected. A process notices another's changes within a second,
/// unless the machine is busy.
pub fn eventually(server: &TestServer, path: &str, is_so: impl Fn(&Answer) -> bool) {
    let start = Instant::now();
    loop {
        let answer = server.someone().get(path);
        if is_so(&answer) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{path} never changed: {}", answer.text);
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_page_is_rendered_once_and_each_response_has_its_own_nonce() {
    let server = TestServer::start();
    for path in [
        "/",
        "/articles/first",
        "/tags/sea",
        "/authors/jo-doe",
        "/most-viewed",
        "/search?q=text",
        "/tags",
        "/authors",
        "/archive",
    ] {
        let (first, second) = (server.someone().get(path), server.someone().get(path));
        assert_eq!((first.status, status(&first)), (200, STORED), "{path}");
        assert_eq!((second.status, status(&second)), (200, HIT), "{path}");
        assert_ne!(
            first.header("content-security-policy"),
            second.header("content-security-policy"),
            "{path}"
        );
        assert_eq!(without_nonce(&first), without_nonce(&second), "{path}");
        for answer in [first, second] {
            assert!(
                !answer.text.contains('\u{E000}') && !answer.text.contains('\u{E001}'),
                "{path}: {}",
                answer.text
            );
        }
    }
}

#[test]
fn a_path_that_is_not_utf8_is_not_found_and_leaves_no_hole_open() {
    let server = TestServer::start();
    let nothing = server.someone().get("/nothing");
    for path in ["/articles/%ff", "/tags/%ff", "/authors/%ff"] {
        for _ in 0..2 {
            let answer = server.someone().get(path);
            assert_eq!((answer.status, status(&answer)), (404, ""), "{path}");
            assert_eq!(without_nonce(&answer), without_nonce(&nothing), "{path}");
        }
    }
}

#[test]
fn a_cached_page_equals_the_page_rendered_without_a_cache() {
    let remembering = TestServer::start();
    let forgetting = TestServer::with(&[("TIDEMARK_PAGES__CACHE", "0")]);
    let signed_in = |server: &TestServer, path: &str| {
        // An expired session: nobody is signed in, but the page cache is bypassed.
        let answer = server.someone().with("cookie", "session=AAAAAAAAAAAAAAAAAAAAAA").get(path);
        assert_eq!(status(&answer), "", "{path}");
        without_nonce(&answer)
    };
    for server in [&remembering, &forgetting] {
        server.job(Job::Ranking);
        assert!(server.someone().view(server.id("first")).json()["counted"].as_bool().unwrap());
    }
    for path in
        ["/", "/articles/first", "/tags/sea", "/authors/jo-doe", "/most-viewed", "/search?q=text"]
    {
        remembering.someone().get(path);
        let answer = remembering.someone().get(path);
        assert_eq!(status(&answer), HIT);
        assert_eq!(without_nonce(&answer), signed_in(&remembering, path), "{path}");
        let answer = forgetting.someone().get(path);
        assert_eq!(status(&answer), "Tidemark; fwd=bypass");
        assert_eq!(without_nonce(&answer), signed_in(&forgetting, path), "{path}");
    }
}

#[test]
fn c6_a_cached_page_shows_current_counts() {
    let server = TestServer::start();
    server.add_user("reader", "a-good-password");
    // The server profile has no rankings until they have been built.
    server.job(Job::Ranking);
    let (article, front) = ("/articles/first", "/");
    assert!(server.someone().get(article).text.contains("0 views"));
    assert!(server.someone().get(front).text.contains("0 views"));
    for count in 1..=3 {
        let outcome =
            server.reader(&format!("198.51.100.{count}"), FIREFOX).view(server.id("first")).json();
        assert_eq!(outcome["views"], count);
        for path in [article, front] {
            let answer = server.someone().get(path);
            assert_eq!(status(&answer), HIT, "{path}");
            let words = if count == 1 { "1 view".to_owned() } else { format!("{count} views") };
            // The article's own count, and its count in each of the three rankings. Its page shows
            // its own at the end too.
            assert_eq!(
                answer.text.matches(&format!(">{words}<")).count(),
                if path == article { 5 } else { 4 },
                "{path}: {}",
                answer.text
            );
        }
        // The browser adds this reader's view to it.
        let page = server.someone().get(article).text;
        assert!(page.contains(&format!("data-shown=\"{count}\"")), "{page}");
    }
    let reader = server.someone().signed_in("reader", "a-good-password");
    assert_eq!(reader.post(&format!("{article}/like"), "like=true").status, 303);
    let answer = server.someone().get(article);
    assert_eq!(status(&answer), HIT);
    assert!(
        answer.text.contains("<span>Like</span> <span class=\"reaction-count\">1</span>"),
        "{}",
        answer.text
    );
    assert_eq!(reader.post("/authors/jo-doe/follow", "follow=true").status, 303);
    assert!(server.someone().get("/authors/jo-doe").text.contains("1 follower<"));
}

/// The HTML of an entry in the most-viewed list.
fn most_viewed(title: &str, views: &str) -> String {
    let number = views.split(' ').next().unwrap();
    format!(
        "<a href=\"/articles/first\" lang=\"en\">{title}</a><span data-views-of=\"1\" data-views=\"{number}\" class=\"meta\">{views}</span>"
    )
}

#[test]
fn c6_cached_rankings_of_each_window_include_every_counted_view() {
    let server = TestServer::start();
    server.add_user("reader", "a-good-password");
    server.job(Job::Ranking);
    let windows = ["24h", "7d", "30d", "all"].map(|window| format!("/most-viewed?window={window}"));
    let paths = || windows.iter().map(String::as_str).chain(["/most-viewed"]);
    for path in paths() {
        let answer = server.someone().get(path);
        assert_eq!((answer.status, status(&answer)), (200, STORED), "{path}");
        assert!(!answer.text.contains("ranking-long"), "{path}: {}", answer.text);
    }
    for (count, views) in [(1, "1 view"), (2, "2 views")] {
        let etags: Vec<String> =
            paths().map(|path| server.someone().get(path).header("etag").to_owned()).collect();
        let outcome =
            server.reader(&format!("198.51.100.{count}"), FIREFOX).view(server.id("first")).json();
        assert_eq!(outcome["views"], count);
        for (path, etag) in paths().zip(etags) {
            let answer = server.someone().with("if-none-match", &etag).get(path);
            assert_eq!((answer.status, status(&answer)), (200, HIT), "{path}");
            assert!(
                answer.text.contains(&most_viewed("Title of first", views)),
                "{path}: {}",
                answer.text
            );
        }
    }
    let reader = server.someone().signed_in("reader", "a-good-password");
    for path in paths() {
        let answer = reader.get(path);
        assert_eq!(status(&answer), "", "{path}");
        assert!(
            answer.text.contains(&most_viewed("Title of first", "2 views")),
            "{path}: {}",
            answer.text
        );
    }
    for _ in 0..2 {
        let answer = server.someone().get("/most-viewed?window=1h");
        assert_eq!((answer.status, status(&answer)), (404, ""), "the window does not exist");
    }
}

#[test]
fn a_changed_title_shows_in_the_rankings_at_once() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    server.job(Job::Ranking);
    let (id, path) = (server.id("first"), "/most-viewed");
    server.someone().view(id);
    assert!(server.someone().get(path).text.contains(&most_viewed("Title of first", "1 view")));
    let form =
        "version=1&title=Other&slug=first&tags=Sea&markdown=Its+text&summary=&cover=&intent=save";
    assert_eq!(boss.post(&format!("/studio/{id}"), form).status, 303);
    let answer = server.someone().get(path);
    assert_eq!(status(&answer), STORED);
    assert!(answer.text.contains(&most_viewed("Other", "1 view")), "{}", answer.text);
    assert_eq!(boss.post(&format!("/studio/{id}/bin"), "version=2").status, 303);
    assert!(!server.someone().get(path).text.contains(">Other<"));
}

#[test]
fn a_cached_author_page_shows_current_followers_even_if_other_authors_are_requested_too() {
    let server = TestServer::start();
    let file = source("other", "", "text");
    let file = SourceFile { text: file.text.replace("Jo Doe", "Ann Other"), ..file };
    server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    eventually(&server, "/authors/ann-other", |answer| answer.status == 200);
    for (username, followed) in [("one", &["jo-doe", "ann-other"][..]), ("two", &["ann-other"])] {
        server.add_user(username, "a-good-password");
        let reader = server.someone().signed_in(username, "a-good-password");
        for author in followed {
            assert_eq!(
                reader.post(&format!("/authors/{author}/follow"), "follow=true").status,
                303
            );
        }
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let [one, two] = [">1 follower<", ">2 followers<"];
            for (author, own, other) in [("jo-doe", one, two), ("ann-other", two, one)] {
                let reader = server.someone();
                scope.spawn(move || {
                    // A page does without its followers if the store misses its deadline.
                    wait_until(author, || {
                        let page = reader.get(&format!("/authors/{author}")).text;
                        assert!(!page.contains(other), "{author}: {page}");
                        page.contains(own)
                    });
                });
            }
        }
    });
}

#[test]
fn pages_for_signed_in_users_are_neither_cached_nor_served_from_the_cache() {
    let server = TestServer::start();
    server.add_user("reader", "a-good-password");
    let reader = server.someone().signed_in("reader", "a-good-password");
    for path in ["/", "/articles/first", "/most-viewed"] {
        for _ in 0..2 {
            let answer = reader.get(path);
            assert_eq!(status(&answer), "", "{path}");
            assert!(answer.text.contains("A Reader"), "{path}: {}", answer.text);
        }
        let answer = server.someone().get(path);
        assert_eq!(status(&answer), STORED, "{path}");
        assert!(!answer.text.contains("A Reader"), "{path}: {}", answer.text);
        assert!(reader.get(path).text.contains("A Reader"), "{path}");
    }
}

#[test]
fn the_cache_key_has_the_theme_and_the_query_parameters_that_the_page_uses() {
    let server = TestServer::start();
    assert_eq!(status(&server.someone().get("/")), STORED);
    for same in ["/?utm_source=x", "/?", "/?x=1&y=2"] {
        assert_eq!(status(&server.someone().get(same)), HIT, "{same}");
    }
    assert_eq!(server.someone().get("/?page=2&utm_source=x").status, 404);
    let dark = server.someone().with("cookie", "theme=dark");
    let answer = dark.get("/");
    assert_eq!(status(&answer), STORED);
    assert!(answer.text.contains("data-theme=\"dark\""));
    assert_eq!(status(&dark.get("/")), HIT);
    assert!(!server.someone().get("/").text.contains("data-theme"));
    // Even a page that repeats the search text leaves out the other parameters.
    assert!(!server.someone().get("/search?q=first&secret=utm").text.contains("utm"));
}

#[test]
fn a_change_in_the_studio_shows_on_the_page_at_once() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let id = server.id("first");
    let paths =
        ["/", "/articles/first", "/tags/sea", "/authors/jo-doe", "/search?q=text", "/archive"];
    let look = || paths.map(|path| server.someone().get(path));
    look();
    let form = |title: &str, version: i64| {
        format!(
            "version={version}&title={title}&slug=first&tags=Sea&markdown=Its+text&summary=&cover=&intent=save"
        )
    };
    for (version, title) in [(1, "One"), (2, "Other")] {
        let saved = boss.post(&format!("/studio/{id}"), &form(title, version));
        assert_eq!(saved.status, 303, "{}", saved.text);
        for (path, answer) in paths.into_iter().zip(look()) {
            assert_eq!(status(&answer), STORED, "{path}");
            assert!(answer.text.contains(&format!(">{title}<")), "{path}: {}", answer.text);
        }
    }
    assert_eq!(boss.post(&format!("/studio/{id}/bin"), "version=3").status, 303);
    assert_eq!(server.someone().get("/articles/first").status, 404);
    assert!(!server.someone().get("/").text.contains(">Other<"));
    assert_eq!(boss.post(&format!("/studio/{id}/restore"), "version=4").status, 303);
    assert!(server.someone().get("/").text.contains(">Other<"));
}

#[test]
fn publishing_unpublishing_and_renaming_an_author_show_on_the_page_at_once() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let form = |more: &str| format!("title=Fresh&slug=fresh&tags=&summary=&cover=&{more}");
    let front = || server.someone().get("/").text;
    let saved = boss.post("/studio/new", &form("markdown=A+draft&intent=save"));
    let page = saved.header("location").split('?').next().unwrap();
    assert!(!front().contains(">Fresh<"));
    assert_eq!(boss.post(page, &form("markdown=A+text&version=1&intent=publish")).status, 303);
    assert!(front().contains(">Fresh<"));
    assert_eq!(boss.post("/account/name", "name=Another+Name").status, 303);
    assert!(front().contains(">Another Name<"));
    assert_eq!(boss.post(page, &form("markdown=A+text&version=2&intent=unpublish")).status, 303);
    assert!(!front().contains(">Fresh<"));
}

#[test]
fn changes_by_another_process_are_noticed() {
    let server = TestServer::start();
    let (article, front) = ("/articles/first", "/");
    for path in [article, front] {
        server.someone().get(path);
    }
    // The harness uses a connection pool of its own, as `tidemark import` would.
    let files = vec![source("first", "", "It was changed."), source("third", "", "It is new.")];
    server.run(import(&server.database, &server.clock, files, Report::default())).unwrap();
    eventually(&server, article, |answer| answer.text.contains("It was changed."));
    eventually(&server, front, |answer| answer.text.contains("Title of third"));
    let author = server.run(server.database.user_by_username("jo-doe")).unwrap().unwrap();
    server.run(server.database.rename_user(author.actor(), "Somebody Else", &|_| false)).unwrap();
    eventually(&server, front, |answer| answer.text.contains("Somebody Else"));
}

#[test]
fn only_renaming_an_author_drops_cached_pages() {
    let server = TestServer::start();
    server.add_user("reader", "a-good-password");
    let version = || server.number("SELECT version FROM content_version WHERE ? = ''", "");
    let before = version();
    let reader = server.someone().signed_in("reader", "a-good-password");
    assert_eq!(reader.post("/account/name", "name=Rea+Der").status, 303);
    assert!(reader.get("/account").text.contains("Rea Der"));
    assert_eq!(version(), before);
    let author = server.run(server.database.user_by_username("jo-doe")).unwrap().unwrap();
    assert!(
        server
            .run(server.database.rename_user(author.actor(), "Somebody Else", &|_| false))
            .unwrap()
    );
    assert_eq!(version(), before + 1);
}

#[test]
fn a_scheduled_article_appears_on_cached_pages_when_its_time_comes() {
    let server = TestServer::start();
    let scheduled = source("later", "", "text").text.replace("2026-11-01", "2026-11-24T12:00:10Z");
    let file = SourceFile { path: "later.md".into(), text: scheduled };
    server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    // Wait until the server has noticed the scheduled article.
    eventually(&server, "/", |answer| status(answer) == STORED);
    eventually(&server, "/", |answer| status(answer) == HIT);
    assert!(!server.someone().get("/").text.contains("Title of later"));
    server.clock.advance(std::time::Duration::from_secs(20));
    eventually(&server, "/", |answer| answer.text.contains("Title of later"));
}

#[test]
fn a_browser_with_the_page_gets_304_until_a_count_changes() {
    let server = TestServer::start();
    let path = "/articles/first";
    server.someone().get(path);
    let first = server.someone().get(path);
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");
    let again = server.someone().with("if-none-match", &etag);
    let answer = again.get(path);
    assert_eq!(
        (answer.status, answer.text.as_str(), answer.header("etag")),
        (304, "", etag.as_str())
    );
    // The browser keeps its cached page, with the nonce in it, so it must keep the policy with that
    // nonce.
    assert_eq!(answer.header("content-security-policy"), "");
    assert_eq!(answer.header("vary"), first.header("vary"));
    server.someone().view(server.id("first"));
    let answer = again.get(path);
    assert_eq!(answer.status, 200);
    assert_ne!(answer.header("etag"), etag);
    assert!(answer.text.contains("1 view<"), "{}", answer.text);
}

#[test]
fn a_compressed_page_decompresses_to_the_same_page() {
    let server = TestServer::start();
    let text = "Words that come again and again. ".repeat(3_000);
    server
        .run(import(
            &server.database,
            &server.clock,
            vec![source("long", "", &text)],
            Report::default(),
        ))
        .unwrap();
    eventually(&server, "/articles/long", |answer| answer.status == 200);
    for path in ["/", "/articles/long", "/authors/jo-doe"] {
        // Read the raw answer, because the client doesn't decompress it.
        let plain = server.someone().get(path);
        let packed = server.someone().with("accept-encoding", "gzip").get(path);
        assert_eq!(packed.header("vary"), "accept-encoding, accept-language, cookie");
        let html = match packed.header("content-encoding") {
            "gzip" => {
                let mut html = String::new();
                GzDecoder::new(&packed.bytes[..]).read_to_string(&mut html).unwrap();
                assert!(
                    packed.bytes.len() < html.len() * 2 / 3,
                    "{path}: {} of {}",
                    packed.bytes.len(),
                    html.len()
                );
                html
            }
            other => panic!("{path} came as {other:?}"),
        };
        let unpacked = Answer { text: html, ..packed };
        assert_eq!(without_nonce(&unpacked), without_nonce(&plain), "{path}");
    }
}

#[test]
fn a_page_with_settings_that_could_not_be_read_is_not_cached() {
    let server = TestServer::start();
    server.add_user_with_role("boss", "a-good-password", Role::Admin);
    let boss = server.someone().signed_in("boss", "a-good-password");
    let article = "/articles/first";
    let (feed, page) = (server.someone().get("/feed.xml"), server.someone().get(article));
    assert_eq!((feed.status, status(&page)), (200, STORED));
    let form = "version=1&title=Another+title&description=&footer=";
    server.execute("ALTER TABLE site_menu RENAME TO site_menu_of_before");
    assert_eq!(boss.post("/settings", form).status, 303);
    let page = server.someone().get(article);
    assert_eq!((page.status, status(&page)), (200, "Tidemark; fwd=bypass"), "{}", page.text);
    assert_eq!(server.someone().get("/feed.xml").text, feed.text, "the last one");
    server.execute("ALTER TABLE site_menu_of_before RENAME TO site_menu");
    let page = server.someone().get(article);
    assert_eq!(status(&page), STORED);
    assert!(page.text.contains("Another title"), "{}", page.text);
    assert!(server.someone().get("/feed.xml").text.contains("Another title"));
}

#[test]
fn a_head_request_gets_the_headers_of_the_page() {
    let server = TestServer::start();
    for path in ["/", "/articles/first"] {
        server.someone().get(path);
        let (get, head) = (server.someone().get(path), server.someone().request("HEAD", path, ""));
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["content-type", "etag", "cache-control", "cache-status", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

#[test]
fn while_counts_cant_be_read_a_cached_page_shows_the_last_ones_and_says_so() {
    let server = TestServer::start();
    server.someone().view(server.id("first"));
    server.someone().get("/articles/first");
    assert!(server.someone().get("/articles/first").text.contains("1 view<"));
    server.execute("ALTER TABLE article_stats RENAME TO gone_stats");
    // Likes have a TTL of a second.
    server.clock.advance(Duration::from_secs(1));
    let answer = server.someone().get("/articles/first");
    assert_eq!((answer.status, status(&answer)), (200, "Tidemark; hit; detail=stores-away"));
    assert!(answer.text.contains("1 view<"), "{}", answer.text);
    server.execute("ALTER TABLE gone_stats RENAME TO article_stats");
    let answer = server.someone().get("/articles/first");
    assert_eq!((answer.status, status(&answer)), (200, HIT));
}

#[test]
fn errors_are_never_cached() {
    let server = TestServer::start();
    for path in ["/articles/nothing", "/tags/nothing", "/?page=99", "/nothing"] {
        for _ in 0..2 {
            let answer = server.someone().get(path);
            assert_eq!((answer.status, status(&answer)), (404, ""), "{path}");
            assert!(
                answer.text.contains("Most viewed") && !answer.text.contains('\u{E000}'),
                "{path}: {}",
                answer.text
            );
        }
    }
}

thread_local! {
    /// Runs after the rankings are read and before the counts are.
    static MEANWHILE: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    /// The views of the first article in the rankings, as the rankings give them.
    static RANKED: Cell<i64> = const { Cell::new(0) };
}

fn render_meanwhile(rankings: Vec<Ranking>, _: Language) -> String {
    let first = rankings.first().and_then(|ranking| ranking.articles.first());
    RANKED.set(first.map_or(0, |article| article.views));
    MEANWHILE.with_borrow(|meanwhile| meanwhile.as_ref().unwrap()());
    String::new()
}

#[test]
fn c6_a_view_between_reading_rankings_and_counts_is_only_in_the_counts() {
    let server = TestServer::start();
    let id = server.id("first");
    assert_eq!(server.someone().view(id).json()["views"], 1);
    server.job(Job::Ranking);
    let store = server.stores.views.clone();
    let (batcher, _workers) = batcher(store.clone(), 1);
    let identifier =
        Identifier::new(store.clone(), server.clock.clone(), server.config.views.window);
    let (counts, mut reader) = counts(Sources {
        database: server.database.clone(),
        author_counts: server.stores.author_counts.clone(),
        views: Views::new(identifier, batcher, store),
        clock: server.clock.clone(),
        render: render_meanwhile,
        render_long: |_, _| String::new(),
    });
    let wanted =
        Wanted { articles: Arc::new([ArticleId(id)]), author: None, last_day: None, window: None };
    // On a busy machine, a store may miss its deadline.
    for attempt in 0..50 {
        // Rankings have a TTL of one second.
        server.clock.advance(Duration::from_secs(1));
        let view = format!("{}/api/v1/articles/{id}/view", server.url);
        MEANWHILE.set(Some(Box::new(move || {
            let request =
                ureq::put(&view).header("x-forwarded-for", format!("192.0.2.{}", 100 + attempt));
            let mut answer = request.header("user-agent", FIREFOX).send_empty().unwrap();
            let answer = answer.body_mut().read_to_string().unwrap();
            assert!(answer.contains("\"counted\":true"), "{answer}");
        })));
        RANKED.set(0);
        let (moment, _) = server.run(join(counts.of(&wanted), reader.step()));
        let ranked = RANKED.get();
        if let Some(moment) = moment.filter(|moment| ranked > 0 && !moment.is_behind) {
            let counted = moment.articles.get(&ArticleId(id)).map(|counts| counts.views);
            assert_eq!(
                counted,
                Some(ranked + 1),
                "a script raises the rankings by what comes to the count"
            );
            // Its connection goes back to the pool by a task.
            return server.run(async { drop(reader) });
        }
    }
    panic!("the stores never answered in time");
}

/// Wakes the test when a stopped rendering could go on.
#[derive(Default)]
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Runs a rendering until it has stopped `stops` times. Returns what it answered, or the rendering
/// if it has not ended by then.
async fn run_until_stopped<T>(
    mut rendering: Pin<Box<dyn Future<Output = T> + Send>>,
    stops: usize,
) -> Result<T, Pin<Box<dyn Future<Output = T> + Send>>> {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    for _ in 0..stops {
        if let Poll::Ready(answer) = rendering.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Ok(answer);
        }
        woken.0.notified().await;
    }
    Err(rendering)
}

#[test]
fn a_rendering_that_a_change_overtakes_at_any_point_is_never_served_after_it() {
    let server = TestServer::start();
    let stop = CancellationToken::new();
    server.run(async {
        // A server of this test's own, so that the changes are made in the same process.
        let own = Server::build(server.config.clone(), server.clock.clone()).await.unwrap();
        let state = own.parts().clone();
        tokio::spawn(own.run_until_stopped(stop.clone(), false));
        let site = Site::new(state.clone(), reading(state.clone()), router(state.clone()));
        let ask = || -> Pin<Box<dyn Future<Output = (String, String)> + Send>> {
            let request = Request::get("/articles/first").header("host", "blog.example");
            let mut request = request.body(Body::empty()).unwrap();
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
            let site = site.clone();
            Box::pin(async move {
                let response = site.oneshot(request).await.unwrap();
                let status = response.headers()["cache-status"].to_str().unwrap().to_owned();
                let page = to_bytes(response.into_body(), usize::MAX).await.unwrap();
                (status, String::from_utf8(page.to_vec()).unwrap())
            })
        };
        let change = async |text: String| {
            let files = vec![source("first", "", &text)];
            let report =
                import(&state.database, &server.clock, files, Report::default()).await.unwrap();
            assert_eq!(report.updated, 1, "{report:?}");
        };
        // How often it has to wait depends on how fast other threads are.
        let mut stopped_after = vec![];
        for stops in 0..8 {
            change(format!("Before {stops}.")).await;
            let stopped = run_until_stopped(ask(), stops).await;
            change(format!("After {stops}.")).await;
            // Whoever asked before the change may get either.
            if let Err(stopped) = stopped {
                stopped_after.push(stops);
                let (_, page) = stopped.await;
                let is_whole = page.contains(&format!("Before {stops}."))
                    || page.contains(&format!("After {stops}."));
                assert!(is_whole, "{stops} stops: {page}");
            }
            for _ in 0..2 {
                let (status, page) = ask().await;
                assert!(
                    page.contains(&format!("After {stops}.")),
                    "{stops} stops: {status}: {page}"
                );
            }
        }
        assert!(stopped_after.len() > 1, "it waits at least for the article: {stopped_after:?}");
    });
    stop.cancel();
}
