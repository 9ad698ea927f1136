//! Accepts connections and enforces their limits: how many there may be, how long a client may keep
//! one waiting, and how large a request's head may be.
//!
//! A slow client, or one that pretends to be slow, costs a connection and nothing else. Each
//! connection has a time budget ([`Limits::timeout`]). It is spent while the server waits for the
//! client, and refilled by what the client sends or takes. When it runs out, the connection is
//! closed. A client that keeps up [`SLOWEST`] is never timed out. Time that a request spends inside
//! the server is not charged to the client, and nothing here ends such a request.
//!
//! When all connections are in use, a new one replaces the oldest that waits for its client. So a
//! client that opens many connections and sends nothing hurts only itself. One address gets a share
//! of all connections ([`PART_OF_AN_ADDRESS`]), and an IPv6 /48 gets [`ADDRESSES_OF_A_NETWORK`]
//! such shares, so nobody can take them all by keeping many busy. When a share is full, a new
//! connection replaces the one in it that has been idle longest, because browsers keep connections
//! open that they may never use again. If none is idle, the new one is closed at once. A trusted
//! proxy speaks for many clients, so no share limits it.
//!
//! The cost per request is a few uncontended atomic stores. The clock is read a few times per time
//! budget, however much traffic there is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use futures_util::task::AtomicWaker;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tidemark_content::forwarded::is_in;
use tidemark_counting::visitor::{address_bucket, network_bucket};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use crate::server::config::Config;
use crate::server::request::limits::{LARGEST_HEAD, LARGEST_PICTURE};

/// The rate at which a client must send or receive to be waited for indefinitely, in bytes per
/// second.
const SLOWEST: u64 = 1024;

/// The default for the most connections at the same time. Each may take some ten kilobytes of
/// memory.
const MOST_CONNECTIONS: usize = 10_000;

/// The share of all connections that one address may have: a quarter. One address may be a
/// household, but also an office or a provider's customers behind a shared IPv4 address.
const PART_OF_AN_ADDRESS: usize = 4;

/// How many connections an address may always have, however small its share: a browser opens six.
const LEAST_OF_AN_ADDRESS: usize = 16;

/// How many shares (of one IPv6 /64 each) an IPv6 /48 may have. Anybody who rents a server may have
/// a /48, which has 65,536 /64s.
const ADDRESSES_OF_A_NETWORK: usize = 2;

/// How many files the program opens besides database and client connections: the log, the listener,
/// Redis, network connections for pictures.
const OWN_FILES: u64 = 64;

/// How many files one database connection needs. SQLite opens the data, the write-ahead log and the
/// locks.
const FILES_OF_A_DATABASE_CONNECTION: u64 = 3;

/// How many database connections there are if the setting is 0.
const DATABASE_CONNECTIONS: u64 = 16;

/// How many files one client connection may need: its socket, and the script or picture being sent.
const FILES_OF_A_CONNECTION: u64 = 2;

/// How many bytes are read and discarded after a request was refused, so that the client gets to
/// see the refusal.
const MOST_UNREAD: usize = LARGEST_PICTURE;

/// How long to pause after the system refuses to accept a connection, and between attempts to free
/// one.
const PAUSE: Duration = Duration::from_millis(100);

/// The shortest interval between two warnings that share a [`Said`].
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// How many steps the shorter of the two timeouts is divided into; the clock is read once per step.
const STEPS: u32 = 10;

/// Limits on what clients may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at the same time; at least one.
    pub connections: usize,
    /// How long to wait for a request's head, for more of its body, or for the client to take more
    /// of the response.
    pub timeout: Duration,
    /// How long to wait for the next request on a connection.
    pub keep_alive: Duration,
}

impl Limits {
    /// The configured limits, as far as the limit of open files allows. Raises that limit for this
    /// process if the system permits.
    pub fn of(config: &Config) -> Self {
        let server = &config.server;
        let database = match config.database.connections {
            0 => DATABASE_CONNECTIONS,
            connections => u64::try_from(connections).unwrap_or(u64::MAX),
        };
        let wanted = if server.connections == 0 { MOST_CONNECTIONS } else { server.connections };
        let files = raise_open_files(files_for(wanted, database));
        let connections = wanted.min(connections_within(files, database));
        if connections < server.connections {
            tracing::warn!(
                "server.connections is {}, but the limit of {files} open files leaves room for {connections}; raise it (ulimit -n, or \
                 LimitNOFILE= of systemd)",
                server.connections
            );
        }
        tracing::info!(
            connections,
            open_files = files,
            "this many connections are taken at the same time"
        );
        Self { connections, timeout: server.timeout, keep_alive: server.keep_alive }
    }
}

/// How many open files this many client and database connections need.
fn files_for(connections: usize, database: u64) -> u64 {
    let connections =
        u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(FILES_OF_A_CONNECTION);
    OWN_FILES
        .saturating_add(database.saturating_mul(FILES_OF_A_DATABASE_CONNECTION))
        .saturating_add(connections)
}

/// How many client connections this many open files allow; at least one.
fn connections_within(files: u64, database: u64) -> usize {
    let rest = files.saturating_sub(files_for(0, database)) / FILES_OF_A_CONNECTION;
    usize::try_from(rest).unwrap_or(usize::MAX).max(1)
}

/// Raises this process's limit of open files to `wanted`, as far as the system permits, and returns
/// the limit. The initial limit is often low, for the sake of old programs that can't handle large
/// file descriptors.
fn raise_open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // `None` means unlimited.
    let Some(current) = limit.current else { return u64::MAX };
    let possible = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if possible <= current {
        return current;
    }
    let raised = Rlimit { current: Some(possible), maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_ok() { possible } else { current }
}

/// Serves every connection to `listener` until `stop` is cancelled, then finishes the requests in
/// progress. `trusted_proxies` may use all connections, everybody else only a share.
///
/// Nothing a client does makes it return, nor does running out of files.
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    trusted_proxies: Vec<IpNet>,
    stop: CancellationToken,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let mut connections = Connections::new(limits.connections);
    let mut peers = Peers::new(limits.connections, trusted_proxies);
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // An aborted connection says nothing about the next one.
                if !is_of_one_client(&error) {
                    connections.said.now_and_then(|| {
                        tracing::error!(
                            error = %error,
                            "no connection can be accepted; if these are too many files, raise their limit (ulimit -n) or lower \
                             server.connections"
                        );
                    });
                    connections.make_room();
                    // Retrying at once would fail the same way.
                    let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
                }
                continue;
            }
        };
        let activity = Arc::<Activity>::default();
        let Some(place) = peers.place(peer.ip(), &activity) else { continue };
        let Some(slot) = stop.run_until_cancelled(connections.slot()).await else { break };
        connections.begin(activity.clone());
        let service = service.clone();
        tasks.spawn(async move {
            serve_connection(stream, peer, service, limits, activity).await;
            drop((slot, place));
        });
    }
    drop(listener);
    connections.finish();
    tasks.close();
    tasks.wait().await;
}

/// Whether an error from `accept` concerns only one client.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

/// All open connections.
struct Connections {
    most: usize,
    slots: Arc<Semaphore>,
    /// Oldest first. May include connections that are already closed.
    open: VecDeque<Arc<Activity>>,
    said: Said,
}

impl Connections {
    fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            most,
            slots: Arc::new(Semaphore::new(most)),
            open: VecDeque::new(),
            said: Said::default(),
        }
    }

    /// Waits until there is a slot for one more connection. Closes others to make room.
    async fn slot(&mut self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(slot) = self.slots.clone().try_acquire_owned() {
                return slot;
            }
            let most = self.most;
            self.said.now_and_then(|| {
                tracing::warn!(
                    "all {most} connections are taken, so the oldest that wait for their clients are closed; if these are readers, raise \
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
    fn begin(&mut self, activity: Arc<Activity>) {
        // Rare enough that its cost per connection is negligible.
        if self.open.len() >= self.most.saturating_mul(2) {
            self.open.retain(is_open);
        }
        self.open.push_back(activity);
    }

    /// Closes the oldest connection that waits for its client's next request. If there is none,
    /// closes the oldest whose client stalls in the middle of a request or a response.
    fn make_room(&mut self) {
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
    fn finish(&self) {
        for activity in &self.open {
            activity.finish();
        }
    }
}

/// Limits a warning to one per [`SAY_AGAIN`].
#[derive(Default)]
struct Said(Option<Instant>);

impl Said {
    fn now_and_then(&mut self, say: impl FnOnce()) {
        let now = Instant::now();
        if self.0.is_none_or(|said| now.duration_since(said) >= SAY_AGAIN) {
            self.0 = Some(now);
            say();
        }
    }
}

/// The open connections of each address (or network), in order of arrival.
type Open = HashMap<[u8; 8], BTreeMap<u64, Arc<Activity>>>;

/// The share of all connections that each address (or network) may have.
struct Parts {
    most: usize,
    open: Arc<Mutex<Open>>,
}

impl Parts {
    fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Whether `peer` may have one more connection. If its share is full, tells the connection that
    /// has been idle longest to close, which makes room. Returns false if all of them are in use.
    fn has_room(&self, peer: [u8; 8]) -> bool {
        let open = lock(&self.open);
        let Some(connections) =
            open.get(&peer).filter(|connections| connections.len() >= self.most)
        else {
            return true;
        };
        // Connections that were told to close count as closed.
        let staying = connections.values().filter(|activity| !Activity::is(&activity.finish));
        if staying.clone().count() < self.most {
            return true;
        }
        let idle = staying.filter(|activity| activity.is_idle());
        let longest =
            idle.min_by_key(|activity| Reverse(activity.idle_steps.load(Ordering::Relaxed)));
        // If a request arrives on it at this very moment, it is still answered.
        longest.is_some_and(|activity| {
            activity.finish();
            true
        })
    }

    /// Takes a place in the share for a connection.
    fn take(&self, peer: [u8; 8], number: u64, activity: &Arc<Activity>) -> Place {
        lock(&self.open).entry(peer).or_default().insert(number, activity.clone());
        Place { open: self.open.clone(), peer, number }
    }
}

/// A connection's place in a share, released on drop.
struct Place {
    open: Arc<Mutex<Open>>,
    peer: [u8; 8],
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(connections) = open.get_mut(&self.peer) {
            connections.remove(&self.number);
            if connections.is_empty() {
                open.remove(&self.peer);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    // Nothing panics while holding the lock.
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connections of each peer. An address is an IPv4 address or an IPv6 /64, which is what one
/// household gets. A network is an IPv6 /48.
struct Peers {
    addresses: Parts,
    networks: Parts,
    trusted_proxies: Vec<IpNet>,
    /// How many connections there have been so far.
    count: u64,
    said: Said,
}

impl Peers {
    /// `connections` is the total for all peers.
    fn new(connections: usize, trusted_proxies: Vec<IpNet>) -> Self {
        let most = (connections / PART_OF_AN_ADDRESS).max(LEAST_OF_AN_ADDRESS);
        let networks = Parts::new(most.saturating_mul(ADDRESSES_OF_A_NETWORK));
        Self {
            addresses: Parts::new(most),
            networks,
            trusted_proxies,
            count: 0,
            said: Said::default(),
        }
    }

    /// The places for one more connection of `peer`, released on drop. Empty for a trusted proxy,
    /// which no share limits. `None` if all connections that the address or its network may have
    /// are in use.
    fn place(&mut self, peer: IpAddr, activity: &Arc<Activity>) -> Option<Vec<Place>> {
        if is_in(peer, &self.trusted_proxies) {
            return Some(Vec::new());
        }
        // The network of an IPv4 address is the address itself, so the share of the network never
        // limits it.
        let (address, network) = (address_bucket(peer), network_bucket(peer));
        if !self.addresses.has_room(address) || !self.networks.has_room(network) {
            let most = self.addresses.most;
            // The address is left out: addresses are never logged.
            self.said.now_and_then(|| {
                tracing::warn!(
                    "an address has {most} connections, or an IPv6 /48 {ADDRESSES_OF_A_NETWORK} times as many, and none of them is idle, so \
                     new ones are closed at once; if this is a proxy, name it in server.trusted-proxies; if these are readers, raise \
                     server.connections"
                );
            });
            return None;
        }
        self.count += 1;
        let number = self.count;
        Some(vec![
            self.addresses.take(address, number, activity),
            self.networks.take(network, number, activity),
        ])
    }
}

/// Whether a connection is still open: if so, its task holds a reference too.
fn is_open(activity: &Arc<Activity>) -> bool {
    Arc::strong_count(activity) > 1
}

/// The state of a connection. Only the connection's task writes it, except for the commands, and
/// that task also does most of the reading. So the order between fields does not matter, and
/// `Relaxed` is enough for all but the commands.
#[derive(Debug, Default)]
struct Activity {
    /// How many bytes were received and sent. Wraps around.
    moved: AtomicUsize,
    /// Whether bytes have arrived since the last response.
    has_begun: AtomicBool,
    /// Whether there has been a response.
    has_answered: AtomicBool,
    /// Whether a request is being handled: from the end of its head to the end of the response.
    is_answering: AtomicBool,
    /// Whether the handler waits for more of the request's body.
    wants_body: AtomicBool,
    /// Whether the client must take more of the response before the rest can be sent.
    is_blocked: AtomicBool,
    /// Whether the last request was answered before its whole body had arrived.
    has_unread: AtomicBool,
    /// How many clock steps the connection has been idle.
    idle_steps: AtomicU32,
    /// Whether the client has used up more than half of its time budget.
    is_late: AtomicBool,
    /// Command: finish the current request, then close.
    finish: AtomicBool,
    /// Command: close, unless the client has become active by now.
    make_room: AtomicBool,
    /// Wakes the connection's task to see a command.
    waker: AtomicWaker,
}

impl Activity {
    fn came(&self, bytes: usize) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        self.has_begun.store(true, Ordering::Relaxed);
    }

    fn went(&self, polled: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = polled {
            self.moved.fetch_add(*bytes, Ordering::Relaxed);
        }
        self.is_blocked.store(polled.is_pending(), Ordering::Relaxed);
    }

    fn answering(&self) {
        self.is_answering.store(true, Ordering::Relaxed);
        self.has_unread.store(false, Ordering::Relaxed);
    }

    fn answered(&self) {
        self.is_answering.store(false, Ordering::Relaxed);
        self.has_answered.store(true, Ordering::Relaxed);
        self.has_begun.store(false, Ordering::Relaxed);
        self.idle_steps.store(0, Ordering::Relaxed);
    }

    fn is(flag: &AtomicBool) -> bool {
        flag.load(Ordering::Relaxed)
    }

    /// Whether the server has nothing to do until the client sends a request.
    fn waits_for_request(&self) -> bool {
        !Self::is(&self.is_answering) && !Self::is(&self.is_blocked)
    }

    /// Whether there was a response and nothing has arrived since.
    fn is_idle(&self) -> bool {
        self.waits_for_request() && Self::is(&self.has_answered) && !Self::is(&self.has_begun)
    }

    /// Whether the connection waits for the server.
    fn is_busy(&self) -> bool {
        Self::is(&self.is_answering) && !Self::is(&self.wants_body) && !Self::is(&self.is_blocked)
    }

    /// Whether the connection has been waiting for the client for long.
    fn is_slow(&self) -> bool {
        Self::is(&self.is_late) && !self.is_busy()
    }

    fn finish(&self) {
        self.finish.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn make_room(&self) {
        self.make_room.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// A client's time budget.
struct Credit {
    limits: Limits,
    left: Duration,
    moved: usize,
}

impl Credit {
    fn new(limits: Limits) -> Self {
        Self { limits, left: limits.timeout, moved: 0 }
    }

    /// How often the budget is checked.
    fn step(&self) -> Duration {
        self.limits.timeout.min(self.limits.keep_alive) / STEPS
    }

    /// Charges the client for the time since the last check. Returns whether there is time left.
    fn charge(&mut self, activity: &Activity) -> bool {
        let Limits { timeout, keep_alive, .. } = self.limits;
        let moved = activity.moved.load(Ordering::Relaxed);
        let bytes = moved.wrapping_sub(self.moved);
        self.moved = moved;
        let mut idle_steps = 0;
        if activity.is_idle() && bytes == 0 {
            self.left = timeout;
            idle_steps = activity.idle_steps.load(Ordering::Relaxed).saturating_add(1);
        } else {
            self.left = if activity.is_busy() || activity.is_idle() {
                timeout
            } else {
                // Bytes of a head earn no time: it is so small that a client has no reason to be
                // slow.
                let bytes = if activity.waits_for_request() {
                    0
                } else {
                    u64::try_from(bytes).unwrap_or(u64::MAX)
                };
                let earned = Duration::from_millis(bytes.saturating_mul(1000) / SLOWEST);
                timeout.min(self.left.saturating_add(earned)).saturating_sub(self.step())
            };
        }
        activity.idle_steps.store(idle_steps, Ordering::Relaxed);
        activity.is_late.store(self.left < timeout / 2, Ordering::Relaxed);
        !self.left.is_zero() && self.step().saturating_mul(idle_steps) < keep_alive
    }
}

/// Handles the requests of a connection, one after another.
async fn serve_connection<I, S>(
    io: I,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    activity: Arc<Activity>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let shared = activity.clone();
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, activity) = (service.clone(), shared.clone());
        activity.answering();
        let mut request = request.map(|body| received(body, &activity));
        request.extensions_mut().insert(ConnectInfo(peer));
        async move {
            let response = service.oneshot(request).await?;
            Ok::<_, Infallible>(response.map(|body| Answer { body, activity }))
        }
    });
    let mut http = http1::Builder::new();
    // Timeouts are enforced here, because hyper would set a timer for every request.
    http.max_header_size(LARGEST_HEAD).header_read_timeout(None::<Duration>);
    let io = TokioIo::new(Watched { io, activity: activity.clone(), unread: 0 });
    let mut connection = pin!(http.serve_connection(io, answer));
    let mut credit = Credit::new(limits);
    let mut steps = interval_at(Instant::now() + credit.step(), credit.step());
    // After the machine was asleep, don't charge clients for the missed ticks.
    steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_finishing = false;
    poll_fn(|context| {
        activity.waker.register(context.waker());
        if !is_finishing && activity.finish.load(Ordering::Acquire) {
            is_finishing = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(ended) = connection.as_mut().poll(context) {
            if let Err(error) = ended {
                tracing::debug!(error = %error, "a connection ended early");
            }
            return Poll::Ready(());
        }
        if activity.make_room.load(Ordering::Acquire) {
            activity.make_room.store(false, Ordering::Relaxed);
            // A client that has become active meanwhile is spared.
            if activity.waits_for_request() || activity.is_slow() {
                return Poll::Ready(());
            }
        }
        while steps.poll_tick(context).is_ready() {
            if !credit.charge(&activity) {
                tracing::debug!(
                    "a client kept its connection waiting for too long, so it was closed"
                );
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}

/// Wraps a request's body to track whether the handler waits for it. Most requests have none.
fn received(body: Incoming, activity: &Arc<Activity>) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(Received { body, is_whole: false, activity: activity.clone() })
}

struct Received {
    body: Incoming,
    is_whole: bool,
    activity: Arc<Activity>,
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.activity.wants_body.store(polled.is_pending(), Ordering::Relaxed);
        self.is_whole |= matches!(polled, Poll::Ready(None));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.activity.wants_body.store(false, Ordering::Relaxed);
        let is_whole = self.is_whole || self.body.is_end_stream();
        self.activity.has_unread.store(!is_whole, Ordering::Relaxed);
    }
}

/// A response's body that tracks when it is done.
struct Answer {
    body: Body,
    activity: Arc<Activity>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.activity.answered();
    }
}

/// A connection's I/O that tracks the bytes transferred and whether writing is blocked.
struct Watched<I> {
    io: I,
    activity: Arc<Activity>,
    /// How many bytes were discarded at the end.
    unread: usize,
}

impl<I: AsyncRead + Unpin> Watched<I> {
    /// Discards what the client still sends after its request was answered. If the connection were
    /// closed with data unread, the system would discard the response as well, and somebody who
    /// sent too much would never see why it was refused.
    fn poll_unread(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 4096];
        while self.unread < MOST_UNREAD && !Activity::is(&self.activity.finish) {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.io).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.unread += buffer.filled().len();
                    // This charges the client for the time. It also lets the connection be closed
                    // to make room, like any other without a request in progress.
                    self.activity.has_begun.store(true, Ordering::Relaxed);
                }
                Poll::Pending if Activity::is(&self.activity.has_unread) => {
                    self.activity.has_begun.store(true, Ordering::Relaxed);
                    return Poll::Pending;
                }
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        if bytes > 0 {
            self.activity.came(bytes);
        }
        polled
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(context, bytes);
        self.activity.went(&polled);
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_shutdown(context))?;
        self.poll_unread(context).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(context, bytes);
        self.activity.went(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::net::TcpStream;
    use tokio::task::JoinHandle;
    use tokio::time::sleep;

    use super::*;

    const LIMITS: Limits = Limits {
        connections: 2,
        timeout: Duration::from_secs(30),
        keep_alive: Duration::from_secs(75),
    };

    /// How much later than its timeout a connection may be closed, because the clock is read in
    /// steps.
    const LATER: Duration = Duration::from_secs(6);

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    fn site() -> Router {
        let slow = || async {
            sleep(Duration::from_secs(600)).await;
            "at last"
        };
        let long = || async { "x".repeat(1_000_000) };
        let length = |body: String| async move { body.len().to_string() };
        let hello = || async { "Hello" };
        let refuse = || async { "No" };
        Router::new()
            .route("/", get(hello).post(length))
            .route("/slow", get(slow))
            .route("/long", get(long))
            .route("/refuse", post(refuse))
    }

    /// Connects a client over a network that buffers `network` bytes. The task ends with the
    /// connection and returns how long it was open.
    fn connect(network: usize) -> (DuplexStream, JoinHandle<Duration>) {
        let (client, server) = duplex(network);
        let start = Instant::now();
        let connection = tokio::spawn(async move {
            let peer = SocketAddr::from(([192, 0, 2, 1], 80));
            serve_connection(server, peer, site(), LIMITS, Arc::default()).await;
            start.elapsed()
        });
        (client, connection)
    }

    fn assert_is_about(took: Duration, expected: Duration) {
        assert!((expected..=expected + LATER).contains(&took), "{took:?}");
    }

    /// Sends a few bytes per second until the connection is closed.
    async fn drip(client: &mut DuplexStream) {
        while client.write_all(b"xxxxxxxxxx").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    }

    async fn answer(client: &mut DuplexStream) -> String {
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for() {
        let (_client, connection) = connect(1024);
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_never_ends_is_not_waited_for() {
        let (mut client, connection) = connect(1024);
        client.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_head_that_never_ends_is_not_waited_for_either() {
        let (mut client, connection) = connect(1024);
        client.write_all(GET).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_not_waited_for() {
        let (mut client, connection) = connect(1024);
        client
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
            .await
            .unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_flows_is_waited_for_however_long_it_takes() {
        let (mut client, connection) = connect(4096);
        let head =
            b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 400000\r\n\r\n";
        client.write_all(head).await.unwrap();
        for _ in 0..200 {
            client.write_all(&[b'x'; 2000]).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        let answer = answer(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("400000"), "{answer}");
        assert!(connection.await.unwrap() >= Duration::from_secs(199));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_not_kept() {
        let (mut client, connection) = connect(64);
        client.write_all(b"GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_slowly_comes_whole() {
        let (mut client, connection) = connect(8192);
        client
            .write_all(b"GET /long HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let (mut bytes, mut part) = (0, [0; 4096]);
        loop {
            match client.read(&mut part).await.unwrap() {
                0 => break,
                count => bytes += count,
            }
            sleep(Duration::from_secs(1)).await;
        }
        assert!(bytes > 1_000_000, "{bytes}");
        assert!(connection.await.unwrap() > Duration::from_secs(200));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_in_the_server_is_not_the_clients_fault() {
        let (mut client, _connection) = connect(1024);
        client
            .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        assert!(answer(&mut client).await.ends_with("at last"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_may_send_the_rest_and_sees_the_refusal() {
        let (mut client, connection) = connect(4096);
        client
            .write_all(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n")
            .await
            .unwrap();
        for _ in 0..100 {
            client.write_all(&[b'x'; 3000]).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
        client.shutdown().await.unwrap();
        assert!(answer(&mut client).await.ends_with("No"));
        connection.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_and_sends_the_rest_for_ever_is_not_waited_for() {
        let (mut client, connection) = connect(4096);
        client
            .write_all(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
            .await
            .unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_kept_for_the_next_request_for_a_while() {
        let (mut client, connection) = connect(1024);
        for _ in 0..3 {
            client.write_all(GET).await.unwrap();
            sleep(LIMITS.keep_alive - LATER).await;
        }
        let last = Instant::now() - (LIMITS.keep_alive - LATER);
        connection.await.unwrap();
        assert_is_about(last.elapsed(), LIMITS.keep_alive);
        assert_eq!(answer(&mut client).await.matches("Hello").count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_16_kb_and_no_more() {
        let head = |length: usize| {
            let (start, end) =
                ("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: ", "\r\n\r\n");
            [start, &"x".repeat(length - start.len() - end.len()), end].concat()
        };
        let endless = "GET / HTTP/1.1\r\nx: ".to_owned() + &"x".repeat(LARGEST_HEAD);
        for (head, expected) in [
            (head(LARGEST_HEAD), "HTTP/1.1 200"),
            (head(LARGEST_HEAD + 1), "HTTP/1.1 431"),
            (endless, "HTTP/1.1 431"),
        ] {
            let (mut client, _connection) = connect(1 << 16);
            client.write_all(head.as_bytes()).await.unwrap();
            let answer = answer(&mut client).await;
            assert!(answer.starts_with(expected), "{} bytes: {answer}", head.len());
        }
    }

    #[tokio::test]
    async fn who_opens_many_connections_and_says_nothing_keeps_nobody_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, site(), LIMITS, Vec::new(), stop.clone()));
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        for _ in 0..5 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client
                .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .await
                .unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("Hello"), "{answer}");
        }
        stop.cancel();
        // Silent connections don't delay the shutdown.
        server.await.unwrap();
    }

    fn begin(connections: &mut Connections) -> Arc<Activity> {
        let activity = Arc::<Activity>::default();
        connections.begin(activity.clone());
        activity
    }

    #[test]
    fn the_oldest_that_waits_for_its_client_makes_room_and_no_answer_is_cut_off() {
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
    fn the_list_of_connections_does_not_grow_with_those_that_were_closed() {
        let mut connections = Connections::new(10);
        for _ in 0..1_000 {
            drop(begin(&mut connections));
        }
        assert!(connections.open.len() <= 20, "{}", connections.open.len());
    }

    #[tokio::test(start_paused = true)]
    async fn what_happens_with_each_connection_is_said_once_a_minute() {
        let (mut said, mut count) = (Said::default(), 0);
        for _ in 0..180 {
            said.now_and_then(|| count += 1);
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(count, 3);
    }

    /// Takes as many places as one address may have, all for connections in use.
    fn places_of(peers: &mut Peers, peer: &str) -> Vec<Vec<Place>> {
        let peer: IpAddr = peer.parse().unwrap();
        std::iter::repeat_n(peer, 1_000)
            .map_while(|peer| peers.place(peer, &Arc::default()))
            .collect()
    }

    #[test]
    fn an_address_has_a_part_of_all_connections_and_a_trusted_proxy_as_many_as_it_likes() {
        let mut peers = Peers::new(80, vec!["10.0.0.0/8".parse().unwrap()]);
        let one = places_of(&mut peers, "192.0.2.1");
        assert_eq!(one.len(), 20);
        assert_eq!(places_of(&mut peers, "::ffff:192.0.2.1").len(), 0, "the same in other clothes");
        assert_eq!(places_of(&mut peers, "192.0.2.2").len(), 20, "nobody else's");
        let network = places_of(&mut peers, "2001:db8:0:1::1");
        assert_eq!(
            (network.len(), places_of(&mut peers, "2001:db8:0:1:ffff::2").len()),
            (20, 0),
            "the same /64"
        );
        assert_eq!(places_of(&mut peers, "2001:db8:0:2::1").len(), 20);
        for proxy in ["10.1.2.3", "::ffff:10.1.2.3"] {
            assert_eq!(places_of(&mut peers, proxy).len(), 1_000);
        }
        drop(one);
        assert_eq!(
            places_of(&mut peers, "192.0.2.1").len(),
            20,
            "closed connections count no more"
        );
        drop(network);
        let is_empty = |parts: &Parts| lock(&parts.open).is_empty();
        assert!(is_empty(&peers.addresses) && is_empty(&peers.networks), "and no address is kept");
        assert_eq!(Peers::new(72, Vec::new()).addresses.most, 18);
        assert_eq!(Peers::new(4, Vec::new()).addresses.most, LEAST_OF_AN_ADDRESS);
    }

    #[test]
    fn a_48_has_twice_the_part_of_an_address_however_many_64_it_has() {
        let mut peers = Peers::new(80, Vec::new());
        let of_one_48: Vec<_> = (0..10)
            .map(|number| places_of(&mut peers, &format!("2001:db8:0:{number:x}::1")))
            .collect();
        assert_eq!(
            of_one_48.iter().map(Vec::len).collect::<Vec<_>>(),
            [20, 20, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(places_of(&mut peers, "2001:db8:1::1").len(), 20, "nobody else's");
    }

    /// A connection that has answered a request, and has been idle for `steps` clock steps since.
    fn idle_for(steps: u32) -> Arc<Activity> {
        let activity = Arc::<Activity>::default();
        activity.came(1);
        activity.answering();
        activity.answered();
        activity.idle_steps.store(steps, Ordering::Relaxed);
        activity
    }

    #[test]
    fn the_connection_of_an_address_that_is_idle_longest_makes_room_for_the_next_of_that_address() {
        let mut peers = Peers::new(64, Vec::new());
        let [one, other]: [IpAddr; 2] =
            ["2001:db8:0:1::1", "2001:db8:0:2::1"].map(|peer| peer.parse().unwrap());
        let elsewhere = idle_for(9);
        let idle = [idle_for(1), idle_for(5), idle_for(3), idle_for(5)];
        let mut places = vec![peers.place(other, &elsewhere).unwrap()];
        places.extend(idle.iter().map(|activity| peers.place(one, activity).unwrap()));
        places.extend((4..16).map(|_| peers.place(one, &Arc::default()).unwrap()));
        let told =
            || idle.iter().map(|activity| Activity::is(&activity.finish)).collect::<Vec<_>>();
        for expected in [
            [false, true, false, false],
            [false, true, false, true],
            [false, true, true, true],
            [true; 4],
        ] {
            places.push(peers.place(one, &Arc::default()).unwrap());
            assert_eq!(told(), expected);
        }
        assert!(peers.place(one, &Arc::default()).is_none(), "all are in use");
        assert!(!Activity::is(&elsewhere.finish), "nobody else's is closed");
    }

    #[test]
    fn a_connection_of_a_full_48_that_is_idle_makes_room_for_another_64() {
        let mut peers = Peers::new(64, Vec::new());
        let idle = idle_for(1);
        let _idle = peers.place("2001:db8:0:1::1".parse().unwrap(), &idle).unwrap();
        let busy =
            [places_of(&mut peers, "2001:db8:0:2::1"), places_of(&mut peers, "2001:db8:0:3::1")];
        assert_eq!(busy.map(|places| places.len()), [16, 16]);
        assert!(Activity::is(&idle.finish));
    }

    /// Requests `/` and keeps the connection open.
    async fn ask_and_stay(address: SocketAddr) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(GET).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"Hello") {
            assert!(client.read_buf(&mut answer).await.unwrap() > 0, "refused: {answer:?}");
        }
        client
    }

    #[tokio::test]
    async fn a_household_whose_browsers_keep_their_connections_shuts_none_of_them_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let limits = Limits { connections: 64, ..LIMITS };
        let server = tokio::spawn(serve(listener, site(), limits, Vec::new(), stop.clone()));
        let mut clients = Vec::new();
        for _ in 0..100 {
            clients.push(ask_and_stay(address).await);
        }
        // The oldest connections were closed to make room.
        for client in &mut clients[..100 - LEAST_OF_AN_ADDRESS] {
            assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        }
        stop.cancel();
        server.await.unwrap();
    }

    #[test]
    fn there_are_as_many_connections_as_files_allow() {
        assert_eq!(connections_within(256, 16), 72);
        assert_eq!(connections_within(files_for(MOST_CONNECTIONS, 16), 16), MOST_CONNECTIONS);
        assert_eq!(connections_within(10, 1_000), 1);
        assert!(connections_within(u64::MAX, 16) > MOST_CONNECTIONS);
    }
}
