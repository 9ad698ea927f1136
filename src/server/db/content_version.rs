//! The version of what readers see of articles, by which remembered pages are dropped.
//!
//! There are two numbers. The one in SQL grows in the transaction that changes something, so that every process can see it. The one in
//! memory grows in the process that made the change, as soon as it is committed, and in others when they have seen the first.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Database, Transaction};

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

/// A transaction that may change what readers see: [`Database::begin_content`]. Committing it raises the version.
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
    /// As [`Database::begin`], for what readers see: articles, and the names of their authors and tags.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_content(&self) -> sqlx::Result<ContentTransaction> {
        Ok(ContentTransaction { transaction: self.begin().await?, version: self.content_version().clone() })
    }

    /// The version in this process' memory.
    pub fn content_version(&self) -> &ContentVersion {
        match self {
            Database::Sqlite(database) => database.content_version(),
            Database::MySql(database) => database.content_version(),
        }
    }

    /// What SQL says at `now`.
    pub async fn stored_content(&self, now: i64) -> sqlx::Result<StoredContent> {
        let sql = "SELECT version, (SELECT min(published_at) FROM articles
                WHERE status = 'published' AND deleted_at IS NULL AND published_at > ?)
             FROM content_version WHERE id = 1";
        let (version, next_publication) =
            on_reader!(self, pool => sqlx::query_as(sql).bind(now).fetch_one(pool).await?);
        Ok(StoredContent { version, next_publication })
    }
}
