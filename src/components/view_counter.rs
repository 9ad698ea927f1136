//! An article's count, and the PUT that adds this reader to it.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::browser;
use crate::api::views::record_view;
use crate::error::Error;
use crate::model::count::Count;
use crate::model::numbers::format_views;

/// The attribute of an element that shows an article's count in some ranking; its value is the article's id.
pub const VIEWS_OF: &str = "data-views-of";

/// The attribute beside [`VIEWS_OF`] with the count that the element showed when the page was made.
pub const VIEWS: &str = "data-views";

/// How long to wait before each further attempt when a view can't be recorded, in milliseconds. Repeating is safe (rule C2).
const RETRY_AFTER_MS: [u32; 4] = [1_000, 2_000, 4_000, 8_000];

/// How often the article was read. Once somebody sees the page it shows this reader's own view at once and tells the server,
/// whose answer then stands (rule C6).
#[island]
pub fn ViewCounter(
    /// The article's id.
    article: i64,
    /// Its count when the page was sent.
    views: Count,
    /// The count in words.
    words: String,
    /// Rule C2's window, in milliseconds.
    window_ms: u64,
) -> impl IntoView {
    let views = views.number();
    let shown = RwSignal::new(views);
    // What the server wrote stands until the count changes: it may have left room for a count that it did not know yet.
    let text = move || match shown.get() {
        count if count == views => words.clone(),
        count => format_views(count),
    };
    Effect::new(move |_| {
        let read = move || spawn_local(read(article, views, shown, window_ms));
        browser::when_visible(read);
        browser::when_restored(read);
    });
    view! { <span class="view-count">{text}</span> }
}

/// Shows the own view, records it, and settles on the answer. A reader whom this tab knows to be counted already sees no +1 that
/// would be taken back.
async fn read(article: i64, views: i64, shown: RwSignal<i64>, window_ms: u64) {
    let key = format!("tidemark.read.{article}");
    let before = shown.get_untracked();
    let is_known_repeat = browser::remembered(&key).is_some_and(|window_ends| browser::now_ms() < window_ends);
    if !is_known_repeat {
        shown.set(before + 1);
    }
    let mut delays = RETRY_AFTER_MS.into_iter();
    loop {
        match record_view(article).await {
            Ok(outcome) => {
                shown.set(outcome.views);
                raise_rankings(article, outcome.views - views);
                if !is_known_repeat {
                    browser::remember(&key, browser::now_ms() + window_ms as f64);
                }
                return;
            }
            // The request itself is wrong, and would be the next time.
            Err(
                Error::NotFound(_) | Error::BadRequest(_) | Error::Unauthorized | Error::Forbidden(_) | Error::TooLarge,
            ) => break,
            Err(Error::Unavailable | Error::Internal) => match delays.next() {
                Some(delay) => TimeoutFuture::new(delay).await,
                None => break,
            },
        }
    }
    shown.set(before);
}

/// Lets the rankings on the page follow: what came to the article since the page was made came to each of them.
fn raise_rankings(article: i64, more: i64) {
    for element in browser::elements_with(VIEWS_OF, article) {
        if let Some(views) = element.get_attribute(VIEWS).and_then(|views| views.parse::<i64>().ok()) {
            element.set_text_content(Some(&format_views(views + more)));
        }
    }
}
