//! The answer to "I am reading this".

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of one view, and how often the article was read, this view included.
///
/// The optimistic +1 in the browser (rule C6) settles on `views`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ViewOutcome {
    /// The article's id.
    pub article: i64,
    /// The article's count after this view.
    pub views: i64,
    /// Whether this view is one of them that was not there before.
    pub counted: bool,
    /// Why it was not counted; absent if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Why a view was answered but not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The visitor was counted for this article within the window (rule C2).
    Repeat,
    /// The User-Agent is that of a crawler or of no browser, or there is none (rule C4).
    Crawler,
    /// The browser says that nobody is looking yet: a prefetch or a prerender (rule C4).
    Prefetch,
    /// The address has had as many anonymous visitors counted as one address may have (rule C3).
    IpCap,
    /// The reader is signed in and stands in the article's byline (rule C4).
    Author,
}
