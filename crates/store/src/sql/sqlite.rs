//! The connections to SQLite.
//!
//! SQLite takes one writer at a time, so writes go through a pool of one connection, where they
//! wait their turn in order instead of failing with "database is locked"; reads have a pool of
//! their own and, in WAL mode, never wait for a write.

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
use super::{FOR_REQUEST, OpenError, reason, within};

/// How long a request waits for a connection: it is answered within five seconds, if only to come
/// again.
const TIMEOUT: Duration = Duration::from_secs(4);

/// How many connections read at most: each is a thread of its own, and SQLite answers from memory.
const READERS: u32 = 4;

/// An open SQLite file: the embedded profile's database, which keeps sessions, salts and who was
/// counted too.
#[derive(Clone, Debug)]
pub struct SqliteDatabase {
    reader: SqlitePool,
    writer: SqlitePool,
    address: Arc<str>,
    outage: Outage,
    /// How long [`SqliteDatabase::begin`] waits at most.
    wait_timeout: Option<Duration>,
}

impl SqliteDatabase {
    /// Opens the file at `url`, making it and its folder if needed, with at most so many `readers`,
    /// and brings its tables up to date with `migrations`.
    ///
    /// # Errors
    /// An [`OpenError`], which is one line for a person.
    pub async fn open(
        url: &str,
        readers: Option<NonZeroU32>,
        migrations: &Migrator,
    ) -> Result<Self, OpenError> {
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
            // An acknowledged view must outlive a power cut (rule C5): with NORMAL, WAL commits are
            // not synced.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // A deleted salt must be gone from the file, not only from the table (rule C3).
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(10));
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
            .max_connections(readers.map_or(READERS, NonZeroU32::get))
            .acquire_timeout(TIMEOUT)
            // A file does not hang up, and asking each time whether it did costs as much as a small
            // statement.
            .test_before_acquire(false);
        let reader = readers.connect_with(options.read_only(true)).await;
        Ok(Self {
            reader: reader.map_err(open_error)?,
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

    /// Where it is: `sqlite:` and the file's path.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where reads go.
    pub fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// Where single writes go.
    pub fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// A transaction that may write. It holds SQLite's write lock from its first statement on
    /// (`IMMEDIATE`), because one that starts as a reader fails when another process has written in
    /// between.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        within(self.wait_timeout, self.writer.begin_with("BEGIN IMMEDIATE")).await
    }

    /// Whether it is away.
    pub fn outage(&self) -> &Outage {
        &self.outage
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Makes the folder and tries to write in it, because SQLite reports a folder without write
/// permission only as "unable to open database file" or, later, as a read-only database.
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
