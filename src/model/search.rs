//! What a search asks for and finds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::article::{ArticleSummary, Tag};
use super::page::Page;

/// The order of what is found.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// What fits best comes first. Titles weigh more than texts; newer articles win ties.
    #[default]
    Relevance,
    /// The newest first.
    Date,
    /// The most viewed first; newer articles win ties.
    Views,
}

/// When an article was published, at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Since {
    /// Within the last 7 days.
    Week,
    /// Within the last 30 days.
    Month,
    /// Within the last 365 days.
    Year,
}

/// Which articles a search looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SearchFilter {
    /// Only articles with this tag, by slug.
    pub tag: Option<String>,
    /// Only articles with this author in the byline, by user name.
    pub author: Option<String>,
    /// Only articles published since then.
    pub since: Option<Since>,
}

/// A part of a text. The segments of a text follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Segment {
    /// Plain text.
    pub text: String,
    /// Whether it is what the reader was looking for.
    pub is_hit: bool,
}

/// An article that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// The article.
    #[serde(flatten)]
    pub article: ArticleSummary,
    /// The title, with the hits marked.
    pub title_segments: Vec<Segment>,
    /// The part of the text that shows why the article was found, with the hits marked.
    pub excerpt: Vec<Segment>,
}

/// `/search`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchData {
    /// The search text, cut to the maximum length; may be empty.
    pub text: String,
    /// Which articles were looked at.
    pub filter: SearchFilter,
    /// The order of the hits.
    pub sort: Sort,
    /// The requested page of hits; `None` if there is nothing to look for.
    pub hits: Option<Page<SearchHit>>,
    /// Whether there are more hits than the total says. No more are ranked.
    pub is_more: bool,
    /// The text that was found instead: nothing contains what was typed, and this differs from it
    /// by one letter in a word.
    pub corrected: Option<String>,
    /// Whether the configured engine is away and a simpler one answered.
    pub is_fallback: bool,
    /// What an empty result offers instead: tags that many articles have.
    pub tags: Vec<Tag>,
}

/// What the search field suggests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suggestion {
    /// The title of an article.
    pub title: String,
    /// The name in the article's URL.
    pub slug: String,
}

impl Sort {
    /// All orders, the default first.
    pub const ALL: [Sort; 3] = [Sort::Relevance, Sort::Date, Sort::Views];

    /// The name in URLs and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Sort::Relevance => "relevance",
            Sort::Date => "date",
            Sort::Views => "views",
        }
    }
}

impl Since {
    /// All periods, shortest first.
    pub const ALL: [Since; 3] = [Since::Week, Since::Month, Since::Year];

    /// The name in URLs and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Since::Week => "week",
            Since::Month => "month",
            Since::Year => "year",
        }
    }

    /// Its length in days.
    pub fn days(self) -> i64 {
        match self {
            Since::Week => 7,
            Since::Month => 30,
            Since::Year => 365,
        }
    }
}
