//! Stored renderings of articles, to render them again when the renderer has improved.

use sqlx::FromRow;
use tidemark_counting::ArticleId;

use super::search_index::article_changed;
use super::{Database, on_connection, on_reader, on_writer};
use crate::model::article::Heading;

/// What is rendered from an article's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// HTML that is safe to put into a page.
    pub html: String,
    /// The headings, in order.
    pub contents: Vec<Heading>,
    /// Estimated reading time, at least 1.
    pub reading_minutes: i64,
    /// Language of the text, as a BCP 47 tag.
    pub language: String,
}

/// An article's text and its stored rendering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedText {
    /// Article ID.
    pub id: ArticleId,
    /// The article's version.
    pub version: i64,
    /// The article text in Markdown.
    pub markdown: String,
    /// What is stored as its rendering.
    pub rendering: Rendering,
}

#[derive(FromRow)]
struct Row {
    id: ArticleId,
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
    /// Returns the renderer version that every article was rendered with. Some articles may already
    /// have been rendered with a later one.
    pub async fn renderer(&self) -> sqlx::Result<i64> {
        let sql = "SELECT version FROM article_renderer WHERE id = 1";
        on_reader!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await)
    }

    /// Records that every article is rendered with this version of the renderer. Never lowers the
    /// version.
    pub async fn set_renderer(&self, version: i64) -> sqlx::Result<()> {
        let sql = "UPDATE article_renderer SET version = ? WHERE id = 1 AND version < ?";
        on_writer!(self, pool => sqlx::query(sql).bind(version).bind(version).execute(pool).await.map(drop))
    }

    /// Returns the article with the next higher ID, deleted articles included.
    pub async fn text_after(&self, id: ArticleId) -> sqlx::Result<Option<RenderedText>> {
        let sql =
            "SELECT id, version, markdown, html, contents, reading_minutes, language FROM articles
             WHERE id > ? ORDER BY id LIMIT 1";
        let row: Option<Row> =
            on_reader!(self, pool => sqlx::query_as(sql).bind(id).fetch_optional(pool).await?);
        Ok(row.map(RenderedText::from))
    }

    /// Replaces an article's rendering, unless the article has changed since `version`. Cached
    /// pages are invalidated, because readers see a different page. But the article itself has not
    /// changed, so its version and time of last change stay the same (rule C7).
    pub async fn replace_rendering(
        &self,
        id: ArticleId,
        version: i64,
        rendering: &Rendering,
    ) -> sqlx::Result<()> {
        let contents = serde_json::to_string(&rendering.contents)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        let sql = "UPDATE articles SET html = ?, contents = ?, reading_minutes = ?, language = ?, renderings = renderings + 1
             WHERE id = ? AND version = ?";
        let mut transaction = self.begin_content().await?;
        on_connection!(&mut *transaction, connection => {
            let query = sqlx::query(sql).bind(&rendering.html).bind(&contents).bind(rendering.reading_minutes);
            query.bind(&rendering.language).bind(id).bind(version).execute(connection).await?;
        });
        article_changed(&mut transaction, id).await?;
        transaction.commit().await
    }
}
