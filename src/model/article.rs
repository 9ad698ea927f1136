//! Articles as readers see them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidemark_content::slug::slugify;
use tidemark_counting::ArticleId;
use utoipa::ToSchema;

/// An author of an article.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// The user name, as in the URL of the author's page.
    pub username: String,
    /// The display name in bylines.
    pub name: String,
    /// A line about the author, as plain text; may be empty.
    pub about: String,
    /// The address of the author's picture, a square of at most 192 pixels; `null` without one.
    pub avatar: Option<String>,
}

impl Author {
    /// An author by names alone, without a line and a picture.
    pub fn named(username: impl Into<String>, name: impl Into<String>) -> Self {
        Self { username: username.into(), name: name.into(), ..Self::default() }
    }
}

/// A tag of an article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tag {
    /// The name in the URL of the tag's page.
    pub slug: String,
    /// The name shown to readers.
    pub name: String,
}

/// Views of an article that were counted elsewhere, before it moved here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Baseline {
    /// Where they were counted, such as `WordPress`.
    pub source: String,
    /// How many views.
    pub views: i64,
    /// The last day that they cover, if known.
    #[schema(value_type = Option<String>, format = Date)]
    pub until: Option<Date>,
}

/// A heading in an article's table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heading {
    /// The level, 2 to 6. Level 1 is the article's title.
    #[schema(minimum = 2, maximum = 6)]
    pub level: u8,
    /// The heading's text, without markup.
    pub text: String,
    /// The `id` of the heading in the article's HTML.
    pub anchor: String,
}

/// An article as lists show it: everything but the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArticleSummary {
    /// The article's id. Ids are never reused.
    #[schema(value_type = i64)]
    pub id: ArticleId,
    /// The name in the article's URL; unique.
    pub slug: String,
    /// The title, as plain text.
    pub title: String,
    /// The summary, as plain text; may be empty.
    pub summary: String,
    /// The authors in byline order, at least one.
    pub authors: Vec<Author>,
    /// The tags, in the order the author gave them.
    pub tags: Vec<Tag>,
    /// When the article was published.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// Estimated reading time in minutes, at least 1.
    pub reading_minutes: i64,
    /// The view count: the views that were counted here, and those of `baselines`.
    pub views: i64,
    /// The views that were counted elsewhere before the article moved here, by source.
    pub baselines: Vec<Baseline>,
    /// The number of readers who like it.
    pub likes: i64,
    /// The number of readers who have collected it.
    pub collects: i64,
    /// The URL of the cover picture, shown above the text.
    pub cover: Option<String>,
    /// The language of the text, as a BCP 47 tag; detected from the text.
    pub language: String,
}

/// A published article.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Article {
    /// The fields that lists show too.
    #[serde(flatten)]
    pub summary: ArticleSummary,
    /// The Markdown source.
    pub markdown: String,
    /// The rendered and sanitised HTML.
    pub html: String,
    /// The headings, in document order.
    pub contents: Vec<Heading>,
    /// The name of the series that it is part of.
    pub series: Option<String>,
    /// When the author last changed the article. Views never change it (rule C7).
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Increases by one with each change by its author.
    pub version: i64,
}

/// A link to an article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleLink {
    /// The name in the article's URL.
    pub slug: String,
    /// The title, as plain text.
    pub title: String,
    /// The language of the article, as a BCP 47 tag.
    pub language: String,
    /// When the article was published.
    pub published_at: Timestamp,
}

/// What an article leads on to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Around {
    /// The article published before it.
    pub previous: Option<ArticleLink>,
    /// The article published after it.
    pub next: Option<ArticleLink>,
    /// Those with the most tags in common, at most three.
    pub related: Vec<ArticleLink>,
    /// The tag that all related ones share with it.
    pub tag: Option<Tag>,
    /// Its series, if that has other parts that readers see.
    pub series: Option<Series>,
}

/// A series of articles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// The name.
    pub name: String,
    /// The parts, oldest first.
    pub parts: Vec<ArticleLink>,
}

/// The direction in which a language is written, as the value of `dir`.
pub fn direction(language: &str) -> &'static str {
    const FROM_THE_RIGHT: [&str; 11] =
        ["ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];
    let mut parts = language.split(['-', '_']);
    let is_from_the_right = parts.next().is_some_and(|language| FROM_THE_RIGHT.contains(&language))
        || parts.any(|script| matches!(script, "Arab" | "Hebr"));
    if is_from_the_right && !language.contains("-Latn") { "rtl" } else { "ltr" }
}

/// Everything an article's page shows except its counts. The author's preview shows the same.
#[derive(Clone, Debug, PartialEq)]
pub struct ArticleContent {
    /// The title, as plain text.
    pub title: String,
    /// The URL of the cover picture, shown above the text.
    pub cover: Option<String>,
    /// The authors, in byline order.
    pub authors: Vec<Author>,
    /// When the article was published.
    pub published_at: Timestamp,
    /// When it was changed last, if that was on a later day.
    pub updated_at: Option<Timestamp>,
    /// Estimated reading time in minutes, at least 1.
    pub reading_minutes: i64,
    /// The headings, in document order.
    pub contents: Vec<Heading>,
    /// The rendered and sanitised HTML.
    pub html: String,
    /// The language of the text, as a BCP 47 tag.
    pub language: String,
    /// The tags, in order.
    pub tags: Vec<Tag>,
    /// Whether it is a page such as About, without a date and a byline.
    pub is_page: bool,
}

/// The first parts of the program's own addresses, which no page can have. A test compares them
/// with the table of routes.
pub const RESERVED: &[&str] = &[
    "account",
    "api",
    "archive",
    "articles",
    "authors",
    "collects",
    "counting",
    "docs",
    "following",
    "healthz",
    "language",
    "login",
    "logout",
    "metrics",
    "most-viewed",
    "oembed",
    "pictures",
    "pkg",
    "readyz",
    "search",
    "settings",
    "setup",
    "sign-up",
    "studio",
    "tags",
    "users",
];

/// Whether `/slug` can be a page.
pub fn may_be_page(slug: &str) -> bool {
    !slug.is_empty() && slugify(slug) == slug && !RESERVED.contains(&slug)
}

/// An article's place in a ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RankedArticle {
    /// The article's id.
    #[schema(value_type = i64)]
    pub id: ArticleId,
    /// The name in the article's URL.
    pub slug: String,
    /// The article's title.
    pub title: String,
    /// The language of the article, as a BCP 47 tag.
    pub language: String,
    /// The article's views within the window.
    pub views: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_written_in_their_direction() {
        for (language, way) in [
            ("en", "ltr"),
            ("ar", "rtl"),
            ("fa-IR", "rtl"),
            ("az-Arab", "rtl"),
            ("ur-Latn", "ltr"),
            ("", "ltr"),
        ] {
            assert_eq!(direction(language), way, "{language}");
        }
    }
}
