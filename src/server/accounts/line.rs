//! The queue for hashing passwords. Each hash takes a core and 19 MiB for a moment, so the queue is
//! short, and neither strangers nor one network can fill it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Capacity of the queue, including the caller whose password is being hashed.
const PLACES: usize = 16;

/// How many places strangers may take, so that there is always room for users who are signed in or
/// on a known device.
const FOR_STRANGERS: usize = 12;

/// How many places one network may take.
const FOR_NETWORK: usize = 6;

/// Who asks for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user who is signed in, or on a known device.
    Known,
    /// Anyone else. The value is a hash of the network.
    Stranger(u64),
}

/// The queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Line {
    places: Arc<Semaphore>,
    for_strangers: Arc<Semaphore>,
    by_network: ByNetwork,
}

type ByNetwork = Arc<Mutex<HashMap<u64, usize>>>;

/// A place in the queue, which is freed on drop.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _stranger: Option<(OwnedSemaphorePermit, OfNetwork)>,
}

#[derive(Debug)]
struct OfNetwork {
    network: u64,
    by_network: ByNetwork,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            for_strangers: Arc::new(Semaphore::new(FOR_STRANGERS)),
            by_network: Arc::default(),
        }
    }
}

impl Line {
    /// Returns how many places are taken.
    pub fn taken(&self) -> usize {
        PLACES.saturating_sub(self.places.available_permits())
    }

    /// Takes a place in the queue; `None` if it is full for this caller.
    pub fn enter(&self, who: Who) -> Option<Place> {
        let stranger = match who {
            Who::Known => None,
            Who::Stranger(network) => Some((
                self.for_strangers.clone().try_acquire_owned().ok()?,
                self.enter_of_network(network)?,
            )),
        };
        Some(Place { _place: self.places.clone().try_acquire_owned().ok()?, _stranger: stranger })
    }

    fn enter_of_network(&self, network: u64) -> Option<OfNetwork> {
        let mut by_network = self.by_network.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = by_network.entry(network).or_insert(0);
        // A new entry is below the limit, so returning here never leaves an empty one behind.
        if *waiting >= FOR_NETWORK {
            return None;
        }
        *waiting += 1;
        Some(OfNetwork { network, by_network: self.by_network.clone() })
    }
}

impl Drop for OfNetwork {
    fn drop(&mut self) {
        let mut by_network = self.by_network.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = by_network.get_mut(&self.network) {
            *waiting -= 1;
            if *waiting == 0 {
                by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes places until the queue is full.
    fn all(line: &Line, who: impl Fn(u64) -> Who) -> Vec<Place> {
        (0..).map_while(|number| line.enter(who(number))).collect()
    }

    #[test]
    fn one_network_gets_only_its_share_and_strangers_leave_room_for_known_browsers() {
        let line = Line::default();
        let of_one = all(&line, |_| Who::Stranger(7));
        assert_eq!(of_one.len(), FOR_NETWORK);
        let of_others = all(&line, Who::Stranger);
        assert_eq!(of_one.len() + of_others.len(), FOR_STRANGERS);
        let known = all(&line, |_| Who::Known);
        assert_eq!(known.len(), PLACES - FOR_STRANGERS);
        drop(known);
        assert!(line.enter(Who::Stranger(100)).is_none());
        assert!(line.enter(Who::Known).is_some());
        drop((of_one, of_others));
        assert_eq!(
            line.by_network.lock().unwrap().len(),
            0,
            "disconnected clients leave nothing behind"
        );
        assert_eq!(all(&line, |_| Who::Stranger(7)).len(), FOR_NETWORK);
        assert_eq!(all(&line, |_| Who::Known).len(), PLACES, "refused slots are not lost");
    }
}
