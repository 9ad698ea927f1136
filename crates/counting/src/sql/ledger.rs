//! The SQL side of the flush, and the source that Redis is rebuilt from. MySQL and MariaDB only:
//! the embedded profile has nothing to flush.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::json;
use crate::{ArticleId, Hour, ShardId};
use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, MySqlConnection};
use tidemark_store::clock::Millis;
use tidemark_store::failpoint;
use tidemark_store::sql::MySqlDatabase;

/// How long the ledger keeps a batch, in milliseconds. An append-only file may be restored from a
/// backup up to this old.
pub const LEDGER_KEEPS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The maximum age of a batch, in milliseconds. An older one is left alone: the ledger may have
/// forgotten it, so it is unknown whether SQL has its views.
pub const OLDEST: i64 = LEDGER_KEEPS - 24 * 60 * 60 * 1000;

/// Whether a batch of this name is so old that the ledger may have forgotten it. Then it is unknown
/// whether SQL has its views, and it must not be applied. Names tell their age.
pub fn is_undecided(id: &str, now: Millis) -> bool {
    began_at(id).is_none_or(|began_at| began_at < now - OLDEST)
}

/// When a batch of this name began, by Redis' clock.
fn began_at(id: &str) -> Option<Millis> {
    id.split_once('-').and_then(|(time, _)| time.parse().ok()).map(Millis)
}

/// A batch of views to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The batch's unique name.
    pub id: String,
    /// Views by (article, hour).
    pub views: BTreeMap<(ArticleId, Hour), i64>,
}

/// Summary of applying batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Batches that were new.
    pub batches: u64,
    /// Batches that the ledger already had.
    pub known: u64,
    /// Articles whose views were added to.
    pub articles: u64,
    /// Views that were added.
    pub views: i64,
    /// Views of articles that no longer exist; they were dropped.
    pub dropped: i64,
}

/// Reads a JSON array of article ids as rows. `JSON_TABLE` needs MySQL 8.0.4 or MariaDB 10.6.
const ARTICLES: &str = "JSON_TABLE(?, '$[*]' COLUMNS (article_id BIGINT PATH '$')) AS wanted";

/// Returns which of the articles still exist. Called in the transaction that adds their views.
pub type StillThere = for<'call> fn(
    &'call mut MySqlConnection,
    &'call [ArticleId],
) -> BoxFuture<'call, sqlx::Result<HashSet<ArticleId>>>;

/// The SQL side of the flush.
#[derive(Clone, Debug)]
pub struct Ledger {
    database: MySqlDatabase,
    still_there: StillThere,
}

impl Ledger {
    /// Creates a ledger in `database`. `still_there` says which articles still exist; views of
    /// others are dropped.
    pub fn new(database: MySqlDatabase, still_there: StillThere) -> Self {
        Self { database, still_there }
    }

    /// The ledger's database.
    pub fn database(&self) -> &MySqlDatabase {
        &self.database
    }

    /// In one transaction, records the batches that are new to the ledger and adds their views.
    ///
    /// # Errors
    /// The database's. If the reply to the commit was lost, the commit may have taken effect;
    /// applying the batches again is safe, because the ledger has recorded them.
    pub async fn apply(&self, batches: Vec<Batch>, now: Millis) -> sqlx::Result<Applied> {
        let mut transaction = self.database.pool().begin().await?;
        let applied = self.add_new(&mut transaction, batches, now).await?;
        transaction.commit().await?;
        failpoint::reach("flush-committed");
        Ok(applied)
    }

    /// The part of [`Self::apply`] between the beginning of the transaction and its commit. Of two
    /// batches with one name, the first is added.
    pub(super) async fn add_new(
        &self,
        transaction: &mut MySqlConnection,
        mut batches: Vec<Batch>,
        now: Millis,
    ) -> sqlx::Result<Applied> {
        // A fixed order, so that two flushes of the same batches can't deadlock.
        batches.sort_by(|one, other| one.id.cmp(&other.id));
        let mut applied = Applied::default();
        let mut views = BTreeMap::<(ArticleId, Hour), i64>::new();
        for batch in batches {
            if failpoint::variant() != Some(failpoint::Variant::NoLedger) {
                // No row is older than its batch. If this process's clock is far behind, another
                // one's prune would delete it at once, and the batch could be added again.
                let insert = sqlx::query("INSERT INTO view_batches (id, applied_at) VALUES (?, ?)")
                    .bind(&batch.id)
                    .bind(began_at(&batch.id).map_or(now, |began_at| now.max(began_at)))
                    .execute(&mut *transaction)
                    .await;
                match insert {
                    Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                        applied.known += 1;
                        if failpoint::variant() != Some(failpoint::Variant::TrustOffset) {
                            continue;
                        }
                    }
                    other => _ = other?,
                }
            }
            applied.batches += 1;
            for (place, count) in batch.views {
                *views.entry(place).or_default() += count;
            }
        }
        failpoint::reach("flush-ledger");
        let articles: Vec<ArticleId> = views
            .keys()
            .map(|(article, _)| *article)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let there = (self.still_there)(&mut *transaction, &articles).await?;
        views.retain(|(article, _), count| {
            let is_there = there.contains(article);
            if !is_there {
                applied.dropped += *count;
            }
            is_there
        });
        applied.views = views.values().sum();
        applied.articles = there.len() as u64;
        add(&mut *transaction, &views).await?;
        failpoint::reach("flush-added");
        Ok(applied)
    }

    /// Which of `batches` are in the ledger.
    pub async fn applied(&self, batches: &[String]) -> sqlx::Result<HashSet<String>> {
        applied(&mut *self.database.reachable()?.acquire().await?, batches).await
    }

    /// Reads from one snapshot which of `batches` have been applied, and the views of `articles`.
    pub async fn totals_and_applied(
        &self,
        articles: &[ArticleId],
        batches: &[String],
    ) -> sqlx::Result<(HashSet<String>, HashMap<ArticleId, i64>)> {
        let mut snapshot = self.snapshot().await?;
        let applied = applied(&mut snapshot, batches).await?;
        let sql = format!(
            "SELECT article_stats.article_id, article_stats.views FROM {ARTICLES}
             JOIN article_stats ON article_stats.article_id = wanted.article_id"
        );
        let totals: Vec<(ArticleId, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(json(&articles)?)
            .fetch_all(&mut *snapshot)
            .await?;
        snapshot.commit().await?;
        Ok((applied, totals.into_iter().collect()))
    }

    /// Reads from one snapshot which of `batches` have been applied, and for each of `windows` the
    /// views of every article of a shard. A window is a number of hours that ends with `hour`, or
    /// `None` for all time. Views of the next hour are in it too, but none of later ones, which
    /// come from a clock that was ahead. `shard` is (index, number of shards); an article belongs
    /// to the shard whose index is its id modulo their number.
    pub async fn window_views_and_applied(
        &self,
        shard: (ShardId, i64),
        hour: Hour,
        windows: &[Option<i64>],
        batches: &[String],
    ) -> sqlx::Result<(HashSet<String>, Vec<Vec<(ArticleId, i64)>>)> {
        let mut snapshot = self.snapshot().await?;
        let applied = applied(&mut snapshot, batches).await?;
        let mut all = Vec::with_capacity(windows.len());
        for window in windows {
            let rows: Vec<(ArticleId, i64)> = match window {
                None => {
                    sqlx::query_as(
                        "SELECT article_id, views FROM article_stats WHERE views > 0 AND MOD(article_id, ?) = ?",
                    )
                    .bind(shard.1)
                    .bind(shard.0)
                    .fetch_all(&mut *snapshot)
                    .await?
                }
                Some(hours) => {
                    sqlx::query_as(
                        "SELECT article_id, CAST(SUM(views) AS SIGNED) FROM article_view_hours
                         WHERE hour > ? AND hour <= ? AND MOD(article_id, ?) = ? GROUP BY article_id",
                    )
                    .bind(hour - *hours)
                    .bind(hour + 1)
                    .bind(shard.1)
                    .bind(shard.0)
                    .fetch_all(&mut *snapshot)
                    .await?
                }
            };
            all.push(rows);
        }
        snapshot.commit().await?;
        Ok((applied, all))
    }

    /// Deletes batches that were applied before `until` (milliseconds) from the ledger. Returns how
    /// many.
    pub async fn prune(&self, until: Millis) -> sqlx::Result<u64> {
        let mut pruned = 0;
        loop {
            let deleted = sqlx::query("DELETE FROM view_batches WHERE applied_at < ? LIMIT 5000")
                .bind(until)
                .execute(self.database.pool())
                .await?
                .rows_affected();
            pruned += deleted;
            if deleted == 0 {
                return Ok(pruned);
            }
        }
    }

    /// Registers the Redis named `id` as a source of views.
    pub async fn add_origin(&self, id: &str, now: Millis) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO view_origins (id, first_seen_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE id = id")
            .bind(id)
            .bind(now)
            .execute(self.database.pool())
            .await
            .map(drop)
    }

    /// When each Redis that views came from was first seen, in milliseconds, oldest first.
    pub async fn origins(&self) -> sqlx::Result<Vec<i64>> {
        sqlx::query_scalar("SELECT first_seen_at FROM view_origins ORDER BY first_seen_at")
            .fetch_all(self.database.pool())
            .await
    }

    /// A transaction that reads from one consistent snapshot.
    async fn snapshot(&self) -> sqlx::Result<sqlx::Transaction<'static, sqlx::MySql>> {
        let begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
        self.database.reachable()?.begin_with(begin).await
    }
}

/// Which of `batches` are in the ledger.
pub(super) async fn applied(
    connection: &mut MySqlConnection,
    batches: &[String],
) -> sqlx::Result<HashSet<String>> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT view_batches.id FROM JSON_TABLE(?, '$[*]' COLUMNS
            (id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) AS wanted
         JOIN view_batches ON view_batches.id = wanted.id",
    )
    .bind(json(&batches)?)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Adds views to the totals and the hourly counts, in key order.
async fn add(
    connection: &mut MySqlConnection,
    views: &BTreeMap<(ArticleId, Hour), i64>,
) -> sqlx::Result<()> {
    let mut totals = BTreeMap::<ArticleId, i64>::new();
    let mut hours = BTreeMap::<(Hour, ArticleId), i64>::new();
    for ((article, hour), count) in views {
        *totals.entry(*article).or_default() += count;
        hours.insert((*hour, *article), *count);
    }
    let totals: Vec<(ArticleId, i64)> = totals.into_iter().collect();
    sqlx::query(
        "INSERT INTO article_stats (article_id, views)
         SELECT added.article_id, added.views FROM JSON_TABLE(?, '$[*]' COLUMNS
            (article_id BIGINT PATH '$[0]', views BIGINT PATH '$[1]')) AS added
         ON DUPLICATE KEY UPDATE views = article_stats.views + added.views",
    )
    .bind(json(&totals)?)
    .execute(&mut *connection)
    .await?;
    let hours: Vec<(Hour, ArticleId, i64)> =
        hours.into_iter().map(|((hour, article), count)| (hour, article, count)).collect();
    sqlx::query(
        "INSERT INTO article_view_hours (hour, article_id, views)
         SELECT added.hour, added.article_id, added.views FROM JSON_TABLE(?, '$[*]' COLUMNS
            (hour BIGINT PATH '$[0]', article_id BIGINT PATH '$[1]', views BIGINT PATH '$[2]')) AS added
         ON DUPLICATE KEY UPDATE views = article_view_hours.views + added.views",
    )
    .bind(json(&hours)?)
    .execute(connection)
    .await
    .map(drop)
}

/// The durability settings of a MySQL or MariaDB server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// The server's version string.
    pub version: String,
    /// `innodb_flush_log_at_trx_commit`; with 1, each commit is synced to disk.
    pub flush_log_at_commit: i64,
    /// Whether the server is a node of a Galera cluster.
    pub is_galera: bool,
}

impl Ledger {
    /// Reads the server's durability settings.
    pub async fn durability(&self) -> sqlx::Result<Durability> {
        let version =
            sqlx::query_scalar("SELECT VERSION()").fetch_one(self.database.pool()).await?;
        let variables: Vec<(String, String)> = sqlx::query_as(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'wsrep_on')",
        )
        .fetch_all(self.database.pool())
        .await?;
        let value = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        Ok(Durability {
            version,
            flush_log_at_commit: value("innodb_flush_log_at_trx_commit")
                .and_then(|value| value.parse().ok())
                .unwrap_or(1),
            is_galera: value("wsrep_on") == Some("ON"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visitor::DAY_MS;

    #[test]
    fn c5_a_batch_is_undecided_once_the_ledger_may_have_forgotten_it() {
        // After 29 days: the ledger keeps a batch for 30 days, and clocks may differ.
        let began_at = Millis(1_800_000_000_000);
        let oldest = 29 * DAY_MS;
        let id = format!("{began_at}-0000000000000007");
        assert!(!is_undecided(&id, began_at + oldest));
        assert!(is_undecided(&id, began_at + oldest + 1));
        assert!(is_undecided("no time", began_at));
    }
}
