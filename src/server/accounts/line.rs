//! Who waits for a password to be hashed. Each hash takes a core and 19 MiB for a moment, so there
//! are few places, and nobody gets all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many may wait, the one whose turn it is included.
const PLACES: usize = 16;

/// How many of these whoever is not known may have: there is always room for somebody who is signed
/// in, or in a browser that is known.
const FOR_STRANGERS: usize = 12;

/// How many of these one network may have.
const FOR_NETWORK: usize = 6;

/// Who wants a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Somebody who is signed in, or in a browser that is known.
    Known,
    /// Anybody; a hash of the network.
    Stranger(u64),
}

/// The places. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Line {
    places: Arc<Semaphore>,
    for_strangers: Arc<Semaphore>,
    by_network: ByNetwork,
}

type ByNetwork = Arc<Mutex<HashMap<u64, usize>>>;

/// A place in the line, which is left when this is dropped.
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
    /// How many places are taken.
    pub fn taken(&self) -> usize {
        PLACES.saturating_sub(self.places.available_permits())
    }

    /// A place in the line; `None` if there is none for such a one.
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
        // An entry that was just made is never full, so none is left behind.
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

    /// As many places as there are.
    fn all(line: &Line, who: impl Fn(u64) -> Who) -> Vec<Place> {
        (0..).map_while(|number| line.enter(who(number))).collect()
    }

    #[test]
    fn one_network_takes_no_more_than_its_part_and_strangers_leave_room_for_those_who_are_known() {
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
        assert_eq!(line.by_network.lock().unwrap().len(), 0, "nothing is left of who has gone");
        assert_eq!(all(&line, |_| Who::Stranger(7)).len(), FOR_NETWORK);
        assert_eq!(
            all(&line, |_| Who::Known).len(),
            PLACES,
            "places that were refused are not lost"
        );
    }
}
