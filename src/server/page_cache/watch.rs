//! Notices what changed without this process doing it: another process wrote, or an article's time came.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::server::clock::Clock;
use crate::server::db::Database;
use crate::server::db::content_version::StoredContent;

/// How often SQL is asked. Together with [`PATIENCE`] it stays below the second after which every replica shows a change.
const INTERVAL: Duration = Duration::from_millis(400);

/// How long SQL may take to answer. While it is away pages stay as they are.
const PATIENCE: Duration = Duration::from_millis(500);

/// Compares the version in SQL with the one that it saw last.
#[derive(Debug)]
pub struct Watch {
    database: Database,
    clock: Clock,
    seen: Option<StoredContent>,
}

impl Watch {
    /// One that has seen nothing yet.
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock, seen: None }
    }

    /// Looks once, and raises the version in memory if something has changed. Says whether it has.
    ///
    /// # Errors
    /// The database's; then the next step looks again.
    pub async fn step(&mut self) -> sqlx::Result<bool> {
        let now = self.clock.now_ms();
        let stored = self.database.stored_content(now).await?;
        let has_changed = self.seen.is_none_or(|seen| {
            seen.version != stored.version || seen.next_publication.is_some_and(|publication| publication <= now)
        });
        if has_changed {
            self.database.content_version().change();
        }
        self.seen = Some(stored);
        Ok(has_changed)
    }

    /// Looks again and again until `stop` is cancelled.
    pub async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
            if let Ok(Err(error)) = tokio::time::timeout(PATIENCE, self.step()).await {
                tracing::debug!(error = %error, "SQL can't say whether something has changed");
            }
        }
    }
}
