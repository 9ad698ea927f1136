//! Makes backups.

use std::path::Path;

use super::super::backup::{BackupError, back_up, delete_old, file_name};
use super::{Job, Jobs, Summary};

impl Jobs {
    /// Makes a backup in the folder of the settings, and deletes the oldest ones there.
    ///
    /// # Errors
    /// [`BackupError`]
    pub(super) async fn scheduled_backup(&self) -> Result<Summary, BackupError> {
        let folder = &self.backup.folder;
        let made = self.back_up(&folder.join(file_name(self.clock.now()))).await?;
        let deleted = match delete_old(folder, self.backup.keep)? {
            0 => String::new(),
            deleted => format!(" Deleted {deleted} older ones."),
        };
        Ok(Some(format!("{made}{deleted}")))
    }

    /// Flushes, and then writes a backup to the file `path`. Says what is in it.
    async fn back_up(&self, path: &Path) -> Result<String, BackupError> {
        // What was acknowledged before a backup is in it, if Redis answers.
        let without = match self.flush_all().await {
            Ok(flushed) if flushed.waiting + flushed.travelling == 0 => "",
            Ok(_) => " Views that Redis has not synced yet are not in it.",
            Err(error) => {
                tracing::warn!(error = %error, "a backup is made without the views in Redis");
                " Redis does not answer, so views that wait there are not in it."
            }
        };
        let made = back_up(&self.database, &self.pictures, &self.clock, path).await?;
        Ok(format!("Backed up {made} to {}.{without}", path.display()))
    }

    /// Makes a backup at `path`, and notes it as a run of [`Job::Backup`].
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn backup_step(&self, path: &Path) -> Result<String, String> {
        self.noted(Job::Backup, self.back_up(path), |made| Some(made.clone())).await
    }
}
