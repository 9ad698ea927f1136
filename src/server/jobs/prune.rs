//! Deletes expired data.

use tidemark_counting::ViewError;
use tidemark_counting::sql::pruning::Pruned;

use super::super::accounts::DEVICE_LASTS;
use super::super::studio::drafts::FORM_LASTS;
use super::{Jobs, Summary};

impl Jobs {
    /// Prunes once: deletes expired windows, sessions, invitations, known browsers and used forms,
    /// old ledger batches, and the salts of all days but today and yesterday (rule C3), from the
    /// stores' files too.
    ///
    /// # Errors
    /// Any database error. The next run deletes the rest.
    pub(super) async fn prune(&self) -> Result<Summary, ViewError> {
        let now = self.clock.now();
        let mut did = Vec::new();
        let mut tell = |count: u64, what: &str| {
            if count > 0 {
                did.push(format!("{count} {what}"));
            }
        };
        // Prune sessions first: with SQLite, the store's prune then removes all deleted data from
        // the file.
        tell(self.sessions.prune(now).await?, "sessions");
        let Pruned { batches, seen, salts } = self.store.prune(now).await?;
        tell(batches, "ledger entries");
        tell(seen, "windows");
        tell(salts, "salts");
        tell(self.database.prune_invitations(now).await?, "invitations");
        tell(self.database.prune_devices(now - DEVICE_LASTS).await?, "known browsers");
        tell(self.database.prune_used_forms(now - FORM_LASTS).await?, "used forms");
        Ok((!did.is_empty()).then(|| format!("Deleted {}.", did.join(", "))))
    }
}
