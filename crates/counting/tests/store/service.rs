//! The counting service, as used by pages and the API.

use std::num::NonZeroU32;

use futures_util::FutureExt;
use tidemark_counting::follow::Follower;
use tidemark_counting::visitor::Purpose;
use tidemark_counting::{ArticleId, Sender, ViewRequest, Views};
use tokio_util::sync::CancellationToken;

use super::*;

fn views(place: &Place) -> Views {
    process_on(&place.store, &place.clock).0
}

/// A process's counting service and its follower.
fn process_on(store: &ViewStore, clock: &Clock) -> (Views, Follower) {
    let (batcher, workers) = batcher(store.clone(), 1_600);
    for worker in workers {
        tokio::spawn(worker.run());
    }
    let identifier = Identifier::new(store.clone(), clock.clone(), WINDOW);
    let follower = Follower::new(identifier.clone(), store.clone());
    (Views::new(identifier, batcher, store.clone()), follower)
}

fn request(address: &str, user_agent: &str, purpose: Option<&str>) -> ViewRequest {
    let reader = Reader::new(address.parse().unwrap(), user_agent.into());
    ViewRequest { reader, purposes: purpose.map(str::to_owned).into_iter().collect() }
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

async fn sender(views: &Views, request: ViewRequest) -> (Visitor, Option<Box<Reader>>) {
    match views.identify(request).await.unwrap() {
        Sender::Visitor(visitor, reader) => (visitor, reader),
        Sender::NoReader(reason) => panic!("{reason:?}"),
    }
}

/// The articles that a test asks for.
const ALL: [ArticleId; 3] = [ArticleId(1), ArticleId(2), ArticleId(3)];

/// Retries until there is a result. On a busy machine Redis may answer later than a page waits; it
/// is then skipped until a probe finds it healthy again.
async fn patiently<T: Default + PartialEq, F: Future<Output = T>>(read: impl Fn() -> F) -> T {
    retry(|| async { Some(read().await).filter(|found| *found != T::default()).ok_or("nothing") })
        .await
}

#[test]
fn c5_a_view_waits_until_a_worker_takes_it() {
    on(&BACKENDS, async |place| {
        let (batcher, workers) = batcher(place.store.clone(), 1_600);
        let identifier = Identifier::new(place.store.clone(), place.clock.clone(), WINDOW);
        let views = Views::new(identifier, batcher, place.store.clone());
        let (visitor, reader) = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        let mut waiting = Box::pin(views.record(ArticleId(1), visitor, reader.as_deref()));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!((views.waiting(), views.counted()), (1, 0));
        for worker in workers {
            tokio::spawn(worker.run());
        }
        assert!(waiting.await.unwrap().counted);
        assert_eq!((views.waiting(), views.counted()), (0, 1));
    });
}

#[test]
fn c2_c3_c4_a_request_is_somebody_or_no_reader_and_is_counted_once() {
    on(&BACKENDS, async |place| {
        let views = views(&place);
        let (one, one_reader) = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        assert_eq!(sender(&views, request("192.0.2.1", BROWSER, None)).await.0, one);
        let (other, other_reader) = sender(&views, request("192.0.2.2", BROWSER, None)).await;
        assert_ne!(other, one);
        for (agent, purpose, reason) in
            [("curl/8", None, Reason::Crawler), (BROWSER, Some("prefetch"), Reason::Prefetch)]
        {
            let sender = views.identify(request("192.0.2.1", agent, purpose)).await.unwrap();
            assert!(matches!(sender, Sender::NoReader(found) if found == reason), "{sender:?}");
        }
        let outcome = views.record(ArticleId(1), one, one_reader.as_deref()).await.unwrap();
        assert_eq!((outcome.views, outcome.counted), (1, true));
        assert_eq!(
            views.record(ArticleId(1), one, one_reader.as_deref()).await.unwrap().reason,
            Some(Reason::Repeat)
        );
        assert_eq!(
            views.record(ArticleId(1), other, other_reader.as_deref()).await.unwrap().views,
            2
        );
        assert_eq!(
            views.record(ArticleId(3), other, other_reader.as_deref()).await.unwrap().views,
            1
        );
        assert_eq!((views.waiting(), views.counted()), (0, 3), "the repeat did not count");
        let key = views.key(Purpose::Throttle).await.unwrap();
        assert_eq!(views.key(Purpose::Throttle).await.unwrap(), key);
        assert_ne!(views.key(Purpose::Log).await.unwrap(), key);
        match &place.store {
            ViewStore::Sqlite(_) => {
                assert_eq!(
                    views.totals(&ALL).await,
                    Some(HashMap::new()),
                    "a page's query has them"
                );
                assert_eq!(views.top(Window::All, 10).await, None);
            }
            ViewStore::Redis(store) => {
                let totals = patiently(|| views.totals(&ALL)).await;
                assert_eq!(totals, Some(HashMap::from([(ArticleId(1), 2), (ArticleId(3), 1)])));
                assert_eq!(views.top(Window::All, 10).await, None, "no ranking was built yet");
                store.refresh_rankings().await.unwrap();
                let all = patiently(|| views.top(Window::All, 10)).await;
                assert_eq!(all, Some(vec![(ArticleId(1), 2), (ArticleId(3), 1)]));
                assert_eq!(
                    patiently(|| views.top(Window::Day, 1)).await,
                    Some(vec![(ArticleId(1), 2)])
                );
            }
        }
    });
}

#[test]
fn c6_a_page_knows_whether_its_reader_would_count_though_redis_is_away() {
    on(&BACKENDS, async |mut place| {
        let views = views(&place);
        let reader = |address: &str, browser: &str| request(address, browser, None).reader;
        let one = reader("192.0.2.1", BROWSER);
        assert!(
            views.would_count(ArticleId(1), &one),
            "a process that has just started knows nothing, not even the salt"
        );
        let (visitor, who) = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        assert!(views.would_count(ArticleId(1), &one));
        assert!(views.record(ArticleId(1), visitor, who.as_deref()).await.unwrap().counted);
        if let Some(redis) = &mut place.redis {
            redis.kill();
        }
        // Longer than the TTL of a salt.
        place.clock.advance(WINDOW - Duration::from_millis(1));
        assert!(!views.would_count(ArticleId(1), &one));
        assert!(
            !views.would_count(ArticleId(1), &reader("::ffff:192.0.2.1", BROWSER)),
            "the same address and browser"
        );
        assert!(views.would_count(ArticleId(2), &one), "another article");
        assert!(views.would_count(ArticleId(1), &reader("192.0.2.2", BROWSER)), "another address");
        assert!(
            views.would_count(ArticleId(1), &Reader { session: Some(1), ..one.clone() }),
            "an anonymous session"
        );
        assert!(!views.would_count(ArticleId(2), &reader("192.0.2.2", "curl/8")), "a crawler");
        place.clock.advance(Duration::from_millis(1));
        assert!(views.would_count(ArticleId(1), &one), "after the window");
    });
}

/// Sends a view. Returns whether it counted.
async fn try_to_count(views: &Views, article: i64, address: &str) -> Result<bool, ViewError> {
    match views.identify(request(address, BROWSER, None)).await? {
        Sender::Visitor(visitor, reader) => {
            Ok(views.record(ArticleId(article), visitor, reader.as_deref()).await?.counted)
        }
        Sender::NoReader(reason) => panic!("{reason:?}"),
    }
}

async fn counts(views: &Views, article: i64, address: &str) -> bool {
    try_to_count(views, article, address).await.unwrap()
}

fn would_count(views: &Views, article: i64, address: &str) -> bool {
    views.would_count(ArticleId(article), &request(address, BROWSER, None).reader)
}

#[test]
fn c6_a_process_that_has_just_started_knows_who_was_counted_before_and_soon_who_is_counted_elsewhere()
 {
    on(&BACKENDS, async |place| {
        let views = views(&place);
        assert!(counts(&views, 1, "192.0.2.1").await);
        let (others, mut follower) = process_on(&place.opened_again().await, &place.clock);
        assert!(would_count(&others, 1, "192.0.2.1"), "it knows nothing yet");
        assert!(follower.step().await);
        assert!(!would_count(&others, 1, "192.0.2.1"));
        assert!(would_count(&others, 2, "192.0.2.1") && would_count(&others, 1, "192.0.2.2"));
        // Views the first process counts in the meantime.
        assert!(counts(&views, 1, "192.0.2.2").await && counts(&views, 2, "192.0.2.1").await);
        assert!(would_count(&others, 1, "192.0.2.2"));
        assert!(follower.step().await);
        assert!(!would_count(&others, 1, "192.0.2.2") && !would_count(&others, 2, "192.0.2.1"));
        // Following the log does not change what counts.
        for (article, address, is_new) in
            [(1, "192.0.2.1", false), (1, "192.0.2.2", false), (1, "192.0.2.3", true)]
        {
            assert_eq!(counts(&others, article, address).await, is_new, "{address}");
        }
        assert!(follower.step().await);
        assert!(!would_count(&others, 1, "192.0.2.3"));
        assert!(!counts(&views, 1, "192.0.2.3").await);
        assert_eq!(place.total(1).await, 3);
        place.clock.advance(WINDOW);
        assert!(follower.step().await);
        assert!(would_count(&others, 1, "192.0.2.1") && would_count(&others, 1, "192.0.2.3"));
    });
}

#[test]
fn c2_a_visitor_whom_another_process_counts_again_stays_counted_when_the_first_window_is_forgotten()
{
    on(&BACKENDS, async |place| {
        let (views, mut follower) = process_on(&place.store, &place.clock);
        let (others, _) = process_on(&place.opened_again().await, &place.clock);
        assert!(counts(&views, 1, "192.0.2.1").await);
        place.clock.advance(WINDOW);
        assert!(counts(&others, 1, "192.0.2.1").await, "the first window is over");
        assert!(follower.step().await);
        // A batch forgets the windows that are over.
        assert!(counts(&views, 2, "192.0.2.2").await);
        assert!(!would_count(&views, 1, "192.0.2.1"));
        assert!(!counts(&views, 1, "192.0.2.1").await, "a repeat");
        assert_eq!(place.total(1).await, 2);
    });
}

#[test]
fn no_batch_waits_for_a_follower_that_waits_for_a_connection() {
    on(&[Backend::Sqlite], async |place| {
        let url = format!("sqlite:{}", place.folder.path().join("views.db").display());
        let database =
            SqliteDatabase::open(&url, NonZeroU32::new(1), &MIGRATIONS.sqlite).await.unwrap();
        let store = SqliteStore::new(database.clone(), place.clock.clone(), WINDOW, CAPS);
        let page = database.reader().acquire().await.unwrap();
        let mut following = Box::pin(store.catch_up());
        assert!((&mut following).now_or_never().is_none(), "a page has the only connection");
        let view = View { article: ArticleId(1), visitor: visitor(1, 1) };
        let recorded = tokio::time::timeout(PATIENCE, store.record(&[view])).await;
        assert!(recorded.unwrap().is_ok());
        drop(page);
        following.await.unwrap();
    });
}

#[test]
fn c6_a_page_says_the_same_after_midnight_as_the_view_that_follows() {
    on(&BACKENDS, async |place| {
        let views = views(&place);
        place.clock.advance(12 * HOUR - WINDOW / 2);
        assert!(counts(&views, 1, "192.0.2.1").await, "before midnight");
        place.clock.advance(WINDOW / 2);
        // Nobody has been counted today, so today's salt does not exist yet.
        let (others, mut follower) = process_on(&place.opened_again().await, &place.clock);
        assert!(follower.step().await);
        for views in [&views, &others] {
            assert!(!would_count(views, 1, "192.0.2.1") && would_count(views, 1, "192.0.2.2"));
        }
        assert!(!counts(&views, 1, "192.0.2.1").await, "a repeat");
        assert!(counts(&views, 1, "192.0.2.2").await, "the first under today's salt");
        assert!(follower.step().await);
        for minute in 0..=10 {
            for views in [&views, &others] {
                // Counted yesterday, and counted today.
                assert_eq!(would_count(views, 1, "192.0.2.1"), minute >= 5, "minute {minute}");
                assert_eq!(would_count(views, 1, "192.0.2.2"), minute >= 10, "minute {minute}");
            }
            if minute < 5 {
                assert!(!counts(&others, 1, "192.0.2.1").await, "minute {minute}");
            }
            place.clock.advance(Duration::from_secs(60));
        }
        assert!(counts(&others, 1, "192.0.2.1").await && counts(&views, 1, "192.0.2.2").await);
    });
}

#[test]
fn c6_as_many_as_were_counted_are_known_after_a_start() {
    // More than SQLite reads at once, and several chunks in Redis.
    const COUNTED: i64 = 12_500;
    on(&[Backend::Sqlite, Backend::Redis], async |place| {
        let of = |number: i64| View { article: ArticleId(1), visitor: visitor(number, number) };
        for first in (0..COUNTED).step_by(50) {
            let batch: Vec<View> = (first..first + 50).map(of).collect();
            assert!(record(&place.store, &batch).await.iter().all(|outcome| outcome.counted));
        }
        let store = place.opened_again().await;
        let known = || {
            (0..COUNTED)
                .filter(|number| !store.would_count(ArticleId(1), &of(*number).visitor))
                .count()
        };
        assert_eq!(known(), 0);
        store.catch_up().await.unwrap();
        assert_eq!(known(), usize::try_from(COUNTED).unwrap());
        store.catch_up().await.unwrap();
        assert!(store.would_count(ArticleId(1), &of(COUNTED).visitor));
        assert_eq!(
            record(&store, &[of(0), of(COUNTED)])
                .await
                .iter()
                .filter(|outcome| outcome.counted)
                .count(),
            1
        );
    });
}

#[test]
fn c6_the_log_is_read_again_and_again_until_the_process_stops() {
    on(&[Backend::Sqlite], async |place| {
        let (others, follower) = process_on(&place.opened_again().await, &place.clock);
        let stop = CancellationToken::new();
        let following = tokio::spawn(follower.run(stop.clone()));
        let views = views(&place);
        for address in ["192.0.2.1", "192.0.2.2"] {
            assert!(counts(&views, 1, address).await);
            let is_known = || async {
                if would_count(&others, 1, address) { Err("not read yet") } else { Ok(()) }
            };
            retry(is_known).await;
        }
        stop.cancel();
        following.await.unwrap();
    });
}

#[test]
fn c6_a_redis_that_is_away_is_left_alone_and_read_again_when_it_is_back() {
    on(&[Backend::Redis], async |mut place| {
        let views = views(&place);
        assert!(counts(&views, 1, "192.0.2.1").await);
        let (others, mut follower) = process_on(&place.opened_again().await, &place.clock);
        assert!(follower.step().await);
        place.redis.as_mut().unwrap().kill();
        for _ in 0..10 {
            assert!(!follower.step().await);
        }
        assert!(!would_count(&others, 1, "192.0.2.1"), "what is known stays known");
        place.redis.as_mut().unwrap().restart();
        retry(|| try_to_count(&views, 1, "192.0.2.2")).await;
        let start = Instant::now();
        while !follower.step().await {
            assert!(start.elapsed() < PATIENCE, "it is not read again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(!would_count(&others, 1, "192.0.2.1") && !would_count(&others, 1, "192.0.2.2"));
    });
}

#[test]
fn c6_no_shard_waits_for_a_cluster_node_that_holds_another_one() {
    runtime().block_on(async {
        let (cluster, clock) = (RedisCluster::start(), clock());
        let ledger = open_ledger(&SqlServer::shared().new_database()).await;
        let process = || {
            let store = store_in_redis(&cluster.url(), ledger.clone(), &clock);
            process_on(&ViewStore::Redis(store), &clock)
        };
        let ((views, _), (others, mut follower)) = (process(), process());
        let articles = 1..=SHARDS;
        for article in articles.clone() {
            assert!(counts(&views, article, "192.0.2.1").await);
        }
        assert!(follower.step().await);
        for article in articles.clone() {
            assert!(counts(&views, article, "192.0.2.2").await);
        }
        // The node of the first shard: the slot of `tm:{0}` is 13907.
        let node = &cluster.nodes()[2];
        node.pause();
        let is_read = |article: i64| !would_count(&others, article, "192.0.2.2");
        {
            let mut step = Box::pin(follower.step());
            while !articles.clone().filter(|article| article % SHARDS != 0).all(is_read) {
                tokio::select! {
                    biased;
                    _ = &mut step => panic!("the other shards waited"),
                    () = tokio::time::sleep(Duration::from_millis(10)) => {}
                }
            }
            assert!(!is_read(SHARDS));
        }
        node.resume();
    });
}

#[test]
fn c3_a_day_s_salt_is_believed_for_ten_seconds_without_asking_redis() {
    on(&[Backend::Redis], async |mut place| {
        let views = views(&place);
        let one = sender(&views, request("192.0.2.1", BROWSER, None)).await.0;
        place.redis.as_mut().unwrap().kill();
        place.clock.advance(Duration::from_millis(9_999));
        assert_eq!(sender(&views, request("192.0.2.1", BROWSER, None)).await.0, one);
        place.clock.advance(Duration::from_millis(1));
        assert!(views.identify(request("192.0.2.1", BROWSER, None)).await.is_err());
    });
}

#[test]
fn pages_do_without_a_redis_that_fails_and_views_are_refused_until_it_is_back() {
    on(&[Backend::Redis], async |mut place| {
        let views = views(&place);
        let (one, reader) = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        assert!(views.record(ArticleId(1), one, reader.as_deref()).await.unwrap().counted);
        assert_eq!(
            patiently(|| views.totals(&[ArticleId(1)])).await,
            Some(HashMap::from([(ArticleId(1), 1)]))
        );
        place.redis.as_mut().unwrap().kill();
        assert_eq!(views.totals(&[ArticleId(1)]).await, None);
        assert!(
            views.record(ArticleId(1), one, reader.as_deref()).await.is_err(),
            "never a false yes"
        );
        place.redis.as_mut().unwrap().restart();
        assert_eq!(
            patiently(|| views.totals(&[ArticleId(1)])).await,
            Some(HashMap::from([(ArticleId(1), 1)]))
        );
        let repeat = retry(|| views.record(ArticleId(1), one, reader.as_deref())).await;
        assert_eq!(repeat.reason, Some(Reason::Repeat));
    });
}

#[test]
fn c6_a_ranking_whose_totals_redis_did_not_give_is_not_taken_for_whole() {
    on(&[Backend::Sqlite, Backend::Redis], async |mut place| {
        let views = views(&place);
        assert!(counts(&views, 1, "192.0.2.1").await);
        let expected = match place.redis {
            Some(_) => HashMap::from([(ArticleId(1), 1)]),
            None => HashMap::new(),
        };
        assert_eq!(patiently(|| views.totals_for_ranking(&ALL)).await, Some(expected));
        let Some(redis) = &mut place.redis else {
            assert_eq!(views.top(Window::All, 1).await, None);
            assert_eq!(views.unranked(), 0, "SQL has all");
            return;
        };
        redis.kill();
        assert_eq!(views.totals(&ALL).await, None);
        let unranked = views.unranked();
        assert_eq!(views.totals_for_ranking(&ALL).await, None);
        assert_eq!(views.unranked(), unranked + 1, "SQL's counts take their place");
    });
}

#[test]
fn c6_a_process_remembers_the_totals_it_has_told_while_redis_is_away() {
    on(&[Backend::Redis], async |mut place| {
        let (one, others) = (ArticleId(1), views(&place));
        let views = views(&place);
        assert_eq!(views.told(one), 0);
        assert!(counts(&views, 1, "192.0.2.1").await);
        assert_eq!(views.told(one), 1);
        assert!(counts(&others, 1, "192.0.2.2").await);
        assert_eq!(views.told(one), 1, "nobody has asked here");
        patiently(|| views.totals(&ALL)).await;
        assert_eq!(ALL.map(|article| views.told(article)), [2, 0, 0]);
        assert!(!counts(&views, 1, "192.0.2.1").await);
        place.redis.as_mut().unwrap().kill();
        assert_eq!(views.totals(&[one]).await, None);
        assert_eq!(views.told(one), 2);
    });
}

#[test]
fn the_embedded_profile_remembers_no_totals_because_sql_has_them() {
    on(&[Backend::Sqlite], async |place| {
        let views = views(&place);
        assert!(counts(&views, 1, "192.0.2.1").await);
        assert_eq!(views.totals(&ALL).await, Some(HashMap::new()));
        assert_eq!(views.told(ArticleId(1)), 0);
    });
}

#[test]
fn c2_a_visitor_whose_requests_meet_at_midnight_is_counted_once() {
    on(&BACKENDS, async |place| {
        let views = views(&place);
        place.clock.advance(12 * HOUR - Duration::from_millis(1));
        let (early, reader) = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        place.clock.advance(Duration::from_millis(1));
        let late = sender(&views, request("192.0.2.1", BROWSER, None)).await.0;
        assert_eq!(late.yesterday, Some(early.today));
        // In either order.
        for (article, first, second) in [(1, early, late), (2, late, early)] {
            assert!(
                views.record(ArticleId(article), first, reader.as_deref()).await.unwrap().counted
            );
            let again = views.record(ArticleId(article), second, reader.as_deref()).await.unwrap();
            assert_eq!((again.views, again.reason), (1, Some(Reason::Repeat)), "article {article}");
        }
        let batch = [late, early].map(|visitor| View { article: ArticleId(3), visitor });
        let recorded = place.store.record(&batch).await.unwrap();
        assert!(recorded[0].clone().outcome().unwrap().counted);
        assert_eq!(recorded[1], Recorded::OtherDay { now: place.clock.now() });
        assert_eq!(place.total(3).await, 1);
    });
}

/// A process on a machine with its own clock.
async fn process(place: &Place, clock: &Clock) -> (RedisStore, Views) {
    let ViewStore::Redis(store) = place.opened_again().await else {
        panic!("not a store in Redis")
    };
    let store = store.with_clock(clock.clone());
    let place = Place {
        store: ViewStore::Redis(store.clone()),
        clock: clock.clone(),
        redis: None,
        folder: tempfile::tempdir().unwrap(),
    };
    (store, views(&place))
}

fn later(clock: &Clock, milliseconds: i64) -> Clock {
    Clock::manual(Timestamp::from_millisecond(clock.now().0 + milliseconds).unwrap())
}

#[test]
fn c2_processes_whose_clocks_differ_count_a_visitor_once_around_midnight() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        // A minute before midnight by Redis' clock.
        place.clock.advance(12 * HOUR - Duration::from_secs(60));
        let clocks =
            [later(&place.clock, 300_000), later(&place.clock, -300_000), later(&place.clock, 0)];
        let mut processes = Vec::new();
        for clock in &clocks {
            processes.push(process(&place, clock).await.1);
        }
        for minute in 0..4 {
            for (first, article) in (1..=3).enumerate() {
                for turn in 0..3 {
                    let views = &processes[(first + turn) % 3];
                    let (visitor, reader) =
                        sender(views, request(&format!("192.0.2.{minute}"), BROWSER, None)).await;
                    let outcome =
                        views.record(ArticleId(article), visitor, reader.as_deref()).await.unwrap();
                    assert_eq!(
                        (outcome.views, outcome.counted),
                        (minute + 1, turn == 0),
                        "minute {minute}"
                    );
                    // Earlier visitors are still known.
                    let (visitor, reader) =
                        sender(views, request("192.0.2.0", BROWSER, None)).await;
                    let again =
                        views.record(ArticleId(article), visitor, reader.as_deref()).await.unwrap();
                    assert_eq!(again.reason, Some(Reason::Repeat), "minute {minute}");
                }
            }
            for clock in clocks.iter().chain([&place.clock]) {
                clock.advance(Duration::from_secs(60));
            }
        }
    });
}

#[test]
fn c2_a_window_is_neither_shortened_nor_extended_by_a_process_whose_clock_is_set() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        let clock = later(&place.clock, 0);
        let Clock::Manual(time) = &clock else { panic!("a manual clock") };
        let store = ViewStore::Redis(process(&place, &clock).await.0);
        let reason = async || {
            record(&store, &[View { article: ArticleId(1), visitor: visitor(1, 1) }]).await[0]
                .reason
        };
        assert_eq!(reason().await, None);
        // Each value changes the clock once. The process has adjusted to the previous change by
        // then.
        for by in [1, 2, 1_000, 600_000, -600_000, -3_600_000, 7_200_000, -5_000, 0] {
            time.fetch_add(by, std::sync::atomic::Ordering::SeqCst);
            assert_eq!(reason().await, Some(Reason::Repeat), "by {by}");
        }
        for by in [0, 3_600_000, -3_600_000] {
            place.clock.advance(WINDOW - Duration::from_millis(1));
            time.fetch_add(by, std::sync::atomic::Ordering::SeqCst);
            assert_eq!(
                reason().await,
                Some(Reason::Repeat),
                "a millisecond before the end, by {by}"
            );
            place.clock.advance(Duration::from_millis(1));
            assert_eq!(reason().await, None, "at the end, by {by}");
        }
    });
}

#[test]
fn c2_a_window_is_not_shortened_by_a_clock_that_is_behind_within_the_second() {
    on(&[Backend::Redis], async |place| {
        let store = ViewStore::Redis(process(&place, &later(&place.clock, 0)).await.0);
        let view = [View { article: ArticleId(1), visitor: visitor(1, 1) }];
        let another = [View { article: ArticleId(1), visitor: visitor(2, 2) }];
        assert_eq!(record(&store, &another).await[0].reason, None);
        // The process takes it for the beginning of the second, and for Redis it is the end.
        place.clock.advance(Duration::from_millis(999));
        assert_eq!(record(&store, &view).await[0].reason, None);
        place.clock.advance(WINDOW - Duration::from_millis(1));
        assert_eq!(record(&store, &view).await[0].reason, Some(Reason::Repeat));
        place.clock.advance(Duration::from_millis(2));
        assert_eq!(record(&store, &view).await[0].reason, None, "it ends on a full second");
    });
}

#[test]
fn c2_a_process_whose_clock_is_far_from_redis_refuses_one_view_and_then_counts() {
    on(&[Backend::Redis], async |place| {
        let views = process(&place, &later(&place.clock, 24 * 3_600_000)).await.1;
        let (visitor, reader) = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        assert!(reader.is_none(), "it is noon: who reads is not kept");
        let refused = views.record(ArticleId(1), visitor, None).await;
        assert!(matches!(refused, Err(ViewError::OtherDay { .. })), "{refused:?}");
        let visitor = sender(&views, request("192.0.2.1", BROWSER, None)).await.0;
        assert_eq!(views.record(ArticleId(1), visitor, None).await.unwrap().views, 1);
    });
}

#[test]
fn c2_a_process_that_is_ahead_by_minutes_and_had_no_view_at_midnight_still_looks_under_yesterdays_salt()
 {
    on(&[Backend::Redis], async |place| {
        let right = process(&place, &place.clock).await.1;
        let clock = later(&place.clock, 540_000);
        let ahead = process(&place, &clock).await.1;
        let view = async |views: &Views| {
            let (visitor, reader) = sender(views, request("192.0.2.1", BROWSER, None)).await;
            views.record(ArticleId(1), visitor, reader.as_deref()).await.unwrap().reason
        };
        place.clock.advance(12 * HOUR - Duration::from_secs(120));
        assert_eq!(view(&right).await, None);
        place.clock.advance(WINDOW - Duration::from_secs(60));
        clock.advance(12 * HOUR + WINDOW - Duration::from_secs(180));
        assert_eq!(view(&ahead).await, Some(Reason::Repeat));
    });
}
