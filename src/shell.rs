//! The frame of every page: head, scripts, content security policy.

use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::http::request::Parts;
use leptos::prelude::*;
use leptos::tachys::html::InertElement;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::app::App;
use crate::model::theme::Theme;
use crate::server::request::cache::CachePolicy;
use crate::server::request::theme::chosen_theme;
use crate::server::state::AppState;

/// The document around [`App`].
pub fn shell(options: LeptosOptions) -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        let shows_elsewhere = use_context::<AppState>().is_none_or(|state| state.config.pictures.elsewhere);
        let (name, value) = CachePolicy::Page.header();
        response.insert_header(name, value);
        if let Ok(policy) = HeaderValue::try_from(page_policy(use_nonce().as_deref(), shows_elsewhere)) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    }
    let theme = use_context::<Parts>().and_then(|parts| chosen_theme(&parts.headers)).map(Theme::name);
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=options.css_path() />
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                <link rel="manifest" href="/site.webmanifest" />
                <link rel="alternate" type="application/atom+xml" title="Feed" href="/feed.xml" />
                <AutoReload options=options.clone() />
                {scripts(options)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The script that loads the browser's library and brings the islands to life.
///
/// Leptos has the library preloaded as well. That is left out: the text does not need it, and appeared later on a phone's connection,
/// which it fills (docs/PERFORMANCE.md). Without it, the script loads the library when the page is there.
fn scripts(options: LeptosOptions) -> InertElement {
    let html = view! { <HydrationScripts options islands=true /> }.to_html();
    let script = html.find("<script").map(|start| html[start..].to_owned());
    InertElement::new(script.unwrap_or(html))
}

/// What a page may load and run: its own files, and the scripts that carry this answer's nonce. Pictures may come from
/// anywhere over TLS, because authors link to them, unless a setting forbids it.
fn page_policy(nonce: Option<&str>, shows_elsewhere: bool) -> String {
    let elsewhere = if shows_elsewhere { " https:" } else { "" };
    let nonce = nonce.map(|nonce| format!(" 'nonce-{nonce}'")).unwrap_or_default();
    // cargo-leptos's live reload listens on a port of its own.
    let reload = if std::env::var_os("LEPTOS_WATCH").is_some() { " ws:" } else { "" };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{nonce}; style-src 'self'; img-src 'self'{elsewhere} data:; \
         media-src 'self'{elsewhere}; connect-src 'self'{reload}; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}
