//! The words of articles. They are kept in the transaction that changes an article, so they never
//! disagree with it.

use sqlx::{AssertSqlSafe, FromRow, MySqlConnection, SqliteConnection};
use tidemark_content::search::analysis::indexed;
use tidemark_content::search::excerpt::plain_text;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::{Database, Transaction, on_connection, on_reader, on_writer};

/// How much of a text is indexed, in bytes. It bounds the time that a save takes.
const MOST_INDEXED: usize = 500_000;

/// How much of an index is merged in one transaction, in pages of 4 kB. Others who write wait for
/// it.
const PAGES_MERGED: i64 = 50;

/// What the terms of an article are made from.
#[derive(Clone, Debug, FromRow)]
struct Words {
    title: String,
    summary: String,
    html: String,
    published_at: Millis,
    #[sqlx(json)]
    tags: Vec<String>,
}

impl Words {
    /// A hash of everything but the date.
    fn hash(&self) -> i64 {
        let mut hasher = blake3::Hasher::new();
        let texts = [&self.title, &self.summary, &self.html];
        for text in texts.into_iter().chain(&self.tags) {
            hasher.update(&text.len().to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The terms of an article.
#[derive(Clone, Debug)]
struct Terms {
    title: String,
    tags: String,
    summary: String,
    text: String,
}

impl Terms {
    fn of(words: &Words) -> Self {
        let text = plain_text(&words.html);
        Self {
            title: indexed(&words.title),
            tags: indexed(&words.tags.join("\n")),
            summary: indexed(&words.summary),
            text: indexed(&text[..text.floor_char_boundary(MOST_INDEXED)]),
        }
    }
}

/// Brings what searches know of an article up to date: its words, or that there are none because it
/// is no longer published. To be called in every transaction that changes an article's words, tags,
/// status, byline or date.
pub(in crate::server::db) async fn article_changed(
    transaction: &mut Transaction,
    id: ArticleId,
) -> sqlx::Result<()> {
    if let Transaction::MySql(connection) = transaction {
        queue_for_open_search(connection, id).await?;
    }
    index_article(transaction, id, false).await.map(drop)
}

/// Puts an article into the queue for OpenSearch, which [`search_queue`](super::search_queue)
/// reads.
async fn queue_for_open_search(
    connection: &mut MySqlConnection,
    id: ArticleId,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO search_queue (article_id, version, queued_at)
         SELECT articles.id, articles.version + articles.renderings, articles.updated_at
         FROM articles WHERE articles.id = ?
         ON DUPLICATE KEY UPDATE version = articles.version + articles.renderings";
    sqlx::query(sql).bind(id).execute(connection).await.map(drop)
}

/// Indexes an article, or removes it if it is not published. Does nothing if it is in the index as
/// it is, unless `is_forced`. Returns whether anything differed.
async fn index_article(
    transaction: &mut Transaction,
    id: ArticleId,
    is_forced: bool,
) -> sqlx::Result<bool> {
    let known = "SELECT published_at, hash FROM search_documents WHERE article_id = ?";
    let tags = transaction.dialect().json_list("json_quote(tags.name)");
    let words = format!(
        "SELECT articles.title, articles.summary, articles.html, articles.published_at,
            (SELECT {tags} FROM article_tags JOIN tags ON tags.id = article_tags.tag_id
             WHERE article_tags.article_id = articles.id) AS tags
         FROM articles WHERE articles.id = ? AND articles.status = 'published' AND articles.deleted_at IS NULL
            AND articles.kind = 'article'"
    );
    let (known, words): (Option<(Millis, i64)>, Option<Words>) = on_connection!(transaction, connection => {
        let known = sqlx::query_as(known).bind(id).fetch_optional(&mut *connection).await?;
        (known, sqlx::query_as(AssertSqlSafe(words)).bind(id).fetch_optional(connection).await?)
    });
    let Some(words) = words else {
        match transaction {
            Transaction::Sqlite(connection) => remove_from_sqlite(connection, id).await?,
            Transaction::MySql(connection) => remove_from_mysql(connection, id).await?,
        }
        return Ok(known.is_some());
    };
    let document = (words.published_at, words.hash());
    let is_same = known == Some(document);
    if is_same && !is_forced {
        return Ok(false);
    }
    // A long text takes a while, and requests need the runtime's threads.
    let terms = tokio::task::spawn_blocking(move || Terms::of(&words)).await;
    let terms = terms.map_err(|_| sqlx::Error::WorkerCrashed)?;
    match transaction {
        Transaction::Sqlite(connection) => {
            write_to_sqlite(connection, id, document, &terms).await?;
        }
        Transaction::MySql(connection) => write_to_mysql(connection, id, document, &terms).await?,
    }
    Ok(!is_same)
}

async fn write_to_sqlite(
    connection: &mut SqliteConnection,
    id: ArticleId,
    (published_at, hash): (Millis, i64),
    terms: &Terms,
) -> sqlx::Result<()> {
    let sql = "REPLACE INTO search_documents (article_id, published_at, hash) VALUES (?, ?, ?)";
    let document = sqlx::query(sql).bind(id).bind(published_at).bind(hash);
    document.execute(&mut *connection).await?;
    let sql =
        "REPLACE INTO search_terms (rowid, title, tags, summary, text) VALUES (?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(id).bind(&terms.title).bind(&terms.tags);
    row.bind(&terms.summary).bind(&terms.text).execute(&mut *connection).await?;
    let sql = "REPLACE INTO search_titles (rowid, title, tags) VALUES (?, ?, ?)";
    let row = sqlx::query(sql).bind(id).bind(&terms.title).bind(&terms.tags);
    row.execute(connection).await.map(drop)
}

async fn write_to_mysql(
    connection: &mut MySqlConnection,
    id: ArticleId,
    (published_at, hash): (Millis, i64),
    Terms { title, tags, summary, text }: &Terms,
) -> sqlx::Result<()> {
    let sql = "REPLACE INTO search_documents (article_id, published_at, hash, title, terms) VALUES (?, ?, ?, ?, ?)";
    // A sign that no term has keeps the fields apart, so that no phrase goes from one into the
    // next.
    let title = format!(" {title} | {tags} ");
    let terms = format!("{title}| {summary} | {text} ");
    let row = sqlx::query(sql).bind(id).bind(published_at).bind(hash).bind(title).bind(terms);
    row.execute(connection).await.map(drop)
}

async fn remove_from_sqlite(connection: &mut SqliteConnection, id: ArticleId) -> sqlx::Result<()> {
    for sql in
        ["DELETE FROM search_terms WHERE rowid = ?", "DELETE FROM search_titles WHERE rowid = ?"]
    {
        sqlx::query(sql).bind(id).execute(&mut *connection).await?;
    }
    let sql = "DELETE FROM search_documents WHERE article_id = ?";
    sqlx::query(sql).bind(id).execute(connection).await.map(drop)
}

async fn remove_from_mysql(connection: &mut MySqlConnection, id: ArticleId) -> sqlx::Result<()> {
    let sql = "DELETE FROM search_documents WHERE article_id = ?";
    sqlx::query(sql).bind(id).execute(connection).await.map(drop)
}

/// Removes terms without a document, and documents without terms, so that an article is indexed
/// again. Returns how many there were.
async fn match_terms_in_sqlite(connection: &mut SqliteConnection) -> sqlx::Result<u64> {
    let mut removed = 0;
    // An entry is counted once, although it has terms in two tables.
    for (sql, is_counted) in [
        (
            "DELETE FROM search_terms WHERE rowid NOT IN (SELECT article_id FROM search_documents)",
            true,
        ),
        ("DELETE FROM search_titles WHERE rowid NOT IN (SELECT rowid FROM search_terms)", false),
        (
            "DELETE FROM search_documents WHERE article_id NOT IN (SELECT rowid FROM search_titles)",
            true,
        ),
        (
            "DELETE FROM search_terms WHERE rowid NOT IN (SELECT article_id FROM search_documents)",
            false,
        ),
    ] {
        let rows = sqlx::query(sql).execute(&mut *connection).await?.rows_affected();
        removed += if is_counted { rows } else { 0 };
    }
    Ok(removed)
}

/// Merges up to so many pages of each index. Fewer than none begins to merge all of it. Nothing is
/// left to do when that changes less than two rows
/// (<https://www.sqlite.org/fts5.html#the_merge_command>).
async fn merge_in_sqlite(connection: &mut SqliteConnection, pages: i64) -> sqlx::Result<bool> {
    let mut is_more = false;
    for sql in [
        "INSERT INTO search_terms (search_terms, rank) VALUES ('merge', ?)",
        "INSERT INTO search_titles (search_titles, rank) VALUES ('merge', ?)",
    ] {
        let before = changes_in_sqlite(connection).await?;
        sqlx::query(sql).bind(pages).execute(&mut *connection).await?;
        is_more |= changes_in_sqlite(connection).await? - before >= 2;
    }
    Ok(is_more)
}

/// How many rows this connection has changed.
async fn changes_in_sqlite(connection: &mut SqliteConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT total_changes()").fetch_one(connection).await
}

impl Database {
    /// The version of the analysis that made the terms of all articles. Some may already be of a
    /// later one.
    pub async fn search_analysis(&self) -> sqlx::Result<i64> {
        let sql = "SELECT version FROM search_analysis WHERE id = 1";
        on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
    }

    /// Records that the terms of all articles are of this version. Never lowers it.
    pub async fn set_search_analysis(&self, version: i64) -> sqlx::Result<()> {
        let sql = "UPDATE search_analysis SET version = ? WHERE id = 1 AND version < ?";
        on_writer!(self, pool => sqlx::query(sql).bind(version).bind(version).execute(pool).await.map(drop))
    }

    /// How many articles are indexed.
    pub async fn searchable(&self) -> sqlx::Result<i64> {
        let sql = "SELECT count(*) FROM search_documents";
        on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
    }

    /// The ids of up to `limit` articles after `id`, whatever their status.
    pub async fn ids_after(&self, id: ArticleId, limit: i64) -> sqlx::Result<Vec<ArticleId>> {
        let sql = format!("SELECT id FROM articles WHERE id > ? ORDER BY id LIMIT {limit}");
        on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).bind(id).fetch_all(pool).await)
    }

    /// Indexes these articles, or removes those that are not published. Leaves alone what is in the
    /// index as it is, unless `is_forced`. Returns the ids of those that differed.
    pub async fn index_articles(
        &self,
        ids: &[ArticleId],
        is_forced: bool,
    ) -> sqlx::Result<Vec<ArticleId>> {
        let mut transaction = self.begin().await?;
        let mut differed = Vec::new();
        for id in ids {
            if index_article(&mut transaction, *id, is_forced).await? {
                differed.push(*id);
            }
        }
        transaction.commit().await?;
        Ok(differed)
    }

    /// Merges a part of the index, so that a search looks into fewer parts. `is_whole` begins to
    /// merge all of it. Returns whether there is more to do. MySQL's index has no parts.
    pub async fn merge_search_index(&self, is_whole: bool) -> sqlx::Result<bool> {
        let mut transaction = self.begin().await?;
        let is_more = match &mut transaction {
            Transaction::Sqlite(connection) => {
                let pages = if is_whole { -PAGES_MERGED } else { PAGES_MERGED };
                merge_in_sqlite(connection, pages).await?
            }
            Transaction::MySql(_) => false,
        };
        transaction.commit().await?;
        Ok(is_more)
    }

    /// Removes what belongs to no article from the index, and what is only half in it. Returns how
    /// many entries there were.
    pub async fn match_search_index(&self) -> sqlx::Result<u64> {
        let orphans =
            "DELETE FROM search_documents WHERE article_id NOT IN (SELECT id FROM articles)";
        let mut transaction = self.begin().await?;
        let orphans = on_connection!(&mut transaction, connection => {
            sqlx::query(orphans).execute(connection).await?.rows_affected()
        });
        let terms = match &mut transaction {
            // The terms of an orphan are counted with it.
            Transaction::Sqlite(connection) => {
                match_terms_in_sqlite(connection).await?.saturating_sub(orphans)
            }
            Transaction::MySql(_) => 0,
        };
        transaction.commit().await?;
        Ok(orphans + terms)
    }
}
