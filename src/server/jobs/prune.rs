//! Deletes expired data.

use tidemark_counting::ViewError;
use tidemark_counting::flush::LEDGER_KEEPS;
use tidemark_counting::store::ViewStore;
use tidemark_counting::visitor::day_of;

use super::super::accounts::DEVICE_LASTS;
use super::super::db::{AnyDatabase, sessions};
use super::{Jobs, Summary};

impl Jobs {
    /// Prunes once: deletes expired windows, sessions, invitations and known browsers, old ledger
    /// batches, and the salts of all days but today and yesterday (rule C3), from the stores' files
    /// too.
    ///
    /// # Errors
    /// Any database error. The next run deletes the rest.
    pub(super) async fn prune(&self) -> Result<Summary, ViewError> {
        let now = self.clock.now_ms();
        let mut did = Vec::new();
        let mut tell = |count: u64, what: &str| {
            if count > 0 {
                did.push(format!("{count} {what}"));
            }
        };
        match &self.store {
            ViewStore::Sqlite(store) => {
                // Prune sessions first: the store's prune then removes all deleted data from the
                // file.
                if let AnyDatabase::Sqlite(database) = self.database.any() {
                    tell(sessions::prune(database, now).await?, "sessions");
                }
                let pruned = store.prune(day_of(now) - 1).await?;
                tell(pruned.seen, "windows");
                tell(pruned.salts, "salts");
            }
            ViewStore::Redis(store) => {
                tell(store.ledger.prune(now - LEDGER_KEEPS).await?, "batches of the ledger");
                // Redis expires sessions by itself.
                tell(store.prune().await?, "windows");
                store.destroy_salts().await?;
            }
        }
        tell(self.database.prune_invitations(now).await?, "invitations");
        tell(self.database.prune_devices(now - DEVICE_LASTS).await?, "known browsers");
        Ok((!did.is_empty()).then(|| format!("Deleted {}.", did.join(", "))))
    }
}
