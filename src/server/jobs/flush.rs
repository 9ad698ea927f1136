//! Moves views from Redis to SQL.

use tidemark_counting::ViewError;
use tidemark_counting::flush::{Flushed, Flusher};
use tidemark_stream::road::Stream;

use super::{Job, Jobs, Summary};

impl Jobs {
    /// Flushes once. Does nothing in the embedded profile, which writes each view to SQL directly.
    ///
    /// # Errors
    /// [`ViewError::Store`]; nothing is lost.
    pub async fn flush(&self) -> Result<Flushed, ViewError> {
        match self.through_kafka().await? {
            Some((stream, flusher)) => stream.relay().step(&flusher).await,
            None => self.store.flush(&self.clock).await,
        }
    }

    /// Like [`Jobs::flush`], but waits until SQL has everything that was pending, whichever road it
    /// takes.
    pub(super) async fn flush_all(&self) -> Result<Flushed, ViewError> {
        match self.through_kafka().await? {
            Some((stream, flusher)) => stream.flush_all(&flusher).await,
            None => self.store.flush(&self.clock).await,
        }
    }

    /// What a flush through Kafka needs; `None` if views go straight to SQL.
    async fn through_kafka(&self) -> Result<Option<(&Stream, Flusher)>, ViewError> {
        let (Some(stream), Some(store)) = (self.road.stream(), &self.redis) else {
            return Ok(None);
        };
        store.register_origin().await?;
        Ok(Some((stream, Flusher::new(store.clone(), self.clock.clone()))))
    }

    /// Runs [`Job::Flush`] once, like [`Jobs::step`], and waits until SQL has everything that was
    /// pending.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn flush_step(&self) -> Result<Summary, String> {
        Ok(summary(&self.noted(Job::Flush, self.flush_all(), summary).await?))
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
        self.flush_step().await
    }
}

/// What a flush did, as text; `None` if there was nothing to do.
pub(super) fn summary(flushed: &Flushed) -> Summary {
    (*flushed != Flushed::default()).then(|| flushed.to_string())
}
