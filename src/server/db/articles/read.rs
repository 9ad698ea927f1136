//! Reading articles.

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{AssertSqlSafe, FromRow, MySqlConnection};
use tidemark_content::front_matter::forms_of_address;
use tidemark_content::markdown::plain_line;
use tidemark_content::pictures::name::FOLDER;
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;
use tidemark_store::sql::OwnConnection;

use super::super::baselines::{BaselineTable, Baselines};
use super::super::{Database, Dialect, Transaction, on_connection, on_own, on_reader};
use super::{ArticleFields, Kind, Status};
use crate::model::article::{Article, ArticleSummary, Author, Heading, Tag, may_be_page};
use crate::model::page::Page;

/// Which of the published articles a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only articles with this tag, by slug.
    pub tag: Option<String>,
    /// Only articles with this author in the byline, by user name.
    pub author: Option<String>,
}

impl Filter {
    /// The SQL to append to the `WHERE` clause, and the values of its placeholders in order.
    fn conditions(&self) -> (String, Vec<String>) {
        let conditions = [
            (
                self.tag.clone(),
                " AND articles.id IN (SELECT article_tags.article_id FROM article_tags
                    JOIN tags ON tags.id = article_tags.tag_id WHERE tags.slug = ?)",
            ),
            (
                self.author.clone(),
                " AND articles.id IN (SELECT article_authors.article_id FROM article_authors
                    JOIN users ON users.id = article_authors.user_id WHERE users.username = ?)",
            ),
        ];
        let used =
            conditions.into_iter().filter_map(|(value, sql)| value.map(|value| (sql, value)));
        used.unzip()
    }
}

/// SQL condition: readers may read the article or page. The placeholder is the time.
pub(in crate::server::db) const READABLE: &str =
    "articles.status = 'published' AND articles.published_at <= ? AND articles.deleted_at IS NULL";

/// SQL condition: it is an article that is visible to readers. The placeholder is the time. All
/// lists, feeds, rankings, searches and counts go by it, so no page is in any of them.
pub(in crate::server::db) const VISIBLE: &str =
    "articles.status = 'published' AND articles.published_at <= ? AND articles.deleted_at IS NULL
     AND articles.kind = 'article'";

pub(in crate::server::db) const FROM: &str =
    "FROM articles LEFT JOIN article_stats ON article_stats.article_id = articles.id";

/// The columns with an article's authors and tags, each a JSON array.
pub(in crate::server::db) fn authors_and_tags(dialect: Dialect) -> String {
    let authors = dialect.json_list(
        "json_object('username', users.username, 'name', users.name, 'about', users.about, 'avatar', users.avatar)",
    );
    let tags = dialect.json_list("json_object('slug', tags.slug, 'name', tags.name)");
    format!(
        "(SELECT {authors} FROM article_authors JOIN users ON users.id = article_authors.user_id
          WHERE article_authors.article_id = articles.id) AS authors,
         (SELECT {tags} FROM article_tags JOIN tags ON tags.id = article_tags.tag_id
          WHERE article_tags.article_id = articles.id) AS tags"
    )
}

/// The columns of a [`SummaryRow`].
pub(in crate::server::db) fn summary_columns(dialect: Dialect) -> String {
    let authors_and_tags = authors_and_tags(dialect);
    format!(
        "articles.id, articles.slug, articles.title, articles.summary, articles.published_at, articles.reading_minutes,
         coalesce(article_stats.views, 0) AS views, coalesce(article_stats.likes, 0) AS likes,
         coalesce(article_stats.collects, 0) AS collects, articles.cover, articles.language, {authors_and_tags}"
    )
}

/// Selects all [`ArticleRow`]s.
fn select_rows(dialect: Dialect) -> String {
    let columns = summary_columns(dialect);
    format!(
        "SELECT {columns}, articles.markdown, articles.html, articles.contents,
            articles.series, articles.updated_at, articles.version {FROM}"
    )
}

/// Selects the [`ArticleRow`]s that are visible to readers. The placeholder is the time.
fn select_articles(dialect: Dialect) -> String {
    let rows = select_rows(dialect);
    format!("{rows} WHERE {VISIBLE}")
}

/// The columns of an [`AuthorRow`].
pub(in crate::server::db) const AUTHOR_COLUMNS: &str =
    "users.username, users.name, users.about, users.avatar";

/// An author, as `users` has them.
#[derive(Deserialize, FromRow)]
pub(in crate::server::db) struct AuthorRow {
    pub username: String,
    name: String,
    about: String,
    /// The name of a picture.
    avatar: Option<String>,
}

impl From<AuthorRow> for Author {
    fn from(AuthorRow { username, name, about, avatar }: AuthorRow) -> Self {
        Self { username, name, about, avatar: avatar.map(|name| format!("{FOLDER}{name}")) }
    }
}

/// The authors of a byline.
fn byline(authors: Vec<AuthorRow>) -> Vec<Author> {
    authors.into_iter().map(Author::from).collect()
}

#[derive(FromRow)]
pub(in crate::server::db) struct SummaryRow {
    id: ArticleId,
    slug: String,
    title: String,
    summary: String,
    #[sqlx(json)]
    authors: Vec<AuthorRow>,
    #[sqlx(json)]
    tags: Vec<Tag>,
    published_at: Millis,
    reading_minutes: i64,
    views: i64,
    likes: i64,
    collects: i64,
    cover: Option<String>,
    language: String,
}

/// An article for a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentArticle {
    /// The fields that lists show too.
    pub summary: ArticleSummary,
    /// When readers could last see a change: its publication or a later edit.
    pub updated_at: Timestamp,
    /// The rendered text; `None` if it is too large.
    pub html: Option<String>,
}

/// Which articles to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those with these ids.
    Ids(Vec<ArticleId>),
    /// Those with these slugs.
    Slugs(Vec<String>),
}

#[derive(FromRow)]
struct RecentRow {
    #[sqlx(flatten)]
    summary: SummaryRow,
    updated_at: Millis,
    html: Option<String>,
}

#[derive(FromRow)]
struct ArticleRow {
    #[sqlx(flatten)]
    summary: SummaryRow,
    markdown: String,
    html: String,
    #[sqlx(json)]
    contents: Vec<Heading>,
    series: Option<String>,
    updated_at: Millis,
    version: i64,
}

pub(in crate::server::db) fn timestamp(time: Millis) -> sqlx::Result<Timestamp> {
    Timestamp::from_millisecond(time.0).map_err(|error| sqlx::Error::Decode(error.into()))
}

impl SummaryRow {
    /// The summary, with the views that were counted elsewhere in its total.
    pub(in crate::server::db) fn into_summary(
        self,
        baselines: &BaselineTable,
    ) -> sqlx::Result<ArticleSummary> {
        Ok(ArticleSummary {
            id: self.id,
            slug: self.slug,
            title: plain_line(&self.title),
            summary: plain_line(&self.summary),
            authors: byline(self.authors),
            tags: self.tags,
            published_at: timestamp(self.published_at)?,
            reading_minutes: self.reading_minutes,
            views: self.views.saturating_add(baselines.views(self.id)),
            baselines: baselines.of(self.id).to_vec(),
            likes: self.likes,
            collects: self.collects,
            cover: self.cover,
            language: self.language,
        })
    }
}

impl ArticleRow {
    fn into_article(self, baselines: &BaselineTable) -> sqlx::Result<Article> {
        Ok(Article {
            summary: self.summary.into_summary(baselines)?,
            markdown: self.markdown,
            html: self.html,
            contents: self.contents,
            series: self.series,
            updated_at: timestamp(self.updated_at)?,
            version: self.version,
        })
    }
}

/// Returns those of the articles with these slugs that are visible at `now`, with the views from
/// elsewhere that `baselines` has.
pub async fn articles_by_slugs(
    own: &mut OwnConnection,
    baselines: &Baselines,
    slugs: &[&str],
    now: Millis,
) -> sqlx::Result<Vec<Article>> {
    let Some(first) = slugs.first() else { return Ok(vec![]) };
    // Pad the list to a power of two by repeating the first slug, so that there are few different
    // statements to prepare.
    let placeholders = slugs.len().next_power_of_two();
    let articles = select_articles(own.database.dialect());
    let others = ", ?".repeat(placeholders - 1);
    let sql = format!("{articles} AND articles.slug IN (?{others})");
    let rows: Vec<ArticleRow> = on_own!(own, connection => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).bind(now);
        for slug in slugs.iter().chain(std::iter::repeat(first)).take(placeholders) {
            query = query.bind(*slug);
        }
        query.fetch_all(connection).await?
    });
    let baselines = baselines.current();
    rows.into_iter().map(|row| row.into_article(&baselines)).collect()
}

/// Returns which of `articles` still exist. A flush of view counts asks this before it adds to
/// them.
pub fn still_there<'call>(
    connection: &'call mut MySqlConnection,
    articles: &'call [ArticleId],
) -> BoxFuture<'call, sqlx::Result<HashSet<ArticleId>>> {
    Box::pin(async move {
        let articles =
            serde_json::to_string(articles).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let there: Vec<ArticleId> = sqlx::query_scalar(
            "SELECT articles.id FROM JSON_TABLE(?, '$[*]' COLUMNS (article_id BIGINT PATH '$')) AS wanted
             JOIN articles ON articles.id = wanted.article_id",
        )
        .bind(articles)
        .fetch_all(connection)
        .await?;
        Ok(there.into_iter().collect())
    })
}

impl Database {
    /// Returns a page of the articles visible at `now`, newest first. A page past the end is empty.
    /// Pass `total`, the number of all matching articles, to save counting them.
    pub async fn articles(
        &self,
        filter: &Filter,
        total: Option<i64>,
        page: i64,
        per_page: i64,
        now: Millis,
    ) -> sqlx::Result<Page<ArticleSummary>> {
        let (conditions, values) = filter.conditions();
        let count = format!("SELECT count(*) FROM articles WHERE {VISIBLE}{conditions}");
        let columns = summary_columns(self.dialect());
        let list = format!(
            "SELECT {columns} {FROM} WHERE {VISIBLE}{conditions}
             ORDER BY articles.published_at DESC, articles.id DESC LIMIT {per_page} OFFSET ?"
        );
        let offset = (page - 1).saturating_mul(per_page).max(0);
        let (total, rows): (i64, Vec<SummaryRow>) = on_reader!(self, pool => {
            let mut count = sqlx::query_scalar(AssertSqlSafe(count)).bind(now);
            let mut list = sqlx::query_as(AssertSqlSafe(list)).bind(now);
            for value in &values {
                count = count.bind(value);
                list = list.bind(value);
            }
            let total = match total {
                Some(total) => total,
                None => count.fetch_one(pool).await?,
            };
            (total, list.bind(offset).fetch_all(pool).await?)
        });
        let baselines = self.baselines().current();
        let items = rows.into_iter().map(|row| row.into_summary(&baselines));
        let items = items.collect::<sqlx::Result<_>>()?;
        Ok(Page::new(items, page, per_page, total))
    }

    /// Returns the article with this ID, if it is visible at `now`.
    pub async fn article(&self, id: ArticleId, now: Millis) -> sqlx::Result<Option<Article>> {
        let articles = select_articles(self.dialect());
        let sql = format!("{articles} AND articles.id = ?");
        let row: Option<ArticleRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(id).fetch_optional(pool).await?
        });
        row.map(|row| row.into_article(&self.baselines().current())).transpose()
    }

    /// Returns the article with this slug that is published or will be, whatever its date.
    pub async fn article_of_any_date(&self, slug: &str) -> sqlx::Result<Option<Article>> {
        let articles = select_articles(self.dialect());
        let sql = format!("{articles} AND articles.slug = ?");
        let row: Option<ArticleRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(i64::MAX).bind(slug).fetch_optional(pool).await?
        });
        row.map(|row| row.into_article(&self.baselines().current())).transpose()
    }

    /// Returns the page with this slug, if readers may read it at `now`.
    pub async fn page(&self, slug: &str, now: Millis) -> sqlx::Result<Option<Article>> {
        let rows = select_rows(self.dialect());
        let sql =
            format!("{rows} WHERE {READABLE} AND articles.kind = 'page' AND articles.slug = ?");
        let row: Option<ArticleRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(slug).fetch_optional(pool).await?
        });
        row.map(|row| row.into_article(&self.baselines().current())).transpose()
    }

    /// Returns up to `limit` articles visible at `now`, newest first, for a feed. A text of more
    /// than `largest` bytes is left out.
    pub async fn recent(
        &self,
        filter: &Filter,
        limit: i64,
        largest: i64,
        now: Millis,
    ) -> sqlx::Result<Vec<RecentArticle>> {
        let (conditions, values) = filter.conditions();
        let columns = summary_columns(self.dialect());
        let sql = format!(
            "SELECT {columns}, articles.updated_at,
                CASE WHEN octet_length(articles.html) <= ? THEN articles.html END AS html
             {FROM} WHERE {VISIBLE}{conditions}
             ORDER BY articles.published_at DESC, articles.id DESC LIMIT {limit}"
        );
        let rows: Vec<RecentRow> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(largest).bind(now);
            for value in &values {
                query = query.bind(value);
            }
            query.fetch_all(pool).await?
        });
        let baselines = self.baselines().current();
        let articles = rows.into_iter().map(|row| {
            Ok(RecentArticle {
                updated_at: timestamp(row.updated_at.max(row.summary.published_at))?,
                summary: row.summary.into_summary(&baselines)?,
                html: row.html,
            })
        });
        articles.collect()
    }

    /// Returns the summaries of those of `wanted` that are visible at `now`, in no order.
    pub async fn summaries(
        &self,
        wanted: &Wanted,
        now: Millis,
    ) -> sqlx::Result<Vec<ArticleSummary>> {
        let (column, count) = match wanted {
            Wanted::Ids(ids) => ("id", ids.len()),
            Wanted::Slugs(slugs) => ("slug", slugs.len()),
        };
        if count == 0 {
            return Ok(vec![]);
        }
        // As in `articles_by_slugs`, there are few different statements to prepare.
        let placeholders = count.next_power_of_two();
        let columns = summary_columns(self.dialect());
        let others = ", ?".repeat(placeholders - 1);
        let sql =
            format!("SELECT {columns} {FROM} WHERE {VISIBLE} AND articles.{column} IN (?{others})");
        let rows: Vec<SummaryRow> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(now);
            match wanted {
                Wanted::Ids(ids) => {
                    for id in ids.iter().cycle().take(placeholders) {
                        query = query.bind(*id);
                    }
                }
                Wanted::Slugs(slugs) => {
                    for slug in slugs.iter().cycle().take(placeholders) {
                        query = query.bind(slug);
                    }
                }
            }
            query.fetch_all(pool).await?
        });
        let baselines = self.baselines().current();
        rows.into_iter().map(|row| row.into_summary(&baselines)).collect()
    }

    /// Whether the article is visible at `now`.
    pub async fn is_visible(&self, id: ArticleId, now: Millis) -> sqlx::Result<bool> {
        let sql =
            format!("SELECT EXISTS (SELECT 1 FROM articles WHERE {VISIBLE} AND articles.id = ?)");
        on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(id).fetch_one(pool).await)
    }

    /// Returns the user IDs in the article's byline; `None` if it is not visible at `now`.
    pub async fn byline(&self, id: ArticleId, now: Millis) -> sqlx::Result<Option<Vec<UserId>>> {
        let sql = format!(
            "SELECT article_authors.user_id FROM articles
             LEFT JOIN article_authors ON article_authors.article_id = articles.id WHERE {VISIBLE} AND articles.id = ?"
        );
        let users: Vec<Option<UserId>> = on_reader!(self, pool => {
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(id).fetch_all(pool).await?
        });
        Ok((!users.is_empty()).then(|| users.into_iter().flatten().collect()))
    }

    /// Returns the address of the article or page with this alias: a path with a leading slash
    /// and without a trailing one. With and without `index.html` and `.html` it is the same
    /// address, unless two articles have two of these forms. A page's own address counts as its
    /// alias in all other forms.
    pub async fn address_by_alias(&self, path: &str, now: Millis) -> sqlx::Result<Option<String>> {
        let paths = forms_of_address(path);
        let sql = format!(
            "SELECT article_aliases.path, articles.kind, articles.slug FROM article_aliases
             JOIN articles ON articles.id = article_aliases.article_id
             WHERE {READABLE} AND article_aliases.path IN (?, ?, ?, ?)"
        );
        let rows: Vec<(String, String, String)> = on_reader!(self, pool => {
            let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(now);
            for path in &paths {
                query = query.bind(path);
            }
            query.fetch_all(pool).await?
        });
        let place = |path: &String| paths.iter().position(|one| one == path);
        let found = rows.into_iter().min_by_key(|(path, _, _)| place(path));
        if let Some((_, kind, slug)) = found {
            return Ok(Some(address(kind, &slug)?));
        }
        let mut slugs = paths.iter().filter_map(|path| path.strip_prefix('/'));
        let Some(slug) = slugs.find(|slug| may_be_page(slug)) else { return Ok(None) };
        Ok(self.page(slug, now).await?.map(|page| Kind::Page.address(&page.summary.slug)))
    }

    /// Returns the tag with this slug, if a visible article has it.
    pub async fn tag(&self, slug: &str, now: Millis) -> sqlx::Result<Option<Tag>> {
        let sql = format!(
            "SELECT tags.slug, tags.name FROM tags WHERE tags.slug = ? AND EXISTS
             (SELECT 1 FROM article_tags JOIN articles ON articles.id = article_tags.article_id
              WHERE article_tags.tag_id = tags.id AND {VISIBLE})"
        );
        let row: Option<(String, String)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(slug).bind(now).fetch_optional(pool).await?
        });
        Ok(row.map(|(slug, name)| Tag { slug, name }))
    }

    /// Returns the author with this user name, if they are in the byline of a visible article.
    pub async fn author(&self, username: &str, now: Millis) -> sqlx::Result<Option<Author>> {
        Ok(self.author_with_id(username, now).await?.map(|(_, author)| author))
    }

    /// Whether there are no articles at all, deleted ones included.
    pub async fn is_empty(&self) -> sqlx::Result<bool> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM articles)";
        on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
    }

    /// Returns every article that is not deleted, drafts included, ordered by ID.
    pub async fn all_fields(&self) -> sqlx::Result<Vec<ArticleFields>> {
        let fields = select_fields(self.dialect());
        let sql = format!("{fields} WHERE articles.deleted_at IS NULL ORDER BY articles.id");
        let rows: Vec<FieldsRow> =
            on_reader!(self, pool => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await?);
        Ok(rows.into_iter().map(FieldsRow::into_fields).collect())
    }
}

/// The address of what has this kind, as it is in the database, and this slug.
pub(in crate::server::db) fn address(kind: String, slug: &str) -> sqlx::Result<String> {
    let kind = Kind::try_from(kind).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(kind.address(slug))
}

#[derive(FromRow)]
pub(in crate::server::db) struct FieldsRow {
    #[sqlx(try_from = "String")]
    kind: Kind,
    slug: String,
    title: String,
    summary: String,
    markdown: String,
    html: String,
    #[sqlx(json)]
    contents: Vec<Heading>,
    reading_minutes: i64,
    language: String,
    #[sqlx(try_from = "String")]
    status: Status,
    published_at: Option<Millis>,
    updated_at: Millis,
    series: Option<String>,
    #[sqlx(json)]
    authors: Vec<AuthorRow>,
    #[sqlx(json)]
    tags: Vec<Tag>,
    #[sqlx(json)]
    aliases: Vec<String>,
    cover: Option<String>,
}

impl FieldsRow {
    pub(in crate::server::db) fn into_fields(self) -> ArticleFields {
        ArticleFields {
            kind: self.kind,
            slug: self.slug,
            title: self.title,
            summary: self.summary,
            markdown: self.markdown,
            html: self.html,
            contents: self.contents,
            reading_minutes: self.reading_minutes,
            language: self.language,
            status: self.status,
            published_at: self.published_at,
            updated_at: Some(self.updated_at),
            series: self.series,
            authors: byline(self.authors),
            tags: self.tags,
            aliases: self.aliases,
            cover: self.cover,
        }
    }
}

/// Selects the [`FieldsRow`]s of all articles, deleted ones included.
pub(in crate::server::db) fn select_fields(dialect: Dialect) -> String {
    let authors_and_tags = authors_and_tags(dialect);
    let aliases = dialect.json_list("json_quote(article_aliases.path)");
    format!(
        "SELECT articles.kind, articles.slug, articles.title, articles.summary, articles.markdown, articles.html, articles.contents,
            articles.reading_minutes, articles.language, articles.status, articles.published_at,
            articles.updated_at, articles.series, articles.cover, {authors_and_tags}, (SELECT {aliases} FROM article_aliases WHERE article_aliases.article_id = articles.id) AS aliases
         FROM articles"
    )
}

/// Returns the fields of the article with this ID; `None` if it does not exist or is deleted.
pub(super) async fn fields(
    transaction: &mut Transaction,
    id: ArticleId,
) -> sqlx::Result<Option<ArticleFields>> {
    let fields = select_fields(transaction.dialect());
    let sql = format!("{fields} WHERE articles.deleted_at IS NULL AND articles.id = ?");
    let row: Option<FieldsRow> = on_connection!(transaction, connection => {
        sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?
    });
    Ok(row.map(FieldsRow::into_fields))
}

/// Returns a LIKE pattern, with `!` as the escape character, that matches a lower-case column
/// containing `text`. The case of `text` does not matter.
pub(in crate::server::db) fn contains(text: &str) -> String {
    format!("%{}%", text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}
