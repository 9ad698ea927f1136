//! What articles were after each save.

use sqlx::{AssertSqlSafe, FromRow};

use super::articles::ArticleFields;
use super::studio::EditableArticle;
use super::{Database, Dialect, Transaction, on_connection, on_reader};

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
    pub fn of(
        article_id: i64,
        version: i64,
        article: &ArticleFields,
        user_id: Option<i64>,
        created_at: i64,
    ) -> Self {
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

/// A revision in a list: what it changed, without the texts, which may be large.
#[derive(Clone, Debug, FromRow)]
pub struct ListedRevision {
    /// The article's version then.
    pub version: i64,
    /// The name of whoever saved it, if that is known.
    pub editor: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// How long the text is, in characters.
    pub characters: i64,
    /// How long the text of the revision before it is; `None` if there is none before it.
    pub characters_before: Option<i64>,
    /// Whether the text is another than before, and so on.
    pub changed_text: bool,
    /// As `changed_text`.
    pub changed_title: bool,
    /// As `changed_text`.
    pub changed_slug: bool,
    /// As `changed_text`.
    pub changed_summary: bool,
    /// As `changed_text`.
    pub changed_tags: bool,
    /// As `changed_text`.
    pub changed_cover: bool,
}

impl Database {
    /// The revisions of an article, the latest first, without their texts.
    pub async fn list_of_revisions(&self, article: i64) -> sqlx::Result<Vec<ListedRevision>> {
        let length = match self.dialect() {
            Dialect::Sqlite => "length",
            Dialect::MySql => "char_length",
        };
        let changes = [
            ("text", "markdown"),
            ("title", "title"),
            ("slug", "slug"),
            ("summary", "summary"),
            ("tags", "tags"),
            ("cover", "cover"),
        ]
        .map(|(name, column)| {
            format!(
                ", CASE WHEN coalesce(revision.{column}, '') <> coalesce(earlier.{column}, '') THEN 1 ELSE 0 END AS changed_{name}"
            )
        })
        .concat();
        let sql = format!(
            "SELECT revision.version, users.name AS editor, revision.created_at, {length}(revision.markdown) AS characters,
                {length}(earlier.markdown) AS characters_before{changes}
             FROM article_revisions AS revision
             LEFT JOIN users ON users.id = revision.user_id
             LEFT JOIN article_revisions AS earlier ON earlier.article_id = revision.article_id AND earlier.version =
                (SELECT max(version) FROM article_revisions
                 WHERE article_id = revision.article_id AND version < revision.version)
             WHERE revision.article_id = ? ORDER BY revision.version DESC"
        );
        on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(article).fetch_all(pool).await)
    }

    /// The revisions of an article, the latest first.
    pub async fn revisions(&self, article: i64) -> sqlx::Result<Vec<Revision>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM article_revisions LEFT JOIN users ON users.id = article_revisions.user_id
             WHERE article_revisions.article_id = ? ORDER BY article_revisions.version DESC"
        );
        on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(article).fetch_all(pool).await)
    }

    /// The revision of an article at `version` and the one before it, if there are such; not the
    /// others, whose texts may be large.
    pub async fn revision_and_before(
        &self,
        article: i64,
        version: i64,
    ) -> sqlx::Result<Vec<Revision>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM article_revisions LEFT JOIN users ON users.id = article_revisions.user_id
             WHERE article_revisions.article_id = ? AND article_revisions.version <= ?
             ORDER BY article_revisions.version DESC LIMIT 2"
        );
        on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(article).bind(version).fetch_all(pool).await
        })
    }

    /// Deletes the oldest revisions of an article beyond `of_article`, and of those that a user has
    /// saved the oldest beyond `of_user`. What an article is now is never deleted. Each revision is
    /// whole, so those that are left are compared with one another.
    pub async fn forget_old_revisions(
        &self,
        article: i64,
        of_article: i64,
        user: i64,
        of_user: i64,
    ) -> sqlx::Result<()> {
        let last_of_article = "SELECT version FROM article_revisions WHERE article_id = ? ORDER BY version DESC LIMIT 1 OFFSET ?";
        let forget_of_article =
            "DELETE FROM article_revisions WHERE article_id = ? AND version <= ? AND NOT EXISTS (
                SELECT 1 FROM articles WHERE articles.id = article_revisions.article_id
                AND articles.version = article_revisions.version)";
        let last_of_user = "SELECT created_at FROM article_revisions WHERE user_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?";
        let forget_of_user =
            "DELETE FROM article_revisions WHERE user_id = ? AND created_at <= ? AND NOT EXISTS (
                SELECT 1 FROM articles WHERE articles.id = article_revisions.article_id
                AND articles.version = article_revisions.version)";
        let mut transaction = self.begin().await?;
        on_connection!(&mut transaction, connection => {
            for (last, forget, owner, most) in [
                (last_of_article, forget_of_article, article, of_article),
                (last_of_user, forget_of_user, user, of_user),
            ] {
                let last = sqlx::query_scalar(last).bind(owner).bind(most).fetch_optional(&mut *connection);
                let last: Option<i64> = last.await?;
                if let Some(last) = last {
                    sqlx::query(forget).bind(owner).bind(last).execute(&mut *connection).await?;
                }
            }
        });
        transaction.commit().await
    }
}

/// Adds a revision.
pub(super) async fn add(transaction: &mut Transaction, revision: &Revision) -> sqlx::Result<()> {
    let tags =
        serde_json::to_string(&revision.tags).map_err(|error| sqlx::Error::Encode(error.into()))?;
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

/// Keeps what is stored before a save, if no save in the studio has: an import, or a bin, leaves no
/// revision.
pub(super) async fn add_original(
    transaction: &mut Transaction,
    stored: &EditableArticle,
) -> sqlx::Result<()> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM article_revisions WHERE article_id = ? AND version = ?)";
    let is_there: bool = on_connection!(transaction, connection => {
        sqlx::query_scalar(sql).bind(stored.id).bind(stored.version).fetch_one(connection).await?
    });
    if is_there {
        return Ok(());
    }
    let revision = Revision::of(stored.id, stored.version, &stored.fields, None, stored.updated_at);
    add(transaction, &revision).await
}
