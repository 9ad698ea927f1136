//! What is waiting to be sent to OpenSearch. MySQL and MariaDB only: the embedded profile searches
//! in SQLite.
//!
//! Every change of an article puts it into `search_queue`, in the same transaction. The queue says
//! only which articles to write, so it does not matter how often, in which order or by whom that is
//! done. Counts need no queue: `article_stats.indexed_views` says what the index has.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::search::excerpt::plain_text;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::articles::{AuthorRow, Kind, Status, authors_and_tags};
use super::{Dialect, MySqlDatabase};
use crate::model::article::Tag;

/// The queue for OpenSearch, and the reads that its index is made of.
#[derive(Clone, Debug)]
pub struct SearchQueue {
    database: MySqlDatabase,
}

/// An article as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedArticle {
    /// Article ID.
    pub id: ArticleId,
    /// Grows with each change of the article and each new rendering of its text.
    pub version: i64,
    /// What it is found by; `None` if it is a draft or deleted.
    pub words: Option<IndexedWords>,
}

/// What an article is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedWords {
    /// When readers see it, in milliseconds since 1970; it may be in the future.
    pub published_at: Millis,
    /// Title, as plain text.
    pub title: String,
    /// Summary, as plain text.
    pub summary: String,
    /// The article's text, as plain text.
    pub text: String,
    /// The tags, in order.
    pub tags: Vec<Tag>,
    /// The user names in the byline.
    pub authors: Vec<String>,
}

/// What waits for OpenSearch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Articles in the queue.
    pub articles: i64,
    /// When the oldest of them changed first, in milliseconds since 1970.
    pub since: Option<Millis>,
    /// Articles whose count in the index is not SQL's.
    pub counts: i64,
}

#[derive(FromRow)]
struct Row {
    id: ArticleId,
    version: i64,
    #[sqlx(try_from = "String")]
    kind: Kind,
    #[sqlx(try_from = "String")]
    status: Status,
    deleted_at: Option<Millis>,
    published_at: Option<Millis>,
    title: String,
    summary: String,
    html: String,
    #[sqlx(json)]
    authors: Vec<AuthorRow>,
    #[sqlx(json)]
    tags: Vec<Tag>,
}

impl Row {
    fn into_article(self) -> IndexedArticle {
        let is_found = self.kind == Kind::Article
            && self.status == Status::Published
            && self.deleted_at.is_none();
        let published_at = self.published_at.filter(|_| is_found);
        let words = published_at.map(|published_at| IndexedWords {
            published_at,
            title: self.title,
            summary: self.summary,
            text: plain_text(&self.html),
            tags: self.tags,
            authors: self.authors.into_iter().map(|author| author.username).collect(),
        });
        IndexedArticle { id: self.id, version: self.version, words }
    }
}

fn select_indexed() -> String {
    let authors_and_tags = authors_and_tags(Dialect::MySql);
    format!(
        "SELECT articles.id, articles.version + articles.renderings AS version, articles.kind, articles.status, articles.deleted_at,
            articles.published_at, articles.title, articles.summary, articles.html, {authors_and_tags}
         FROM articles"
    )
}

/// Ids as rows, from a JSON array.
const IDS: &str = "JSON_TABLE(?, '$[*]' COLUMNS (article_id BIGINT PATH '$')) AS wanted";

/// Pairs of an id and a number as rows, from a JSON array of arrays.
const PAIRS: &str = "JSON_TABLE(?, '$[*]' COLUMNS (article_id BIGINT PATH '$[0]', number BIGINT PATH '$[1]')) AS given";

fn json<T: serde::Serialize>(rows: &T) -> sqlx::Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}

impl SearchQueue {
    /// The queue in `database`.
    pub fn new(database: MySqlDatabase) -> Self {
        Self { database }
    }

    /// Returns up to `limit` entries of articles after `after`, as (article, version), by article.
    pub async fn waiting(
        &self,
        after: ArticleId,
        limit: i64,
    ) -> sqlx::Result<Vec<(ArticleId, i64)>> {
        let sql = format!(
            "SELECT article_id, version FROM search_queue WHERE article_id > ? ORDER BY article_id LIMIT {limit}"
        );
        sqlx::query_as(AssertSqlSafe(sql)).bind(after).fetch_all(self.database.reachable()?).await
    }

    /// Deletes those entries that still have the given version. Others have changed since.
    pub async fn forget(&self, done: &[(ArticleId, i64)]) -> sqlx::Result<()> {
        let sql = format!(
            "DELETE search_queue FROM search_queue JOIN {PAIRS}
             ON given.article_id = search_queue.article_id AND given.number = search_queue.version"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(json(&done)?);
        query.execute(self.database.reachable()?).await.map(drop)
    }

    /// Puts articles into the queue, with the version that each of them has; those that are gone,
    /// with the given one.
    pub async fn add(&self, articles: &[(ArticleId, i64)], now: Millis) -> sqlx::Result<()> {
        let sql = format!(
            "INSERT INTO search_queue (article_id, version, queued_at)
             SELECT given.article_id, coalesce(articles.version + articles.renderings, given.number), ? FROM {PAIRS}
             LEFT JOIN articles ON articles.id = given.article_id
             ON DUPLICATE KEY UPDATE version = coalesce(articles.version + articles.renderings, given.number)"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(now).bind(json(&articles)?);
        query.execute(self.database.reachable()?).await.map(drop)
    }

    /// Returns those of the articles that exist, as they are now, by ID.
    pub async fn articles(
        &self,
        ids: &[ArticleId],
    ) -> sqlx::Result<HashMap<ArticleId, IndexedArticle>> {
        let articles = select_indexed();
        let sql = format!("{articles} JOIN {IDS} ON wanted.article_id = articles.id");
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(json(&ids)?);
        let rows: Vec<Row> = query.fetch_all(self.database.reachable()?).await?;
        Ok(rows.into_iter().map(|row| (row.id, row.into_article())).collect())
    }

    /// Returns up to `limit` articles from `from` on, drafts and deleted ones included, by ID.
    pub async fn articles_from(
        &self,
        from: ArticleId,
        limit: i64,
    ) -> sqlx::Result<Vec<IndexedArticle>> {
        let articles = select_indexed();
        let sql = format!("{articles} WHERE articles.id >= ? ORDER BY articles.id LIMIT {limit}");
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(from);
        let rows: Vec<Row> = query.fetch_all(self.database.reachable()?).await?;
        Ok(rows.into_iter().map(Row::into_article).collect())
    }

    /// Returns up to `limit` counts after `after` that the index does not have, as (article,
    /// views), by article.
    pub async fn counts_to_send(
        &self,
        after: ArticleId,
        limit: i64,
    ) -> sqlx::Result<Vec<(ArticleId, i64)>> {
        let sql = format!(
            "SELECT article_id, views FROM article_stats WHERE article_id > ? AND views <> indexed_views
             ORDER BY article_id LIMIT {limit}"
        );
        sqlx::query_as(AssertSqlSafe(sql)).bind(after).fetch_all(self.database.reachable()?).await
    }

    /// Returns up to `limit` counts from the article `from` on, as (article, views), by article.
    pub async fn counts_from(
        &self,
        from: ArticleId,
        limit: i64,
    ) -> sqlx::Result<Vec<(ArticleId, i64)>> {
        let sql = format!(
            "SELECT article_id, views FROM article_stats WHERE article_id >= ? ORDER BY article_id LIMIT {limit}"
        );
        sqlx::query_as(AssertSqlSafe(sql)).bind(from).fetch_all(self.database.reachable()?).await
    }

    /// Notes which counts, as (article, views), the index has.
    pub async fn counts_sent(&self, sent: &[(ArticleId, i64)]) -> sqlx::Result<()> {
        let sql = format!(
            "UPDATE article_stats JOIN {PAIRS} ON given.article_id = article_stats.article_id
             SET article_stats.indexed_views = given.number"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(json(&sent)?);
        query.execute(self.database.reachable()?).await.map(drop)
    }

    /// What waits for OpenSearch.
    pub async fn length(&self) -> sqlx::Result<Waiting> {
        let pool = self.database.reachable()?;
        let (articles, since) = sqlx::query_as("SELECT count(*), min(queued_at) FROM search_queue")
            .fetch_one(pool)
            .await?;
        let counts = "SELECT count(*) FROM article_stats WHERE views <> indexed_views";
        let counts = sqlx::query_scalar(counts).fetch_one(pool).await?;
        Ok(Waiting { articles, since, counts })
    }

    /// Begins a rebuild, unless another process is at one. Its serial number was never used before,
    /// and it is this process's turn until `until`. Times are in milliseconds since 1970.
    pub async fn begin_rebuild(&self, now: Millis, until: Millis) -> sqlx::Result<Option<i64>> {
        let pool = self.database.reachable()?;
        let sql = "SELECT serial, lease_until FROM search_rebuild WHERE id = 1";
        let (serial, lease_until): (i64, Millis) = sqlx::query_as(sql).fetch_one(pool).await?;
        if lease_until > now {
            return Ok(None);
        }
        let next = now.0.max(serial + 1);
        let sql =
            "UPDATE search_rebuild SET serial = ?, lease_until = ? WHERE id = 1 AND serial = ?";
        let taken = sqlx::query(sql).bind(next).bind(until).bind(serial).execute(pool).await?;
        Ok((taken.rows_affected() == 1).then_some(next))
    }

    /// Prolongs the turn of the rebuild `serial` until `until`, or ends it with 0. Returns false if
    /// another one has begun.
    pub async fn keep_rebuild(&self, serial: i64, until: Millis) -> sqlx::Result<bool> {
        let sql = "UPDATE search_rebuild SET lease_until = ? WHERE id = 1 AND serial = ?";
        let kept = sqlx::query(sql).bind(until).bind(serial).execute(self.database.reachable()?);
        Ok(kept.await?.rows_affected() == 1)
    }
}
