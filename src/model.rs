//! What crosses the wire: the JSON API, the server functions and the pages all speak of these.

#[cfg(feature = "ssr")]
pub mod article;
pub mod count;
pub mod draft;
pub mod numbers;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod picture;
pub mod reaction;
pub mod theme;
pub mod view;
