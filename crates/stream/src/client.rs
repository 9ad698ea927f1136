//! Connections to Kafka.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{ConsumerContext, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::FutureProducer;

use crate::StreamError;
use crate::settings::{LARGEST_RECORD, Settings};

/// How long Kafka may take to take a record, or to answer a question.
pub const ANSWER: Duration = Duration::from_secs(5);

/// The partition that is used. There is one, because order protects a batch that came back smaller
/// from an older copy of Redis: the first record of a name counts.
pub const PART: i32 = 0;

/// Takes what the client has to say. It repeats itself while Kafka is away, so nothing of it is
/// above debug: the steps report what matters.
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(error = %error, "{reason}");
    }
}

impl ConsumerContext for Quiet {}

pub type Producer = FutureProducer<Quiet>;
pub type Reader = StreamConsumer<Quiet>;

/// What every connection needs.
pub fn config(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "tidemark")
        .set("security.protocol", settings.security.name())
        // Otherwise a broker that is back is noticed up to 10 s later.
        .set("reconnect.backoff.max.ms", "1000")
        // A broker that lost packets may never answer.
        .set("socket.timeout.ms", ANSWER.as_millis().to_string())
        // It warns that it is no group's member, and that it has no certificates.
        .set_log_level(RDKafkaLogLevel::Error);
    if !settings.username.is_empty() {
        config
            .set("sasl.mechanism", settings.mechanism.name())
            .set("sasl.username", &settings.username)
            .set("sasl.password", &settings.password);
    }
    if !settings.ca.as_os_str().is_empty() {
        config.set("ssl.ca.location", settings.ca.to_string_lossy());
    }
    config
}

/// Opens a connection to send records. It connects in the background.
pub fn producer(settings: &Settings) -> Result<Producer, StreamError> {
    let mut config = config(settings);
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        // Kafka's limit is for what is sent together, and one record that is too large must not
        // take others with it.
        .set("batch.num.messages", "1")
        // A topic that Kafka makes by itself has Kafka's settings, not those of `kafka init`.
        .set("allow.auto.create.topics", "false")
        // Otherwise a topic that is not there looks like a Kafka that does not answer.
        .set("topic.metadata.propagation.max.ms", "1000")
        .set("message.max.bytes", LARGEST_RECORD.to_string())
        .set("message.timeout.ms", ANSWER.as_millis().to_string());
    Ok(config.create_with_context(Quiet)?)
}

/// Opens a connection to read records. It connects in the background.
pub fn reader(settings: &Settings) -> Result<Reader, StreamError> {
    let mut config = config(settings);
    config
        // The client wants a group. It is never joined, and nothing is stored with it: the place is
        // in SQL.
        .set("group.id", "tidemark")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("allow.auto.create.topics", "false")
        // A place outside the log is a reason to begin again, not to jump anywhere.
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "false")
        // Otherwise a topic that is made again is noticed up to five minutes later.
        .set("topic.metadata.refresh.interval.ms", "5000")
        .set("fetch.wait.max.ms", "500")
        .set("fetch.error.backoff.ms", "100")
        .set("queued.max.messages.kbytes", (2 * LARGEST_RECORD / 1024).to_string());
    Ok(config.create_with_context(Quiet)?)
}

/// Runs what blocks, such as a question to the cluster or the end of a connection, outside of the
/// runtime's threads.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StreamError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StreamError::Kafka("the program is stopping".into()))
}
