//! Connections to SQL.
//!
//! Data is in SQLite (the embedded profile) or in MySQL or MariaDB (the server profile). Statements
//! are written so that both understand them; the few that can't be are picked by [`Dialect`].

/// Runs one piece of code on whichever database it is, with `$pool` as the place where reads go.
/// The code is compiled once for each kind, so it may only use what both kinds can do. The function
/// around it returns at once while the database is away.
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

/// As `on_reader`, with `$pool` as the place where single writes go.
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

/// As `on_reader`, in a [`Transaction`], with `$connection` as its connection.
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

// Before the modules that use what it defines.
#[macro_use]
mod own_connection;

mod mysql;
mod outage;
mod sqlite;

use std::num::NonZeroU32;
use std::time::Duration;

pub use mysql::MySqlDatabase;
pub use outage::Outage;
pub use own_connection::{Open, OwnConnection};
pub use sqlite::SqliteDatabase;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::mysql::{MySqlDatabaseError, MySqlQueryResult};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{MySql, Sqlite};

/// How long a request waits for others who write. It is answered within five seconds, if only to
/// come again.
const FOR_REQUEST: Duration = Duration::from_secs(4);

/// Does `work`, for no longer than `limit` if there is one.
/// # Errors
/// Its own; [`sqlx::Error::PoolTimedOut`] if it took longer.
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

/// What brings tables up to date, on each of the databases.
#[derive(Debug)]
pub struct Migrations {
    /// SQLite's.
    pub sqlite: Migrator,
    /// MySQL's and MariaDB's.
    pub mysql: Migrator,
}

/// An open database.
#[derive(Clone, Debug)]
pub enum AnyDatabase {
    /// The embedded profile's: one file.
    Sqlite(SqliteDatabase),
    /// The server profile's: MySQL or MariaDB.
    MySql(MySqlDatabase),
}

/// A transaction. Dropped without [`Transaction::commit`], it leaves everything as it was.
#[derive(Debug)]
pub enum Transaction {
    /// In SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// In MySQL or MariaDB.
    MySql(sqlx::Transaction<'static, MySql>),
}

/// Whose SQL it is, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// MySQL's and MariaDB's, as far as they agree.
    MySql,
}

/// Why the database can't be used, in one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no kind that is known.
    #[error(
        "database.url: {0:?} is not an address of a database; write sqlite: and a path, as in sqlite:data/tidemark.db, or mysql://user:password@host/name"
    )]
    Url(String),
    /// The URL says `mysql:` or `mariadb:`, and the rest of it is wrong. It is not repeated: there
    /// may be a password in it.
    #[error(
        "database.url is not an address of a MySQL or MariaDB database ({0}); write mysql://user:password@host:3306/name, with %40 for an @ in the password and so on"
    )]
    ServerUrl(String),
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
    /// The file, or the server's database, can't be opened.
    #[error("The database {database:?} can't be opened: {reason}")]
    Open {
        /// Its file or address.
        database: String,
        /// What SQLite or the server says.
        reason: String,
    },
    /// The server does not answer.
    #[error(
        "The server of the database {database:?} can't be reached: {reason}. Start it, or correct database.url."
    )]
    Unreachable {
        /// Its address.
        database: String,
        /// What the system says.
        reason: String,
    },
    /// The server does not let this user in, or not to this database.
    #[error(
        "The server does not let this user into the database {database:?}: {reason}. Correct the user name or the password in database.url, or grant the user all rights on the database."
    )]
    Denied {
        /// Its address.
        database: String,
        /// What the server says.
        reason: String,
    },
    /// The server has no database of that name.
    #[error(
        "The server has no database of that name ({database:?}). Make it with CREATE DATABASE, or correct database.url."
    )]
    Unknown {
        /// Its address.
        database: String,
    },
    /// A newer Tidemark has migrated it.
    #[error(
        "The database {database:?} is from a newer version of Tidemark (it has migration {version}, which this one does not know). Start that version, or a copy of the database from before."
    )]
    Newer {
        /// Its file or address.
        database: String,
        /// The first migration that is not known.
        version: i64,
    },
    /// A migration was cut off, and MySQL can't take back the half that was done.
    #[error(
        "The database {database:?} was left halfway through migration {version}. Start with a copy of it from before, or with an empty one."
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
    /// Opens the database at `url` (`sqlite:`, `mysql:` or `mariadb:`) with at most `connections`,
    /// or as many as suit its kind, and brings its tables up to date. A SQLite file and its folder
    /// are made if needed; a server's database must be there.
    ///
    /// # Errors
    /// An [`OpenError`], which is one line for a person.
    pub async fn open(
        url: &str,
        connections: Option<NonZeroU32>,
        migrations: &Migrations,
    ) -> Result<Self, OpenError> {
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

    /// Itself: for macros that take whatever derefs to it.
    pub fn any(&self) -> &AnyDatabase {
        self
    }

    /// Whether it is away.
    pub fn outage(&self) -> &Outage {
        match self {
            AnyDatabase::Sqlite(database) => database.outage(),
            AnyDatabase::MySql(database) => database.outage(),
        }
    }

    /// Where it is, for messages: the URL without the user and the password.
    pub fn address(&self) -> &str {
        match self {
            AnyDatabase::Sqlite(database) => database.address(),
            AnyDatabase::MySql(database) => database.address(),
        }
    }

    /// The same for requests: they wait four seconds at most for others who write. Jobs and
    /// commands may take their time.
    #[must_use]
    pub fn for_requests(self) -> Self {
        match self {
            AnyDatabase::Sqlite(database) => AnyDatabase::Sqlite(database.for_requests()),
            AnyDatabase::MySql(database) => AnyDatabase::MySql(database.for_requests()),
        }
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        match self {
            AnyDatabase::Sqlite(database) => database.close().await,
            AnyDatabase::MySql(database) => database.close().await,
        }
    }

    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            AnyDatabase::Sqlite(_) => Dialect::Sqlite,
            AnyDatabase::MySql(_) => Dialect::MySql,
        }
    }
}

impl Transaction {
    /// Makes everything that was written in it last.
    ///
    /// # Errors
    /// The database's. After a lost connection it is not known whether it was written.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Transaction::Sqlite(transaction) => transaction.commit().await,
            Transaction::MySql(transaction) => transaction.commit().await,
        }
    }

    /// Whose SQL it understands.
    pub fn dialect(&self) -> Dialect {
        match self {
            Transaction::Sqlite(_) => Dialect::Sqlite,
            Transaction::MySql(_) => Dialect::MySql,
        }
    }
}

impl Dialect {
    /// An aggregate that makes a JSON array of `item`, which is JSON, in order of the column
    /// `position`.
    pub fn json_list(self, item: &str) -> String {
        match self {
            Dialect::Sqlite => format!("json_group_array({item} ORDER BY position)"),
            // MySQL's JSON_ARRAYAGG has no order.
            Dialect::MySql => {
                format!(
                    "concat('[', coalesce(group_concat({item} ORDER BY position SEPARATOR ','), ''), ']')"
                )
            }
        }
    }

    /// The type of whole numbers in a CAST: a sum of them is a DECIMAL in MySQL.
    pub fn integer(self) -> &'static str {
        match self {
            Dialect::Sqlite => "INTEGER",
            Dialect::MySql => "SIGNED",
        }
    }

    /// A join that reads the table on its left first, whatever the planner thinks of it: the left
    /// one has the order that is wanted, so that reading can stop at the limit.
    pub fn join_in_order(self) -> &'static str {
        match self {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::MySql => "STRAIGHT_JOIN",
        }
    }
}

/// The number that the database gave to the row of an INSERT.
pub trait InsertedId {
    /// The number.
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

/// Whether an error says that there was no way to the database, that it is going away, or that
/// somebody else had what was asked for locked too long: the same request may work in a moment.
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
                // the network. The numbers have other classes: too many connections of this user,
                // waited too long for a lock, connection killed (MariaDB), server not available,
                // session killed, idle for too long (MySQL).
                error.code().is_some_and(|code| code.starts_with("08"))
                    || matches!(error.number(), 1203 | 1205 | 1927 | 3168 | 3169 | 4031)
            })
        }
        _ => false,
    }
}

/// Whether an error says that a row of that name is there already.
pub fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// What the database says, without the layers around it.
pub fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
