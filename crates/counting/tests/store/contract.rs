//! The contract of the stores. Each test runs on SQLite, on Redis and on a Redis Cluster, unless it
//! is about some of them only.

mod processes;
mod salts;

use futures_util::FutureExt;
use tidemark_counting::store::redis::files::Files;
use tidemark_counting::{ArticleId, Day};

use super::*;

#[test]
fn c2_c3_the_window_and_the_cap_hold_to_the_millisecond_and_the_visitor() {
    on(&BACKENDS, async |place| {
        assert_eq!(place.record(1, 1).await, None);
        place.clock.advance(WINDOW - Duration::from_millis(1));
        assert_eq!(place.record(1, 1).await, Some(Reason::Repeat), "a millisecond before its end");
        place.clock.advance(Duration::from_millis(1));
        assert_eq!(place.record(1, 1).await, None, "at its end");
        assert_eq!(place.record(2, 1).await, None, "another article");
        let anonymous = |number| View { article: ArticleId(3), visitor: visitor(number, 9) };
        let batch = [anonymous(1), anonymous(2), anonymous(3), anonymous(1)];
        let reasons: Vec<_> =
            record(&place.store, &batch).await.into_iter().map(|outcome| outcome.reason).collect();
        assert_eq!(reasons, [None, None, Some(Reason::IpCap), Some(Reason::Repeat)]);
        let signed_in = |user, network| Visitor {
            today: Hashes {
                visitor: user,
                address: None,
                network: Some(network),
                is_session: false,
            },
            ..visitor(user, 0)
        };
        let batch: Vec<_> = (10..20)
            .map(|user| View { article: ArticleId(3), visitor: signed_in(user, 500 + user / 2) })
            .collect();
        let outcomes = record(&place.store, &batch).await;
        assert!(
            outcomes.iter().all(|outcome| outcome.counted && outcome.views == 12),
            "each its own: {outcomes:?}"
        );
    });
}

#[test]
fn c3_a_network_and_the_signed_in_readers_of_an_address_have_a_higher_cap_whoever_counted_them() {
    on(&BACKENDS, async |place| {
        let other = place.opened_again().await;
        let stores = [&place.store, &other];
        // Each visitor has its own address, as somebody who owns a /48 could arrange.
        let anonymous = |number: i64, network| Visitor {
            today: Hashes {
                visitor: number,
                address: Some(100 + number),
                network: Some(network),
                is_session: false,
            },
            ..visitor(number, 0)
        };
        let signed_in = |number: i64, network| Visitor {
            today: Hashes {
                visitor: 50 + number,
                address: None,
                network: Some(network),
                is_session: false,
            },
            ..visitor(number, 0)
        };
        for (article, is_signed_in, most) in [(1, false, CAPS.network), (2, true, CAPS.signed_in)] {
            let someone = |number, network| {
                if is_signed_in { signed_in(number, network) } else { anonymous(number, network) }
            };
            let network = 1_000 + article;
            // First one view at a time, alternating between two processes, then all in one batch.
            let mut counted = 0;
            for number in 0..6 {
                let view = View { article: ArticleId(article), visitor: someone(number, network) };
                let store = stores[usize::try_from(number % 2).unwrap()];
                let reason = record(store, &[view]).await[0].reason;
                assert_eq!(
                    reason,
                    (counted >= most).then_some(Reason::IpCap),
                    "article {article}, {number}"
                );
                counted += usize::from(reason.is_none());
                assert_eq!(
                    record(
                        store,
                        &[View { article: ArticleId(article), visitor: someone(0, network) }]
                    )
                    .await[0]
                        .reason,
                    Some(Reason::Repeat)
                );
            }
            let batch: Vec<View> = (0..8)
                .map(|number| View {
                    article: ArticleId(10 + article),
                    visitor: someone(number, network),
                })
                .collect();
            let outcomes = record(&place.store, &batch).await;
            assert_eq!(
                outcomes.iter().filter(|outcome| outcome.counted).count(),
                most,
                "{outcomes:?}"
            );
            let elsewhere =
                View { article: ArticleId(article), visitor: someone(20, network + 10) };
            assert!(record(&place.store, &[elsewhere]).await[0].counted, "another network");
        }
        place.clock.advance(WINDOW);
        for article in [1, 11] {
            let view = View { article: ArticleId(article), visitor: anonymous(30, 1_001) };
            assert!(
                record(&place.store, &[view]).await[0].counted,
                "after the window there is room again"
            );
        }
    });
}

#[test]
fn c2_c3_a_session_is_one_visitor_at_every_address_and_stays_under_the_caps_of_each() {
    on(&BACKENDS, async |place| {
        let other = place.opened_again().await;
        let at = |session, address, network| Visitor {
            today: Hashes { visitor: session, address: Some(address), network, is_session: true },
            ..visitor(0, 0)
        };
        let reason = async |store: &ViewStore, article, visitor| {
            record(store, &[View { article: ArticleId(article), visitor }]).await[0].reason
        };
        assert_eq!(reason(&place.store, 1, at(1, 100, None)).await, None);
        for store in [&place.store, &other] {
            for elsewhere in [at(1, 100, None), at(1, 101, None), at(1, 200, Some(1_000))] {
                assert_eq!(
                    reason(store, 1, elsewhere).await,
                    Some(Reason::Repeat),
                    "{elsewhere:?}"
                );
            }
        }
        // Readers without a session share the cap.
        assert_eq!(reason(&other, 1, visitor(2, 100)).await, None);
        for too_many in [at(3, 100, None), visitor(4, 100)] {
            assert_eq!(
                reason(&place.store, 1, too_many).await,
                Some(Reason::IpCap),
                "{too_many:?}"
            );
        }
        assert_eq!(reason(&place.store, 1, at(3, 101, None)).await, None, "another address");
        // A thousand sessions made up by one IPv6 address, then a thousand spread over its network,
        // across two processes and within batches.
        for (article, most) in [(2, CAPS.address), (3, CAPS.network)] {
            let mut counted = 0;
            for part in 0..4 {
                let batch: Vec<View> = (0..250)
                    .map(|number| {
                        let session = 10_000 + part * 250 + number;
                        let address = if article == 2 { 300 } else { session };
                        View {
                            article: ArticleId(article),
                            visitor: at(session, address, Some(2_000)),
                        }
                    })
                    .collect();
                let store = if part % 2 == 0 { &place.store } else { &other };
                counted +=
                    record(store, &batch).await.iter().filter(|outcome| outcome.counted).count();
            }
            assert_eq!(counted, most, "article {article}");
            assert_eq!(place.total(article).await, i64::try_from(most).unwrap());
        }
        place.clock.advance(WINDOW);
        assert_eq!(reason(&place.store, 1, at(1, 101, None)).await, None, "after the window");
    });
}

#[test]
fn c2_a_session_spans_midnight_though_the_salt_does_not_wherever_it_is() {
    on(&BACKENDS, async |place| {
        let day = day_of(place.clock.now());
        let hashes = |visitor, address, network| Hashes {
            visitor,
            address: Some(address),
            network: Some(network),
            is_session: true,
        };
        let before = |number| View {
            article: ArticleId(1),
            visitor: Visitor { day, today: hashes(number, 50, 8), yesterday: None },
        };
        let after = |number, is_elsewhere: bool| {
            let (today, yesterday) = if is_elsewhere { (151, 51) } else { (150, 50) };
            let visitor = Visitor {
                day,
                today: hashes(100 + number, today, 9),
                yesterday: Some(hashes(number, yesterday, 8)),
            };
            View { article: ArticleId(1), visitor }
        };
        let batches = [
            vec![before(1)],
            vec![after(1, true), after(1, false), after(2, false)],
            vec![after(2, true), after(3, false), after(3, true)],
        ];
        let mut reasons = Vec::new();
        for batch in &batches {
            reasons.extend(
                record(&place.store, batch).await.into_iter().map(|outcome| outcome.reason),
            );
        }
        let repeat = Some(Reason::Repeat);
        assert_eq!(reasons, [None, repeat, repeat, None, repeat, Some(Reason::IpCap), None]);
    });
}

#[test]
fn c6_whether_a_view_would_count_is_known_without_the_store_and_asking_changes_nothing() {
    on(&BACKENDS, async |place| {
        let asked =
            |article, visitor: Visitor| place.store.would_count(ArticleId(article), &visitor);
        assert!(asked(1, visitor(1, 9)), "nobody was counted");
        assert_eq!(place.record(1, 1).await, None);
        for (article, someone, expected) in
            [(1, visitor(1, 1), false), (1, visitor(2, 1), true), (5, visitor(1, 1), true)]
        {
            assert_eq!(asked(article, someone), expected, "article {article}, {someone:?}");
        }
        // Thousands of checks take up none of the caps.
        for number in 100..5_000 {
            assert!(asked(1, visitor(number, 9)) && asked(number, visitor(1, 9)));
        }
        let others = [1, 2, 3]
            .map(|number| View { article: ArticleId(1), visitor: visitor(10 + number, 9) });
        let reasons: Vec<_> =
            record(&place.store, &others).await.into_iter().map(|outcome| outcome.reason).collect();
        assert_eq!(reasons, [None, None, Some(Reason::IpCap)]);
        assert!(!asked(1, visitor(50, 9)), "the address is at its cap");
        assert!(asked(1, visitor(50, 8)) && asked(2, visitor(50, 9)));
        let of_network = |number: i64, is_signed_in: bool| Visitor {
            today: Hashes {
                visitor: number,
                address: (!is_signed_in).then_some(500 + number),
                network: Some(if is_signed_in { 601 } else { 600 }),
                is_session: false,
            },
            ..visitor(0, 0)
        };
        for (article, is_signed_in, most) in [(6, false, CAPS.network), (7, true, CAPS.signed_in)] {
            for number in 0..i64::try_from(most).unwrap() {
                let someone = of_network(number, is_signed_in);
                assert!(asked(article, someone), "{someone:?}");
                assert!(
                    record(&place.store, &[View { article: ArticleId(article), visitor: someone }])
                        .await[0]
                        .counted
                );
                assert!(!asked(article, someone), "{someone:?}");
            }
            assert!(!asked(article, of_network(50, is_signed_in)), "the network is at its cap");
        }
        let after_midnight = Visitor {
            today: visitor(70, 70).today,
            yesterday: Some(visitor(1, 1).today),
            ..visitor(0, 0)
        };
        assert!(!asked(1, after_midnight), "counted under yesterday's salt");
        // No batch runs in between, so no entries were removed.
        place.clock.advance(WINDOW - Duration::from_millis(1));
        assert!(
            !asked(1, visitor(1, 1)) && !asked(1, visitor(50, 9)),
            "a millisecond before the end"
        );
        place.clock.advance(Duration::from_millis(1));
        assert!(asked(1, visitor(1, 1)) && asked(1, visitor(50, 9)), "at the end");
        assert!(asked(6, of_network(0, false)) && asked(7, of_network(0, true)));
        // A check does not wait for a batch in progress.
        let batch = [View { article: ArticleId(8), visitor: visitor(1, 1) }];
        let mut recording = Box::pin(place.store.record(&batch));
        assert!(recording.as_mut().now_or_never().is_none());
        assert!(asked(8, visitor(1, 1)));
        recording.await.unwrap();
        assert!(!asked(8, visitor(1, 1)));
        for (article, expected) in [(1, 3), (2, 0), (5, 0), (6, CAPS.network), (7, CAPS.signed_in)]
        {
            assert_eq!(
                place.total(article).await,
                i64::try_from(expected).unwrap(),
                "article {article}"
            );
        }
    });
}

#[test]
fn c3_the_cap_of_a_network_spans_midnight_whichever_process_counted_before_it() {
    on(&BACKENDS, async |place| {
        let other = place.opened_again().await;
        let day = day_of(place.clock.now());
        let yesterday = |number| Hashes {
            visitor: number,
            address: Some(50 + number),
            network: Some(1_000),
            is_session: false,
        };
        let today = |number| Hashes {
            visitor: 100 + number,
            address: Some(150 + number),
            network: Some(2_000),
            is_session: false,
        };
        let before = |number| View {
            article: ArticleId(1),
            visitor: Visitor { day, today: yesterday(number), yesterday: None },
        };
        let after = |number| View {
            article: ArticleId(1),
            visitor: Visitor { day, today: today(number), yesterday: Some(yesterday(number)) },
        };
        assert!(record(&other, &[before(0)]).await[0].counted);
        assert!(record(&place.store, &[before(1)]).await[0].counted);
        let batch = [after(2), after(0), after(3), after(4), after(5)];
        let reasons: Vec<_> =
            record(&other, &batch).await.into_iter().map(|outcome| outcome.reason).collect();
        assert_eq!(
            reasons,
            [None, Some(Reason::Repeat), None, Some(Reason::IpCap), Some(Reason::IpCap)]
        );
        assert_eq!(record(&place.store, &[after(6)]).await[0].reason, Some(Reason::IpCap));
    });
}

#[test]
fn c3_windows_that_are_over_are_forgotten() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        let store = place.redis_store();
        assert_eq!(place.record(1, 1).await, None);
        place.clock.advance(WINDOW / 2);
        assert_eq!(place.record(2, 1).await, None);
        assert_eq!(store.prune().await.unwrap(), 0);
        place.clock.advance(WINDOW / 2 - Duration::from_millis(1));
        assert_eq!(store.prune().await.unwrap(), 0, "a millisecond before its end");
        place.clock.advance(Duration::from_millis(1));
        assert_eq!(store.prune().await.unwrap(), 1);
        assert_eq!(place.record(2, 1).await, Some(Reason::Repeat), "this one's is not over");
        place.clock.advance(WINDOW);
        assert_eq!(store.prune().await.unwrap(), 1);
        if let Some(redis) = &place.redis {
            assert_eq!(redis.command(&["KEYS", "*:seen:*"]), "", "nothing of a visitor is left");
        }
    });
}

#[test]
fn c8_what_arrives_while_a_batch_is_written_is_the_next_batch() {
    on(&BACKENDS, async |place| {
        let (batcher, mut workers) = batcher(place.store.clone(), 1_600);
        let worker = if workers.len() == 1 { &mut workers[0] } else { &mut workers[1] };
        let mut answers: Vec<_> = (0..50)
            .map(|number| {
                let batcher = batcher.clone();
                Box::pin(async move { batcher.record(ArticleId(1), visitor(number, number)).await })
            })
            .collect();
        // A view is submitted once its future has been polled.
        for answer in &mut answers {
            assert!(futures_poll(answer).await.is_none());
        }
        assert_eq!(batcher.waiting(), 50);
        assert!(worker.step().await, "one step");
        for answer in answers {
            let outcome = answer.await.unwrap();
            assert!(outcome.counted);
            assert_eq!(outcome.views, 50, "all were one batch");
        }
        drop(batcher);
        assert!(!worker.step().await, "nothing is left, and nothing can come");
    });
}

#[test]
fn c5_a_worker_answers_all_that_was_taken_before_it_ends() {
    on(&BACKENDS, async |place| {
        let (batcher, workers) = batcher(place.store.clone(), 1_600);
        let views = (0..60).map(|number| {
            let batcher = batcher.clone();
            async move {
                batcher
                    .record(ArticleId(1 + number % 5), visitor(number, number))
                    .await
                    .unwrap()
                    .counted
            }
        });
        let views: Vec<_> = views.collect();
        drop(batcher);
        let work = futures_util::future::join_all(workers.into_iter().map(Worker::run));
        let (counted, _) =
            futures_util::future::join(futures_util::future::join_all(views), work).await;
        assert_eq!(counted, [true; 60]);
    });
}

#[test]
fn c5_a_view_that_finds_the_queue_full_is_refused_and_not_dropped_in_silence() {
    on(&[Backend::Sqlite], async |place| {
        let (batcher, mut workers) = batcher(place.store.clone(), 1);
        let mut first = Box::pin(batcher.record(ArticleId(1), visitor(1, 1)));
        assert!(futures_poll(&mut first).await.is_none());
        assert!(matches!(batcher.record(ArticleId(1), visitor(2, 2)).await, Err(ViewError::Busy)));
        assert!(workers[0].step().await);
        assert_eq!(first.await.unwrap().views, 1);
        let mut retry = Box::pin(batcher.record(ArticleId(1), visitor(2, 2)));
        assert!(futures_poll(&mut retry).await.is_none());
        assert!(workers[0].step().await);
        assert_eq!(retry.await.unwrap().views, 2, "the retry counts");
    });
}

#[test]
fn c5_a_view_without_a_worker_is_an_error_and_no_acknowledgement() {
    on(&[Backend::Sqlite], async |place| {
        let (batcher, workers) = batcher(place.store.clone(), 1);
        drop(workers);
        assert!(matches!(
            batcher.record(ArticleId(1), visitor(1, 1)).await,
            Err(ViewError::Stopped)
        ));
    });
}

#[test]
fn c5_a_commit_is_on_the_disk_before_it_returns() {
    // Killing the process can't show this, because the system still writes its data; only a power
    // cut would. So this checks the settings that make SQLite sync each commit
    // (https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL).
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut transaction = open_sqlite(folder.path()).await.begin().await.unwrap();
        let synchronous: i64 =
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *transaction).await.unwrap();
        let journal: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    });
}

/// Polls a future once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn c2_c3_a_prune_of_sqlite_deletes_the_windows_and_salts_that_are_over_and_no_other() {
    on(&[Backend::Sqlite], async |place| {
        let day = day_of(place.clock.now());
        for age in [2, 1, 0] {
            let day = day - age;
            place.store.salts(day, [1; 32], None).await.unwrap();
        }
        for someone in 0..2 {
            assert_eq!(place.record(1, someone).await, None);
        }
        place.clock.advance(WINDOW / 2);
        assert_eq!(place.record(1, 2).await, None);
        let ViewStore::Sqlite(store) = &place.store else { panic!("not a store in SQLite") };
        let prune = async || store.prune(day - 1).await.unwrap();
        assert_eq!(prune().await, Pruned { salts: 1, ..Pruned::default() });
        assert_eq!(place.store.salts(day, [2; 32], None).await.unwrap(), ([1; 32], Some([1; 32])));
        place.clock.advance(WINDOW / 2);
        assert_eq!(prune().await, Pruned { seen: 2, ..Pruned::default() });
        // Also holds for a process that knows only what is in the file.
        let process = place.opened_again().await;
        let again = View { article: ArticleId(1), visitor: visitor(2, 2) };
        assert_eq!(record(&process, &[again]).await[0].reason, Some(Reason::Repeat));
        assert!(
            record(&process, &[View { article: ArticleId(1), visitor: visitor(0, 0) }]).await[0]
                .counted
        );
    });
}

#[test]
fn c2_a_process_that_slept_until_all_that_it_missed_was_forgotten_counts_on() {
    on(&BACKENDS, async |place| {
        let slept = place.opened_again().await;
        let view = |number| View { article: ArticleId(1), visitor: visitor(number, number) };
        assert!(record(&slept, &[view(0)]).await[0].counted);
        // Enough for several chunks of Redis' log.
        for part in 1..=6 {
            let batch: Vec<View> = (900 * part..900 * (part + 1)).map(view).collect();
            record(&place.store, &batch).await;
        }
        place.clock.advance(WINDOW);
        if let ViewStore::Redis(store) = &place.store {
            assert_eq!(store.prune().await.unwrap(), 5_401);
        }
        let outcome = &record(&slept, &[view(0)]).await[0];
        assert_eq!((outcome.views, outcome.counted), (5_402, true));
        assert_eq!(record(&place.store, &[view(0)]).await[0].reason, Some(Reason::Repeat));
    });
}

#[test]
fn the_upkeep_of_a_store_says_what_it_did_whichever_store_it_is() {
    on(&BACKENDS, async |place| {
        let (store, is_redis) = (&place.store, matches!(place.store, ViewStore::Redis(_)));
        assert_eq!(store.needs_flush(), is_redis);
        store.refresh_rankings().await.unwrap();
        assert_eq!(store.refresh_rankings().await.unwrap(), None, "they are of this hour");
        assert_eq!(place.record(1, 1).await, None);
        let flushed = store.flush(&place.clock).await.unwrap();
        assert_eq!(flushed.views, i64::from(is_redis), "{flushed}");
        assert_eq!(store.flush(&place.clock).await.unwrap(), Flushed::default());
        place.clock.advance(HOUR);
        let refreshed = store.refresh_rankings().await.unwrap();
        let expected = if is_redis { Refreshed::Shards(SHARDS as usize) } else { Refreshed::All };
        assert_eq!(refreshed, Some(expected));
        let pruned = store.prune(place.clock.now()).await.unwrap();
        assert_eq!(pruned, Pruned { seen: 1, ..Pruned::default() });
        // A flush of a month ago is forgotten by the ledger.
        place.clock.advance(31 * 24 * HOUR);
        let pruned = store.prune(place.clock.now()).await.unwrap();
        assert_eq!(pruned.batches, u64::from(is_redis));
    });
}
