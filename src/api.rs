//! Server functions: what the browser's half and pages ask of the server. Each checks, calls a
//! service and returns; none has SQL or policy.
#![allow(missing_docs, reason = "of the arguments, which the macros make fields of")]

#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod reactions;
pub mod studio;
#[cfg(feature = "ssr")]
pub mod views;

/// Gives a failure of a server function its status: Leptos would answer each with 500.
#[cfg(feature = "ssr")]
fn answer<T>(result: Result<T, crate::error::Error>) -> Result<T, crate::error::Error> {
    result.inspect_err(crate::error::Error::set_status)
}
