//! The current time, passed in as a value so that tests can control it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// A source of the current time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when a test moves it. Milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A manual clock that starts at `start`.
    pub fn manual(start: Timestamp) -> Self {
        Clock::Manual(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// The time in milliseconds since 1970-01-01T00:00:00Z, the format used by every table.
    pub fn now_ms(&self) -> i64 {
        match self {
            #[allow(
                clippy::disallowed_methods,
                reason = "the one place that reads the machine's clock"
            )]
            Clock::System => Timestamp::now().as_millisecond(),
            Clock::Manual(time) => time.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward. Does nothing to the system clock.
    pub fn advance(&self, by: std::time::Duration) {
        if let Clock::Manual(time) = self {
            time.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}
