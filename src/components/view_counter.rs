//! An article's view count, with the data that `browser/reading.js` needs to record a view.

use leptos::prelude::*;
use tidemark_counting::ArticleId;

/// The view count. Once the page is visible, `browser/reading.js` adds this reader's view
/// optimistically, records it, and then shows the count from the server's answer (rule C6).
///
/// Values that differ between responses are strings, so that they can be marks in a cached page.
#[component]
pub fn ViewCounter(
    /// The article's id.
    article: ArticleId,
    /// The count, as a plain number.
    views: String,
    /// The count in words.
    words: String,
    /// The window of rule C2, in milliseconds.
    window_ms: u64,
    /// `true` if this reader's view would count, otherwise `false`. If false, the script shows no
    /// +1 before the server has answered.
    would_count: String,
) -> impl IntoView {
    view! {
        <span
            class="view-count"
            data-article=article.0
            data-shown=views
            data-window-ms=window_ms
            data-would-count=would_count
        >
            {words}
        </span>
    }
}
