//! Connections to SQLite.
//!
//! SQLite allows one writer at a time. So all writes share a pool of one connection, where they
//! queue in order instead of failing with "database is locked". Reads have their own pool; in WAL
//! mode they never wait for a write.

use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::outage::Outage;
use super::{Connections, FOR_REQUEST, OpenError, reason, within};

/// How long a request waits for a connection. Every request must be answered within five seconds,
/// even if only with "try again".
const TIMEOUT: Duration = Duration::from_secs(4);

/// The default size of the read pool. Each connection has its own thread, and SQLite mostly answers
/// from memory, so a few are enough.
const READERS: u32 = 4;

/// How many tasks keep a connection: those that read articles, counts, and counts for open pages.
const HOLDERS: u32 = 3;

/// An open SQLite file, the database of the embedded profile. Sessions, salts and the dedup log are
/// in it too.
#[derive(Clone, Debug)]
pub struct SqliteDatabase {
    reader: SqlitePool,
    held: SqlitePool,
    writer: SqlitePool,
    address: Arc<str>,
    outage: Outage,
    /// The timeout of [`SqliteDatabase::begin`].
    wait_timeout: Option<Duration>,
}

impl SqliteDatabase {
    /// Opens the file at `url` with at most so many connections that read, and runs `migrations`.
    /// Creates the file and its folder if needed.
    ///
    /// # Errors
    /// An [`OpenError`], a one-line message for the operator.
    pub async fn open(
        url: &str,
        connections: impl Into<Connections>,
        migrations: &Migrator,
    ) -> Result<Self, OpenError> {
        let connections = connections.into();
        let options =
            SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url(url.to_owned()))?;
        let file = options.get_filename().to_owned();
        let name = file.display().to_string();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_writable(folder)?;
        }
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged view must survive a power cut (rule C5). With NORMAL, WAL commits are
            // not synced.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // A deleted salt must be gone from the file too, not only from the table (rule C3).
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(10));
        let options = connections.logged(options);
        let open_error = |error| OpenError::Open { database: name.clone(), reason: reason(&error) };
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(TIMEOUT)
            .connect_with(options.clone())
            .await;
        let writer = writer.map_err(open_error)?;
        migrations
            .run(&writer)
            .await
            .map_err(|error| OpenError::of_migration(error, name.clone()))?;
        let readers = SqlitePoolOptions::new()
            .acquire_timeout(TIMEOUT)
            // A file never closes a connection, and a ping before each use costs as much as a small
            // statement.
            .test_before_acquire(false);
        let options = options.read_only(true);
        let held = readers.clone().max_connections(HOLDERS).connect_lazy_with(options.clone());
        let most = connections.most.map_or(READERS, NonZeroU32::get);
        let reader = readers.max_connections(most).connect_with(options).await;
        Ok(Self {
            reader: reader.map_err(open_error)?,
            held,
            writer,
            address: format!("sqlite:{name}").into(),
            outage: Outage::default(),
            wait_timeout: None,
        })
    }

    /// See [`super::AnyDatabase::for_requests`].
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { wait_timeout: Some(FOR_REQUEST), ..self }
    }

    /// Its address: `sqlite:` and the path of the file.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The pool for reads.
    pub fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// The pool for reads of tasks that keep their connection
    /// ([`OwnConnection`](super::OwnConnection)).
    pub fn held(&self) -> &SqlitePool {
        &self.held
    }

    /// The pool for single-statement writes.
    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// Begins a write transaction. It is `IMMEDIATE`: it takes SQLite's write lock at once. A
    /// transaction that starts with a read fails at its first write if another process has written
    /// in between.
    ///
    /// # Errors
    /// The database's. For a request, [`sqlx::Error::PoolTimedOut`] after four seconds.
    pub async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        within(self.wait_timeout, self.writer.begin_with("BEGIN IMMEDIATE")).await
    }

    /// Whether the database is down.
    pub fn outage(&self) -> &Outage {
        &self.outage
    }

    /// Closes all connections once their current work is done.
    pub async fn close(&self) {
        self.reader.close().await;
        // SQLite does this when its last connection is closed, but not if that one only reads.
        // Whoever then copies the file without the log beside it would miss what is in the log.
        if let Err(error) =
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await
        {
            tracing::debug!(error = %error, "the write-ahead log was not emptied");
        }
        self.writer.close().await;
        // Last, because a task that was cut off may still hold one.
        self.held.close().await;
    }
}

/// Creates the folder and tests that it is writable. SQLite's own errors are vague: "unable to open
/// database file" or, later, a read-only database.
fn make_writable(folder: &Path) -> Result<(), OpenError> {
    let attempt = std::fs::create_dir_all(folder).and_then(|()| {
        let probe = folder.join(format!(".tidemark-write-test-{}", std::process::id()));
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)
    });
    attempt.map_err(|error| OpenError::Folder {
        folder: folder.display().to_string(),
        reason: error.to_string(),
    })
}
