//! Totals and rankings, which Redis caches.

use tidemark_counting::{ArticleId, Hour};
use tidemark_store::clock::Millis;

use super::*;

#[test]
fn c5_recent_views_are_settled_once_before_their_list_is_long_though_nobody_reads_them() {
    on(&[Backend::Redis], async |place| {
        let store = place.redis_store();
        assert_eq!(store.refresh_rankings().await.unwrap() as i64, SHARDS);
        let length = || {
            let length = place.redis.as_ref().unwrap().command(&["STRLEN", "tm:{1}:recent"]);
            length.trim().parse::<usize>().unwrap()
        };
        let (mut longest, mut shortest) = (0, usize::MAX);
        for someone in 0..8 {
            // All articles are in one shard. Most of them do not exist in SQL, which does not
            // matter here.
            let views = (0..1_000).map(|number| View {
                article: ArticleId(SHARDS * number + 1),
                visitor: visitor(someone, someone),
            });
            let outcomes = record(&place.store, &views.collect::<Vec<_>>()).await;
            assert!(
                outcomes.iter().all(|outcome| outcome.counted && outcome.views == someone + 1),
                "{outcomes:?}"
            );
            longest = longest.max(length());
            shortest = shortest.min(length());
        }
        assert!(longest <= 65_536, "{longest}");
        assert_eq!(shortest, 0, "it was settled when it was full");
        for window in [Window::All, Window::Day, Window::Week, Window::Month] {
            let top = store.top(window, 2_000).await.unwrap().unwrap();
            assert_eq!(top.len(), 1_000, "{window:?}");
            assert!(top.iter().all(|(_, views)| *views == 8), "{window:?}: {top:?}");
        }
        assert_eq!(store.unflushed().await.unwrap(), Unflushed { pending: 8_000, batches: 0 });
        let flushed = place.flush().await;
        assert_eq!((flushed.views + flushed.dropped, flushed.batches), (8_000, 1), "{flushed}");
    });
}

#[test]
fn c5_a_redis_that_lost_everything_takes_totals_and_rankings_from_sql() {
    on(&[Backend::Redis], async |place| {
        let store = place.redis_store();
        store.register_origin().await.unwrap();
        for someone in 0..3 {
            assert_eq!(place.record(1, someone).await, None);
        }
        assert_eq!(place.record(2, 1).await, None);
        place.flush().await;
        assert_eq!(place.record(2, 2).await, None);
        place.redis.as_ref().unwrap().command(&["FLUSHALL"]);
        // Only the unflushed view is lost.
        assert_eq!(
            store.top(Window::Day, 10).await.unwrap(),
            None,
            "SQL is asked until the ranking is built"
        );
        assert_eq!(place.record(1, 9).await, None);
        assert_eq!(place.total(1).await, 4);
        assert_eq!(store.refresh_rankings().await.unwrap() as i64, SHARDS);
        for window in [Window::All, Window::Day, Window::Week, Window::Month] {
            assert_eq!(place.top(window).await, [(1, 4), (2, 1)], "{window:?}");
        }
        store.register_origin().await.unwrap();
        assert_eq!(store.ledger.origins().await.unwrap().len(), 2, "which doctor reports");
    });
}

#[test]
fn c6_a_view_whose_total_cannot_be_had_is_recorded_but_not_answered_and_holds_up_no_other() {
    let mut sql_server = SqlServer::start();
    let redis = servers::Redis::start();
    runtime().block_on(async {
        let clock = clock();
        let ledger = open_ledger(&sql_server.new_database()).await;
        let store = store_in_redis(&redis.url(), ledger, &clock);
        // Articles 1 and 17 are in one shard.
        store.record(&[View { article: ArticleId(1), visitor: visitor(1, 1) }]).await.unwrap();
        sql_server.kill();
        let batch = [
            View { article: ArticleId(1), visitor: visitor(2, 2) },
            View { article: ArticleId(17), visitor: visitor(2, 2) },
        ];
        let outcomes = store.record(&batch).await.unwrap();
        assert_eq!(outcomes[0].clone().outcome().map(|outcome| outcome.views), Some(2));
        assert_eq!(outcomes[1], Recorded::NoTotal);
        sql_server.restart();
        let outcomes = retry(|| async {
            let outcomes = store.record(&batch).await.unwrap();
            if !outcomes.contains(&Recorded::NoTotal) { Ok(outcomes) } else { Err("not yet") }
        })
        .await;
        let outcome = outcomes[1].clone().outcome().unwrap();
        assert_eq!(
            (outcome.views, outcome.reason),
            (1, Some(Reason::Repeat)),
            "it was recorded the first time"
        );
    });
}

#[test]
fn c6_totals_stay_exact_while_flushes_meet_a_cache_that_is_lost_again_and_again() {
    on(&[Backend::Redis], async |place| {
        let redis = place.redis.as_ref().unwrap();
        let reader = async {
            for someone in 0..150 {
                redis.command(&["DEL", "tm:{1}:total"]);
                let batch = [View { article: ArticleId(1), visitor: visitor(someone, someone) }];
                // If SQL does not answer in time, the view is recorded and its total is not told.
                let outcome = retry(|| async {
                    let outcomes = place.store.record(&batch).await.unwrap();
                    outcomes[0].clone().outcome().ok_or("no total")
                })
                .await;
                assert_eq!(outcome.views, someone + 1);
            }
        };
        let flusher = async {
            loop {
                place.flush().await;
            }
        };
        futures_util::future::select(Box::pin(reader), Box::pin(flusher)).await;
    });
}

#[test]
fn c6_what_was_read_from_sql_before_a_batch_was_closed_or_finished_fills_no_cache() {
    const FILL: &str = concat!(
        include_str!("../../src/store/redis/common.lua"),
        include_str!("../../src/store/redis/fill.lua")
    );
    const PUBLISH: &str = concat!(
        include_str!("../../src/store/redis/common.lua"),
        include_str!("../../src/store/redis/publish.lua")
    );
    on(&[Backend::Redis], async |place| {
        let redis = place.redis.as_ref().unwrap();
        let version = || {
            redis.command(&["HGET", "tm:{1}:state", "version"]).trim().parse::<i64>().unwrap_or(0)
        };
        let now = place.clock.now().0.to_string();
        // What a replica would send that has just read SQL: 7 views of article 1, and no ranking
        // for hour 0.
        let fill = |version: i64| {
            redis.command(&[
                "EVAL",
                FILL,
                "1",
                "tm:{1}",
                &now,
                &version.to_string(),
                "correct",
                "0",
                "1",
                "7",
            ]);
            redis.command(&["HGET", "tm:{1}:total", "1"]).trim().to_owned()
        };
        let publish = |version: i64| {
            let arguments = [&now, &version.to_string(), "0", "aside", "0", "all", "0", "0"];
            redis.command(&[&["EVAL", PUBLISH, "1", "tm:{1}"][..], &arguments[..]].concat());
            redis.command(&["HEXISTS", "tm:{1}:state", "rank:all"]).trim() == "1"
        };
        assert_eq!(place.record(1, 1).await, None);
        let before = version();
        assert_eq!(place.flush().await.batches, 1);
        assert_eq!(version(), before + 2, "closing the batch changes it, and so does finishing it");
        for earlier in [before, before + 1] {
            assert_eq!((fill(earlier), publish(earlier)), ("1".into(), false));
        }
        assert_eq!(fill(version()), "7", "of this moment it is believed");
        assert!(publish(version()));
        assert_eq!(version(), before + 3, "and is put in place once");
    });
}

#[test]
fn rankings_end_with_the_current_hour_and_equal_what_the_hours_in_sql_say() {
    on(&BACKENDS, async |place| {
        let refresh = async || place.store.refresh_rankings().await.map(drop).unwrap();
        let reconcile = async || place.store.reconcile().await.unwrap();
        let agree = async |viewed: &[(i64, i64)], now: i64| {
            for window in [Window::All, Window::Day, Window::Week, Window::Month] {
                let mut expected = HashMap::<i64, i64>::new();
                for (article, hour) in viewed {
                    if window.hours().is_none_or(|hours| *hour > now - hours) {
                        *expected.entry(*article).or_default() += 1;
                    }
                }
                let mut expected: Vec<_> = expected.into_iter().collect();
                expected.sort_by_key(|(article, views)| std::cmp::Reverse((*views, *article)));
                assert_eq!(place.top(window).await, expected, "{window:?} in hour {now}");
            }
        };
        let mut viewed = Vec::new();
        refresh().await;
        for hour in 0..30 {
            for someone in 0..=(hour % 4) {
                assert_eq!(place.record(1 + hour % 7, 1000 * hour + someone).await, None);
                viewed.push((1 + hour % 7, hour));
            }
            if hour % 5 == 0 {
                place.flush().await;
            }
            agree(&viewed, hour).await;
            place.clock.advance(HOUR);
            refresh().await;
            agree(&viewed, hour + 1).await;
            assert_eq!(reconcile().await, [], "after {hour} hours");
        }
        // The first pause ends the week of some views, the second the month of all.
        for (pause, hour) in [(140, 170), (600, 770)] {
            place.clock.advance(pause * HOUR);
            refresh().await;
            agree(&viewed, hour).await;
            assert_eq!(reconcile().await, [], "after a long pause");
        }
    });
}

/// Sets a test's clock, back as well.
fn set(clock: &Clock, hours: i64) {
    let Clock::Manual(time) = clock else { panic!("a manual clock") };
    time.fetch_add(hours * 3_600_000, std::sync::atomic::Ordering::SeqCst);
}

#[test]
fn rankings_are_right_at_once_after_the_clock_was_ahead() {
    on(&BACKENDS, async |place| {
        let refresh = async || place.store.refresh_rankings().await.map(drop).unwrap();
        assert_eq!(place.record(1, 1).await, None);
        refresh().await;
        for (turn, ahead) in [(1, 2), (2, 10), (3, 365 * 24)] {
            set(&place.clock, ahead);
            assert_eq!(place.record(10 + turn, turn).await, None);
            refresh().await;
            set(&place.clock, -ahead);
            refresh().await;
            assert_eq!(place.record(1, 10 + turn).await, None);
            for window in [Window::Day, Window::Week, Window::Month] {
                assert_eq!(place.top(window).await, [(1, 1 + turn)], "{ahead} hours ahead");
            }
            assert_eq!(place.store.reconcile().await.unwrap(), []);
            place.flush().await;
            assert_eq!(place.store.reconcile().await.unwrap(), [], "SQL has them");
            assert_eq!(place.top(Window::Day).await, [(1, 1 + turn)], "{ahead} hours ahead");
        }
        // The hours come in which the first two of those views seem to be.
        for hour in 1..=30 {
            set(&place.clock, 1);
            refresh().await;
            assert_eq!(place.store.reconcile().await.unwrap(), [], "in hour {hour}");
            // Those of the next hour are in the ranking too.
            let expected: Vec<_> = [(1, 4, 0), (12, 1, 10), (11, 1, 2)]
                .into_iter()
                .filter(|(.., viewed)| (viewed - 1..viewed + 24).contains(&hour))
                .map(|(article, views, _)| (article, views))
                .collect();
            assert_eq!(place.top(Window::Day).await, expected, "in hour {hour}");
        }
    });
}

#[test]
fn views_that_come_long_before_the_rankings_are_refreshed_are_no_drift() {
    on(&BACKENDS, async |place| {
        place.store.refresh_rankings().await.unwrap();
        set(&place.clock, 3);
        assert_eq!(place.record(1, 1).await, None);
        assert_eq!(place.store.reconcile().await.unwrap(), []);
        assert_eq!(place.top(Window::Day).await, [(1, 1)]);
    });
}

#[test]
fn rankings_end_by_the_clock_of_redis_whatever_that_of_a_replica_says() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        place.store.refresh_rankings().await.unwrap();
        for hours in [-30 * 24, -2, 2, 30 * 24] {
            let clock = clock();
            set(&clock, hours);
            let ViewStore::Redis(store) = place.opened_again().await else { unreachable!() };
            let store = store.with_clock(clock);
            assert_eq!(store.refresh_rankings().await.unwrap(), 0, "{hours} hours");
            assert_eq!(store.reconcile().await.unwrap(), [], "{hours} hours");
            assert_eq!(place.top(Window::Day).await, [(1, 1)], "{hours} hours");
        }
    });
}

#[test]
fn a_reconcile_corrects_what_has_drifted_and_names_it() {
    on(&[Backend::Redis], async |place| {
        let store = place.redis_store();
        store.refresh_rankings().await.unwrap();
        for someone in 0..3 {
            assert_eq!(place.record(1, someone).await, None);
        }
        place.flush().await;
        assert_eq!(place.record(1, 4).await, None);
        assert_eq!(store.reconcile().await.unwrap(), []);
        let redis = place.redis.as_ref().unwrap();
        redis.command(&["HSET", "tm:{1}:total", "1", "40"]);
        redis.command(&["ZADD", "tm:{1}:rank:7d", "99", "0000000000000000017"]);
        redis.command(&["ZREM", "tm:{1}:rank:24h", "0000000000000000001"]);
        let mut drifts = place.store.reconcile().await.unwrap();
        drifts.sort_by(|one, other| one.cache.cmp(&other.cache));
        let drift = |cache: &str, article, cached, correct| {
            Drift::of_article(cache, ArticleId(article), cached, correct)
        };
        assert_eq!(
            drifts,
            [drift("rank:24h", 1, 0, 4), drift("rank:7d", 17, 99, 0), drift("total", 1, 40, 4)]
        );
        assert_eq!(store.reconcile().await.unwrap(), []);
        assert_eq!(place.total(1).await, 4);
    });
}

#[test]
fn a_reconcile_of_the_embedded_profile_corrects_a_window_and_names_it() {
    on(&[Backend::Sqlite], async |place| {
        let ViewStore::Sqlite(store) = &place.store else { unreachable!() };
        assert_eq!(place.record(1, 1).await, None);
        assert!(store.refresh_rankings().await.unwrap(), "there was none");
        assert!(!store.refresh_rankings().await.unwrap(), "it ends with this hour already");
        assert_eq!(place.store.reconcile().await.unwrap(), []);
        let database = open_sqlite(place.folder.path()).await;
        let mut transaction = database.begin().await.unwrap();
        sqlx::query("UPDATE article_view_windows SET views = 40 WHERE hours = 168")
            .execute(&mut *transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(
            place.store.reconcile().await.unwrap(),
            [Drift::of_article("rank:168h", ArticleId(1), 40, 1)]
        );
        assert_eq!(place.store.reconcile().await.unwrap(), []);
        assert_eq!(place.top(Window::Week).await, [(1, 1)]);
    });
}

#[test]
fn c6_of_many_batches_that_sql_has_and_redis_has_not_finished_none_is_added_to_a_total() {
    on(&[Backend::Redis], async |mut place| {
        let mut redis = place.redis.take().unwrap();
        // Each restart seals the pending views as a batch of their own; the last view stays
        // pending.
        for someone in 0..5 {
            redis.kill();
            redis.restart();
            let batch = [View { article: ArticleId(1), visitor: visitor(someone, someone) }];
            retry(|| place.store.record(&batch)).await;
        }
        let batches: Vec<Batch> = redis
            .command(&["ZRANGE", "tm:{1}:batches", "0", "-1"])
            .lines()
            .map(|id| {
                let fields = redis.command(&["HGETALL", &format!("tm:{{1}}:batch:{id}")]);
                let fields: Vec<i64> = fields
                    .split([':', '\n'])
                    .filter_map(|number| number.trim().parse().ok())
                    .collect();
                let [article, hour, views] = fields[..] else { panic!("{fields:?}") };
                Batch { id: id.into(), views: [((ArticleId(article), Hour(hour)), views)].into() }
            })
            .collect();
        assert_eq!(batches.len(), 4);
        let now = place.clock.now().0;
        assert_eq!(place.redis_store().ledger.apply(batches, Millis(now)).await.unwrap().views, 4);
        redis.command(&["DEL", "tm:{1}:total"]);
        let view = View { article: ArticleId(1), visitor: visitor(0, 0) };
        assert_eq!(record(&place.store, &[view]).await[0].views, 5);
        place.redis_store().refresh_rankings().await.unwrap();
        assert_eq!(place.top(Window::All).await, [(1, 5)]);
        assert_eq!(place.redis_store().reconcile().await.unwrap(), []);
    });
}

#[test]
fn c6_processes_that_end_the_windows_with_different_hours_at_once_never_take_an_hour_out_twice() {
    on(&[Backend::Sqlite], async |place| {
        let database = open_sqlite(place.folder.path()).await;
        let mut hour = place.clock.now().0 / 3_600_000;
        rankings::end_with(&database, Hour(hour)).await.unwrap();
        for someone in 0..40 {
            assert_eq!(place.record(1, someone).await, None);
            place.clock.advance(HOUR);
            assert_eq!(place.record(1, 100 + someone).await, None);
            place.clock.advance(HOUR);
            hour += 2;
            let (later, sooner) = futures_util::future::join(
                rankings::end_with(&database, Hour(hour)),
                rankings::end_with(&database, Hour(hour - 1)),
            )
            .await;
            assert!(later.unwrap() || sooner.unwrap());
            assert_eq!(rankings::reconcile(&database).await.unwrap(), [], "after {someone} rounds");
        }
    });
}
