//! All SQL, and the connections that run it.
//!
//! The blog's data is in SQLite (the embedded profile) or in MySQL or MariaDB (the server profile). Statements are written so
//! that both understand them; the few that can't be are picked by [`Dialect`].
//!
//! The limit of a list stands in its statement and is not bound: SQLite plans by it, so it would prepare a statement anew each time it is
//! bound, which took longer than reading the list.

/// Runs one piece of code on whichever database it is, with `$pool` as the place where reads go. The code is compiled once for
/// each kind, so it may only use what both kinds can do. The function around it returns at once while the database is away.
macro_rules! on_reader {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database {
            $crate::server::db::Database::Sqlite(database) => {
                let $pool = database.reader();
                $body
            }
            $crate::server::db::Database::MySql(database) => {
                let $pool = database.reachable()?;
                $body
            }
        }
    };
}

/// As `on_reader`, with `$pool` as the place where single writes go.
macro_rules! on_writer {
    ($database:expr, $pool:ident => $body:expr) => {
        match $database {
            $crate::server::db::Database::Sqlite(database) => {
                let $pool = database.writer();
                $body
            }
            $crate::server::db::Database::MySql(database) => {
                let $pool = database.reachable()?;
                $body
            }
        }
    };
}

/// As `on_reader`, in a [`Transaction`], with `$connection` as its connection.
macro_rules! on_connection {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match $transaction {
            $crate::server::db::Transaction::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::server::db::Transaction::MySql(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}

/// Before the modules that use what it defines.
#[macro_use]
pub mod own_connection;

pub mod articles;
pub mod content_version;
pub mod counts;
pub mod devices;
pub mod drafts;
pub mod invitations;
pub mod job_runs;
pub mod ledger;
pub mod lists;
pub mod mysql;
pub mod outage;
pub mod pictures;
pub mod pruning;
pub mod rankings;
pub mod reactions;
pub mod renderings;
pub mod revisions;
pub mod salts;
pub mod sessions;
pub mod sqlite;
pub mod studio;
pub mod users;
pub mod views;

use std::num::NonZeroU32;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::mysql::{MySqlDatabaseError, MySqlQueryResult};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{MySql, Sqlite};

pub use mysql::MySqlDatabase;
pub use sqlite::SqliteDatabase;

/// How long a request waits for others who write. It is answered within five seconds, if only to come again.
const FOR_REQUEST: Duration = Duration::from_secs(4);

/// Does `work`, for no longer than `limit` if there is one.
async fn within<T>(limit: Option<Duration>, work: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)),
        None => work.await,
    }
}

/// The open database.
#[derive(Clone, Debug)]
pub enum Database {
    /// The embedded profile's: one file.
    Sqlite(SqliteDatabase),
    /// The server profile's: MySQL or MariaDB.
    MySql(MySqlDatabase),
}

/// A transaction that may write articles if [`Database::begin`] made it. Dropped without [`Transaction::commit`], it leaves
/// everything as it was.
#[derive(Debug)]
pub enum Transaction {
    /// In SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// In MySQL or MariaDB.
    MySql(sqlx::Transaction<'static, MySql>),
}

/// Whose SQL it is, where the two differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Dialect {
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
    /// The URL says `mysql:` or `mariadb:`, and the rest of it is wrong. It is not repeated: there may be a password in it.
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
    #[error("The server of the database {database:?} can't be reached: {reason}. Start it, or correct database.url.")]
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

impl Database {
    /// Opens the database at `url` (`sqlite:`, `mysql:` or `mariadb:`) and brings its tables up to date. A SQLite file and its
    /// folder are made if needed; a server's database must be there.
    ///
    /// # Errors
    /// An [`OpenError`], which is one line for a person.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, None).await
    }

    /// As [`Database::open`], with `connections` at most instead of what suits the kind of database.
    ///
    /// # Errors
    /// As for [`Database::open`].
    pub async fn open_with(url: &str, connections: Option<NonZeroU32>) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => SqliteDatabase::open_with(url, connections).await.map(Database::Sqlite),
            Some(("mysql" | "mariadb", _)) => MySqlDatabase::open_with(url, connections).await.map(Database::MySql),
            _ => Err(OpenError::Url(url.to_owned())),
        }
    }

    /// Where it is, for messages: the URL without the user and the password.
    pub fn address(&self) -> &str {
        match self {
            Database::Sqlite(database) => database.address(),
            Database::MySql(database) => database.address(),
        }
    }

    /// The same for requests: they wait four seconds at most for others who write. Jobs and commands may take their time.
    #[must_use]
    pub fn for_requests(self) -> Self {
        match self {
            Database::Sqlite(database) => Database::Sqlite(database.for_requests()),
            Database::MySql(database) => Database::MySql(database.for_requests()),
        }
    }

    /// A transaction that may write articles. There is one at a time; others wait for it, up to 10 seconds, and a request no longer
    /// than it may.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match self {
            Database::Sqlite(database) => Transaction::Sqlite(database.begin().await?),
            Database::MySql(database) => Transaction::MySql(database.begin().await?),
        })
    }

    /// Whether the database answers. A server that is away is given up on after a few seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn ping(&self) -> sqlx::Result<()> {
        on_reader!(self, pool => sqlx::query("SELECT 1 FROM articles LIMIT 1").execute(pool).await.map(drop))
    }

    /// Closes all connections, after what they are doing.
    pub async fn close(&self) {
        match self {
            Database::Sqlite(database) => database.close().await,
            Database::MySql(database) => database.close().await,
        }
    }

    fn dialect(&self) -> Dialect {
        match self {
            Database::Sqlite(_) => Dialect::Sqlite,
            Database::MySql(_) => Dialect::MySql,
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

    fn dialect(&self) -> Dialect {
        match self {
            Transaction::Sqlite(_) => Dialect::Sqlite,
            Transaction::MySql(_) => Dialect::MySql,
        }
    }
}

impl Dialect {
    /// An aggregate that makes a JSON array of `item`, which is JSON, in order of the column `position`.
    fn json_list(self, item: &str) -> String {
        match self {
            Dialect::Sqlite => format!("json_group_array({item} ORDER BY position)"),
            // MySQL's JSON_ARRAYAGG has no order.
            Dialect::MySql => {
                format!("concat('[', coalesce(group_concat({item} ORDER BY position SEPARATOR ','), ''), ']')")
            }
        }
    }

    /// The type of whole numbers in a CAST: a sum of them is a DECIMAL in MySQL.
    fn integer(self) -> &'static str {
        match self {
            Dialect::Sqlite => "INTEGER",
            Dialect::MySql => "SIGNED",
        }
    }

    /// A join that reads the table on its left first, whatever the planner thinks of it: the left one has the order that is
    /// wanted, so that reading can stop at the limit.
    fn join_in_order(self) -> &'static str {
        match self {
            Dialect::Sqlite => "CROSS JOIN",
            Dialect::MySql => "STRAIGHT_JOIN",
        }
    }
}

/// The number that the database gave to the row of an INSERT.
trait InsertedId {
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

/// Whether an error says that there was no way to the database, that it is going away, or that somebody else had what was asked for
/// locked too long: the same request may work in a moment.
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|error| {
            // Class 08 is "connection exception": shutting down, too many connections, lost on the network. The numbers have
            // other classes: too many connections of this user, waited too long for a lock, connection killed (MariaDB), server
            // not available, session killed, idle for too long (MySQL).
            error.code().is_some_and(|code| code.starts_with("08"))
                || matches!(error.number(), 1203 | 1205 | 1927 | 3168 | 3169 | 4031)
        }),
        _ => false,
    }
}

/// Whether an error says that a row of that name is there already.
fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// What the database says, without the layers around it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
