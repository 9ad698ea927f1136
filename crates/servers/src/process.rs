//! A server's process, its port and its folder.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to start or to answer. A start takes a fraction of a second; the rest
/// is for a busy machine.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(120);

/// The interval between polls.
pub(crate) const PAUSE: Duration = Duration::from_millis(10);

/// The timeout for polling a server that may not be ready. The port may belong to another server,
/// which may never answer.
pub(crate) const GLANCE: Duration = Duration::from_secs(2);

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
    pub(crate) fn run(
        name: &'static str,
        program: &Path,
        arguments: &[String],
        log: &Path,
    ) -> Self {
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

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program has exited on its own.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Waits until `ready`. Fails if the process ends or `limit` passes.
    pub(crate) fn wait_until(
        &mut self,
        limit: Duration,
        ready: impl Fn(&Self) -> bool,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Err(self.failure(&format!("ended with {status}")));
            }
            if ready(self) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.failure("does not answer"));
            }
            thread::sleep(PAUSE);
        }
    }

    /// What it has logged since this start.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.log_start as usize..).unwrap_or_default()).into_owned()
    }

    pub(crate) fn failure(&self, problem: &str) -> Failure {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let text = format!(
            "{} {problem}. Its log:\n{}\n",
            self.name,
            lines[lines.len().saturating_sub(40)..].join("\n")
        );
        Failure { port_is_taken: log.contains("Address already in use"), text }
    }

    pub(crate) fn kill(&mut self) {
        // A no-op, and no error, once the process has been reaped.
        self.child.kill().unwrap();
        // Tells the watcher to kill the group, including anything the server forked.
        self.lifeline = None;
        self.child.wait().unwrap();
    }

    pub(crate) fn pause(&self) {
        self.signal("STOP");
        // The signal arrives asynchronously; until then the server may still answer.
        let stat = format!("/proc/{}/stat", self.id());
        let deadline = Instant::now() + TIMEOUT;
        while !fs::read_to_string(&stat).unwrap().rsplit(')').next().unwrap().starts_with(" T ") {
            assert!(Instant::now() < deadline, "{} does not stop", self.name);
            thread::sleep(PAUSE);
        }
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    /// Whether the program has exited on its own.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Asks the program to end (SIGTERM), and kills it if it has not after `limit`.
    pub fn terminate(&mut self, limit: Duration) {
        self.try_signal("TERM");
        let deadline = Instant::now() + limit;
        while !self.has_ended() && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        self.kill();
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
pub(crate) struct Failure {
    port_is_taken: bool,
    text: String,
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Retries on other ports if somebody else takes one first.
pub(crate) fn on_a_free_port<T>(mut launch: impl FnMut(u16) -> Result<T, Failure>) -> T {
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
pub(crate) fn on_the_same_port<T>(launch: impl Fn() -> Result<T, Failure>) -> T {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match launch() {
            Ok(started) => return started,
            Err(failure) if failure.port_is_taken && Instant::now() < deadline => {
                thread::sleep(PAUSE);
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
pub(crate) fn temporary_folder(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(home()).unwrap()
}

/// The parent of all folders of this process. A server's folder takes 60 MB and more, and a static
/// is never dropped. So a shell deletes whatever is left once this process has ended.
pub(crate) fn home() -> &'static Path {
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
pub(crate) fn ask(client: &Path, arguments: &[&str], limit: Duration) -> Result<String, String> {
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
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/bin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; scripts/setup.sh test installs it"))
}

/// The path of a server that `scripts/servers.sh` has put into `TEST_SERVERS`.
pub(crate) fn current(name: &str) -> PathBuf {
    let folder = test_servers();
    let file = folder.join(name);
    assert!(file.is_file(), "{name} is not in TEST_SERVERS ({folder:?}); see scripts/servers.sh");
    file
}

/// `TEST_SERVERS`, or what `scripts/environment.sh` would set it to.
pub(crate) fn test_servers() -> PathBuf {
    if let Some(folder) = chosen("TEST_SERVERS") {
        return folder.into();
    }
    let cache = chosen("XDG_CACHE_HOME").map_or_else(
        || Path::new(&chosen("HOME").unwrap_or_default()).join(".cache"),
        PathBuf::from,
    );
    cache.join("tidemark/tools/servers/bin")
}

/// The value of an environment variable; `None` if it is unset or empty.
pub(crate) fn chosen(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
