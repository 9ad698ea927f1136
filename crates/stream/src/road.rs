//! How batches come from Redis to SQL. The choice is a closed enum.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidemark_counting::ViewError;
use tidemark_counting::flush::{Flushed, Flusher};
use tidemark_counting::sql::ledger::Ledger;
use tidemark_store::clock::Clock;

use crate::StreamError;
use crate::consumer::Consumer;
use crate::relay::Relay;
use crate::settings::Settings;
use crate::status::Status;

/// How long one step of the consumer waits while somebody waits for the whole flush.
const STEP: Duration = Duration::from_millis(200);

/// The road that batches take.
#[derive(Clone, Debug)]
pub enum Road {
    /// Straight to SQL.
    Direct,
    /// Through Kafka, and straight to SQL where that takes too long.
    Kafka(Stream),
}

/// A process's part in bringing batches through Kafka. Clones share it.
#[derive(Clone, Debug)]
pub struct Stream {
    settings: Arc<Settings>,
    status: Status,
    relay: Relay,
}

impl Stream {
    /// Sends to and reads from the topic of these settings. Connects when there is something to do.
    pub fn new(settings: Settings) -> Self {
        let (settings, status) = (Arc::new(settings), Status::default());
        let relay = Relay::new(settings.clone(), status.clone());
        Self { settings, status, relay }
    }

    /// How to reach the topic.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What this process knows of Kafka.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The sending side.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// A reading side that adds to `ledger`.
    pub fn consumer(&self, ledger: Ledger, clock: Clock) -> Consumer {
        Consumer::new(self.settings.clone(), self.status.clone(), ledger, clock)
    }

    /// Flushes and waits until SQL has everything. What does not come through Kafka in time goes
    /// there directly.
    ///
    /// # Errors
    /// [`ViewError::Store`]: Redis or SQL is unavailable. Nothing is lost; the next flush goes on
    /// from there.
    pub async fn flush_all(&self, flusher: &Flusher) -> Result<Flushed, ViewError> {
        let (names, mut flushed) = flusher.take().await?;
        let mut left = self.relay.settle(flusher, names, &mut flushed).await?;
        self.relay.send(flusher, &left, &mut flushed).await?;
        let began = Instant::now();
        let mut consumer = self.consumer(flusher.ledger().clone(), flusher.clock().clone());
        while !left.is_empty() {
            let is_away = self.status.obstacle().is_some();
            if is_away || began.elapsed() >= self.settings.patience {
                self.relay.apply(flusher, &left, &mut flushed).await?;
                flushed.travelling = 0;
                break;
            }
            match consumer.step(STEP).await {
                Ok(consumed) => flushed.add_applied(&consumed.applied),
                Err(StreamError::Store(error)) => return Err(error),
                // The status says so.
                Err(StreamError::Kafka(_)) => {}
            }
            left = self.relay.settle(flusher, left, &mut flushed).await?;
        }
        consumer.close().await;
        flushed.obstacle = self.status.obstacle();
        Ok(flushed)
    }
}

impl Road {
    /// What there is of Kafka on this road.
    pub fn stream(&self) -> Option<&Stream> {
        match self {
            Road::Direct => None,
            Road::Kafka(stream) => Some(stream),
        }
    }
}
