//! Moves views from Redis to SQL.

use tidemark_counting::ViewError;
use tidemark_counting::flush::Flushed;

use super::{Job, Jobs, Summary};

impl Jobs {
    /// Flushes once. Does nothing in the embedded profile, which writes each view to SQL directly.
    ///
    /// # Errors
    /// [`ViewError::Store`]; nothing is lost.
    pub async fn flush(&self) -> Result<Flushed, ViewError> {
        self.store.flush(&self.clock).await
    }

    /// Whether views wait for a flush at all. They don't in the embedded profile.
    pub fn needs_flush(&self) -> bool {
        self.store.needs_flush()
    }

    /// The final flush at shutdown. Does nothing if `jobs.flush` is off.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn last_flush(&self) -> Result<Summary, String> {
        if self.settings.flush.is_off() {
            return Ok(None);
        }
        self.step(Job::Flush).await
    }
}
