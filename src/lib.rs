//! Tidemark: a self-hosted blog whose read counts can be trusted.
//!
//! The crate builds two programs. With the feature `ssr` it is the server, which renders every
//! page. With `hydrate` it is the browser's library, which only the studio loads: the [`editor`]
//! and what it needs. Everything else a page does in the browser is in `browser/reading.js`. What
//! only the server needs is in crates of its own or behind `ssr`, where its module is declared.
//! `docs/ARCHITECTURE.md` follows a page and a view through the code.

pub mod api;
pub mod draft;
pub mod editor;
pub mod error;
pub mod message;

#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod model;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(feature = "ssr")]
pub mod shell;
#[cfg(feature = "ssr")]
pub mod text;

/// The browser's entry point: hydrates the islands of the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
