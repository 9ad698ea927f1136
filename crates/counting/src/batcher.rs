//! Collects views into batches: while one store call is in flight, arriving views form the next
//! batch.
//!
//! There is no timer. Under load, batches grow with the store's latency; at rest, a view is written
//! at once. A store that can write several batches concurrently has as many lanes, each with its
//! own worker. A view's article determines its lane.

use tidemark_store::{TRACES, failpoint};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::rules::View;
use super::store::{Recorded, ViewStore};
use super::visitor::Visitor;
use crate::ArticleId;
use crate::ViewError;
use crate::ViewOutcome;

/// The maximum number of views in a batch. It keeps a single transaction or script short.
pub const BATCH: usize = 1_000;

#[derive(Debug)]
struct Waiting {
    view: View,
    reply: oneshot::Sender<Result<ViewOutcome, ViewError>>,
}

/// Accepts views. Cheap to clone; the workers stop once the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Batcher {
    lanes: std::sync::Arc<[mpsc::Sender<Waiting>]>,
}

/// Writes the views of one lane.
#[derive(Debug)]
pub struct Worker {
    receiver: mpsc::Receiver<Waiting>,
    store: ViewStore,
    waiting: Vec<Waiting>,
}

/// Creates a batcher and a worker for each of its lanes. Across all lanes, about `queue` views may
/// wait besides the batches in flight; each lane's share is rounded up.
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
    /// Submits a view and waits until the store has recorded its decision durably.
    ///
    /// # Errors
    /// [`ViewError::Busy`] at once if the queue is full, [`ViewError::Stopped`] if the worker is
    /// gone, [`ViewError::OtherDay`] if the visitor has to be hashed again, [`ViewError::Store`] if
    /// the batch failed.
    pub async fn record(
        &self,
        article: ArticleId,
        visitor: Visitor,
    ) -> Result<ViewOutcome, ViewError> {
        let (reply, answer) = oneshot::channel();
        let lanes = i64::try_from(self.lanes.len()).unwrap_or(1);
        let lane = usize::try_from(article.0.rem_euclid(lanes)).unwrap_or(0);
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
    /// Writes batches until the last [`Batcher`] is dropped and every view it accepted is answered.
    pub async fn run(mut self) {
        while self.step().await {}
    }

    /// Waits for a view, then writes it and all views that arrived with it as one batch, and
    /// answers them. Returns false if no more views will come.
    pub async fn step(&mut self) -> bool {
        if self.receiver.recv_many(&mut self.waiting, BATCH).await == 0 {
            return false;
        }
        // Let requests that are ready to run submit their views first. Under load this grows the
        // batch; at rest there are none.
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
        let span =
            tracing::info_span!(target: TRACES, parent: None, "record views", views = batch.len());
        let result = self.store.record(&batch).instrument(span).await;
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
                    // The view counts even if the reader has disconnected.
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
