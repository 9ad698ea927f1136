//! Compares the stores with a naive model of the rules under random sequences of events.

use tidemark_counting::ArticleId;

use super::*;

#[derive(Clone, Debug)]
enum Action {
    Advance(u64),
    /// Whether the other of two processes records the batch, and the article and visitor of each
    /// view.
    Record(bool, Vec<(i64, i64)>),
    Flush,
    /// Removes expired windows.
    Prune,
    /// Removes the totals and some of the rankings that Redis caches.
    ForgetCache,
    Refresh,
    /// Kills Redis and restarts it with its file.
    Restart,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        8 => (1u64..700).prop_map(Action::Advance),
        24 => (any::<bool>(), prop::collection::vec((1i64..4, 0i64..28), 1..6))
            .prop_map(|(other, views)| Action::Record(other, views)),
        8 => Just(Action::Flush),
        4 => Just(Action::Prune),
        2 => Just(Action::ForgetCache),
        2 => Just(Action::Refresh),
        1 => Just(Action::Restart),
    ];
    prop::collection::vec(action, 1..40)
}

/// The visitors. Of the first eight, each has one of three IPv4 addresses. The next eight share
/// four addresses of one IPv6 network. The next four are signed in, from two addresses. The rest
/// are anonymous sessions, each of which alternates between one of these IPv4 addresses and one of
/// these IPv6 addresses.
fn hashes_of(someone: i64) -> Hashes {
    match someone {
        ..8 => Hashes {
            visitor: someone,
            address: Some(someone % 3),
            network: None,
            is_session: false,
        },
        8..16 => Hashes {
            visitor: someone,
            address: Some(100 + someone % 4),
            network: Some(200),
            is_session: false,
        },
        16..20 => Hashes {
            visitor: someone,
            address: None,
            network: Some(300 + someone % 2),
            is_session: false,
        },
        _ => Hashes {
            visitor: 20 + (someone - 20) / 2,
            address: Some(if someone % 2 == 0 { 0 } else { 100 }),
            network: (someone % 2 == 1).then_some(200),
            is_session: true,
        },
    }
}

/// Whether one more visitor would exceed the cap of an address or network, given the `live`
/// visitors that were counted.
fn is_over_a_cap(someone: Hashes, live: &[Hashes]) -> bool {
    let of_address = live.iter().filter(|other| other.address == someone.address).count();
    let of_network = live.iter().filter(|other| other.network == someone.network).count();
    match (someone.address, someone.network) {
        (Some(_), None) => of_address >= CAPS.address,
        (Some(_), Some(_)) => of_address >= CAPS.address || of_network >= CAPS.network,
        (None, _) => of_network >= CAPS.signed_in,
    }
}

/// Why a view would not count at `now`, given the views that counted so far.
fn reason(counted_at: &[(i64, i64, i64)], article: i64, someone: i64, now: i64) -> Option<Reason> {
    let live = counted_at.iter().filter(|(other, _, at)| *other == article && now < at + 600_000);
    let live: Vec<Hashes> = live.map(|(_, someone, _)| hashes_of(*someone)).collect();
    let someone = hashes_of(someone);
    if live.iter().any(|other| other.visitor == someone.visitor) {
        return Some(Reason::Repeat);
    }
    is_over_a_cap(someone, &live).then_some(Reason::IpCap)
}

/// Runs a sequence of actions on two processes and compares them with the model.
async fn agrees_with_the_model(
    mut place: Place,
    actions: Vec<Action>,
) -> Result<(), TestCaseError> {
    let mut counted_at = Vec::<(i64, i64, i64)>::new();
    let mut totals = HashMap::<i64, i64>::new();
    // For each article, the process that recorded its last view and therefore knows everybody
    // counted for it.
    let mut last_at = HashMap::<i64, bool>::new();
    let other = place.opened_again().await;
    for action in actions {
        let (is_other, views) = match action {
            Action::Advance(seconds) => {
                place.clock.advance(Duration::from_secs(seconds));
                continue;
            }
            Action::Flush => {
                place.flush().await;
                if let ViewStore::Redis(_) = place.store {
                    for (article, total) in &totals {
                        prop_assert_eq!(
                            place.total_in_sql(*article).await,
                            *total,
                            "after a flush SQL has everything"
                        );
                    }
                }
                continue;
            }
            Action::Prune => {
                if let ViewStore::Redis(store) = &place.store {
                    store.prune().await.unwrap();
                }
                continue;
            }
            Action::ForgetCache => {
                if let Some(redis) = &place.redis {
                    for shard in 1..4 {
                        redis.command(&["DEL", &format!("tm:{{{shard}}}:total")]);
                        redis.command(&[
                            "HDEL",
                            &format!("tm:{{{shard}}}:state"),
                            "rank:all",
                            "rank:24h",
                        ]);
                    }
                }
                continue;
            }
            Action::Refresh => {
                place.store.refresh_rankings().await.unwrap();
                continue;
            }
            Action::Restart => {
                if let Some(redis) = &mut place.redis {
                    redis.kill();
                    redis.restart();
                    retry(|| place.redis_store().unflushed()).await;
                    if let ViewStore::Redis(other) = &other {
                        retry(|| other.unflushed()).await;
                    }
                }
                continue;
            }
            Action::Record(is_other, views) => (is_other, views),
        };
        let now = place.clock.now().0;
        let batch: Vec<View> = views
            .iter()
            .map(|&(article, someone)| View {
                article: ArticleId(article),
                visitor: on_day_of(
                    &place.clock,
                    Visitor { today: hashes_of(someone), ..visitor(0, 0) },
                ),
            })
            .collect();
        let store = if is_other { &other } else { &place.store };
        for (&(article, someone), view) in views.iter().zip(&batch) {
            let would_count = store.would_count(ArticleId(article), &view.visitor);
            let counts = reason(&counted_at, article, someone, now).is_none();
            prop_assert!(would_count || !counts, "a no is always right");
            if last_at.get(&article).is_none_or(|last| *last == is_other) {
                prop_assert_eq!(
                    would_count,
                    counts,
                    "and so is a yes of a process that has heard of everybody"
                );
            }
        }
        let outcomes = record(store, &batch).await;
        let mut expected = Vec::new();
        for &(article, someone) in &views {
            let reason = reason(&counted_at, article, someone, now);
            if reason.is_none() {
                counted_at.push((article, someone, now));
                *totals.entry(article).or_default() += 1;
            }
            last_at.insert(article, is_other);
            expected.push(reason);
        }
        let reasons: Vec<_> = outcomes.iter().map(|outcome| outcome.reason).collect();
        prop_assert_eq!(reasons, expected);
        for outcome in outcomes {
            prop_assert_eq!(outcome.counted, outcome.reason.is_none());
            prop_assert_eq!(outcome.views, totals.get(&outcome.article.0).copied().unwrap_or(0));
        }
    }
    // In the end every ranking equals the sum of its hours.
    let hour = place.clock.now().0.div_euclid(3_600_000);
    if let ViewStore::Redis(store) = &place.store {
        place.flush().await;
        store.refresh_rankings().await.unwrap();
        for window in [Window::All, Window::Day] {
            let mut expected = HashMap::<i64, i64>::new();
            for (article, _, at) in &counted_at {
                if window.hours().is_none_or(|hours| at.div_euclid(3_600_000) > hour - hours) {
                    *expected.entry(*article).or_default() += 1;
                }
            }
            let mut expected: Vec<_> = expected.into_iter().collect();
            expected.sort_by_key(|(article, views)| std::cmp::Reverse((*views, *article)));
            prop_assert_eq!(place.top(window).await, expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn c2_c3_the_sqlite_store_agrees_with_a_simple_model(actions in actions()) {
        runtime().block_on(async { agrees_with_the_model(Place::new(Backend::Sqlite).await, actions).await })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn c2_c3_c5_the_redis_store_and_its_flush_agree_with_a_simple_model(actions in actions()) {
        runtime().block_on(async { agrees_with_the_model(Place::new(Backend::Redis).await, actions).await })?;
    }
}
