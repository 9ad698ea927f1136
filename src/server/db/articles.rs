//! Articles: what readers see of them, and writing them.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow, SqliteConnection};

use super::Database;
use crate::model::article::{Article, ArticleSummary, Author, Heading, Tag};
use crate::model::page::Page;

/// Which of the published articles a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those with the tag of this slug.
    pub tag: Option<String>,
    /// Only those with this user in the byline.
    pub author: Option<String>,
    /// Only those whose title, summary or text contains this.
    pub text: Option<String>,
}

/// Whether readers see an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "lowercase")]
pub enum Status {
    /// Nobody but its author sees it.
    Draft,
    /// Readers see it from `published_at` on.
    Published,
}

/// Everything that an author decides about an article, and what is rendered from it.
#[derive(Clone, Debug, PartialEq)]
pub struct ArticleFields {
    /// The name in its address.
    pub slug: String,
    /// Plain text.
    pub title: String,
    /// Plain text.
    pub summary: String,
    /// The text.
    pub markdown: String,
    /// The text, rendered and sanitised.
    pub html: String,
    /// Its headings.
    pub contents: Vec<Heading>,
    /// At least 1.
    pub reading_minutes: i64,
    /// A BCP 47 tag.
    pub language: String,
    /// Draft or published.
    pub status: Status,
    /// Milliseconds since 1970; a draft may have none.
    pub published_at: Option<i64>,
    /// The byline, at least one.
    pub authors: Vec<Author>,
    /// In order.
    pub tags: Vec<Tag>,
    /// Other addresses that lead here: with a leading slash, without a trailing one.
    pub aliases: Vec<String>,
}

impl ArticleFields {
    /// Whether writing `other` here, with these `aliases`, would change nothing. An author and a tag are the same if their
    /// user name and slug are: the names that go with them belong to the user and the tag, not to the article.
    fn holds(&self, other: &ArticleFields, aliases: &[String]) -> bool {
        let usernames = |article: &ArticleFields| -> Vec<String> {
            article.authors.iter().map(|author| author.username.clone()).collect()
        };
        let slugs =
            |article: &ArticleFields| -> Vec<String> { article.tags.iter().map(|tag| tag.slug.clone()).collect() };
        self.aliases == aliases
            && usernames(self) == usernames(other)
            && slugs(self) == slugs(other)
            && ArticleFields { authors: vec![], tags: vec![], aliases: vec![], ..self.clone() }
                == ArticleFields { authors: vec![], tags: vec![], aliases: vec![], ..other.clone() }
    }
}

/// What writing an article did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// There was none of that slug.
    Created,
    /// There was one that differed.
    Updated,
    /// There was the same one.
    Unchanged,
}

const VISIBLE: &str = "articles.status = 'published' AND articles.published_at <= ?1 AND articles.deleted_at IS NULL";

const SUMMARY: &str = "articles.id, articles.slug, articles.title, articles.summary, articles.published_at,
    articles.reading_minutes, coalesce(article_stats.views, 0) AS views, coalesce(article_stats.likes, 0) AS likes,
    coalesce(article_stats.collects, 0) AS collects,
    (SELECT json_group_array(json_object('username', users.username, 'name', users.name) ORDER BY position)
     FROM article_authors JOIN users ON users.id = article_authors.user_id
     WHERE article_authors.article_id = articles.id) AS authors,
    (SELECT json_group_array(json_object('slug', tags.slug, 'name', tags.name) ORDER BY position)
     FROM article_tags JOIN tags ON tags.id = article_tags.tag_id
     WHERE article_tags.article_id = articles.id) AS tags";

const FROM: &str = "FROM articles LEFT JOIN article_stats ON article_stats.article_id = articles.id";

/// ?1 is the time, ?2 the tag, ?3 the author, ?4 the text; each NULL where it does not filter.
const FILTER: &str = "(?2 IS NULL OR articles.id IN (SELECT article_tags.article_id FROM article_tags
        JOIN tags ON tags.id = article_tags.tag_id WHERE tags.slug = ?2))
    AND (?3 IS NULL OR articles.id IN (SELECT article_authors.article_id FROM article_authors
        JOIN users ON users.id = article_authors.user_id WHERE users.username = ?3))
    AND (?4 IS NULL OR articles.search_text LIKE ?4 ESCAPE '\\')";

#[derive(FromRow)]
struct SummaryRow {
    id: i64,
    slug: String,
    title: String,
    summary: String,
    #[sqlx(json)]
    authors: Vec<Author>,
    #[sqlx(json)]
    tags: Vec<Tag>,
    published_at: i64,
    reading_minutes: i64,
    views: i64,
    likes: i64,
    collects: i64,
}

#[derive(FromRow)]
struct ArticleRow {
    #[sqlx(flatten)]
    summary: SummaryRow,
    markdown: String,
    html: String,
    #[sqlx(json)]
    contents: Vec<Heading>,
    language: String,
    updated_at: i64,
    version: i64,
}

fn timestamp(milliseconds: i64) -> sqlx::Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| sqlx::Error::Decode(error.into()))
}

impl SummaryRow {
    fn into_summary(self) -> sqlx::Result<ArticleSummary> {
        Ok(ArticleSummary {
            id: self.id,
            slug: self.slug,
            title: self.title,
            summary: self.summary,
            authors: self.authors,
            tags: self.tags,
            published_at: timestamp(self.published_at)?,
            reading_minutes: self.reading_minutes,
            views: self.views,
            likes: self.likes,
            collects: self.collects,
        })
    }
}

impl ArticleRow {
    fn into_article(self) -> sqlx::Result<Article> {
        Ok(Article {
            summary: self.summary.into_summary()?,
            markdown: self.markdown,
            html: self.html,
            contents: self.contents,
            language: self.language,
            updated_at: timestamp(self.updated_at)?,
            version: self.version,
        })
    }
}

impl Database {
    /// A page of the articles that readers see at `now`, newest first. A page past the end is empty.
    pub async fn articles(
        &self,
        filter: &Filter,
        page: i64,
        per_page: i64,
        now: i64,
    ) -> sqlx::Result<Page<ArticleSummary>> {
        let text = filter.text.as_deref().map(contains);
        let count = format!("SELECT count(*) FROM articles WHERE {VISIBLE} AND {FILTER}");
        let total: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(now)
            .bind(&filter.tag)
            .bind(&filter.author)
            .bind(&text)
            .fetch_one(self.reader())
            .await?;
        let list = format!(
            "SELECT {SUMMARY} {FROM} WHERE {VISIBLE} AND {FILTER}
             ORDER BY articles.published_at DESC, articles.id DESC LIMIT ?5 OFFSET ?6"
        );
        let rows: Vec<SummaryRow> = sqlx::query_as(AssertSqlSafe(list))
            .bind(now)
            .bind(&filter.tag)
            .bind(&filter.author)
            .bind(&text)
            .bind(per_page)
            .bind((page - 1).saturating_mul(per_page))
            .fetch_all(self.reader())
            .await?;
        let items = rows.into_iter().map(SummaryRow::into_summary).collect::<sqlx::Result<_>>()?;
        Ok(Page::new(items, page, per_page, total))
    }

    /// The article of that number, if readers see it at `now`.
    pub async fn article(&self, id: i64, now: i64) -> sqlx::Result<Option<Article>> {
        self.one_article("articles.id = ?2", id, now).await
    }

    /// The article of that slug, if readers see it at `now`.
    pub async fn article_by_slug(&self, slug: &str, now: i64) -> sqlx::Result<Option<Article>> {
        self.one_article("articles.slug = ?2", slug, now).await
    }

    async fn one_article<'q, K>(&self, key: &str, value: K, now: i64) -> sqlx::Result<Option<Article>>
    where
        K: sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + 'q,
    {
        let sql = format!(
            "SELECT {SUMMARY}, articles.markdown, articles.html, articles.contents, articles.language,
                articles.updated_at, articles.version
             {FROM} WHERE {VISIBLE} AND {key}"
        );
        let row: Option<ArticleRow> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(value).fetch_optional(self.reader()).await?;
        row.map(ArticleRow::into_article).transpose()
    }

    /// Whether readers see the article at `now`.
    pub async fn is_visible(&self, id: i64, now: i64) -> sqlx::Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM articles WHERE {VISIBLE} AND articles.id = ?2)");
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(id).fetch_one(self.reader()).await
    }

    /// The slug of the visible article that once had this address: with a leading slash, without a trailing one.
    pub async fn slug_by_alias(&self, path: &str, now: i64) -> sqlx::Result<Option<String>> {
        let sql = format!(
            "SELECT articles.slug FROM article_aliases JOIN articles ON articles.id = article_aliases.article_id
             WHERE {VISIBLE} AND article_aliases.path = ?2"
        );
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(path).fetch_optional(self.reader()).await
    }

    /// The tag of that slug, if a visible article has it.
    pub async fn tag(&self, slug: &str, now: i64) -> sqlx::Result<Option<Tag>> {
        let sql = format!(
            "SELECT tags.slug, tags.name FROM tags WHERE tags.slug = ?2 AND EXISTS
             (SELECT 1 FROM article_tags JOIN articles ON articles.id = article_tags.article_id
              WHERE article_tags.tag_id = tags.id AND {VISIBLE})"
        );
        let row: Option<(String, String)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(slug).fetch_optional(self.reader()).await?;
        Ok(row.map(|(slug, name)| Tag { slug, name }))
    }

    /// The author of that user name, if a visible article has the name in its byline.
    pub async fn author(&self, username: &str, now: i64) -> sqlx::Result<Option<Author>> {
        let sql = format!(
            "SELECT users.username, users.name FROM users WHERE users.username = ?2 AND EXISTS
             (SELECT 1 FROM article_authors JOIN articles ON articles.id = article_authors.article_id
              WHERE article_authors.user_id = users.id AND {VISIBLE})"
        );
        let row: Option<(String, String)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(username).fetch_optional(self.reader()).await?;
        Ok(row.map(|(username, name)| Author { username, name }))
    }

    /// The address and time of last change of every visible article, newest first, at most 50,000 (a sitemap's limit).
    pub async fn sitemap(&self, now: i64) -> sqlx::Result<Vec<(String, Timestamp)>> {
        let sql = format!(
            "SELECT articles.slug, articles.updated_at FROM articles WHERE {VISIBLE}
             ORDER BY articles.published_at DESC, articles.id DESC LIMIT 50000"
        );
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql)).bind(now).fetch_all(self.reader()).await?;
        rows.into_iter().map(|(slug, updated_at)| Ok((slug, timestamp(updated_at)?))).collect()
    }

    /// The slug of every article, deleted ones included, with its date.
    pub async fn dates_of_slugs(&self) -> sqlx::Result<HashMap<String, Option<i64>>> {
        let rows: Vec<(String, Option<i64>)> =
            sqlx::query_as("SELECT slug, published_at FROM articles").fetch_all(self.reader()).await?;
        Ok(rows.into_iter().collect())
    }

    /// Whether there is no article at all, deleted ones included.
    pub async fn is_empty(&self) -> sqlx::Result<bool> {
        sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM articles)").fetch_one(self.reader()).await
    }

    /// Every article that is not deleted, drafts too, in order of their ids.
    pub async fn all_fields(&self) -> sqlx::Result<Vec<ArticleFields>> {
        let mut connection = self.reader().acquire().await?;
        let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM articles WHERE deleted_at IS NULL ORDER BY id")
            .fetch_all(&mut *connection)
            .await?;
        let mut all = Vec::with_capacity(ids.len());
        for id in ids {
            all.extend(fields(&mut connection, id).await?);
        }
        Ok(all)
    }
}

/// Writes an article under its slug: makes it, or changes what differs. A count is never touched (rule C7).
///
/// An alias that another article has stays with that article. A deleted article of the slug comes back.
pub async fn write(connection: &mut SqliteConnection, article: &ArticleFields, now: i64) -> sqlx::Result<Written> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM articles WHERE slug = ?")
        .bind(&article.slug)
        .fetch_optional(&mut *connection)
        .await?;
    let aliases = free_aliases(connection, &article.aliases, id).await?;
    let mut article = article.clone();
    for author in &mut article.authors {
        author.username = username_for_byline(connection, author).await?;
    }
    let article = &article;
    let mut written = Written::Created;
    if let Some(id) = id {
        if fields(connection, id).await?.is_some_and(|stored| stored.holds(article, &aliases)) {
            return Ok(Written::Unchanged);
        }
        written = Written::Updated;
    }
    let mut author_ids = Vec::new();
    for author in &article.authors {
        author_ids.push(user_for_byline(connection, author, now).await?);
    }
    let first_author = author_ids.first().copied().ok_or(sqlx::Error::RowNotFound)?;
    let contents = serde_json::to_string(&article.contents).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO articles (slug, title, summary, markdown, html, contents, reading_minutes, language, author_id, status,
            published_at, created_at, updated_at, search_text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13)
         ON CONFLICT (slug) DO UPDATE SET title = excluded.title, summary = excluded.summary,
            markdown = excluded.markdown, html = excluded.html, contents = excluded.contents,
            reading_minutes = excluded.reading_minutes, language = excluded.language, author_id = excluded.author_id, status = excluded.status,
            published_at = excluded.published_at, updated_at = excluded.updated_at, search_text = excluded.search_text, version = version + 1,
            deleted_at = NULL
         RETURNING id",
    )
    .bind(&article.slug)
    .bind(&article.title)
    .bind(&article.summary)
    .bind(&article.markdown)
    .bind(&article.html)
    .bind(contents)
    .bind(article.reading_minutes)
    .bind(&article.language)
    .bind(first_author)
    .bind(article.status)
    .bind(article.published_at)
    .bind(now)
    .bind(format!("{}\n{}\n{}", article.title, article.summary, article.markdown).to_lowercase())
    .fetch_one(&mut *connection)
    .await?;
    for table in ["article_authors", "article_tags", "article_aliases"] {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE article_id = ?")))
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    for (position, user) in (0i64..).zip(&author_ids) {
        sqlx::query("INSERT INTO article_authors (article_id, position, user_id) VALUES (?, ?, ?)")
            .bind(id)
            .bind(position)
            .bind(user)
            .execute(&mut *connection)
            .await?;
    }
    for (position, tag) in (0i64..).zip(&article.tags) {
        sqlx::query("INSERT INTO tags (slug, name) VALUES (?, ?) ON CONFLICT (slug) DO NOTHING")
            .bind(&tag.slug)
            .bind(&tag.name)
            .execute(&mut *connection)
            .await?;
        sqlx::query("INSERT INTO article_tags (article_id, position, tag_id) SELECT ?, ?, id FROM tags WHERE slug = ?")
            .bind(id)
            .bind(position)
            .bind(&tag.slug)
            .execute(&mut *connection)
            .await?;
    }
    for (position, path) in (0i64..).zip(&aliases) {
        sqlx::query("INSERT INTO article_aliases (path, article_id, position) VALUES (?, ?, ?)")
            .bind(path)
            .bind(id)
            .bind(position)
            .execute(&mut *connection)
            .await?;
    }
    Ok(written)
}

/// Those of `aliases` that no other article than `id` has, each once.
async fn free_aliases(
    connection: &mut SqliteConnection,
    aliases: &[String],
    id: Option<i64>,
) -> sqlx::Result<Vec<String>> {
    let mut free = Vec::with_capacity(aliases.len());
    for path in aliases {
        let owner: Option<i64> = sqlx::query_scalar("SELECT article_id FROM article_aliases WHERE path = ?")
            .bind(path)
            .fetch_optional(&mut *connection)
            .await?;
        if owner.is_none_or(|owner| Some(owner) == id) && !free.contains(path) {
            free.push(path.clone());
        }
    }
    Ok(free)
}

/// The user name behind a name in a byline: that of the user of this name, who may sign in as something else entirely, or
/// the one that the name suggests.
async fn username_for_byline(connection: &mut SqliteConnection, author: &Author) -> sqlx::Result<String> {
    let known: Option<String> = sqlx::query_scalar("SELECT username FROM users WHERE name = ? ORDER BY id LIMIT 1")
        .bind(&author.name)
        .fetch_optional(connection)
        .await?;
    Ok(known.unwrap_or_else(|| author.username.clone()))
}

/// The user of that user name, or a new one who can't sign in.
async fn user_for_byline(connection: &mut SqliteConnection, author: &Author, now: i64) -> sqlx::Result<i64> {
    sqlx::query(
        "INSERT INTO users (username, name, role, created_at) VALUES (?, ?, 'author', ?)
         ON CONFLICT (username) DO NOTHING",
    )
    .bind(&author.username)
    .bind(&author.name)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar("SELECT id FROM users WHERE username = ?").bind(&author.username).fetch_one(connection).await
}

/// What an author decided about the article of that number; `None` if there is none or it is deleted.
async fn fields(connection: &mut SqliteConnection, id: i64) -> sqlx::Result<Option<ArticleFields>> {
    #[derive(FromRow)]
    struct Row {
        slug: String,
        title: String,
        summary: String,
        markdown: String,
        html: String,
        #[sqlx(json)]
        contents: Vec<Heading>,
        reading_minutes: i64,
        language: String,
        status: Status,
        published_at: Option<i64>,
    }
    let row: Option<Row> = sqlx::query_as(
        "SELECT slug, title, summary, markdown, html, contents, reading_minutes, language, status, published_at
         FROM articles WHERE id = ? AND deleted_at IS NULL",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let authors: Vec<(String, String)> = sqlx::query_as(
        "SELECT users.username, users.name FROM article_authors JOIN users ON users.id = article_authors.user_id
         WHERE article_authors.article_id = ? ORDER BY article_authors.position",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    let tags: Vec<(String, String)> = sqlx::query_as(
        "SELECT tags.slug, tags.name FROM article_tags JOIN tags ON tags.id = article_tags.tag_id
         WHERE article_tags.article_id = ? ORDER BY article_tags.position",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    let aliases = sqlx::query_scalar("SELECT path FROM article_aliases WHERE article_id = ? ORDER BY position")
        .bind(id)
        .fetch_all(&mut *connection)
        .await?;
    Ok(Some(ArticleFields {
        slug: row.slug,
        title: row.title,
        summary: row.summary,
        markdown: row.markdown,
        html: row.html,
        contents: row.contents,
        reading_minutes: row.reading_minutes,
        language: row.language,
        status: row.status,
        published_at: row.published_at,
        authors: authors.into_iter().map(|(username, name)| Author { username, name }).collect(),
        tags: tags.into_iter().map(|(slug, name)| Tag { slug, name }).collect(),
        aliases,
    }))
}

/// A LIKE pattern for a `search_text` that contains `text`, whatever the case of its letters.
fn contains(text: &str) -> String {
    format!("%{}%", text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}
