//! Whether the database is down, as reported by whoever watches it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Whether the database is down. Cheap to clone; clones share the state.
#[derive(Clone, Debug, Default)]
pub struct Outage(Arc<watch::Sender<Seen>>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    is_away: bool,
    /// When the last outage ended.
    ended_at: Option<Instant>,
}

impl Outage {
    /// Whether the database is down.
    pub fn is_now(&self) -> bool {
        self.0.borrow().is_away
    }

    /// Records whether it is down. Returns true if that changed.
    pub fn set(&self, is_away: bool) -> bool {
        self.0.send_if_modified(|seen| {
            let was_away = std::mem::replace(&mut seen.is_away, is_away);
            if was_away && !is_away {
                seen.ended_at = Some(Instant::now());
            }
            was_away != is_away
        })
    }

    /// Waits until the database is down.
    pub async fn begins(&self) {
        // The sender is in `self`, so it can't be gone.
        let _ = self.0.subscribe().wait_for(|seen| seen.is_away).await;
    }

    /// Whether a connection of this `age` was opened before the last outage ended. Such a
    /// connection may be dead without the client knowing.
    pub fn is_older(&self, age: Duration) -> bool {
        self.0.borrow().ended_at.is_some_and(|ended_at| age > ended_at.elapsed())
    }

    /// Fails at once while the database is down, so that nobody waits for it.
    ///
    /// # Errors
    /// An I/O error of the kind `TimedOut`. The caller may retry.
    pub fn refuse(&self) -> sqlx::Result<()> {
        match self.is_now() {
            true => Err(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                "the database does not answer",
            )
            .into()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_reported_once_and_connections_from_before_its_end_are_known() {
        let (outage, hour) = (Outage::default(), Duration::from_secs(3600));
        assert!(!outage.set(false) && outage.refuse().is_ok());
        assert!(!outage.is_older(hour), "there was none");
        assert!(outage.set(true) && !outage.set(true));
        assert!(outage.is_now() && outage.refuse().is_err());
        assert!(outage.set(false));
        assert!(!outage.is_now() && outage.refuse().is_ok());
        assert!(outage.is_older(hour) && !outage.is_older(Duration::ZERO));
    }
}
