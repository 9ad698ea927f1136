//! The mark beside a count that opens an explanation of how it is counted.

use std::time::Duration;

use jiff::fmt::friendly::{Designator, Spacing, SpanPrinter};
use leptos::prelude::*;

/// The id of the explanation.
const EXPLANATION: &str = "how-counted";

/// A duration in words: `10 minutes`.
pub fn in_words(duration: Duration) -> String {
    SpanPrinter::new()
        .designator(Designator::Verbose)
        .spacing(Spacing::BetweenUnitsAndDesignators)
        .unsigned_duration_to_string(&duration)
}

/// The button that opens [`HowCounted`]. It needs no script.
#[component]
pub fn TideMark() -> impl IntoView {
    let name = "How this is counted";
    view! {
        <button type="button" class="tide-mark" popovertarget=EXPLANATION aria-label=name title=name>
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path
                    d="M8 1.5v13M5 4h3M5 7h3M5 13h3M1 10c1.5-1.5 3-1.5 4.5 0s3 1.5 4.5 0 3-1.5 5 0"
                    fill="none"
                    stroke="currentColor"
                    stroke-width="1.5"
                    stroke-linecap="round"
                />
            </svg>
        </button>
    }
}

/// The explanation, once on a page. Its elements may stand in a paragraph.
#[component]
pub fn HowCounted(
    /// The window of rule C2.
    window: Duration,
    /// Whether authors count on their own articles.
    counts_authors: bool,
    /// The article's views in the last 24 hours, in words.
    last_day: String,
) -> impl IntoView {
    let others = match counts_authors {
        true => "Repeats and bots don't count.",
        false => "Repeats, bots and the article's own authors don't count.",
    };
    view! {
        <span class="how-counted" id=EXPLANATION popover="auto" role="dialog" aria-label="How this is counted">
            <span>{format!("Each reader counts once every {}. {others}", in_words(window))}</span>
            <span>{format!("Last 24 hours: {last_day}")}</span>
            <a href="/counting">"How views are counted"</a>
        </span>
    }
}
