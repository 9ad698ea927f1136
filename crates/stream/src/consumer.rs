//! The reading side: brings batches from Kafka to SQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message, Offset, TopicPartitionList};
use tidemark_counting::ViewError;
use tidemark_counting::sql::feeds::{Feed, Place};
use tidemark_counting::sql::ledger::is_undecided;
use tidemark_counting::sql::ledger::{Applied, Batch, Ledger};
use tidemark_store::clock::Clock;
use tidemark_store::failpoint;
use tokio::time::{Instant as Deadline, timeout_at};

use crate::StreamError;
use crate::client::{ANSWER, PART, Reader, blocking, reader};
use crate::record::{decode, mark};
use crate::settings::Settings;
use crate::status::{Side, Status};

/// How many records one transaction takes, and about how many bytes.
const RECORDS: usize = 500;
const BYTES: usize = 16 * 1024 * 1024;

/// How long a step waits for more records once it has one.
const GATHER: Duration = Duration::from_millis(20);

/// After this long the connection is opened anew, which asks for the cluster's id and checks the
/// record before the place. Then a topic that was made again, or another cluster at the same
/// address, is noticed even if nothing failed.
const RECHECK: Duration = Duration::from_secs(60);

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Records that were read, and whose transaction was committed.
    pub records: u64,
    /// Records among these that are no batch. They are passed over; Redis has what was in them.
    pub skipped: u64,
    /// What was added to SQL.
    pub applied: Applied,
}

impl std::fmt::Display for Consumed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "Read {} records from Kafka: {} views of {} articles in {} new batches, {} known",
            self.records,
            self.applied.views,
            self.applied.articles,
            self.applied.batches,
            self.applied.known
        )?;
        if self.skipped > 0 {
            write!(formatter, "; {} records are no batches and were skipped", self.skipped)?;
        }
        if self.applied.dropped > 0 {
            write!(
                formatter,
                "; {} views of articles that are no longer there were dropped",
                self.applied.dropped
            )?;
        }
        write!(formatter, ".")
    }
}

/// Reads the log. Any number may run at the same time, in any number of processes.
pub struct Consumer {
    settings: Arc<Settings>,
    status: Status,
    ledger: Ledger,
    clock: Clock,
    open: Option<Open>,
}

/// An open connection, and where it is.
struct Open {
    reader: Arc<Reader>,
    feed: Feed,
    /// The place in SQL that the next record to come follows, or that is to be replaced by one from
    /// the log's start.
    from: Place,
    checked_at: Instant,
    /// Whether the client has lost a broker since it was last asked.
    is_shaken: bool,
}

/// A record, as far as it is needed.
struct Record {
    offset: i64,
    mark: String,
    batch: Result<Batch, String>,
    bytes: usize,
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Consumer").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Consumer {
    /// A consumer that connects at its first step. `clock` dates the ledger's entries.
    pub fn new(settings: Arc<Settings>, status: Status, ledger: Ledger, clock: Clock) -> Self {
        Self { settings, status, ledger, clock, open: None }
    }

    /// Reads the records that are there, and brings what is new to SQL in one transaction. Waits up
    /// to `wait` for the first. A step that is cut off is as if it had not begun.
    ///
    /// # Errors
    /// [`StreamError`]. Nothing is lost; the next step goes on from there.
    pub async fn step(&mut self, wait: Duration) -> Result<Consumed, StreamError> {
        // A connection whose step failed or was cut off has read what is not in SQL. It is not put
        // back.
        let open = match self.open.take() {
            Some(open) if open.checked_at.elapsed() < RECHECK => Ok(open),
            old => {
                if let Some(old) = old {
                    close(old).await;
                }
                Open::open(&self.settings, &self.status, &self.ledger).await
            }
        };
        let consumed = match open {
            Ok(mut open) => match self.step_with(&mut open, wait).await {
                Ok(consumed) => {
                    self.open = Some(open);
                    Ok(consumed)
                }
                Err(error) => {
                    close(open).await;
                    Err(error)
                }
            },
            Err(error) => Err(error),
        };
        match &consumed {
            Ok(_) => self.status.note(Side::Reading, None),
            Err(StreamError::Kafka(why)) => self.status.note(Side::Reading, Some(why)),
            // Kafka is not to blame.
            Err(StreamError::Store(_)) => {}
        }
        consumed
    }

    async fn step_with(&self, open: &mut Open, wait: Duration) -> Result<Consumed, StreamError> {
        let records = open.read(RECORDS, wait).await?;
        if open.is_shaken {
            // The client says that it lost a broker, but not that it found it again, nor that the
            // log is the same.
            open.is_shaken = false;
            open.find_place(&self.status, &self.ledger).await?;
            return Ok(Consumed::default());
        }
        let Some(last) = records.last() else {
            self.status.set_lag(0);
            return Ok(Consumed::default());
        };
        failpoint::reach("consumer-read");
        let to = Place { next_offset: last.offset + 1, last_batch: last.mark.clone() };
        let is_more =
            records.len() == RECORDS || records.iter().map(|one| one.bytes).sum::<usize>() >= BYTES;
        let now = self.clock.now();
        let (count, mut skipped, mut batches) = (records.len() as u64, 0, Vec::new());
        for Record { offset, batch, .. } in records {
            // The ledger may have forgotten a batch that is too old, so it must not be added.
            let batch = batch.and_then(|batch| {
                if is_undecided(&batch.id, now) { Err("it is too old".into()) } else { Ok(batch) }
            });
            match batch {
                Ok(batch) => batches.push(batch),
                Err(why) => {
                    skipped += 1;
                    tracing::warn!(
                        topic = open.feed.topic,
                        offset,
                        reason = why,
                        "a record is no batch that can be added; it is skipped"
                    );
                }
            }
        }
        let advanced = self.ledger.advance(&open.feed, &open.from, &to, batches, now).await;
        if is_more || advanced.is_err() {
            let (_, end) = open.watermarks().await?;
            self.status.set_lag(end - open.from.next_offset);
        } else {
            self.status.set_lag(0);
        }
        let Some(applied) = advanced.map_err(ViewError::from)? else {
            // Another consumer was here first. Go on from where it is.
            open.find_place(&self.status, &self.ledger).await?;
            return Ok(Consumed::default());
        };
        open.from = to;
        self.status.read(count, applied.known, skipped);
        Ok(Consumed { records: count, skipped, applied })
    }

    /// Closes the connection. That may take a moment, so it is done elsewhere.
    pub async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            close(open).await;
        }
    }
}

async fn close(open: Open) {
    let _ = blocking(move || drop(open)).await;
}

impl Open {
    /// Connects, and finds where to go on.
    async fn open(
        settings: &Arc<Settings>,
        status: &Status,
        ledger: &Ledger,
    ) -> Result<Self, StreamError> {
        let reader = Arc::new(reader(settings)?);
        let asking = reader.clone();
        let cluster_id = blocking(move || asking.client().fetch_cluster_id(ANSWER)).await?;
        let feed = Feed {
            cluster_id: cluster_id.unwrap_or_default(),
            topic: settings.topic.clone(),
            part: PART,
        };
        let (from, checked_at) = (Place::default(), Instant::now());
        let mut open = Self { reader, feed, from, checked_at, is_shaken: false };
        let found = if open.feed.cluster_id.is_empty() {
            Err(StreamError::Kafka("it does not answer".into()))
        } else {
            open.find_place(status, ledger).await
        };
        match found {
            Ok(()) => Ok(open),
            Err(error) => {
                close(open).await;
                Err(error)
            }
        }
    }

    /// Reads the place from SQL and goes there, if the record before it is the one that was read
    /// there. Otherwise it is another log, or a part of it is gone, and everything is read from the
    /// start.
    async fn find_place(&mut self, status: &Status, ledger: &Ledger) -> Result<(), StreamError> {
        self.from = ledger.place(&self.feed).await.map_err(ViewError::from)?;
        let next = self.from.next_offset;
        if failpoint::variant() == Some(failpoint::Variant::TrustOffset) {
            return self.go_to(next);
        }
        let (start, end) = self.watermarks().await?;
        if next == start || self.from == Place::default() {
            // Nothing of what is there was read.
            return self.go_to(start);
        }
        if start < next && next <= end {
            self.go_to(next - 1)?;
            // An offset always has the same record as long as the log is the same.
            let before = self.read(1, ANSWER).await?.pop();
            let before = before.ok_or_else(|| StreamError::Kafka("it does not answer".into()))?;
            if before.offset == next - 1 && before.mark == self.from.last_batch {
                return Ok(());
            }
        }
        status.replay();
        tracing::warn!(
            topic = self.feed.topic,
            place = next,
            start,
            end,
            "the log is not the one that was read; it is read again from its start"
        );
        self.go_to(start)
    }

    fn go_to(&self, offset: i64) -> Result<(), StreamError> {
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(&self.feed.topic, PART, Offset::Offset(offset))?;
        self.reader.assign(&place)?;
        Ok(())
    }

    /// The offset of the first record, and the one after the last.
    async fn watermarks(&self) -> Result<(i64, i64), StreamError> {
        let (reader, topic) = (self.reader.clone(), self.feed.topic.clone());
        Ok(blocking(move || reader.fetch_watermarks(&topic, PART, ANSWER)).await??)
    }

    /// Reads up to `most` records. Waits up to `wait` for the first.
    async fn read(&mut self, most: usize, wait: Duration) -> Result<Vec<Record>, StreamError> {
        let mut deadline = Deadline::now() + wait;
        let (mut records, mut bytes) = (Vec::<Record>::new(), 0);
        while records.len() < most && bytes < BYTES && Deadline::now() < deadline {
            let message = match timeout_at(deadline, self.reader.recv()).await {
                Err(_) => break,
                Ok(Ok(message)) => message,
                Ok(Err(error)) if is_passing(&error) => {
                    self.is_shaken = true;
                    continue;
                }
                Ok(Err(error)) => return Err(error.into()),
            };
            let (key, value) = (message.key(), message.payload());
            let record = Record {
                offset: message.offset(),
                mark: mark(key, value),
                batch: decode(key, value),
                bytes: value.map_or(0, <[u8]>::len),
            };
            if records.is_empty() {
                deadline = deadline.min(Deadline::now() + GATHER);
            }
            bytes += record.bytes;
            records.push(record);
        }
        Ok(records)
    }
}

/// Whether the client recovers from this by itself.
fn is_passing(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::MessageConsumption(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
        )
    )
}
