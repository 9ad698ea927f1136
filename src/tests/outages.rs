//! What readers get while Redis or SQL is stopped, dead, slow or cut off.
//!
//! No test here measures latency; `cargo bench` does. A time limit only tells whether a request
//! waited for a store.

use std::time::{Duration, Instant};

use tidemark::server::content::import::{Report, import};
use tidemark::server::content::import_counts::{self, import_counts};
use tidemark::server::db::Database;
use tidemark::server::jobs::Job;
use tidemark_servers::proxy::{Network, Proxy};
use tidemark_servers::{Redis, SqlServer};

use crate::harness::{Answer, FIREFOX, TestServer, source, wait_until};

/// The pages that readers open during an outage.
const PAGES: [&str; 4] = ["/", "/articles/first", "/tags/sea", "/authors/jo-doe"];

/// The longest that any reader waits, whatever is away. Most answers come at once, but on a busy
/// machine a test can't assert that.
const AT_MOST: Duration = Duration::from_secs(5);

/// This many requests in sequence take longer than [`AT_MOST`] if each of them waits for a store.
const REPEATED: usize = 8;

/// How a store is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Away {
    Stopped,
    Dead,
    /// Cut off; afterwards, open connections are closed.
    Cut,
    /// Cut off; afterwards, open connections stay silent.
    Lost,
    Slow,
}

/// A server with stores of its own, behind proxies.
struct Place {
    server: TestServer,
    sql_server: SqlServer,
    /// The database's URL without the proxy.
    direct: String,
    to_sql: Proxy,
    to_redis: Proxy,
}

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap()
}

impl Place {
    fn new() -> Self {
        Self::with_parameters("")
    }

    /// Appends `parameters` to the database's URL.
    fn with_parameters(parameters: &str) -> Self {
        let sql_server = SqlServer::start();
        let direct = sql_server.new_database();
        let to_sql = Proxy::to(port_of(&direct));
        let database =
            direct.replace(&format!(":{}/", port_of(&direct)), &format!(":{}/", to_sql.port()));
        let database = format!("{database}{parameters}");
        let redis = Redis::start();
        let to_redis = Proxy::to(port_of(&redis.url()));
        let redis_url = format!("redis://127.0.0.1:{}", to_redis.port());
        let mut server = TestServer::of_server_profile(&[
            ("DATABASE_URL", &database),
            ("REDIS_URL", &redis_url),
        ]);
        server.redis = Some(redis);
        Self { server, sql_server, direct, to_sql, to_redis }
    }

    fn take_redis_away(&mut self, how: Away) {
        let redis = self.server.redis.as_mut().unwrap();
        match how {
            Away::Stopped => redis.pause(),
            Away::Dead => redis.kill(),
            Away::Cut | Away::Lost => self.to_redis.set(Network::Cut),
            Away::Slow => self.to_redis.set(Network::Slow),
        }
    }

    fn bring_redis_back(&mut self, how: Away) {
        let redis = self.server.redis.as_mut().unwrap();
        match how {
            Away::Stopped => redis.resume(),
            Away::Dead => redis.restart(),
            Away::Cut => self.to_redis.close_connections(),
            Away::Lost | Away::Slow => {}
        }
        self.to_redis.set(Network::Well);
    }

    fn take_sql_away(&mut self, how: Away) {
        match how {
            Away::Stopped => self.sql_server.pause(),
            Away::Dead => self.sql_server.kill(),
            Away::Cut | Away::Lost => self.to_sql.set(Network::Cut),
            Away::Slow => self.to_sql.set(Network::Slow),
        }
    }

    fn bring_sql_back(&mut self, how: Away) {
        match how {
            Away::Stopped => self.sql_server.resume(),
            Away::Dead => self.sql_server.restart(),
            Away::Cut => self.to_sql.close_connections(),
            Away::Lost | Away::Slow => {}
        }
        self.to_sql.set(Network::Well);
    }
}

/// 64 concurrent readers with six addresses, each opening every page. Returns each page with its
/// answer and latency.
fn crowd(server: &TestServer, pages: &[&str]) -> Vec<(String, Answer, Duration)> {
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..64)
            .map(|number| {
                scope.spawn(move || {
                    let reader = server.reader(&format!("192.0.2.{}", number % 6), FIREFOX);
                    let open = |page: &&str| {
                        let start = Instant::now();
                        let answer = reader.get(page);
                        (page.to_string(), answer, start.elapsed())
                    };
                    pages.iter().map(open).collect::<Vec<_>>()
                })
            })
            .collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
    })
}

#[test]
fn while_redis_is_down_no_page_fails_or_waits_for_it() {
    for how in [Away::Stopped, Away::Dead, Away::Cut, Away::Lost, Away::Slow] {
        let mut place = Place::new();
        place.server.add_user("reader", "a-good-password");
        let reader = place
            .server
            .someone()
            .signed_in("reader", "a-good-password")
            .header_named("cookie")
            .to_owned();
        place.server.job(Job::Ranking);
        place.server.someone().view(place.server.id("first"));
        let most_viewed = "/most-viewed?window=7d";
        let viewed =
            "Title of first</a><span data-views-of=\"1\" data-views=\"1\" class=\"meta\">1 view<";
        wait_until("the view is shown", || {
            place.server.clock.advance(Duration::from_secs(1));
            place.server.someone().get("/articles/first").text.contains("1 view<")
                && place.server.someone().get(most_viewed).text.contains(viewed)
        });
        place.take_redis_away(how);
        // The cached rankings have expired from here on.
        place.server.clock.advance(Duration::from_secs(2));
        // The first requests wait for a moment while the outage is noticed.
        place.server.someone().get("/search?q=first");
        place.server.someone().with("cookie", &reader).get("/");
        for (page, answer, took) in crowd(&place.server, &PAGES) {
            assert_eq!(answer.status, 200, "{how:?}: {page}: {}", answer.text);
            assert!(took < AT_MOST, "{how:?}: {page} took {took:?}");
            // C6: the view isn't in SQL yet, but it was already shown.
            assert!(
                page != "/articles/first" || answer.text.contains("1 view<"),
                "{how:?}: {}",
                answer.text
            );
        }
        let answer = place.server.someone().get(most_viewed);
        assert_eq!(answer.status, 200, "{how:?}: {}", answer.text);
        assert!(answer.text.contains(viewed), "{how:?}: {}", answer.text);
        let signed_in = place.server.someone().with("cookie", &reader);
        for page in PAGES {
            let start = Instant::now();
            let answer = signed_in.get(page);
            assert_eq!(answer.status, 200, "{how:?}: {page}: {}", answer.text);
            assert!(start.elapsed() < AT_MOST, "{how:?}: {page} took {:?}", start.elapsed());
        }
        place.bring_redis_back(how);
        let server = &place.server;
        wait_until("signed in again", || {
            server.clock.advance(Duration::from_secs(1));
            server.someone().with("cookie", &reader).get("/").text.contains("A Reader")
        });
        wait_until("counting again", || {
            server.reader("192.0.2.9", FIREFOX).view(server.id("first")).status == 200
        });
    }
}

#[test]
fn while_sql_is_down_cached_pages_are_served_and_others_fail_within_a_second() {
    for how in [Away::Stopped, Away::Dead, Away::Cut, Away::Lost] {
        let mut place = Place::new();
        for page in PAGES {
            assert_eq!(place.server.someone().get(page).status, 200, "{page}");
        }
        let most_viewed = "/most-viewed?window=7d";
        place.server.job(Job::Ranking);
        place.server.someone().view(place.server.id("first"));
        let viewed =
            "Title of first</a><span data-views-of=\"1\" data-views=\"1\" class=\"meta\">1 view<";
        wait_until("the view is shown", || {
            place.server.clock.advance(Duration::from_secs(1));
            place.server.someone().get(most_viewed).text.contains(viewed)
        });
        let feeds = ["/feed.xml", "/tags/sea/feed.rss"];
        let made = feeds.map(|feed| place.server.someone().get(feed).text);
        place.server.add_user("reader", "a-good-password");
        let cookie = place
            .server
            .someone()
            .signed_in("reader", "a-good-password")
            .header_named("cookie")
            .to_owned();
        place.take_sql_away(how);
        // The outage hasn't been noticed yet, but even this request is answered in time.
        let start = Instant::now();
        let answer = place.server.someone().get("/search?q=nobody-asked-before");
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, "1"),
            "{how:?}: {}",
            answer.text
        );
        assert!(start.elapsed() < AT_MOST, "{how:?}: {:?}", start.elapsed());
        for (page, answer, took) in crowd(&place.server, &PAGES) {
            assert_eq!(answer.status, 200, "{how:?}: {page}: {}", answer.text);
            assert_eq!(
                answer.header("cache-status"),
                "Tidemark; hit; detail=stores-away",
                "{how:?}: {page}"
            );
            assert!(took < AT_MOST, "{how:?}: {page} took {took:?}");
        }
        // This page shows nothing but rankings. As the clock stands still, they stay fresh until
        // the outage is noticed.
        wait_until("the most viewed are those of before", || {
            place
                .server
                .someone()
                .get(most_viewed)
                .header("cache-status")
                .ends_with("detail=stores-away")
        });
        for (page, answer, took) in crowd(&place.server, &[most_viewed]) {
            assert_eq!(answer.status, 200, "{how:?}: {page}: {}", answer.text);
            assert!(answer.text.contains(viewed), "{how:?}: {}", answer.text);
            assert!(took < AT_MOST, "{how:?}: {page} took {took:?}");
        }
        let start = Instant::now();
        let reader = place.server.someone().with("cookie", &cookie);
        for _ in 0..REPEATED {
            let answer = reader.post("/articles/first/like", "like=true");
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (503, "1"),
                "{how:?}: {}",
                answer.text
            );
        }
        assert!(start.elapsed() < AT_MOST, "{how:?}: forms took {:?}", start.elapsed());
        for (page, answer, took) in crowd(
            &place.server,
            &["/search?q=x", "/most-viewed?window=30d", "/api/v1/articles", "/sitemap.xml"],
        ) {
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (503, "1"),
                "{how:?}: {page}"
            );
            assert!(took < AT_MOST, "{how:?}: {page} took {took:?}");
        }
        for (path, answer, took) in crowd(&place.server, &feeds) {
            let feed = &made[usize::from(path != feeds[0])];
            assert_eq!(
                (answer.status, &answer.text),
                (200, feed),
                "{how:?}: the last version is sent"
            );
            assert!(took < AT_MOST, "{how:?}: the feed took {took:?}");
        }
        place.bring_sql_back(how);
        let server = &place.server;
        let reader = server.someone().with("cookie", &cookie);
        wait_until("forms are taken again", || {
            reader.post("/articles/first/like", "like=true").status == 303
        });
        wait_until("everything as before", || {
            let is_hit =
                |page: &&str| server.someone().get(page).header("cache-status") == "Tidemark; hit";
            PAGES.iter().chain([&most_viewed]).all(is_hit)
                && server.someone().get("/search?q=first").status == 200
        });
    }
}

#[test]
fn c6_while_sql_or_redis_is_away_totals_have_the_views_from_elsewhere() {
    let mut place = Place::new();
    let (id, path) = (place.server.id("first"), "/articles/first");
    let shows = |place: &Place, path: &str, views: &str| {
        place.server.someone().get(path).text.contains(&format!("{views} views<"))
    };
    place.server.job(Job::Ranking);
    let files = [("counts.csv".to_owned(), b"first,41\n".to_vec())];
    let importing =
        import_counts(&place.server.database, &files, import_counts::Options::default());
    place.server.run(importing).unwrap();
    wait_until("they are shown", || shows(&place, path, "41"));
    assert_eq!(place.server.someone().view(id).json()["views"], 42);
    assert!(shows(&place, path, "42"));
    place.take_sql_away(Away::Cut);
    wait_until("the outage is noticed", || {
        let answer = place.server.someone().get(path);
        answer.header("cache-status").ends_with("detail=stores-away")
    });
    let answer = place.server.reader("192.0.2.2", FIREFOX).view(id);
    assert_eq!(answer.json()["views"], 43, "{}", answer.text);
    assert!(shows(&place, path, "42"), "what was shown last");
    place.bring_sql_back(Away::Cut);
    for path in [path, "/most-viewed"] {
        wait_until("the view is shown", || {
            place.server.clock.advance(Duration::from_secs(1));
            shows(&place, path, "43")
        });
    }
    // SQL knows nothing of these views until the next flush.
    let recent = "/most-viewed?window=24h";
    wait_until("the last day is shown", || {
        place.server.clock.advance(Duration::from_secs(1));
        shows(&place, recent, "2")
    });
    place.take_redis_away(Away::Cut);
    // The cached rankings have expired from here on, and SQL lacks both views.
    place.server.clock.advance(Duration::from_secs(2));
    let as_before = || {
        for (path, views) in [(path, "43"), ("/most-viewed", "43"), (recent, "2")] {
            let page = place.server.someone().get(path).text;
            assert!(page.contains(&format!("{views} views<")), "{path}: {page}");
        }
    };
    as_before();
    let mut renamed = source("first", "", "It was changed.");
    renamed.text = renamed.text.replace("Title of first", "Renamed");
    let (database, clock) = (&place.server.database, &place.server.clock);
    place.server.run(import(database, clock, vec![renamed], Report::default())).unwrap();
    for path in [path, recent] {
        wait_until("the change is shown", || {
            place.server.someone().get(path).text.contains("Renamed")
        });
    }
    as_before();
}

#[test]
fn c6_a_reader_whose_view_was_answered_sees_it_though_redis_went_away_before_the_page_showed_it() {
    let mut place = Place::new();
    let (id, path) = (place.server.id("first"), "/articles/first");
    let shows = |place: &Place, views: &str| {
        place.server.someone().get(path).text.contains(&format!("{views}<"))
    };
    wait_until("the page is remembered", || shows(&place, "0 views"));
    assert_eq!(place.server.someone().view(id).json()["views"], 1);
    assert_eq!(place.server.reader("192.0.2.2", FIREFOX).view(id).json()["views"], 2);
    place.take_redis_away(Away::Cut);
    assert!(shows(&place, "2 views"), "{}", place.server.someone().get(path).text);
}

#[test]
fn changes_made_while_sql_is_unreachable_show_on_cached_pages_once_it_is_back() {
    let mut place = Place::new();
    let path = "/articles/first";
    assert_eq!(place.server.someone().get(path).status, 200);
    place.take_sql_away(Away::Cut);
    let server = &place.server;
    let is_stale =
        || server.someone().get(path).header("cache-status").ends_with("detail=stores-away");
    wait_until("the outage is noticed", is_stale);
    // Another replica, which still reaches SQL.
    server.run(async {
        let database = Database::open(&place.direct).await.unwrap();
        let files = vec![source("first", "", "It was changed.")];
        import(&database, &server.clock, files, Report::default()).await.unwrap();
    });
    assert!(
        server.someone().get(path).text.contains("The <em>first</em> text."),
        "it can't be known yet"
    );
    place.bring_sql_back(Away::Cut);
    let server = &place.server;
    wait_until("the change is shown", || {
        server.someone().get(path).text.contains("It was changed.")
    });
}

#[test]
fn while_redis_is_down_requests_that_need_it_fail_at_once_and_are_never_acknowledged() {
    for how in [Away::Stopped, Away::Dead, Away::Cut, Away::Lost] {
        let mut place = Place::new();
        let id = place.server.id("first");
        place.take_redis_away(how);
        // The first requests discover the outage.
        wait_until("it is noticed", || {
            let start = Instant::now();
            place.server.someone().view(id).status == 503
                && start.elapsed() < AT_MOST / REPEATED as u32
        });
        std::thread::scope(|scope| {
            for number in 0..64 {
                let reader = place.server.reader(&format!("192.0.2.{}", number % 6), FIREFOX);
                scope.spawn(move || {
                    let start = Instant::now();
                    for _ in 0..REPEATED {
                        let answer = reader.view(id);
                        assert_eq!(
                            (answer.status, answer.header("retry-after")),
                            (503, "1"),
                            "{how:?}: {}",
                            answer.text
                        );
                    }
                    assert!(start.elapsed() < AT_MOST, "{how:?}: views took {:?}", start.elapsed());
                });
            }
        });
        let start = Instant::now();
        for _ in 0..REPEATED {
            let answer =
                place.server.someone().post("/login", "username=reader&password=a-good-password");
            assert_eq!(answer.status, 503, "{how:?}: {}", answer.text);
        }
        assert!(start.elapsed() < AT_MOST, "{how:?}: sign-ins took {:?}", start.elapsed());
        place.bring_redis_back(how);
        let server = &place.server;
        wait_until("counting again", || server.reader("192.0.2.9", FIREFOX).view(id).status == 200);
    }
}

#[test]
fn a_slow_database_makes_pages_slow_but_none_fail() {
    let mut place = Place::new();
    for page in PAGES {
        place.server.someone().get(page);
    }
    place.take_sql_away(Away::Slow);
    for (page, answer, _) in crowd(&place.server, &PAGES) {
        assert_eq!(answer.status, 200, "{page}: {}", answer.text);
    }
    assert_eq!(place.server.someone().get("/search?q=first").status, 200);
    place.bring_sql_back(Away::Slow);
}

#[test]
fn an_article_whose_query_hangs_does_not_block_others() {
    // Unencrypted, so that the proxy can recognise the article in an answer.
    let place = Place::with_parameters("?ssl-mode=disabled");
    let server = &place.server;
    assert_eq!(server.someone().get("/articles/first").status, 200);
    place.to_sql.lose_answer_with("The second text.");
    std::thread::scope(|scope| {
        let unlucky = scope.spawn(|| server.someone().get("/articles/second"));
        wait_until("the answer is lost", || place.to_sql.has_lost_it());
        // This page bypasses the cache, so the article is read from the database, behind the query
        // whose answer never comes.
        let start = Instant::now();
        let other = server
            .someone()
            .with("cookie", "session=AAAAAAAAAAAAAAAAAAAAAA")
            .get("/articles/first");
        assert_eq!(other.status, 200, "{}", other.text);
        assert!(start.elapsed() < AT_MOST, "{:?}", start.elapsed());
        let unlucky = unlucky.join().unwrap();
        assert_eq!((unlucky.status, unlucky.header("retry-after")), (503, "1"), "{}", unlucky.text);
    });
    // The connection that lost the answer stays silent forever.
    wait_until("the article is read again", || {
        server.someone().get("/articles/second").status == 200
    });
}
