//! What Kafka can do wrong.

use std::fs;
use std::path::Path;

use rdkafka::{Offset, TopicPartitionList};
use tidemark_servers::proxy::Network;

use super::*;

#[test]
fn c5_while_kafka_is_away_batches_go_directly_after_a_while_and_then_travel_again() {
    on_own_kafka(async |mut blog, kafka| {
        blog.settings.brokers = kafka.address_through_proxy();
        blog.stream = blog.another();
        let mut consumer = blog.consumer();
        blog.view(0..1, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        assert_eq!(blog.stream.status().obstacle(), None);

        kafka.proxy().close_connections();
        blog.view(1..2, 1..=ARTICLES).await;
        let flushed = blog.send().await;
        assert_eq!((flushed.sent, flushed.travelling, flushed.views), (0, 2, 0), "{flushed}");
        assert!(flushed.to_string().contains("Kafka can't be used"), "{flushed}");
        assert!(blog.stream.status().obstacle().is_some());
        assert!(consumer.step(GLANCE).await.is_err(), "it asks whether Kafka is there");
        blog.clock.advance(PATIENCE);
        assert_eq!(blog.send().await.views, ARTICLES, "directly");
        assert_eq!((blog.in_sql().await, blog.unflushed().await), (10, Unflushed::default()));

        kafka.proxy().set(Network::Well);
        let before = blog.stream.status().numbers();
        blog.view(2..3, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        let after = blog.stream.status().numbers();
        assert!(after.relayed > before.relayed && after.direct == before.direct, "{after:?}");
        assert_eq!(blog.stream.status().obstacle(), None);
        assert_eq!(blog.in_sql().await, 15);
    });
}

#[test]
fn c5_a_broker_that_is_killed_or_hangs_costs_no_view() {
    on_own_kafka(async |blog, mut kafka| {
        let mut consumer = blog.consumer();
        blog.view(0..1, 1..=ARTICLES).await;
        blog.send().await;
        kafka.kill();
        kafka.restart();
        blog.view(1..2, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 10);

        blog.view(2..3, 1..=ARTICLES).await;
        kafka.pause();
        blog.send().await;
        kafka.resume();
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 15);
    });
}

#[test]
fn c5_a_topic_that_is_made_again_is_read_from_its_start() {
    on_kafka(async |blog, kafka| {
        let topic = blog.settings.topic.as_str();
        let mut consumer = blog.consumer();
        for someone in 0..3 {
            blog.view(someone..someone + 1, 1..=ARTICLES).await;
            blog.settle(&mut consumer).await;
        }
        // Nobody has read this.
        blog.view(3..4, 1..=ARTICLES).await;
        blog.send().await;
        delete_topic(&kafka.address(), topic).await;
        make_topic(&kafka.address(), topic, &[]).await;
        // The new log is soon as long as the old one. A reader that trusts its place would skip all
        // of it.
        let relay = blog.another();
        for someone in 4..12 {
            blog.view(someone..someone + 1, 1..=ARTICLES).await;
            relay.relay().step(&blog.flusher()).await.unwrap();
        }
        let consumed = drain(&mut blog.consumer(), 16).await;
        assert!(consumed.applied.views >= 8 * ARTICLES, "{consumed}");
        assert!(blog.stream.status().numbers().replays >= 1);
        // The consumer that had read the old log goes on as well.
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 12 * ARTICLES);
    });
}

#[test]
fn c5_records_that_expired_before_they_were_read_are_sent_again() {
    on_kafka(async |blog, kafka| {
        let mut consumer = blog.consumer();
        blog.view(0..1, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        blog.view(1..2, 1..=ARTICLES).await;
        assert_eq!(blog.send().await.sent, 2);
        let mut all = TopicPartitionList::new();
        all.add_partition_offset(&blog.settings.topic, 0, Offset::End).unwrap();
        admin(&kafka.address()).delete_records(&all, &AdminOptions::new()).await.unwrap();
        // A new consumer finds its place before the log's start.
        let mut consumer = blog.consumer();
        assert_eq!(consumer.step(GLANCE).await.unwrap(), Consumed::default());
        assert_eq!(blog.send().await.sent, 2, "again");
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 10);
    });
}

fn copy_folder(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn c5_a_leader_that_lacks_records_is_another_log() {
    on_own_kafka(async |blog, mut kafka| {
        let mut consumer = blog.consumer();
        blog.view(0..1, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        // As after an unclean election: what was acknowledged from here on is gone, and what comes
        // next gets the offsets of what was there.
        kafka.kill();
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&kafka.data(), copy.path());
        kafka.restart();
        blog.view(1..2, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        blog.view(2..3, 1..=ARTICLES).await;
        // Acknowledged, and not read.
        while blog.send().await.sent < 2 {}
        kafka.kill();
        copy_folder(copy.path(), &kafka.data());
        kafka.restart();
        let relay = blog.another();
        for someone in 3..6 {
            blog.view(someone..someone + 1, 1..=ARTICLES).await;
            relay.relay().step(&blog.flusher()).await.unwrap();
        }
        blog.settle(&mut consumer).await;
        assert_eq!(blog.in_sql().await, 6 * ARTICLES);
    });
}

#[test]
fn c5_another_cluster_at_the_same_address_has_a_place_of_its_own() {
    on_own_kafka(async |blog, mut kafka| {
        let mut consumer = blog.consumer();
        for someone in 0..3 {
            blog.view(someone..someone + 1, 1..=ARTICLES).await;
            blog.settle(&mut consumer).await;
        }
        blog.view(3..4, 1..=ARTICLES).await;
        blog.send().await;
        kafka.restart_as_another_cluster();
        assert!(init(&blog.settings).await.unwrap());
        blog.view(4..5, 1..=ARTICLES).await;
        blog.settle(&mut consumer).await;
        blog.consumer().step(Duration::from_secs(2)).await.unwrap();
        assert_eq!(blog.in_sql().await, 5 * ARTICLES);
        let clusters: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM view_feeds")
            .fetch_one(blog.database.pool())
            .await
            .unwrap();
        assert_eq!(clusters, 2);
    });
}

#[test]
fn c5_a_record_that_is_no_batch_is_skipped_and_counted() {
    on_kafka(async |blog, kafka| {
        let (brokers, topic) = (kafka.address(), blog.settings.topic.clone());
        put(&brokers, &topic, b"", b"").await;
        put(&brokers, &topic, b"key", b"{\"version\":2,\"batch\":\"key\",\"views\":[]}").await;
        put(&brokers, &topic, b"\xff", &[0; 1000]).await;
        blog.view(0..1, 1..=ARTICLES).await;
        blog.send().await;
        let mut consumer = blog.consumer();
        let consumed = drain(&mut consumer, 5).await;
        assert_eq!((consumed.records, consumed.skipped, consumed.applied.views), (5, 3, 5));
        assert!(consumed.to_string().contains("3 records are no batches"), "{consumed}");
        assert_eq!(blog.stream.status().numbers().skipped, 3);
        // A record without a name is a place as good as any.
        put(&brokers, &topic, b"\xff", &[0; 1000]).await;
        assert_eq!(drain(&mut consumer, 1).await.skipped, 1);
        assert_eq!(blog.consumer().step(GLANCE).await.unwrap(), Consumed::default());
        assert_eq!(blog.stream.status().numbers().replays, 0);
    });
}

#[test]
fn c5_a_batch_that_kafka_finds_too_large_goes_directly_and_whole() {
    on_kafka(async |mut blog, kafka| {
        blog.settings.topic = kafka.new_topic();
        blog.stream = blog.another();
        let topic = blog.settings.topic.as_str();
        make_topic(&kafka.address(), topic, &[("max.message.bytes", "250")]).await;
        blog.view(0..1, 1..=ARTICLES).await;
        // One shard has three articles, which is too much, the other two.
        let sent = blog.send().await;
        assert_eq!((sent.sent, sent.batches, sent.views, sent.travelling), (1, 1, 3, 1), "{sent}");
        assert_eq!(sent.obstacle, None);
        blog.settle(&mut blog.consumer()).await;
        assert_eq!(blog.in_sql().await, 5);
    });
}

#[test]
fn c5_a_record_that_is_older_than_the_ledger_is_not_added_again() {
    on_kafka(async |blog, _| {
        blog.view(0..1, 1..=ARTICLES).await;
        let mut consumer = blog.consumer();
        blog.settle(&mut consumer).await;
        // The ledger forgets the batches, and the place is lost.
        blog.clock.advance(Duration::from_secs(31 * 24 * 3600));
        blog.store.ledger.prune(blog.clock.now()).await.unwrap();
        sqlx::query("DELETE FROM view_feeds").execute(blog.database.pool()).await.unwrap();
        let consumed = drain(&mut blog.consumer(), 2).await;
        assert!(consumed.skipped >= 2 && consumed.applied.views == 0, "{consumed}");
        assert_eq!(blog.in_sql().await, 5);
    });
}

#[test]
fn c5_a_redis_that_forgets_who_sends_a_batch_costs_a_record_and_no_view() {
    on_kafka(async |mut blog, _| {
        blog.settings.resend = Duration::from_secs(3600);
        blog.stream = blog.another();
        blog.view(0..1, [1]).await;
        assert_eq!(blog.send().await.sent, 1);
        assert_eq!(blog.send().await.sent, 0);
        let claims = blog.redis.command(&["KEYS", "tm:*:sent:*"]);
        blog.redis.command(&["DEL", &claims]);
        assert_eq!(blog.send().await.sent, 1);
        let consumed = drain(&mut blog.consumer(), 2).await;
        assert_eq!((consumed.applied.views, consumed.applied.known), (1, 1));
    });
}

#[test]
fn c5_views_of_an_article_that_is_gone_are_dropped_and_reported() {
    on_kafka(async |blog, _| {
        blog.view(0..1, [1, ARTICLES + 2]).await;
        blog.send().await;
        let consumed = drain(&mut blog.consumer(), 1).await;
        assert_eq!((consumed.applied.views, consumed.applied.dropped), (1, 1), "{consumed}");
    });
}
