//! The answer to a recorded view.

use crate::ArticleId;

/// What became of one view, and the article's count including it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewOutcome {
    /// The article's id.
    pub article: ArticleId,
    /// The article's count after this view.
    pub views: i64,
    /// Whether this view was counted just now.
    pub counted: bool,
    /// Why it was not counted; `None` if it was.
    pub reason: Option<Reason>,
}

/// Why a view was answered but not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The visitor has already been counted for this article within the window (rule C2).
    Repeat,
    /// The User-Agent is a crawler's or missing (rule C4).
    Crawler,
    /// The browser says that nobody is looking yet: it is a prefetch or a prerender (rule C4).
    Prefetch,
    /// The address or network has reached its cap of visitors for this article (rule C3).
    IpCap,
}
