//! Articles as readers get them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Someone who wrote an article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// The name in the address of the author's page.
    pub username: String,
    /// The name in the byline.
    pub name: String,
}

/// What an article is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tag {
    /// The name in the address of the tag's page.
    pub slug: String,
    /// The name that readers see.
    pub name: String,
}

/// A heading in an article's table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heading {
    /// 2 to 6: level 1 is the article's title.
    #[schema(minimum = 2, maximum = 6)]
    pub level: u8,
    /// The text, without markup.
    pub text: String,
    /// The `id` of the heading in the article's HTML.
    pub anchor: String,
}

/// An article in a list: all but its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArticleSummary {
    /// Never used again for another article.
    pub id: i64,
    /// The name in the article's address; unique.
    pub slug: String,
    /// Plain text.
    pub title: String,
    /// Plain text, may be empty.
    pub summary: String,
    /// The byline, at least one.
    pub authors: Vec<Author>,
    /// In the author's order.
    pub tags: Vec<Tag>,
    /// When readers could first read it.
    #[schema(value_type = String, format = DateTime)]
    pub published_at: Timestamp,
    /// How long reading it takes, in minutes, at least 1.
    pub reading_minutes: i64,
    /// How often it was read.
    pub views: i64,
    /// How many readers like it.
    pub likes: i64,
    /// How many readers keep it.
    pub collects: i64,
    /// The address of a picture above the text.
    pub cover: Option<String>,
}

/// A published article.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Article {
    /// What lists show of it.
    #[serde(flatten)]
    pub summary: ArticleSummary,
    /// The text as its author wrote it.
    pub markdown: String,
    /// The text as readers see it: sanitised.
    pub html: String,
    /// The headings, in order.
    pub contents: Vec<Heading>,
    /// The language of the text, as a BCP 47 tag; recognised from the text.
    pub language: String,
    /// When its author last changed it. A view never does (rule C7).
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Grows by one with each change of its author's.
    pub version: i64,
}

/// Everything of an article that readers see but its counts: what its page shows, and what its
/// author's preview shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ArticleContent {
    /// Plain text.
    pub title: String,
    /// The address of a picture above the text.
    pub cover: Option<String>,
    /// The byline.
    pub authors: Vec<Author>,
    /// When readers could first read it.
    pub published_at: Timestamp,
    /// At least 1.
    pub reading_minutes: i64,
    /// The headings, in order.
    pub contents: Vec<Heading>,
    /// The text: rendered and sanitised.
    pub html: String,
    /// A BCP 47 tag.
    pub language: String,
    /// In order.
    pub tags: Vec<Tag>,
}

/// The time span of a ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Window {
    /// Since the article exists.
    #[serde(rename = "all")]
    All,
    /// The current hour and the 23 before it.
    #[serde(rename = "24h")]
    Day,
    /// The current hour and the 167 before it.
    #[serde(rename = "7d")]
    Week,
    /// The current hour and the 719 before it.
    #[serde(rename = "30d")]
    Month,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Window; 4] = [Window::Day, Window::Week, Window::Month, Window::All];

    /// The name in addresses and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Window::All => "all",
            Window::Day => "24h",
            Window::Week => "7d",
            Window::Month => "30d",
        }
    }

    /// The name that readers see.
    pub fn label(self) -> &'static str {
        match self {
            Window::All => "All time",
            Window::Day => "24 hours",
            Window::Week => "7 days",
            Window::Month => "30 days",
        }
    }

    /// How many hours it spans, the current one included; `None` for all time.
    pub fn hours(self) -> Option<i64> {
        match self {
            Window::All => None,
            Window::Day => Some(24),
            Window::Week => Some(7 * 24),
            Window::Month => Some(30 * 24),
        }
    }
}

/// An article's place in a ranking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RankedArticle {
    /// The article's id.
    pub id: i64,
    /// The name in its address.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Its views within the window.
    pub views: i64,
}
