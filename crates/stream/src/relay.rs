//! The sending side: hands batches to Kafka, and has Redis forget those that have come to SQL.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::FutureRecord;
use tidemark_counting::ViewError;
use tidemark_counting::flush::{BatchName, Flushed, Flusher};
use tidemark_store::clock::Millis;
use tidemark_store::failpoint;

use crate::client::{ANSWER, PART, Producer, blocking, producer};
use crate::record::encode;
use crate::settings::{LARGEST_RECORD, Settings};
use crate::status::{Side, Status};
use crate::{StreamError, reason};

/// How many records are sent at a time. Each may have [`LARGEST_RECORD`] bytes.
const AT_A_TIME: usize = 16;

/// Sends batches. Clones share the connection.
#[derive(Clone)]
pub struct Relay {
    settings: Arc<Settings>,
    status: Status,
    producer: Arc<Mutex<Option<Producer>>>,
    /// When this process first saw each unfinished batch, and whether Kafka can't
    /// take it.
    seen: Arc<Mutex<HashMap<String, Seen>>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Millis,
    is_too_large: bool,
}

impl Seen {
    /// Whether the batch has waited for `patience` milliseconds. A clock that was set back starts
    /// the wait anew; otherwise it would last until the clock has caught up.
    fn is_due(&mut self, now: Millis, patience: i64) -> bool {
        self.at = self.at.min(now);
        self.is_too_large || now - self.at >= patience
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Relay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Relay {
    /// A relay that connects when it first has something to send.
    pub fn new(settings: Arc<Settings>, status: Status) -> Self {
        Self { settings, status, producer: Arc::default(), seen: Arc::default() }
    }

    /// Takes what is pending, has Redis forget what has come to SQL, applies directly what waited
    /// for too long, and sends the rest.
    ///
    /// # Errors
    /// [`ViewError::Store`]: Redis or SQL is unavailable. Nothing is lost; the next step goes on
    /// from there. That Kafka is away is no error.
    pub async fn step(&self, flusher: &Flusher) -> Result<Flushed, ViewError> {
        let (names, mut flushed) = flusher.take().await?;
        let left = self.settle(flusher, names, &mut flushed).await?;
        self.send(flusher, &left, &mut flushed).await?;
        Ok(flushed)
    }

    /// Has Redis forget the batches that the ledger has, and applies those that waited for too
    /// long. Returns those that are left.
    ///
    /// # Errors
    /// As for [`Self::step`].
    pub async fn settle(
        &self,
        flusher: &Flusher,
        names: Vec<BatchName>,
        flushed: &mut Flushed,
    ) -> Result<Vec<BatchName>, ViewError> {
        let ids: Vec<String> = names.iter().map(|name| name.id.clone()).collect();
        let known = flusher.ledger().applied(&ids).await?;
        let (arrived, left): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| known.contains(&name.id));
        flusher.finish(&arrived).await?;
        flushed.arrived += arrived.len() as u64;
        let now = flusher.clock().now();
        let patience = i64::try_from(self.settings.patience.as_millis()).unwrap_or(i64::MAX);
        let (due, left): (Vec<_>, Vec<_>) = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let ids: HashSet<&str> = left.iter().map(|name| name.id.as_str()).collect();
            seen.retain(|id, _| ids.contains(id.as_str()));
            left.into_iter().partition(|name| {
                seen.entry(name.id.clone())
                    .or_insert(Seen { at: now, is_too_large: false })
                    .is_due(now, patience)
            })
        };
        self.apply(flusher, &due, flushed).await?;
        flushed.travelling = left.len() as u64;
        flushed.obstacle = self.status.obstacle();
        Ok(left)
    }

    /// Applies batches directly.
    pub(crate) async fn apply(
        &self,
        flusher: &Flusher,
        names: &[BatchName],
        flushed: &mut Flushed,
    ) -> Result<(), ViewError> {
        if names.is_empty() {
            return Ok(());
        }
        let applied = flusher.apply(names).await?;
        self.status.direct(applied.batches);
        flushed.add_applied(&applied);
        Ok(())
    }

    /// Sends batches that nobody has sent lately. Those that are too large for a record are applied
    /// directly.
    ///
    /// # Errors
    /// As for [`Self::step`].
    pub async fn send(
        &self,
        flusher: &Flusher,
        names: &[BatchName],
        flushed: &mut Flushed,
    ) -> Result<(), ViewError> {
        // After Kafka did not take a record, it is left alone for a while.
        if self.status.could_not_send(self.settings.resend).is_some() {
            return Ok(());
        }
        let (mut acked, mut large) = (Vec::new(), Vec::new());
        for names in names.chunks(AT_A_TIME) {
            let mut records = Vec::new();
            for name in names {
                if !flusher.claim(name, self.settings.resend).await? {
                    continue;
                }
                let Some(batch) = flusher.read(name).await? else { continue };
                let value = encode(&batch).map_err(ViewError::Store)?;
                if value.len() >= LARGEST_RECORD {
                    large.push(name.clone());
                } else {
                    records.push((name, value));
                }
            }
            if records.is_empty() {
                continue;
            }
            failpoint::reach("relay-read");
            let sent = self.send_records(&records).await;
            failpoint::reach("relay-acked");
            let mut obstacle = None;
            for ((name, _), sent) in records.iter().zip(sent) {
                match sent {
                    Ok(()) => {
                        self.status.relayed();
                        acked.push((*name).clone());
                    }
                    Err(Refused::TooLarge) => large.push((*name).clone()),
                    Err(Refused::Other(why)) => obstacle = Some(why),
                }
            }
            self.status.note(Side::Sending, obstacle.as_deref());
            if obstacle.is_some() {
                // A new connection has no old sequence numbers that a new log does not know.
                let old = self.producer.lock().unwrap_or_else(PoisonError::into_inner).take();
                let _ = blocking(move || drop(old)).await;
                break;
            }
        }
        flushed.sent += acked.len() as u64;
        flushed.obstacle = self.status.obstacle();
        if failpoint::variant() == Some(failpoint::Variant::FinishAtAck) {
            flusher.finish(&acked).await?;
        }
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            for name in &large {
                if let Some(seen) = seen.get_mut(&name.id) {
                    seen.is_too_large = true;
                }
            }
        }
        if !large.is_empty() {
            tracing::warn!(
                batches = large.len(),
                "batches are larger than a record of Kafka may be; they go to SQL directly"
            );
            flushed.travelling = flushed.travelling.saturating_sub(large.len() as u64);
            self.apply(flusher, &large, flushed).await?;
        }
        Ok(())
    }

    /// Sends records and waits until Kafka has them.
    async fn send_records(&self, records: &[(&BatchName, Vec<u8>)]) -> Vec<Result<(), Refused>> {
        let producer = match self.producer() {
            Ok(producer) => producer,
            Err(error) => {
                return records.iter().map(|_| Err(Refused::Other(error.to_string()))).collect();
            }
        };
        let mut sends = Vec::new();
        for (name, value) in records {
            sends.push(self.send_record(&producer, name, value));
        }
        join_all(sends).await
    }

    async fn send_record(
        &self,
        producer: &Producer,
        name: &BatchName,
        value: &[u8],
    ) -> Result<(), Refused> {
        let record =
            FutureRecord::to(&self.settings.topic).partition(PART).key(&name.id).payload(value);
        match producer.send(record, ANSWER).await {
            Ok(_) => Ok(()),
            Err((
                KafkaError::MessageProduction(
                    RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize,
                ),
                _,
            )) => Err(Refused::TooLarge),
            Err((error, _)) => Err(Refused::Other(reason(&error))),
        }
    }

    fn producer(&self) -> Result<Producer, StreamError> {
        let mut open = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some(producer) => Ok(producer.clone()),
            None => Ok(open.insert(producer(&self.settings)?).clone()),
        }
    }
}

/// Why Kafka did not take a record.
enum Refused {
    TooLarge,
    Other(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_waits_no_longer_than_patience_though_the_clock_is_set_back() {
        let mut seen = Seen { at: Millis(10_000), is_too_large: false };
        assert_eq!(
            [10_000, 10_029, 10_030].map(|now| seen.is_due(Millis(now), 30)),
            [false, false, true]
        );
        assert_eq!(
            [4_000, 4_029, 4_030].map(|now| seen.is_due(Millis(now), 30)),
            [false, false, true]
        );
        assert!(
            Seen { is_too_large: true, ..seen }.is_due(Millis(4_000), 30),
            "Kafka never takes it"
        );
    }
}
