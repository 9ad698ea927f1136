//! What `/tags`, `/authors` and `/archive` show.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::markdown::plain_line;
use tidemark_store::clock::Millis;

use super::articles::{AUTHOR_COLUMNS, AuthorRow, VISIBLE, timestamp};
use super::{Database, on_reader};
use crate::model::article::{Author, Tag};
use crate::model::page::Page;
use crate::model::pages::Archived;

/// Maximum number of tags on the page of all tags, and of authors on theirs.
const MOST: i64 = 2_000;

/// An author in the list of all.
#[derive(FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    author: AuthorRow,
    articles: i64,
}

impl Database {
    /// The tags of the articles visible at `now` by name, with the number of articles.
    pub async fn all_tags(&self, now: Millis) -> sqlx::Result<Vec<(Tag, i64)>> {
        let sql = format!(
            "SELECT tags.slug, tags.name, count(*) FROM tags JOIN article_tags ON article_tags.tag_id = tags.id
             JOIN articles ON articles.id = article_tags.article_id WHERE {VISIBLE}
             GROUP BY tags.id, tags.slug, tags.name ORDER BY tags.slug LIMIT ?"
        );
        let rows: Vec<(String, String, i64)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(MOST).fetch_all(pool).await?
        });
        Ok(rows.into_iter().map(|(slug, name, count)| (Tag { slug, name }, count)).collect())
    }

    /// The authors of the articles visible at `now` by name, with the number of articles.
    pub async fn all_authors(&self, now: Millis) -> sqlx::Result<Vec<(Author, i64)>> {
        let sql = format!(
            "SELECT {AUTHOR_COLUMNS}, count(*) AS articles FROM users
             JOIN article_authors ON article_authors.user_id = users.id
             JOIN articles ON articles.id = article_authors.article_id WHERE {VISIBLE}
             GROUP BY users.id, {AUTHOR_COLUMNS} ORDER BY users.name, users.id LIMIT ?"
        );
        let rows: Vec<ListedRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(MOST).fetch_all(pool).await?
        });
        let author = |ListedRow { author, articles }| (author.into(), articles);
        Ok(rows.into_iter().map(author).collect())
    }

    /// One page of the articles visible at `now`, newest first.
    pub async fn archive(
        &self,
        page: i64,
        per_page: i64,
        now: Millis,
    ) -> sqlx::Result<Page<Archived>> {
        let count = format!("SELECT count(*) FROM articles WHERE {VISIBLE}");
        let total = on_reader!(self, pool => {
            sqlx::query_scalar(AssertSqlSafe(count)).bind(now).fetch_one(pool).await?
        });
        let sql = format!(
            "SELECT slug, title, language, published_at FROM articles WHERE {VISIBLE}
             ORDER BY published_at DESC, id DESC LIMIT ? OFFSET ?"
        );
        let offset = (page - 1).saturating_mul(per_page);
        let rows: Vec<(String, String, String, Millis)> = on_reader!(self, pool => {
            let query = sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(per_page).bind(offset);
            query.fetch_all(pool).await?
        });
        let article = |(slug, title, language, published_at): (String, String, String, Millis)| {
            let (title, published_at) = (plain_line(&title), timestamp(published_at)?);
            Ok(Archived { slug, title, language, published_at })
        };
        let items: sqlx::Result<Vec<Archived>> = rows.into_iter().map(article).collect();
        Ok(Page::new(items?, page, per_page, total))
    }
}
