//! Not waiting for a store that does not answer.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// For how long after a failed read no other is tried, in milliseconds.
const RESTS_FOR: i64 = 1_000;

/// A circuit breaker around reads that can be done without. After one that failed or took too long, one caller in a second tries again,
/// and all others go on without. Cheap to clone; clones are one circuit.
#[derive(Clone, Debug)]
pub struct Circuit {
    patience: Duration,
    /// Until when no read is tried, in milliseconds since 1970; 0 while reads succeed.
    rests_until: Arc<AtomicI64>,
}

impl Circuit {
    /// One whose reads may take as long as `patience`.
    pub fn new(patience: Duration) -> Self {
        Self { patience, rests_until: Arc::default() }
    }

    /// Reads, at `now`. `None` if that is not tried now, fails or takes too long.
    pub async fn read<T, E: Display>(&self, now: i64, read: impl Future<Output = Result<T, E>>) -> Option<T> {
        let rests_until = self.rests_until.load(Ordering::Acquire);
        if rests_until != 0 {
            // Whoever is first to see that the rest is over begins the next one and tries.
            let next = now.saturating_add(RESTS_FOR);
            let order = (Ordering::AcqRel, Ordering::Relaxed);
            if now < rests_until || self.rests_until.compare_exchange(rests_until, next, order.0, order.1).is_err() {
                return None;
            }
        }
        let error = match tokio::time::timeout(self.patience, read).await {
            Ok(Ok(answer)) => {
                if rests_until != 0 {
                    self.rests_until.store(0, Ordering::Release);
                }
                return Some(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".into(),
        };
        tracing::warn!(error, "Redis could not be read; going on without");
        self.rests_until.store(now.saturating_add(RESTS_FOR), Ordering::Release);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok() -> std::future::Ready<Result<i32, String>> {
        std::future::ready(Ok(1))
    }

    fn failure() -> std::future::Ready<Result<i32, String>> {
        std::future::ready(Err("away".into()))
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_one_caller_in_a_second_tries_and_nobody_else_waits() {
        let circuit = Circuit::new(Duration::from_millis(100));
        assert_eq!(circuit.read(0, ok()).await, Some(1));
        assert_eq!(circuit.read(1, std::future::pending::<Result<i32, String>>()).await, None, "it took too long");
        assert_eq!(circuit.read(500, ok()).await, None, "nobody asks");
        // The next one asks and waits, and others do not wait with it.
        let probe = circuit.read(1_001, std::future::pending::<Result<i32, String>>());
        let mut probe = std::pin::pin!(probe);
        assert!(futures_util::poll!(&mut probe).is_pending());
        assert_eq!(circuit.read(1_002, ok()).await, None);
        assert_eq!(probe.await, None);
        assert_eq!(circuit.read(1_900, ok()).await, None);
        assert_eq!(circuit.read(2_001, failure()).await, None);
        assert_eq!(circuit.read(3_001, ok()).await, Some(1), "it is back");
        assert_eq!(circuit.read(3_001, ok()).await, Some(1), "for all");
    }
}
