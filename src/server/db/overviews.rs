//! What `/tags`, `/authors` and `/archive` show.

use sqlx::AssertSqlSafe;
use tidemark_content::markdown::plain_line;
use tidemark_store::clock::Millis;

use super::articles::{VISIBLE, timestamp};
use super::{Database, on_reader};
use crate::model::article::{Author, Tag};
use crate::model::page::Page;
use crate::model::pages::Archived;

/// Maximum number of tags on the page of all tags, and of authors on theirs.
const MOST: i64 = 2_000;

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
            "SELECT users.username, users.name, count(*) FROM users
             JOIN article_authors ON article_authors.user_id = users.id
             JOIN articles ON articles.id = article_authors.article_id WHERE {VISIBLE}
             GROUP BY users.id, users.username, users.name ORDER BY users.name, users.id LIMIT ?"
        );
        let rows: Vec<(String, String, i64)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(MOST).fetch_all(pool).await?
        });
        let author = |(username, name, count)| (Author { username, name }, count);
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
            "SELECT slug, title, published_at FROM articles WHERE {VISIBLE}
             ORDER BY published_at DESC, id DESC LIMIT ? OFFSET ?"
        );
        let offset = (page - 1).saturating_mul(per_page);
        let rows: Vec<(String, String, i64)> = on_reader!(self, pool => {
            let query = sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(per_page).bind(offset);
            query.fetch_all(pool).await?
        });
        let article = |(slug, title, published_at): (String, String, i64)| {
            Ok(Archived { slug, title: plain_line(&title), published_at: timestamp(published_at)? })
        };
        let items: sqlx::Result<Vec<Archived>> = rows.into_iter().map(article).collect();
        Ok(Page::new(items?, page, per_page, total))
    }
}
