//! What a flush moves to SQL, and what happens when Redis or SQL loses data.

use sqlx::Connection;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::*;

/// Flushes until no batch waits for a sync, and returns how many views were moved. A flush leaves
/// what a slow disk has not synced within some seconds to the next one.
async fn flush_when_synced(flusher: &Flusher) -> i64 {
    let mut views = 0;
    for _ in 0..30 {
        let flushed = flusher.step().await.unwrap();
        views += flushed.views;
        if flushed.waiting == 0 {
            return views;
        }
    }
    panic!("Redis never synced, or the flush does not notice that it has")
}

#[test]
fn c5_a_flush_moves_every_view_to_sql_once_and_changes_no_total() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        for article in 1..=3 {
            for someone in 0..article {
                assert_eq!(place.record(article, someone).await, None);
            }
        }
        assert_eq!(
            place.redis_store().unflushed().await.unwrap(),
            Unflushed { pending: 6, batches: 0 }
        );
        let flushed = place.flush().await;
        assert_eq!((flushed.views, flushed.articles, flushed.batches), (6, 3, 3), "{flushed}");
        for article in 1..=3 {
            assert_eq!(
                (place.total(article).await, place.total_in_sql(article).await),
                (article, article)
            );
        }
        assert_eq!(place.redis_store().unflushed().await.unwrap(), Unflushed::default());
        assert_eq!(place.flush().await, Flushed::default(), "nothing is left");
        assert_eq!(place.record(1, 0).await, Some(Reason::Repeat), "a flush does not end a window");
    });
}

#[test]
fn c5_flushes_at_the_same_time_move_every_view_once() {
    on(&[Backend::Redis], async |place| {
        for round in 0..5 {
            for article in 1..=ARTICLES {
                assert_eq!(place.record(article, round).await, None);
            }
            let flushes = (0..4).map(|_| {
                let store = place.redis_store().clone();
                Flusher::new(store, place.clock.clone())
            });
            let flushes: Vec<_> = flushes.collect();
            let results = futures_util::future::join_all(flushes.iter().map(Flusher::step)).await;
            let moved: i64 = results.into_iter().flatten().map(|flushed| flushed.views).sum();
            // A flush that conflicted with another may have failed and left its batches to the next
            // one.
            let moved = moved + place.flush().await.views;
            assert_eq!(moved, ARTICLES, "round {round}");
        }
        for article in 1..=ARTICLES {
            assert_eq!(place.total_in_sql(article).await, 5);
        }
    });
}

#[test]
fn c5_views_of_an_article_that_is_gone_are_dropped_and_reported() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        assert_eq!(place.record(ARTICLES + 1, 1).await, None);
        let flushed = place.flush().await;
        assert_eq!((flushed.views, flushed.dropped), (1, 1));
        assert!(
            flushed.to_string().contains("1 views of articles that are no longer there"),
            "{flushed}"
        );
        assert_eq!(place.total_in_sql(ARTICLES + 1).await, 0);
        assert_eq!(place.flush().await, Flushed::default());
    });
}

#[test]
fn c5_a_redis_set_back_to_an_older_file_never_counts_a_batch_twice() {
    on(&[Backend::Redis], async |mut place| {
        for someone in 0..5 {
            assert_eq!(place.record(1, someone).await, None);
        }
        // Copy the append-only file before the flush, while the views are pending.
        let mut redis = place.redis.take().unwrap();
        let file = redis.folder().join("appendonlydir");
        let copy = tempfile::tempdir().unwrap();
        let copyfolder = |from: &std::path::Path, to: &std::path::Path| {
            for entry in std::fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        };
        copyfolder(&file, copy.path());
        assert_eq!(place.record(1, 5).await, None);
        assert_eq!(place.flush().await.views, 6);
        let mut set_back = || {
            redis.kill();
            std::fs::remove_dir_all(&file).unwrap();
            std::fs::create_dir(&file).unwrap();
            copyfolder(copy.path(), &file);
            redis.restart();
        };
        for _ in 0..2 {
            set_back();
            // The restored pending views must not be mixed with a new view of the same shard, or
            // neither could be told apart.
            let batch = [View { article: ArticleId(17), visitor: visitor(7, 7) }];
            retry(|| place.store.record(&batch)).await;
            let flushed = retry(|| async {
                Flusher::new(place.redis_store().clone(), place.clock.clone()).step().await
            })
            .await;
            assert_eq!(flushed.known, 1, "{flushed}");
            assert_eq!(flushed.views, 1, "the new view alone");
            assert_eq!(place.total_in_sql(1).await, 6);
        }
        assert_eq!(
            place.total_in_sql(17).await,
            2,
            "the memory of who was counted is as old as the file"
        );
        // The totals are as old as the file until the rankings are refreshed.
        assert_eq!(place.total(1).await, 5);
        place.redis_store().refresh_rankings().await.unwrap();
        assert_eq!(place.total(1).await, 6);
        assert_eq!(place.redis_store().reconcile().await.unwrap(), []);
        // The same holds without a new view, and if a reconcile comes first: pending views from the
        // old file are not added to SQL's count, which includes them.
        set_back();
        retry(|| place.redis_store().refresh_rankings()).await;
        assert_eq!(place.total(1).await, 6);
        assert_eq!(place.top(Window::All).await, [(1, 6), (17, 2)]);
        set_back();
        let drifts = retry(|| place.redis_store().reconcile()).await;
        assert_eq!(drifts, [Drift::of_article("total", ArticleId(1), 5, 6)]);
        assert_eq!(place.top(Window::All).await, [(1, 6), (17, 2)]);
    });
}

#[test]
fn c5_a_batch_whose_views_are_gone_is_not_taken_for_flushed() {
    // This happens when Redis restarts with data from before the seal while a flush knows the
    // batch's name: the views are pending again.
    on(&[Backend::Redis], async |place| {
        let redis = place.redis.as_ref().unwrap();
        let name = format!("{}-0123456789abcdef", place.clock.now().0);
        redis.command(&["ZADD", "tm:{1}:batches", "1", &name]);
        assert_eq!(place.flush().await, Flushed::default());
        redis.command(&["HSET", &format!("tm:{{1}}:batch:{name}"), "1:500000", "3"]);
        assert_eq!(place.flush().await.views, 3);
        assert_eq!(place.total_in_sql(1).await, 3);
    });
}

#[test]
fn c5_a_batch_too_old_for_the_ledger_is_left_alone_and_reported() {
    on(&[Backend::Redis], async |place| {
        assert_eq!(place.record(1, 1).await, None);
        place.clock.advance(30 * 24 * HOUR);
        let flushed = place.flush().await;
        assert_eq!((flushed.views, flushed.undecided), (0, 1));
        assert!(flushed.to_string().contains("too old"), "{flushed}");
        assert_eq!(
            place.redis_store().unflushed().await.unwrap(),
            Unflushed { pending: 0, batches: 1 }
        );
        // SQL may have the batch, so its views must not be added to SQL's count.
        let drifts = place.redis_store().reconcile().await.unwrap();
        assert_eq!(drifts, [Drift::of_article("total", ArticleId(1), 1, 0)]);
    });
}

#[test]
fn c5_with_everysec_a_flush_waits_until_redis_has_synced() {
    runtime().block_on(async {
        let redis = servers::Redis::with(&["--appendfsync", "everysec"]);
        let clock = clock();
        let store = redis_store(&redis.url(), &clock).await;
        let flusher = Flusher::new(store.clone(), clock);
        store.record(&[View { article: ArticleId(1), visitor: visitor(1, 1) }]).await.unwrap();
        let start = Instant::now();
        assert_eq!(flush_when_synced(&flusher).await, 1);
        assert!(start.elapsed() >= Duration::from_secs(2), "a sync may begin so late");

        // Keep a snapshot running for the rest of the test. Meanwhile Redis may not sync as usual.
        store.record(&[View { article: ArticleId(1), visitor: visitor(2, 2) }]).await.unwrap();
        redis.command(&["CONFIG", "SET", "rdb-key-save-delay", "10000000"]);
        redis.command(&["BGSAVE"]);
        let flushed = flusher.step().await.unwrap();
        assert_eq!((flushed.views, flushed.waiting), (0, 1), "{flushed}");
    });
}

#[test]
fn c5_a_redis_that_does_not_tell_its_settings_is_waited_for_as_if_it_synced_now_and_then() {
    let redis = servers::Redis::with(&["--rename-command", "CONFIG", ""]);
    runtime().block_on(async {
        let clock = clock();
        let store = redis_store(&redis.url(), &clock).await;
        store.record(&[View { article: ArticleId(1), visitor: visitor(1, 1) }]).await.unwrap();
        assert_eq!(flush_when_synced(&Flusher::new(store, clock)).await, 1);
    });
}

#[test]
fn c5_a_cluster_of_which_one_node_syncs_now_and_then_is_waited_for() {
    on(&[Backend::Cluster], async |place| {
        let setting = async || place.redis_store().redis.setting("appendfsync").await.unwrap();
        let node = &cluster().1.nodes()[1];
        assert_eq!(setting().await.as_deref(), Some("always"));
        node.command(&["CONFIG", "SET", "appendfsync", "everysec"]);
        assert_eq!(setting().await, None);
        for article in 1..=3 {
            assert_eq!(place.record(article, 1).await, None);
        }
        let flusher = Flusher::new(place.redis_store().clone(), place.clock.clone());
        let start = Instant::now();
        let views = flush_when_synced(&flusher).await;
        node.command(&["CONFIG", "SET", "appendfsync", "always"]);
        assert_eq!(views, 3);
        assert!(start.elapsed() >= Duration::from_secs(2), "a sync may begin so late");
    });
}

#[test]
fn c5_the_ledger_forgets_what_is_old_and_nothing_else() {
    on(&[Backend::Redis], async |place| {
        let ledger = &place.redis_store().ledger;
        let now = place.clock.now().0;
        for someone in 0..3 {
            assert_eq!(place.record(1, someone).await, None);
            place.flush().await;
            place.clock.advance(HOUR);
        }
        let hour = 3_600_000;
        assert_eq!(ledger.prune(Millis(now)).await.unwrap(), 0);
        assert_eq!(ledger.prune(Millis(now + 2 * hour)).await.unwrap(), 2);
        assert_eq!(ledger.prune(Millis(now + 2 * hour)).await.unwrap(), 0);
        assert_eq!(ledger.prune(Millis(now + 2 * hour + 1)).await.unwrap(), 1);
        assert_eq!(place.total_in_sql(1).await, 3, "no count hangs on it");
    });
}

#[test]
fn c5_a_replica_whose_clock_is_behind_writes_nothing_that_another_one_prunes_at_once() {
    on(&[Backend::Redis], async |place| {
        let keeps = 30 * 24 * 3_600_000;
        let behind = place.clock.now().0 - 40 * 24 * 3_600_000;
        let behind = Clock::manual(Timestamp::from_millisecond(behind).unwrap());
        let ViewStore::Redis(store) = place.opened_again().await else { unreachable!() };
        let store = store.with_clock(behind.clone());
        let view = View { article: ArticleId(1), visitor: visitor(1, 1) };
        store.record(&[view]).await.unwrap();
        let redis = place.redis.as_ref().unwrap();
        let name = redis.command(&["GET", "tm:{1}:generation"]);
        let began_at = name.split_once('-').unwrap().0;
        assert_eq!(began_at, place.clock.now().0.to_string(), "by Redis' clock");
        assert_eq!(Flusher::new(store, behind).step().await.unwrap().views, 1);
        let (ledger, now) = (&place.redis_store().ledger, place.clock.now().0);
        assert_eq!(ledger.prune(Millis(now - keeps)).await.unwrap(), 0);
        assert_eq!(ledger.prune(Millis(now)).await.unwrap(), 0);
        assert_eq!(ledger.prune(Millis(now + 1)).await.unwrap(), 1);
    });
}

#[test]
fn c5_a_ledger_that_fails_is_not_taken_for_one_that_has_the_batch() {
    let redis = servers::Redis::start();
    runtime().block_on(async {
        let clock = clock();
        let url = SqlServer::shared().new_database();
        let store = store_in_redis(&redis.url(), open_ledger(&url).await, &clock);
        store.record(&[View { article: ArticleId(1), visitor: visitor(1, 1) }]).await.unwrap();
        let mut sql = sqlx::MySqlConnection::connect(&url).await.unwrap();
        let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON view_batches FOR EACH ROW SIGNAL SQLSTATE '45000'";
        sqlx::raw_sql(trigger).execute(&mut sql).await.unwrap();
        let flusher = Flusher::new(store, clock);
        assert!(flusher.step().await.is_err());
        sqlx::raw_sql("DROP TRIGGER refuse").execute(&mut sql).await.unwrap();
        assert_eq!(flusher.step().await.unwrap().views, 1);
    });
}
