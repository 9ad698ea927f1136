//! All open connections. When they are all in use, a new one replaces the oldest that waits for its
//! client.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::{Activity, is_open};
use super::{PAUSE, Said};

/// All open connections.
pub(super) struct Connections {
    most: usize,
    slots: Arc<Semaphore>,
    /// Oldest first. May include connections that are already closed.
    open: VecDeque<Arc<Activity>>,
    pub(super) said: Said,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            most,
            slots: Arc::new(Semaphore::new(most)),
            open: VecDeque::new(),
            said: Said::default(),
        }
    }

    /// Waits until there is a slot for one more connection. Closes others to make room.
    pub(super) async fn slot(&mut self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(slot) = self.slots.clone().try_acquire_owned() {
                return slot;
            }
            let most = self.most;
            self.said.now_and_then(|| {
                tracing::warn!(
                    "all {most} connections are in use, so the oldest that wait for their clients are closed; if these are readers, raise \
                     server.connections, and the limit of open files with it (ulimit -n)"
                );
            });
            self.make_room();
            if let Ok(Ok(slot)) =
                tokio::time::timeout(PAUSE, self.slots.clone().acquire_owned()).await
            {
                return slot;
            }
        }
    }

    /// Registers a new connection.
    pub(super) fn begin(&mut self, activity: Arc<Activity>) {
        // Rare enough that its cost per connection is negligible.
        if self.open.len() >= self.most.saturating_mul(2) {
            self.open.retain(is_open);
        }
        self.open.push_back(activity);
    }

    /// Closes the oldest connection that waits for its client's next request. If there is none,
    /// closes the oldest whose client stalls in the middle of a request or a response.
    pub(super) fn make_room(&mut self) {
        while self.open.front().is_some_and(|first| !is_open(first)) {
            self.open.pop_front();
        }
        let position = |is_dispensable: fn(&Activity) -> bool| {
            self.open.iter().position(|activity| is_open(activity) && is_dispensable(activity))
        };
        let found = position(Activity::waits_for_request).or_else(|| position(Activity::is_slow));
        // To the back, so that the next attempt picks another one.
        if let Some(activity) = found.and_then(|index| self.open.remove(index)) {
            activity.make_room();
            self.open.push_back(activity);
        }
    }

    /// Tells all connections to finish their current request and then close.
    pub(super) fn finish(&self) {
        for activity in &self.open {
            activity.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    fn begin(connections: &mut Connections) -> Arc<Activity> {
        let activity = Arc::<Activity>::default();
        connections.begin(activity.clone());
        activity
    }

    #[test]
    fn the_oldest_connection_waiting_for_its_client_makes_room_and_no_response_is_cut_off() {
        let mut connections = Connections::new(4);
        let [closed, answering, silent, late] = [(); 4].map(|()| begin(&mut connections));
        drop(closed);
        answering.answering();
        late.answering();
        late.wants_body.store(true, Ordering::Relaxed);
        late.is_late.store(true, Ordering::Relaxed);
        let told = |activity: &Activity| Activity::is(&activity.make_room);
        connections.make_room();
        assert_eq!([told(&answering), told(&silent), told(&late)], [false, true, false]);
        drop(silent);
        connections.make_room();
        assert_eq!([told(&answering), told(&late)], [false, true]);
        drop(late);
        // Its body was late, but now the server is handling it.
        answering.is_late.store(true, Ordering::Relaxed);
        connections.make_room();
        assert!(!told(&answering));
    }

    #[test]
    fn closed_connections_leave_the_list() {
        let mut connections = Connections::new(10);
        for _ in 0..1_000 {
            drop(begin(&mut connections));
        }
        assert!(connections.open.len() <= 20, "{}", connections.open.len());
    }
}
