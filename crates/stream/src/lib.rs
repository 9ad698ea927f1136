//! Brings batches of views from Redis to SQL through Kafka, each exactly once (rule C5).
//!
//! Kafka carries, the ledger decides, Redis forgets last:
//!
//! 1. **Seal and sync**, as in every flush ([`tidemark_counting::flush`]).
//! 2. **Send.** The [`relay`] sends a batch as one record. That Kafka has it deletes nothing.
//! 3. **Add.** A [`consumer`] reads records. One SQL transaction moves its place in the log on,
//!    inserts the names of the batches into the ledger, skips those that are there, and adds the
//!    views of the others. If the place is no longer where it started from, another consumer was
//!    faster, and it does nothing.
//! 4. **Finish.** The relay has Redis delete the batches that the ledger has. What is not there
//!    after a while is sent again, and in the end goes to SQL directly. A batch may take either
//!    road, or both: the ledger lets one in.
//!
//! So Kafka need not be trusted. Whatever it loses is still in Redis, and whatever it repeats is in
//! the ledger. A topic that was made again, truncated or emptied, an unclean election, another
//! cluster at the same address: the consumer notices that the record before its place is another
//! one, and reads the log from its start.
//!
//! The topic is for other programs too. [`record`] is its format, described in `docs/STREAM.md`.

pub mod admin;
mod client;
pub mod consumer;
pub mod record;
pub mod relay;
pub mod road;
pub mod settings;
pub mod status;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tidemark_counting::ViewError;

/// Why a step could not be done. The next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Kafka does not answer, or refuses.
    #[error("Kafka: {0}")]
    Kafka(String),
    /// Redis or SQL does not answer.
    #[error(transparent)]
    Store(#[from] ViewError),
}

impl From<KafkaError> for StreamError {
    fn from(error: KafkaError) -> Self {
        StreamError::Kafka(reason(&error))
    }
}

/// What went wrong, in the words of Kafka's client.
fn reason(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition,
        ) => "the topic is not there; make it with tidemark kafka init".into(),
        Some(RDKafkaErrorCode::MessageTimedOut) => "it does not answer".into(),
        Some(
            RDKafkaErrorCode::PurgeQueue
            | RDKafkaErrorCode::PurgeInflight
            | RDKafkaErrorCode::OutOfOrderSequenceNumber,
        ) => "its log lacks what it had before".into(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            "its log has no record at the place that comes next".into()
        }
        Some(code) => code.to_string(),
        None => error.to_string(),
    }
}
