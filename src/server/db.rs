//! All SQL, and the connections that run it.
//!
//! SQLite takes one writer at a time, so writes go through a pool of one connection, where they wait their turn in order
//! instead of failing with "database is locked"; reads have a pool of their own and, in WAL mode, never wait for a write.

pub mod articles;
pub mod pruning;
pub mod salts;
pub mod sessions;
pub mod users;
pub mod views;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The open database.
#[derive(Clone, Debug)]
pub struct Database {
    reader: SqlitePool,
    writer: SqlitePool,
}

/// Why the database can't be used, in one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one of SQLite's.
    #[error(
        "database.url: {0:?} is not an address of a SQLite file; write sqlite: and a path, as in sqlite:data/tidemark.db"
    )]
    Url(String),
    /// The folder can't be made or written to.
    #[error(
        "The data folder {folder:?} can't be written to: {reason}. Give this user the right to write there, or set database.url to another place."
    )]
    Folder {
        /// The folder.
        folder: String,
        /// What the system says.
        reason: String,
    },
    /// The file can't be opened as a database.
    #[error("The database {file:?} can't be opened: {reason}")]
    File {
        /// The file.
        file: String,
        /// What SQLite says.
        reason: String,
    },
    /// A newer Tidemark has migrated it.
    #[error(
        "The database {file:?} is from a newer version of Tidemark (it has migration {version}, which this one does not know). Start that version, or a copy of the database from before."
    )]
    Newer {
        /// The file.
        file: String,
        /// The first migration that is not known.
        version: i64,
    },
    /// A migration failed; the database is as it was.
    #[error("The database {file:?} can't be migrated: {reason}")]
    Migration {
        /// The file.
        file: String,
        /// What went wrong.
        reason: String,
    },
}

impl Database {
    /// Opens the database at `url`, making its folder and file if needed, and brings its tables up to date.
    ///
    /// # Errors
    /// An [`OpenError`], which is one line for a person.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url(url.to_owned()))?;
        let file = options.get_filename().to_owned();
        let name = file.display().to_string();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_writable(folder)?;
        }
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged view must outlive a power cut (rule C5): with NORMAL, WAL commits are not synced.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // A deleted salt must be gone from the file, not only from the table (rule C3).
            .pragma("secure_delete", "ON")
            .busy_timeout(Duration::from_secs(10));
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await;
        let writer = writer.map_err(|error| OpenError::File { file: name.clone(), reason: reason(&error) })?;
        MIGRATIONS.run(&writer).await.map_err(|error| match error {
            MigrateError::VersionMissing(version) => OpenError::Newer { file: name.clone(), version },
            other => OpenError::Migration { file: name.clone(), reason: other.to_string() },
        })?;
        let reader = SqlitePoolOptions::new().max_connections(4).connect_with(options.read_only(true)).await;
        let reader = reader.map_err(|error| OpenError::File { file: name, reason: reason(&error) })?;
        Ok(Self { reader, writer })
    }

    /// Where reads go.
    pub(in crate::server) fn reader(&self) -> &SqlitePool {
        &self.reader
    }

    /// Where single writes go.
    pub(in crate::server) fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// A transaction that may write. It holds SQLite's write lock from its first statement on (`IMMEDIATE`), because one
    /// that starts as a reader fails when another process has written in between.
    pub async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> sqlx::Result<()> {
        sqlx::query("SELECT 1 FROM articles LIMIT 1").execute(&self.reader).await.map(drop)
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Makes the folder and tries to write in it, because SQLite reports a folder without write permission only as
/// "unable to open database file" or, later, as a read-only database.
fn make_writable(folder: &Path) -> Result<(), OpenError> {
    let attempt = std::fs::create_dir_all(folder).and_then(|()| {
        let probe = folder.join(format!(".tidemark-write-test-{}", std::process::id()));
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)
    });
    attempt.map_err(|error| OpenError::Folder { folder: folder.display().to_string(), reason: error.to_string() })
}

/// What SQLite says, without the layers around it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        other => other.to_string(),
    }
}

/// Placeholders for `numbers` are a JSON array: SQLite's `json_each` makes rows of it, so a statement stays one text
/// however many there are.
fn json(numbers: &[i64]) -> String {
    serde_json::Value::from(numbers).to_string()
}
