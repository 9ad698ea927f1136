//! Makes the topic, and says what it guarantees.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::error::RDKafkaErrorCode;
use tidemark_counting::sql::ledger::OLDEST;

use crate::client::{ANSWER, Quiet, blocking, config};
use crate::settings::{LARGEST_RECORD, Settings};
use crate::{StreamError, reason};

/// How long a topic that is made keeps records, in milliseconds: a week. The ledger must know every
/// batch in it, and a consumer may be away for this long.
pub const RETENTION: i64 = 7 * 24 * 60 * 60 * 1000;

/// Copies of a new topic where there are enough brokers.
const REPLICATION: usize = 3;

/// What the topic is set to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// Brokers in the cluster.
    pub brokers: usize,
    /// Partitions; 0 if the topic is not there.
    pub partitions: usize,
    /// Copies of its first partition.
    pub replication: usize,
    /// How many copies must have a record before it is acknowledged (`min.insync.replicas`).
    pub min_insync: i64,
    /// How long records are kept, in milliseconds (`retention.ms`); -1 for ever.
    pub retention: i64,
    /// How many bytes of records are kept (`retention.bytes`); -1 without a limit.
    pub retention_bytes: i64,
    /// The largest record, in bytes (`max.message.bytes`).
    pub largest: i64,
    /// Whether records are thrown away by their key (`cleanup.policy`).
    pub is_compacted: bool,
    /// Whether a copy that lacks records may become the leader.
    pub elects_unclean: bool,
}

/// What is to be said of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It is right, or a matter of taste.
    Fact(String),
    /// A guarantee is weaker than it could be.
    Warning(String),
    /// It does not do what it is for.
    Wrong(String),
}

/// Reads what the topic is set to.
///
/// # Errors
/// [`StreamError::Kafka`]
pub async fn look(settings: &Settings) -> Result<Topic, StreamError> {
    let admin = admin(settings)?;
    let name = settings.topic.clone();
    let (admin, metadata) = blocking(move || {
        // Asked for all topics, because a question for one may make it.
        let metadata = admin.inner().fetch_metadata(None, ANSWER);
        (admin, metadata)
    })
    .await?;
    let metadata = metadata?;
    let mut topic = Topic { brokers: metadata.brokers().len(), ..Topic::default() };
    let Some(found) = metadata.topics().iter().find(|topic| topic.name() == name) else {
        return Ok(topic);
    };
    topic.partitions = found.partitions().len();
    topic.replication = found.partitions().first().map_or(0, |part| part.replicas().len());
    drop(metadata);
    let asked = [ResourceSpecifier::Topic(&name)];
    let answer = admin.describe_configs(&asked, &options()).await?;
    let answer = answer
        .into_iter()
        .next()
        .ok_or_else(|| StreamError::Kafka("it tells no settings of the topic".into()))?
        .map_err(|code| StreamError::Kafka(code.to_string()))?;
    let text =
        |name: &str| answer.get(name).and_then(|entry| entry.value.clone()).unwrap_or_default();
    let number = |name: &str| text(name).parse().unwrap_or(-1);
    topic.min_insync = number("min.insync.replicas");
    topic.retention = number("retention.ms");
    topic.retention_bytes = number("retention.bytes");
    topic.largest = number("max.message.bytes");
    topic.is_compacted = text("cleanup.policy").contains("compact");
    topic.elects_unclean = text("unclean.leader.election.enable") == "true";
    Ok(topic)
}

/// Makes the topic. Returns false if it is there already; then it is left as it is.
///
/// # Errors
/// [`StreamError::Kafka`]
pub async fn init(settings: &Settings) -> Result<bool, StreamError> {
    let before = look(settings).await?;
    if before.partitions > 0 {
        return Ok(false);
    }
    let replication = before.brokers.clamp(1, REPLICATION);
    // One copy may be missing, so that one broker can be restarted.
    let min_insync = replication.saturating_sub(1).max(1).to_string();
    let (retention, largest) = (RETENTION.to_string(), LARGEST_RECORD.to_string());
    let topic = NewTopic::new(
        &settings.topic,
        1,
        TopicReplication::Fixed(i32::try_from(replication).unwrap_or(1)),
    )
    .set("min.insync.replicas", &min_insync)
    .set("retention.ms", &retention)
    .set("retention.bytes", "-1")
    .set("max.message.bytes", &largest)
    .set("cleanup.policy", "delete")
    .set("unclean.leader.election.enable", "false");
    let made = admin(settings)?.create_topics([&topic], &options()).await?;
    match made.into_iter().next() {
        Some(Ok(_)) => {
            wait_until_known(settings).await?;
            Ok(true)
        }
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((_, code))) => Err(StreamError::Kafka(code.to_string())),
        None => Err(StreamError::Kafka("it does not say whether it made the topic".into())),
    }
}

/// Waits until brokers tell of the topic that was just made, at most [`ANSWER`]: they learn of it a
/// moment after the one that made it.
async fn wait_until_known(settings: &Settings) -> Result<(), StreamError> {
    let deadline = tokio::time::Instant::now() + ANSWER;
    while look(settings).await?.partitions == 0 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Says what a topic guarantees and what it gives up.
pub fn judge(name: &str, topic: &Topic) -> Vec<Remark> {
    let Topic { brokers, partitions, replication, min_insync, .. } = *topic;
    if partitions == 0 {
        return vec![Remark::Wrong(format!(
            "Kafka: there is no topic {name}, so batches go to SQL directly. Make it with tidemark kafka init."
        ))];
    }
    let mut remarks = vec![Remark::Fact(format!(
        "Kafka: answers; {brokers} broker(s); the topic {name} has {replication} copies, of which {min_insync} must have a record. \
         Whatever it loses is still in Redis, and is sent again."
    ))];
    if partitions > 1 {
        remarks.push(Remark::Warning(format!(
            "Kafka: the topic {name} has {partitions} partitions, of which only the first is used. Make it with one: other programs that \
             read it would see it as it is."
        )));
    }
    if replication < 2 {
        remarks.push(Remark::Warning(
            "Kafka: the topic has one copy. While its broker is away, batches go to SQL directly, and other programs that read the topic \
             miss these. With three brokers, make it with three copies."
                .into(),
        ));
    } else if min_insync < 2 {
        remarks.push(Remark::Warning(
            "Kafka: min.insync.replicas is 1, so a record may be acknowledged that one broker alone has. No view is lost with it, but other \
             programs that read the topic may miss it. Set it to 2."
                .into(),
        ));
    }
    if replication > 1 && min_insync >= replication as i64 {
        remarks.push(Remark::Warning(format!(
            "Kafka: min.insync.replicas is {min_insync}, as many as there are copies. While one broker is away, batches go to SQL directly. \
             Set it to one less."
        )));
    }
    if topic.retention < 0 || topic.retention >= OLDEST {
        remarks.push(Remark::Warning(format!(
            "Kafka: the topic keeps records for {}, and the ledger knows batches for 29 days. Older records are skipped when the log is \
             read again, so nothing is counted twice, but they are of no use. Set retention.ms to {RETENTION} (a week).",
            span(topic.retention)
        )));
    } else if topic.retention < 24 * 60 * 60 * 1000 || topic.retention_bytes >= 0 {
        remarks.push(Remark::Warning(format!(
            "Kafka: the topic keeps records for {}{}. What a consumer has not read by then is sent again, so no view is lost, but other \
             programs that read the topic must be as quick. Set retention.ms to {RETENTION} (a week) and retention.bytes to -1.",
            span(topic.retention),
            if topic.retention_bytes >= 0 { format!(" or {} bytes", topic.retention_bytes) } else { String::new() }
        )));
    }
    if topic.is_compacted {
        remarks.push(Remark::Warning(
            "Kafka: cleanup.policy compacts the topic. It keeps every batch for ever, so the log grows without end. Set it to delete."
                .into(),
        ));
    }
    if topic.elects_unclean {
        remarks.push(Remark::Warning(
            "Kafka: unclean.leader.election.enable is true. A broker that lacks records may become the leader. They are sent again, so no \
             view is lost, but the log is read again from its start. Set it to false."
                .into(),
        ));
    }
    if topic.largest < LARGEST_RECORD as i64 {
        remarks.push(Remark::Warning(format!(
            "Kafka: max.message.bytes is {}. A batch that is larger goes to SQL directly. Set it to {LARGEST_RECORD}.",
            topic.largest
        )));
    }
    remarks
}

fn span(milliseconds: i64) -> String {
    match u64::try_from(milliseconds) {
        Ok(milliseconds) => {
            let hours = Duration::from_millis(milliseconds).as_secs() / 3600;
            if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} hours") }
        }
        Err(_) => "ever".into(),
    }
}

fn admin(settings: &Settings) -> Result<AdminClient<Quiet>, StreamError> {
    config(settings).create_with_context(Quiet).map_err(|error| StreamError::Kafka(reason(&error)))
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn right() -> Topic {
        Topic {
            brokers: 3,
            partitions: 1,
            replication: 3,
            min_insync: 2,
            retention: RETENTION,
            retention_bytes: -1,
            largest: LARGEST_RECORD as i64,
            is_compacted: false,
            elects_unclean: false,
        }
    }

    #[test]
    fn a_topic_that_is_right_gets_no_warning() {
        assert!(matches!(&judge("views", &right())[..], [Remark::Fact(_)]));
    }

    #[test]
    fn each_setting_that_gives_something_up_gets_a_warning_that_says_what() {
        for (topic, said) in [
            (Topic { partitions: 2, ..right() }, "partitions"),
            (Topic { replication: 1, min_insync: 1, ..right() }, "one copy"),
            (Topic { min_insync: 1, ..right() }, "min.insync.replicas is 1"),
            (Topic { min_insync: 3, ..right() }, "as many as there are copies"),
            (Topic { retention: -1, ..right() }, "for ever"),
            (Topic { retention: 29 * DAY, ..right() }, "29 days"),
            (Topic { retention: DAY - 1, ..right() }, "23 hours"),
            (Topic { retention_bytes: 1000, ..right() }, "1000 bytes"),
            (Topic { is_compacted: true, ..right() }, "cleanup.policy"),
            (Topic { elects_unclean: true, ..right() }, "unclean.leader.election"),
            (Topic { largest: 1_048_588, ..right() }, "max.message.bytes"),
        ] {
            match &judge("views", &topic)[..] {
                [Remark::Fact(_), Remark::Warning(text)] => assert!(text.contains(said), "{text}"),
                other => panic!("{said}: {other:?}"),
            }
        }
        assert!(matches!(&judge("views", &Topic::default())[..], [Remark::Wrong(_)]));
    }
}
