//! Articles as their authors see them: drafts and deleted ones too, and saving under a version.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_counting::hour_of;

use super::articles::{
    ArticleFields, FieldsRow, Status, id_of_tag, insert, select_fields, update_under_version,
};
use super::revisions::{self, Revision};
use super::users::{Actor, WriteError, hold};
use super::{Database, Transaction, drafts, on_connection, on_reader};
use crate::model::article::Window;
use crate::model::page::Page;

/// Which articles a table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// All but the deleted ones.
    All,
    /// Nobody but their authors sees them.
    Drafts,
    /// Readers will see them.
    Scheduled,
    /// Readers see them.
    Published,
    /// Deleted ones.
    Bin,
}

/// What a table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its text.
    Title,
    /// When it was last saved.
    Updated,
    /// When readers could first read it.
    Published,
    /// All time.
    Views,
    /// Of the current hour and the 167 before it.
    Week,
    /// How many like it.
    Likes,
    /// How many keep it.
    Collects,
}

/// Which part of which table.
#[derive(Clone, Debug)]
pub struct TableQuery {
    /// Only the articles with this user in the byline.
    pub author: Option<i64>,
    /// Which of them.
    pub shelf: Shelf,
    /// Only those whose title contains this.
    pub text: String,
    /// The order.
    pub column: Column,
    /// Whether the greatest comes first.
    pub is_descending: bool,
    /// From 1.
    pub page: i64,
    /// How many rows a page has.
    pub per_page: i64,
}

/// A row of the table.
#[derive(Clone, Debug, FromRow)]
pub struct TableRow {
    /// The article's number.
    pub id: i64,
    /// The name in its address.
    pub slug: String,
    /// Plain text.
    pub title: String,
    /// Draft or published.
    #[sqlx(try_from = "String")]
    pub status: Status,
    /// Milliseconds since 1970.
    pub published_at: Option<i64>,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// When it was put into the bin.
    pub deleted_at: Option<i64>,
    /// All time.
    pub views: i64,
    /// Of the current hour and the 167 before it.
    pub week: i64,
    /// How many like it.
    pub likes: i64,
    /// How many keep it.
    pub collects: i64,
    /// The first name of the byline.
    pub author: String,
}

/// An article as its author edits it.
#[derive(Clone, Debug, PartialEq)]
pub struct EditableArticle {
    /// Its number.
    pub id: i64,
    /// Grows by one with each change.
    pub version: i64,
    /// When it was last saved, in milliseconds since 1970.
    pub updated_at: i64,
    /// When it was put into the bin.
    pub deleted_at: Option<i64>,
    /// Everything else.
    pub fields: ArticleFields,
}

/// What became of a save.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// It is stored, under this version.
    Done(i64),
    /// It was the same already, under this version.
    Unchanged(i64),
    /// Somebody has saved since; this is what is stored. Nothing was changed.
    Conflict(Box<EditableArticle>),
    /// Another article has this slug. Nothing was changed.
    SlugTaken,
}

#[derive(FromRow)]
struct EditableRow {
    id: i64,
    version: i64,
    updated_at: i64,
    deleted_at: Option<i64>,
}

impl Shelf {
    fn condition(self) -> &'static str {
        match self {
            Shelf::All => "articles.deleted_at IS NULL AND ? IS NOT NULL",
            Shelf::Drafts => {
                "articles.deleted_at IS NULL AND articles.status = 'draft' AND ? IS NOT NULL"
            }
            Shelf::Scheduled => {
                "articles.deleted_at IS NULL AND articles.status = 'published' AND articles.published_at > ?"
            }
            Shelf::Published => {
                "articles.deleted_at IS NULL AND articles.status = 'published' AND articles.published_at <= ?"
            }
            Shelf::Bin => "articles.deleted_at IS NOT NULL AND ? IS NOT NULL",
        }
    }
}

impl Column {
    fn sql(self) -> &'static str {
        match self {
            Column::Title => "lower(articles.title)",
            Column::Updated => "articles.updated_at",
            Column::Published => "coalesce(articles.published_at, 0)",
            Column::Views => "views",
            Column::Week => "week",
            Column::Likes => "likes",
            Column::Collects => "collects",
        }
    }
}

impl Database {
    /// A page of the table of articles as it is at `now`.
    pub async fn table(&self, query: &TableQuery, now: i64) -> sqlx::Result<Page<TableRow>> {
        let author = match query.author {
            Some(_) => {
                "EXISTS (SELECT 1 FROM article_authors
                        WHERE article_authors.article_id = articles.id AND article_authors.user_id = ?)"
            }
            None => "coalesce(?, 0) = 0",
        };
        let shelf = query.shelf.condition();
        let conditions =
            format!("{shelf} AND {author} AND lower(articles.title) LIKE ? ESCAPE '!'");
        let (order, per_page, integer) =
            (query.column.sql(), query.per_page, self.dialect().integer());
        let direction = if query.is_descending { "DESC" } else { "ASC" };
        let list = format!(
            "SELECT articles.id, articles.slug, articles.title, articles.status, articles.published_at, articles.updated_at,
                articles.deleted_at, coalesce(article_stats.views, 0) AS views, coalesce(last_week.views, 0) AS week,
                coalesce(article_stats.likes, 0) AS likes, coalesce(article_stats.collects, 0) AS collects,
                users.name AS author
             FROM articles JOIN users ON users.id = articles.author_id
             LEFT JOIN article_stats ON article_stats.article_id = articles.id
             LEFT JOIN (SELECT article_id, CAST(sum(views) AS {integer}) AS views FROM article_view_hours
                        WHERE hour > ? GROUP BY article_id) AS last_week ON last_week.article_id = articles.id
             WHERE {conditions} ORDER BY {order} {direction}, articles.id {direction} LIMIT {per_page} OFFSET ?"
        );
        let count = format!("SELECT count(*) FROM articles WHERE {conditions}");
        let text = super::articles::contains(&query.text);
        let oldest = hour_of(now) - Window::Week.hours().unwrap_or(0);
        let offset = (query.page - 1).saturating_mul(query.per_page).max(0);
        let (total, rows) = on_reader!(self, pool => {
            let count = sqlx::query_scalar(AssertSqlSafe(count)).bind(now).bind(query.author).bind(&text);
            let total: i64 = count.fetch_one(pool).await?;
            let list = sqlx::query_as(AssertSqlSafe(list)).bind(oldest).bind(now).bind(query.author).bind(&text);
            (total, list.bind(offset).fetch_all(pool).await?)
        });
        Ok(Page::new(rows, query.page, query.per_page, total))
    }

    /// An article for editing, whatever its state; `None` if there is none of that number.
    pub async fn editable(&self, id: i64) -> sqlx::Result<Option<EditableArticle>> {
        let fields = select_fields(self.dialect());
        let fields = format!("{fields} WHERE articles.id = ?");
        let (row, fields): (Option<EditableRow>, Option<FieldsRow>) = on_reader!(self, pool => {
            let mut transaction = pool.begin().await?;
            let row = sqlx::query_as(EDITABLE).bind(id).fetch_optional(&mut *transaction).await?;
            (row, sqlx::query_as(AssertSqlSafe(fields)).bind(id).fetch_optional(&mut *transaction).await?)
        });
        Ok(row.zip(fields).map(|(row, fields)| row.with(fields)))
    }

    /// Adds an article; `None` if another has its slug. What its author had typed before is no
    /// draft any more.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn add_article(
        &self,
        article: &ArticleFields,
        actor: Actor,
        now: i64,
    ) -> Result<Option<i64>, WriteError> {
        let author = actor.id;
        let mut transaction = self.begin_content().await?;
        hold(&mut transaction, actor).await?;
        if owner_of_slug(&mut transaction, &article.slug).await?.is_some() {
            return Ok(None);
        }
        let id = insert(&mut transaction, article, author, now).await?;
        let sql = "INSERT INTO article_authors (article_id, position, user_id) VALUES (?, 0, ?)";
        on_connection!(&mut *transaction, connection => {
            sqlx::query(sql).bind(id).bind(author).execute(connection).await?;
        });
        write_tags(&mut transaction, id, article).await?;
        revisions::add(&mut transaction, &Revision::of(id, 1, article, Some(author), now)).await?;
        drafts::delete(&mut transaction, author, 0).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// Saves an article, if its version is still `version`. Byline and aliases stay as they are,
    /// but an address that readers know leads on to the new one. Its count is not touched (rule
    /// C7). The draft of whoever saves goes with it.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn save_article(
        &self,
        id: i64,
        version: i64,
        article: &ArticleFields,
        actor: Actor,
        now: i64,
    ) -> Result<Option<Saved>, WriteError> {
        let user = actor.id;
        let mut transaction = self.begin_content().await?;
        hold(&mut transaction, actor).await?;
        let Some(stored) = editable_in(&mut transaction, id).await? else { return Ok(None) };
        if stored.version != version {
            return Ok(Some(Saved::Conflict(Box::new(stored))));
        }
        drafts::delete(&mut transaction, user, id).await?;
        let article = ArticleFields {
            authors: stored.fields.authors.clone(),
            aliases: stored.fields.aliases.clone(),
            ..article.clone()
        };
        let changes = stored.fields.changes(&article);
        if changes.is_empty() {
            transaction.commit().await?;
            return Ok(Some(Saved::Unchanged(version)));
        }
        if owner_of_slug(&mut transaction, &article.slug).await?.is_some_and(|owner| owner != id) {
            return Ok(Some(Saved::SlugTaken));
        }
        revisions::add_original(&mut transaction, &stored).await?;
        if !update_under_version(&mut transaction, id, version, &article, now).await? {
            let lost = format!("article {id} was written by two at once");
            return Err(sqlx::Error::Protocol(lost).into());
        }
        write_tags(&mut transaction, id, &article).await?;
        if changes.contains(&"slug") && stored.fields.status == Status::Published {
            add_alias(&mut transaction, id, &stored.fields.slug, &article.slug).await?;
        }
        revisions::add(&mut transaction, &Revision::of(id, version + 1, &article, Some(user), now))
            .await?;
        transaction.commit().await?;
        Ok(Some(Saved::Done(version + 1)))
    }

    /// Puts an article into the bin, or takes it out. Does nothing if it is there already. False if
    /// there is no such article.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_deleted(
        &self,
        id: i64,
        is_deleted: bool,
        actor: Actor,
        now: i64,
    ) -> Result<bool, WriteError> {
        let mut transaction = self.begin_content().await?;
        hold(&mut transaction, actor).await?;
        let Some(stored) = editable_in(&mut transaction, id).await? else { return Ok(false) };
        if stored.deleted_at.is_some() != is_deleted {
            let sql = "UPDATE articles SET deleted_at = ?, updated_at = ?, version = version + 1 WHERE id = ?";
            on_connection!(&mut *transaction, connection => {
                sqlx::query(sql).bind(is_deleted.then_some(now)).bind(now).bind(id).execute(connection).await?;
            });
            transaction.commit().await?;
        }
        Ok(true)
    }
}

const EDITABLE: &str = "SELECT id, version, updated_at, deleted_at FROM articles WHERE id = ?";

impl EditableRow {
    fn with(self, fields: FieldsRow) -> EditableArticle {
        let EditableRow { id, version, updated_at, deleted_at } = self;
        EditableArticle { id, version, updated_at, deleted_at, fields: fields.into_fields() }
    }
}

async fn editable_in(
    transaction: &mut Transaction,
    id: i64,
) -> sqlx::Result<Option<EditableArticle>> {
    let fields = select_fields(transaction.dialect());
    let fields = format!("{fields} WHERE articles.id = ?");
    let (row, fields): (Option<EditableRow>, Option<FieldsRow>) = on_connection!(transaction, connection => {
        let row = sqlx::query_as(EDITABLE).bind(id).fetch_optional(&mut *connection).await?;
        (row, sqlx::query_as(AssertSqlSafe(fields)).bind(id).fetch_optional(connection).await?)
    });
    Ok(row.zip(fields).map(|(row, fields)| row.with(fields)))
}

async fn owner_of_slug(transaction: &mut Transaction, slug: &str) -> sqlx::Result<Option<i64>> {
    let sql = "SELECT id FROM articles WHERE slug = ?";
    on_connection!(transaction, connection => sqlx::query_scalar(sql).bind(slug).fetch_optional(connection).await)
}

async fn write_tags(
    transaction: &mut Transaction,
    id: i64,
    article: &ArticleFields,
) -> sqlx::Result<()> {
    let mut tag_ids = Vec::with_capacity(article.tags.len());
    for tag in &article.tags {
        tag_ids.push(id_of_tag(transaction, tag).await?);
    }
    on_connection!(transaction, connection => {
        sqlx::query("DELETE FROM article_tags WHERE article_id = ?").bind(id).execute(&mut *connection).await?;
        for (position, tag) in (0i64..).zip(&tag_ids) {
            let sql = "INSERT INTO article_tags (article_id, position, tag_id) VALUES (?, ?, ?)";
            sqlx::query(sql).bind(id).bind(position).bind(tag).execute(&mut *connection).await?;
        }
    });
    Ok(())
}

/// Lets an article's address of before lead on, and takes away the alias that its new one may have
/// been.
async fn add_alias(
    transaction: &mut Transaction,
    id: i64,
    old: &str,
    new: &str,
) -> sqlx::Result<()> {
    let path = |slug: &str| format!("/articles/{slug}");
    on_connection!(transaction, connection => {
        for path in [path(old), path(new)] {
            sqlx::query("DELETE FROM article_aliases WHERE path = ?").bind(path).execute(&mut *connection).await?;
        }
        let next = "SELECT coalesce(max(position) + 1, 0) FROM article_aliases WHERE article_id = ?";
        let position: i64 = sqlx::query_scalar(next).bind(id).fetch_one(&mut *connection).await?;
        let sql = "INSERT INTO article_aliases (article_id, position, path) VALUES (?, ?, ?)";
        sqlx::query(sql).bind(id).bind(position).bind(path(old)).execute(connection).await.map(drop)
    })
}
