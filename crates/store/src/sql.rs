//! Connections to SQL.
//!
//! Data is in SQLite (the embedded profile) or in MySQL or MariaDB (the server profile). Statements
//! are written to work on all of them. Where they can't be, [`Dialect`] has the variants.

/// Runs `$body` on whichever database is open, with `$pool` as the pool for reads. The code is
/// compiled once per backend, so it may use only what both support. While a MySQL database is down,
/// the enclosing function returns an error at once.
#[macro_export]
macro_rules! on_reader {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database.any() {
            $crate::sql::AnyDatabase::Sqlite(database) => {
                let $pool = database.reader();
                $body
            }
            $crate::sql::AnyDatabase::MySql(database) => {
                let $pool = database.reachable()?;
                $body
            }
        }
    };
}

/// Like `on_reader`, with `$pool` as the pool for single-statement writes.
#[macro_export]
macro_rules! on_writer {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database.any() {
            $crate::sql::AnyDatabase::Sqlite(database) => {
                let $pool = database.writer();
                $body
            }
            $crate::sql::AnyDatabase::MySql(database) => {
                let $pool = database.reachable()?;
                $body
            }
        }
    };
}

/// Like `on_reader`, inside a [`Transaction`], with `$connection` as its connection.
#[macro_export]
macro_rules! on_connection {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match $transaction {
            $crate::sql::Transaction::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::sql::Transaction::MySql(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}

// Declared first, because the modules below use its macro.
#[macro_use]
mod own_connection;

mod mysql;
mod outage;
mod sqlite;

use std::num::NonZeroU32;
use std::time::Duration;

use log::LevelFilter;
pub use mysql::MySqlDatabase;
pub use outage::Outage;
pub use own_connection::{Open, OwnConnection, Place};
pub use sqlite::SqliteDatabase;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::mysql::{MySqlDatabaseError, MySqlQueryResult};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{ConnectOptions, MySql, Sqlite};

/// How long a request waits for other writers. Every request must be answered within five seconds,
/// even if only with "try again".
const FOR_REQUEST: Duration = Duration::from_secs(4);

/// Runs `work`, with the timeout `limit` if there is one.
///
/// # Errors
/// Those of `work`, or [`sqlx::Error::PoolTimedOut`] after the timeout.
pub async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    match limit {
        Some(limit) => {
            tokio::time::timeout(limit, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
        }
        None => work.await,
    }
}

/// How connections are made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Connections {
    /// How many at most; `None` for the backend's default.
    pub most: Option<NonZeroU32>,
    /// Statements that take longer are logged, without the values in them; `None` for none.
    pub slow: Option<Duration>,
}

impl From<Option<NonZeroU32>> for Connections {
    fn from(most: Option<NonZeroU32>) -> Self {
        Self { most, slow: None }
    }
}

impl Connections {
    /// These options of a connection, with the log as wanted.
    fn logged<O: ConnectOptions>(self, options: O) -> O {
        match self.slow {
            Some(slow) => options.log_slow_statements(LevelFilter::Warn, slow),
            None => options.log_slow_statements(LevelFilter::Off, Duration::MAX),
        }
    }
}

/// The migrations for each backend.
#[derive(Debug)]
pub struct Migrations {
    /// For SQLite.
    pub sqlite: Migrator,
    /// For MySQL and MariaDB.
    pub mysql: Migrator,
}

/// An open database of either backend.
#[derive(Clone, Debug)]
pub enum AnyDatabase {
    /// The embedded profile's database, a single file.
    Sqlite(SqliteDatabase),
    /// The server profile's database, MySQL or MariaDB.
    MySql(MySqlDatabase),
}

/// A transaction. Rolled back if dropped without [`Transaction::commit`].
#[derive(Debug)]
pub enum Transaction {
    /// In SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// In MySQL or MariaDB.
    MySql(sqlx::Transaction<'static, MySql>),
}

/// The SQL dialect, for the few statements that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// MySQL and MariaDB, as far as they agree.
    MySql,
}

/// Why the database can't be opened, as a one-line message for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL has an unknown scheme.
    #[error(
        "database.url: {0:?} is not a database address; use sqlite: and a path, as in sqlite:data/tidemark.db, or mysql://user:password@host/name"
    )]
    Url(String),
    /// The URL says `mysql:` or `mariadb:`, but the rest is invalid. The message does not repeat
    /// the URL, because it may hold a password.
    #[error(
        "database.url is not the address of a MySQL or MariaDB database ({0}); use mysql://user:password@host:3306/name, with special characters in the password percent-encoded (%40 for @)"
    )]
    ServerUrl(String),
    /// The folder can't be created or written to.
    #[error(
        "The data folder {folder:?} can't be written to: {reason}. Give this user the right to write there, or set database.url to another place."
    )]
    Folder {
        /// The folder.
        folder: String,
        /// What the operating system says.
        reason: String,
    },
    /// The file, or the database on the server, can't be opened.
    #[error("The database {database:?} can't be opened: {reason}")]
    Open {
        /// Its file or address.
        database: String,
        /// What SQLite or the server says.
        reason: String,
    },
    /// The server does not answer.
    #[error(
        "The database server {database:?} can't be reached: {reason}. Start it, or correct database.url."
    )]
    Unreachable {
        /// Its address.
        database: String,
        /// What the operating system says.
        reason: String,
    },
    /// The server refuses this user, or refuses it access to this database.
    #[error(
        "The server refuses this user access to the database {database:?}: {reason}. Correct the user name or the password in database.url, or grant the user all rights on the database."
    )]
    Denied {
        /// Its address.
        database: String,
        /// What the server says.
        reason: String,
    },
    /// The server has no database of that name.
    #[error(
        "The server has no such database ({database:?}). Create it with CREATE DATABASE, or correct database.url."
    )]
    Unknown {
        /// Its address.
        database: String,
    },
    /// A newer version of Tidemark has migrated the database.
    #[error(
        "The database {database:?} is from a newer version of Tidemark (it has migration {version}, which this one does not know). Start that version, or restore a backup from before the upgrade."
    )]
    Newer {
        /// Its file or address.
        database: String,
        /// The first unknown migration.
        version: i64,
    },
    /// A migration was interrupted, and MySQL can't roll back the part that was done.
    #[error(
        "The database {database:?} was left halfway through migration {version}. Restore a backup from before the migration, or start with an empty database."
    )]
    Halfway {
        /// Its address.
        database: String,
        /// The migration.
        version: i64,
    },
    /// A migration failed.
    #[error("The database {database:?} can't be migrated: {reason}")]
    Migration {
        /// Its file or address.
        database: String,
        /// What went wrong.
        reason: String,
    },
}

impl OpenError {
    fn of_migration(error: MigrateError, database: String) -> Self {
        match error {
            MigrateError::VersionMissing(version) => OpenError::Newer { database, version },
            MigrateError::Dirty(version) => OpenError::Halfway { database, version },
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                OpenError::Migration { database, reason: reason(&error) }
            }
            other => OpenError::Migration { database, reason: other.to_string() },
        }
    }
}

impl AnyDatabase {
    /// Opens the database at `url` (`sqlite:`, `mysql:` or `mariadb:`) and runs the migrations. It
    /// makes `connections` as wanted. A SQLite file and its folder are
    /// created if needed; a database on a server must exist.
    ///
    /// # Errors
    /// An [`OpenError`], a one-line message for the operator.
    pub async fn open(
        url: &str,
        connections: impl Into<Connections>,
        migrations: &Migrations,
    ) -> Result<Self, OpenError> {
        let connections = connections.into();
        Ok(match url.split_once(':') {
            Some(("sqlite", _)) => AnyDatabase::Sqlite(
                SqliteDatabase::open(url, connections, &migrations.sqlite).await?,
            ),
            Some(("mysql" | "mariadb", _)) => {
                AnyDatabase::MySql(MySqlDatabase::open(url, connections, &migrations.mysql).await?)
            }
            _ => return Err(OpenError::Url(url.to_owned())),
        })
    }

    /// Returns itself, for macros that take anything that derefs to it.
    pub fn any(&self) -> &AnyDatabase {
        self
    }

    /// Whether the database is down.
    pub fn outage(&self) -> &Outage {
        match self {
            AnyDatabase::Sqlite(database) => database.outage(),
            AnyDatabase::MySql(database) => database.outage(),
        }
    }

    /// The database's address for messages: the URL without user and password.
    pub fn address(&self) -> &str {
        match self {
            AnyDatabase::Sqlite(database) => database.address(),
            AnyDatabase::MySql(database) => database.address(),
        }
    }

    /// The same database with the timeout for requests: they wait at most four seconds for other
    /// writers. Jobs and commands may wait longer.
    #[must_use]
    pub fn for_requests(self) -> Self {
        match self {
            AnyDatabase::Sqlite(database) => AnyDatabase::Sqlite(database.for_requests()),
            AnyDatabase::MySql(database) => AnyDatabase::MySql(database.for_requests()),
        }
    }

    /// Whether it can be down while this process runs. A file can't.
    pub fn can_be_away(&self) -> bool {
        matches!(self, AnyDatabase::MySql(_))
    }

    /// Closes all connections once their current work is done.
    pub async fn close(&self) {
        match self {
            AnyDatabase::Sqlite(database) => database.close().await,
            AnyDatabase::MySql(database) => database.close().await,
        }
    }

    /// The dialect it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            AnyDatabase::Sqlite(_) => Dialect::Sqlite,
            AnyDatabase::MySql(_) => Dialect::MySql,
        }
    }
}

impl Transaction {
    /// Makes everything written in it permanent.
    ///
    /// # Errors
    /// The database's. If the connection was lost, the outcome is unknown.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Transaction::Sqlite(transaction) => transaction.commit().await,
            Transaction::MySql(transaction) => transaction.commit().await,
        }
    }

    /// The dialect it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            Transaction::Sqlite(_) => Dialect::Sqlite,
            Transaction::MySql(_) => Dialect::MySql,
        }
    }
}

impl Dialect {
    /// An aggregate that builds a JSON array of `item`, itself a JSON expression, ordered by the
    /// column `position`.
    pub fn json_list(self, item: &str) -> String {
        match self {
            Dialect::Sqlite => format!("json_group_array({item} ORDER BY position)"),
            // MySQL's JSON_ARRAYAGG has no ORDER BY.
            Dialect::MySql => {
                format!(
                    "concat('[', coalesce(group_concat({item} ORDER BY position SEPARATOR ','), ''), ']')"
                )
            }
        }
    }

    /// The integer type for a CAST. MySQL needs one, because its sum of integers is a DECIMAL.
    pub fn integer(self) -> &'static str {
        match self {
            Dialect::Sqlite => "INTEGER",
            Dialect::MySql => "SIGNED",
        }
    }

    /// A join that reads the left table first, whatever the planner prefers. The left table is in
    /// the wanted order, so reading can stop at the LIMIT.
    pub fn join_in_order(self) -> &'static str {
        match self {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::MySql => "STRAIGHT_JOIN",
        }
    }
}

/// The id that the database gave to an inserted row.
pub trait InsertedId {
    /// The id.
    fn inserted_id(&self) -> i64;
}

impl InsertedId for SqliteQueryResult {
    fn inserted_id(&self) -> i64 {
        self.last_insert_rowid()
    }
}

impl InsertedId for MySqlQueryResult {
    fn inserted_id(&self) -> i64 {
        self.last_insert_id().cast_signed()
    }
}

/// Whether the failure is temporary, so that a retry may work: the database can't be reached, is
/// shutting down, or something stayed locked for too long.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            error.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|error| {
                // Class 08 is "connection exception": shutting down, too many connections, lost on
                // the network. The numbers belong to other classes. In order: too many connections
                // of this user, lock wait timeout, connection killed (MariaDB), server not
                // available, session killed, idle for too long (MySQL).
                error.code().is_some_and(|code| code.starts_with("08"))
                    || matches!(error.number(), 1203 | 1205 | 1927 | 3168 | 3169 | 4031)
            })
        }
        _ => false,
    }
}

/// Whether a statement was ended because it had a limit of time.
pub fn is_over_time(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref());
    // MariaDB's number, and MySQL's.
    error.is_some_and(|error: &MySqlDatabaseError| matches!(error.number(), 1969 | 3024))
}

/// Whether the error is a unique violation: such a row already exists.
pub fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// The database's own message, without sqlx's prefix.
pub fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
