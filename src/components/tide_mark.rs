//! The mark beside a count that opens an explanation of how it is counted.

use std::time::Duration;

use leptos::prelude::*;

use crate::text::language;

/// The id of the explanation.
const EXPLANATION: &str = "how-counted";

/// The button that opens [`HowCounted`]. It needs no script.
#[component]
pub fn TideMark() -> impl IntoView {
    let name = language().text("how-this-is-counted");
    view! {
        <button type="button" class="tide-mark" popovertarget=EXPLANATION aria-label=name.clone() title=name>
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
    let language = language();
    let window = language.every(window);
    let window = [("window", (&window).into())];
    let once = match counts_authors {
        true => language.with("counts-once-with-authors", window),
        false => language.with("counts-once", window),
    };
    let last_day = language.with("views-of-last-day", [("views", (&last_day).into())]);
    view! {
        <span class="how-counted" id=EXPLANATION popover="auto" role="dialog" aria-label=language.text("how-this-is-counted")>
            <span>{once}</span>
            <span>{last_day}</span>
            <a href="/counting">{language.text("how-views-are-counted")}</a>
        </span>
    }
}
