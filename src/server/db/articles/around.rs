//! What an article leads on to: its neighbours by date, related articles and its series.

use sqlx::{AssertSqlSafe, FromRow};
use tidemark_content::markdown::plain_line;
use tidemark_store::clock::Millis;

use super::super::{Database, on_reader};
use super::read::{VISIBLE, timestamp};
use crate::model::article::{Around, Article, ArticleLink, Series};

/// One of the articles around another.
#[derive(FromRow)]
struct AroundRow {
    place: String,
    slug: String,
    title: String,
    language: String,
    published_at: Millis,
    /// Of a related article: the position of the first tag that both have.
    tag: i64,
}

impl AroundRow {
    fn link(&self) -> sqlx::Result<ArticleLink> {
        Ok(ArticleLink {
            slug: self.slug.clone(),
            title: plain_line(&self.title),
            language: self.language.clone(),
            published_at: timestamp(self.published_at)?,
        })
    }
}

impl Database {
    /// Returns what a visible article leads on to at `now`, in one statement. Related are the three
    /// that share most tags, the newest first among equals, of the 20 latest with most tags in
    /// common. A series has up to 100 parts.
    pub async fn around(&self, article: &Article, now: Millis) -> sqlx::Result<Around> {
        // The names of the parts keep their order when they are sorted. `VISIBLE` has the article's
        // own date as its time where only earlier articles are wanted, so that the index leads
        // there.
        let sql = format!(
            "SELECT * FROM (SELECT 'earlier' AS place, articles.slug, articles.title, articles.language, articles.published_at, 0 AS tag
                FROM articles WHERE {VISIBLE} AND (articles.published_at < ? OR articles.id < ?)
                ORDER BY articles.published_at DESC, articles.id DESC LIMIT 1) AS earlier
             UNION ALL SELECT * FROM (SELECT 'later' AS place, articles.slug, articles.title, articles.language, articles.published_at, 0 AS tag
                FROM articles WHERE {VISIBLE} AND articles.published_at >= ?
                AND (articles.published_at > ? OR articles.id > ?)
                ORDER BY articles.published_at, articles.id LIMIT 1) AS later
             UNION ALL SELECT * FROM (SELECT 'related' AS place, articles.slug, articles.title, articles.language, articles.published_at, shared.tag
                FROM (SELECT other.article_id, count(*) AS tags_shared, min(own.position) AS tag
                    FROM article_tags AS own JOIN article_tags AS other
                        ON other.tag_id = own.tag_id AND other.article_id <> own.article_id
                        JOIN articles ON articles.id = other.article_id
                    WHERE own.article_id = ? AND {VISIBLE} GROUP BY other.article_id
                    ORDER BY tags_shared DESC, other.article_id DESC LIMIT 20) AS shared
                JOIN articles ON articles.id = shared.article_id
                ORDER BY shared.tags_shared DESC, articles.published_at DESC, articles.id DESC LIMIT 3) AS related
             UNION ALL SELECT * FROM (SELECT 'series' AS place, articles.slug, articles.title, articles.language, articles.published_at, 0 AS tag
                FROM articles WHERE {VISIBLE} AND articles.series = ?
                ORDER BY articles.published_at, articles.id LIMIT 100) AS series"
        );
        let (id, own_date) = (article.summary.id, article.summary.published_at.as_millisecond());
        let rows: Vec<AroundRow> = on_reader!(self, pool => {
            sqlx::query_as(AssertSqlSafe(sql))
                .bind(own_date).bind(own_date).bind(id)
                .bind(now).bind(own_date).bind(own_date).bind(id)
                .bind(id).bind(now)
                .bind(now).bind(&article.series)
                .fetch_all(pool).await?
        });
        let at = |place: &str| {
            let rows = rows.iter().filter(move |row| row.place == place);
            rows.map(AroundRow::link).collect::<sqlx::Result<Vec<_>>>()
        };
        let tags: Vec<i64> =
            rows.iter().filter(|row| row.place == "related").map(|row| row.tag).collect();
        // The position of the tag that all of them share.
        let tag = tags.first().filter(|first| tags.iter().all(|tag| tag == *first));
        let tag = tag.and_then(|tag| article.summary.tags.get(usize::try_from(*tag).ok()?));
        let parts = at("series")?;
        Ok(Around {
            previous: at("earlier")?.pop(),
            next: at("later")?.pop(),
            related: at("related")?,
            tag: tag.cloned(),
            series: article
                .series
                .as_deref()
                .filter(|_| parts.len() > 1)
                .map(|name| Series { name: plain_line(name), parts }),
        })
    }
}
