//! Whether the database answers, as its watch sees it (`server/page_cache/watch.rs`).

use std::sync::Arc;

use tokio::sync::watch;

/// Whether the database is away. Cheap to clone; clones are one.
#[derive(Clone, Debug)]
pub struct Outage(Arc<watch::Sender<bool>>);

impl Default for Outage {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Outage {
    /// Whether the database is away.
    pub fn is_now(&self) -> bool {
        *self.0.borrow()
    }

    /// Says whether it is away. True if that is news.
    pub fn set(&self, is_away: bool) -> bool {
        self.0.send_if_modified(|was_away| std::mem::replace(was_away, is_away) != is_away)
    }

    /// Returns when it is away.
    pub async fn begins(&self) {
        // The sender is in `self`, so it can't be gone.
        let _ = self.0.subscribe().wait_for(|is_away| *is_away).await;
    }
}
