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
