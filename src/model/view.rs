//! The outcome of recording a view.

use serde::{Deserialize, Serialize};
use tidemark_counting::ArticleId;
use utoipa::ToSchema;

/// Whether a view counted, and the article's count afterwards.
///
/// The browser replaces its optimistic +1 with `views` (rule C6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ViewOutcome {
    /// The article's id.
    #[schema(value_type = i64)]
    pub article: ArticleId,
    /// The article's view count, this view included.
    pub views: i64,
    /// Whether this view was counted.
    pub counted: bool,
    /// Why the view was not counted; absent if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Why a view was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// This visitor was already counted for the article within the window (rule C2).
    Repeat,
    /// The User-Agent is missing, or belongs to a crawler or another program that is not a browser
    /// (rule C4).
    Crawler,
    /// The browser says that nobody is looking at the page yet: it is being prefetched or
    /// prerendered (rule C4).
    Prefetch,
    /// The cap on counted visitors from this IP address, or from the network around it, is reached
    /// (rule C3).
    IpCap,
    /// The signed-in reader is one of the article's authors (rule C4).
    Author,
}

impl Reason {
    /// All reasons, the most frequent first.
    pub const ALL: [Reason; 5] =
        [Reason::Repeat, Reason::Crawler, Reason::Prefetch, Reason::IpCap, Reason::Author];

    /// The name in JSON, SQL and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Repeat => "repeat",
            Reason::Crawler => "crawler",
            Reason::Prefetch => "prefetch",
            Reason::IpCap => "ip-cap",
            Reason::Author => "author",
        }
    }
}
