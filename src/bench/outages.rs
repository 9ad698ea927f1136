//! What readers notice while a store is stopped, dead, slow or cut off.
//!
//! 64 readers with six addresses open pages throughout each outage, from its first moment on. A
//! third of them opens cached pages, a third opens pages that are rendered for each request, and a
//! third is signed in.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidemark_servers::proxy::{Network, Proxy};
use tidemark_servers::{Redis, SqlServer};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::client::{answer, binary, connect, import_articles, start, stop};

const READERS: usize = 64;
const ARTICLES: u64 = 20;

const LASTS: Duration = Duration::from_secs(6);

/// How long everything may take to work again after an outage.
const BACK_WITHIN: Duration = Duration::from_secs(2);

/// How long a reader may wait who is refused, while a store is away and while it is slow. A slow one
/// answers, so readers wait for it.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
const SLOWLY_REFUSED_WITHIN: Duration = Duration::from_secs(5);

/// When to give up waiting for the end of an outage.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outage {
    None,
    Stopped,
    Dead,
    Slow,
    Cut,
}

/// The kind of page that a reader opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Remembered,
    Rendered,
    SignedIn,
}

/// Makes each search unique, so that none is cached.
static NEXT_SEARCH: AtomicU64 = AtomicU64::new(0);

const KINDS: [Kind; 3] = [Kind::Remembered, Kind::Rendered, Kind::SignedIn];

/// The stores, and the proxies in front of them.
struct Stores {
    sql: SqlServer,
    redis: Redis,
    to_sql: Proxy,
    to_redis: Proxy,
}

/// The latency and status of each request of one reader.
type Seen = Vec<(Duration, u16)>;

/// Runs every outage and prints the table.
pub fn readers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (sql, redis) = (SqlServer::start(), Redis::start());
    let (database, redis_url) = (sql.new_database(), redis.url());
    let (to_sql, to_redis) = (Proxy::to(port(&database)), Proxy::to(port(&redis_url)));
    let through = |url: &str, proxy: &Proxy| {
        url.replace(&format!(":{}", port(url)), &format!(":{}", proxy.port()))
    };
    let settings = vec![
        ("DATABASE_URL", through(&database, &to_sql)),
        ("REDIS_URL", through(&redis_url, &to_redis)),
        // Logging would distort the measurement.
        ("RUST_LOG", "off".to_owned()),
    ];
    let mut stores = Stores { sql, redis, to_sql, to_redis };
    import_articles(folder.path(), &settings, ARTICLES);
    let password = add_reader(folder.path(), &settings);
    let (server, address) = start(folder.path(), &settings);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cookie = runtime.block_on(sign_in(address, &password));
    println!(
        "{READERS} readers of six addresses, server profile, each outage {} s",
        LASTS.as_secs()
    );
    println!(
        "store   is        pages        requests    median       p99   longest   answered 503   used again after"
    );
    for (store, outages) in [
        ("", &[Outage::None][..]),
        ("Redis", &[Outage::Stopped, Outage::Dead, Outage::Slow, Outage::Cut][..]),
        ("SQL", &[Outage::Stopped, Outage::Dead, Outage::Slow, Outage::Cut][..]),
    ] {
        for outage in outages {
            // Also fills the page cache.
            runtime.block_on(until_well(address, &cookie));
            let (seen, took) = runtime.block_on(async {
                stores.take_away(store, *outage);
                let seen = load(address, &cookie).await;
                stores.bring_back(store, *outage);
                (seen, until_well(address, &cookie).await)
            });
            print(store, *outage, seen, took);
        }
    }
    stop(server);
}

/// Prints a line for each kind of reader.
///
/// # Panics
/// A reader was refused too late, or the store was used again too late.
fn print(store: &str, outage: Outage, seen: Vec<(Kind, Seen)>, took: Duration) {
    assert!(took <= BACK_WITHIN, "{store} {outage:?}: used again after {took:?}");
    for kind in KINDS {
        let mut all: Seen = seen
            .iter()
            .filter(|(other, _)| *other == kind)
            .flat_map(|(_, seen)| seen.clone())
            .collect();
        all.sort_unstable();
        let refused = all.iter().filter(|(_, status)| *status == 503).count();
        let within = match outage {
            Outage::Slow => SLOWLY_REFUSED_WITHIN,
            _ => REFUSED_WITHIN,
        };
        let longest_refusal = all.iter().filter(|(_, status)| *status == 503).max();
        assert!(
            longest_refusal.is_none_or(|(took, _)| *took <= within),
            "{store} {outage:?}: {longest_refusal:?}"
        );
        let odd = all.iter().find(|(_, status)| !matches!(*status, 200 | 503));
        assert_eq!(odd, None, "an unexpected response");
        let milliseconds = |place: usize| all[place.min(all.len() - 1)].0.as_secs_f64() * 1000.0;
        println!(
            "{store:<7} {:<9} {:<12} {:>8} {:>6.1} ms {:>6.1} ms {:>6.0} ms {:>12.1} % {:>15.1} s",
            format!("{outage:?}").to_lowercase(),
            format!("{kind:?}").to_lowercase(),
            all.len(),
            milliseconds(all.len() / 2),
            milliseconds(all.len() * 99 / 100),
            milliseconds(all.len()),
            refused as f64 * 100.0 / all.len() as f64,
            took.as_secs_f64(),
        );
    }
}

fn port(url: &str) -> u16 {
    let authority =
        url.split("//").nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
    authority.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

impl Stores {
    fn take_away(&mut self, store: &str, outage: Outage) {
        let is_redis = store == "Redis";
        match outage {
            Outage::None => {}
            Outage::Stopped if is_redis => self.redis.pause(),
            Outage::Stopped => self.sql.pause(),
            Outage::Dead if is_redis => self.redis.kill(),
            Outage::Dead => self.sql.kill(),
            Outage::Slow => self.proxy(is_redis).set(Network::Slow),
            Outage::Cut => self.proxy(is_redis).set(Network::Cut),
        }
    }

    fn bring_back(&mut self, store: &str, outage: Outage) {
        let is_redis = store == "Redis";
        match outage {
            Outage::None => {}
            Outage::Stopped if is_redis => self.redis.resume(),
            Outage::Stopped => self.sql.resume(),
            Outage::Dead if is_redis => self.redis.restart(),
            Outage::Dead => self.sql.restart(),
            // A cut leaves behind connections that stay silent forever.
            Outage::Slow | Outage::Cut => self.proxy(is_redis).set(Network::Well),
        }
    }

    fn proxy(&self, is_redis: bool) -> &Proxy {
        if is_redis { &self.to_redis } else { &self.to_sql }
    }
}

/// Creates the account `reader` and returns its password.
fn add_reader(folder: &Path, settings: &[(&str, String)]) -> String {
    let mut command = binary(folder, settings);
    let output =
        command.args(["user", "add", "reader", "--role", "reader"]).stderr(Stdio::null()).output();
    let output = String::from_utf8(output.expect("the binary starts").stdout).expect("text");
    output.lines().last().expect("a password").trim().to_owned()
}

/// Signs in and returns the session cookie.
async fn sign_in(address: SocketAddr, password: &str) -> String {
    use tokio::io::AsyncBufReadExt;
    let mut connection = connect(address).await;
    let body = format!("username=reader&password={password}");
    let head = format!(
        "POST /login HTTP/1.1\r\nhost: bench\r\nx-forwarded-for: 192.0.2.99\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.get_mut().write_all(head.as_bytes()).await.expect("a request is sent");
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await.expect("a line of the answer");
        assert!(!line.trim().is_empty(), "there is no cookie in the answer");
        // Skip the cookie that identifies a known device.
        if let Some(cookie) =
            line.strip_prefix("set-cookie: ").filter(|cookie| cookie.starts_with("session-"))
        {
            return cookie.split(';').next().unwrap_or_default().to_owned();
        }
    }
}

/// Requests a page and returns its status and body.
async fn open(
    connection: &mut BufReader<TcpStream>,
    path: &str,
    reader: usize,
    cookie: &str,
) -> (u16, String) {
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: bench\r\nx-forwarded-for: 192.0.2.{}\r\n{cookie}\r\n",
        reader % 6
    );
    connection.get_mut().write_all(head.as_bytes()).await.expect("a request is sent");
    answer(connection).await
}

/// Runs the readers for the length of an outage. Returns what each of them saw.
async fn load(address: SocketAddr, cookie: &str) -> Vec<(Kind, Seen)> {
    let stopped = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::with_capacity(READERS);
    for number in 0..READERS {
        let (mut connection, stopped) = (connect(address).await, stopped.clone());
        let kind = KINDS[number % KINDS.len()];
        let cookie = if kind == Kind::SignedIn { cookie.to_owned() } else { String::new() };
        readers.push(tokio::spawn(async move {
            let mut seen = Seen::new();
            while !stopped.load(Ordering::Relaxed) {
                let path = match (kind, (seen.len() + number) % 3) {
                    // Unique across all outages.
                    (Kind::Rendered, _) => {
                        format!("/search?q=article+{}", NEXT_SEARCH.fetch_add(1, Ordering::Relaxed))
                    }
                    (_, 0) => "/".into(),
                    (_, 1) => "/articles/article-1".into(),
                    _ => "/most-viewed".into(),
                };
                let start = Instant::now();
                let (status, _) = open(&mut connection, &path, number, &cookie).await;
                seen.push((start.elapsed(), status));
                // Pace the readers. At full speed, instant refusals would outnumber all other
                // requests.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            (kind, seen)
        }));
    }
    tokio::time::sleep(LASTS).await;
    stopped.store(true, Ordering::Relaxed);
    let mut all = Vec::with_capacity(READERS);
    for reader in readers {
        all.push(reader.await.expect("the reader finishes"));
    }
    all
}

/// Waits until everything works again: sessions are found, and pages, searches and `/readyz` all
/// succeed. Returns how long that took.
async fn until_well(address: SocketAddr, cookie: &str) -> Duration {
    let mut connection = connect(address).await;
    let start = Instant::now();
    loop {
        let mut is_well = true;
        for path in ["/", "/articles/article-1", "/most-viewed", "/search?q=article"] {
            is_well &= open(&mut connection, path, 0, "").await.0 == 200;
        }
        // A page shows the sign-out form only to a reader who is signed in.
        is_well &= open(&mut connection, "/", 0, cookie).await.1.contains("/logout");
        let (status, _) = open(&mut connection, "/readyz", 0, "").await;
        if is_well && status == 200 {
            return start.elapsed();
        }
        assert!(start.elapsed() < TIMEOUT, "the store was not used again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
