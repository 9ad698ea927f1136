//! Articles as their authors see them, drafts and deleted ones included, and saving with optimistic
//! locking by version.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_counting::{ArticleId, UserId, Window, hour_of};
use tidemark_store::clock::Millis;

use super::actor::{Actor, Role, WriteError, lock_actor};
use super::articles::{
    ArticleFields, FieldsRow, Kind, Status, id_of_slug, insert, select_fields,
    update_under_version, write_tags,
};
use super::baselines::total_of;
use super::content_version::ContentTransaction;
use super::drafts::EditorForm;
use super::revisions::{self, Revision};
use super::search_index::article_changed;
use super::{Database, Transaction, drafts, on_connection, on_reader};
use crate::model::article::Baseline;
use crate::model::page::Page;

/// Which articles the table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// All but the deleted ones.
    All,
    /// Drafts, not visible to readers.
    Drafts,
    /// Published with a date in the future.
    Scheduled,
    /// Visible to readers.
    Published,
    /// Deleted articles.
    Bin,
}

/// The column that the table is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Title, ignoring case.
    Title,
    /// Time of the last save.
    Updated,
    /// Publication date; drafts without one count as oldest.
    Published,
    /// Views of all time.
    Views,
    /// Views in the current hour and the 167 before it.
    Week,
    /// Number of likes.
    Likes,
    /// Number of collects.
    Collects,
}

/// A query for one page of the table.
#[derive(Clone, Debug)]
pub struct TableQuery {
    /// Only articles with this user in the byline.
    pub author: Option<UserId>,
    /// Only articles on this shelf.
    pub shelf: Shelf,
    /// Only articles whose title contains this text, ignoring case.
    pub text: String,
    /// The column to sort by.
    pub column: Column,
    /// Whether to sort in descending order.
    pub is_descending: bool,
    /// Page number, from 1.
    pub page: i64,
    /// Rows per page.
    pub per_page: i64,
}

/// A row of the table.
#[derive(Clone, Debug, FromRow)]
pub struct TableRow {
    /// Article ID.
    pub id: ArticleId,
    /// The article's slug.
    pub slug: String,
    /// Whether it is an article or a page.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// Title, as plain text.
    pub title: String,
    /// Draft or published.
    #[sqlx(try_from = "String")]
    pub status: Status,
    /// Publication date, in milliseconds since 1970.
    pub published_at: Option<Millis>,
    /// Time of the last change, in milliseconds since 1970.
    pub updated_at: Millis,
    /// When it was deleted, in milliseconds since 1970.
    pub deleted_at: Option<Millis>,
    /// Views of all time, those from elsewhere among them.
    pub views: i64,
    /// The views from elsewhere, by source.
    #[sqlx(skip)]
    pub baselines: Vec<Baseline>,
    /// Views in the current hour and the 167 before it.
    pub week: i64,
    /// Number of likes.
    pub likes: i64,
    /// Number of collects.
    pub collects: i64,
    /// The first name in the byline.
    pub author: String,
}

/// An article as its author edits it.
#[derive(Clone, Debug, PartialEq)]
pub struct EditableArticle {
    /// Article ID.
    pub id: ArticleId,
    /// Incremented by one with each change.
    pub version: i64,
    /// Time of the last save, in milliseconds since 1970.
    pub updated_at: Millis,
    /// When it was deleted, in milliseconds since 1970.
    pub deleted_at: Option<Millis>,
    /// Everything else.
    pub fields: ArticleFields,
}

/// The outcome of a save.
#[derive(Clone, Debug, PartialEq)]
pub enum Saved {
    /// Saved under this version.
    Done(i64),
    /// Nothing to change; the version stays at this one.
    Unchanged(i64),
    /// The article was saved in the meantime; this is what is stored. Nothing was changed.
    Conflict(Box<EditableArticle>),
    /// Another article has this slug. Nothing was changed.
    SlugTaken,
}

/// The outcome of adding an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// Added under this ID.
    Done(ArticleId),
    /// The same form was saved before, as this article. Nothing was added.
    SavedBefore(ArticleId),
    /// Another article has this slug. Nothing was added.
    SlugTaken,
}

#[derive(FromRow)]
struct EditableRow {
    id: ArticleId,
    version: i64,
    updated_at: Millis,
    deleted_at: Option<Millis>,
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
    fn sql(self) -> String {
        let column = match self {
            Column::Title => "lower(articles.title)",
            Column::Updated => "articles.updated_at",
            Column::Published => "coalesce(articles.published_at, 0)",
            Column::Views => return total_of("articles.id"),
            Column::Week => "week",
            Column::Likes => "likes",
            Column::Collects => "collects",
        };
        column.to_owned()
    }
}

impl Database {
    /// Returns a page of the table as of `now`.
    pub async fn table(&self, query: &TableQuery, now: Millis) -> sqlx::Result<Page<TableRow>> {
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
            "SELECT articles.id, articles.kind, articles.slug, articles.title, articles.status, articles.published_at, articles.updated_at,
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
        let (mut rows, baselines): (Vec<TableRow>, _) = (rows, self.baselines().current());
        for row in &mut rows {
            row.views = row.views.saturating_add(baselines.views(row.id));
            row.baselines = baselines.of(row.id).to_vec();
        }
        Ok(Page::new(rows, query.page, query.per_page, total))
    }

    /// Loads an article for editing, whatever its status; `None` if there is no article with this
    /// ID.
    pub async fn editable(&self, id: ArticleId) -> sqlx::Result<Option<EditableArticle>> {
        let fields = select_fields(self.dialect());
        let fields = format!("{fields} WHERE articles.id = ?");
        let (row, fields): (Option<EditableRow>, Option<FieldsRow>) = on_reader!(self, pool => {
            let mut transaction = pool.begin().await?;
            let row = sqlx::query_as(EDITABLE).bind(id).fetch_optional(&mut *transaction).await?;
            (row, sqlx::query_as(AssertSqlSafe(fields)).bind(id).fetch_optional(&mut *transaction).await?)
        });
        Ok(row.zip(fields).map(|(row, fields)| row.with(fields)))
    }

    /// Adds an article and finishes the form that it was typed in. A form is good for one article.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn add_article(
        &self,
        article: &ArticleFields,
        actor: Actor,
        form: &EditorForm,
        now: Millis,
    ) -> Result<Added, WriteError> {
        let author = actor.id;
        let mut transaction = self.begin_content().await?;
        lock_actor(&mut transaction, actor).await?;
        if let Some(Some(id)) = drafts::use_of(&mut transaction, author, &form.key).await? {
            return Ok(Added::SavedBefore(id));
        }
        if id_of_slug(&mut transaction, &article.slug).await?.is_some()
            || is_former_of_others(&mut transaction, None, article, actor).await?
        {
            return Ok(Added::SlugTaken);
        }
        let id = insert(&mut transaction, article, author, now).await?;
        let sql = "INSERT INTO article_authors (article_id, position, user_id) VALUES (?, 0, ?)";
        on_connection!(&mut *transaction, connection => {
            sqlx::query(sql).bind(id).bind(author).execute(connection).await?;
        });
        write_tags(&mut transaction, id, article).await?;
        article_changed(&mut transaction, id).await?;
        revisions::add(&mut transaction, &Revision::of(id, 1, article, Some(author), now)).await?;
        drafts::finish(&mut transaction, author, drafts::NEW_ARTICLE, form, Some(id), now).await?;
        commit_if_seen(transaction, article.status == Status::Published).await?;
        Ok(Added::Done(id))
    }

    /// Saves an article if its version is still `version`, and finishes the form that it was typed
    /// in. Byline and aliases stay as they are, except that the old slug of a published article
    /// becomes an alias. The view count is not touched (rule C7).
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn save_article(
        &self,
        id: ArticleId,
        version: i64,
        article: &ArticleFields,
        actor: Actor,
        form: &EditorForm,
        now: Millis,
    ) -> Result<Option<Saved>, WriteError> {
        let user = actor.id;
        let mut transaction = self.begin_content().await?;
        lock_actor(&mut transaction, actor).await?;
        let Some(stored) = editable_in(&mut transaction, id).await? else { return Ok(None) };
        if stored.version != version {
            return Ok(Some(Saved::Conflict(Box::new(stored))));
        }
        drafts::finish(&mut transaction, user, id, form, Some(id), now).await?;
        let article = ArticleFields {
            updated_at: None,
            authors: stored.fields.authors.clone(),
            aliases: stored.fields.aliases.clone(),
            ..article.clone()
        };
        let changes = stored.fields.changes(&article);
        if changes.is_empty() {
            transaction.commit_unseen().await?;
            return Ok(Some(Saved::Unchanged(version)));
        }
        if id_of_slug(&mut transaction, &article.slug).await?.is_some_and(|owner| owner != id)
            || is_former_of_others(&mut transaction, Some(id), &article, actor).await?
        {
            return Ok(Some(Saved::SlugTaken));
        }
        let original =
            Revision::of(stored.id, stored.version, &stored.fields, None, stored.updated_at);
        revisions::add_original(&mut transaction, &original).await?;
        if !update_under_version(&mut transaction, id, version, &article, now).await? {
            let lost = format!("article {id} was written by two at once");
            return Err(sqlx::Error::Protocol(lost).into());
        }
        write_tags(&mut transaction, id, &article).await?;
        article_changed(&mut transaction, id).await?;
        let (old, new) = (stored.fields.address(), article.address());
        if old != new && stored.fields.status == Status::Published {
            add_alias(&mut transaction, id, &old, &new).await?;
        }
        revisions::add(&mut transaction, &Revision::of(id, version + 1, &article, Some(user), now))
            .await?;
        let is_seen = [stored.fields.status, article.status].contains(&Status::Published);
        commit_if_seen(transaction, is_seen).await?;
        Ok(Some(Saved::Done(version + 1)))
    }

    /// Deletes or restores an article if its version is still `version`. Does nothing if it is in
    /// that state already, whatever its version. `None` if there is no such article.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn set_deleted(
        &self,
        id: ArticleId,
        version: i64,
        is_deleted: bool,
        actor: Actor,
        now: Millis,
    ) -> Result<Option<Saved>, WriteError> {
        let mut transaction = self.begin_content().await?;
        lock_actor(&mut transaction, actor).await?;
        let Some(stored) = editable_in(&mut transaction, id).await? else { return Ok(None) };
        if stored.deleted_at.is_some() == is_deleted {
            return Ok(Some(Saved::Unchanged(stored.version)));
        }
        if stored.version != version {
            return Ok(Some(Saved::Conflict(Box::new(stored))));
        }
        let sql = "UPDATE articles SET deleted_at = ?, updated_at = ?, version = version + 1 WHERE id = ?";
        on_connection!(&mut *transaction, connection => {
            sqlx::query(sql).bind(is_deleted.then_some(now)).bind(now).bind(id).execute(connection).await?;
        });
        article_changed(&mut transaction, id).await?;
        commit_if_seen(transaction, stored.fields.status == Status::Published).await?;
        Ok(Some(Saved::Done(version + 1)))
    }
}

/// Commits what was written. Cached pages stay unless a reader may see it, or authors could drop
/// them all again and again by saving a draft.
async fn commit_if_seen(transaction: ContentTransaction, is_seen: bool) -> sqlx::Result<()> {
    if is_seen { transaction.commit().await } else { transaction.commit_unseen().await }
}

const EDITABLE: &str = "SELECT id, version, updated_at, deleted_at FROM articles WHERE id = ?";

impl EditableRow {
    fn with(self, fields: FieldsRow) -> EditableArticle {
        let EditableRow { id, version, updated_at, deleted_at } = self;
        EditableArticle { id, version, updated_at, deleted_at, fields: fields.into_fields() }
    }
}

/// Loads an article for editing within a transaction.
pub(super) async fn editable_in(
    transaction: &mut Transaction,
    id: ArticleId,
) -> sqlx::Result<Option<EditableArticle>> {
    let fields = select_fields(transaction.dialect());
    let fields = format!("{fields} WHERE articles.id = ?");
    let (row, fields): (Option<EditableRow>, Option<FieldsRow>) = on_connection!(transaction, connection => {
        let row = sqlx::query_as(EDITABLE).bind(id).fetch_optional(&mut *connection).await?;
        (row, sqlx::query_as(AssertSqlSafe(fields)).bind(id).fetch_optional(connection).await?)
    });
    Ok(row.zip(fields).map(|(row, fields)| row.with(fields)))
}

/// Whether the address of an article redirects to one that `actor` may not edit. Otherwise an
/// author could take the readers of another's old links.
async fn is_former_of_others(
    transaction: &mut Transaction,
    id: Option<ArticleId>,
    article: &ArticleFields,
    actor: Actor,
) -> sqlx::Result<bool> {
    if actor.role >= Role::Admin {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM article_aliases WHERE path = ? AND article_id <> ? AND NOT EXISTS
        (SELECT 1 FROM article_authors WHERE article_authors.article_id = article_aliases.article_id AND user_id = ?))";
    let (path, id) = (article.address(), id.unwrap_or(ArticleId(0)));
    on_connection!(transaction, connection => {
        sqlx::query_scalar(sql).bind(path).bind(id).bind(actor.id).fetch_one(connection).await
    })
}

/// Makes the old slug an alias of the article. Deletes the alias of the new slug, if any article
/// had one.
async fn add_alias(
    transaction: &mut Transaction,
    id: ArticleId,
    old: &str,
    new: &str,
) -> sqlx::Result<()> {
    on_connection!(transaction, connection => {
        for path in [old, new] {
            sqlx::query("DELETE FROM article_aliases WHERE path = ?").bind(path).execute(&mut *connection).await?;
        }
        let next = "SELECT coalesce(max(position) + 1, 0) FROM article_aliases WHERE article_id = ?";
        let position: i64 = sqlx::query_scalar(next).bind(id).fetch_one(&mut *connection).await?;
        let sql = "INSERT INTO article_aliases (article_id, position, path) VALUES (?, ?, ?)";
        sqlx::query(sql).bind(id).bind(position).bind(old).execute(connection).await.map(drop)
    })
}
