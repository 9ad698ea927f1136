//! Moves views from Redis to SQL.

use tidemark_counting::ViewError;
use tidemark_counting::flush::{Flushed, Flusher};
use tidemark_counting::store::ViewStore;

use super::{Job, Jobs, Summary};

impl Jobs {
    /// Flushes once. Does nothing in the embedded profile, which writes each view to SQL directly.
    ///
    /// # Errors
    /// [`ViewError::Store`]; nothing is lost.
    pub async fn flush(&self) -> Result<Flushed, ViewError> {
        match &self.store {
            ViewStore::Sqlite(_) => Ok(Flushed::default()),
            ViewStore::Redis(store) => {
                store.register_origin().await?;
                Flusher::new(store.clone(), self.clock.clone()).step().await
            }
        }
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
