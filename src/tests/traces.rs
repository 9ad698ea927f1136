//! Traces go to a collector, and say nothing of readers.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidemark_servers::{Redis, SqlServer};

use crate::harness::{PATIENCE, binary, is_server_profile};

/// Takes whatever is posted to it. Returns its port, and the bodies it got, one after the other.
fn collector() -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::<Mutex<Vec<u8>>>::default();
    let kept = received.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            let mut lines = Vec::new();
            while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                lines.push(std::mem::take(&mut line));
            }
            assert!(lines[0].starts_with("POST /v1/traces "), "{lines:?}");
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            kept.lock().unwrap().extend(body);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
        }
    });
    (port, received)
}

#[test]
fn c3_traces_say_where_time_goes_and_nothing_of_readers() {
    let folder = tempfile::tempdir().unwrap();
    let redis = is_server_profile().then(Redis::start);
    let (url, redis_url) = match &redis {
        Some(redis) => (SqlServer::shared().new_database(), redis.url()),
        None => (format!("sqlite:{}", folder.path().join("blog.db").display()), String::new()),
    };
    let (port, received) = collector();
    let command = |name: &str| {
        let mut command = binary();
        command.arg(name).env("DATABASE_URL", &url).env("REDIS_URL", &redis_url);
        command
    };
    assert!(command("seed").output().unwrap().status.success());
    let mut server = command("serve")
        .env("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .env("TIDEMARK_TRACES__URL", format!("http://127.0.0.1:{port}"))
        .env("TIDEMARK_TRACES__RATIO", "1")
        // OpenTelemetry's own setting: how long it gathers traces, in milliseconds.
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .stdout(Stdio::piped())
        .stderr(File::create(folder.path().join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0 Mine/7";
    for path in ["/search?q=unheardof", "/articles/first-steps", "/articles/first-steps", "/api/x"]
    {
        let request = agent.get(format!("{address}{path}"));
        request
            .header("user-agent", browser)
            .header("x-forwarded-for", "198.51.100.77")
            .call()
            .unwrap();
    }
    let view = agent.put(format!("{address}/api/v1/articles/1/view"));
    let view = view
        .header("user-agent", browser)
        .header("x-forwarded-for", "198.51.100.77")
        .send_empty()
        .unwrap();
    assert_eq!(view.status(), 200);
    let mut parts = vec![
        "service.name",
        "GET /search",
        "GET /articles/{slug}",
        "PUT /api/v1/articles/{id}/view",
        "record views",
        "SELECT",
    ];
    parts.extend(redis.map(|_| "script"));
    let traces = || String::from_utf8_lossy(&received.lock().unwrap()).into_owned();
    let start = Instant::now();
    while let Some(part) = parts.iter().find(|part| !traces().contains(**part)) {
        assert!(start.elapsed() < PATIENCE, "no {part} in {}", traces());
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = server.id().to_string();
    let kill = Command::new("sh").args(["-c", "kill -s TERM \"$1\"", "sh", &id]).status();
    assert!(kill.unwrap().success());
    assert!(server.wait().unwrap().success());
    let traces = traces();
    for secret in ["unheardof", "198.51.100.77", "Mine/7"] {
        assert!(!traces.contains(secret), "{secret} in {traces}");
    }
    // One is rendered and kept, the other one comes from memory.
    assert_eq!(traces.matches("GET /articles/{slug}").count(), 2, "a span each: {traces}");
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("http.path=\"/search\"") && !log.contains("record views"), "{log}");
}
