//! Serves one connection: handles its requests, and closes it when its client is too slow or when
//! it is told to.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tower::{Service, ServiceExt};

use super::Limits;
use super::activity::Activity;
use super::credit::Credit;
use super::traffic::{Answer, Watched, received};
use crate::server::request::limits::LARGEST_HEAD;

/// Handles the requests of a connection, one after another. `start` is when the server started.
pub(super) async fn serve_connection<I, S>(
    io: I,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    activity: Arc<Activity>,
    start: Instant,
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
            let mut response = service.oneshot(request).await?;
            // hyper may close a connection whose request was not read to its end, but doesn't say
            // so if the response is ready first. The client would lose its next request.
            if Activity::is(&activity.has_unread) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| Answer { body, activity }))
        }
    });
    let mut http = http1::Builder::new();
    // Timeouts are enforced here, because hyper would set a timer for every request.
    http.max_header_size(LARGEST_HEAD).header_read_timeout(None::<Duration>);
    let io = TokioIo::new(Watched { io, activity: activity.clone(), unread: 0 });
    let mut connection = pin!(http.serve_connection(io, answer));
    let mut credit = Credit::new(limits);
    let first = on_the_second(Instant::now() + credit.step(), start);
    let mut steps = interval_at(first, credit.step());
    // After the machine was asleep, don't charge clients for the missed ticks. A late tick must not
    // move the next ones off the second either.
    steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut is_finishing = false;
    poll_fn(|context| {
        activity.waker.register(context.waker());
        let mut polled = connection.as_mut().poll(context);
        if polled.is_pending() && !is_finishing && activity.finish.load(Ordering::Acquire) {
            is_finishing = true;
            // Only after a poll, so that a request that has arrived by now is answered.
            connection.as_mut().graceful_shutdown();
            polled = connection.as_mut().poll(context);
        }
        if let Poll::Ready(ended) = polled {
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

/// The first whole second since `start` that is not before `at`. Idle connections then wake the
/// server together, once a second. Thousands that each have a moment of their own would keep it
/// going to sleep and waking up.
fn on_the_second(at: Instant, start: Instant) -> Instant {
    let since = at.duration_since(start);
    start + Duration::from_secs(since.as_secs() + u64::from(since.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;
    use tokio::time::sleep;

    use super::super::tests::{GET, LIMITS, site};
    use super::*;

    /// How much later than its timeout a connection may be closed, because the clock is read in
    /// steps.
    const LATER: Duration = Duration::from_secs(6);

    /// Connects a client over a network that buffers `network` bytes. The task ends with the
    /// connection and returns how long it was open.
    fn connect(network: usize) -> (DuplexStream, JoinHandle<Duration>) {
        let (client, server) = duplex(network);
        let start = Instant::now();
        let connection = tokio::spawn(async move {
            let peer = SocketAddr::from(([192, 0, 2, 1], 80));
            serve_connection(server, peer, site(), LIMITS, Arc::default(), start).await;
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

    #[test]
    fn connections_are_checked_on_whole_seconds_since_the_start() {
        let start = Instant::now();
        for (at, expected) in [(0, 0), (1, 1_000), (999, 1_000), (1_000, 1_000), (3_001, 4_000)] {
            let at = start + Duration::from_millis(at);
            assert_eq!(on_the_second(at, start), start + Duration::from_millis(expected));
        }
        assert_eq!(
            on_the_second(start, start + Duration::from_secs(5)),
            start + Duration::from_secs(5)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_check_does_not_move_the_next_ones_off_the_second() {
        let (_client, connection) = connect(1024);
        tokio::task::yield_now().await;
        let step = Credit::new(LIMITS).step();
        tokio::time::advance(step + Duration::from_millis(50)).await;
        let open = connection.await.unwrap();
        assert_eq!(open.subsec_millis() / 10, 0, "{open:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_times_out() {
        let (_client, connection) = connect(1024);
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unfinished_request_head_times_out() {
        let (mut client, connection) = connect(1024);
        client.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unfinished_second_request_head_times_out() {
        let (mut client, connection) = connect(1024);
        client.write_all(GET).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_times_out() {
        let (mut client, connection) = connect(1024);
        client
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
            .await
            .unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_keeps_flowing_may_take_long() {
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
    async fn a_response_that_nobody_reads_is_dropped() {
        let (mut client, connection) = connect(64);
        client.write_all(b"GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_is_read_slowly_arrives_complete() {
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
    async fn slow_handlers_do_not_time_out_the_client() {
        let (mut client, _connection) = connect(1024);
        client
            .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        assert!(answer(&mut client).await.ends_with("at last"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_client_may_finish_sending_and_gets_the_refusal() {
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
    async fn a_client_refused_before_it_sent_all_is_told_that_the_connection_closes() {
        let (mut client, connection) = connect(4096);
        client
            .write_all(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n")
            .await
            .unwrap();
        let mut refusal = Vec::new();
        while !refusal.ends_with(b"No") {
            assert!(client.read_buf(&mut refusal).await.unwrap() > 0);
        }
        let refusal = String::from_utf8(refusal).unwrap();
        assert!(refusal.contains("\r\nconnection: close\r\n"), "{refusal}");
        client.write_all(b"Hello").await.unwrap();
        drop(client);
        connection.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_client_that_never_stops_sending_times_out() {
        let (mut client, connection) = connect(4096);
        client
            .write_all(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
            .await
            .unwrap();
        drip(&mut client).await;
        assert_is_about(connection.await.unwrap(), LIMITS.timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_kept_alive_for_a_while() {
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
    async fn a_request_that_arrives_while_its_connection_is_closing_is_answered() {
        let (mut client, server) = duplex(1024);
        let activity = Arc::<Activity>::default();
        let peer = SocketAddr::from(([192, 0, 2, 1], 80));
        let connection = tokio::spawn(serve_connection(
            server,
            peer,
            site(),
            LIMITS,
            activity.clone(),
            Instant::now(),
        ));
        client.write_all(GET).await.unwrap();
        let mut first = Vec::new();
        while !first.ends_with(b"Hello") {
            assert!(client.read_buf(&mut first).await.unwrap() > 0);
        }
        // The connection's task sees both at once.
        client.write_all(GET).await.unwrap();
        activity.finish();
        assert!(answer(&mut client).await.ends_with("Hello"));
        connection.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_head_may_have_16_kb_and_no_more() {
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
}
