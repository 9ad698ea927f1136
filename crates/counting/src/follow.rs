//! Keeps this process's copy of the dedup log fresh, so that a page can tell whether a view would
//! count (rule C6): after a restart, after midnight, and while other replicas count.

use std::time::Duration;

use futures_util::future::join;
use tokio_util::sync::CancellationToken;

use super::identifier::Identifier;
use super::store::ViewStore;

/// How often the log is polled. A page lags behind other replicas by up to this long.
const INTERVAL: Duration = Duration::from_secs(1);

/// Polls the store in the background. No page waits for it.
#[derive(Debug)]
pub struct Follower {
    identifier: Identifier,
    store: ViewStore,
    is_failing: bool,
}

impl Follower {
    /// Creates a follower that fills the caches which `identifier` and `store` share with their
    /// clones.
    pub fn new(identifier: Identifier, store: ViewStore) -> Self {
        Self { identifier, store, is_failing: false }
    }

    /// Reads what is new, once, and forgets old salts. Returns false if that failed, or if the
    /// store is unavailable, in which case it is not asked. Of several failures in a row, only the
    /// first is logged.
    pub async fn step(&mut self) -> bool {
        self.identifier.forget_old_salts();
        if self.store.is_away() {
            return false;
        }
        let (salts, log) = join(self.identifier.catch_up(), self.store.catch_up()).await;
        let result = salts.and(log);
        if let Err(error) = &result
            && !self.is_failing
        {
            tracing::warn!(error = %error, "can't read the dedup log; pages may show a +1 that is taken back");
        }
        self.is_failing = result.is_err();
        result.is_ok()
    }

    /// Polls until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            if stop.run_until_cancelled(self.step()).await.is_none() {
                return;
            }
        }
    }
}
