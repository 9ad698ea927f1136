//! The button to switch between light and dark.

use leptos::prelude::*;

use crate::text::language;

/// Switches the theme. Hidden until `browser/reading.js` runs, because it does nothing without it.
#[component]
pub fn ThemeToggle() -> impl IntoView {
    view! {
        <button
            type="button"
            class="theme-toggle"
            data-colour-switch=""
            hidden
            aria-label=language().text("switch-to-dark")
            title=language().text("switch-to-dark")
        >
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
                <path d="M12 3a9 9 0 1 0 0 18Z" fill="currentColor" />
                <circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2" />
            </svg>
        </button>
    }
}
