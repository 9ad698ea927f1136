//! How long a slow client is waited for: its time budget.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Limits;
use super::activity::Activity;

/// The rate at which a client must send or receive to be waited for indefinitely, in bytes per
/// second.
const SLOWEST: u64 = 1024;

/// How many steps the shorter of the two timeouts is divided into; the clock is read once per step.
const STEPS: u32 = 10;

/// A client's time budget.
pub(super) struct Credit {
    limits: Limits,
    left: Duration,
    moved: usize,
}

impl Credit {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, left: limits.timeout, moved: 0 }
    }

    /// How often the budget is checked.
    pub(super) fn step(&self) -> Duration {
        self.limits.timeout.min(self.limits.keep_alive) / STEPS
    }

    /// Charges the client for the time since the last check. Returns whether there is time left.
    pub(super) fn charge(&mut self, activity: &Activity) -> bool {
        let Limits { timeout, keep_alive, .. } = self.limits;
        let moved = activity.moved.load(Ordering::Relaxed);
        let bytes = moved.wrapping_sub(self.moved);
        self.moved = moved;
        let mut idle_steps = 0;
        if activity.is_idle() && bytes == 0 {
            self.left = timeout;
            idle_steps = activity.idle_steps.load(Ordering::Relaxed).saturating_add(1);
        } else {
            self.left = if activity.is_busy() || activity.is_idle() {
                timeout
            } else {
                // Bytes of a head earn no time: it is so small that a client has no reason to be
                // slow.
                let bytes = if activity.waits_for_request() {
                    0
                } else {
                    u64::try_from(bytes).unwrap_or(u64::MAX)
                };
                let earned = Duration::from_millis(bytes.saturating_mul(1000) / SLOWEST);
                timeout.min(self.left.saturating_add(earned)).saturating_sub(self.step())
            };
        }
        activity.idle_steps.store(idle_steps, Ordering::Relaxed);
        activity.is_late.store(self.left < timeout / 2, Ordering::Relaxed);
        !self.left.is_zero() && self.step().saturating_mul(idle_steps) < keep_alive
    }
}
