//! MariaDB and MySQL.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{
    Failure, GLANCE, Process, TIMEOUT, ask, chosen, current, home, on_a_free_port,
    on_the_same_port, program, temporary_folder,
};

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
        process.wait_until(TIMEOUT, |_| {
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
        let status = installation.wait();
        assert!(
            status.success(),
            "{}",
            installation.failure("could not install its system tables")
        );
        data
    })
}
