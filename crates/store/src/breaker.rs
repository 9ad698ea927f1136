//! A circuit breaker for stores that are slow or down.
//!
//! A caller that gets no answer in time reports it with [`Breaker::note`]. That opens the breaker
//! and starts one task that probes the store. Meanwhile no other caller waits: those that can do
//! without the store go on, the others fail at once. The task closes the breaker when the store is
//! back, so no request pays for the probing. While the store is healthy, no timer runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The pause between two probes. A recovered store is used again within this plus the timeout of a
/// probe.
const PAUSE: Duration = Duration::from_millis(100);

/// The health of a store, ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It answers in time.
    Well,
    /// It answers late, or a request timed out and the probe has not run yet. Callers that can do
    /// without the store skip it; the others still ask.
    Slow,
    /// It does not answer. Only the probe asks it.
    Away,
}

/// What is known about a store. Clones share it.
#[derive(Clone, Debug)]
pub struct Breaker {
    store: &'static str,
    state: Arc<Mutex<State>>,
}

impl Breaker {
    /// A breaker for a store that is assumed healthy. `store` is its name in the log.
    pub fn new(store: &'static str) -> Self {
        Self { store, state: Arc::new(Mutex::new(State::Well)) }
    }

    /// The store's current state.
    pub fn state(&self) -> State {
        *self.lock()
    }

    /// Whether asking the store is pointless.
    pub fn is_away(&self) -> bool {
        self.state() == State::Away
    }

    /// Reports that the store is `Slow` or `Away`. Unless a task is already probing, this starts
    /// one that calls `probe` until it returns `Well`.
    pub fn note<P, F>(&self, state: State, probe: P)
    where
        P: Fn() -> F + Send + 'static,
        F: Future<Output = State> + Send + 'static,
    {
        let before = {
            let mut known = self.lock();
            let worse = known.max(state);
            std::mem::replace(&mut *known, worse)
        };
        if before != State::Well || state == State::Well {
            return;
        }
        let breaker = self.clone();
        tokio::spawn(async move {
            let (since, mut logged) = (Instant::now(), State::Well);
            loop {
                let state = probe().await;
                if state != logged {
                    breaker.log(state, since);
                    logged = state;
                }
                *breaker.lock() = state;
                if state == State::Well {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, state: State, since: Instant) {
        let (store, seconds) = (self.store, since.elapsed().as_secs_f64());
        match state {
            State::Well => tracing::info!(store, seconds, "a store has recovered"),
            State::Slow => {
                tracing::warn!(store, seconds, "a store is slow; what can do without it skips it");
            }
            State::Away => tracing::error!(
                store,
                seconds,
                "a store does not answer; it is probed until it is back"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paused time: the clock jumps ahead whenever every task is waiting.
    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(test);
    }

    /// A store in whatever state the test sets. It counts the probes, and how many run at once.
    #[derive(Clone, Debug)]
    struct Store {
        state: Arc<Mutex<State>>,
        asked: Arc<Mutex<(usize, usize)>>,
    }

    impl Store {
        fn new(state: State) -> Self {
            Self { state: Arc::new(Mutex::new(state)), asked: Arc::default() }
        }

        fn note(&self, breaker: &Breaker, state: State) {
            let this = self.clone();
            breaker.note(state, move || {
                let this = this.clone();
                async move {
                    {
                        let mut asked = this.asked.lock().unwrap();
                        assert_eq!(asked.1, 0, "two probe at once");
                        *asked = (asked.0 + 1, 1);
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    this.asked.lock().unwrap().1 = 0;
                    *this.state.lock().unwrap()
                }
            });
        }
    }

    #[test]
    fn only_one_task_probes_a_store_however_many_notice_that_it_is_down() {
        run(async {
            let (breaker, store) = (Breaker::new("test"), Store::new(State::Away));
            for _ in 0..64 {
                store.note(&breaker, State::Away);
            }
            assert!(breaker.is_away());
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert!(breaker.is_away());
            let asked = store.asked.lock().unwrap().0;
            assert!((50..=100).contains(&asked), "{asked}");
            *store.state.lock().unwrap() = State::Well;
            tokio::time::sleep(Duration::from_millis(150)).await;
            assert_eq!(breaker.state(), State::Well);
            let asked = store.asked.lock().unwrap().0;
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(store.asked.lock().unwrap().0, asked, "a healthy store is not probed");
            // The next outage starts over.
            store.note(&breaker, State::Slow);
            assert_eq!(breaker.state(), State::Slow);
        });
    }

    #[test]
    fn a_report_can_only_worsen_the_state_and_only_the_probe_improves_it() {
        run(async {
            let (breaker, store) = (Breaker::new("test"), Store::new(State::Slow));
            store.note(&breaker, State::Away);
            store.note(&breaker, State::Slow);
            assert_eq!(breaker.state(), State::Away);
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(breaker.state(), State::Slow, "the state that the probe found");
        });
    }
}
