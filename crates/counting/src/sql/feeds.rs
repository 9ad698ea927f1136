//! How far logs of batches have been read into SQL (`view_feeds`). MySQL and MariaDB only: the
//! embedded profile reads no log.
//!
//! A place is written in the transaction that adds the views, so the two can't disagree. It only
//! says where to go on. Whether a batch is counted is decided by the ledger, so a place that is
//! wrong costs time and no view (rule C5).

use tidemark_store::clock::Millis;
use tidemark_store::failpoint;

use super::ledger::{Applied, Batch, Ledger, applied};

/// A log of batches: one partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The cluster's own id. Another cluster at the same address is another log.
    pub cluster_id: String,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub part: i32,
}

/// A place in a log. The default is the place before its first record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The offset of the next record to read.
    pub next_offset: i64,
    /// What the record before it is known by. If that record is another one, so is the log.
    pub last_batch: String,
}

impl Ledger {
    /// How far `feed` has been read.
    ///
    /// # Errors
    /// The database's.
    pub async fn place(&self, feed: &Feed) -> sqlx::Result<Place> {
        let row: Option<(i64, String)> = sqlx::query_as(
            "SELECT next_offset, last_batch FROM view_feeds WHERE cluster_id = ? AND topic = ? AND part = ?",
        )
        .bind(&feed.cluster_id)
        .bind(&feed.topic)
        .bind(feed.part)
        .fetch_optional(self.database().reachable()?)
        .await?;
        Ok(row
            .map(|(next_offset, last_batch)| Place { next_offset, last_batch })
            .unwrap_or_default())
    }

    /// In one transaction, moves the place of `feed` on and applies the batches that were read on
    /// the way, as [`Ledger::apply`] does. Does nothing and returns `None` if the place is no
    /// longer `from`, because then another consumer has read them.
    ///
    /// # Errors
    /// The database's. If the reply to the commit was lost, the commit may have taken effect; the
    /// place tells.
    pub async fn advance(
        &self,
        feed: &Feed,
        from: &Place,
        to: &Place,
        mut batches: Vec<Batch>,
        now: Millis,
    ) -> sqlx::Result<Option<Applied>> {
        let mut transaction = self.database().reachable()?.begin().await?;
        // This locks the row as well, so two consumers add one after the other.
        let moved = sqlx::query(
            "UPDATE view_feeds SET next_offset = ?, last_batch = ?
             WHERE cluster_id = ? AND topic = ? AND part = ? AND next_offset = ? AND last_batch = ?",
        )
        .bind(to.next_offset)
        .bind(&to.last_batch)
        .bind(&feed.cluster_id)
        .bind(&feed.topic)
        .bind(feed.part)
        .bind(from.next_offset)
        .bind(&from.last_batch)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if moved == 0 {
            if *from != Place::default() {
                return Ok(None);
            }
            let first = sqlx::query(
                "INSERT INTO view_feeds (cluster_id, topic, part, next_offset, last_batch) VALUES (?, ?, ?, ?, ?)",
            )
            .bind(&feed.cluster_id)
            .bind(&feed.topic)
            .bind(feed.part)
            .bind(to.next_offset)
            .bind(&to.last_batch)
            .execute(&mut *transaction)
            .await;
            match first {
                Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                    return Ok(None);
                }
                other => _ = other?,
            }
        }
        failpoint::reach("consumer-placed");
        // A log that is read again consists of known batches, and trying to insert each would take
        // a statement for each.
        let names: Vec<String> = batches.iter().map(|batch| batch.id.clone()).collect();
        let known = applied(&mut transaction, &names).await?;
        let all = batches.len();
        if failpoint::variant() != Some(failpoint::Variant::TrustOffset) {
            batches.retain(|batch| !known.contains(&batch.id));
        }
        let skipped = (all - batches.len()) as u64;
        let mut applied = self.add_new(&mut transaction, batches, now).await?;
        applied.known += skipped;
        transaction.commit().await?;
        failpoint::reach("consumer-committed");
        Ok(Some(applied))
    }
}
