//! How many views were not counted, by reason, for the page about counting.
//!
//! No count depends on these sums, so they are gathered in memory and written together. A process
//! that dies loses what it has not written yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidemark_counting::Day;
use tidemark_counting::visitor::day_of;
use tidemark_store::clock::Clock;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::db::Database;
use crate::model::view::Reason;

/// How often the sums are written.
const INTERVAL: Duration = Duration::from_secs(10);

/// Gathers the sums. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uncounted {
    database: Database,
    clock: Clock,
    /// What is not written yet.
    pending: Arc<Mutex<HashMap<Reason, i64>>>,
}

impl Uncounted {
    /// Keeps the sums in `database`.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, pending: Arc::default() }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<Reason, i64>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a view.
    pub fn add(&self, reason: Reason) {
        *self.pending().entry(reason).or_default() += 1;
    }

    /// How many views were not counted, by reason, and since which day. Other processes have up to
    /// ten seconds' views that are not in it.
    ///
    /// # Errors
    /// Database errors.
    pub async fn sums(&self) -> sqlx::Result<(Vec<(Reason, i64)>, Day)> {
        let stored = self.database.uncounted().await?;
        let days = stored.iter().map(|(_, _, day)| *day);
        let since = days.min().unwrap_or_else(|| day_of(self.clock.now()));
        let pending = self.pending();
        let sum = |reason: Reason| {
            let stored = stored.iter().filter(|(name, ..)| name == reason.name());
            let stored: i64 = stored.map(|(_, views, _)| views).sum();
            (reason, stored + pending.get(&reason).copied().unwrap_or_default())
        };
        Ok((Reason::ALL.map(sum).to_vec(), since))
    }

    /// Writes what is pending. What could not be written stays pending.
    ///
    /// # Errors
    /// Database errors.
    pub async fn step(&self) -> sqlx::Result<()> {
        let taken = std::mem::take(&mut *self.pending());
        if taken.is_empty() {
            return Ok(());
        }
        let written = self.database.add_uncounted(day_of(self.clock.now()), &taken).await;
        if written.is_err() {
            let mut pending = self.pending();
            for (reason, views) in taken {
                *pending.entry(reason).or_default() += views;
            }
        }
        written
    }

    /// Writes every ten seconds until `stop` is cancelled, and once more then.
    pub async fn run(self, stop: CancellationToken) {
        let mut steps = tokio::time::interval(INTERVAL);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_last = stop.run_until_cancelled(steps.tick()).await.is_none();
            // Others report that the database does not answer.
            if let Err(error) = self.step().await {
                tracing::debug!(error = %error, "the sums of views that were not counted could not be written");
            }
            if is_last {
                return;
            }
        }
    }
}
