//! Lists of articles that belong to somebody, and how many articles and followers an author has.

use sqlx::AssertSqlSafe;

use super::articles::{FROM, SummaryRow, VISIBLE, summary_columns};
use super::{Database, on_reader};
use crate::model::article::{ArticleSummary, Author};
use crate::model::page::Page;

/// Whose articles a list shows. The number is a user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// What the user keeps, the last kept first.
    Collected(i64),
    /// What those wrote whom the user follows, newest first.
    Followed(i64),
    /// What the user wrote, newest first.
    Written(i64),
}

impl List {
    /// What follows the tables, with the user as the last placeholder; and the order.
    fn parts(self) -> (&'static str, String, &'static str, i64) {
        const NEWEST: &str = "articles.published_at DESC, articles.id DESC";
        match self {
            List::Collected(user) => (
                "JOIN collects ON collects.article_id = articles.id",
                format!("{VISIBLE} AND collects.user_id = ?"),
                "collects.created_at DESC, articles.id DESC",
                user,
            ),
            List::Followed(user) => (
                "",
                format!(
                    "{VISIBLE} AND articles.id IN (SELECT article_authors.article_id FROM article_authors
                     JOIN follows ON follows.author_id = article_authors.user_id WHERE follows.user_id = ?)"
                ),
                NEWEST,
                user,
            ),
            List::Written(user) => (
                "",
                format!(
                    "{VISIBLE} AND articles.id IN
                     (SELECT article_authors.article_id FROM article_authors WHERE article_authors.user_id = ?)"
                ),
                NEWEST,
                user,
            ),
        }
    }
}

impl Database {
    /// A page of a list, of the articles that readers see at `now`. A page past the end is empty.
    pub async fn list(
        &self,
        list: List,
        page: i64,
        per_page: i64,
        now: i64,
    ) -> sqlx::Result<Page<ArticleSummary>> {
        let (join, conditions, _, user) = list.parts();
        let sql = format!("SELECT count(*) FROM articles {join} WHERE {conditions}");
        let total = on_reader!(self, pool => {
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(user).fetch_one(pool).await?
        });
        self.list_of(list, total, page, per_page, now).await
    }

    /// As [`Database::list`], of which it is known that it has `total` articles in all.
    pub async fn list_of(
        &self,
        list: List,
        total: i64,
        page: i64,
        per_page: i64,
        now: i64,
    ) -> sqlx::Result<Page<ArticleSummary>> {
        let (join, conditions, order, user) = list.parts();
        let columns = summary_columns(self.dialect());
        let sql = format!(
            "SELECT {columns} {FROM} {join} WHERE {conditions} ORDER BY {order} LIMIT {per_page} OFFSET ?"
        );
        let offset = (page - 1).saturating_mul(per_page).max(0);
        let rows: Vec<SummaryRow> = on_reader!(self, pool => {
            let list = sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(user);
            list.bind(offset).fetch_all(pool).await?
        });
        let items = rows.into_iter().map(SummaryRow::into_summary).collect::<sqlx::Result<_>>()?;
        Ok(Page::new(items, page, per_page, total))
    }

    /// The author of that user name with the user's number, if a visible article has the name in
    /// its byline.
    pub async fn author_with_id(
        &self,
        username: &str,
        now: i64,
    ) -> sqlx::Result<Option<(i64, Author)>> {
        let sql = format!(
            "SELECT users.id, users.username, users.name FROM users WHERE users.username = ? AND EXISTS
             (SELECT 1 FROM article_authors JOIN articles ON articles.id = article_authors.article_id
              WHERE article_authors.user_id = users.id AND {VISIBLE})"
        );
        let row: Option<(i64, String, String)> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(username).bind(now).fetch_optional(pool).await?
        });
        Ok(row.map(|(id, username, name)| (id, Author { username, name })))
    }

    /// The number of the article of that slug, if readers see it at `now`.
    pub async fn id_of_slug(&self, slug: &str, now: i64) -> sqlx::Result<Option<i64>> {
        let sql = format!("SELECT id FROM articles WHERE {VISIBLE} AND slug = ?");
        on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(slug).fetch_optional(pool).await)
    }

    /// How many articles that readers see at `now` have the user in their byline.
    pub async fn count_written(&self, user: i64, now: i64) -> sqlx::Result<i64> {
        let sql = format!(
            "SELECT count(DISTINCT articles.id) FROM article_authors JOIN articles ON articles.id = article_authors.article_id
             WHERE {VISIBLE} AND article_authors.user_id = ?"
        );
        on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(user).fetch_one(pool).await)
    }

    /// How many users follow the user.
    pub async fn count_followers(&self, user: i64) -> sqlx::Result<i64> {
        let sql = "SELECT count(*) FROM follows WHERE author_id = ?";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(user).fetch_one(pool).await)
    }

    /// When readers see one more article than at `now`, by time alone; `None` if nothing is
    /// scheduled.
    pub async fn next_publication(&self, now: i64) -> sqlx::Result<Option<i64>> {
        let sql = "SELECT min(published_at) FROM articles
             WHERE status = 'published' AND deleted_at IS NULL AND published_at > ?";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(now).fetch_one(pool).await)
    }
}
