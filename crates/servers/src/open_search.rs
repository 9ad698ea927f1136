//! OpenSearch.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::java;
use crate::process::{
    Failure, GLANCE, Process, TIMEOUT, current, free_port, on_a_free_port, on_the_same_port,
    temporary_folder, test_servers,
};

/// The heap of a node for tests, in MB.
const HEAP: u32 = 512;

/// Logs to the standard output.
const LOG: &str = "\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
";

/// A dedicated OpenSearch node.
pub struct OpenSearch {
    process: Process,
    folder: TempDir,
    port: u16,
    java: Vec<String>,
    indices: AtomicU32,
}

impl OpenSearch {
    /// Whether OpenSearch is installed. If not, says so on the standard error; the test has to
    /// return.
    pub fn is_available() -> bool {
        java::is_available("opensearch")
    }

    /// Starts a node and waits until it answers. Takes 10 to 20 seconds on two slow cores, and 700
    /// MB.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a node with extra settings, such as `[("node.processors", "2")]`. They override the
    /// defaults.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::run(settings, |folder| java::options(HEAP, folder))
    }

    /// Starts a node for benchmarks: with this much memory in its heap, in MB, and with Java's own
    /// settings, which run faster and start slower.
    pub fn with_heap(megabytes: u32) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from).to_string();
        Self::run(&[("node.processors", &processors)], |folder| {
            java::own_options(megabytes, folder)
        })
    }

    fn run(settings: &[(&str, &str)], java: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = temporary_folder("opensearch");
        let java = java(folder.path());
        for part in ["config", "data", "logs", "tmp"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let (port, process) = on_a_free_port(|port| {
            configure(folder.path(), port, settings);
            Self::launch(folder.path(), port, &java).map(|process| (port, process))
        });
        Self { process, folder, port, java, indices: AtomicU32::new(0) }
    }

    /// The node shared by all tests that neither stop it nor need other settings. Each test uses
    /// names of its own; see [`Self::new_index`].
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<OpenSearch> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The node's address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of [`Self::url`], for a [`Proxy`](crate::proxy::Proxy).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A name that no other test has for its index or alias, and that is no beginning of another's.
    /// The index does not exist yet.
    pub fn new_index(&self) -> String {
        format!("index-{}-of-test", self.indices.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Sends a request with a body of JSON, or none, and returns the answer's body. Panics if the
    /// status is not 2xx.
    #[track_caller]
    pub fn request(&self, method: &str, path: &str, body: &str) -> String {
        match http(self.port, method, path, body, TIMEOUT) {
            Ok((200..300, answer)) => answer,
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    /// Sends a request as [`Self::request`] does, again and again while the node refuses it because
    /// it remembers a later version. It forgets a deletion some time after `index.gc_deletes`, not
    /// exactly then.
    #[track_caller]
    pub fn request_until_forgotten(&self, method: &str, path: &str, body: &str) -> String {
        let end = Instant::now() + TIMEOUT;
        loop {
            match http(self.port, method, path, body, TIMEOUT) {
                Ok((200..300, answer)) => return answer,
                Ok((409, _)) if Instant::now() < end => thread::sleep(Duration::from_millis(50)),
                other => panic!("{method} {path}: {other:?}"),
            }
        }
    }

    /// The node's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the node with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops the node with SIGSTOP: connections stay open, but get no answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Resumes a paused node.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts the node again with the same address and data, and waits until all its indices
    /// answer. Kills it first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        self.process = on_the_same_port(|| Self::launch(self.folder.path(), self.port, &self.java));
    }

    /// Starts a node without any index at the same address. Kills the node first if it is running.
    pub fn restart_empty(&mut self) {
        self.kill();
        let data = self.folder.path().join("data");
        fs::remove_dir_all(&data).unwrap();
        fs::create_dir(&data).unwrap();
        self.restart();
    }

    fn launch(folder: &Path, port: u16, java: &[String]) -> Result<Process, Failure> {
        let mut arguments = java.to_vec();
        let home = test_servers().parent().unwrap().join("opensearch");
        arguments.extend([
            "--enable-native-access=ALL-UNNAMED".into(),
            // Native calls are optional. Without them it can't tell that it runs as root, which it
            // would refuse.
            "-Djna.nounpack=true".into(),
            "-Dlog4j2.disable.jmx=true".into(),
            format!("-Dopensearch.path.home={}", home.display()),
            format!("-Dopensearch.path.conf={}", folder.join("config").display()),
            "org.opensearch.bootstrap.OpenSearch".into(),
        ]);
        let log = folder.join("server.log");
        let mut process = Process::run("opensearch", &current("opensearch"), &arguments, &log);
        // Another server may have taken the port, and would answer too.
        let ours = format!("{:?}:{:?}", "cluster_name", cluster_name(folder));
        process.wait_until(java::START, |_| {
            let path = "/_cluster/health?wait_for_status=yellow&timeout=1s";
            http(port, "GET", path, "", GLANCE).is_ok_and(|(_, answer)| {
                [ours.as_str(), r#""timed_out":false"#].iter().all(|part| answer.contains(part))
            })
        })?;
        Ok(process)
    }
}

/// Different for every node of the machine.
fn cluster_name(folder: &Path) -> String {
    let mut names = folder.iter().rev().map(|name| name.to_string_lossy());
    let (own, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    format!("{parent}-{own}")
}

fn configure(folder: &Path, port: u16, more: &[(&str, &str)]) {
    let path = |part: &str| folder.join(part).display().to_string();
    let (cluster, data, logs) = (cluster_name(folder), path("data"), path("logs"));
    let (port, transport) = (port.to_string(), free_port().to_string());
    let defaults: [(&str, &str); 9] = [
        ("cluster.name", cluster.as_str()),
        ("path.data", &data),
        ("path.logs", &logs),
        ("http.port", &port),
        ("transport.port", &transport),
        ("network.host", "127.0.0.1"),
        ("discovery.type", "single-node"),
        ("node.processors", "1"),
        // A disk that is nearly full would make it refuse to write.
        ("cluster.routing.allocation.disk.threshold_enabled", "false"),
    ];
    let settings: BTreeMap<&str, &str> = defaults.into_iter().chain(more.iter().copied()).collect();
    let text: String =
        settings.iter().map(|(name, value)| format!("{name}: {value:?}\n")).collect();
    fs::write(folder.join("config/opensearch.yml"), text).unwrap();
    fs::write(folder.join("config/log4j2.properties"), LOG).unwrap();
}

/// The status and the body of the answer. `limit` is for each step.
fn http(
    port: u16,
    method: &str,
    path: &str,
    body: &str,
    limit: Duration,
) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    match (status, answer.split_once("\r\n\r\n")) {
        (Some(status), Some((_, body))) => Ok((status, body.to_owned())),
        _ => Err(io::Error::other(format!("this is no answer: {answer:?}"))),
    }
}
