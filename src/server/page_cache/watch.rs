//! Notices changes that this process does not make itself: another process writes, a scheduled
//! article is due, or the database becomes unavailable.

use std::time::Duration;

use tidemark_store::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::server::db::content_version::{ContentWatch, StoredContent};
use crate::server::db::{Database, is_unavailable};

/// How often SQL is polled.
const INTERVAL: Duration = Duration::from_millis(250);

/// The version of the views from elsewhere before they were ever read. In SQL it begins with 0.
const NOT_LOADED: i64 = -1;

/// Compares the version in SQL with the one seen last.
#[derive(Debug)]
pub struct Watch {
    watch: ContentWatch,
    clock: Clock,
    seen: Option<StoredContent>,
}

impl Watch {
    /// A watch that has seen nothing yet, so its first step counts as a change.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { watch: ContentWatch::new(database), clock, seen: None }
    }

    /// Polls once, and raises the version in memory if something has changed. Returns whether the
    /// database answered.
    pub async fn step(&mut self) -> bool {
        let now = self.clock.now();
        let stored = self.watch.look(now).await;
        let database = self.watch.database();
        // A timeout of a SQLite file means that readers hold all connections; refusing everybody
        // would be wrong.
        let is_away = database.can_be_away() && stored.as_ref().is_err_and(is_unavailable);
        match database.outage().set(is_away) {
            true if is_away => {
                tracing::error!("the database does not answer; pages are served as they were last");
            }
            true => tracing::info!("the database answers again"),
            false => {}
        }
        let mut stored = match stored {
            Ok(stored) => stored,
            Err(error) => {
                tracing::debug!(error = %error, "SQL could not be checked for changes");
                return false;
            }
        };
        let known = self.seen.map(|seen| seen.baselines);
        let mut has_changed = false;
        // Before the version in memory grows, so that no page of the new one lacks them.
        if known != Some(stored.baselines) {
            match database.load_baselines().await {
                Ok(()) => has_changed = true,
                Err(error) => {
                    tracing::warn!(error = %error, "the views from elsewhere could not be read; trying again");
                    stored.baselines = known.unwrap_or(NOT_LOADED);
                }
            }
        }
        has_changed |= self.seen.is_none_or(|seen| {
            seen.version != stored.version
                || seen.next_publication.is_some_and(|publication| publication <= now.0)
        });
        if has_changed {
            database.content_version().change();
        }
        self.seen = Some(stored);
        true
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

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::server::db::AnyDatabase;

    #[tokio::test]
    async fn a_busy_sqlite_file_is_not_taken_for_an_outage() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("blog.db").display());
        let database = Database::open_with(&url, NonZeroU32::new(1)).await.unwrap();
        let mut watch = Watch::new(database.clone(), Clock::System);
        assert!(watch.step().await);
        let AnyDatabase::Sqlite(file) = database.any() else { panic!("not a file") };
        let held = file.reader().acquire().await.unwrap();
        // Paused time skips ahead once all tasks are idle, so waiting for a connection times out at
        // once.
        tokio::time::pause();
        assert!(!watch.step().await, "there is no connection");
        assert!(!database.outage().is_now());
        tokio::time::resume();
        drop(held);
        assert!(watch.step().await);
    }
}
