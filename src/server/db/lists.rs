//! Article lists that belong to a user, and the article and follower counts of an author.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_counting::{ArticleId, UserId};
use tidemark_store::clock::Millis;

use super::articles::{AUTHOR_COLUMNS, AuthorRow, FROM, SummaryRow, VISIBLE, summary_columns};
use super::{Database, on_reader};
use crate::model::article::{ArticleSummary, Author};
use crate::model::page::Page;

/// Which list of articles to show. The value is a user ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Articles that the user collected, most recently collected first.
    Collected(UserId),
    /// Articles by authors that the user follows, newest first.
    Followed(UserId),
    /// Articles with the user in the byline, newest first.
    Written(UserId),
}

impl List {
    /// The parts of the query: the join, the conditions (their last placeholder is the user), the
    /// order, and the user ID.
    fn parts(self) -> (&'static str, String, &'static str, UserId) {
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

/// An author with their user ID.
#[derive(FromRow)]
struct IdentifiedRow {
    id: UserId,
    #[sqlx(flatten)]
    author: AuthorRow,
}

impl Database {
    /// Returns a page of a list, limited to articles visible at `now`. A page past the end is
    /// empty.
    pub async fn list(
        &self,
        list: List,
        page: i64,
        per_page: i64,
        now: Millis,
    ) -> sqlx::Result<Page<ArticleSummary>> {
        let (join, conditions, _, user) = list.parts();
        let sql = format!("SELECT count(*) FROM articles {join} WHERE {conditions}");
        let total = on_reader!(self, pool => {
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(user).fetch_one(pool).await?
        });
        self.list_of(list, total, page, per_page, now).await
    }

    /// Like [`Database::list`], for a list that is known to have `total` articles.
    pub async fn list_of(
        &self,
        list: List,
        total: i64,
        page: i64,
        per_page: i64,
        now: Millis,
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
        let baselines = self.baselines().current();
        let items = rows.into_iter().map(|row| row.into_summary(&baselines));
        let items = items.collect::<sqlx::Result<_>>()?;
        Ok(Page::new(items, page, per_page, total))
    }

    /// Returns the author with this user name and their user ID, if they are in the byline of a
    /// visible article.
    pub async fn author_with_id(
        &self,
        username: &str,
        now: Millis,
    ) -> sqlx::Result<Option<(UserId, Author)>> {
        let sql = format!(
            "SELECT users.id, {AUTHOR_COLUMNS} FROM users WHERE users.username = ? AND EXISTS
             (SELECT 1 FROM article_authors JOIN articles ON articles.id = article_authors.article_id
              WHERE article_authors.user_id = users.id AND {VISIBLE})"
        );
        let row: Option<IdentifiedRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql)).bind(username).bind(now).fetch_optional(pool).await?
        });
        Ok(row.map(|IdentifiedRow { id, author }| (id, author.into())))
    }

    /// Returns the ID of the article with this slug, if it is visible at `now`.
    pub async fn id_of_slug(&self, slug: &str, now: Millis) -> sqlx::Result<Option<ArticleId>> {
        let sql = format!("SELECT id FROM articles WHERE {VISIBLE} AND slug = ?");
        on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(slug).fetch_optional(pool).await)
    }

    /// Counts the articles visible at `now` that have the user in the byline.
    pub async fn count_written(&self, user: UserId, now: Millis) -> sqlx::Result<i64> {
        let sql = format!(
            "SELECT count(DISTINCT articles.id) FROM article_authors JOIN articles ON articles.id = article_authors.article_id
             WHERE {VISIBLE} AND article_authors.user_id = ?"
        );
        on_reader!(self, pool => sqlx::query_scalar(AssertSqlSafe(sql)).bind(now).bind(user).fetch_one(pool).await)
    }

    /// Counts the user's followers.
    pub async fn count_followers(&self, user: UserId) -> sqlx::Result<i64> {
        let sql = "SELECT count(*) FROM follows WHERE author_id = ?";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(user).fetch_one(pool).await)
    }

    /// Returns when the next scheduled article after `now` is published; `None` if nothing is
    /// scheduled.
    pub async fn next_publication(&self, now: Millis) -> sqlx::Result<Option<i64>> {
        let sql = "SELECT min(published_at) FROM articles
             WHERE status = 'published' AND deleted_at IS NULL AND published_at > ?";
        on_reader!(self, pool => sqlx::query_scalar(sql).bind(now).fetch_one(pool).await)
    }
}
