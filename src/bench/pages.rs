//! What a page costs, and whether pages hold up under many readers: no errors and no long waits.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tidemark_servers::{Redis, SqlServer, free_port};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::client::{answer, binary, connect, import_articles, request, start, stop};
use crate::{Profile, median};

/// The pages and files that a reader without a session opens, and one address that leads nowhere.
const PAGES: [&str; 14] = [
    "/",
    "/articles/first-steps",
    "/tags/tidemark",
    "/authors/marina-keel",
    "/tags",
    "/authors",
    "/archive",
    "/most-viewed",
    "/counting",
    "/search?q=view",
    "/login",
    "/feed.xml",
    "/sitemap.xml",
    "/nothing-is-here",
];

const ARTICLE: &str = "/articles/first-steps";

/// How many articles `seed` adds.
const SAMPLES: u64 = 9;

/// The number of concurrent readers, how long they load each page, and the longest that any may
/// wait.
const READERS: usize = 256;
const LASTS: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The number of connections in a comparison, and the length of each run.
const CONNECTIONS: usize = 64;
const RUN: Duration = Duration::from_secs(4);

/// How many requests the server must take without growing.
const REQUESTS: u64 = 1_000_000;

/// A server with some articles, and the resources that it needs.
struct Site {
    server: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
    _redis: Option<Redis>,
}

impl Site {
    fn start(profile: Profile, cache: &str, fill: impl FnOnce(&Path, &[(&str, String)])) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let redis = (profile == Profile::Server).then(Redis::start);
        let mut settings = vec![("TIDEMARK_PAGES__CACHE", cache.to_owned())];
        if let Some(redis) = &redis {
            settings.extend([
                ("DATABASE_URL", SqlServer::shared().new_database()),
                ("REDIS_URL", redis.url()),
            ]);
        }
        fill(folder.path(), &settings);
        let (server, address) = start(folder.path(), &settings);
        Self { server, address, _folder: folder, _redis: redis }
    }

    fn stop(self) {
        stop(self.server);
    }
}

fn seed(folder: &Path, settings: &[(&str, String)]) {
    let status = binary(folder, settings).arg("seed").stdout(Stdio::null()).status();
    assert!(status.expect("the binary starts").success(), "the samples were added");
}

/// Loads every page with 256 connections for ten seconds, in both profiles, with the page cache on
/// and off. With the cache on, then requests the front page and an article a million times in total
/// and prints the server's memory.
pub fn hold() {
    let runtime = Runtime::new().expect("a runtime");
    for profile in [Profile::Embedded, Profile::Server] {
        for cache in ["64", "0"] {
            let site = Site::start(profile, cache, seed);
            println!(
                "{profile:?} profile, pages.cache = {cache}: {READERS} connections, {} s a page",
                LASTS.as_secs()
            );
            println!("page                        requests/s    median       p99   longest");
            for page in PAGES {
                let mut times = runtime.block_on(crowd(site.address, page));
                times.sort_unstable();
                let milliseconds =
                    |place: usize| times[place.min(times.len() - 1)].as_secs_f64() * 1000.0;
                println!(
                    "{page:<26} {:>11.0} {:>6.1} ms {:>6.1} ms {:>6.0} ms",
                    times.len() as f64 / LASTS.as_secs_f64(),
                    milliseconds(times.len() / 2),
                    milliseconds(times.len() * 99 / 100),
                    milliseconds(times.len()),
                );
                assert!(
                    times.last() < Some(&LONGEST_WAIT),
                    "{page}: a reader waited for {:?}",
                    times.last()
                );
            }
            if cache != "0" {
                let mut sizes = vec![resident(&site.server)];
                for _ in 0..4 {
                    runtime.block_on(many(site.address, REQUESTS / 4));
                    sizes.push(resident(&site.server));
                }
                println!(
                    "memory of the process before, and after each quarter of {REQUESTS} requests: {sizes:?} MB"
                );
            }
            site.stop();
        }
    }
}

/// Loads a page with all readers at full speed. Returns the latency of each request.
async fn crowd(address: SocketAddr, page: &'static str) -> Vec<Duration> {
    let expected = if page == "/nothing-is-here" { 404 } else { 200 };
    let mut readers = Vec::with_capacity(READERS);
    let mut connections = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        connections.push(connect(address).await);
    }
    let end = Instant::now() + LASTS;
    for mut connection in connections {
        readers.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let start = Instant::now();
                connection.get_mut().write_all(&get(page)).await.expect("a request is sent");
                let (status, _) = answer(&mut connection).await;
                assert_eq!(status, expected, "{page}");
                times.push(start.elapsed());
            }
            times
        }));
    }
    let mut all = Vec::new();
    for reader in readers {
        all.extend(reader.await.expect("the reader finishes"));
    }
    all
}

fn get(page: &str) -> Vec<u8> {
    format!("GET {page} HTTP/1.1\r\nhost: bench\r\n\r\n").into_bytes()
}

/// Requests the front page and an article, `requests` times in total.
async fn many(address: SocketAddr, requests: u64) {
    let left = Arc::new(AtomicU64::new(requests));
    let mut readers = Vec::with_capacity(READERS);
    for number in 0..READERS {
        let (mut stream, left) =
            (TcpStream::connect(address).await.expect("a connection"), left.clone());
        readers.push(tokio::spawn(async move {
            let (request, mut buffer) = (get(["/", ARTICLE][number % 2]), Vec::new());
            while left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
            {
                fetch(&mut stream, &request, &mut buffer).await;
            }
        }));
    }
    for reader in readers {
        reader.await.expect("the reader finishes");
    }
}

/// Resident memory of the server, in MB (`VmRSS`).
fn resident(server: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.split_whitespace().next().and_then(|size| size.parse::<u64>().ok()).expect("a number")
        / 1_024
}

/// Sends a request, reads the answer into `buffer` and returns where its body begins. Does as
/// little work as possible, so that the server is the bottleneck.
async fn fetch(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> usize {
    stream.write_all(request).await.expect("a request is sent");
    buffer.clear();
    let mut end = None;
    loop {
        buffer.reserve(32 * 1_024);
        assert!(stream.read_buf(buffer).await.expect("an answer") > 0, "the server hung up");
        if end.is_none()
            && let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let text = std::str::from_utf8(&buffer[..head]).expect("text").to_ascii_lowercase();
            assert!(text.starts_with("http/1.1 200"), "{text}");
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .expect("a length");
            end = Some((head + 4, head + 4 + length.parse::<usize>().expect("a number")));
        }
        if let Some((body, end)) = end
            && buffer.len() >= end
        {
            return body;
        }
    }
}

/// Returns the requests per second for a page, and one of the bodies received.
async fn rate(address: SocketAddr, page: &str) -> (f64, String) {
    let mut streams = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        streams.push(TcpStream::connect(address).await.expect("a connection"));
    }
    let (start, end) = (Instant::now(), Instant::now() + RUN);
    let readers: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            let request = get(page);
            tokio::spawn(async move {
                let (mut requests, mut buffer, mut body) = (0_u64, Vec::new(), 0);
                while Instant::now() < end {
                    body = fetch(&mut stream, &request, &mut buffer).await;
                    requests += 1;
                }
                (requests, String::from_utf8(buffer.split_off(body)).expect("text"))
            })
        })
        .collect();
    let (mut requests, mut page) = (0, String::new());
    for reader in readers {
        let (of_reader, body) = reader.await.expect("the reader finishes");
        requests += of_reader;
        page = body;
    }
    (requests as f64 / start.elapsed().as_secs_f64(), page)
}

/// Compares an article with nginx, which serves the same bytes from a file with one worker; then
/// the front page of a large blog with that of a small one. Runs alternate.
pub fn compare(pairs: usize) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (profile, cache) in [
        (Profile::Embedded, "64"),
        (Profile::Embedded, "0"),
        (Profile::Server, "64"),
        (Profile::Server, "0"),
    ] {
        let site = Site::start(profile, cache, seed);
        runtime.block_on(view_samples(site.address));
        // The ranking has the views a moment later, and changes the page.
        let mut page = String::new();
        while !page.contains("Last 24 hours: 1 view") {
            (_, page) = runtime.block_on(rate(site.address, ARTICLE));
        }
        let Some(nginx) = Nginx::start(&page) else {
            println!("nginx is missing, which pages are compared with: install it and try again.");
            site.stop();
            break;
        };
        println!(
            "{profile:?} profile, pages.cache = {cache}: {ARTICLE}, {} bytes, {CONNECTIONS} connections",
            page.len()
        );
        println!("pair   nginx/s   pages/s   ratio");
        let mut ratios = Vec::new();
        for pair in 1..=pairs {
            let (of_nginx, _) = runtime.block_on(rate(nginx.address, "/page.html"));
            let (of_site, again) = runtime.block_on(rate(site.address, ARTICLE));
            let is_same = without_nonce(&again) == without_nonce(&page);
            assert!(is_same, "void: another page was served");
            ratios.push(of_site / of_nginx);
            println!("{pair:>4} {of_nginx:>9.0} {of_site:>9.0} {:>7.2}", of_site / of_nginx);
        }
        println!(
            "median ratio {:.2}; every page was the one that nginx serves, but for its nonce",
            median(ratios)
        );
        site.stop();
    }
    large_front_page(&runtime, pairs);
}

/// Counts a view of each sample article. A page that people read has views, and those of the server
/// profile are in Redis.
async fn view_samples(address: SocketAddr) {
    let mut connection = connect(address).await;
    let views = (1..=SAMPLES).map(|article| format!("/api/v1/articles/{article}/view"));
    for path in views {
        let answer = request(&mut connection, "PUT", &path, 1).await;
        assert!(answer.contains("\"counted\":true"), "{path}: {answer}");
    }
}

fn large_front_page(runtime: &Runtime, pairs: usize) {
    let of = |articles| {
        Site::start(Profile::Embedded, "0", |folder, settings| {
            import_articles(folder, settings, articles);
        })
    };
    let (small, large) = (of(20), of(20_000));
    println!("The front page, not from memory, embedded profile, {CONNECTIONS} connections");
    println!("pair   of 20/s   of 20,000/s   times as long");
    let mut ratios = Vec::new();
    for pair in 1..=pairs {
        let (of_small, _) = runtime.block_on(rate(small.address, "/"));
        let (of_large, _) = runtime.block_on(rate(large.address, "/"));
        ratios.push(of_small / of_large);
        println!("{pair:>4} {of_small:>9.0} {of_large:>13.0} {:>15.2}", of_small / of_large);
    }
    println!("median {:.2}", median(ratios));
    small.stop();
    large.stop();
}

/// Removes the script nonce, which differs in every answer.
fn without_nonce(page: &str) -> String {
    let nonce =
        page.split_once("nonce=\"").and_then(|(_, rest)| rest.split_once('"')).expect("a nonce").0;
    page.replace(nonce, "")
}

/// An nginx with one worker that serves one file.
struct Nginx {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Nginx {
    fn start(page: &str) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let program = folders.map(|folder| folder.join("nginx")).find(|file| file.is_file())?;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (root, port) = (folder.path().display().to_string(), free_port());
        let settings = format!(
            "worker_processes 1; daemon off; pid {root}/pid; error_log {root}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;\n\
             client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;\n\
             uwsgi_temp_path {root}/d; scgi_temp_path {root}/e; types {{ text/html html; }}\n\
             server {{ listen 127.0.0.1:{port}; root {root}/site; }} }}\n"
        );
        std::fs::create_dir(folder.path().join("site")).expect("a folder");
        std::fs::write(folder.path().join("site/page.html"), page).expect("a file");
        // If root starts nginx, the worker runs as another user.
        make_readable(folder.path());
        std::fs::write(folder.path().join("nginx.conf"), settings).expect("a file");
        let process = Command::new(program)
            .args(["-p", &root, "-c", &format!("{root}/nginx.conf")])
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self { process, address, _folder: folder })
    }
}

fn make_readable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .expect("the folder's permissions");
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM instead of SIGKILL, which would leave the worker running.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
