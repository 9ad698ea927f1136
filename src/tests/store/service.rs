//! The counting service, as pages and the API use it.

use tidemark::server::views::{Sender, ViewRequest, Views};

use super::*;

fn views(place: &Place) -> Views {
    let (batcher, workers) = batcher(place.store.clone(), 1_600);
    for worker in workers {
        tokio::spawn(worker.run());
    }
    let identifier = Identifier::new(place.store.clone(), place.clock.clone(), WINDOW);
    Views::new(identifier, batcher, place.store.clone(), place.clock.clone())
}

fn request(address: &str, user_agent: &str, purpose: Option<&str>) -> ViewRequest {
    let reader = Reader { user: None, address: address.parse().unwrap(), user_agent: user_agent.into() };
    ViewRequest { reader, purposes: purpose.map(str::to_owned).into_iter().collect() }
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

async fn sender(views: &Views, request: ViewRequest) -> Visitor {
    match views.identify(&request).await.unwrap() {
        Sender::Visitor(visitor) => visitor,
        Sender::NoReader(reason) => panic!("{reason:?}"),
    }
}

/// Reads until there is something: on a machine that is busy elsewhere Redis may answer later than a page waits, and is then left alone
/// for a second.
async fn patiently<T: Default + PartialEq, F: Future<Output = T>>(place: &Place, read: impl Fn() -> F) -> T {
    for _ in 0..100 {
        let found = read().await;
        if found != T::default() {
            return found;
        }
        place.clock.advance(Duration::from_secs(1));
    }
    read().await
}

#[test]
fn c2_c3_c4_a_request_is_somebody_or_no_reader_and_is_counted_once() {
    on(&BACKENDS, async |place| {
        let views = views(&place);
        let one = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        assert_eq!(sender(&views, request("192.0.2.1", BROWSER, None)).await, one);
        let other = sender(&views, request("192.0.2.2", BROWSER, None)).await;
        assert_ne!(other, one);
        for (agent, purpose, reason) in
            [("curl/8", None, Reason::Crawler), (BROWSER, Some("prefetch"), Reason::Prefetch)]
        {
            let sender = views.identify(&request("192.0.2.1", agent, purpose)).await.unwrap();
            assert_eq!(sender, Sender::NoReader(reason));
        }
        let outcome = views.record(1, one).await.unwrap();
        assert_eq!((outcome.views, outcome.counted), (1, true));
        assert_eq!(views.record(1, one).await.unwrap().reason, Some(Reason::Repeat));
        assert_eq!(views.record(1, other).await.unwrap().views, 2);
        assert_eq!(views.record(3, other).await.unwrap().views, 1);
        assert_eq!(views.waiting(), 0);
        let hash = views.hash_of("192.0.2.1".parse().unwrap()).await.unwrap();
        assert_eq!(Some(hash), one.today.address);
        match &place.store {
            ViewStore::Sqlite(_) => {
                assert_eq!(views.totals(&[1, 2, 3]).await, HashMap::new(), "a page's query has them");
                assert_eq!(views.top(Window::All, 10).await, None);
            }
            ViewStore::Redis(store) => {
                let totals = patiently(&place, || views.totals(&[1, 2, 3])).await;
                assert_eq!(totals, HashMap::from([(1, 2), (3, 1)]));
                assert_eq!(views.top(Window::All, 10).await, None, "no ranking was built yet");
                store.refresh_rankings().await.unwrap();
                let all = patiently(&place, || views.top(Window::All, 10)).await;
                assert_eq!(all, Some(vec![(1, 2), (3, 1)]));
                assert_eq!(patiently(&place, || views.top(Window::Day, 1)).await, Some(vec![(1, 2)]));
            }
        }
    });
}

#[test]
fn c3_a_day_s_salt_is_believed_for_ten_seconds_without_asking_redis() {
    on(&[Backend::Redis], async |mut place| {
        let views = views(&place);
        let one = sender(&views, request("192.0.2.1", BROWSER, None)).await;
        place.redis.as_mut().unwrap().kill();
        place.clock.advance(Duration::from_millis(9_999));
        assert_eq!(sender(&views, request("192.0.2.1", BROWSER, None)).await, one);
        place.clock.advance(Duration::from_millis(1));
        assert!(views.identify(&request("192.0.2.1", BROWSER, None)).await.is_err());
    });
}

#[test]
fn pages_do_without_a_redis_that_fails_and_ask_it_again_a_second_later() {
    on(&[Backend::Redis], async |mut place| {
        let views = views(&place);
        assert_eq!(place.record(1, 1).await, None);
        assert_eq!(patiently(&place, || views.totals(&[1])).await, HashMap::from([(1, 1)]));
        place.redis.as_mut().unwrap().kill();
        assert_eq!(views.totals(&[1]).await, HashMap::new());
        place.redis.as_mut().unwrap().restart();
        retry(|| place.redis_store().unflushed()).await;
        place.clock.advance(Duration::from_millis(999));
        assert_eq!(views.totals(&[1]).await, HashMap::new(), "it is left alone");
        place.clock.advance(Duration::from_millis(1));
        assert_eq!(patiently(&place, || views.totals(&[1])).await, HashMap::from([(1, 1)]));
    });
}
