//! The current time, passed in as a value so that tests can control it.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z: the format used by every table.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    sqlx::Type,
)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// The second it is in, since 1970.
    pub fn second(self) -> i64 {
        self.0.div_euclid(1_000)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Add<i64> for Millis {
    type Output = Self;

    /// The time this many milliseconds later, or the last one that there is.
    fn add(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

impl Sub<i64> for Millis {
    type Output = Self;

    /// The time this many milliseconds earlier, or the first one that there is.
    fn sub(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_sub(milliseconds))
    }
}

impl Sub for Millis {
    type Output = i64;

    /// The milliseconds from `earlier` to this time, as far as they can be counted.
    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

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

    /// The time.
    pub fn now(&self) -> Millis {
        Millis(match self {
            #[allow(
                clippy::disallowed_methods,
                reason = "the one place that reads the machine's clock"
            )]
            Clock::System => Timestamp::now().as_millisecond(),
            Clock::Manual(time) => time.load(Ordering::SeqCst),
        })
    }

    /// Moves a manual clock forward. Does nothing to the system clock.
    pub fn advance(&self, by: std::time::Duration) {
        if let Clock::Manual(time) = self {
            time.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}
