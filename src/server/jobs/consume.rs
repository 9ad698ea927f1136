//! Brings views from Kafka to SQL. It has no schedule: it waits for records.

use std::time::Duration;

use tidemark_store::clock::Millis;
use tidemark_stream::consumer::{Consumed, Consumer};
use tokio_util::sync::CancellationToken;

use super::Jobs;

/// How long a step waits for a record.
const WAIT: Duration = Duration::from_secs(1);

/// The pause after a step that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Its name in logs and tables.
pub const CONSUME: &str = "consume";

impl Jobs {
    /// A consumer; `None` if views do not travel through Kafka, or if this process flushes none.
    pub fn consumer(&self) -> Option<Consumer> {
        let stream = self.road.stream().filter(|_| !self.settings.flush.is_off())?;
        let store = self.redis.as_ref()?;
        Some(stream.consumer(store.ledger.clone(), self.clock.clone()))
    }

    /// Reads until `stop` is cancelled.
    pub(super) async fn consume_until_stopped(self, stop: CancellationToken) {
        let Some(mut consumer) = self.consumer() else { return };
        let mut was_well = true;
        loop {
            let started_at = self.clock.now();
            let Some(step) = stop.run_until_cancelled(consumer.step(WAIT)).await else { break };
            match step {
                Ok(consumed) => {
                    was_well = true;
                    self.note_consumed(&consumed, started_at).await;
                }
                Err(error) => {
                    if std::mem::take(&mut was_well) {
                        tracing::error!(
                            job = CONSUME,
                            error = %error,
                            "reading from Kafka failed; it is tried again every second"
                        );
                    }
                    if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
                        break;
                    }
                }
            }
        }
        consumer.close().await;
    }

    async fn note_consumed(&self, consumed: &Consumed, started_at: Millis) {
        if consumed.records == 0 {
            return;
        }
        let (took, text) = (self.clock.now() - started_at, consumed.to_string());
        tracing::info!(job = CONSUME, "{text}");
        let written = self.database.write_job_run(CONSUME, started_at, took, true, &text).await;
        if let Err(error) = written {
            tracing::warn!(job = CONSUME, error = %error, "the result of a job could not be written down");
        }
    }
}
