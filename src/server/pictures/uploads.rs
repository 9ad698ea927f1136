//! How many uploads are received at the same time. A file is in memory until it is stored, and a
//! client may send it as slowly as it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidemark_counting::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many uploads are received at once, each of up to 10 MiB.
const AT_A_TIME: usize = 16;

/// How many of them may be of one user. The editor uploads all files at once that were dropped.
const OF_A_USER: usize = 4;

/// How long an upload waits for a place. Nothing of its body is read meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long an upload may take: 10 MiB over a line of 300 kbit/s.
pub const LONGEST_UPLOAD: Duration = Duration::from_secs(5 * 60);

/// The uploads that are being received. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Uploads {
    places: Arc<Semaphore>,
    users: Arc<Mutex<HashMap<UserId, Arc<Semaphore>>>>,
}

/// The place of an upload, free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    _place: OwnedSemaphorePermit,
    _own: OwnedSemaphorePermit,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_A_TIME)), users: Arc::default() }
    }
}

impl Uploads {
    /// Waits for a place for an upload of `user`; `None` if that takes too long.
    pub async fn begin(&self, user: UserId) -> Option<Place> {
        let own = self.own(user);
        let places = self.places.clone();
        let wait = async {
            let own = own.acquire_owned().await.ok()?;
            Some(Place { _place: places.acquire_owned().await.ok()?, _own: own })
        };
        timeout(LONGEST_WAIT, wait).await.ok()?
    }

    /// The places of `user`. Those of users without uploads are forgotten.
    fn own(&self, user: UserId) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.retain(|_, own| Arc::strong_count(own) > 1);
        users.entry(user).or_insert_with(|| Arc::new(Semaphore::new(OF_A_USER))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_user_and_all_users_together_have_a_limited_number_of_uploads() {
        let uploads = Uploads::default();
        let mut held = Vec::new();
        for number in 0..AT_A_TIME {
            let user = UserId(i64::try_from(number / OF_A_USER).unwrap());
            held.push(uploads.begin(user).await.unwrap());
            if number + 1 == OF_A_USER {
                assert!(uploads.begin(UserId(0)).await.is_none(), "others may still begin");
            }
        }
        assert!(uploads.begin(UserId(99)).await.is_none(), "there is no memory for more");
        let waiting = tokio::spawn({
            let uploads = uploads.clone();
            async move { uploads.begin(UserId(0)).await.is_some() }
        });
        tokio::task::yield_now().await;
        held.remove(0);
        assert!(waiting.await.unwrap());
        drop(held);
        let _own = uploads.own(UserId(0));
        assert_eq!(uploads.users.lock().unwrap().len(), 1, "nothing is kept of the others");
    }
}
