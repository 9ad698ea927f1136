//! Data types shared by the JSON API, the server functions and the pages.

#[cfg(feature = "ssr")]
pub mod article;
pub mod draft;
#[cfg(feature = "ssr")]
pub mod language;
pub mod message;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod reaction;
#[cfg(feature = "ssr")]
pub mod search;
#[cfg(feature = "ssr")]
pub mod site;
#[cfg(feature = "ssr")]
pub mod theme;
#[cfg(feature = "ssr")]
pub mod view;
