//! Who a visitor is, and what a page knows about its reader: rules C2, C3, C4 and C6 from a
//! browser's point of view.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tidemark::server::db::actor::Role;
use tidemark::server::jobs::Job;
use tidemark_servers::Redis;

use crate::harness::{Answer, Client, FIREFOX, TestServer, wait_until};

const ARTICLE: &str = "/articles/first";
const PASSWORD: &str = "a-good-password";
const WINDOW: Duration = Duration::from_secs(600);

/// The cookie of an expired session: nobody is signed in, but the page is rendered instead of taken
/// from the cache.
const STALE: &str = "session=AAAAAAAAAAAAAAAAAAAAAA";

fn with_sessions(settings: &[(&str, &str)]) -> TestServer {
    let mut all = vec![("TIDEMARK_VIEWS__VISITOR", "session")];
    all.extend_from_slice(settings);
    TestServer::with(&all)
}

/// Whether the page says that its reader's view would count.
fn would_count(page: &Answer) -> bool {
    let says = |what: &str| page.text.contains(&format!("data-would-count=\"{what}\""));
    assert!(page.status == 200 && says("true") != says("false"), "{} {}", page.status, page.text);
    says("true")
}

/// The anonymous session's cookie that an answer sets, with its attributes.
fn begun(answer: &Answer) -> Option<String> {
    let mut cookies =
        answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    cookies.find(|cookie| cookie.contains("visitor-")).map(str::to_owned)
}

/// Opens a page, which starts a session, and returns the client with the session's cookie.
fn after_the_page<'a>(client: &Client<'a>) -> Client<'a> {
    let cookie = begun(&client.get(ARTICLE)).expect("the page begins a session");
    client.with("cookie", cookie.split(';').next().unwrap())
}

fn made_up(number: u128) -> String {
    format!("visitor={number:032x}")
}

fn reason(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["reason"].clone()
}

/// Sends a view as the page's script does.
fn island(client: &Client, article: i64) -> Answer {
    let form = client.with("content-type", "application/x-www-form-urlencoded");
    form.request("PUT", "/api/islands/record-view", &format!("article={article}"))
}

#[test]
fn c3_by_default_no_page_sets_a_visitor_cookie_or_reads_one() {
    let server = TestServer::start();
    let id = server.id("first");
    for client in [server.someone(), server.someone(), server.someone().with("cookie", STALE)] {
        assert_eq!(begun(&client.get(ARTICLE)), None);
    }
    assert_eq!(server.someone().with("cookie", &made_up(1)).view(id).json()["counted"], true);
    assert_eq!(reason(&server.someone().with("cookie", &made_up(2)).view(id)), "repeat");
}

#[test]
fn c3_an_article_page_starts_a_session_unless_the_browser_has_one() {
    let server = with_sessions(&[]);
    let mut numbers = BTreeSet::new();
    // The first request fills the cache. The others, in turn: from the cache twice, bypassing it,
    // HEAD, 304, and with an invalid cookie.
    let etag = server.someone().get(ARTICLE).header("etag").to_owned();
    let answers = [
        server.someone().get(ARTICLE),
        server.someone().get(ARTICLE),
        server.someone().with("cookie", STALE).get(ARTICLE),
        server.someone().request("HEAD", ARTICLE, ""),
        server.someone().with("if-none-match", &etag).get(ARTICLE),
        server.someone().with("cookie", "visitor=0; theme=dark").get(ARTICLE),
    ];
    assert_eq!(answers[4].status, 304);
    let count = answers.len();
    for answer in answers {
        let cookie = begun(&answer).expect("a cookie");
        let (value, attributes) = cookie.split_once(';').unwrap();
        let mut attributes: Vec<&str> = attributes.split(';').map(str::trim).collect();
        attributes.sort_unstable();
        assert_eq!(
            attributes,
            ["HttpOnly", "Path=/", "SameSite=Lax"],
            "until the browser is closed: {cookie}"
        );
        let number = value.strip_prefix("visitor-").unwrap().split_once('=').unwrap().1;
        assert!(number.len() == 32 && u128::from_str_radix(number, 16).is_ok(), "{cookie}");
        assert!(numbers.insert(number.to_owned()), "each has its own");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
    }
    assert_eq!(numbers.len(), count);
    let known = after_the_page(&server.someone());
    server.add_user("reader", PASSWORD);
    for client in
        [known.clone(), known.with("cookie", STALE), server.someone().signed_in("reader", PASSWORD)]
    {
        assert_eq!(begun(&client.get(ARTICLE)), None);
    }
    for path in
        ["/", "/tags/sea", "/authors/jo-doe", "/most-viewed", "/articles/nothing", "/feed.xml"]
    {
        assert_eq!(begun(&server.someone().get(path)), None, "{path} counts nothing");
    }
}

#[test]
fn c3_behind_tls_the_anonymous_session_cookie_is_bound_to_the_host_and_secure() {
    let server = with_sessions(&[("TIDEMARK_SITE__BASE_URL", "https://blog.example")]);
    for client in
        [server.someone(), server.someone(), server.someone().with("cookie", "__Host-session=x")]
    {
        let cookie = begun(&client.get(ARTICLE)).unwrap();
        assert!(cookie.starts_with("__Host-visitor-"), "{cookie}");
        for attribute in ["; Secure", "; Path=/", "; HttpOnly", "; SameSite=Lax"] {
            assert_eq!(cookie.matches(attribute).count(), 1, "{cookie}");
        }
        assert!(
            !cookie.contains("Domain")
                && !cookie.contains("Max-Age")
                && !cookie.contains("Expires"),
            "{cookie}"
        );
    }
    let id = server.id("first");
    let with = |cookie: &str| server.someone().with("cookie", cookie);
    assert_eq!(with(&format!("__Host-{}", made_up(1))).view(id).json()["counted"], true);
    assert_eq!(with(&format!("__Host-{}", made_up(2))).view(id).json()["counted"], true);
    assert_eq!(with(&made_up(3)).view(id).json()["counted"], true, "by the address");
    assert_eq!(
        reason(&with(&made_up(4)).view(id)),
        "repeat",
        "any other host may have set this one"
    );
}

#[test]
fn c2_a_retry_after_a_lost_reply_counts_once_because_replies_start_no_session() {
    let server = with_sessions(&[]);
    let id = server.id("first");
    let reader = after_the_page(&server.someone());
    // The reply is lost. The retries come through the other endpoint, and then from another
    // network.
    assert_eq!(reader.view(id).json()["views"], 1);
    let elsewhere = reader.with("x-forwarded-for", "2001:db8::1");
    for answer in [island(&reader, id), reader.view(id), elsewhere.view(id)] {
        assert_eq!((reason(&answer), &answer.json()["views"]), ("repeat".into(), &json!(1)));
    }
    // A browser that rejects cookies is identified by its address, on every attempt.
    let without = server.someone();
    for attempt in 0..3 {
        for answer in [without.view(id), island(&without, id)] {
            assert_eq!(begun(&answer), None, "attempt {attempt}");
            assert_eq!(answer.json()["views"], 2, "attempt {attempt}");
        }
    }
    for cookie in
        ["visitor=", "visitor=00", "visitor=ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", "visitors=1"]
    {
        let answer = server.someone().with("cookie", cookie).view(id);
        assert_eq!(
            (reason(&answer), begun(&answer)),
            ("repeat".into(), None),
            "{cookie} is ignored"
        );
    }
}

#[test]
fn c2_a_browser_that_opens_two_pages_at_once_counts_as_two_people_at_most() {
    let server = with_sessions(&[]);
    let (first, second) = (server.id("first"), server.id("second"));
    // Neither request had a cookie, and the browser keeps the one that came last.
    let (lost, kept) = (after_the_page(&server.someone()), after_the_page(&server.someone()));
    // The usual case: both cookies have arrived before a view is sent.
    assert_eq!(kept.view(first).json()["views"], 1);
    for attempt in 0..3 {
        assert_eq!(
            (reason(&kept.view(first)), would_count(&kept.get(ARTICLE))),
            ("repeat".into(), false),
            "{attempt}"
        );
    }
    // The other case: one view is sent before the second cookie arrives, and all others after it.
    assert_eq!(lost.view(second).json()["views"], 1);
    assert_eq!(kept.view(second).json()["views"], 2);
    for _ in 0..3 {
        for tab in [&kept, &lost] {
            assert_eq!(
                (reason(&tab.view(second)), &tab.view(second).json()["views"]),
                ("repeat".into(), &json!(2))
            );
        }
    }
}

#[test]
fn c6_a_browser_without_cookies_sees_no_falling_count() {
    let server = with_sessions(&[]);
    let id = server.id("first");
    let known = after_the_page(&server.someone());
    assert!(would_count(&server.someone().get(ARTICLE)));
    assert_eq!(server.someone().view(id).json()["counted"], true);
    for client in [server.someone(), server.someone().with("cookie", STALE)] {
        let page = client.get(ARTICLE);
        assert!(
            begun(&page).is_some() && !would_count(&page),
            "it will be a repeat, if the cookie does not come"
        );
    }
    assert!(would_count(&known.get(ARTICLE)));
    assert_eq!(known.view(id).json()["views"], 2);
    assert!(would_count(&server.reader("192.0.2.2", FIREFOX).get(ARTICLE)));
}

#[test]
fn c3_two_readers_with_one_address_and_browser_count_twice_if_each_has_a_session() {
    let server = with_sessions(&[]);
    let id = server.id("first");
    let (one, other) = (after_the_page(&server.someone()), after_the_page(&server.someone()));
    assert_eq!(one.view(id).json(), json!({ "article": id, "views": 1, "counted": true }));
    assert!(would_count(&other.get(ARTICLE)));
    assert_eq!(other.view(id).json(), json!({ "article": id, "views": 2, "counted": true }));
    for client in [&one, &other] {
        assert!(!would_count(&client.get(ARTICLE)));
        assert_eq!(reason(&client.view(id)), "repeat");
    }
    // A signed-in reader is identified by the user id, whatever visitor cookie comes along.
    server.add_user("reader", PASSWORD);
    let session = server.someone().signed_in("reader", PASSWORD).header_named("cookie").to_owned();
    let signed_in =
        |number| server.someone().with("cookie", &format!("{}; {session}", made_up(number)));
    assert_eq!(signed_in(1).view(id).json()["views"], 3);
    assert_eq!(reason(&signed_in(2).view(id)), "repeat");
    server.clock.advance(WINDOW);
    assert!(would_count(&one.get(ARTICLE)));
    assert_eq!(one.view(id).json()["views"], 4);
}

#[test]
fn c3_a_thousand_forged_cookies_count_only_up_to_the_caps() {
    let server = with_sessions(&[("TIDEMARK_VIEWS__PER_NETWORK_CAP", "7")]);
    let (first, second) = (server.id("first"), server.id("second"));
    let counts = |article, address: &dyn Fn(u128) -> String| {
        let view = |number| {
            let client = server.reader(&address(number), FIREFOX).with("cookie", &made_up(number));
            client.view(article).json()["counted"] == true
        };
        (0..1_000).filter(|number| view(*number)).count()
    };
    assert_eq!(counts(first, &|_| "192.0.2.1".to_owned()), 5);
    assert_eq!(
        reason(&server.someone().view(first)),
        "ip-cap",
        "nor is a browser without a cookie"
    );
    assert!(!would_count(&server.someone().get(ARTICLE)), "and the page knows");
    assert_eq!(counts(second, &|number| format!("2001:db8:1:{number:x}::1")), 7);
    assert_eq!(server.reader("192.0.2.2", FIREFOX).view(first).json()["views"], 6);
}

#[test]
fn c3_no_anonymous_session_id_is_written_to_the_store() {
    fn bytes_in(folder: &Path, bytes: &mut Vec<u8>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                bytes_in(&path, bytes);
            } else if path.is_file() {
                bytes.extend(std::fs::read(path).unwrap_or_default());
            }
        }
    }
    let server = with_sessions(&[]);
    let number = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;
    let reader = server.someone().with("cookie", &made_up(number));
    assert_eq!(reader.view(server.id("first")).json()["counted"], true);
    let mut bytes = Vec::new();
    bytes_in(server.redis.as_ref().map_or(server.folder.path(), Redis::folder), &mut bytes);
    let holds = |needle: &[u8]| memchr::memmem::find(&bytes, needle).is_some();
    assert!(
        holds(if server.redis.is_some() { b":seen:" } else { b"view_seen" }),
        "the search looks at the right files"
    );
    assert!(!holds(format!("{number:032x}").as_bytes()));
    assert!(!holds(&number.to_be_bytes()[..8]) && !holds(&number.to_le_bytes()[..8]));
}

#[test]
fn c4_an_articles_own_authors_are_answered_but_not_counted() {
    for counts in [false, true] {
        let server = TestServer::with(&[("TIDEMARK_VIEWS__COUNT_AUTHORS", &counts.to_string())]);
        for username in ["writer", "other"] {
            server.add_user_with_role(username, PASSWORD, Role::Author);
        }
        let author = server.someone().signed_in("writer", PASSWORD);
        let other = server.someone().signed_in("other", PASSWORD);
        let written = author.post(
            "/studio/new",
            "title=Own&slug=&summary=&tags=&cover=&markdown=Text&intent=publish",
        );
        assert_eq!(written.status, 303, "{}", written.text);
        let id = server.id("own");
        assert_eq!(would_count(&author.get("/articles/own")), counts);
        assert!(
            would_count(&other.get("/articles/own")),
            "an author of other articles is a reader"
        );
        if counts {
            assert_eq!(
                author.view(id).json(),
                json!({ "article": id, "views": 1, "counted": true })
            );
            assert_eq!(reason(&author.view(id)), "repeat");
            continue;
        }
        let own =
            |views| json!({ "article": id, "views": views, "counted": false, "reason": "author" });
        assert_eq!(author.view(id).json(), own(0));
        assert_eq!(other.view(id).json(), json!({ "article": id, "views": 1, "counted": true }));
        assert_eq!(author.view(id).json(), own(1));
        assert_eq!(island(&author, id).json(), own(1));
        assert!(would_count(&server.reader("192.0.2.2", FIREFOX).get("/articles/own")));
        assert_eq!(
            server.reader("192.0.2.2", FIREFOX).view(id).json()["views"],
            2,
            "a signed-out author is an anonymous reader"
        );
        assert_eq!(author.view(server.id("first")).json()["counted"], true, "an article of others");
        let metrics = server.someone().get("/metrics").text;
        assert!(metrics.contains("tidemark_views_total{outcome=\"author\"} 3"), "{metrics}");
    }
}

#[test]
fn c4_a_byline_is_looked_up_again_when_the_content_changes() {
    let server = TestServer::start();
    server.add_user_with_role("writer", PASSWORD, Role::Author);
    let (writer, id) = (server.someone().signed_in("writer", PASSWORD), server.id("first"));
    assert_eq!(writer.view(id).json()["counted"], true);
    // Changed as by another process. The clock of this one stands still.
    server.execute(
        "UPDATE article_authors SET user_id = (SELECT id FROM users WHERE username = 'writer')
         WHERE article_id = (SELECT id FROM articles WHERE slug = 'first')",
    );
    server.execute("UPDATE content_version SET version = version + 1 WHERE id = 1");
    wait_until("the new author is found", || reason(&writer.view(id)) == "author");
    assert!(!would_count(&writer.get(ARTICLE)));
}

#[test]
fn c6_a_page_says_whether_the_readers_view_would_count() {
    let server = TestServer::start();
    let id = server.id("first");
    // Rendered, from the cache, and bypassing the cache.
    let pages = |client: &Client| {
        let pages =
            [client.get(ARTICLE), client.get(ARTICLE), client.with("cookie", STALE).get(ARTICLE)];
        let says = pages.map(|page| would_count(&page));
        assert!(says.iter().all(|one| *one == says[0]), "{says:?}");
        says[0]
    };
    let speculative = server.someone().with("sec-purpose", "prefetch;prerender");
    assert!(
        pages(&server.someone()) && pages(&speculative),
        "the view is sent once the page is visible"
    );
    assert!(!pages(&server.reader("192.0.2.1", "Googlebot/2.1")));
    assert!(!pages(&server.reader("192.0.2.1", "")));
    for _ in 0..20 {
        assert!(pages(&server.someone()), "asking counts no view");
    }
    assert_eq!(server.counted_anywhere(), 0);
    assert_eq!(server.someone().view(id).json()["views"], 1);
    // Another reader with the same address and browser is the same visitor.
    assert!(!pages(&server.someone()));
    assert!(would_count(&server.someone().get("/articles/second")));
    assert!(
        pages(&server.reader("192.0.2.2", FIREFOX))
            && pages(&server.reader("192.0.2.1", "Mozilla/5.0 Gecko"))
    );
    for number in 1..5 {
        let other = server.reader("192.0.2.1", &format!("{FIREFOX} {number}"));
        assert!(pages(&other), "{number}");
        assert_eq!(other.view(id).json()["counted"], true, "{number}");
    }
    assert!(
        !pages(&server.reader("192.0.2.1", &format!("{FIREFOX} 5"))),
        "the address is at its cap"
    );
    server.clock.advance(WINDOW - Duration::from_millis(1));
    assert!(!pages(&server.someone()));
    server.clock.advance(Duration::from_millis(1));
    assert!(
        pages(&server.someone()) && pages(&server.reader("192.0.2.1", &format!("{FIREFOX} 5")))
    );
    assert_eq!(server.someone().view(id).json()["views"], 6);
}

#[test]
fn c6_a_server_that_has_just_started_shows_no_falling_count() {
    let mut server = TestServer::start();
    let id = server.id("first");
    assert_eq!(server.someone().view(id).json()["counted"], true);
    server.restart();
    // As in another tab, which has no state from the first.
    assert!(!would_count(&server.someone().get(ARTICLE)));
    assert!(would_count(&server.reader("192.0.2.2", FIREFOX).get(ARTICLE)));
    assert_eq!(reason(&server.someone().view(id)), "repeat");
    // Just after midnight, the new day has no salt yet.
    server.clock.advance(Duration::from_secs(12 * 60 * 60 - 60));
    assert_eq!(server.someone().view(id).json()["counted"], true);
    server.clock.advance(Duration::from_secs(61));
    assert!(!would_count(&server.someone().get(ARTICLE)));
    server.restart();
    assert!(!would_count(&server.someone().get(ARTICLE)));
    assert_eq!(reason(&server.someone().view(id)), "repeat");
    assert!(!would_count(&server.someone().get(ARTICLE)));
    server.clock.advance(WINDOW);
    assert!(would_count(&server.someone().get(ARTICLE)));
}

#[test]
fn c6_signed_in_readers_get_the_would_count_hint_too() {
    let server = TestServer::start();
    let id = server.id("first");
    for username in ["reader", "neighbour"] {
        server.add_user(username, PASSWORD);
    }
    let reader = server.someone().signed_in("reader", PASSWORD);
    let neighbour = server.someone().signed_in("neighbour", PASSWORD);
    assert!(would_count(&reader.get(ARTICLE)));
    assert_eq!(reader.view(id).json()["counted"], true);
    assert!(!would_count(&reader.get(ARTICLE)));
    assert!(
        !would_count(&reader.with("x-forwarded-for", "192.0.2.9").get(ARTICLE)),
        "on every device"
    );
    assert!(would_count(&neighbour.get(ARTICLE)) && would_count(&server.someone().get(ARTICLE)));
    server.clock.advance(WINDOW);
    assert!(would_count(&reader.get(ARTICLE)));
}

#[test]
fn c6_a_revalidated_page_never_keeps_an_outdated_would_count_hint() {
    let server = TestServer::start();
    let id = server.id("first");
    assert_eq!(server.someone().view(id).json()["counted"], true);
    // On a busy machine a store may miss its deadline. The page then shows older counts.
    let mut pages = (0..50).map(|_| server.someone().get(ARTICLE));
    let during = pages.find(|page| !page.header("cache-status").contains("stores-away")).unwrap();
    assert!(!would_count(&during));
    let again = server.someone().with("if-none-match", during.header("etag"));
    assert_eq!(again.get(ARTICLE).status, 304);
    let other = server
        .reader("192.0.2.2", FIREFOX)
        .with("if-none-match", during.header("etag"))
        .get(ARTICLE);
    assert!(would_count(&other), "the same page with the same counts for somebody else");
    // The counts don't change, only the window ends.
    server.clock.advance(WINDOW);
    let after = again.get(ARTICLE);
    assert!(would_count(&after));
    assert_ne!(after.header("etag"), during.header("etag"));
}

/// All values of an attribute in a page, in order.
fn numbers(page: &Answer, attribute: &str) -> Vec<i64> {
    let begin = format!(" {attribute}=\"");
    let values = page.text.split(&begin).skip(1).map(|rest| rest.split('"').next().unwrap());
    values.map(|value| value.parse().unwrap()).collect()
}

#[test]
fn c6_a_ranking_beside_an_article_is_never_ahead_of_its_count_under_load() {
    const VIEWS: i64 = 100;
    let server = TestServer::start();
    server.add_user("reader", PASSWORD);
    server.job(Job::Ranking);
    let article = server.id("first");
    let reader = server.someone().signed_in("reader", PASSWORD);
    std::thread::scope(|scope| {
        let viewing = scope.spawn(|| {
            for number in 1..=VIEWS {
                let viewed =
                    server.reader(&format!("198.51.100.{number}"), FIREFOX).view(article).json();
                assert_eq!(viewed["views"], number);
            }
        });
        while !viewing.is_finished() {
            let page = reader.get(ARTICLE);
            let [shown] = numbers(&page, "data-shown")[..] else { panic!("{}", page.text) };
            let ranked = numbers(&page, "data-views");
            assert!(ranked.iter().all(|views| *views <= shown), "{ranked:?} beside {shown}");
        }
        viewing.join().unwrap();
    });
    let page = reader.get(ARTICLE);
    assert_eq!(numbers(&page, "data-shown"), [VIEWS]);
    assert_eq!(numbers(&page, "data-views"), [VIEWS; 3], "in each window");
}
