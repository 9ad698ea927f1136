//! Server functions, called by the browser and by pages while they render. Each one authenticates,
//! calls a service and maps the error; none holds SQL or policy.
#![allow(missing_docs, reason = "of the arguments, which the macros make fields of")]

#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod reactions;
pub mod studio;
#[cfg(feature = "ssr")]
pub mod views;

/// Sets the HTTP status of a failed server function. Without it, Leptos answers every failure with
/// 500.
#[cfg(feature = "ssr")]
fn answer<T>(result: Result<T, crate::error::Error>) -> Result<T, crate::error::Error> {
    result.inspect_err(crate::error::Error::set_status)
}

/// Like [`answer`], with the message of an error in the reader's language, because the page's
/// script shows it.
#[cfg(feature = "ssr")]
fn answer_reader<T>(result: Result<T, crate::error::Error>) -> Result<T, crate::error::Error> {
    use crate::server::request::language::chosen_language;
    let state = leptos::prelude::expect_context::<crate::server::state::AppState>();
    let parts = leptos::prelude::expect_context::<axum::http::request::Parts>();
    let language = chosen_language(&parts.headers, state.config.site.language);
    answer(result.map_err(|error| error.in_words(language)))
}
