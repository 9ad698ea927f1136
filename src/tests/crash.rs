//! The real binary under load: killed at any moment, and stopped with SIGTERM.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tidemark::server::config::Config;
use tidemark::server::content::import::{Report, import};
use tidemark::server::db::Database;
use tidemark::server::lifecycle::Server;
use tidemark_counting::ArticleId;
use tidemark_counting::sql::seen::total_in_sql;
use tidemark_store::clock::Clock;
use tokio_util::sync::CancellationToken;

use crate::harness::{FIREFOX, PATIENCE, binary, source};

const READERS: u64 = 8;

/// A server process and its URL.
struct Process {
    child: Child,
    url: String,
}

fn start(folder: &Path) -> Process {
    let mut child = binary()
        .arg("serve")
        .env("DATABASE_URL", format!("sqlite:{}", folder.join("blog.db").display()))
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap_or_else(|| panic!("{line:?}"));
    Process { url: url.to_owned(), child }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .new_agent()
}

/// Sends a view by visitor `number`, each of whom has an address of their own. Returns the outcome,
/// `None` if the server refuses the view, and an error if there is no answer.
fn put(agent: &ureq::Agent, url: &str, number: u64) -> Result<Option<Value>, ureq::Error> {
    let [_, a, b, c] = u32::try_from(number).unwrap().to_be_bytes();
    let mut response = agent
        .put(format!("{url}/api/v1/articles/1/view"))
        .header("x-forwarded-for", format!("10.{a}.{b}.{c}"))
        .header("user-agent", FIREFOX)
        .send_empty()?;
    (response.status() == 200).then(|| response.body_mut().read_json()).transpose()
}

fn prepare(folder: &Path) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database =
            Database::open(&format!("sqlite:{}", folder.join("blog.db").display())).await.unwrap();
        let files = vec![source("first", "", "text")];
        import(&database, &Clock::System, files, Report::default()).await.unwrap();
        database.close().await;
    });
}

fn total(folder: &Path) -> i64 {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database =
            Database::open(&format!("sqlite:{}", folder.join("blog.db").display())).await.unwrap();
        let total = total_in_sql(&database, ArticleId(1)).await.unwrap();
        database.close().await;
        total
    })
}

/// Sends views by new visitors until the server stops answering. Calls `then` once `enough` views
/// were acknowledged. Returns the visitors who were sent, and those who were acknowledged as
/// counted.
fn load(
    url: &str,
    next: &AtomicU64,
    enough: usize,
    then: impl Fn() + Sync,
) -> (Vec<u64>, Vec<u64>) {
    let sent = Mutex::new(Vec::new());
    let acknowledged = Mutex::new(Vec::new());
    let is_down = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                let agent = agent();
                while !is_down.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    sent.lock().unwrap().push(number);
                    match put(&agent, url, number) {
                        Ok(Some(outcome)) => {
                            assert_eq!(outcome["counted"], true, "a new visitor counts: {outcome}");
                            let mut acknowledged = acknowledged.lock().unwrap();
                            acknowledged.push(number);
                            if acknowledged.len() == enough {
                                then();
                            }
                        }
                        // A busy machine may be too slow for a view.
                        Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                        Err(_) => is_down.store(true, Ordering::SeqCst),
                    }
                }
            });
        }
    });
    (sent.into_inner().unwrap(), acknowledged.into_inner().unwrap())
}

#[test]
fn c5_kill_9_under_load_loses_no_acknowledged_view_and_counts_no_repeat() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let next = AtomicU64::new(0);
    let (mut all_sent, mut all_acknowledged) = (Vec::new(), Vec::new());
    for round in 0..4 {
        let mut server = start(folder.path());
        let pid = server.child.id().to_string();
        let kill = || {
            assert!(
                std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success()
            );
        };
        let (sent, acknowledged) = load(&server.url, &next, 100 + 37 * round, kill);
        server.child.wait().unwrap();
        all_sent.extend(sent);
        all_acknowledged.extend(acknowledged);
        let counted = total(folder.path());
        assert!(
            counted >= i64::try_from(all_acknowledged.len()).unwrap(),
            "{counted} counted, {} acknowledged",
            all_acknowledged.len()
        );
        assert!(
            counted <= i64::try_from(all_sent.len()).unwrap(),
            "{counted} counted, {} sent",
            all_sent.len()
        );
    }
    // After the last restart, every visitor tries again. An acknowledged view must be a repeat. Any
    // other view is either counted now, or was counted by a server that died before it could
    // answer. So the sum is exact.
    let mut server = start(folder.path());
    let agent = agent();
    for number in &all_sent {
        let outcome = put(&agent, &server.url, *number).unwrap().expect("it is counted");
        if all_acknowledged.contains(number) {
            assert_eq!(outcome["reason"], "repeat", "{number} was acknowledged: {outcome}");
        }
    }
    assert_eq!(total(folder.path()), i64::try_from(all_sent.len()).unwrap());
    server.child.kill().unwrap();
    server.child.wait().unwrap();
}

#[test]
fn c5_sigterm_finishes_accepted_requests_and_exits_with_0() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let next = AtomicU64::new(0);
    let mut server = start(folder.path());
    let pid = server.child.id().to_string();
    let asked = Mutex::new(None);
    let terminate = || {
        *asked.lock().unwrap() = Some(Instant::now());
        assert!(
            std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success()
        );
    };
    let (_, acknowledged) = load(&server.url, &next, 200, terminate);
    let status = server.child.wait().unwrap();
    let took = asked.lock().unwrap().expect("the signal was sent").elapsed();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
    // The server's own shutdown limits add up to 9 s, which fits into a supervisor's 10 s.
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(
        total(folder.path()),
        i64::try_from(acknowledged.len()).unwrap(),
        "every view was answered"
    );
    assert!(!log.contains("10.0.0."), "C3: no address in the log: {log}");
}

#[test]
fn stopping_an_idle_server_succeeds_in_whatever_order_its_tasks_end() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for _ in 0..50 {
        runtime.block_on(async {
            let environment = [
                (
                    "DATABASE_URL".to_owned(),
                    format!("sqlite:{}", folder.path().join("blog.db").display()),
                ),
                ("LEPTOS_SITE_ADDR".to_owned(), "127.0.0.1:0".to_owned()),
            ];
            let config = Config::load(None, environment.into()).unwrap();
            let server = Server::build(config, Clock::System).await.unwrap();
            let stop = CancellationToken::new();
            let running = tokio::spawn(server.run_until_stopped(stop.clone(), true));
            tokio::task::yield_now().await;
            stop.cancel();
            running.await.unwrap().unwrap();
        });
    }
}

/// What a server with one article logs, as JSON, while `ask` runs with its address.
fn log_of(ask: impl FnOnce(&str)) -> String {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let mut child = binary()
        .arg("serve")
        .env("DATABASE_URL", format!("sqlite:{}", folder.path().join("blog.db").display()))
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("TIDEMARK_SERVER__LOG", "json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    ask(line.split_whitespace().find(|word| word.starts_with("http://")).unwrap());
    assert!(
        std::process::Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
    log
}

#[test]
fn the_log_is_text_or_json_as_configured() {
    let log = log_of(|url| drop(agent().get(format!("{url}/healthz?secret=1")).call().unwrap()));
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let request = entries
        .iter()
        .find(|entry| entry["http.path"] == "/healthz")
        .unwrap_or_else(|| panic!("{log}"));
    assert_eq!(
        (request["http.status"].as_u64(), request["http.method"].as_str()),
        (Some(200), Some("GET"))
    );
    assert!(!log.contains("secret"), "queries stay out of the log: {log}");
}

#[test]
fn the_log_has_each_request_and_its_status_for_cached_pages_too() {
    let log = log_of(|url| {
        let agent = agent();
        for path in ["/articles/first", "/"] {
            // Neither is cached the first time.
            for _ in 0..2 {
                let unchanged =
                    agent.get(format!("{url}{path}")).header("if-none-match", "*").call().unwrap();
                assert_eq!(unchanged.status(), 304);
            }
        }
        for path in ["/authors/jo-doe", "/articles/none"] {
            for _ in 0..2 {
                agent.head(format!("{url}{path}?secret=1")).call().unwrap();
            }
        }
    });
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let requests = entries.filter(|entry| entry["message"] == "request");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let logged: Vec<(String, String, u64)> = requests
        .map(|entry| {
            (
                text(&entry["http.method"]),
                text(&entry["http.path"]),
                entry["http.status"].as_u64().unwrap(),
            )
        })
        .collect();
    let asked = [
        ("GET", "/articles/first", 304),
        ("GET", "/", 304),
        ("HEAD", "/authors/jo-doe", 200),
        ("HEAD", "/articles/none", 404),
    ];
    let expected: Vec<(String, String, u64)> = asked
        .into_iter()
        .flat_map(|asked| [asked; 2])
        .map(|(method, path, status)| (method.to_owned(), path.to_owned(), status))
        .collect();
    assert_eq!(logged, expected, "{log}");
}
