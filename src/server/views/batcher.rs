//! Gathers views into batches: one store call is in flight, and what arrives meanwhile is the next batch.
//!
//! There is no timer. Under load a batch grows to what the store's latency lets arrive; at rest a view waits for nobody.

use tokio::sync::{mpsc, oneshot};

use super::ViewError;
use super::rules::View;
use super::store::ViewStore;
use super::visitor::Visitor;
use crate::model::view::ViewOutcome;

/// How many views one batch holds at most, so that a single transaction stays short.
pub const BATCH: usize = 1_000;

#[derive(Debug)]
struct Waiting {
    view: View,
    reply: oneshot::Sender<Result<ViewOutcome, ViewError>>,
}

/// Takes views. Cheap to clone; the worker stops when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Batcher {
    sender: mpsc::Sender<Waiting>,
}

/// Writes what the batcher takes.
#[derive(Debug)]
pub struct Worker {
    receiver: mpsc::Receiver<Waiting>,
    store: ViewStore,
    waiting: Vec<Waiting>,
}

/// A batcher and its worker. At most `queue` views wait besides the batch in flight.
pub fn batcher(store: ViewStore, queue: usize) -> (Batcher, Worker) {
    let (sender, receiver) = mpsc::channel(queue);
    (Batcher { sender }, Worker { receiver, store, waiting: Vec::with_capacity(BATCH) })
}

impl Batcher {
    /// Hands in a view and waits until the store has decided it for good.
    ///
    /// # Errors
    /// [`ViewError::Busy`] at once if the queue is full, [`ViewError::Stopped`] if there is no worker any more,
    /// [`ViewError::Store`] if the batch failed.
    pub async fn record(&self, article: i64, visitor: Visitor) -> Result<ViewOutcome, ViewError> {
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(Waiting { view: View { article, visitor }, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ViewError::Busy,
            mpsc::error::TrySendError::Closed(_) => ViewError::Stopped,
        })?;
        answer.await.map_err(|_| ViewError::Stopped)?
    }
}

impl Worker {
    /// Writes batches until the last [`Batcher`] is gone and everything that it took is answered.
    pub async fn run(mut self) {
        while self.step().await {}
    }

    /// Waits for a view, writes it and all that came with it as one batch, and answers them. False if there is none to come.
    pub async fn step(&mut self) -> bool {
        if self.receiver.recv_many(&mut self.waiting, BATCH).await == 0 {
            return false;
        }
        let batch: Vec<View> = self.waiting.iter().map(|waiting| waiting.view).collect();
        match self.store.record(&batch).await {
            Ok(outcomes) => {
                for (waiting, outcome) in self.waiting.drain(..).zip(outcomes) {
                    // A reader who has gone away is counted all the same.
                    let _ = waiting.reply.send(Ok(outcome));
                }
            }
            Err(error) => {
                let reason = error.to_string();
                tracing::error!(views = batch.len(), error = %reason, "a batch of views was not recorded");
                for waiting in self.waiting.drain(..) {
                    let _ = waiting.reply.send(Err(ViewError::Store(reason.clone())));
                }
            }
        }
        true
    }
}
