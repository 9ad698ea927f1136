//! What a counted view costs: the rate of PUTs that are counted and durable, against the rate of PUTs of the same server that do
//! nothing. Both go over HTTP from the same client on the same machine, in turn, so that the ratio holds when the machine's speed
//! drifts. After each run the sum of all counts must be the number of acknowledged views, or the figure is void.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

const ARTICLES: u64 = 100;
const PAIRS: usize = 7;
const REQUESTS: u64 = 30_000;
const CONNECTIONS: usize = 512;
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0";

/// What the PUTs of a run are.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Nothing,
    View,
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    prepare(folder.path());
    let (mut server, address) = start(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let next_visitor = Arc::new(AtomicU64::new(1));
    let mut acknowledged = 0;
    let mut ratios = Vec::new();
    runtime.block_on(run(address, Kind::Nothing, next_visitor.clone()));
    println!("{REQUESTS} requests a run over {CONNECTIONS} connections, {ARTICLES} articles, every visitor new");
    println!("pair   nothing/s   views/s   ratio");
    for pair in 1..=PAIRS {
        let (nothing, _) = runtime.block_on(run(address, Kind::Nothing, next_visitor.clone()));
        let (views, counted) = runtime.block_on(run(address, Kind::View, next_visitor.clone()));
        acknowledged += counted;
        let sum = runtime.block_on(sum_of_counts(address));
        assert_eq!(sum, acknowledged, "void: {acknowledged} views were acknowledged, {sum} are counted");
        ratios.push(views / nothing);
        println!("{pair:>4} {nothing:>11.0} {views:>9.0} {:>7.2}", views / nothing);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}; checksum: {acknowledged} acknowledged = counted", ratios[PAIRS / 2]);
    server.kill().expect("the server can be stopped");
    server.wait().expect("the server has stopped");
}

fn prepare(folder: &Path) {
    let blog = folder.join("blog");
    std::fs::create_dir(&blog).expect("a folder");
    for number in 1..=ARTICLES {
        let text = format!(
            "+++\ntitle = \"Article {number}\"\nslug = \"article-{number}\"\ndate = 2026-01-01\n+++\n\nText.\n"
        );
        std::fs::write(blog.join(format!("article-{number}.md")), text).expect("a file");
    }
    let status = binary(folder).arg("import").arg(&blog).stdout(Stdio::null()).status().expect("the binary starts");
    assert!(status.success(), "the articles were imported");
}

fn binary(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
    command
        .env_clear()
        .current_dir(folder)
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .env("RUST_LOG", "error");
    command
}

fn start(folder: &Path) -> (Child, SocketAddr) {
    use std::io::BufRead;
    let mut child = binary(folder).arg("serve").stdout(Stdio::piped()).spawn().expect("the server starts");
    let mut line = String::new();
    let output = child.stdout.as_mut().expect("its output");
    std::io::BufReader::new(output).read_line(&mut line).expect("its first line");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("its address");
    (child, address.parse().expect("an address"))
}

/// Sends `REQUESTS` PUTs and returns their rate per second and how many were answered as counted.
async fn run(address: SocketAddr, kind: Kind, next_visitor: Arc<AtomicU64>) -> (f64, u64) {
    let left = Arc::new(AtomicU64::new(REQUESTS));
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (left, next_visitor) = (left.clone(), next_visitor.clone());
            tokio::spawn(async move {
                let mut connection = connect(address).await;
                let mut counted = 0;
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    let visitor = next_visitor.fetch_add(1, Ordering::Relaxed);
                    let body = request(&mut connection, "PUT", &path(kind, visitor), visitor).await;
                    counted += u64::from(body.contains("\"counted\":true"));
                }
                counted
            })
        })
        .collect();
    let mut counted = 0;
    for client in clients {
        counted += client.await.expect("a client that ran to its end");
    }
    (REQUESTS as f64 / start.elapsed().as_secs_f64(), counted)
}

/// Skewed as readers are: a tenth of the articles gets about half of the views (the cube of a uniform number).
fn path(kind: Kind, visitor: u64) -> String {
    match kind {
        Kind::Nothing => "/api/v1/nothing".into(),
        Kind::View => {
            let uniform = (visitor.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1u64 << 53) as f64;
            format!("/api/v1/articles/{}/view", 1 + (uniform.powi(3) * ARTICLES as f64) as u64)
        }
    }
}

async fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    BufReader::new(stream)
}

async fn request(connection: &mut BufReader<TcpStream>, method: &str, path: &str, visitor: u64) -> String {
    use tokio::io::AsyncBufReadExt;
    let [.., a, b, c] = visitor.to_be_bytes();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\nuser-agent: {FIREFOX}\r\nx-forwarded-for: 10.{a}.{b}.{c}\r\n\r\n"
    );
    connection.get_mut().write_all(head.as_bytes()).await.expect("a request is sent");
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        connection.read_line(&mut line).await.expect("a line of the answer");
        match line.trim_end().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().expect("a length"),
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.expect("the answer's body");
    String::from_utf8(body).expect("text")
}

async fn sum_of_counts(address: SocketAddr) -> u64 {
    let mut connection = connect(address).await;
    let body = request(&mut connection, "GET", "/api/v1/articles?per-page=100", 0).await;
    let list: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let articles = list["articles"].as_array().expect("a list");
    articles.iter().filter_map(|article| article["views"].as_u64()).sum()
}
