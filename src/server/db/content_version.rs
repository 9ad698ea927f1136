//! The version of what readers see of articles, by which remembered pages are dropped.
//!
//! There are two numbers. The one in SQL grows in the transaction that changes something, so that
//! every process can see it. The one in memory grows in the process that made the change, as soon
//! as it is committed, and in others when they have seen the first.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::mysql::MySqlConnection;

use super::{AnyDatabase, Database, Transaction, on_connection};

/// The number in this process' memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ContentVersion(Arc<AtomicU64>);

impl ContentVersion {
    /// The version of now. What was rendered under another one may be out of date.
    pub fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Something that readers see has changed.
    pub fn change(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A transaction that may change what readers see: [`Database::begin_content`]. Committing it
/// raises the version.
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
    /// Makes everything that was written in it last.
    ///
    /// # Errors
    /// The database's. After a lost connection it is not known whether it was written.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        let sql = "UPDATE content_version SET version = version + 1 WHERE id = 1";
        on_connection!(&mut self.transaction, connection => sqlx::query(sql).execute(connection).await.map(drop)?);
        let committed = self.transaction.commit().await;
        // Also when that failed: the answer to a commit that was done may have been lost.
        self.version.change();
        committed
    }

    /// As [`ContentTransaction::commit`], if nothing that readers see has changed after all: it
    /// drops no remembered page.
    ///
    /// # Errors
    /// As for [`ContentTransaction::commit`].
    pub async fn commit_unseen(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

/// What SQL says about what readers see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredContent {
    /// The version.
    pub version: i64,
    /// When readers see one more article by time alone, in milliseconds since 1970.
    pub next_publication: Option<i64>,
}

impl Database {
    /// As [`Database::begin`], for what readers see: articles, and the names of their authors and
    /// tags.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_content(&self) -> sqlx::Result<ContentTransaction> {
        Ok(ContentTransaction {
            transaction: self.begin().await?,
            version: self.content_version().clone(),
        })
    }
}

/// How long the database may take to answer what the watch asks. With the interval at which it is
/// asked, this stays below the second within which everybody is told of an outage.
const ANSWER: Duration = Duration::from_millis(600);

/// How long the database may take to let the watch in, at first and after a long outage. A server
/// that was stopped finds all who came meanwhile, and MySQL refuses hosts that left too often
/// before it let them in (`max_connect_errors`, 100).
const CONNECT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Asks SQL what it says, over a connection of its own: a server that is away is to be told from
/// readers who queue up.
#[derive(Debug)]
pub struct ContentWatch {
    database: Database,
    /// The server profile's, unless it was lost.
    connection: Option<MySqlConnection>,
    /// Since when there is none.
    lost_at: Option<Instant>,
}

impl ContentWatch {
    /// One that asks `database`.
    pub fn new(database: Database) -> Self {
        Self { database, connection: None, lost_at: None }
    }

    /// What is asked.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What SQL says at `now`.
    ///
    /// # Errors
    /// The database's; [`sqlx::Error::PoolTimedOut`] if there was no answer in time.
    pub async fn look(&mut self, now: i64) -> sqlx::Result<StoredContent> {
        let sql = "SELECT version, (SELECT min(published_at) FROM articles
                WHERE status = 'published' AND deleted_at IS NULL AND published_at > ?)
             FROM content_version WHERE id = 1";
        let late = |_| sqlx::Error::PoolTimedOut;
        let (version, next_publication) = match self.database.any() {
            // A file is never away: whoever waits there, waits for readers or for a disk.
            AnyDatabase::Sqlite(database) => {
                sqlx::query_as(sql).bind(now).fetch_one(database.reader()).await?
            }
            AnyDatabase::MySql(database) => {
                let mut connection = match self.connection.take() {
                    Some(connection) => connection,
                    None => {
                        let since = self.lost_at.get_or_insert_with(Instant::now).elapsed();
                        database.connect((since / 2).clamp(CONNECT.0, CONNECT.1)).await?
                    }
                };
                let asked = sqlx::query_as(sql).bind(now).fetch_one(&mut connection);
                let row = tokio::time::timeout(ANSWER, asked).await.map_err(late)??;
                // One whose answer did not come is of no use any more.
                (self.connection, self.lost_at) = (Some(connection), None);
                row
            }
        };
        Ok(StoredContent { version, next_publication })
    }
}
