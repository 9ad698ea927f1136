//! What a store needs from time to time: flush, prune, fresh rankings, reconcile. Whoever schedules
//! these steps need not know which store it is.

use std::fmt;

use tidemark_store::clock::{Clock, Millis};

use super::flush::{Flushed, Flusher};
use super::sql::ledger::LEDGER_KEEPS;
use super::sql::pruning::Pruned;
use super::store::{Drift, ViewStore};
use super::visitor::day_of;
use crate::ViewError;

/// The rankings that end with the current hour since a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Those in SQLite.
    All,
    /// Those of this many shards of Redis, which were built.
    Shards(usize),
}

impl fmt::Display for Refreshed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refreshed::All => formatter.write_str("Moved the rankings to the current hour."),
            Refreshed::Shards(built) => {
                write!(formatter, "Built the rankings for {built} shards.")
            }
        }
    }
}

impl ViewStore {
    /// Whether recorded views wait for a flush before SQL has them.
    pub fn needs_flush(&self) -> bool {
        matches!(self, ViewStore::Redis(_))
    }

    /// Moves the waiting views to SQL, once. Does nothing with SQLite, which has each view at once.
    ///
    /// # Errors
    /// [`ViewError::Store`]; nothing is lost.
    pub async fn flush(&self, clock: &Clock) -> Result<Flushed, ViewError> {
        match self {
            ViewStore::Sqlite(_) => Ok(Flushed::default()),
            ViewStore::Redis(store) => {
                store.register_origin().await?;
                Flusher::new(store.clone(), clock.clone()).step().await
            }
        }
    }

    /// Deletes what has expired by `now`: windows, old batches of the
    /// ledger, and the salts of all days but today and yesterday (rule C3), from the stores' files
    /// too.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call deletes the rest.
    pub async fn prune(&self, now: Millis) -> Result<Pruned, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.prune(day_of(now) - 1).await,
            ViewStore::Redis(store) => {
                let batches = store.ledger.prune(now - LEDGER_KEEPS).await?;
                let seen = store.prune().await?;
                // Redis expires the salts; this rewrites the files that still have them.
                store.destroy_salts().await?;
                Ok(Pruned { batches, seen, salts: 0 })
            }
        }
    }

    /// Makes rankings end with the current hour. `None` if they do already.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call refreshes the rest.
    pub async fn refresh_rankings(&self) -> Result<Option<Refreshed>, ViewError> {
        Ok(match self {
            ViewStore::Sqlite(store) => store.refresh_rankings().await?.then_some(Refreshed::All),
            ViewStore::Redis(store) => {
                let built = store.refresh_rankings().await?;
                (built > 0).then_some(Refreshed::Shards(built))
            }
        })
    }

    /// Compares cached counts with their source, corrects them, and returns what differed.
    ///
    /// # Errors
    /// [`ViewError::Store`]. Counts that were not reached stay as they are.
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        match self {
            ViewStore::Sqlite(store) => store.reconcile().await,
            ViewStore::Redis(store) => store.reconcile().await,
        }
    }
}
