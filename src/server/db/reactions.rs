//! Likes, collects and follows.
//!
//! A like and a collect change their row and the count in `article_stats` in one transaction, which
//! begins by locking the article's row of counts. So all that concerns one article comes one after
//! the other, and in MySQL and MariaDB there is no second lock that two transactions could take in
//! different orders.

use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlDatabaseError;
use tokio::sync::OwnedSemaphorePermit;

use super::articles::VISIBLE;
use super::users::{Actor, WriteError, hold};
use super::{AnyDatabase, Database, Dialect, Transaction, on_connection, on_reader, within};
use crate::model::article::Author;
use crate::model::pages::OwnReactions;
use crate::model::reaction::Reacted;

/// How often a transaction begins anew that the server ended because of a deadlock.
const ATTEMPTS: usize = 10;

/// Runs a transaction again that the server ended because of a deadlock; nothing of it was done.
/// Double clicks on a follow meet one now and then, because there is no count to lock first: who
/// waits for a row that is being deleted gets a lock that others can have as well, and then none of
/// them can insert. For likes it is a precaution.
macro_rules! retry {
    ($transaction:expr) => {{
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            match $transaction {
                Err(error) if left > 0 && error.is_deadlock() => {}
                result => break result,
            }
        }
    }};
}

/// What `article_stats` counts of readers' reactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Rows of `likes`.
    Likes,
    /// Rows of `collects`.
    Collects,
}

impl Counted {
    /// Both.
    pub const ALL: [Counted; 2] = [Counted::Likes, Counted::Collects];

    /// The name of the table and of the column of `article_stats`.
    pub fn name(self) -> &'static str {
        match self {
            Counted::Likes => "likes",
            Counted::Collects => "collects",
        }
    }
}

/// A count of `article_stats` that differs from the rows that it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountDrift {
    /// The article's id.
    pub article: i64,
    /// What `article_stats` had.
    pub kept: i64,
    /// How many rows there are.
    pub correct: i64,
}

impl Database {
    /// Lets a user like or collect an article, or not any more, whatever it was before. The caller
    /// has checked that readers see the article.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_reaction(
        &self,
        counted: Counted,
        user: Actor,
        article: i64,
        is_on: bool,
        now: i64,
    ) -> Result<Reacted, WriteError> {
        retry!(self.try_to_set_reaction(counted, user, article, is_on, now).await)
    }

    async fn try_to_set_reaction(
        &self,
        counted: Counted,
        actor: Actor,
        article: i64,
        is_on: bool,
        now: i64,
    ) -> Result<Reacted, WriteError> {
        let user = actor.id;
        let (_place, mut transaction) = self.begin_beside().await?;
        self.lock_in_time(&mut transaction, article).await?;
        // After the article's counts, for which it may have to wait: whoever changes the user must
        // not wait as well.
        hold(&mut transaction, actor).await?;
        let table = counted.name();
        let is_changed = if is_on {
            insert(&mut transaction, (table, "article_id"), (user, article), now).await?
        } else {
            delete(&mut transaction, (table, "article_id"), (user, article)).await?
        };
        if is_changed {
            // Never below nothing: a count that has drifted waits for a reconcile.
            let change = match is_on {
                true => format!("{table} + 1"),
                false => format!("CASE WHEN {table} > 0 THEN {table} - 1 ELSE 0 END"),
            };
            let sql = AssertSqlSafe(format!(
                "UPDATE article_stats SET {table} = {change} WHERE article_id = ?"
            ));
            on_connection!(&mut transaction, connection => {
                sqlx::query(sql).bind(article).execute(connection).await?;
            });
        }
        let count = kept_count(&mut transaction, counted, article).await?;
        transaction.commit().await?;
        Ok(Reacted { is_on, count })
    }

    /// What a user has done with an article.
    pub async fn own_reactions(&self, user: i64, article: i64) -> sqlx::Result<OwnReactions> {
        let sql = "SELECT EXISTS (SELECT 1 FROM likes WHERE user_id = ? AND article_id = ?) AS is_liked,
                EXISTS (SELECT 1 FROM collects WHERE user_id = ? AND article_id = ?) AS is_collected";
        let (is_liked, is_collected): (bool, bool) = on_reader!(self, pool => {
            sqlx::query_as(sql).bind(user).bind(article).bind(user).bind(article).fetch_one(pool).await?
        });
        Ok(OwnReactions { is_liked, is_collected })
    }

    /// Lets a user follow an author, or not any more. Says whether that is new: false if it was so
    /// before.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_follow(
        &self,
        user: Actor,
        author: i64,
        is_on: bool,
        now: i64,
    ) -> Result<bool, WriteError> {
        retry!(self.try_to_set_follow(user, author, is_on, now).await)
    }

    async fn try_to_set_follow(
        &self,
        actor: Actor,
        author: i64,
        is_on: bool,
        now: i64,
    ) -> Result<bool, WriteError> {
        let user = actor.id;
        let (_place, mut transaction) = self.begin_beside().await?;
        hold(&mut transaction, actor).await?;
        let is_changed = if is_on {
            insert(&mut transaction, ("follows", "author_id"), (user, author), now).await?
        } else {
            delete(&mut transaction, ("follows", "author_id"), (user, author)).await?
        };
        transaction.commit().await?;
        Ok(is_changed)
    }

    /// Whether a user follows an author.
    pub async fn is_following(&self, user: i64, author: i64) -> sqlx::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM follows WHERE user_id = ? AND author_id = ?)";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(user).bind(author).fetch_one(pool).await)
    }

    /// The authors whom a user follows, in order of their names, each with whether readers see an
    /// article of the author's at `now`.
    pub async fn followed_authors(&self, user: i64, now: i64) -> sqlx::Result<Vec<(Author, bool)>> {
        let sql = format!(
            "SELECT users.username, users.name, EXISTS
                (SELECT 1 FROM article_authors JOIN articles ON articles.id = article_authors.article_id
                 WHERE article_authors.user_id = users.id AND {VISIBLE}) AS has_articles
             FROM follows JOIN users ON users.id = follows.author_id
             WHERE follows.user_id = ? ORDER BY users.name, users.id"
        );
        let rows: Vec<(String, String, bool)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(user).fetch_all(pool).await?
        });
        Ok(rows
            .into_iter()
            .map(|(username, name, has_articles)| (Author { username, name }, has_articles))
            .collect())
    }

    /// Compares a count of every article with the rows that it counts, and corrects it.
    ///
    /// Likes that come in meanwhile are neither lost nor doubled: each count is compared again, and
    /// corrected, under the lock that every like takes first.
    pub async fn reconcile_reactions(&self, counted: Counted) -> sqlx::Result<Vec<CountDrift>> {
        let table = counted.name();
        let sql = format!(
            "SELECT article_id FROM (
                SELECT article_id, {table} AS difference FROM article_stats WHERE {table} <> 0
                UNION ALL
                SELECT article_id, -count(*) AS difference FROM {table} GROUP BY article_id
             ) AS counts GROUP BY article_id HAVING sum(difference) <> 0 ORDER BY article_id"
        );
        let suspects: Vec<i64> =
            on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await?);
        let mut drifts = Vec::new();
        for article in suspects {
            drifts.extend(retry!(self.correct_count(counted, article).await)?);
        }
        Ok(drifts)
    }

    async fn correct_count(
        &self,
        counted: Counted,
        article: i64,
    ) -> sqlx::Result<Option<CountDrift>> {
        let table = counted.name();
        let (_place, mut transaction) = self.begin_beside().await?;
        self.lock_in_time(&mut transaction, article).await?;
        let kept = kept_count(&mut transaction, counted, article).await?;
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE article_id = ?"));
        let correct: i64 = on_connection!(&mut transaction, connection => {
            sqlx::query_scalar(count).bind(article).fetch_one(connection).await?
        });
        if kept == correct {
            return Ok(None);
        }
        let update =
            AssertSqlSafe(format!("UPDATE article_stats SET {table} = ? WHERE article_id = ?"));
        on_connection!(&mut transaction, connection => {
            sqlx::query(update).bind(correct).bind(article).execute(connection).await?;
        });
        transaction.commit().await?;
        Ok(Some(CountDrift { article, kept, correct }))
    }

    /// A transaction that writes no articles, such as one of reactions. Unlike one of
    /// [`Database::begin`] it does not wait for whoever writes them. With its place, which is to be
    /// kept as long.
    pub(super) async fn begin_beside(
        &self,
    ) -> sqlx::Result<(Option<OwnedSemaphorePermit>, Transaction)> {
        Ok(match self.any() {
            AnyDatabase::Sqlite(database) => (None, Transaction::Sqlite(database.begin().await?)),
            AnyDatabase::MySql(database) => {
                let (place, transaction) = database.begin_waiting().await?;
                (Some(place), Transaction::MySql(transaction))
            }
        })
    }

    /// Locks an article's row of counts, as soon as nobody else has it locked.
    async fn lock_in_time(&self, transaction: &mut Transaction, article: i64) -> sqlx::Result<()> {
        let limit = match self.any() {
            // It has the only lock that there is.
            AnyDatabase::Sqlite(_) => None,
            AnyDatabase::MySql(database) => database.wait_timeout(),
        };
        within(limit, lock_counts(transaction, article)).await
    }
}

/// Locks an article's counts until the end of the transaction, making them if there are none.
/// SQLite has only one writer anyway.
async fn lock_counts(transaction: &mut Transaction, article: i64) -> sqlx::Result<()> {
    let sql = match transaction.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO article_stats (article_id) VALUES (?) ON CONFLICT DO NOTHING"
        }
        // Not INSERT IGNORE, which shares its lock on a row that is there: two who share one can't
        // both write.
        Dialect::MySql => {
            "INSERT INTO article_stats (article_id) VALUES (?) ON DUPLICATE KEY UPDATE article_id = article_id"
        }
    };
    on_connection!(transaction, connection => sqlx::query(sql).bind(article).execute(connection).await.map(drop))
}

/// Adds the row of a user and an article or author; false if it is there.
async fn insert(
    transaction: &mut Transaction,
    (table, column): (&str, &str),
    (user, of): (i64, i64),
    now: i64,
) -> sqlx::Result<bool> {
    let insert = format!("INTO {table} (user_id, {column}, created_at) VALUES (?, ?, ?)");
    let sql = AssertSqlSafe(match transaction.dialect() {
        Dialect::Sqlite => format!("INSERT {insert} ON CONFLICT DO NOTHING"),
        // A user who has just been deleted is ignored as well: nothing is added, and nothing
        // counted.
        Dialect::MySql => format!("INSERT IGNORE {insert}"),
    });
    on_connection!(transaction, connection => {
        let result = sqlx::query(sql).bind(user).bind(of).bind(now).execute(connection).await?;
        Ok(result.rows_affected() > 0)
    })
}

/// Deletes the row of a user and an article or author; false if there is none.
async fn delete(
    transaction: &mut Transaction,
    (table, column): (&str, &str),
    (user, of): (i64, i64),
) -> sqlx::Result<bool> {
    let sql = AssertSqlSafe(format!("DELETE FROM {table} WHERE user_id = ? AND {column} = ?"));
    on_connection!(transaction, connection => {
        Ok(sqlx::query(sql).bind(user).bind(of).execute(connection).await?.rows_affected() > 0)
    })
}

async fn kept_count(
    transaction: &mut Transaction,
    counted: Counted,
    article: i64,
) -> sqlx::Result<i64> {
    let count = counted.name();
    let sql = AssertSqlSafe(format!("SELECT {count} FROM article_stats WHERE article_id = ?"));
    on_connection!(transaction, connection => sqlx::query_scalar(sql).bind(article).fetch_one(connection).await)
}

/// An error that may say that the server ended a transaction because of a deadlock.
trait MayBeDeadlock {
    fn is_deadlock(&self) -> bool;
}

impl MayBeDeadlock for sqlx::Error {
    fn is_deadlock(&self) -> bool {
        let error = self
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>());
        error.is_some_and(|error| error.number() == 1213)
    }
}

impl MayBeDeadlock for WriteError {
    fn is_deadlock(&self) -> bool {
        matches!(self, WriteError::Database(error) if error.is_deadlock())
    }
}
