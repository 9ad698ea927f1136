//! Several processes on one store.

use super::*;

#[test]
fn c5_two_processes_on_one_store_count_a_visitor_once() {
    on(&BACKENDS, async |place| {
        let batch: Vec<View> = (0..40)
            .map(|number| View { article: ArticleId(1), visitor: visitor(number, number) })
            .collect();
        // Each with its own connections, like two processes.
        let others = [place.opened_again().await, place.opened_again().await];
        let write = async |store: &ViewStore| {
            let mut counted = 0;
            for part in batch.chunks(4) {
                let outcomes = record(store, part).await;
                counted += outcomes.iter().filter(|outcome| outcome.counted).count();
            }
            counted
        };
        let (one, other) = futures_util::future::join(write(&others[0]), write(&others[1])).await;
        assert_eq!(one + other, 40);
        assert_eq!(place.total(1).await, 40);
    });
}

#[test]
fn c2_c3_what_another_process_counted_is_known_though_it_was_not_read() {
    on(&BACKENDS, async |place| {
        let other = place.opened_again().await;
        let reason = async |store: &ViewStore, visitor| {
            record(store, &[View { article: ArticleId(1), visitor }]).await[0].reason
        };
        // Both have read the log up to here.
        for someone in [visitor(1, 100), visitor(2, 100)] {
            assert_eq!(reason(&place.store, someone).await, None);
        }
        assert_eq!(reason(&other, visitor(9, 900)).await, None);
        let session = |address| Visitor {
            today: Hashes { visitor: 3, address: Some(address), network: None, is_session: true },
            ..visitor(0, 0)
        };
        assert_eq!(reason(&place.store, session(101)).await, None);
        // The address is at its cap, but the session was counted at another one.
        assert_eq!(reason(&other, session(100)).await, Some(Reason::Repeat));
        for (number, address) in [(10, 200), (11, 200), (20, 300)] {
            assert_eq!(reason(&place.store, visitor(number, address)).await, None);
        }
        // Each of these depends on what the other process counted, and on the views before it.
        let batch = [(20, 300), (12, 200), (21, 300), (22, 300), (21, 300), (30, 400)].map(
            |(number, address)| View { article: ArticleId(1), visitor: visitor(number, address) },
        );
        let reasons: Vec<_> =
            record(&other, &batch).await.into_iter().map(|outcome| outcome.reason).collect();
        let (repeat, capped) = (Some(Reason::Repeat), Some(Reason::IpCap));
        assert_eq!(reasons, [repeat, capped, None, capped, repeat, None]);
        assert_eq!(place.total(1).await, 9);
    });
}

#[test]
fn c8_what_another_process_counted_costs_a_second_call_only_if_it_could_change_a_decision() {
    on(&[Backend::Redis], async |place| {
        let other = place.opened_again().await;
        let redis = place.redis.as_ref().unwrap();
        let count = async |store: &ViewStore, someone, address| {
            redis.command(&["CONFIG", "RESETSTAT"]);
            let view = View { article: ArticleId(1), visitor: visitor(someone, address) };
            assert!(record(store, &[view]).await[0].counted);
            let statistics = redis.command(&["INFO", "commandstats"]);
            let calls = statistics
                .lines()
                .find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")?.split(',').next());
            calls.unwrap().parse::<usize>().unwrap()
        };
        // The first batch of a process has to read the log, so its calls are not compared.
        for (store, someone) in [(&place.store, 100), (&other, 101)] {
            count(store, someone, someone).await;
        }
        for number in 0..5 {
            assert_eq!(count(&place.store, 2 * number, 2 * number).await, 1);
            assert_eq!(count(&other, 2 * number + 1, 2 * number + 1).await, 1);
        }
        // The second visitor of an address.
        assert_eq!(count(&place.store, 50, 9).await, 2);
        assert_eq!(count(&place.store, 51, 8).await, 1, "it has read that one");
        assert_eq!(place.total(1).await, 14);
    });
}

#[test]
fn c2_a_process_that_comes_late_or_falls_behind_however_far_knows_who_was_counted() {
    on(&BACKENDS, async |place| {
        // In Redis, every three of these batches start a new chunk of the log.
        let batch = |part: i64| -> Vec<View> {
            (900 * part..900 * (part + 1))
                .map(|number| View { article: ArticleId(1), visitor: visitor(number, number) })
                .collect()
        };
        let counted = async |store: &ViewStore, part| {
            record(store, &batch(part)).await.iter().filter(|outcome| outcome.counted).count()
        };
        let behind = place.opened_again().await;
        let mut parts = 0;
        for by in 0..9 {
            for part in parts..parts + by {
                assert_eq!(counted(&place.store, part).await, 900);
            }
            for part in parts..parts + by {
                assert_eq!(counted(&behind, part).await, 0, "part {part}, behind by {by}");
            }
            // An address may have two visitors. A process that reads a part of the log twice must
            // not count one visitor as two.
            for part in parts..parts + by {
                let second =
                    View { article: ArticleId(1), visitor: visitor(-1 - part, 900 * part + 899) };
                assert!(
                    record(&behind, &[second]).await[0].counted,
                    "the second in part {part}, behind by {by}"
                );
            }
            parts += by;
        }
        let late = place.opened_again().await;
        for part in 0..parts {
            assert_eq!(counted(&late, part).await, 0, "part {part}");
        }
        assert_eq!(place.total(1).await, 901 * parts);
    });
}

#[test]
fn c2_a_window_that_another_process_began_ends_to_the_millisecond_too() {
    on(&BACKENDS, async |place| {
        let other = place.opened_again().await;
        let reason = async |store: &ViewStore, someone| {
            record(store, &[View { article: ArticleId(1), visitor: visitor(someone, someone) }])
                .await[0]
                .reason
        };
        // So that it has read the log, but not the entries that follow.
        assert_eq!(reason(&other, 1).await, None);
        assert_eq!(reason(&place.store, 2).await, None);
        place.clock.advance(WINDOW);
        assert_eq!(reason(&other, 2).await, None, "at its end");
        // In Redis, windows end on a full second, so this one is slightly longer; none is shorter.
        place.clock.advance(Duration::from_millis(1));
        assert_eq!(reason(&place.store, 3).await, None);
        place.clock.advance(WINDOW - Duration::from_millis(1));
        assert_eq!(reason(&other, 3).await, Some(Reason::Repeat), "a millisecond before its end");
        assert_eq!(reason(&place.store, 3).await, Some(Reason::Repeat));
    });
}

#[test]
fn c2_what_was_forgotten_misleads_no_process_that_had_read_it() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        let others = [place.opened_again().await, place.opened_again().await];
        let counts = async |store: &ViewStore, someone| {
            record(store, &[View { article: ArticleId(1), visitor: visitor(someone, someone) }])
                .await[0]
                .counted
        };
        for _ in 0..4 {
            for someone in 0..5 {
                assert!(counts(&others[0], someone).await, "its window is over");
                assert!(!counts(&others[1], someone).await);
            }
            assert!(counts(&others[1], 5).await);
            place.clock.advance(WINDOW);
            assert_eq!(place.redis_store().prune().await.unwrap(), 6);
            assert_eq!(place.redis_store().prune().await.unwrap(), 0);
            assert!(counts(&others[1], 6).await);
            assert!(!counts(&others[0], 6).await);
            place.clock.advance(WINDOW);
            place.redis_store().prune().await.unwrap();
        }
    });
}

#[test]
fn c3_what_is_over_goes_though_something_new_comes_all_the_time() {
    on(&[Backend::Redis], async |place| {
        let mut forgotten = 0;
        for someone in 0..40 {
            assert_eq!(place.record(1, someone).await, None);
            place.clock.advance(WINDOW / 4);
            forgotten += place.redis_store().prune().await.unwrap();
        }
        assert!(forgotten > 25, "{forgotten}");
    });
}

#[test]
fn c3_under_load_what_is_over_goes_without_a_prune() {
    on(&[Backend::Redis], async |place| {
        for part in 0..24 {
            let views: Vec<View> = (0..900)
                .map(|number| View {
                    article: ArticleId(1),
                    visitor: visitor(900 * part + number, number),
                })
                .collect();
            assert!(
                record(&place.store, &views).await.iter().all(|outcome| outcome.counted),
                "part {part}"
            );
            place.clock.advance(WINDOW / 2);
        }
        let redis = place.redis.as_ref().unwrap();
        let chunks = redis.command(&["ZRANGE", "tm:{1}:seen", "0", "-1"]);
        let length = |chunk| -> u32 {
            redis.command(&["STRLEN", &format!("tm:{{1}}:seen:{chunk}")]).trim().parse().unwrap()
        };
        let entries = chunks.lines().map(length).sum::<u32>() / 16;
        assert!(entries <= 9 * 900, "{entries} of {}", 24 * 900);
    });
}

#[test]
fn c2_a_redis_that_was_emptied_makes_no_process_believe_what_is_gone() {
    on(&[Backend::Redis], async |place| {
        let other = place.opened_again().await;
        let counts = async |store: &ViewStore, someone| {
            record(store, &[View { article: ArticleId(1), visitor: visitor(someone, someone) }])
                .await[0]
                .counted
        };
        for someone in 0..5 {
            assert!(counts(&place.store, someone).await);
        }
        assert!(!counts(&other, 4).await);
        place.redis.as_ref().unwrap().command(&["FLUSHALL"]);
        // A longer log than the other process had read before.
        for someone in 10..20 {
            assert!(counts(&place.store, someone).await);
        }
        for someone in 10..20 {
            assert!(!counts(&other, someone).await, "{someone} is in the new log");
        }
        assert!(counts(&other, 4).await, "nothing that is left says that this one was counted");
    });
}

#[test]
fn c3_a_redis_that_lost_its_salts_gets_them_back_from_a_process_that_knows_them() {
    on(&[Backend::Redis], async |place| {
        let identifier = || Identifier::new(place.store.clone(), place.clock.clone(), WINDOW);
        let reader = Reader::new("192.0.2.1".parse().unwrap(), "Mozilla/5.0 Gecko".into());
        let knows = identifier();
        knows.identify(&reader).await.unwrap();
        // Advances to midnight, after which visitors are looked up under yesterday's salt too.
        place.clock.advance(12 * HOUR);
        let before = knows.identify(&reader).await.unwrap();
        assert!(before.yesterday.is_some());
        place.redis.as_ref().unwrap().command(&["FLUSHALL"]);
        place.clock.advance(Duration::from_secs(10));
        assert_eq!(knows.identify(&reader).await.unwrap(), before);
        assert_eq!(identifier().identify(&reader).await.unwrap(), before, "in a new process");
    });
}

#[test]
fn c2_a_process_with_another_number_of_shards_takes_no_views() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        let redis = Redis::new(&place.redis.as_ref().unwrap().url()).unwrap();
        let ledger = place.redis_store().ledger.clone();
        let other =
            RedisStore::new(redis, ledger, place.clock.clone(), WINDOW, CAPS, 2 * SHARDS as usize);
        let refused = other
            .record(&[View { article: ArticleId(1), visitor: visitor(2, 2) }])
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(&format!("first used with {SHARDS}")), "{refused}");
        assert!(
            other.record(&[View { article: ArticleId(1), visitor: visitor(2, 2) }]).await.is_err(),
            "nor when it asks again"
        );
        assert_eq!(place.total(1).await, 1);
    });
}
