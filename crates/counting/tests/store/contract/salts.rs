//! Salts, and how they are destroyed.

use super::*;

#[test]
fn c2_c3_a_visitor_is_found_under_yesterdays_salt_and_so_is_an_address() {
    on(&BACKENDS, async |place| {
        let yesterday = |number| Hashes {
            visitor: number,
            address: Some(50),
            network: None,
            is_session: false,
        };
        let today = |number| Hashes {
            visitor: 100 + number,
            address: Some(150),
            network: None,
            is_session: false,
        };
        let day = day_of(place.clock.now());
        let before = |number| View {
            article: ArticleId(1),
            visitor: Visitor { day, today: yesterday(number), yesterday: None },
        };
        let after = |number| View {
            article: ArticleId(1),
            visitor: Visitor { day, today: today(number), yesterday: Some(yesterday(number)) },
        };
        let expected = [None, Some(Reason::Repeat), None, Some(Reason::IpCap)];
        let outcomes = record(&place.store, &[before(1), after(1), after(2), after(3)]).await;
        assert_eq!(
            outcomes.into_iter().map(|outcome| outcome.reason).collect::<Vec<_>>(),
            expected
        );
        // The same holds if each view is in its own batch.
        for (view, reason) in [before(1), after(1), after(2), after(3)].into_iter().zip(expected) {
            let view = View { article: ArticleId(2), ..view };
            assert_eq!(record(&place.store, &[view]).await[0].reason, reason, "{view:?}");
        }
    });
}

#[test]
fn c3_a_salt_is_the_same_for_all_who_ask_and_another_each_day() {
    on(&BACKENDS, async |place| {
        let day = day_of(place.clock.now());
        let first = place.store.salts(day, [1; 32], None).await.unwrap();
        assert_eq!(first, ([1; 32], None));
        assert_eq!(place.store.salts(day, [2; 32], None).await.unwrap(), first);
        place.clock.advance(24 * HOUR);
        assert_eq!(
            place.store.salts(Day(day.0 + 1), [3; 32], None).await.unwrap(),
            ([3; 32], Some([1; 32]))
        );
    });
}

#[test]
fn c3_redis_destroys_a_salt_two_days_after_its_day_began() {
    on(&[Backend::Redis, Backend::Cluster], async |place| {
        let day = day_of(place.clock.now());
        place.store.salts(day, [1; 32], Some([2; 32])).await.unwrap();
        // It is noon: today's salt lives for the rest of today and for tomorrow, yesterday's for
        // the rest of today.
        for (day, hours) in [(day, 36), (day - 1, 12)] {
            let mut lives_for = ::redis::cmd("PTTL");
            let lives_for: i64 = place
                .redis_store()
                .redis
                .query(lives_for.arg(format!("tm:salt:{day}")))
                .await
                .unwrap();
            let expected = hours * 3_600_000;
            assert!(
                (expected - 60_000..=expected).contains(&lives_for),
                "{lives_for} of {expected}"
            );
        }
    });
}

/// Makes Redis rewrite its append-only files, unless it has done so today.
async fn rewrite(store: &RedisStore) {
    retry(|| async {
        match store.destroy_salts().await {
            Ok(Files::Fresh) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[test]
fn c3_a_redis_that_refuses_to_rewrite_its_file_is_asked_again_the_next_day() {
    let redis = servers::Redis::with(&["--rename-command", "BGREWRITEAOF", ""]);
    runtime().block_on(async {
        let clock = clock();
        let store = redis_store(&redis.url(), &clock).await;
        assert_eq!(store.destroy_salts().await.unwrap(), Files::Due);
        let refused = store.destroy_salts().await.unwrap();
        assert!(
            matches!(&refused, Files::Refused(reason) if reason.contains("unknown command")),
            "{refused:?}"
        );
        clock.advance(24 * HOUR);
        assert_eq!(store.files().await.unwrap(), Files::Due);
    });
}

#[test]
fn c3_a_salt_that_is_destroyed_is_gone_from_redis_file() {
    on(&[Backend::Redis], async |place| {
        let (store, day) = (place.redis_store(), day_of(place.clock.now()));
        let salt: [u8; 32] = *blake3::hash(b"a salt").as_bytes();
        store.salts(day, salt, None).await.unwrap();
        let folder = place.redis.as_ref().unwrap().folder().join("appendonlydir");
        let is_in_file = || {
            std::fs::read_dir(&folder).unwrap().any(|file| {
                // Redis deletes a file once the next one is written, so it may be gone by now.
                let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
                bytes.windows(salt.len()).any(|window| window == salt)
            })
        };
        for _ in 0..2 {
            rewrite(store).await;
            assert!(is_in_file(), "a window may still reach back to it");
            place.clock.advance(24 * HOUR);
            assert_eq!(store.files().await.unwrap(), Files::Due, "once a day");
        }
        rewrite(store).await;
        retry(|| async { if is_in_file() { Err("it is still there") } else { Ok(()) } }).await;
    });
}

#[test]
fn c3_each_node_of_a_cluster_writes_its_file_anew() {
    on(&[Backend::Cluster], async |place| {
        let rewrites = || -> Vec<u64> {
            let info =
                cluster().1.nodes().iter().map(|node| node.command(&["INFO", "persistence"]));
            info.map(|info| {
                info.lines()
                    .find_map(|line| line.trim().strip_prefix("aof_rewrites:")?.parse().ok())
                    .unwrap()
            })
            .collect()
        };
        let before = rewrites();
        rewrite(place.redis_store()).await;
        // A busy node begins a moment later.
        let all = || before.iter().zip(rewrites()).all(|(before, now)| now > *before);
        retry(|| async { if all() { Ok(()) } else { Err("not yet") } }).await;
    });
}
