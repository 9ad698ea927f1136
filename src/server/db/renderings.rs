//! What articles were rendered to, for a renderer that does it better.

use sqlx::FromRow;

use super::{Database, on_connection, on_reader, on_writer};
use crate::model::article::Heading;

/// What of an article is made of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// Safe to put into a page.
    pub html: String,
    /// The headings, in order.
    pub contents: Vec<Heading>,
    /// At least 1.
    pub reading_minutes: i64,
    /// A BCP 47 tag.
    pub language: String,
}

/// An article's text, and what it was rendered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedText {
    /// The article's number.
    pub id: i64,
    /// The article's version.
    pub version: i64,
    /// The text.
    pub markdown: String,
    /// What was made of it.
    pub rendering: Rendering,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    version: i64,
    markdown: String,
    html: String,
    #[sqlx(json)]
    contents: Vec<Heading>,
    reading_minutes: i64,
    language: String,
}

impl From<Row> for RenderedText {
    fn from(row: Row) -> Self {
        let Row { id, version, markdown, html, contents, reading_minutes, language } = row;
        Self {
            id,
            version,
            markdown,
            rendering: Rendering { html, contents, reading_minutes, language },
        }
    }
}

impl Database {
    /// The version of the renderer that rendered all articles, or a later one some of them.
    pub async fn renderer(&self) -> sqlx::Result<i64> {
        let sql = "SELECT version FROM article_renderer WHERE id = 1";
        on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
    }

    /// Notes which version of the renderer rendered all articles.
    pub async fn set_renderer(&self, version: i64) -> sqlx::Result<()> {
        let sql = "UPDATE article_renderer SET version = ? WHERE id = 1 AND version < ?";
        on_writer!(self, pool => sqlx::query(sql).bind(version).bind(version).execute(pool).await.map(drop))
    }

    /// The article that follows `id` in order of the numbers, deleted ones included.
    pub async fn text_after(&self, id: i64) -> sqlx::Result<Option<RenderedText>> {
        let sql =
            "SELECT id, version, markdown, html, contents, reading_minutes, language FROM articles
             WHERE id > ? ORDER BY id LIMIT 1";
        let row: Option<Row> =
            on_reader!(self, pool => sqlx::query_as(sql).bind(id).fetch_optional(pool).await?);
        Ok(row.map(RenderedText::from))
    }

    /// Puts another rendering in the place of one, unless the article was changed since. Readers
    /// see another page, but it is no change of the article: neither its version nor its time of
    /// change moves (rule C7).
    pub async fn replace_rendering(
        &self,
        id: i64,
        version: i64,
        rendering: &Rendering,
    ) -> sqlx::Result<()> {
        let contents = serde_json::to_string(&rendering.contents)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        let sql = "UPDATE articles SET html = ?, contents = ?, reading_minutes = ?, language = ? WHERE id = ? AND version = ?";
        let mut transaction = self.begin_content().await?;
        on_connection!(&mut *transaction, connection => {
            let query = sqlx::query(sql).bind(&rendering.html).bind(&contents).bind(rendering.reading_minutes);
            query.bind(&rendering.language).bind(id).bind(version).execute(connection).await?;
        });
        transaction.commit().await
    }
}
