//! All SQL, and the connections that run it.
//!
//! The blog's data is in SQLite (the embedded profile) or in MySQL or MariaDB (the server profile).
//! Statements are written so that both understand them; the few that can't be are picked by
//! [`Dialect`].
//!
//! The limit of a list stands in its statement and is not bound: SQLite plans by it, so it would
//! prepare a statement anew each time it is bound, which took longer than reading the list.

pub mod articles;
pub mod content_version;
pub mod counts;
pub mod devices;
pub mod drafts;
pub mod invitations;
pub mod job_runs;
pub mod lists;
pub mod pictures;
pub mod rankings;
pub mod reactions;
pub mod renderings;
pub mod revisions;
pub mod sessions;
pub mod studio;
pub mod users;

use std::num::NonZeroU32;
use std::ops::Deref;

use content_version::ContentVersion;
pub use tidemark_store::sql::{
    AnyDatabase, MySqlDatabase, OpenError, SqliteDatabase, Transaction, is_unavailable,
};
use tidemark_store::sql::{Dialect, InsertedId, Migrations, is_taken, within};
use tidemark_store::{on_connection, on_own, on_reader, on_writer};

/// What brings the blog's tables up to date.
static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    mysql: sqlx::migrate!("migrations/mysql"),
};

/// The blog's open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    connections: AnyDatabase,
    content_version: ContentVersion,
}

impl Deref for Database {
    type Target = AnyDatabase;

    fn deref(&self) -> &AnyDatabase {
        &self.connections
    }
}

impl From<AnyDatabase> for Database {
    fn from(connections: AnyDatabase) -> Self {
        Self { connections, content_version: ContentVersion::default() }
    }
}

impl Database {
    /// Opens the database at `url` (`sqlite:`, `mysql:` or `mariadb:`) and brings its tables up to
    /// date. A SQLite file and its folder are made if needed; a server's database must be there.
    ///
    /// # Errors
    /// An [`OpenError`], which is one line for a person.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, None).await
    }

    /// As [`Database::open`], with `connections` at most instead of what suits the kind of
    /// database.
    ///
    /// # Errors
    /// As for [`Database::open`].
    pub async fn open_with(url: &str, connections: Option<NonZeroU32>) -> Result<Self, OpenError> {
        AnyDatabase::open(url, connections, &MIGRATIONS).await.map(Self::from)
    }

    /// The same for requests: they wait four seconds at most for others who write. Jobs and
    /// commands may take their time.
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { connections: self.connections.for_requests(), ..self }
    }

    /// A transaction that may write articles, users of bylines and tags. There is one at a time;
    /// others wait for it, up to 10 seconds, and a request no longer than it may. On MySQL what
    /// writes other tables does not need it.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match self.any() {
            AnyDatabase::Sqlite(database) => Transaction::Sqlite(database.begin().await?),
            AnyDatabase::MySql(database) => {
                let lock = "SELECT id FROM article_write_lock FOR UPDATE";
                Transaction::MySql(database.begin_with_lock(lock).await?)
            }
        })
    }

    /// Whether the database answers. A server that is away is given up on after a few seconds.
    ///
    /// # Errors
    /// The database's.
    pub async fn ping(&self) -> sqlx::Result<()> {
        on_reader!(self, pool => sqlx::query("SELECT 1 FROM articles LIMIT 1").execute(pool).await.map(drop))
    }

    /// The version of what readers see, in this process' memory.
    pub fn content_version(&self) -> &ContentVersion {
        &self.content_version
    }
}

/// Opens the SQLite file at `url` with the blog's tables.
///
/// # Errors
/// An [`OpenError`], which is one line for a person.
pub async fn open_sqlite(url: &str) -> Result<SqliteDatabase, OpenError> {
    SqliteDatabase::open(url, None, &MIGRATIONS.sqlite).await
}

/// Opens the database of a MySQL or MariaDB server at `url` with the blog's tables.
///
/// # Errors
/// An [`OpenError`], which is one line for a person.
pub async fn open_mysql(url: &str) -> Result<MySqlDatabase, OpenError> {
    MySqlDatabase::open(url, None, &MIGRATIONS.mysql).await
}
