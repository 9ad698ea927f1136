//! Tidemark: a self-hosted blog whose read counts can be trusted.
//!
//! One crate, two halves. The server (`ssr`) renders every page; on pages that have islands the
//! browser (`hydrate`) gets those in [`components`] and what they share with the server, and
//! nothing else. What it does for readers is in `browser/reading.js`. `docs/ARCHITECTURE.md`
//! follows a page and a view through the code.
#![forbid(unsafe_code)]

pub mod api;
pub mod components;
pub mod error;
pub mod model;

#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod shell;

/// The browser's entry: brings the islands of the page to life.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
