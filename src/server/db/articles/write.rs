//! Writing articles. Reads that precede a write are in [`super::read`].

use sqlx::AssertSqlSafe;
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;

use super::super::content_version::ContentTransaction;
use super::super::search_index::article_changed;
use super::super::users::WRITES;
use super::super::{InsertedId, Transaction, is_taken, on_connection};
use super::ArticleFields;
use super::read::fields;
use crate::model::article::{Author, Tag};

/// Maximum number of user names to try for a byline when readers have taken them.
const MOST_NAMESAKES: usize = 1_000;

/// The outcome of writing an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was no such article; it was created.
    Created,
    /// The stored article differed; it was updated.
    Updated,
    /// The stored article was the same; nothing was written.
    Unchanged,
}

/// Creates an article, or updates the one with the ID `id` if anything differs. Returns its ID.
/// Never touches its view count (rule C7).
///
/// An alias that another article already has stays with that article. A deleted article is
/// restored.
pub async fn write(
    transaction: &mut ContentTransaction,
    id: Option<ArticleId>,
    article: &ArticleFields,
    now: Millis,
) -> sqlx::Result<(ArticleId, Written)> {
    let transaction: &mut Transaction = transaction;
    let article = &settled(transaction, article, id).await?;
    if let Some(id) = id
        && fields(transaction, id).await?.is_some_and(|stored| stored.changes(article).is_empty())
    {
        return Ok((id, Written::Unchanged));
    }
    let mut author_ids = Vec::new();
    for author in &article.authors {
        author_ids.push(user_for_byline(transaction, author, now).await?);
    }
    let first_author = author_ids.first().copied().ok_or_else(|| {
        sqlx::Error::Protocol(format!("the article {:?} has no author", article.slug))
    })?;
    let (id, written) = match id {
        Some(id) => {
            update(transaction, id, article, first_author, now).await?;
            (id, Written::Updated)
        }
        None => (insert(transaction, article, first_author, now).await?, Written::Created),
    };
    on_connection!(transaction, connection => {
        for table in ["article_authors", "article_aliases"] {
            let sql = AssertSqlSafe(format!("DELETE FROM {table} WHERE article_id = ?"));
            sqlx::query(sql).bind(id).execute(&mut *connection).await?;
        }
        for (position, user) in (0i64..).zip(&author_ids) {
            let sql = "INSERT INTO article_authors (article_id, position, user_id) VALUES (?, ?, ?)";
            sqlx::query(sql).bind(id).bind(position).bind(user).execute(&mut *connection).await?;
        }
        for (position, path) in (0i64..).zip(&article.aliases) {
            let sql = "INSERT INTO article_aliases (article_id, position, path) VALUES (?, ?, ?)";
            sqlx::query(sql).bind(id).bind(position).bind(path).execute(&mut *connection).await?;
        }
    });
    write_tags(transaction, id, article).await?;
    article_changed(transaction, id).await?;
    Ok((id, written))
}

/// Replaces an article's tags.
pub(in crate::server::db) async fn write_tags(
    transaction: &mut Transaction,
    id: ArticleId,
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

/// An article as it would be stored under `id`: with the aliases that are free and with the user
/// names of its byline.
pub(in crate::server::db) async fn settled(
    transaction: &mut Transaction,
    article: &ArticleFields,
    id: Option<ArticleId>,
) -> sqlx::Result<ArticleFields> {
    let mut aliases = free_aliases(transaction, &article.aliases, id).await?;
    // Its own address leads to it anyway.
    aliases.retain(|alias| *alias != article.address());
    let mut article = ArticleFields { aliases, ..article.clone() };
    for author in &mut article.authors {
        author.username = username_for_byline(transaction, author).await?;
    }
    Ok(article)
}

/// Returns the ID of the article with this slug, whether or not it is deleted.
pub async fn id_of_slug(
    transaction: &mut Transaction,
    slug: &str,
) -> sqlx::Result<Option<ArticleId>> {
    let sql = "SELECT id FROM articles WHERE slug = ?";
    on_connection!(transaction, connection => sqlx::query_scalar(sql).bind(slug).fetch_optional(connection).await)
}

/// Returns the ID of the user for a byline, adding one who can't sign in if necessary.
pub(in crate::server::db) async fn writer_for_byline(
    transaction: &mut Transaction,
    author: &Author,
    now: Millis,
) -> sqlx::Result<UserId> {
    let username = username_for_byline(transaction, author).await?;
    let author = Author::named(username, &author.name);
    user_for_byline(transaction, &author, now).await
}

/// A value to bind to a column.
enum Value<'a> {
    Text(&'a str),
    OptionalText(Option<&'a str>),
    Number(i64),
    OptionalNumber(Option<i64>),
}

/// Columns that are computed from the fields.
struct Derived {
    contents: String,
}

impl Derived {
    fn of(article: &ArticleFields) -> sqlx::Result<Self> {
        let contents = serde_json::to_string(&article.contents)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(Self { contents })
    }
}

/// The columns that a statement writes, with their values. Every statement that writes an article
/// starts from [`Columns::of`], so a new column is added in one place.
struct Columns<'a>(Vec<(&'static str, Value<'a>)>);

impl<'a> Columns<'a> {
    /// The columns made of the article's fields, of what is derived from them, and of the time.
    fn of(article: &'a ArticleFields, derived: &'a Derived, now: Millis) -> Self {
        let ArticleFields {
            kind,
            slug,
            title,
            summary,
            markdown,
            html,
            contents: _,
            reading_minutes,
            language,
            status,
            published_at,
            updated_at,
            series,
            // These have tables of their own.
            authors: _,
            tags: _,
            aliases: _,
            cover,
        } = article;
        Self(vec![
            ("kind", Value::Text(kind.as_str())),
            ("slug", Value::Text(slug)),
            ("title", Value::Text(title)),
            ("summary", Value::Text(summary)),
            ("markdown", Value::Text(markdown)),
            ("html", Value::Text(html)),
            ("contents", Value::Text(&derived.contents)),
            ("reading_minutes", Value::Number(*reading_minutes)),
            ("language", Value::Text(language)),
            ("status", Value::Text(status.as_str())),
            ("published_at", Value::OptionalNumber(published_at.map(|at| at.0))),
            ("cover", Value::OptionalText(cover.as_deref())),
            ("series", Value::OptionalText(series.as_deref())),
            ("updated_at", Value::Number(updated_at.unwrap_or(now).0)),
        ])
    }

    /// Adds a column with a number.
    fn and(mut self, column: &'static str, number: i64) -> Self {
        self.0.push((column, Value::Number(number)));
        self
    }

    /// The statement that inserts a row.
    fn insert(&self) -> String {
        let names = self.0.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let placeholders = vec!["?"; self.0.len()].join(", ");
        format!("INSERT INTO articles ({names}) VALUES ({placeholders})")
    }

    /// The statement that updates a row. `more` is the rest of the statement: further assignments
    /// and the `WHERE` clause. The values of its placeholders are bound after the columns.
    fn update(&self, more: &str) -> String {
        let assignments =
            self.0.iter().map(|(name, _)| format!("{name} = ?")).collect::<Vec<_>>().join(", ");
        format!("UPDATE articles SET {assignments}, version = version + 1{more}")
    }

    /// Runs a statement whose placeholders are the columns followed by `keys`. Returns the ID of
    /// the inserted row, and the number of rows written.
    async fn execute(
        &self,
        transaction: &mut Transaction,
        sql: String,
        keys: &[i64],
    ) -> sqlx::Result<(i64, u64)> {
        on_connection!(transaction, connection => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (_, value) in &self.0 {
                query = match value {
                    Value::Text(text) => query.bind(*text),
                    Value::OptionalText(text) => query.bind(*text),
                    Value::Number(number) => query.bind(*number),
                    Value::OptionalNumber(number) => query.bind(*number),
                };
            }
            for key in keys {
                query = query.bind(*key);
            }
            let result = query.execute(connection).await?;
            Ok((result.inserted_id(), result.rows_affected()))
        })
    }
}

/// Inserts an article's row, without what is in other tables. Returns its ID.
pub(in crate::server::db) async fn insert(
    transaction: &mut Transaction,
    article: &ArticleFields,
    first_author: UserId,
    now: Millis,
) -> sqlx::Result<ArticleId> {
    let derived = Derived::of(article)?;
    // What was published elsewhere before was not changed by coming here.
    let updated_at = article.published_at.filter(|at| *at < now).unwrap_or(now);
    let columns = Columns::of(article, &derived, updated_at)
        .and("author_id", first_author.0)
        .and("created_at", now.0);
    let (id, _) = columns.execute(transaction, columns.insert(), &[]).await?;
    Ok(ArticleId(id))
}

/// Updates an article's row, and restores it if it was deleted.
async fn update(
    transaction: &mut Transaction,
    id: ArticleId,
    article: &ArticleFields,
    first_author: UserId,
    now: Millis,
) -> sqlx::Result<()> {
    let derived = Derived::of(article)?;
    let columns = Columns::of(article, &derived, now).and("author_id", first_author.0);
    let sql = columns.update(", deleted_at = NULL WHERE id = ?");
    columns.execute(transaction, sql, &[id.0]).await.map(drop)
}

/// Updates an article's row if its version is still `version`. Returns false otherwise.
pub(in crate::server::db) async fn update_under_version(
    transaction: &mut Transaction,
    id: ArticleId,
    version: i64,
    article: &ArticleFields,
    now: Millis,
) -> sqlx::Result<bool> {
    let derived = Derived::of(article)?;
    let columns = Columns::of(article, &derived, now);
    let sql = columns.update(" WHERE id = ? AND version = ?");
    let (_, rows) = columns.execute(transaction, sql, &[id.0, version]).await?;
    Ok(rows == 1)
}

/// Returns those of `aliases` that no article other than `id` has, without duplicates.
async fn free_aliases(
    transaction: &mut Transaction,
    aliases: &[String],
    id: Option<ArticleId>,
) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT article_id FROM article_aliases WHERE path = ?";
    let mut free = Vec::with_capacity(aliases.len());
    for path in aliases {
        let owner: Option<ArticleId> = on_connection!(transaction, connection => {
            sqlx::query_scalar(sql).bind(path).fetch_optional(connection).await?
        });
        if owner.is_none_or(|owner| Some(owner) == id) && !free.contains(path) {
            free.push(path.clone());
        }
    }
    Ok(free)
}

/// Picks the user name for a byline. If a writer has this display name, it is their user name,
/// whatever that is. Otherwise it is the user name suggested by the display name, with a number
/// appended if a reader has it: someone who registers the name of an author who is yet to be
/// imported must not get the articles.
async fn username_for_byline(
    transaction: &mut Transaction,
    author: &Author,
) -> sqlx::Result<String> {
    let by_name =
        format!("SELECT username FROM users WHERE name = ? AND {WRITES} ORDER BY id LIMIT 1");
    let is_readers =
        format!("SELECT EXISTS (SELECT 1 FROM users WHERE username = ? AND NOT {WRITES})");
    on_connection!(transaction, connection => {
        let known = sqlx::query_scalar(AssertSqlSafe(by_name)).bind(&author.name).fetch_optional(&mut *connection);
        let known: Option<String> = known.await?;
        if let Some(known) = known {
            return Ok(known);
        }
        let numbered = (2..MOST_NAMESAKES).map(|number| format!("{}-{number}", author.username));
        for username in std::iter::once(author.username.clone()).chain(numbered) {
            let sql = AssertSqlSafe(is_readers.clone());
            let is_readers: bool = sqlx::query_scalar(sql).bind(&username).fetch_one(&mut *connection).await?;
            if !is_readers {
                return Ok(username);
            }
        }
        Err(sqlx::Error::Protocol(format!("{MOST_NAMESAKES} readers are named like the author {:?}", author.username)))
    })
}

/// Returns the ID of the writer with this user name, or adds one who can't sign in.
async fn user_for_byline(
    transaction: &mut Transaction,
    author: &Author,
    now: Millis,
) -> sqlx::Result<UserId> {
    let select = format!("SELECT id FROM users WHERE username = ? AND {WRITES}");
    let insert = "INSERT INTO users (username, name, role, created_at) VALUES (?, ?, 'author', ?)";
    on_connection!(transaction, connection => {
        let again = AssertSqlSafe(select.clone());
        let id = sqlx::query_scalar(AssertSqlSafe(select)).bind(&author.username).fetch_optional(&mut *connection).await?;
        if let Some(id) = id {
            return Ok(id);
        }
        let user = sqlx::query(insert).bind(&author.username).bind(&author.name).bind(now);
        match user.execute(&mut *connection).await {
            Ok(result) => Ok(UserId(result.inserted_id())),
            // An operator has just added the user, which needs no transaction. If a reader has just
            // signed up with the name, the import fails and can be repeated.
            Err(error) if is_taken(&error) => {
                sqlx::query_scalar(again).bind(&author.username).fetch_one(connection).await
            }
            Err(error) => Err(error),
        }
    })
}

/// Returns the ID of the tag with this slug, adding the tag if necessary. Until an article with it
/// is published, each save names it anew: whoever typed it first must not have named it for
/// everybody.
async fn id_of_tag(transaction: &mut Transaction, tag: &Tag) -> sqlx::Result<i64> {
    on_connection!(transaction, connection => {
        let select = sqlx::query_scalar("SELECT id FROM tags WHERE slug = ?").bind(&tag.slug);
        if let Some(id) = select.fetch_optional(&mut *connection).await? {
            let rename = "UPDATE tags SET name = ? WHERE id = ? AND name <> ? AND NOT EXISTS
                (SELECT 1 FROM article_tags JOIN articles ON articles.id = article_tags.article_id
                 WHERE article_tags.tag_id = tags.id AND articles.status = 'published' AND articles.deleted_at IS NULL)";
            let rename = sqlx::query(rename).bind(&tag.name).bind(id).bind(&tag.name);
            rename.execute(connection).await?;
            return Ok(id);
        }
        let insert = sqlx::query("INSERT INTO tags (slug, name) VALUES (?, ?)").bind(&tag.slug).bind(&tag.name);
        insert.execute(connection).await.map(|result| result.inserted_id())
    })
}
