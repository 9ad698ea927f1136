//! What a process knows of Kafka, for `/readyz`, `/metrics` and the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What happened since this process started, and whether Kafka answers. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    relayed: AtomicU64,
    read: AtomicU64,
    known: AtomicU64,
    skipped: AtomicU64,
    direct: AtomicU64,
    replays: AtomicU64,
    lag: AtomicU64,
    away: Mutex<Away>,
}

#[derive(Debug, Default)]
struct Away {
    is_known: bool,
    sending: Option<(String, Instant)>,
    reading: Option<String>,
}

/// A part of the work, which may work while the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Sending,
    Reading,
}

/// The numbers of a [`Status`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Records that were sent and that Kafka has.
    pub relayed: u64,
    /// Records that were read and whose transaction was committed.
    pub read: u64,
    /// Records among these whose batch SQL had already.
    pub known: u64,
    /// Records among these that could not be read as a batch.
    pub skipped: u64,
    /// Batches that went to SQL directly, although they should have gone through Kafka.
    pub direct: u64,
    /// How often the log was read from its start, because it was another one.
    pub replays: u64,
    /// Records that are in the log and were not read when the consumer last looked.
    pub lag: u64,
}

impl Status {
    /// The numbers now.
    pub fn numbers(&self) -> Numbers {
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Numbers {
            relayed: of(&self.0.relayed),
            read: of(&self.0.read),
            known: of(&self.0.known),
            skipped: of(&self.0.skipped),
            direct: of(&self.0.direct),
            replays: of(&self.0.replays),
            lag: of(&self.0.lag),
        }
    }

    /// Whether this process has tried to use Kafka.
    pub fn is_known(&self) -> bool {
        self.away().is_known
    }

    /// Why Kafka can't be used now, as far as this process has noticed.
    pub fn obstacle(&self) -> Option<String> {
        let away = self.away();
        away.sending.as_ref().map(|(why, _)| why.clone()).or_else(|| away.reading.clone())
    }

    pub(crate) fn relayed(&self) {
        self.0.relayed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, read: u64, known: u64, skipped: u64) {
        self.0.read.fetch_add(read, Ordering::Relaxed);
        self.0.known.fetch_add(known, Ordering::Relaxed);
        self.0.skipped.fetch_add(skipped, Ordering::Relaxed);
    }

    pub(crate) fn direct(&self, batches: u64) {
        self.0.direct.fetch_add(batches, Ordering::Relaxed);
    }

    pub(crate) fn replay(&self) {
        self.0.replays.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_lag(&self, records: i64) {
        self.0.lag.store(u64::try_from(records).unwrap_or(0), Ordering::Relaxed);
    }

    /// Why sending does not work, if it was tried within `lately`.
    pub(crate) fn could_not_send(&self, lately: Duration) -> Option<String> {
        let away = self.away();
        away.sending
            .as_ref()
            .filter(|(_, tried_at)| tried_at.elapsed() < lately)
            .map(|(why, _)| why.clone())
    }

    /// Notes that one side works, or why it does not. Logs changes.
    pub(crate) fn note(&self, side: Side, obstacle: Option<&str>) {
        let mut away = self.away();
        away.is_known = true;
        let before = match side {
            Side::Sending => {
                let new = obstacle.map(|why| (why.to_owned(), Instant::now()));
                std::mem::replace(&mut away.sending, new).map(|(why, _)| why)
            }
            Side::Reading => std::mem::replace(&mut away.reading, obstacle.map(str::to_owned)),
        };
        drop(away);
        let what = match side {
            Side::Sending => "sending",
            Side::Reading => "reading",
        };
        match (before, obstacle) {
            (None, Some(why)) => tracing::error!(
                what,
                reason = why,
                "Kafka can't be used; batches go to SQL directly until it is back"
            ),
            (Some(_), None) => tracing::info!(what, "Kafka can be used again"),
            _ => {}
        }
    }

    fn away(&self) -> MutexGuard<'_, Away> {
        self.0.away.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafka_is_away_until_both_sides_work() {
        let status = Status::default();
        assert_eq!((status.obstacle(), status.is_known()), (None, false));
        status.note(Side::Reading, Some("silence"));
        status.note(Side::Sending, Some("refused"));
        assert_eq!(status.obstacle().as_deref(), Some("refused"));
        assert!(status.could_not_send(Duration::from_secs(60)).is_some());
        assert!(status.could_not_send(Duration::ZERO).is_none(), "it is time to try again");
        status.note(Side::Sending, None);
        assert_eq!(status.obstacle().as_deref(), Some("silence"));
        status.note(Side::Reading, None);
        assert_eq!((status.obstacle(), status.is_known()), (None, true));
    }
}
