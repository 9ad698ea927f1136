//! The counting rules from the point of view of a reader's browser.

use std::time::Duration;

use serde_json::json;
use tidemark::server::content::import::{Report, import};
use tidemark::server::jobs::Job;
use tidemark_servers::Redis;

use crate::harness::{Client, FIREFOX, TestServer, source};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn counted(client: &Client, article: i64) -> bool {
    let answer = client.view(article);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["counted"].as_bool().unwrap()
}

#[test]
fn c1_reading_writes_nothing() {
    let server = TestServer::start();
    let reader = server.someone();
    for path in [
        "/",
        "/articles/first",
        "/most-viewed",
        "/tags/sea",
        "/authors/jo-doe",
        "/tags",
        "/authors",
        "/archive",
        "/search?q=first",
        "/feed.xml",
        "/feed.rss",
        "/tags/sea/feed.json",
        "/authors/jo-doe/feed.xml",
        "/sitemap.xml",
        "/sitemap.xml?part=articles-0",
        "/articles/first/card.png",
        "/oembed?url=http://127.0.0.1:3000/articles/first",
        "/api/v1/articles",
        "/api/v1/articles?ids=1",
        "/api/v1/articles/1",
        "/api/v1/articles/most-viewed",
    ] {
        assert_eq!(reader.get(path).status, 200, "{path}");
    }
    assert_eq!(server.counted_anywhere(), 0);
    match &server.redis {
        None => {
            assert_eq!(server.number("SELECT count(*) FROM view_seen WHERE ? = ''", ""), 0);
            assert_eq!(server.number("SELECT count(*) FROM sessions WHERE ? = ''", ""), 0);
        }
        Some(redis) => {
            let keys = redis.command(&["KEYS", "*"]);
            // The author's page caches its counts. They say nothing about readers.
            let keys: Vec<&str> =
                keys.lines().filter(|key| !key.starts_with("tm:authors:")).collect();
            assert_eq!(keys, ["tm:shards"], "neither a visitor nor a session");
        }
    }
    for method in ["GET", "HEAD", "POST", "DELETE", "PATCH"] {
        let answer = reader.request(method, "/api/v1/articles/1/view", "");
        assert_eq!(answer.status, 405, "{method}");
    }
    assert_eq!(server.counted_anywhere(), 0);
}

#[test]
fn c2_a_repeat_within_the_window_is_not_counted_and_gets_the_same_count() {
    let server = TestServer::start();
    let (reader, id) = (server.someone(), server.id("first"));
    assert_eq!(reader.view(id).json(), json!({ "article": id, "views": 1, "counted": true }));
    for _ in 0..3 {
        let repeat = json!({ "article": id, "views": 1, "counted": false, "reason": "repeat" });
        assert_eq!(reader.view(id).json(), repeat);
    }
    assert!(counted(&reader, server.id("second")), "another article counts");
    assert!(counted(&server.reader("192.0.2.2", FIREFOX), id), "another visitor counts");
}

#[test]
fn c2_the_window_runs_from_the_counted_view_and_a_repeat_does_not_extend_it() {
    let server = TestServer::start();
    let (reader, id) = (server.someone(), server.id("first"));
    assert!(counted(&reader, id));
    server.clock.advance(9 * MINUTE);
    assert!(!counted(&reader, id));
    server.clock.advance(MINUTE - Duration::from_millis(1));
    assert!(!counted(&reader, id), "a millisecond before its end");
    server.clock.advance(Duration::from_millis(1));
    assert!(counted(&reader, id), "at its end");
}

#[test]
fn c2_the_window_spans_midnight_although_the_salt_does_not() {
    let server = TestServer::start();
    let (reader, id) = (server.someone(), server.id("first"));
    server.clock.advance(12 * HOUR - 5 * MINUTE);
    assert!(counted(&reader, id), "at 23:55");
    server.clock.advance(9 * MINUTE);
    assert!(!counted(&reader, id), "at 00:04 under another salt");
    server.clock.advance(MINUTE);
    assert!(counted(&reader, id), "at 00:05");
    assert!(!counted(&reader, id));
    let salts = match &server.redis {
        None => server.number("SELECT count(*) FROM visitor_salts WHERE ? = ''", ""),
        Some(redis) => redis.command(&["KEYS", "tm:salt:*"]).lines().count().try_into().unwrap(),
    };
    assert_eq!(salts, 2);
}

#[test]
fn c2_the_window_is_a_setting() {
    let server = TestServer::with(&[("TIDEMARK_VIEWS__WINDOW", "2h")]);
    let (reader, id) = (server.someone(), server.id("first"));
    assert!(counted(&reader, id));
    server.clock.advance(119 * MINUTE);
    assert!(!counted(&reader, id));
    server.clock.advance(MINUTE);
    assert!(counted(&reader, id));
}

#[test]
fn c3_a_view_without_a_salt_is_refused_and_an_article_that_is_not_there_is_a_404_even_then() {
    let mut server = TestServer::start();
    let (first, unpublished) = (server.id("first"), server.id("unpublished"));
    match server.redis.as_mut() {
        Some(redis) => redis.kill(),
        None => server.execute("DROP TABLE visitor_salts"),
    }
    let reader = server.someone();
    let view = |article: i64| {
        let form = reader.with("content-type", "application/x-www-form-urlencoded");
        let answer = form.request("PUT", "/api/islands/record-view", &format!("article={article}"));
        (reader.view(article).status, answer.status)
    };
    assert_eq!(view(first), (503, 503));
    assert_eq!(view(unpublished), (404, 404));
    assert_eq!(view(first + 1_000), (404, 404));
    let crawler = server.reader("192.0.2.1", "curl/8.5.0").view(first).json();
    let expected = json!({ "article": first, "views": 0, "counted": false, "reason": "crawler" });
    assert_eq!(crawler, expected, "a crawler needs no hash");
    let metrics = reader.get("/metrics").text;
    for (outcome, views) in [("unavailable", 2), ("not-found", 4), ("crawler", 1)] {
        let line = format!("tidemark_views_total{{outcome=\"{outcome}\"}} {views}\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
}

#[test]
fn c3_one_address_counts_five_visitors_per_article_and_window() {
    let server = TestServer::start();
    let id = server.id("first");
    let visitor =
        |address: &str, number: u32| server.reader(address, &format!("{FIREFOX} {number}"));
    for number in 0..5 {
        assert!(counted(&visitor("192.0.2.1", number), id));
    }
    let sixth = visitor("192.0.2.1", 5).view(id).json();
    assert_eq!(sixth, json!({ "article": id, "views": 5, "counted": false, "reason": "ip-cap" }));
    assert!(!counted(&visitor("192.0.2.1", 0), id), "a repeat stays a repeat");
    assert!(
        counted(&visitor("192.0.2.1", 5), server.id("second")),
        "each article has a cap of its own"
    );
    assert!(counted(&visitor("192.0.2.2", 5), id), "each address has a cap of its own");
    server.clock.advance(10 * MINUTE);
    assert!(counted(&visitor("192.0.2.1", 5), id), "after the window there is room again");
}

#[test]
fn c3_one_ipv6_network_is_one_address() {
    let server = TestServer::with(&[("TIDEMARK_VIEWS__PER_IP_CAP", "1")]);
    let id = server.id("first");
    assert!(counted(&server.reader("2001:db8:1:2::1", "Mozilla/5.0 Gecko Firefox/1"), id));
    assert!(!counted(&server.reader("2001:db8:1:2:ffff::9", "Mozilla/5.0 Gecko Firefox/2"), id));
    assert!(counted(&server.reader("2001:db8:1:3::1", "Mozilla/5.0 Gecko Firefox/2"), id));
}

#[test]
fn c3_only_a_trusted_proxy_can_report_another_address() {
    let server = TestServer::with(&[("TIDEMARK_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")]);
    let id = server.id("first");
    assert!(counted(&server.reader("192.0.2.1", FIREFOX), id));
    assert!(!counted(&server.reader("192.0.2.2", FIREFOX), id), "both come from 127.0.0.1");
}

#[test]
fn c3_one_48_counts_only_as_many_visitors_as_configured() {
    let server = TestServer::with(&[("TIDEMARK_VIEWS__PER_NETWORK_CAP", "7")]);
    let id = server.id("first");
    let visitor = |number: u32| server.reader(&format!("2001:db8:1:{number:x}::1"), FIREFOX);
    let counts = (0..300).filter(|number| counted(&visitor(*number), id)).count();
    assert_eq!(counts, 7);
    assert_eq!(visitor(300).view(id).json()["reason"], "ip-cap");
    assert!(
        counted(&server.reader("2001:db8:2::1", FIREFOX), id),
        "each network has a cap of its own"
    );
    assert!(counted(&visitor(300), server.id("second")), "and each article");
    server.clock.advance(10 * MINUTE);
    assert!(counted(&visitor(300), id), "after the window there is room again");
}

#[test]
fn c3_many_accounts_at_one_address_count_only_as_often_as_configured() {
    let server = TestServer::with(&[("TIDEMARK_VIEWS__SIGNED_IN_CAP", "3")]);
    let id = server.id("first");
    for number in 0..5 {
        server.add_user(&format!("reader-{number}"), "a-good-password");
    }
    let reader = |number: usize, address: &str| {
        server.reader(address, FIREFOX).signed_in(&format!("reader-{number}"), "a-good-password")
    };
    let counts = (0..5).filter(|number| counted(&reader(*number, "192.0.2.1"), id)).count();
    assert_eq!(counts, 3);
    assert_eq!(reader(4, "192.0.2.1").view(id).json()["reason"], "ip-cap");
    assert!(counted(&reader(4, "192.0.2.2"), id), "from another address it counts");
    assert!(!counted(&reader(4, "192.0.2.2"), id), "once");
    assert!(
        counted(&server.reader("192.0.2.1", FIREFOX), id),
        "anonymous visitors have another cap"
    );
}

#[test]
fn c3_a_signed_in_reader_counts_once_across_devices_and_does_not_use_the_addresss_cap() {
    let server = TestServer::with(&[("TIDEMARK_VIEWS__PER_IP_CAP", "1")]);
    let id = server.id("first");
    server.add_user("reader", "a-good-password");
    server.add_user("other", "a-good-password");
    let phone = server
        .reader("192.0.2.1", "Mozilla/5.0 Gecko phone")
        .signed_in("reader", "a-good-password");
    let desk =
        server.reader("192.0.2.2", "Mozilla/5.0 Gecko desk").signed_in("reader", "a-good-password");
    let neighbour =
        server.reader("192.0.2.1", "Mozilla/5.0 Gecko phone").signed_in("other", "a-good-password");
    assert!(counted(&phone, id));
    assert!(!counted(&desk, id), "the same reader");
    assert!(counted(&neighbour, id), "another reader with the same address and browser");
    assert!(
        counted(&server.reader("192.0.2.1", FIREFOX), id),
        "signed-in readers leave the address its cap"
    );
}

#[test]
fn c3_no_address_or_user_agent_is_written_to_the_store() {
    let server = TestServer::start();
    let (address, browser) = ("203.0.113.77", "Mozilla/5.0 Gecko Unmistakable/42");
    assert!(counted(&server.reader(address, browser), server.id("first")));
    let mut bytes = Vec::new();
    let folder = server.redis.as_ref().map_or(server.folder.path(), Redis::folder);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                bytes.extend(std::fs::read(path).unwrap());
            }
        }
    }
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(
        holds(if server.redis.is_some() { b":seen:" } else { b"view_seen" }),
        "the search looks at the right files"
    );
    assert!(!holds(address.as_bytes()));
    assert!(!holds(&[203, 0, 113, 77]));
    assert!(!holds(b"Unmistakable"));
}

#[test]
fn c3_a_salt_is_destroyed_after_two_days() {
    let server = TestServer::start();
    let (reader, id) = (server.someone(), server.id("first"));
    assert!(counted(&reader, id));
    if let Some(redis) = &server.redis {
        // From noon until the end of the next day. Redis uses its own clock, which a test can't
        // advance.
        let left: u64 = redis.command(&["PTTL", "tm:salt:20781"]).trim().parse().unwrap();
        let most = 36 * HOUR.as_millis() as u64;
        assert!((1..=most).contains(&left), "{left} ms of {most} are left");
        return;
    }
    let file = server.folder.path().join("blog.db");
    let salt: Vec<u8> = server.run(async {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let salt =
            sqlx::query_scalar("SELECT salt FROM visitor_salts").fetch_one(&pool).await.unwrap();
        pool.close().await;
        salt
    });
    let is_on_disk = || {
        ["blog.db", "blog.db-wal"].iter().any(|name| {
            let bytes = std::fs::read(server.folder.path().join(name)).unwrap_or_default();
            bytes.windows(salt.len()).any(|window| window == salt)
        })
    };
    server.clock.advance(24 * HOUR);
    server.job(Job::Prune);
    assert!(is_on_disk(), "on the next day the window may still span midnight");
    server.clock.advance(12 * HOUR);
    assert!(server.job(Job::Prune).unwrap().contains("1 salts"));
    assert!(!is_on_disk(), "neither in the table nor in the rest of the file");
}

#[test]
fn c4_requests_that_are_not_readers_are_answered_but_not_counted() {
    let server = TestServer::start();
    let id = server.id("first");
    let reason = |client: Client| client.view(id).json()["reason"].as_str().map(str::to_owned);
    assert_eq!(reason(server.reader("192.0.2.1", "Googlebot/2.1")).as_deref(), Some("crawler"));
    assert_eq!(reason(server.reader("192.0.2.1", "")).as_deref(), Some("crawler"));
    assert_eq!(reason(server.reader("192.0.2.1", "undici")).as_deref(), Some("crawler"));
    assert_eq!(
        reason(server.someone().with("sec-purpose", "prefetch;prerender")).as_deref(),
        Some("prefetch")
    );
    assert_eq!(reason(server.someone().with("purpose", "prefetch")).as_deref(), Some("prefetch"));
    assert_eq!(server.someone().view(id).json()["views"], 1, "none of them was counted");
}

#[test]
fn c4_an_article_that_readers_cant_see_gets_no_views() {
    let server = TestServer::start();
    for id in [server.id("unpublished"), 999, -1, 0] {
        let answer = server.someone().view(id);
        assert_eq!(answer.status, 404, "{id}: {}", answer.text);
    }
    assert_eq!(server.counted_anywhere(), 0);
}

#[test]
fn c4_an_article_counts_views_from_its_publication_on() {
    let server = TestServer::start();
    let file = source("later", "", "Soon.");
    let file = tidemark::server::content::import::SourceFile {
        text: file.text.replace("date = 2026-11-01", "date = 2026-11-24T13:00:00Z"),
        ..file
    };
    server.run(import(&server.database, &server.clock, vec![file], Report::default())).unwrap();
    let id = server.id("later");
    assert_eq!(server.someone().view(id).status, 404);
    assert_eq!(server.someone().get("/articles/later").status, 404);
    server.clock.advance(HOUR);
    assert!(counted(&server.someone(), id));
    assert_eq!(server.someone().get("/articles/later").status, 200);
}

#[test]
fn c6_the_server_function_and_the_json_api_are_the_same_service() {
    let server = TestServer::start();
    let (reader, id) = (server.someone(), server.id("first"));
    let path = format!("/api/islands/record-view?article={id}");
    let form = reader.with("content-type", "application/x-www-form-urlencoded");
    let script = |client: &Client| {
        let answer = client.request("PUT", "/api/islands/record-view", &format!("article={id}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    };
    assert_eq!(script(&form), json!({ "article": id, "views": 1, "counted": true }));
    assert_eq!(
        reader.view(id).json()["reason"],
        "repeat",
        "already counted through the other endpoint"
    );
    let other = server.reader("192.0.2.9", FIREFOX);
    assert!(counted(&other, id));
    assert_eq!(
        script(&other.with("content-type", "application/x-www-form-urlencoded"))["reason"],
        "repeat"
    );
}

#[test]
fn c7_editing_never_changes_a_count_and_counting_never_changes_an_article() {
    let server = TestServer::start();
    let id = server.id("first");
    let article = |client: Client| client.get(&format!("/api/v1/articles/{id}")).json();
    let before = article(server.someone());
    server.clock.advance(HOUR);
    for number in 0..3 {
        assert!(counted(&server.reader(&format!("192.0.2.{number}"), FIREFOX), id));
    }
    let mut viewed = article(server.someone());
    assert_eq!(viewed["views"], 3);
    viewed["views"] = before["views"].clone();
    assert_eq!(viewed, before, "nothing but the count has changed");

    let edited = vec![source("first", "tags = [\"New\"]", "Another text.")];
    let report =
        server.run(import(&server.database, &server.clock, edited, Report::default())).unwrap();
    assert_eq!(report.updated, 1);
    let after = article(server.someone());
    assert_eq!((&after["views"], &after["version"]), (&json!(3), &json!(2)));
    assert_eq!(after["updated_at"], "2026-11-24T13:00:00Z");
}

#[test]
fn rankings_update_at_once_and_drop_old_views() {
    let server = TestServer::start();
    let (first, second) = (server.id("first"), server.id("second"));
    let ranking = |window: &str| -> Vec<(i64, i64)> {
        let answer =
            server.someone().get(&format!("/api/v1/articles/most-viewed?window={window}")).json();
        assert_eq!(answer["window"], window);
        let articles = answer["articles"].as_array().unwrap();
        articles
            .iter()
            .map(|one| (one["id"].as_i64().unwrap(), one["views"].as_i64().unwrap()))
            .collect()
    };
    assert_eq!(ranking("all"), []);
    server.job(Job::Ranking);
    for number in 0..2 {
        assert!(counted(&server.reader(&format!("192.0.2.{number}"), FIREFOX), first));
    }
    assert!(counted(&server.someone(), second));
    for window in ["24h", "7d", "30d", "all"] {
        assert_eq!(ranking(window), [(first, 2), (second, 1)], "{window}");
    }
    server.clock.advance(24 * HOUR);
    server.job(Job::Ranking);
    assert!(counted(&server.someone(), second));
    assert_eq!(ranking("24h"), [(second, 1)]);
    assert_eq!(
        ranking("7d"),
        [(second, 2), (first, 2)],
        "with equal counts, the newer article comes first"
    );
    server.clock.advance(7 * 24 * HOUR);
    server.job(Job::Ranking);
    assert_eq!(ranking("7d"), []);
    assert_eq!(ranking("30d"), [(second, 2), (first, 2)]);
    server.clock.advance(30 * 24 * HOUR);
    server.job(Job::Ranking);
    assert_eq!(ranking("30d"), []);
    assert_eq!(ranking("all"), [(second, 2), (first, 2)]);
}

#[test]
fn c4_in_a_real_access_log_crawlers_are_recognised_and_readers_are_not() {
    let Some(log) = crate::harness::corpus("access-log/semicomplete.log") else { return };
    let log = std::fs::read_to_string(log).unwrap();
    // The last quoted field of a line in the combined log format. "-" stands for none.
    let user_agents = log
        .lines()
        .filter_map(|line| line.rsplit('"').nth(1))
        .map(|agent| if agent == "-" { "" } else { agent });
    let (mut says_so, mut says_so_and_counts) = (0, 0);
    let (mut browsers, mut browsers_refused) = (0, 0);
    for user_agent in user_agents {
        let lower = user_agent.to_lowercase();
        let is_refused = tidemark_counting::gate::check(user_agent, &[]).is_some();
        let says_that_it_is_none = ["bot", "spider", "crawl", "feed", "rss", "slurp"]
            .iter()
            .any(|word| lower.contains(word));
        let is_mainstream = user_agent.starts_with("Mozilla/5.0 (")
            && ["firefox/", "chrome/", "version/"].iter().any(|word| lower.contains(word))
            && !["http", "compatible", "google", "preview", "phantomjs", "spider", "bot"]
                .iter()
                .any(|word| lower.contains(word));
        if says_that_it_is_none {
            says_so += 1;
            says_so_and_counts += usize::from(!is_refused);
        } else if is_mainstream {
            browsers += 1;
            browsers_refused += usize::from(is_refused);
        }
    }
    assert!(says_so > 2_000 && browsers > 5_000, "the log was read: {says_so} and {browsers}");
    assert_eq!(browsers_refused, 0, "of {browsers} requests of mainstream browsers");
    assert!(
        says_so_and_counts * 100 < says_so,
        "{says_so_and_counts} of {says_so} that say what they are would count"
    );
}
