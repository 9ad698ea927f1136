//! Articles: reading what is published, and writing.

mod around;
mod read;
mod write;

pub(super) use read::{
    AUTHOR_COLUMNS, AuthorRow, FROM, FieldsRow, READABLE, SummaryRow, VISIBLE, address,
    authors_and_tags, contains, select_fields, summary_columns, timestamp,
};
pub use read::{Filter, RecentArticle, Wanted, articles_by_slugs, still_there};
pub use write::{Written, id_of_slug, write};
pub(super) use write::{insert, settled, update_under_version, write_tags, writer_for_byline};

use tidemark_store::clock::Millis;

use crate::model::article::{Author, Heading, Tag};

/// Whether readers can see an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not visible to readers.
    Draft,
    /// Visible to readers from `published_at` on.
    Published,
}

// No derive: the code that sqlx derives for MySQL rejects an ENUM column that is NOT NULL or has a
// binary collation.
impl Status {
    /// The value in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Published => "published",
        }
    }
}

impl TryFrom<String> for Status {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known =
            [Status::Draft, Status::Published].into_iter().find(|status| status.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is not an article status"))
    }
}

/// Whether it is an article or a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// In lists, feeds, rankings and the search, at `/articles/slug`.
    #[default]
    Article,
    /// Such as About: only at `/slug` and in the sitemap, and never counted.
    Page,
}

impl Kind {
    /// The value in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Article => "article",
            Kind::Page => "page",
        }
    }

    /// The kind of a page or of anything else.
    pub fn of(is_page: bool) -> Self {
        if is_page { Kind::Page } else { Kind::Article }
    }

    /// The address of what has this slug.
    pub fn address(self, slug: &str) -> String {
        match self {
            Kind::Article => format!("/articles/{slug}"),
            Kind::Page => format!("/{slug}"),
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let known = [Kind::Article, Kind::Page].into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is not a kind of article"))
    }
}

/// Everything that an author decides about an article, and what is rendered from it.
#[derive(Clone, Debug, PartialEq)]
pub struct ArticleFields {
    /// Whether it is an article or a page.
    pub kind: Kind,
    /// The slug, which is the last part of the article's URL.
    pub slug: String,
    /// Title, as plain text.
    pub title: String,
    /// Summary, as plain text.
    pub summary: String,
    /// The article text in Markdown.
    pub markdown: String,
    /// The text, rendered to HTML and sanitised.
    pub html: String,
    /// The headings of the text, in order.
    pub contents: Vec<Heading>,
    /// Estimated reading time, at least 1.
    pub reading_minutes: i64,
    /// Language of the text, as a BCP 47 tag.
    pub language: String,
    /// Draft or published.
    pub status: Status,
    /// Publication date, in milliseconds since 1970; a draft may have none.
    pub published_at: Option<Millis>,
    /// When it was changed last, in milliseconds since 1970. `None`: at the time of the write.
    pub updated_at: Option<Millis>,
    /// The byline, at least one author.
    pub authors: Vec<Author>,
    /// The tags, in order.
    pub tags: Vec<Tag>,
    /// The name of the series that it is part of.
    pub series: Option<String>,
    /// Other paths that redirect here, with a leading slash and without a trailing one.
    pub aliases: Vec<String>,
    /// URL of the picture above the text.
    pub cover: Option<String>,
}

impl ArticleFields {
    /// The path of its address.
    pub fn address(&self) -> String {
        self.kind.address(&self.slug)
    }

    /// Returns the names of the fields in which `other` differs. Authors are compared by user name
    /// and tags by slug: their display names belong to the user and the tag, not to the article.
    /// The HTML is not compared: it is made from the Markdown, and another version of the program
    /// may make it differently.
    pub fn changes(&self, other: &ArticleFields) -> Vec<&'static str> {
        // Destructured so that a new field can't be forgotten here.
        let ArticleFields {
            kind,
            slug,
            title,
            summary,
            markdown,
            html: _,
            contents,
            reading_minutes,
            language,
            status,
            published_at,
            updated_at,
            authors,
            tags,
            series,
            aliases,
            cover,
        } = other;
        let usernames = |authors: &[Author]| -> Vec<String> {
            authors.iter().map(|author| author.username.clone()).collect()
        };
        let slugs =
            |tags: &[Tag]| -> Vec<String> { tags.iter().map(|tag| tag.slug.clone()).collect() };
        let fields = [
            ("kind", self.kind != *kind),
            ("slug", self.slug != *slug),
            ("title", self.title != *title),
            ("summary", self.summary != *summary),
            ("markdown", self.markdown != *markdown),
            ("contents", self.contents != *contents),
            ("reading_minutes", self.reading_minutes != *reading_minutes),
            ("language", self.language != *language),
            ("status", self.status != *status),
            ("published_at", self.published_at != *published_at),
            ("updated_at", updated_at.is_some() && self.updated_at != *updated_at),
            ("authors", usernames(&self.authors) != usernames(authors)),
            ("tags", slugs(&self.tags) != slugs(tags)),
            ("series", self.series != *series),
            ("aliases", self.aliases != *aliases),
            ("cover", self.cover != *cover),
        ];
        fields.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article() -> ArticleFields {
        ArticleFields {
            kind: Kind::Article,
            slug: "first".into(),
            title: "The first".into(),
            summary: String::new(),
            markdown: "Text".into(),
            html: "<p>Text</p>".into(),
            contents: vec![],
            reading_minutes: 1,
            language: "en".into(),
            status: Status::Draft,
            published_at: None,
            updated_at: None,
            authors: vec![Author::named("jo", "Jo")],
            tags: vec![Tag { slug: "sea".into(), name: "Sea".into() }],
            series: None,
            aliases: vec![],
            cover: None,
        }
    }

    #[test]
    fn a_change_is_reported_by_field() {
        assert_eq!(article().changes(&article()), Vec::<&str>::new());
        let heading = Heading { level: 2, text: "A".into(), anchor: "a".into() };
        for (name, changed) in [
            ("kind", ArticleFields { kind: Kind::Page, ..article() }),
            ("slug", ArticleFields { slug: "other".into(), ..article() }),
            ("title", ArticleFields { title: "other".into(), ..article() }),
            ("summary", ArticleFields { summary: "other".into(), ..article() }),
            ("markdown", ArticleFields { markdown: "other".into(), ..article() }),
            ("contents", ArticleFields { contents: vec![heading], ..article() }),
            ("reading_minutes", ArticleFields { reading_minutes: 2, ..article() }),
            ("language", ArticleFields { language: "de".into(), ..article() }),
            ("status", ArticleFields { status: Status::Published, ..article() }),
            ("published_at", ArticleFields { published_at: Some(Millis(1)), ..article() }),
            ("updated_at", ArticleFields { updated_at: Some(Millis(1)), ..article() }),
            ("authors", ArticleFields { authors: vec![], ..article() }),
            ("tags", ArticleFields { tags: vec![], ..article() }),
            ("series", ArticleFields { series: Some("Tides".into()), ..article() }),
            ("aliases", ArticleFields { aliases: vec!["/old".into()], ..article() }),
            ("cover", ArticleFields { cover: Some("/a.png".into()), ..article() }),
        ] {
            assert_eq!(article().changes(&changed), [name]);
        }
    }

    #[test]
    fn html_of_the_same_text_is_no_change() {
        let other = ArticleFields { html: "<p class=\"a\">Text</p>".into(), ..article() };
        assert!(article().changes(&other).is_empty());
    }

    #[test]
    fn renaming_users_or_tags_does_not_change_articles() {
        let author = Author::named("jo", "Jo Doe");
        let tag = Tag { slug: "sea".into(), name: "The sea".into() };
        let other = ArticleFields { authors: vec![author], tags: vec![tag], ..article() };
        assert!(article().changes(&other).is_empty());
    }
}
