//! What happens as long as nothing is wrong, or when processes die.

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

#[test]
fn c5_views_travel_through_kafka_and_redis_forgets_them_last() {
    on_kafka(async |blog, _| {
        blog.view(0..3, 1..=ARTICLES).await;
        let sent = blog.send().await;
        assert_eq!((sent.sent, sent.travelling, sent.views), (2, 2, 0), "{sent}");
        assert_eq!(blog.in_sql().await, 0);
        assert_eq!(blog.unflushed().await.batches, 2, "Kafka has them, and so has Redis");
        let mut consumer = blog.consumer();
        let consumed = drain(&mut consumer, 2).await;
        assert_eq!((consumed.applied.batches, consumed.applied.views), (2, 15), "{consumed}");
        assert_eq!(blog.unflushed().await.batches, 2, "only the relay finishes");
        let finished = blog.send().await;
        assert_eq!((finished.arrived, finished.sent), (2, 0), "{finished}");
        assert_eq!((blog.in_sql().await, blog.unflushed().await), (15, Unflushed::default()));
        assert_eq!(blog.send().await, Flushed::default(), "nothing is left");
        let numbers = blog.stream.status().numbers();
        assert_eq!((numbers.relayed, numbers.read, numbers.known, numbers.direct), (2, 2, 0, 0));
    });
}

#[test]
fn c5_a_flush_by_hand_waits_until_sql_has_everything() {
    on_kafka(async |blog, _| {
        blog.view(0..3, 1..=ARTICLES).await;
        let flushed = blog.stream.flush_all(&blog.flusher()).await.unwrap();
        assert_eq!((flushed.views, flushed.sent, flushed.arrived), (15, 2, 2), "{flushed}");
        assert_eq!((blog.in_sql().await, blog.unflushed().await), (15, Unflushed::default()));
        assert_eq!(blog.stream.flush_all(&blog.flusher()).await.unwrap(), Flushed::default());
    });
}

#[test]
fn c5_a_batch_that_is_sent_again_counts_once() {
    on_kafka(async |blog, _| {
        blog.view(0..3, [1]).await;
        for _ in 0..3 {
            assert_eq!(blog.send().await.sent, 1);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let consumed = drain(&mut blog.consumer(), 3).await;
        assert_eq!((consumed.records, consumed.applied.views, consumed.applied.known), (3, 3, 2));
        assert_eq!(blog.in_sql().await, 3);
    });
}

#[test]
fn c5_one_of_several_processes_sends_a_batch() {
    on_kafka(async |mut blog, _| {
        blog.settings.resend = Duration::from_secs(3600);
        let streams: Vec<Stream> = (0..4).map(|_| blog.another()).collect();
        blog.view(0..3, 1..=ARTICLES).await;
        let flusher = blog.flusher();
        let sent = join_all(streams.iter().map(|one| one.relay().step(&flusher))).await;
        let sent: u64 = sent.into_iter().map(|flushed| flushed.unwrap().sent).sum();
        assert_eq!(sent, 2, "one for each shard");
    });
}

#[test]
fn c5_consumers_at_the_same_time_add_every_view_once() {
    on_kafka(async |blog, _| {
        let mut consumers: Vec<Consumer> = (0..4).map(|_| blog.consumer()).collect();
        for round in 0..5 {
            blog.view(round..round + 1, 1..=ARTICLES).await;
            blog.send().await;
            let steps = join_all(consumers.iter_mut().map(|one| one.step(GLANCE))).await;
            // Two that insert the same names may deadlock. SQL refuses one, which tries again.
            let added: i64 = steps.into_iter().flatten().map(|one| one.applied.views).sum();
            assert!(added <= ARTICLES, "round {round}: {added}");
        }
        blog.settle(&mut consumers[0]).await;
        assert_eq!(blog.in_sql().await, 5 * ARTICLES);
    });
}

#[test]
fn c5_a_consumer_that_was_stopped_for_long_doubles_nothing() {
    on_kafka(async |blog, _| {
        blog.view(0..3, 1..=ARTICLES).await;
        assert_eq!(blog.send().await.sent, 2);
        blog.clock.advance(PATIENCE);
        let flushed = blog.send().await;
        assert_eq!((flushed.views, flushed.batches), (15, 2), "directly: {flushed}");
        assert_eq!((blog.in_sql().await, blog.unflushed().await), (15, Unflushed::default()));
        assert_eq!(blog.stream.status().numbers().direct, 2);
        let consumed = drain(&mut blog.consumer(), 2).await;
        assert_eq!((consumed.applied.views, consumed.applied.known), (0, 2), "{consumed}");
        assert_eq!(blog.in_sql().await, 15);
    });
}

#[test]
fn c5_relays_and_consumers_that_are_cut_off_anywhere_lose_and_double_nothing() {
    on_kafka(async |blog, _| {
        let mut random = StdRng::seed_from_u64(1);
        let mut consumer = blog.consumer();
        for someone in 0..30 {
            blog.view(someone..someone + 1, 1..=ARTICLES).await;
            let limit = Duration::from_micros(random.random_range(100..60_000));
            if random.random_ratio(1, 2) {
                let stream = blog.another();
                let _ = tokio::time::timeout(limit, stream.relay().step(&blog.flusher())).await;
            } else {
                blog.send().await;
            }
            if random.random_ratio(1, 4) {
                consumer = blog.consumer();
            }
            let _ = tokio::time::timeout(limit, consumer.step(GLANCE)).await;
        }
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 30 * ARTICLES);
    });
}

#[test]
fn c5_counts_that_sql_lost_with_a_backup_come_back_from_the_topic() {
    on_kafka(async |blog, _| {
        let execute = async |sql: &'static str| {
            sqlx::raw_sql(sql).execute(blog.database.pool()).await.unwrap();
        };
        let mut consumer = blog.consumer();
        blog.view(0..2, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        execute(
            "CREATE TABLE a SELECT * FROM article_stats; CREATE TABLE b SELECT * FROM article_view_hours;
             CREATE TABLE c SELECT * FROM view_batches; CREATE TABLE d SELECT * FROM view_feeds",
        )
        .await;
        blog.view(2..5, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 25);
        execute(
            "DELETE FROM article_stats; INSERT INTO article_stats SELECT * FROM a;
             DELETE FROM article_view_hours; INSERT INTO article_view_hours SELECT * FROM b;
             DELETE FROM view_batches; INSERT INTO view_batches SELECT * FROM c;
             DELETE FROM view_feeds; INSERT INTO view_feeds SELECT * FROM d",
        )
        .await;
        assert_eq!(blog.in_sql().await, 10);
        // The running consumer notices with its next record, a new one at once.
        drain(&mut blog.consumer(), 2).await;
        assert_eq!(blog.in_sql().await, 25);
        blog.view(5..6, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 30);
    });
}
