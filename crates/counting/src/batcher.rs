//! Gathers views into batches: one store call is in flight, and what arrives meanwhile is the next
//! batch.
//!
//! There is no timer. Under load a batch grows to what the store's latency lets arrive; at rest a
//! view waits for nobody. A store that can write several batches at once has as many lanes, each
//! with a worker; a view's article chooses the lane.

use tidemark_store::failpoint;
use tokio::sync::{mpsc, oneshot};

use super::rules::View;
use super::store::{Recorded, ViewStore};
use super::visitor::Visitor;
use crate::ViewError;
use crate::ViewOutcome;

/// How many views one batch holds at most, so that a single transaction or script stays short.
pub const BATCH: usize = 1_000;

#[derive(Debug)]
struct Waiting {
    view: View,
    reply: oneshot::Sender<Result<ViewOutcome, ViewError>>,
}

/// Takes views. Cheap to clone; the workers stop when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Batcher {
    lanes: std::sync::Arc<[mpsc::Sender<Waiting>]>,
}

/// Writes what a lane of the batcher takes.
#[derive(Debug)]
pub struct Worker {
    receiver: mpsc::Receiver<Waiting>,
    store: ViewStore,
    waiting: Vec<Waiting>,
}

/// A batcher and a worker for each of its lanes. At most `queue` views wait in all of them besides
/// the batches in flight.
pub fn batcher(store: ViewStore, queue: usize) -> (Batcher, Vec<Worker>) {
    let lanes = store.lanes().max(1);
    let worker = |_| {
        let (sender, receiver) = mpsc::channel(queue.div_ceil(lanes));
        (sender, Worker { receiver, store: store.clone(), waiting: Vec::with_capacity(BATCH) })
    };
    let (senders, workers): (Vec<_>, Vec<_>) = (0..lanes).map(worker).unzip();
    (Batcher { lanes: senders.into() }, workers)
}

impl Batcher {
    /// Hands in a view and waits until the store has decided it for good.
    ///
    /// # Errors
    /// [`ViewError::Busy`] at once if the queue is full, [`ViewError::Stopped`] if there is no
    /// worker any more, [`ViewError::OtherDay`] if the visitor has to be hashed anew,
    /// [`ViewError::Store`] if the batch failed.
    pub async fn record(&self, article: i64, visitor: Visitor) -> Result<ViewOutcome, ViewError> {
        let (reply, answer) = oneshot::channel();
        let lanes = i64::try_from(self.lanes.len()).unwrap_or(1);
        let lane = usize::try_from(article.rem_euclid(lanes)).unwrap_or(0);
        let sender = self.lanes.get(lane).ok_or(ViewError::Stopped)?;
        sender.try_send(Waiting { view: View { article, visitor }, reply }).map_err(|error| {
            match error {
                mpsc::error::TrySendError::Full(_) => ViewError::Busy,
                mpsc::error::TrySendError::Closed(_) => ViewError::Stopped,
            }
        })?;
        answer.await.map_err(|_| ViewError::Stopped)?
    }

    /// How many views are waiting.
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.max_capacity() - lane.capacity()).sum()
    }
}

impl Worker {
    /// Writes batches until the last [`Batcher`] is gone and everything that it took is answered.
    pub async fn run(mut self) {
        while self.step().await {}
    }

    /// Waits for a view, writes it and all that came with it as one batch, and answers them. False
    /// if there is none to come.
    pub async fn step(&mut self) -> bool {
        if self.receiver.recv_many(&mut self.waiting, BATCH).await == 0 {
            return false;
        }
        // Requests that are ready to go on hand in their views first: under load the batch grows,
        // at rest nobody is there.
        let mut before = 0;
        while before < self.waiting.len() {
            before = self.waiting.len();
            tokio::task::yield_now().await;
            while self.waiting.len() < BATCH
                && let Ok(waiting) = self.receiver.try_recv()
            {
                self.waiting.push(waiting);
            }
        }
        let batch: Vec<View> = self.waiting.iter().map(|waiting| waiting.view).collect();
        failpoint::reach("record-taken");
        let result = self.store.record(&batch).await;
        failpoint::reach("record-written");
        match result {
            Ok(recorded) => {
                for (waiting, recorded) in self.waiting.drain(..).zip(recorded) {
                    let outcome = match recorded {
                        Recorded::Outcome(outcome) => Ok(outcome),
                        Recorded::NoTotal => {
                            Err(ViewError::Store("the article's total is not known now".into()))
                        }
                        Recorded::OtherDay { now } => Err(ViewError::OtherDay { now }),
                    };
                    // A reader who has gone away is counted all the same.
                    let _ = waiting.reply.send(outcome);
                }
            }
            Err(error) => {
                let reason = match error {
                    ViewError::Store(reason) => reason,
                    other => other.to_string(),
                };
                tracing::error!(
                    views = batch.len(),
                    error = reason,
                    "a batch of views was not recorded"
                );
                for waiting in self.waiting.drain(..) {
                    let _ = waiting.reply.send(Err(ViewError::Store(reason.clone())));
                }
            }
        }
        true
    }
}
