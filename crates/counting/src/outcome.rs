//! The answer to "I am reading this".

/// What became of one view, and how often the article was read, this view included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewOutcome {
    /// The article's id.
    pub article: i64,
    /// The article's count after this view.
    pub views: i64,
    /// Whether this view is one of them that was not there before.
    pub counted: bool,
    /// Why it was not counted; `None` if it was.
    pub reason: Option<Reason>,
}

/// Why a view was answered but not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The visitor was counted for this article within the window (rule C2).
    Repeat,
    /// The User-Agent is a crawler's, or there is none (rule C4).
    Crawler,
    /// The browser says that nobody is looking yet: a prefetch or a prerender (rule C4).
    Prefetch,
    /// The address has had as many anonymous visitors counted as one address may have (rule C3).
    IpCap,
}
