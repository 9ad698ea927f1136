//! Real database and Redis servers for tests and benchmarks, each on a free port of 127.0.0.1 and
//! in a temporary folder. [`proxy`] is a network in front of a server that can be slow or cut.
//!
//! | variable | value | server |
//! |---|---|---|
//! | `TIDEMARK_TEST_DATABASE` | `mariadb`, or unset | the machine's MariaDB |
//! | | `mysql` | a current MySQL |
//! | `TIDEMARK_TEST_REDIS` | `redis`, or unset | the machine's Redis |
//! | | `redis-current` | a current Redis |
//! | | `valkey` | a current Valkey |
//!
//! Current servers are in the folder `TEST_SERVERS`. Install them there with `scripts/servers.sh`.
//!
//! No server outlives the test process, however that ends. Two usual ways do not ensure this.
//! `Drop` runs neither for a static nor after a SIGKILL. The kernel's parent-death signal fires
//! when the *thread* that started the child ends, and that ends with its test. So each server has a
//! watcher: a shell that reads from a pipe whose other end only the test process holds. When the
//! pipe closes, the watcher kills the server.
//!
//! If a server is not installed, the test fails. A test that skips itself goes unnoticed.

pub mod proxy;

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to start or to answer. A start takes a fraction of a second; the rest
/// is for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The interval between polls.
const PAUSE: Duration = Duration::from_millis(10);

/// The timeout for polling a server that may not be ready. The port may belong to another server,
/// which may never answer.
const GLANCE: Duration = Duration::from_secs(2);

/// How many ports a start tries when others keep taking them first.
const ATTEMPTS: usize = 10;

/// Starts the watcher in the background, then execs the server, so the child's id is the server's.
/// Both are in a process group of their own; otherwise Ctrl-C in a terminal would end the watcher
/// first. The watcher kills that whole group, itself included. As long as it lives, the group's id
/// can't be reused, so it never kills strangers, even if the server died long ago.
///
/// The watcher ignores SIGHUP. If the test process dies while a server of the group is paused, the
/// kernel sends the group SIGHUP and SIGCONT, which would end the watcher just when it is needed.
const RUN_WATCHED: &str = r#"
    exec 3<&0 </dev/null
    { trap '' HUP INT TERM; read -r line <&3; kill -s KILL -- "-$$"; } &
    exec "$@" 3<&-
"#;

/// Deletes a folder once the pipe closes. It retries, because servers that are being killed at that
/// moment may still write to it.
const DELETE_LATER: &str = r#"
    read -r line
    for attempt in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 0.1; done
"#;

/// Which database server [`SqlServer`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SqlKind {
    MariaDb,
    MySql,
}

impl SqlKind {
    fn chosen() -> Self {
        match chosen("TIDEMARK_TEST_DATABASE").as_deref() {
            None | Some("mariadb") => Self::MariaDb,
            Some("mysql") => Self::MySql,
            Some(other) => {
                panic!("TIDEMARK_TEST_DATABASE is {other:?}; it can be mariadb or mysql")
            }
        }
    }

    /// Its name for messages, and the path of its program.
    fn server(self) -> (&'static str, PathBuf) {
        match self {
            Self::MariaDb => ("mariadbd", program("mariadbd")),
            Self::MySql => ("mysqld", current("mysqld")),
        }
    }

    fn client(self) -> PathBuf {
        match self {
            Self::MariaDb => program("mariadb"),
            Self::MySql => current("mysql"),
        }
    }

    /// The arguments shared by installing the system tables and by running the server.
    fn arguments(self, data: &Path) -> Vec<String> {
        let mut arguments: Vec<String> = vec![
            "--no-defaults".into(),
            format!("--datadir={}", data.display()),
            // A starting server deletes temporary files in this folder, even those of other
            // servers. So each gets its own.
            format!("--tmpdir={}", data.parent().unwrap().display()),
            "--innodb-buffer-pool-size=64M".into(),
        ];
        let more: &[&str] = match self {
            Self::MariaDb => &["--skip-name-resolve", "--innodb-log-file-size=32M"],
            Self::MySql => &[
                "--innodb-redo-log-capacity=32M",
                "--performance-schema=OFF",
                "--disable-log-bin",
                // The defaults of both are outside the data folder.
                "--mysqlx=OFF",
                "--secure-file-priv=",
            ],
        };
        arguments.extend(more.iter().map(ToString::to_string));
        // As root, both require `--user`. As anybody else, MariaDB complains about it.
        if fs::metadata(home()).unwrap().uid() == 0 {
            arguments.push("--user=root".into());
        }
        arguments
    }

    /// Starts the program that creates a data folder with the system tables. Its root user has no
    /// password.
    fn install(self, data: &Path, log: &Path) -> Process {
        let mut arguments = self.arguments(data);
        match self {
            Self::MariaDb => {
                arguments.extend([
                    "--auth-root-authentication-method=normal".into(),
                    "--skip-test-db".into(),
                ]);
                // Fail here if it is not installed; the installer's own message would be less
                // clear.
                program("mariadbd");
                Process::start("mariadb-install-db", &arguments, log)
            }
            Self::MySql => {
                arguments.push("--initialize-insecure".into());
                let (name, program) = self.server();
                Process::run(name, &program, &arguments, log)
            }
        }
    }

    fn ask(self, port: u16, sql: &str, limit: Duration) -> Result<String, String> {
        let port = format!("--port={port}");
        let arguments = [
            "--no-defaults",
            "--protocol=tcp",
            "--host=127.0.0.1",
            &port,
            "--user=root",
            "--batch",
            "--raw",
        ];
        ask(
            &self.client(),
            &[&arguments[..], &["--skip-column-names", "--execute", sql]].concat(),
            limit,
        )
    }
}

/// A dedicated MariaDB server, or MySQL if `TIDEMARK_TEST_DATABASE` says so. The user is root
/// without a password.
pub struct SqlServer {
    kind: SqlKind,
    // Fields drop in this order: the server must be gone before its folder can be deleted.
    process: Process,
    folder: TempDir,
    port: u16,
    databases: AtomicU32,
}

impl SqlServer {
    /// Starts a server and waits until it answers.
    pub fn start() -> Self {
        let (kind, folder) = (SqlKind::chosen(), temporary_folder("sql"));
        let data = folder.path().join("data");
        let copied = Command::new("cp")
            .arg("-r")
            .args([sql_template(kind), data.as_path()])
            .status()
            .unwrap();
        assert!(copied.success(), "the template could not be copied to {}", data.display());
        let (port, process) = on_a_free_port(|port| {
            Self::launch(kind, folder.path(), port).map(|process| (port, process))
        });
        Self { kind, process, folder, port, databases: AtomicU32::new(0) }
    }

    /// The server shared by all tests that neither stop it nor change its settings.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<SqlServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Creates an empty database and returns its address.
    pub fn new_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed) + 1);
        self.execute(&format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The address of a database, whether or not it exists.
    pub fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL as root and returns the result: one line per row, columns separated by tabs, no
    /// header. Panics if the server returns an error.
    #[track_caller]
    pub fn execute(&self, sql: &str) -> String {
        match self.kind.ask(self.port, sql, TIMEOUT) {
            Ok(answer) => answer,
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// Like `execute`, but ignores errors.
    pub fn try_execute(&self, sql: &str) {
        let _ = self.kind.ask(self.port, sql, TIMEOUT);
    }

    /// The server's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the server with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops the server with SIGSTOP: connections stay open, but get no answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Resumes a paused server.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts the server again with the same port and data, and waits until it answers. Kills it
    /// first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        self.process = on_the_same_port(|| Self::launch(self.kind, self.folder.path(), self.port));
    }

    fn launch(kind: SqlKind, folder: &Path, port: u16) -> Result<Process, Failure> {
        let data = folder.join("data");
        let mut arguments = kind.arguments(&data);
        arguments.extend([
            format!("--port={port}"),
            "--bind-address=127.0.0.1".into(),
            // Relative to the data folder, because a socket's path is limited to 107 bytes and the
            // folder's path may be longer.
            "--socket=sql.sock".into(),
            "--pid-file=sql.pid".into(),
            // Without Debian's configuration files, MariaDB would default to latin1.
            "--character-set-server=utf8mb4".into(),
            "--innodb-flush-log-at-trx-commit=1".into(),
            "--max-connections=300".into(),
        ]);
        let (name, program) = kind.server();
        let mut process = Process::run(name, &program, &arguments, &folder.join("server.log"));
        // Another server may have taken the port, and would answer too.
        let ours = format!("{}/", data.display());
        process.wait_until(|| {
            kind.ask(port, "SELECT @@datadir", GLANCE).is_ok_and(|answer| answer == ours)
        })?;
        Ok(process)
    }
}

/// A freshly installed data folder, made once. Copying it is ten times as fast as installing.
fn sql_template(kind: SqlKind) -> &'static Path {
    static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = temporary_folder("template").keep();
        let data = folder.join("data");
        let mut installation = kind.install(&data, &folder.join("install.log"));
        let status = installation.child.wait().unwrap();
        assert!(
            status.success(),
            "{}",
            installation.failure("could not install its system tables")
        );
        data
    })
}

/// The name and path of the Redis server that `TIDEMARK_TEST_REDIS` selects.
fn redis_program() -> (&'static str, PathBuf) {
    match chosen("TIDEMARK_TEST_REDIS").as_deref() {
        None | Some("redis") => ("redis-server", program("redis-server")),
        Some("redis-current") => ("redis-server", current("redis-server")),
        Some("valkey") => ("valkey-server", current("valkey-server")),
        Some(other) => {
            panic!("TIDEMARK_TEST_REDIS is {other:?}; it can be redis, redis-current or valkey")
        }
    }
}

/// A dedicated Redis or Valkey server. It syncs each change to its append-only file at once.
pub struct Redis {
    process: Process,
    folder: TempDir,
    ports: RedisPorts,
    settings: Vec<String>,
}

#[derive(Clone, Copy)]
struct RedisPorts {
    clients: u16,
    /// The port of the cluster bus.
    nodes: Option<u16>,
}

impl Redis {
    /// Starts a server and waits until it answers.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with extra arguments, such as `["--appendfsync", "everysec"]`. They override
    /// the defaults.
    pub fn with(arguments: &[&str]) -> Self {
        Self::start_on(|clients| RedisPorts { clients, nodes: None }, arguments)
    }

    /// The server's address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.ports.clients)
    }

    /// The server's folder. Redis 7 keeps its append-only files in `appendonlydir` inside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command and returns its raw answer without the trailing newline. Panics if the answer
    /// is an error.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> String {
        match redis_client(self.ports.clients, arguments, TIMEOUT) {
            Ok(answer) => answer,
            Err(error) => panic!("{}: {error}", arguments.join(" ")),
        }
    }

    /// The server's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the server with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops the server with SIGSTOP: connections stay open, but get no answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Resumes a paused server.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts the server again with the same port and data, and waits until it has loaded its file.
    /// Kills it first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        self.process =
            on_the_same_port(|| Self::launch(self.folder.path(), self.ports, &self.settings));
    }

    fn start_on(ports: impl Fn(u16) -> RedisPorts, arguments: &[&str]) -> Self {
        let folder = temporary_folder("redis");
        let settings: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let (ports, process) = on_a_free_port(|port| {
            let ports = ports(port);
            Self::launch(folder.path(), ports, &settings).map(|process| (ports, process))
        });
        Self { process, folder, ports, settings }
    }

    fn launch(folder: &Path, ports: RedisPorts, settings: &[String]) -> Result<Process, Failure> {
        let (port, path) = (ports.clients.to_string(), folder.display().to_string());
        let mut arguments: Vec<String> = [
            ["--port", &port],
            ["--bind", "127.0.0.1"],
            ["--dir", &path],
            ["--daemonize", "no"],
            ["--appendonly", "yes"],
            ["--appendfsync", "always"],
            ["--save", ""],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
        if let Some(port) = ports.nodes {
            arguments.extend(["--cluster-port".into(), port.to_string()]);
        }
        arguments.extend_from_slice(settings);
        let (name, program) = redis_program();
        let mut process = Process::run(name, &program, &arguments, &folder.join("server.log"));
        // Another server may have taken the port, and would answer too.
        let ours = format!("process_id:{}", process.id());
        process.wait_until(|| {
            redis_client(ports.clients, &["INFO"], GLANCE).is_ok_and(|answer| {
                [ours.as_str(), "loading:0"].iter().all(|line| answer.lines().any(|l| l == *line))
            })
        })?;
        Ok(process)
    }
}

fn redis_client(port: u16, arguments: &[&str], limit: Duration) -> Result<String, String> {
    // -e: exit with an error if the answer is one.
    ask(
        &program("redis-cli"),
        &[&["-h", "127.0.0.1", "-p", &port.to_string(), "--raw", "-e"], arguments].concat(),
        limit,
    )
}

/// A Redis Cluster: three masters, no replicas.
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts the nodes and waits until each one serves its slots. Takes two seconds, because a
    /// freshly started master refuses writes for that long.
    pub fn start() -> Self {
        let settings = [
            ["--cluster-enabled", "yes"],
            // Otherwise a node learns its own address from the others, too late for the first
            // client.
            ["--cluster-announce-ip", "127.0.0.1"],
            // After this long without an answer, the others consider a node dead.
            ["--cluster-node-timeout", "2000"],
        ]
        .concat();
        let ports = |clients| RedisPorts { clients, nodes: Some(free_port()) };
        let nodes: Vec<Redis> = (0..3).map(|_| Redis::start_on(ports, &settings)).collect();
        let parts = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (index, (node, slots)) in nodes.iter().zip(parts).enumerate() {
            // Distinct epochs, so that the nodes need not agree on new ones first.
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            node.command(&["CLUSTER", "ADDSLOTSRANGE", slots.0, slots.1]);
        }
        for (index, node) in nodes.iter().enumerate() {
            // Introduce every pair directly; gossip would be slower.
            for other in &nodes[index + 1..] {
                let (port, bus) =
                    (other.ports.clients.to_string(), other.ports.nodes.unwrap().to_string());
                node.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
        let cluster = Self { nodes };
        cluster.wait_until_ok();
        cluster
    }

    /// The address of the first node. A client learns the others from it.
    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// All nodes, in slot order.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// One node, to kill or restart. After a restart it answers at once, but serves its slots only
    /// some time later; see [`Self::wait_until_ok`].
    pub fn node(&mut self, index: usize) -> &mut Redis {
        &mut self.nodes[index]
    }

    /// Waits until every node knows all others and reports the cluster as healthy.
    pub fn wait_until_ok(&self) {
        let wanted = [
            "cluster_state:ok",
            "cluster_slots_assigned:16384",
            "cluster_known_nodes:3",
            "cluster_size:3",
        ];
        let deadline = Instant::now() + TIMEOUT;
        for node in &self.nodes {
            loop {
                let answer = redis_client(node.ports.clients, &["CLUSTER", "INFO"], GLANCE);
                if answer.as_ref().is_ok_and(|answer| {
                    wanted.iter().all(|line| answer.lines().any(|l| l == *line))
                }) {
                    break;
                }
                if Instant::now() > deadline {
                    panic!(
                        "{}{answer:?}",
                        node.process.failure("is not part of a working cluster")
                    );
                }
                thread::sleep(PAUSE);
            }
        }
    }
}

/// A server process and its watcher.
pub struct Process {
    name: &'static str,
    child: Child,
    /// The pipe that the watcher reads from. Closing it kills the server.
    lifeline: Option<ChildStdin>,
    log: PathBuf,
    /// Where the log of this start begins.
    log_start: u64,
}

impl Process {
    /// Starts an installed program that ends with the test process. Appends its output to `log`.
    pub fn start(name: &'static str, arguments: &[String], log: &Path) -> Self {
        Self::run(name, &program(name), arguments, log)
    }

    /// Like [`Self::start`], with the path of the program.
    fn run(name: &'static str, program: &Path, arguments: &[String], log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", RUN_WATCHED, "sh"])
            .arg(program)
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(file.try_clone().unwrap())
            .stderr(file.try_clone().unwrap())
            .spawn()
            .unwrap();
        let lifeline = child.stdin.take();
        Self {
            name,
            child,
            lifeline,
            log: log.to_owned(),
            log_start: file.metadata().unwrap().len(),
        }
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `ready`. Fails if the process ends or the timeout passes.
    fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<(), Failure> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(self.failure(&format!("ended with {status}")));
            }
            if ready() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.failure("does not answer"));
            }
            thread::sleep(PAUSE);
        }
    }

    fn failure(&self, problem: &str) -> Failure {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(log.get(self.log_start as usize..).unwrap_or_default());
        let lines: Vec<&str> = log.lines().collect();
        let text = format!(
            "{} {problem}. Its log:\n{}\n",
            self.name,
            lines[lines.len().saturating_sub(40)..].join("\n")
        );
        Failure { port_is_taken: log.contains("Address already in use"), text }
    }

    fn kill(&mut self) {
        // A no-op, and no error, once the process has been reaped.
        self.child.kill().unwrap();
        // Tells the watcher to kill the group, including anything the server forked.
        self.lifeline = None;
        self.child.wait().unwrap();
    }

    fn pause(&self) {
        self.signal("STOP");
        // The signal arrives asynchronously; until then the server may still answer.
        let stat = format!("/proc/{}/stat", self.id());
        let deadline = Instant::now() + TIMEOUT;
        while !fs::read_to_string(&stat).unwrap().rsplit(')').next().unwrap().starts_with(" T ") {
            assert!(Instant::now() < deadline, "{} does not stop", self.name);
            thread::sleep(PAUSE);
        }
    }

    fn resume(&self) {
        self.signal("CONT");
    }

    /// Whether the program has exited on its own.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Stops the program with SIGSTOP, unless it has already exited.
    pub fn pause_if_alive(&self) {
        self.try_signal("STOP");
    }

    /// Resumes a paused program, unless it has already exited.
    pub fn resume_if_alive(&self) {
        self.try_signal("CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(self.try_signal(signal), "{} could not be sent {signal}", self.name);
    }

    fn try_signal(&self, signal: &str) -> bool {
        // The shell's builtin, because not every Debian has a `kill` program.
        let id = self.id().to_string();
        let mut command = Command::new("sh");
        command.args(["-c", r#"kill -s "$1" "$2""#, "sh", signal, &id]).stderr(Stdio::null());
        command.status().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Why a server did not start.
struct Failure {
    port_is_taken: bool,
    text: String,
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Retries on other ports if somebody else takes one first.
fn on_a_free_port<T>(mut launch: impl FnMut(u16) -> Result<T, Failure>) -> T {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match launch(free_port()) {
            Ok(started) => return started,
            Err(failure) if failure.port_is_taken && attempts < ATTEMPTS => {}
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// Retries on the same port. While the server was down, the kernel may have given its port to an
/// outgoing connection of another process. That passes.
fn on_the_same_port<T>(launch: impl Fn() -> Result<T, Failure>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match launch() {
            Ok(started) => return started,
            Err(failure) if failure.port_is_taken && Instant::now() < deadline => {
                thread::sleep(PAUSE)
            }
            Err(failure) => panic!("{failure}"),
        }
    }
}

/// Returns a port that was free a moment ago. Never returns a port twice, because a killed server
/// needs its own port again.
pub fn free_port() -> u16 {
    static HANDED_OUT: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if HANDED_OUT.lock().unwrap().insert(port) {
            return port;
        }
    }
}

/// A temporary folder for one server.
fn temporary_folder(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(home()).unwrap()
}

/// The parent of all folders of this process. A server's folder takes 60 MB and more, and a static
/// is never dropped. So a shell deletes whatever is left once this process has ended.
fn home() -> &'static Path {
    static HOME: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (path, _) = HOME.get_or_init(|| {
        let path = tempfile::Builder::new().prefix("tidemark-servers-").tempdir().unwrap().keep();
        let path = path.canonicalize().unwrap();
        let shell = Command::new("sh")
            .args(["-c", DELETE_LATER, "sh"])
            .arg(&path)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        (path, shell)
    });
    path
}

/// Runs a client and returns its output without the trailing newline. Uses `timeout`, because a
/// server may accept a connection and then never answer.
fn ask(client: &Path, arguments: &[&str], limit: Duration) -> Result<String, String> {
    let output = Command::new("timeout")
        .arg(limit.as_secs().to_string())
        .arg(client)
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned());
    }
    Err(format!(
        "{}: {}\n{text}{}",
        client.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    ))
}

/// Finds a program in PATH, /usr/sbin or /usr/bin. Debian installs servers in /usr/sbin, which an
/// ordinary user's PATH lacks.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/bin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; scripts/setup.sh test installs it"))
}

/// The path of a current server in `TEST_SERVERS`.
fn current(name: &str) -> PathBuf {
    let folder = std::env::var_os("TEST_SERVERS").unwrap_or_default();
    let file = Path::new(&folder).join(name);
    assert!(file.is_file(), "{name} is not in TEST_SERVERS ({folder:?}); see scripts/servers.sh");
    file
}

/// The value of an environment variable; `None` if it is unset or empty.
fn chosen(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
