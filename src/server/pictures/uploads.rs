//! How many uploads are received at the same time. A file is in memory until it is stored, and a
//! client may send it as slowly as it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidemark_counting::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many uploads are received at once, each of up to 10 MiB.
const AT_A_TIME: usize = 16;

/// How many of them may be of one user.
const OF_A_USER: usize = 2;

/// How long an upload may take. 10 MiB do over a line of 300 kbit/s.
pub const LONGEST_UPLOAD: Duration = Duration::from_secs(5 * 60);

/// The uploads that are being received. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    places: Arc<Semaphore>,
    by_user: ByUser,
}

type ByUser = Arc<Mutex<HashMap<UserId, usize>>>;

/// The place of an upload, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    user: UserId,
    by_user: ByUser,
    _place: OwnedSemaphorePermit,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_A_TIME)), by_user: Arc::default() }
    }
}

impl Uploads {
    /// A place for an upload of `user`; `None` if there is none, for this user or for anybody.
    pub fn begin(&self, user: UserId) -> Option<Place> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        let own = by_user.entry(user).or_insert(0);
        // A new entry is below the limit, so returning here never leaves an empty one behind.
        if *own >= OF_A_USER {
            return None;
        }
        *own += 1;
        Some(Place { user, by_user: self.by_user.clone(), _place: place })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_user = self.by_user.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = by_user.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_all_users_together_have_a_limited_number_of_uploads() {
        let uploads = Uploads::default();
        let mut own: Vec<_> = (0..OF_A_USER).map(|_| uploads.begin(UserId(0)).unwrap()).collect();
        assert!(uploads.begin(UserId(0)).is_none(), "others may still begin");
        let others = 1..i64::try_from(1 + AT_A_TIME - OF_A_USER).unwrap();
        let others: Vec<_> = others.map(|user| uploads.begin(UserId(user)).unwrap()).collect();
        assert!(uploads.begin(UserId(99)).is_none(), "there is no memory for more");
        own.pop();
        assert!(uploads.begin(UserId(0)).is_some());
        drop((own, others));
        assert!(uploads.by_user.lock().unwrap().is_empty(), "nothing is kept");
    }
}
