//! Connections: how many there may be, how long a client may keep one waiting, and how much it may
//! say before it is understood.
//!
//! A client that is slow, or only pretends to be one, costs a connection and nothing else. So each
//! gets a credit of time ([`Limits::timeout`]) that runs while the server waits for it, is filled
//! up by what it sends or takes, and ends the connection when it is used up. A client that keeps to
//! [`SLOWEST`] is waited for as long as it takes. What a request waits for inside the server is not
//! the client's fault, and nothing of this ends it.
//!
//! When all connections are taken, a new one takes the place of the oldest that waits for its
//! client, so that whoever opens many and says nothing only gets in the own way. One address has a
//! part of them at most ([`PART_OF_AN_ADDRESS`]), and an IPv6 /48 has [`ADDRESSES_OF_A_NETWORK`]
//! such parts, so that whoever keeps many busy leaves the others theirs. When a part is taken, a
//! new connection takes the place of the one in it that has been idle longest, because browsers
//! keep connections open that they may never use again. If none is idle, the new one is closed at
//! once. A proxy that is trusted speaks for many, so it may have all.
//!
//! None of this costs a request more than a few stores to memory that nobody else uses: the clock
//! is looked at a few times in a connection's credit, whatever goes on meanwhile.

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

/// What a client must send or take to be waited for as long as it takes, in bytes a second.
const SLOWEST: u64 = 1024;

/// How many connections there are at most, unless a setting says otherwise: each may take some ten
/// kilobytes of memory.
const MOST_CONNECTIONS: usize = 10_000;

/// The part of all connections that one address may have: a quarter. A household is one address,
/// and so are many an office and a provider's customers who share an IPv4 address.
const PART_OF_AN_ADDRESS: usize = 4;

/// How many connections an address may have however few there are: a browser opens six.
const LEAST_OF_AN_ADDRESS: usize = 16;

/// How many times the part of an address (an IPv6 /64) an IPv6 /48 may have: whoever rents a server
/// has 65,536 /64.
const ADDRESSES_OF_A_NETWORK: usize = 2;

/// How many files the program opens for itself, besides those of the database: the log, the
/// listener, Redis, the network of pictures.
const OWN_FILES: u64 = 64;

/// How many files a connection to a database needs: SQLite has one for the data, one for the log
/// and one for the locks.
const FILES_OF_A_DATABASE_CONNECTION: u64 = 3;

/// How many connections to a database there are if the setting leaves it open.
const DATABASE_CONNECTIONS: u64 = 16;

/// How many files a client's connection may need: its own, and that of the script or the picture
/// which is sent.
const FILES_OF_A_CONNECTION: u64 = 2;

/// How much a client may still send after it was refused, in bytes, so that it gets to see the
/// refusal.
const MOST_UNREAD: usize = LARGEST_PICTURE;

/// How long nothing is accepted after the system refused to, and between two looks for a connection
/// that can make room.
const PAUSE: Duration = Duration::from_millis(100);

/// How often the log says that all connections are taken.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Into how many steps a client's time is divided.
const STEPS: u32 = 10;

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections there may be at the same time; at least one.
    pub connections: usize,
    /// How long the server waits for a request's head, for more of its body, or for more of its
    /// answer to be taken.
    pub timeout: Duration,
    /// How long the server waits for the next request on a connection.
    pub keep_alive: Duration,
}

impl Limits {
    /// Those of the settings, as far as the system allows. This process may have more files open
    /// from here on, if it may say so itself.
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

/// How many open files are needed for that many connections.
fn files_for(connections: usize, database: u64) -> u64 {
    let connections =
        u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(FILES_OF_A_CONNECTION);
    OWN_FILES
        .saturating_add(database.saturating_mul(FILES_OF_A_DATABASE_CONNECTION))
        .saturating_add(connections)
}

/// How many connections there may be with that many open files; at least one.
fn connections_within(files: u64, database: u64) -> usize {
    let rest = files.saturating_sub(files_for(0, database)) / FILES_OF_A_CONNECTION;
    usize::try_from(rest).unwrap_or(usize::MAX).max(1)
}

/// Lets this process have `wanted` files open, if the system lets it, and says how many it may
/// have. The limit that a process starts with is often lower than it needs to be, for the sake of
/// programs that can't count further.
fn raise_open_files(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Without a number there is no limit.
    let Some(current) = limit.current else { return u64::MAX };
    let possible = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if possible <= current {
        return current;
    }
    let raised = Rlimit { current: Some(possible), maximum: limit.maximum };
    if setrlimit(Resource::Nofile, raised).is_ok() { possible } else { current }
}

/// Answers every connection to `listener` with `service` until `stop` is cancelled, and then those
/// requests that are under way. `trusted_proxies` may have all connections, everybody else a part
/// of them.
///
/// Nothing that a client does ends it, nor does a lack of files.
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
                // A client that has left again says nothing about the next one.
                if !is_of_one_client(&error) {
                    connections.said.now_and_then(|| {
                        tracing::error!(
                            error = %error,
                            "no connection can be accepted; if these are too many files, raise their limit (ulimit -n) or lower \
                             server.connections"
                        );
                    });
                    connections.make_room();
                    // Asked again at once, the system would say the same.
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

/// Whether an error of the system's while accepting concerns one client alone.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
    )
}

/// The connections that are open.
struct Connections {
    most: usize,
    slots: Arc<Semaphore>,
    /// Oldest first. Some may be closed by now.
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

    /// A place for one more connection, as soon as there is one.
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

    /// A connection has come.
    fn begin(&mut self, activity: Arc<Activity>) {
        // Seldom enough to cost next to nothing for each.
        if self.open.len() >= self.most.saturating_mul(2) {
            self.open.retain(is_open);
        }
        self.open.push_back(activity);
    }

    /// Closes the oldest connection that waits for its client; if none does, the oldest whose
    /// client keeps it waiting in the middle of a request or of an answer.
    fn make_room(&mut self) {
        while self.open.front().is_some_and(|first| !is_open(first)) {
            self.open.pop_front();
        }
        let position = |is_dispensable: fn(&Activity) -> bool| {
            self.open.iter().position(|activity| is_open(activity) && is_dispensable(activity))
        };
        let found = position(Activity::waits_for_request).or_else(|| position(Activity::is_slow));
        // To the end, so that the next look finds another one.
        if let Some(activity) = found.and_then(|index| self.open.remove(index)) {
            activity.make_room();
            self.open.push_back(activity);
        }
    }

    /// Tells all connections to answer what they have, and nothing more.
    fn finish(&self) {
        for activity in &self.open {
            activity.finish();
        }
    }
}

/// When something was said for the last time, so that it is said now and then.
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

/// The open connections of each address, or of each network, by the order in which they came.
type Open = HashMap<[u8; 8], BTreeMap<u64, Arc<Activity>>>;

/// The part of all connections that each address, or each network, may have.
struct Parts {
    most: usize,
    open: Arc<Mutex<Open>>,
}

impl Parts {
    fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Whether there is room for one more connection of `peer`. If its part is taken, the
    /// connection that has been idle longest is told to close, which makes room. There is none if
    /// all are in use.
    fn has_room(&self, peer: [u8; 8]) -> bool {
        let open = lock(&self.open);
        let Some(connections) =
            open.get(&peer).filter(|connections| connections.len() >= self.most)
        else {
            return true;
        };
        // Those that were told to close are as good as closed.
        let staying = connections.values().filter(|activity| !Activity::is(&activity.finish));
        if staying.clone().count() < self.most {
            return true;
        }
        let idle = staying.filter(|activity| activity.is_idle());
        let longest =
            idle.min_by_key(|activity| Reverse(activity.idle_steps.load(Ordering::Relaxed)));
        // A request that comes in this very moment is still answered.
        longest.is_some_and(|activity| {
            activity.finish();
            true
        })
    }

    /// Takes a place for a connection.
    fn take(&self, peer: [u8; 8], number: u64, activity: &Arc<Activity>) -> Place {
        lock(&self.open).entry(peer).or_default().insert(number, activity.clone());
        Place { open: self.open.clone(), peer, number }
    }
}

/// A connection's place in a part, until it is dropped.
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
    // Nothing under the lock panics.
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who has connections. An address is an IPv4 address or an IPv6 /64, which is what one household
/// gets; a network is an IPv6 /48.
struct Peers {
    addresses: Parts,
    networks: Parts,
    trusted_proxies: Vec<IpNet>,
    /// How many connections there have been.
    count: u64,
    said: Said,
}

impl Peers {
    /// `connections`: how many there may be in all.
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

    /// The places of one more connection of `peer`, until they are dropped. There are none for a
    /// trusted proxy, which needs none. `None` if all connections that the address or its network
    /// may have are in use.
    fn place(&mut self, peer: IpAddr, activity: &Arc<Activity>) -> Option<Vec<Place>> {
        if is_in(peer, &self.trusted_proxies) {
            return Some(Vec::new());
        }
        // An IPv4 address has no network but itself, so the part of the network never stops it.
        let (address, network) = (address_bucket(peer), network_bucket(peer));
        if !self.addresses.has_room(address) || !self.networks.has_room(network) {
            let most = self.addresses.most;
            // Not which address: none is ever written down.
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

/// Whether the connection is still there: its own task knows it too.
fn is_open(activity: &Arc<Activity>) -> bool {
    Arc::strong_count(activity) > 1
}

/// What goes on in a connection. All is written by the connection's own task but the orders, and
/// most of it is read by that task alone, so nothing has to be in order with anything else.
#[derive(Debug, Default)]
struct Activity {
    /// How many bytes have come and gone.
    moved: AtomicUsize,
    /// Whether something has come since the last answer.
    has_begun: AtomicBool,
    /// Whether there has been an answer.
    has_answered: AtomicBool,
    /// Whether a request is being answered: from the end of its head to the end of its answer.
    is_answering: AtomicBool,
    /// Whether the request's body is waited for.
    wants_body: AtomicBool,
    /// Whether the client must take something before there can be more.
    is_blocked: AtomicBool,
    /// Whether the last request was answered before all of its body had come.
    has_unread: AtomicBool,
    /// For how many looks of the clock it has been idle.
    idle_steps: AtomicU32,
    /// Whether more than half of the client's time is used up.
    is_late: AtomicBool,
    /// An order: to answer what there is, and then to close.
    finish: AtomicBool,
    /// An order: to close, unless the client does its part by now.
    make_room: AtomicBool,
    /// Wakes the connection's task for an order.
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

    /// Whether nothing is under way but what the client has yet to send.
    fn waits_for_request(&self) -> bool {
        !Self::is(&self.is_answering) && !Self::is(&self.is_blocked)
    }

    /// Whether there was an answer, and nothing since.
    fn is_idle(&self) -> bool {
        self.waits_for_request() && Self::is(&self.has_answered) && !Self::is(&self.has_begun)
    }

    /// Whether it is the server that takes its time.
    fn is_busy(&self) -> bool {
        Self::is(&self.is_answering) && !Self::is(&self.wants_body) && !Self::is(&self.is_blocked)
    }

    /// Whether it is the client that takes its time, and has done so for long.
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

/// How much time a client has left.
struct Credit {
    limits: Limits,
    left: Duration,
    moved: usize,
}

impl Credit {
    fn new(limits: Limits) -> Self {
        Self { limits, left: limits.timeout, moved: 0 }
    }

    /// How often it is looked at.
    fn step(&self) -> Duration {
        self.limits.timeout.min(self.limits.keep_alive) / STEPS
    }

    /// Charges the client for the time since the last look; whether there is some left.
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
                // What comes of a head earns nothing: it is so small that a client has no reason to
                // be slow.
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

/// Answers the requests of a connection, one after the other.
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
    // The times are kept here: the library's would set a timer for each request.
    http.max_header_size(LARGEST_HEAD).header_read_timeout(None::<Duration>);
    let io = TokioIo::new(Watched { io, activity: activity.clone(), unread: 0 });
    let mut connection = pin!(http.serve_connection(io, answer));
    let mut credit = Credit::new(limits);
    let mut steps = interval_at(Instant::now() + credit.step(), credit.step());
    // A machine that was asleep charges nobody for it.
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
            // What the client has done meanwhile saves it.
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

/// A request's body, of which it is known whether it is waited for. Most requests have none.
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

/// An answer's body, of which it is known when it is done with.
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

/// A connection's two directions, of which it is known how much goes through and whether they are
/// stuck.
struct Watched<I> {
    io: I,
    activity: Arc<Activity>,
    /// How many bytes were thrown away at the end.
    unread: usize,
}

impl<I: AsyncRead + Unpin> Watched<I> {
    /// Throws away what the client still sends after its request was answered. If the connection
    /// were closed on it, the system would throw away the answer too, and a person who sent
    /// something long would never see why it was refused.
    fn poll_unread(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 4096];
        while self.unread < MOST_UNREAD && !Activity::is(&self.activity.finish) {
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.io).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.unread += buffer.filled().len();
                    // So it costs the client its time, and makes room like any other that has
                    // nothing under way.
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

    /// By how much a connection may be closed later: the clock is looked at in steps.
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

    /// A client, and the end of its connection, which says how long it was open. The network
    /// between them holds that many bytes.
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

    /// Sends a few bytes a second for as long as somebody takes them.
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
        // Those that say nothing hold up nothing.
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
        // Its body came late, and now it is answered.
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

    /// As many places as there are for one address, whose connections are all in use.
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

    /// A connection that has answered, and waits for the next request since that many looks of the
    /// clock.
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

    /// Asks for `/` and keeps the connection.
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
        // Those that came first made room.
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
