//! What articles were after each save.

use sqlx::{AssertSqlSafe, FromRow};

use super::articles::ArticleFields;
use super::studio::EditableArticle;
use super::{Database, Transaction};

/// An article as it was after a save.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Revision {
    /// The article's number.
    pub article_id: i64,
    /// The article's version then.
    pub version: i64,
    /// The name in its address.
    pub slug: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub summary: String,
    /// The text.
    pub markdown: String,
    /// The names of the tags, in order.
    #[sqlx(json)]
    pub tags: Vec<String>,
    /// The address of a picture above the text.
    pub cover: Option<String>,
    /// Who saved it, if that is known.
    pub user_id: Option<i64>,
    /// The name of whoever saved it.
    #[sqlx(default)]
    pub editor: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

const COLUMNS: &str =
    "article_revisions.article_id, article_revisions.version, article_revisions.slug, article_revisions.title,
    article_revisions.summary, article_revisions.markdown, article_revisions.tags, article_revisions.cover,
    article_revisions.user_id, article_revisions.created_at, users.name AS editor";

impl Revision {
    /// What `article` is under `version`.
    pub fn of(article_id: i64, version: i64, article: &ArticleFields, user_id: Option<i64>, created_at: i64) -> Self {
        Self {
            article_id,
            version,
            slug: article.slug.clone(),
            title: article.title.clone(),
            summary: article.summary.clone(),
            markdown: article.markdown.clone(),
            tags: article.tags.iter().map(|tag| tag.name.clone()).collect(),
            cover: article.cover.clone(),
            user_id,
            editor: None,
            created_at,
        }
    }
}

impl Database {
    /// The revisions of an article, the latest first.
    pub async fn revisions(&self, article: i64) -> sqlx::Result<Vec<Revision>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM article_revisions LEFT JOIN users ON users.id = article_revisions.user_id
             WHERE article_revisions.article_id = ? ORDER BY article_revisions.version DESC"
        );
        on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(article).fetch_all(pool).await)
    }
}

/// Adds a revision.
pub(super) async fn add(transaction: &mut Transaction, revision: &Revision) -> sqlx::Result<()> {
    let tags = serde_json::to_string(&revision.tags).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let sql = "INSERT INTO article_revisions (article_id, version, slug, title, summary, markdown, tags, cover, user_id, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    on_connection!(transaction, connection => {
        let query = sqlx::query(sql)
            .bind(revision.article_id)
            .bind(revision.version)
            .bind(&revision.slug)
            .bind(&revision.title)
            .bind(&revision.summary)
            .bind(&revision.markdown)
            .bind(tags)
            .bind(&revision.cover)
            .bind(revision.user_id)
            .bind(revision.created_at);
        query.execute(connection).await.map(drop)
    })
}

/// Keeps what is stored before a save, if no save in the studio has: an import, or a bin, leaves no revision.
pub(super) async fn add_original(transaction: &mut Transaction, stored: &EditableArticle) -> sqlx::Result<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM article_revisions WHERE article_id = ? AND version = ?)";
    let is_there: bool = on_connection!(transaction, connection => {
        sqlx::query_scalar(sql).bind(stored.id).bind(stored.version).fetch_one(connection).await?
    });
    if is_there {
        return Ok(());
    }
    let revision = Revision::of(stored.id, stored.version, &stored.fields, None, stored.updated_at);
    add(transaction, &revision).await
}
