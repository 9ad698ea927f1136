//! The content version. It changes whenever something that readers see changes, which invalidates
//! cached pages.
//!
//! There are two numbers. The one in SQL is incremented in the transaction that makes the change,
//! so that every process can see it. The one in memory is incremented as soon as that transaction
//! commits in the process that made the change, and in other processes once they see the number in
//! SQL.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnection;
use tidemark_store::clock::Millis;

use super::{AnyDatabase, Database, Transaction, on_connection};

/// The content version in this process's memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ContentVersion(Arc<AtomicU64>);

impl ContentVersion {
    /// Returns the current version. Anything rendered under another version may be stale.
    pub fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Increments the version. Call it when something that readers see has changed.
    pub fn change(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A transaction that may change what readers see, from [`Database::begin_content`]. Committing it
/// increments the content version.
#[derive(Debug)]
pub struct ContentTransaction {
    transaction: Transaction,
    version: ContentVersion,
}

impl Deref for ContentTransaction {
    type Target = Transaction;

    fn deref(&self) -> &Transaction {
        &self.transaction
    }
}

impl DerefMut for ContentTransaction {
    fn deref_mut(&mut self) -> &mut Transaction {
        &mut self.transaction
    }
}

impl ContentTransaction {
    /// Commits the transaction and increments the content version.
    ///
    /// # Errors
    /// Database errors. If the connection is lost during the commit, it is unknown whether it took
    /// effect.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        let sql = "UPDATE content_version SET version = version + 1 WHERE id = 1";
        on_connection!(&mut self.transaction, connection => sqlx::query(sql).execute(connection).await.map(drop)?);
        let committed = self.transaction.commit().await;
        // Also on error: the commit may have succeeded and only its reply was lost.
        self.version.change();
        committed
    }

    /// Like [`ContentTransaction::commit`], but leaves the content version alone, so no cached page
    /// is invalidated. Use it when nothing that readers see has changed after all.
    ///
    /// # Errors
    /// See [`ContentTransaction::commit`].
    pub async fn commit_unseen(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

/// The content version in SQL, and when time alone will next change what readers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredContent {
    /// The content version.
    pub version: i64,
    /// When the next scheduled article is published, in milliseconds since 1970.
    pub next_publication: Option<i64>,
    /// The version of the views from elsewhere.
    pub baselines: i64,
}

impl Database {
    /// Like [`Database::begin`], for changes that readers can see: articles, and the names of their
    /// authors and tags.
    ///
    /// # Errors
    /// Database errors.
    pub async fn begin_content(&self) -> sqlx::Result<ContentTransaction> {
        Ok(ContentTransaction {
            transaction: self.begin().await?,
            version: self.content_version().clone(),
        })
    }
}

/// Query timeout of the watch. Together with the polling interval it stays below one second, the
/// time within which an outage must be reported.
const ANSWER: Duration = Duration::from_millis(600);

/// Bounds of the watch's connect timeout, which is half the time for which there has been no
/// connection. It grows because a frozen server that resumes first handles every connection attempt
/// made in the meantime. Attempts that gave up count against `max_connect_errors` (100), after
/// which MySQL blocks the host.
const CONNECT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Polls the content version in SQL over a connection of its own. With a pooled connection, an
/// unreachable server could not be told apart from readers queueing for the pool.
#[derive(Debug)]
pub struct ContentWatch {
    database: Database,
    /// Used in the server profile only; `None` before the first connect and after a failure.
    connection: Option<MySqlConnection>,
    /// When the connection was first missing; `None` while there is one.
    lost_at: Option<Instant>,
}

impl ContentWatch {
    /// Creates a watch on `database`. It connects on the first [`ContentWatch::look`].
    pub fn new(database: Database) -> Self {
        Self { database, connection: None, lost_at: None }
    }

    /// The database being watched.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Reads the content version, and the next scheduled publication after `now`.
    ///
    /// # Errors
    /// Database errors; [`sqlx::Error::PoolTimedOut`] if there was no answer in time.
    pub async fn look(&mut self, now: Millis) -> sqlx::Result<StoredContent> {
        match self.database.any() {
            // No timeout: a file can't be unreachable, so any wait is for readers or for the disk.
            AnyDatabase::Sqlite(database) => {
                let (version, next_publication, baselines) =
                    sqlx::query_as(LOOK).bind(now).fetch_one(database.reader()).await?;
                Ok(StoredContent { version, next_publication, baselines })
            }
            AnyDatabase::MySql(database) => {
                if let Some(connection) = self.connection.take() {
                    match ask(connection, now).await {
                        Ok((connection, row)) => {
                            self.connection = Some(connection);
                            return Ok(row);
                        }
                        // Not again: an outage must be noticed within a second.
                        Err(sqlx::Error::PoolTimedOut) => return Err(sqlx::Error::PoolTimedOut),
                        // If only this connection was closed, the database is not away.
                        Err(_) => {}
                    }
                }
                let since = self.lost_at.get_or_insert_with(Instant::now).elapsed();
                let limit = (since / 2).clamp(CONNECT.0, CONNECT.1);
                let (connection, row) = ask(database.connect(limit).await?, now).await?;
                (self.connection, self.lost_at) = (Some(connection), None);
                Ok(row)
            }
        }
    }
}

const LOOK: &str = "SELECT version, (SELECT min(published_at) FROM articles
        WHERE status = 'published' AND deleted_at IS NULL AND published_at > ?), baselines
     FROM content_version WHERE id = 1";

/// Reads over `connection`, and returns it. Without an answer in time it is dropped, because the
/// answer may still come.
async fn ask(
    mut connection: MySqlConnection,
    now: Millis,
) -> sqlx::Result<(MySqlConnection, StoredContent)> {
    let asked = sqlx::query_as(LOOK).bind(now).fetch_one(&mut connection);
    let late = |_| sqlx::Error::PoolTimedOut;
    let (version, next_publication, baselines) =
        tokio::time::timeout(ANSWER, asked).await.map_err(late)??;
    Ok((connection, StoredContent { version, next_publication, baselines }))
}
