//! Accepts connections and enforces their limits: how many there may be, how long a client may keep
//! one waiting, and how large a request's head may be.
//!
//! A slow client, or one that pretends to be slow, costs a connection and nothing else. Each
//! connection has a time budget ([`Limits::timeout`], [`credit`]). It is spent while the server
//! waits for the client, and refilled by what the client sends or takes. When it runs out, the
//! connection is closed. A client that keeps up the slowest rate is never timed out. Time that a
//! request spends inside the server is not charged to the client, and nothing here ends such a
//! request.
//!
//! When all connections are in use, a new one replaces the oldest that waits for its client
//! ([`connections`]). So a client that opens many connections and sends nothing hurts only itself.
//! One address gets a share of all connections, and an IPv6 /48 gets a few such shares ([`peers`]),
//! so nobody can take them all by keeping many busy. When a share is full, a new connection
//! replaces the one in it that has been idle longest, because browsers keep connections open that
//! they may never use again. If none is idle, the new one is closed at once. A trusted proxy speaks
//! for many clients, so no share limits it.
//!
//! The cost per request is a few uncontended atomic stores. The clock is read a few times per time
//! budget, however much traffic there is.

mod activity;
mod connection;
mod connections;
mod credit;
mod limits;
mod peers;
mod traffic;

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use activity::Activity;
use axum::extract::Request;
use axum::response::Response;
use connection::serve_connection;
use connections::Connections;
use ipnet::IpNet;
pub use limits::Limits;
use peers::Peers;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

/// How long to pause after the system refuses to accept a connection, and between attempts to free
/// one.
const PAUSE: Duration = Duration::from_millis(100);

/// The shortest interval between two warnings that share a [`Said`].
const SAY_AGAIN: Duration = Duration::from_secs(60);

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
    let start = Instant::now();
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
            serve_connection(stream, peer, service, limits, activity, start).await;
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::Router;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::time::sleep;

    use super::peers::LEAST_OF_AN_ADDRESS;
    use super::*;

    pub(super) const LIMITS: Limits = Limits {
        connections: 2,
        timeout: Duration::from_secs(30),
        keep_alive: Duration::from_secs(75),
    };

    pub(super) const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    pub(super) fn site() -> Router {
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

    #[tokio::test]
    async fn many_silent_connections_do_not_lock_others_out() {
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

    #[tokio::test(start_paused = true)]
    async fn repeated_connection_events_are_logged_once_a_minute() {
        let (mut said, mut count) = (Said::default(), 0);
        for _ in 0..180 {
            said.now_and_then(|| count += 1);
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(count, 3);
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
    async fn browsers_that_share_an_address_and_keep_idle_connections_can_still_connect() {
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
}
