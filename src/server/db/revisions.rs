//! Revisions: what an article looked like after each save.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;

use super::articles::ArticleFields;
use super::{Database, Dialect, Transaction, on_connection, on_reader};

/// An article as of one save.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Revision {
    /// Article ID.
    pub article_id: ArticleId,
    /// The article's version after this save.
    pub version: i64,
    /// The article's slug.
    pub slug: String,
    /// Title, as plain text.
    pub title: String,
    /// Summary, as plain text.
    pub summary: String,
    /// The article text in Markdown.
    pub markdown: String,
    /// The names of the tags, in order.
    #[sqlx(json)]
    pub tags: Vec<String>,
    /// URL of the picture above the text.
    pub cover: Option<String>,
    /// The user who saved it, if known.
    pub user_id: Option<UserId>,
    /// The name of the user who saved it.
    #[sqlx(default)]
    pub editor: Option<String>,
    /// When it was saved, in milliseconds since 1970.
    pub created_at: Millis,
}

const COLUMNS: &str =
    "article_revisions.article_id, article_revisions.version, article_revisions.slug, article_revisions.title,
    article_revisions.summary, article_revisions.markdown, article_revisions.tags, article_revisions.cover,
    article_revisions.user_id, article_revisions.created_at, users.name AS editor";

impl Revision {
    /// The revision of `article` at `version`.
    pub fn of(
        article_id: ArticleId,
        version: i64,
        article: &ArticleFields,
        user_id: Option<UserId>,
        created_at: Millis,
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
    /// The article's version after this save.
    pub version: i64,
    /// The name of the user who saved it, if known.
    pub editor: Option<String>,
    /// When it was saved, in milliseconds since 1970.
    pub created_at: Millis,
    /// Length of the text, in characters.
    pub characters: i64,
    /// Length of the previous revision's text, in characters; `None` if there is no previous
    /// revision.
    pub characters_before: Option<i64>,
    /// Whether the text differs from the previous revision. The same holds for the fields below.
    pub changed_text: bool,
    /// See `changed_text`.
    pub changed_title: bool,
    /// See `changed_text`.
    pub changed_slug: bool,
    /// See `changed_text`.
    pub changed_summary: bool,
    /// See `changed_text`.
    pub changed_tags: bool,
    /// See `changed_text`.
    pub changed_cover: bool,
}

impl Database {
    /// Lists the revisions of an article, newest first, without their texts.
    pub async fn list_of_revisions(&self, article: ArticleId) -> sqlx::Result<Vec<ListedRevision>> {
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

    /// Returns the revisions of an article, newest first.
    pub async fn revisions(&self, article: ArticleId) -> sqlx::Result<Vec<Revision>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM article_revisions LEFT JOIN users ON users.id = article_revisions.user_id
             WHERE article_revisions.article_id = ? ORDER BY article_revisions.version DESC"
        );
        on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).bind(article).fetch_all(pool).await)
    }

    /// Returns the revision of an article at `version` and the one before it, as far as they exist.
    /// Other revisions are not loaded, because their texts may be large.
    pub async fn revision_and_before(
        &self,
        article: ArticleId,
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

    /// Returns the ID and the name of the user who saved this version of an article. `None` if it
    /// is not known: imports, deleting and restoring leave no revision.
    pub async fn editor_of(
        &self,
        article: ArticleId,
        version: i64,
    ) -> sqlx::Result<Option<(UserId, String)>> {
        let sql = "SELECT users.id, users.name FROM article_revisions
             JOIN users ON users.id = article_revisions.user_id
             WHERE article_revisions.article_id = ? AND article_revisions.version = ?";
        on_reader!(self, pool => {
            sqlx::query_as(sql).bind(article).bind(version).fetch_optional(pool).await
        })
    }

    /// Deletes an article's oldest revisions beyond `of_article`, and the oldest revisions saved by
    /// `user` beyond `of_user`. The revision of an article's current version is never deleted. Each
    /// revision is stored in full, so the remaining ones can still be compared.
    pub async fn forget_old_revisions(
        &self,
        article: ArticleId,
        of_article: i64,
        user: UserId,
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
                (last_of_article, forget_of_article, article.0, of_article),
                (last_of_user, forget_of_user, user.0, of_user),
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

/// Inserts a revision.
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

/// Stores the current state as a revision before a save, unless a save in the studio already did.
/// Imports, deleting and restoring leave no revision.
pub(super) async fn add_original(
    transaction: &mut Transaction,
    original: &Revision,
) -> sqlx::Result<()> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM article_revisions WHERE article_id = ? AND version = ?)";
    let is_there: bool = on_connection!(transaction, connection => {
        sqlx::query_scalar(sql).bind(original.article_id).bind(original.version).fetch_one(connection).await?
    });
    if is_there {
        return Ok(());
    }
    add(transaction, original).await
}
