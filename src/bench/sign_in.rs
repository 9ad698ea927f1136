//! What a flood of sign-in attempts does to readers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::AsyncWriteExt;

use crate::client::{answer, connect, import_articles, request, start, stop};

const PAGES: usize = 1_000;
const GUESSERS: u64 = 64;

/// Prints page latency with and without password guessers. Each attempt uses a new name and a new
/// address, so the throttle never applies.
pub fn flood() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    import_articles(folder.path(), &[], 20);
    let (server, address) = start(folder.path(), &[]);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("The front page, {PAGES} times one after the other, embedded profile");
    println!("guessers   median   p99   sign-ins/s refused as wrong   as too many at once");
    for guessers in [0, GUESSERS] {
        let (stopped, wrong, busy) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicU64::new(0)),
        );
        let (times, elapsed) = runtime.block_on(async {
            for guesser in 0..guessers {
                tokio::spawn(guess(address, guesser, stopped.clone(), wrong.clone(), busy.clone()));
            }
            let mut connection = connect(address).await;
            let begin = Instant::now();
            let mut times = Vec::with_capacity(PAGES);
            for _ in 0..PAGES {
                let start = Instant::now();
                let page = request(&mut connection, "GET", "/", 0).await;
                times.push(start.elapsed().as_secs_f64() * 1000.0);
                assert!(page.contains("</html>"), "a whole page");
            }
            stopped.store(true, Ordering::Relaxed);
            (times, begin.elapsed().as_secs_f64())
        });
        let mut times = times;
        times.sort_by(f64::total_cmp);
        let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / elapsed;
        println!(
            "{guessers:>8} {:>5.1} ms {:>4.1} ms {:>28.0} {:>21.0}",
            times[PAGES / 2],
            times[PAGES * 99 / 100],
            rate(&wrong),
            rate(&busy)
        );
    }
    stop(server);
}

async fn guess(
    address: SocketAddr,
    guesser: u64,
    stopped: Arc<AtomicBool>,
    wrong: Arc<AtomicU64>,
    busy: Arc<AtomicU64>,
) {
    let mut connection = connect(address).await;
    let mut attempt = 0;
    while !stopped.load(Ordering::Relaxed) {
        attempt += 1;
        let body = format!("username=nobody-{guesser}-{attempt}&password=guess");
        let [.., a, b] = u64::to_be_bytes(attempt);
        let head = format!(
            "POST /login HTTP/1.1\r\nhost: bench\r\nx-forwarded-for: 10.{guesser}.{a}.{b}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        connection.get_mut().write_all(head.as_bytes()).await.expect("a request is sent");
        match answer(&mut connection).await {
            (422, _) => wrong.fetch_add(1, Ordering::Relaxed),
            (503, _) => busy.fetch_add(1, Ordering::Relaxed),
            (status, body) => panic!("an answer that was not expected: {status} {body}"),
        };
    }
}
