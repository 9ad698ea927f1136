//! An article's count, and what a reader's browser has to know to add this reader to it.

use leptos::prelude::*;

/// How often the article was read. Once somebody sees the page, `browser/reading.js` shows this
/// reader's own view at once and tells the server, whose answer then stands (rule C6).
///
/// What may differ from one answer to the next is text, so that it can be the mark of where it
/// goes.
#[component]
pub fn ViewCounter(
    /// The article's id.
    article: i64,
    /// Its count when the page was sent.
    views: String,
    /// The count in words.
    words: String,
    /// Rule C2's window, in milliseconds.
    window_ms: u64,
    /// Whether this reader's view would count, `true` or `false`; if not, there is no +1 before the
    /// server has answered.
    would_count: String,
) -> impl IntoView {
    view! {
        <span
            class="view-count"
            data-article=article
            data-shown=views
            data-window-ms=window_ms
            data-would-count=would_count
        >
            {words}
        </span>
    }
}
