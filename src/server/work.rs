//! A bounded pool for CPU-heavy work, such as rendering or comparing texts. Runs a few jobs at a
//! time on blocking threads, with a bounded queue, a timeout for waiting and one for the work
//! itself. However much of it arrives, pages keep their cores and the runtime its threads.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidemark_counting::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Error;
use crate::message::Message;

/// Queue length of the default pool. Beyond it, work is refused.
const IN_LINE: usize = 32;

/// How many jobs of one user may run or wait. One of them runs at a time.
const OF_A_USER: usize = 10;

/// How long work may wait in the queue, unless the pool has another timeout.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long work may run. Valid input takes a few seconds at most; this catches unforeseen cases.
const LONGEST_WORK: Duration = Duration::from_secs(20);

/// A bounded pool. Cheap to clone; clones share the bounds.
#[derive(Clone, Debug)]
pub struct Work {
    turns: Arc<Semaphore>,
    line: Arc<Semaphore>,
    longest_wait: Duration,
    users: Arc<Mutex<HashMap<UserId, Arc<Own>>>>,
}

/// A user's share of the pool.
#[derive(Debug)]
struct Own {
    turn: Arc<Semaphore>,
    line: Arc<Semaphore>,
}

impl Default for Own {
    fn default() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), line: Arc::new(Semaphore::new(OF_A_USER)) }
    }
}

/// A slot in the pool, freed on drop.
#[derive(Debug)]
struct Turn {
    _place: OwnedSemaphorePermit,
    _turn: OwnedSemaphorePermit,
}

/// Tells the work to stop: dropping it sets the flag. It drops with the caller's future, for
/// whatever reason.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Default for Work {
    fn default() -> Self {
        // Half of the cores, at least one. Pages get the rest.
        Self::new(
            std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            IN_LINE,
        )
    }
}

impl Work {
    /// A pool that runs `at_a_time` jobs and queues `in_line` more.
    pub fn new(at_a_time: usize, in_line: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_a_time)),
            line: Arc::new(Semaphore::new(at_a_time + in_line)),
            longest_wait: LONGEST_WAIT,
            users: Arc::default(),
        }
    }

    /// The same pool with another timeout for waiting.
    #[must_use]
    pub fn waiting_at_most(self, longest_wait: Duration) -> Self {
        Self { longest_wait, ..self }
    }

    /// The share of `user`. Those that nobody uses are forgotten.
    fn own(&self, user: UserId) -> Arc<Own> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.retain(|_, own| Arc::strong_count(own) > 1);
        users.entry(user).or_default().clone()
    }

    /// Like [`Work::run`], for a user, whose jobs run one after the other. So nobody has to wait
    /// for more than one job of each of the others.
    ///
    /// # Errors
    /// Those of [`Work::run`]; [`Error::Unavailable`] if too much of the user's work waits.
    pub async fn run_for<T: Send + 'static>(
        &self,
        user: UserId,
        work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let own = self.own(user);
        let place = own.line.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
        let turn = timeout(self.longest_wait, own.turn.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Unavailable)?.map_err(|_| Error::Unavailable)?;
        self.run(move |is_stopped| {
            let result = work(is_stopped);
            drop((turn, place, own));
            result
        })
        .await
    }

    /// Waits for a slot.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full or the wait times out.
    async fn turn(&self) -> Result<Turn, Error> {
        let place = self.line.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
        let turn = timeout(self.longest_wait, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Unavailable)?.map_err(|_| Error::Unavailable)?;
        Ok(Turn { _place: place, _turn: turn })
    }

    /// Runs work that is slow elsewhere, such as a long query, on a task of its own. It occupies
    /// its slot until it ends, even if the client has gone: a database finishes a query that nobody
    /// waits for, and keeps its connection busy meanwhile.
    ///
    /// # Errors
    /// Those of `work`; [`Error::Unavailable`] if the queue is full, or the wait or the work times
    /// out; [`Error::Internal`] if the work panics.
    pub async fn run_elsewhere<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turn().await?;
        let work = tokio::spawn(async move {
            let result = timeout(LONGEST_WORK, work).await.unwrap_or(Err(Error::Unavailable));
            drop(turn);
            result
        });
        work.await.unwrap_or_else(|error| {
            tracing::error!(error = %error, "some work could not be done");
            Err(Error::Internal)
        })
    }

    /// Runs `work` on a blocking thread. Its argument becomes true when nobody waits for the result
    /// any more: the client has gone, or the work timed out. It should then return soon; it
    /// occupies its slot until it does.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the queue is full or the wait times out; [`Error::BadRequest`] if
    /// the work times out or panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turn().await?;
        let is_stopped = Arc::new(AtomicBool::new(false));
        let _waiting = Waiting(is_stopped.clone());
        // The slot moves into the work. Abandoned work keeps running for a moment and must occupy
        // its slot until it ends.
        let work = tokio::task::spawn_blocking(move || {
            let result = work(&is_stopped);
            drop(turn);
            result
        });
        match timeout(LONGEST_WORK, work).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => {
                tracing::error!(error = %error, "some work could not be done");
                Err(Error::BadRequest(Message::text("processing-failed")))
            }
            Err(_) => {
                tracing::warn!(
                    seconds = LONGEST_WORK.as_secs(),
                    "some work took too long and was cancelled"
                );
                Err(Error::BadRequest(Message::text("processing-takes-too-long")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn work_waits_in_a_bounded_queue() {
        let pool = Work::new(1, 1);
        let (go_on, wait) = mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = move |_: &AtomicBool| {
                    let _ = begun.send(());
                    let _ = wait.recv();
                    1
                };
                pool.run(work).await
            }
        });
        has_begun.await.unwrap();
        let second = tokio::spawn({
            let pool = pool.clone();
            async move { pool.run(|_| 2).await }
        });
        while pool.line.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|_| 3).await, Err(Error::Unavailable), "the queue is full");
        go_on.send(()).unwrap();
        assert_eq!((first.await.unwrap(), second.await.unwrap()), (Ok(1), Ok(2)));
        assert_eq!(pool.run(|_| 4).await, Ok(4), "then there is room again");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_work_of_one_user_leaves_room_for_that_of_others() {
        let pool = Work::new(2, 8);
        let (one, other) = (UserId(1), UserId(2));
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let many: Vec<_> = (0..OF_A_USER)
            .map(|_| {
                let (pool, begun, wait) = (pool.clone(), begun.clone(), wait.clone());
                tokio::spawn(async move {
                    let work = move |_: &AtomicBool| {
                        let _ = begun.send(());
                        wait.lock().unwrap().recv().unwrap();
                    };
                    pool.run_for(one, work).await
                })
            })
            .collect();
        has_begun.recv().await.unwrap();
        while pool.own(one).line.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run_for(one, |_| ()).await, Err(Error::Unavailable), "too many");
        assert_eq!(pool.run_for(other, |_| ()).await, Ok(()), "there is room for others");
        assert!(has_begun.try_recv().is_err(), "only one of the first user's runs");
        for _ in 0..OF_A_USER {
            go_on.send(()).unwrap();
        }
        for job in many {
            assert_eq!(job.await.unwrap(), Ok(()));
        }
        drop(pool.own(other));
        assert_eq!(pool.users.lock().unwrap().len(), 1, "nothing is kept of the first");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn work_is_cancelled_when_its_client_disconnects() {
        let pool = Work::new(1, 0);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let client = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = move |is_stopped: &AtomicBool| {
                    let _ = begun.send(());
                    while !is_stopped.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                    let _ = ended.send(());
                };
                pool.run(work).await
            }
        });
        has_begun.await.unwrap();
        client.abort();
        has_ended.await.expect("it ends by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn work_and_waiting_for_a_slot_both_time_out() {
        let pool = Work::new(1, 1);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (ended, has_ended) = tokio::sync::oneshot::channel();
        let endless = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = move |is_stopped: &AtomicBool| {
                    let _ = begun.send(());
                    while !is_stopped.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                    let _ = ended.send(());
                };
                pool.run(work).await
            }
        });
        // Tokio does not advance a paused clock while blocking work runs, so advance it by hand.
        has_begun.await.unwrap();
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.turn().await.map(drop) }
        });
        while pool.line.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        tokio::time::advance(LONGEST_WAIT + Duration::from_secs(1)).await;
        assert_eq!(waiting.await.unwrap(), Err(Error::Unavailable));
        tokio::time::advance(LONGEST_WORK).await;
        assert!(matches!(endless.await.unwrap(), Err(Error::BadRequest(_))));
        has_ended.await.expect("it ends by itself");
        pool.turn().await.unwrap();
    }

    #[tokio::test]
    async fn work_elsewhere_keeps_its_slot_until_it_ends_even_if_its_client_disconnects() {
        let pool = Work::new(1, 0);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
        let client = tokio::spawn({
            let pool = pool.clone();
            async move {
                let work = async move {
                    let _ = begun.send(());
                    let _ = wait.await;
                    Ok(1)
                };
                pool.run_elsewhere(work).await
            }
        });
        has_begun.await.unwrap();
        client.abort();
        assert!(client.await.unwrap_err().is_cancelled());
        assert_eq!(pool.run_elsewhere(async { Ok(2) }).await, Err(Error::Unavailable));
        go_on.send(()).unwrap();
        while pool.line.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run_elsewhere(async { Ok(3) }).await, Ok(3));
    }

    #[tokio::test(start_paused = true)]
    async fn work_elsewhere_that_times_out_or_panics_frees_its_slot() {
        async fn panics() -> Result<i32, Error> {
            panic!("on purpose")
        }
        let pool = Work::new(1, 0);
        let endless = std::future::pending::<Result<i32, Error>>();
        assert_eq!(pool.run_elsewhere(endless).await, Err(Error::Unavailable));
        assert_eq!(pool.run_elsewhere(panics()).await, Err(Error::Internal));
        assert_eq!(pool.run_elsewhere(async { Ok(1) }).await, Ok(1));
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_slot() {
        let pool = Work::new(1, 0);
        let panics = |_: &AtomicBool| -> i32 { panic!("on purpose") };
        assert!(matches!(pool.run(panics).await, Err(Error::BadRequest(_))));
        assert_eq!(pool.run(|_| 2).await, Ok(2));
    }
}
