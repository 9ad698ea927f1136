//! The blog's SQL, and the connections that run it.
//!
//! The blog's data is in SQLite (the embedded profile) or in MySQL or MariaDB (the server profile).
//! Statements are written to run on both. Where that is impossible, [`Dialect`] picks the variant.
//!
//! The `LIMIT` of a list is part of the statement text and not a bound parameter. SQLite's planner
//! uses the value of a bound limit, so it would prepare the statement again on every bind, which
//! took longer than reading the list.

pub mod actor;
pub mod articles;
pub mod backup;
pub mod baselines;
pub mod content_version;
pub mod counts;
pub mod devices;
pub mod drafts;
pub mod imports;
pub mod invitations;
pub mod job_runs;
pub mod lists;
pub mod notices;
pub mod overviews;
pub mod pictures;
pub mod rankings;
pub mod reactions;
pub mod renderings;
pub mod revisions;
pub mod search;
mod search_index;
pub mod search_queue;
pub mod sessions;
pub mod site;
pub mod sitemap;
pub mod studio;
pub mod uncounted;
pub mod uploads;
pub mod users;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baselines::Baselines;
use content_version::ContentVersion;
pub use tidemark_store::sql::{
    AnyDatabase, MySqlDatabase, OpenError, SqliteDatabase, Transaction, is_unavailable,
};
use tidemark_store::sql::{
    Connections, Dialect, InsertedId, Migrations, is_over_time, is_taken, within,
};
use tidemark_store::{on_connection, on_own, on_reader, on_writer};

use crate::error::Error;

/// The migrations of the blog's tables.
static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    mysql: sqlx::migrate!("migrations/mysql"),
};

/// The blog's open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    connections: AnyDatabase,
    content_version: ContentVersion,
    baselines: Baselines,
    reactions_version: Arc<AtomicU64>,
}

impl Deref for Database {
    type Target = AnyDatabase;

    fn deref(&self) -> &AnyDatabase {
        &self.connections
    }
}

impl From<AnyDatabase> for Database {
    fn from(connections: AnyDatabase) -> Self {
        Self {
            connections,
            content_version: ContentVersion::default(),
            baselines: Baselines::default(),
            reactions_version: Arc::default(),
        }
    }
}

impl Database {
    /// Opens the database at `url` (`sqlite:`, `mysql:` or `mariadb:`) and runs its migrations. A
    /// SQLite file and its folder are created if missing. A MySQL or MariaDB database must exist.
    ///
    /// # Errors
    /// An [`OpenError`], whose message is one line for the operator.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, None).await
    }

    /// Like [`Database::open`], with `connections` as wanted, such as `None` for the default
    /// number.
    ///
    /// # Errors
    /// See [`Database::open`].
    pub async fn open_with(
        url: &str,
        connections: impl Into<Connections>,
    ) -> Result<Self, OpenError> {
        AnyDatabase::open(url, connections, &MIGRATIONS).await.map(Self::from)
    }

    /// The same database for use by requests, which wait at most four seconds for other writers.
    /// Jobs and commands may wait longer.
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { connections: self.connections.for_requests(), ..self }
    }

    /// Begins a transaction that may write articles, tags, and the users in bylines. Only one runs
    /// at a time; others wait up to 10 seconds, or up to the request timeout if that is shorter. On
    /// MySQL, transactions that write other tables don't need it.
    ///
    /// # Errors
    /// Database errors.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match self.any() {
            AnyDatabase::Sqlite(database) => Transaction::Sqlite(database.begin().await?),
            AnyDatabase::MySql(database) => {
                let lock = "SELECT id FROM article_write_lock FOR UPDATE";
                Transaction::MySql(database.begin_with_lock(lock).await?)
            }
        })
    }

    /// Checks that the database answers. Gives up on an unreachable server after a few seconds.
    ///
    /// # Errors
    /// Database errors.
    pub async fn ping(&self) -> sqlx::Result<()> {
        on_reader!(self, pool => sqlx::query("SELECT 1 FROM articles LIMIT 1").execute(pool).await.map(drop))
    }

    /// A number that grows whenever this process has changed a like or a collect, or may have.
    pub fn reactions_version(&self) -> u64 {
        self.reactions_version.load(Ordering::Acquire)
    }

    fn reactions_changed(&self) {
        self.reactions_version.fetch_add(1, Ordering::AcqRel);
    }

    /// The content version in this process's memory.
    pub fn content_version(&self) -> &ContentVersion {
        &self.content_version
    }
}

/// Opens the SQLite file at `url` and runs the blog's migrations.
///
/// # Errors
/// An [`OpenError`], whose message is one line for the operator.
pub async fn open_sqlite(url: &str) -> Result<SqliteDatabase, OpenError> {
    SqliteDatabase::open(url, None, &MIGRATIONS.sqlite).await
}

/// Opens the MySQL or MariaDB database at `url` and runs the blog's migrations.
///
/// # Errors
/// An [`OpenError`], whose message is one line for the operator.
pub async fn open_mysql(url: &str) -> Result<MySqlDatabase, OpenError> {
    MySqlDatabase::open(url, None, &MIGRATIONS.mysql).await
}

/// Logs a database failure. The reader gets an internal error, or is asked to retry if the database
/// could not be reached.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            tracing::error!(error = %error, "the database can't be reached");
            return Error::Unavailable;
        }
        if is_over_time(&error) {
            tracing::warn!(error = %error, "a statement took too long");
            return Error::Unavailable;
        }
        tracing::error!(error = %error, "the database failed");
        Error::Internal
    }
}
