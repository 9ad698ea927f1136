//! Light or dark, by the reader's choice.

use leptos::prelude::*;

use super::browser;
use crate::model::theme::{THEME_COOKIE, Theme};

/// A button that changes the theme. Hidden without JavaScript, where it could do nothing.
#[island]
pub fn ThemeToggle() -> impl IntoView {
    let theme = RwSignal::new(None::<Theme>);
    Effect::new(move |_| theme.set(Some(current_theme())));
    let change = move |_| {
        let next = match theme.get_untracked() {
            Some(Theme::Dark) => Theme::Light,
            _ => Theme::Dark,
        };
        if let Some(root) = browser::root_element() {
            let _ = root.set_attribute("data-theme", next.name());
        }
        browser::set_cookie(THEME_COOKIE, next.name());
        theme.set(Some(next));
    };
    let label = move || match theme.get() {
        Some(Theme::Dark) => "Switch to light colours",
        _ => "Switch to dark colours",
    };
    view! {
        <button
            type="button"
            class="theme-toggle"
            hidden=move || theme.get().is_none()
            aria-label=label
            title=label
            on:click=change
        >
            <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
                <path d="M12 3a9 9 0 1 0 0 18Z" fill="currentColor" />
                <circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" stroke-width="2" />
            </svg>
        </button>
    }
}

fn current_theme() -> Theme {
    let chosen = browser::root_element().and_then(|root| root.get_attribute("data-theme"));
    chosen.and_then(|name| Theme::from_name(&name)).unwrap_or_else(|| {
        let prefers_dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        if prefers_dark.is_some_and(|query| query.matches()) { Theme::Dark } else { Theme::Light }
    })
}
