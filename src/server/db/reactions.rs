//! Likes, collects and follows.
//!
//! A like or collect changes its row and the count in `article_stats` in one transaction, which
//! first locks the article's row of counts. So changes to one article run one after the other, and
//! on MySQL and MariaDB there is no second lock that two transactions could take in opposite order.

use sqlx::mysql::MySqlDatabaseError;
use sqlx::{AssertSqlSafe, FromRow};
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;
use tokio::sync::OwnedSemaphorePermit;

use super::actor::{Actor, WriteError, lock_actor};
use super::articles::{AUTHOR_COLUMNS, AuthorRow, VISIBLE};
use super::{AnyDatabase, Database, Dialect, Transaction, on_connection, on_reader, within};
use crate::model::article::Author;
use crate::model::pages::OwnReactions;
use crate::model::reaction::Reacted;

/// How many times to try a transaction that the server rolls back because of a deadlock.
const ATTEMPTS: usize = 10;

/// Retries a transaction that the server rolled back because of a deadlock. Double clicks on
/// "follow" cause one now and then, because there is no count to lock first: transactions that wait
/// for a row being deleted all get a shared lock on it, and then none of them can insert. For
/// likes, retrying is a precaution.
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

/// The reader reactions that `article_stats` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Rows of `likes`.
    Likes,
    /// Rows of `collects`.
    Collects,
}

impl Counted {
    /// Both kinds.
    pub const ALL: [Counted; 2] = [Counted::Likes, Counted::Collects];

    /// The name of the table, and of the column in `article_stats`.
    pub fn name(self) -> &'static str {
        match self {
            Counted::Likes => "likes",
            Counted::Collects => "collects",
        }
    }
}

/// A count in `article_stats` that differed from the number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountDrift {
    /// Article ID.
    pub article: ArticleId,
    /// The count in `article_stats`.
    pub kept: i64,
    /// The number of rows.
    pub correct: i64,
}

/// What a reader thinks of an article and its authors.
#[derive(FromRow)]
struct OwnRow {
    is_liked: bool,
    is_collected: bool,
    #[sqlx(json)]
    followed: Vec<String>,
}

/// An author whom somebody follows.
#[derive(FromRow)]
struct FollowedRow {
    #[sqlx(flatten)]
    author: AuthorRow,
    has_articles: bool,
}

impl Database {
    /// Sets whether a user likes or collects an article. Idempotent. The caller has checked that
    /// readers can see the article.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_reaction(
        &self,
        counted: Counted,
        user: Actor,
        article: ArticleId,
        is_on: bool,
        now: Millis,
    ) -> Result<Reacted, WriteError> {
        let reacted = retry!(self.try_to_set_reaction(counted, user, article, is_on, now).await);
        self.reactions_changed();
        reacted
    }

    async fn try_to_set_reaction(
        &self,
        counted: Counted,
        actor: Actor,
        article: ArticleId,
        is_on: bool,
        now: Millis,
    ) -> Result<Reacted, WriteError> {
        let user = actor.id;
        let (_place, mut transaction) = self.begin_beside().await?;
        self.lock_in_time(&mut transaction, article).await?;
        // After locking the counts, which may have to wait: the lock on the user must not be held
        // meanwhile, or whoever changes the user would wait too.
        lock_actor(&mut transaction, actor).await?;
        let table = counted.name();
        let is_changed = if is_on {
            insert(&mut transaction, (table, "article_id"), (user, article.0), now).await?
        } else {
            delete(&mut transaction, (table, "article_id"), (user, article.0)).await?
        };
        if is_changed {
            // Never below zero: a count that has drifted is corrected by the next reconcile.
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

    /// Returns whether a user likes and collects an article, and the user names of those of its
    /// authors whom the user follows.
    pub async fn own_reactions(
        &self,
        user: UserId,
        article: ArticleId,
    ) -> sqlx::Result<(OwnReactions, Vec<String>)> {
        let followed = self.dialect().json_list("json_quote(users.username)");
        let sql = format!(
            "SELECT EXISTS (SELECT 1 FROM likes WHERE user_id = ? AND article_id = ?) AS is_liked,
                EXISTS (SELECT 1 FROM collects WHERE user_id = ? AND article_id = ?) AS is_collected,
                (SELECT {followed} FROM article_authors JOIN users ON users.id = article_authors.user_id
                 JOIN follows ON follows.author_id = users.id
                 WHERE follows.user_id = ? AND article_authors.article_id = ?) AS followed"
        );
        let row: OwnRow = on_reader!(self, pool => {
            let query = sqlx::query_as(AssertSqlSafe(sql)).bind(user).bind(article);
            query.bind(user).bind(article).bind(user).bind(article).fetch_one(pool).await?
        });
        let OwnRow { is_liked, is_collected, followed } = row;
        Ok((OwnReactions { is_liked, is_collected }, followed))
    }

    /// Sets whether a user follows an author. Idempotent. Returns whether anything changed.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_follow(
        &self,
        user: Actor,
        author: UserId,
        is_on: bool,
        now: Millis,
    ) -> Result<bool, WriteError> {
        retry!(self.try_to_set_follow(user, author, is_on, now).await)
    }

    async fn try_to_set_follow(
        &self,
        actor: Actor,
        author: UserId,
        is_on: bool,
        now: Millis,
    ) -> Result<bool, WriteError> {
        let user = actor.id;
        let (_place, mut transaction) = self.begin_beside().await?;
        lock_actor(&mut transaction, actor).await?;
        let is_changed = if is_on {
            insert(&mut transaction, ("follows", "author_id"), (user, author.0), now).await?
        } else {
            delete(&mut transaction, ("follows", "author_id"), (user, author.0)).await?
        };
        transaction.commit().await?;
        Ok(is_changed)
    }

    /// Whether a user follows an author.
    pub async fn is_following(&self, user: UserId, author: UserId) -> sqlx::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM follows WHERE user_id = ? AND author_id = ?)";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(user).bind(author).fetch_one(pool).await)
    }

    /// Returns the authors that a user follows, ordered by name, each with whether any of their
    /// articles is visible at `now`.
    pub async fn followed_authors(
        &self,
        user: UserId,
        now: Millis,
    ) -> sqlx::Result<Vec<(Author, bool)>> {
        let sql = format!(
            "SELECT {AUTHOR_COLUMNS}, EXISTS
                (SELECT 1 FROM article_authors JOIN articles ON articles.id = article_authors.article_id
                 WHERE article_authors.user_id = users.id AND {VISIBLE}) AS has_articles
             FROM follows JOIN users ON users.id = follows.author_id
             WHERE follows.user_id = ? ORDER BY users.name, users.id"
        );
        let rows: Vec<FollowedRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(user).fetch_all(pool).await?
        });
        Ok(rows
            .into_iter()
            .map(|FollowedRow { author, has_articles }| (author.into(), has_articles))
            .collect())
    }

    /// Compares a count of every article with the number of rows, and corrects it.
    ///
    /// Concurrent likes are neither lost nor counted twice: a wrong count is read again and
    /// corrected under the lock that every like takes first.
    pub async fn reconcile_reactions(&self, counted: Counted) -> sqlx::Result<Vec<CountDrift>> {
        let table = counted.name();
        let sql = format!(
            "SELECT article_id FROM (
                SELECT article_id, {table} AS difference FROM article_stats WHERE {table} <> 0
                UNION ALL
                SELECT article_id, -count(*) AS difference FROM {table} GROUP BY article_id
             ) AS counts GROUP BY article_id HAVING sum(difference) <> 0 ORDER BY article_id"
        );
        let suspects: Vec<ArticleId> =
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
        article: ArticleId,
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

    /// Begins a transaction that writes no articles, such as a reaction. On MySQL it does not wait
    /// for transactions of [`Database::begin`]. Keep the permit for as long as the transaction: it
    /// limits how many transactions wait for row locks at once.
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

    /// Locks an article's row of counts, within the time that this database may wait for others.
    async fn lock_in_time(
        &self,
        transaction: &mut Transaction,
        article: ArticleId,
    ) -> sqlx::Result<()> {
        let limit = match self.any() {
            // The transaction already holds SQLite's only write lock.
            AnyDatabase::Sqlite(_) => None,
            AnyDatabase::MySql(database) => database.wait_timeout(),
        };
        within(limit, lock_counts(transaction, article)).await
    }
}

/// Locks an article's row of counts until the transaction ends, creating the row if it is missing.
/// In SQLite there is nothing to lock, because it has only one writer.
async fn lock_counts(transaction: &mut Transaction, article: ArticleId) -> sqlx::Result<()> {
    let sql = match transaction.dialect() {
        Dialect::Sqlite => {
            "INSERT INTO article_stats (article_id) VALUES (?) ON CONFLICT DO NOTHING"
        }
        // Not INSERT IGNORE, which takes a shared lock on an existing row: of two transactions that
        // share it, neither can write.
        Dialect::MySql => {
            "INSERT INTO article_stats (article_id) VALUES (?) ON DUPLICATE KEY UPDATE article_id = article_id"
        }
    };
    on_connection!(transaction, connection => sqlx::query(sql).bind(article).execute(connection).await.map(drop))
}

/// Inserts the row for a user and an article or author. Returns false if it exists.
async fn insert(
    transaction: &mut Transaction,
    (table, column): (&str, &str),
    (user, of): (UserId, i64),
    now: Millis,
) -> sqlx::Result<bool> {
    let insert = format!("INTO {table} (user_id, {column}, created_at) VALUES (?, ?, ?)");
    let sql = AssertSqlSafe(match transaction.dialect() {
        Dialect::Sqlite => format!("INSERT {insert} ON CONFLICT DO NOTHING"),
        // IGNORE also covers a user who has just been deleted: no row is inserted, and nothing is
        // counted.
        Dialect::MySql => format!("INSERT IGNORE {insert}"),
    });
    on_connection!(transaction, connection => {
        let result = sqlx::query(sql).bind(user).bind(of).bind(now).execute(connection).await?;
        Ok(result.rows_affected() > 0)
    })
}

/// Deletes the row for a user and an article or author. Returns false if there is none.
async fn delete(
    transaction: &mut Transaction,
    (table, column): (&str, &str),
    (user, of): (UserId, i64),
) -> sqlx::Result<bool> {
    let sql = AssertSqlSafe(format!("DELETE FROM {table} WHERE user_id = ? AND {column} = ?"));
    on_connection!(transaction, connection => {
        Ok(sqlx::query(sql).bind(user).bind(of).execute(connection).await?.rows_affected() > 0)
    })
}

async fn kept_count(
    transaction: &mut Transaction,
    counted: Counted,
    article: ArticleId,
) -> sqlx::Result<i64> {
    let count = counted.name();
    let sql = AssertSqlSafe(format!("SELECT {count} FROM article_stats WHERE article_id = ?"));
    on_connection!(transaction, connection => sqlx::query_scalar(sql).bind(article).fetch_one(connection).await)
}

/// Recognises the error that a server returns for a transaction that it rolled back because of a
/// deadlock.
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
