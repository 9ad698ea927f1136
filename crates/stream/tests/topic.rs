//! The topic: how it is made, and what is said of it.

use tidemark_stream::admin::{Remark, judge, look};

use super::*;

#[test]
fn the_topic_that_is_made_is_right_but_for_what_one_broker_can_not_do() {
    on_kafka(async |blog, _| {
        let topic = look(&blog.settings).await.unwrap();
        assert_eq!((topic.brokers, topic.partitions, topic.replication), (1, 1, 1));
        let remarks = judge(&blog.settings.topic, &topic);
        assert!(
            matches!(&remarks[..], [Remark::Fact(_), Remark::Warning(text)] if text.contains("one copy")),
            "{remarks:?}"
        );
        assert!(!init(&blog.settings).await.unwrap(), "it is there");
    });
}

#[test]
fn a_topic_that_somebody_made_otherwise_is_left_as_it_is_and_judged() {
    on_kafka(async |mut blog, kafka| {
        blog.settings.topic = kafka.new_topic();
        let topic = look(&blog.settings).await.unwrap();
        assert!(matches!(&judge("views", &topic)[..], [Remark::Wrong(_)]));
        let settings = [("retention.ms", "-1"), ("cleanup.policy", "compact")];
        make_topic(&kafka.address(), &blog.settings.topic, &settings).await;
        assert!(!init(&blog.settings).await.unwrap());
        let topic = look(&blog.settings).await.unwrap();
        assert!(topic.is_compacted && topic.retention == -1 && topic.largest == 1_048_588);
    });
}

#[test]
fn without_a_topic_batches_go_directly_and_the_reason_is_said() {
    on_kafka(async |mut blog, kafka| {
        blog.settings.topic = kafka.new_topic();
        blog.stream = blog.another();
        blog.view(0..1, 1..=ARTICLES).await;
        let flushed = blog.send().await;
        assert!(flushed.to_string().contains("tidemark kafka init"), "{flushed}");
        assert!(blog.consumer().step(GLANCE).await.is_err());
        blog.clock.advance(PATIENCE);
        assert_eq!(blog.send().await.views, 5);
        // It is not made by asking for it.
        assert_eq!(look(&blog.settings).await.unwrap().partitions, 0);
    });
}
