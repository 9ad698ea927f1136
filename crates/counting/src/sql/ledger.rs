//! The SQL side of the flush, and what Redis is rebuilt from. MySQL and MariaDB only: the embedded
//! profile has nothing to flush.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, MySqlConnection};
use tidemark_store::failpoint;
use tidemark_store::sql::MySqlDatabase;

/// A batch of views as a flush takes it: the article and the hour, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its name; no other has it.
    pub id: String,
    /// Views by article and hour.
    pub views: BTreeMap<(i64, i64), i64>,
}

/// What applying batches did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Batches that were new.
    pub batches: u64,
    /// Batches that were in the ledger already.
    pub known: u64,
    /// Articles that got views.
    pub articles: u64,
    /// Views that were added.
    pub views: i64,
    /// Views of articles that are no longer there.
    pub dropped: i64,
}

/// Reads a JSON array of articles, or of articles with more, as rows. MySQL and MariaDB have it
/// since 8.0.4 and 10.6.
const ARTICLES: &str = "JSON_TABLE(?, '$[*]' COLUMNS (article_id BIGINT PATH '$')) AS wanted";

fn json<T: serde::Serialize>(rows: &T) -> sqlx::Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Which of these articles are still there, asked in the transaction that adds their views.
pub type StillThere = for<'call> fn(
    &'call mut MySqlConnection,
    &'call [i64],
) -> BoxFuture<'call, sqlx::Result<HashSet<i64>>>;

/// SQL's side of the flush.
#[derive(Clone, Debug)]
pub struct Ledger {
    database: MySqlDatabase,
    still_there: StillThere,
}

impl Ledger {
    /// The ledger in `database`. Views of articles that are not `still_there` are dropped.
    pub fn new(database: MySqlDatabase, still_there: StillThere) -> Self {
        Self { database, still_there }
    }

    /// Where it is.
    pub fn database(&self) -> &MySqlDatabase {
        &self.database
    }

    /// Adds the views of those of `batches` that the ledger does not have, and writes them to the
    /// ledger, in one transaction.
    ///
    /// # Errors
    /// The database's. If the commit's answer was lost, it may have been done all the same; the
    /// ledger knows.
    pub async fn apply(&self, mut batches: Vec<Batch>, now: i64) -> sqlx::Result<Applied> {
        // Two flushes that take the same batches take them in the same order, so neither waits for
        // the other in a circle.
        batches.sort_by(|one, other| one.id.cmp(&other.id));
        let mut applied = Applied::default();
        let mut views = BTreeMap::<(i64, i64), i64>::new();
        let mut transaction = self.database.pool().begin().await?;
        for batch in batches {
            if failpoint::variant() != Some(failpoint::Variant::NoLedger) {
                let insert = sqlx::query("INSERT INTO view_batches (id, applied_at) VALUES (?, ?)")
                    .bind(&batch.id)
                    .bind(now)
                    .execute(&mut *transaction)
                    .await;
                match insert {
                    Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                        applied.known += 1;
                        continue;
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
        let articles: Vec<i64> = views
            .keys()
            .map(|(article, _)| *article)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let there = (self.still_there)(&mut transaction, &articles).await?;
        views.retain(|(article, _), count| {
            let is_there = there.contains(article);
            if !is_there {
                applied.dropped += *count;
            }
            is_there
        });
        applied.views = views.values().sum();
        applied.articles = there.len() as u64;
        add(&mut transaction, &views).await?;
        failpoint::reach("flush-added");
        transaction.commit().await?;
        failpoint::reach("flush-committed");
        Ok(applied)
    }

    /// The views of `articles`, and which of `batches` are among them, of one moment.
    pub async fn totals_and_applied(
        &self,
        articles: &[i64],
        batches: &[String],
    ) -> sqlx::Result<(HashSet<String>, HashMap<i64, i64>)> {
        let mut snapshot = self.snapshot().await?;
        let applied = applied(&mut snapshot, batches).await?;
        let sql = format!(
            "SELECT article_stats.article_id, article_stats.views FROM {ARTICLES}
             JOIN article_stats ON article_stats.article_id = wanted.article_id"
        );
        let totals: Vec<(i64, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(json(&articles)?)
            .fetch_all(&mut *snapshot)
            .await?;
        snapshot.commit().await?;
        Ok((applied, totals.into_iter().collect()))
    }

    /// For each of `windows` (how many hours, `hour` being the last; `None`: all time) the views of
    /// every article of a shard, which are those whose number divided by the second of `shard`
    /// leaves the first; and which of `batches` are among them. All of one moment.
    pub async fn window_views_and_applied(
        &self,
        shard: (i64, i64),
        hour: i64,
        windows: &[Option<i64>],
        batches: &[String],
    ) -> sqlx::Result<(HashSet<String>, Vec<Vec<(i64, i64)>>)> {
        let mut snapshot = self.snapshot().await?;
        let applied = applied(&mut snapshot, batches).await?;
        let mut all = Vec::with_capacity(windows.len());
        for window in windows {
            let rows: Vec<(i64, i64)> = match window {
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
                         WHERE hour > ? AND MOD(article_id, ?) = ? GROUP BY article_id",
                    )
                    .bind(hour - hours)
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

    /// Deletes ledger rows of batches that were applied before `until`. Returns how many.
    pub async fn prune(&self, until: i64) -> sqlx::Result<u64> {
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

    /// Writes down that views come from the Redis of that name.
    pub async fn add_origin(&self, id: &str, now: i64) -> sqlx::Result<()> {
        sqlx::query("INSERT INTO view_origins (id, first_seen_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE id = id")
            .bind(id)
            .bind(now)
            .execute(self.database.pool())
            .await
            .map(drop)
    }

    /// When each Redis was first seen that views came from, in milliseconds, oldest first.
    pub async fn origins(&self) -> sqlx::Result<Vec<i64>> {
        sqlx::query_scalar("SELECT first_seen_at FROM view_origins ORDER BY first_seen_at")
            .fetch_all(self.database.pool())
            .await
    }

    /// A transaction whose reads are all of one moment.
    async fn snapshot(&self) -> sqlx::Result<sqlx::Transaction<'static, sqlx::MySql>> {
        let begin = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
        self.database.reachable()?.begin_with(begin).await
    }
}

/// Which of `batches` the ledger has.
async fn applied(
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

/// Adds views by article and hour to totals and hours, in the order of their keys.
async fn add(
    connection: &mut MySqlConnection,
    views: &BTreeMap<(i64, i64), i64>,
) -> sqlx::Result<()> {
    let mut totals = BTreeMap::<i64, i64>::new();
    let mut hours = BTreeMap::<(i64, i64), i64>::new();
    for ((article, hour), count) in views {
        *totals.entry(*article).or_default() += count;
        hours.insert((*hour, *article), *count);
    }
    let totals: Vec<(i64, i64)> = totals.into_iter().collect();
    sqlx::query(
        "INSERT INTO article_stats (article_id, views)
         SELECT added.article_id, added.views FROM JSON_TABLE(?, '$[*]' COLUMNS
            (article_id BIGINT PATH '$[0]', views BIGINT PATH '$[1]')) AS added
         ON DUPLICATE KEY UPDATE views = article_stats.views + added.views",
    )
    .bind(json(&totals)?)
    .execute(&mut *connection)
    .await?;
    let hours: Vec<(i64, i64, i64)> =
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

/// What a MySQL server guarantees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// Its name and version.
    pub version: String,
    /// `innodb_flush_log_at_trx_commit`; 1: each commit is synced.
    pub flush_log_at_commit: i64,
    /// Whether it is a node of a Galera cluster.
    pub is_galera: bool,
}

impl Ledger {
    /// What this server guarantees.
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
