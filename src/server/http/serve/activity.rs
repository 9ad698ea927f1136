//! The state of a connection: who waits for whom.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;

/// Whether a connection is still open: if so, its task holds a reference too.
pub(super) fn is_open(activity: &Arc<Activity>) -> bool {
    Arc::strong_count(activity) > 1
}

/// The state of a connection. Only the connection's task writes it, except for the commands, and
/// that task also does most of the reading. So the order between fields does not matter, and
/// `Relaxed` is enough for all but the commands.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// How many bytes were received and sent. Wraps around.
    pub(super) moved: AtomicUsize,
    /// Whether bytes have arrived since the last response.
    pub(super) has_begun: AtomicBool,
    /// Whether there has been a response.
    has_answered: AtomicBool,
    /// Whether a request is being handled: from the end of its head to the end of the response.
    is_answering: AtomicBool,
    /// Whether the handler waits for more of the request's body.
    pub(super) wants_body: AtomicBool,
    /// Whether the client must take more of the response before the rest can be sent.
    is_blocked: AtomicBool,
    /// Whether the last request was answered before its whole body had arrived.
    pub(super) has_unread: AtomicBool,
    /// How many clock steps the connection has been idle.
    pub(super) idle_steps: AtomicU32,
    /// Whether the client has used up more than half of its time budget.
    pub(super) is_late: AtomicBool,
    /// Command: finish the current request, then close.
    pub(super) finish: AtomicBool,
    /// Command: close, unless the client has become active by now.
    pub(super) make_room: AtomicBool,
    /// Wakes the connection's task to see a command.
    pub(super) waker: AtomicWaker,
}

impl Activity {
    pub(super) fn came(&self, bytes: usize) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        self.has_begun.store(true, Ordering::Relaxed);
    }

    pub(super) fn went(&self, polled: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = polled {
            self.moved.fetch_add(*bytes, Ordering::Relaxed);
        }
        self.is_blocked.store(polled.is_pending(), Ordering::Relaxed);
    }

    pub(super) fn answering(&self) {
        self.is_answering.store(true, Ordering::Relaxed);
        self.has_unread.store(false, Ordering::Relaxed);
    }

    pub(super) fn answered(&self) {
        self.is_answering.store(false, Ordering::Relaxed);
        self.has_answered.store(true, Ordering::Relaxed);
        self.has_begun.store(false, Ordering::Relaxed);
        self.idle_steps.store(0, Ordering::Relaxed);
    }

    pub(super) fn is(flag: &AtomicBool) -> bool {
        flag.load(Ordering::Relaxed)
    }

    /// Whether the server has nothing to do until the client sends a request.
    pub(super) fn waits_for_request(&self) -> bool {
        !Self::is(&self.is_answering) && !Self::is(&self.is_blocked)
    }

    /// Whether there was a response and nothing has arrived since.
    pub(super) fn is_idle(&self) -> bool {
        self.waits_for_request() && Self::is(&self.has_answered) && !Self::is(&self.has_begun)
    }

    /// Whether the connection waits for the server.
    pub(super) fn is_busy(&self) -> bool {
        Self::is(&self.is_answering) && !Self::is(&self.wants_body) && !Self::is(&self.is_blocked)
    }

    /// Whether the connection has been waiting for the client for long.
    pub(super) fn is_slow(&self) -> bool {
        Self::is(&self.is_late) && !self.is_busy()
    }

    pub(super) fn finish(&self) {
        self.finish.store(true, Ordering::Release);
        self.waker.wake();
    }

    pub(super) fn make_room(&self) {
        self.make_room.store(true, Ordering::Release);
        self.waker.wake();
    }
}
