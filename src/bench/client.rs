//! Starts a server and sends it load over HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

/// The kind of PUT that a run sends.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Nothing,
    View,
}

/// The `tidemark` command with the benchmark's settings. `TIDEMARK_*` variables of the caller's
/// environment are passed on, so that other settings can be tried.
pub fn binary(folder: &Path, settings: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    command
        .env_clear()
        .current_dir(folder)
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .env("RUST_LOG", "error")
        .envs(std::env::vars().filter(|(name, _)| name.starts_with("TIDEMARK_")))
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// Imports `count` short articles.
pub fn import_articles(folder: &Path, settings: &[(&str, String)], count: u64) {
    let blog = folder.join("blog");
    std::fs::create_dir(&blog).expect("a folder");
    for number in 1..=count {
        let text = format!(
            "+++\ntitle = \"Article {number}\"\nslug = \"article-{number}\"\ndate = 2026-01-01\n+++\n\nText.\n"
        );
        std::fs::write(blog.join(format!("article-{number}.md")), text).expect("a file");
    }
    let status = binary(folder, settings).arg("import").arg(&blog).stdout(Stdio::null()).status();
    assert!(status.expect("the binary starts").success(), "the articles were imported");
}

/// Starts a server, waits until it listens, and returns it with its address.
pub fn start(folder: &Path, settings: &[(&str, String)]) -> (Child, SocketAddr) {
    use std::io::BufRead;
    let mut child = binary(folder, settings)
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("its output");
    std::io::BufReader::new(output).read_line(&mut line).expect("its first line");
    let address =
        line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("its address");
    (child, address.parse().expect("an address"))
}

pub fn stop(mut server: Child) {
    server.kill().expect("the server can be stopped");
    server.wait().expect("the server has stopped");
}

/// The size of a run: requests, connections, and the articles that they are spread over.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub requests: u64,
    pub connections: usize,
    pub articles: u64,
}

/// Sends PUTs. Returns the requests per second and how many were answered as counted.
pub async fn run(
    address: SocketAddr,
    kind: Kind,
    load: Load,
    next_visitor: Arc<AtomicU64>,
) -> (f64, u64) {
    let left = Arc::new(AtomicU64::new(load.requests));
    // Connect before the clock starts, one at a time: with many at once, some would only be retried
    // a second later.
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(connect(address).await);
    }
    let start = Instant::now();
    let clients: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let (left, next_visitor) = (left.clone(), next_visitor.clone());
            tokio::spawn(async move {
                let mut counted = 0;
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let visitor = next_visitor.fetch_add(1, Ordering::Relaxed);
                    let path = path(kind, visitor, load.articles);
                    let body = request(&mut connection, "PUT", &path, visitor).await;
                    counted += u64::from(body.contains("\"counted\":true"));
                }
                counted
            })
        })
        .collect();
    let mut counted = 0;
    for client in clients {
        counted += client.await.expect("the client finishes");
    }
    (load.requests as f64 / start.elapsed().as_secs_f64(), counted)
}

/// Skewed like real traffic: a tenth of the articles gets about half of the views (the cube of a
/// uniform number).
fn path(kind: Kind, visitor: u64, articles: u64) -> String {
    match kind {
        Kind::Nothing => "/api/v1/nothing".into(),
        Kind::View => {
            let uniform =
                (visitor.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1u64 << 53) as f64;
            format!("/api/v1/articles/{}/view", 1 + (uniform.powi(3) * articles as f64) as u64)
        }
    }
}

pub async fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    BufReader::new(stream)
}

/// Sends a request as `visitor` and returns the body of the answer.
pub async fn request(
    connection: &mut BufReader<TcpStream>,
    method: &str,
    path: &str,
    visitor: u64,
) -> String {
    let [.., a, b, c] = visitor.to_be_bytes();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nuser-agent: {FIREFOX}\r\nx-forwarded-for: 10.{a}.{b}.{c}\r\n\r\n"
    );
    connection.get_mut().write_all(head.as_bytes()).await.expect("a request is sent");
    answer(connection).await.1
}

/// Reads an answer and returns its status and body.
pub async fn answer(connection: &mut BufReader<TcpStream>) -> (u16, String) {
    let (mut status, mut length, mut is_chunked, mut line) = (0, 0, false, String::new());
    loop {
        line.clear();
        connection.read_line(&mut line).await.expect("a line of the answer");
        match line.trim_end().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().expect("a length"),
            Some(("transfer-encoding", "chunked")) => is_chunked = true,
            _ if line == "\r\n" => break,
            _ if line.starts_with("HTTP/1.1 ") => status = line[9..12].parse().expect("a status"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    loop {
        if is_chunked {
            line.clear();
            connection.read_line(&mut line).await.expect("the length of a part");
            length = usize::from_str_radix(line.trim(), 16).expect("a length");
        }
        let end = body.len() + length;
        body.resize(end, 0);
        connection.read_exact(&mut body[end - length..]).await.expect("the answer's body");
        if !is_chunked {
            break;
        }
        line.clear();
        connection.read_line(&mut line).await.expect("the end of a part");
        if length == 0 {
            break;
        }
    }
    (status, String::from_utf8(body).expect("text"))
}
