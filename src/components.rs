//! The building blocks of pages. Islands are compiled for the browser too; everything else renders
//! on the server only. The script for readers is `browser/reading.js`.
#![allow(missing_docs, reason = "of the arguments, which the macros make fields of")]

pub mod editor;

#[cfg(feature = "ssr")]
pub mod article_body;
#[cfg(feature = "ssr")]
pub mod article_end;
#[cfg(feature = "ssr")]
pub mod article_list;
#[cfg(feature = "ssr")]
pub mod avatar;
#[cfg(feature = "ssr")]
pub mod diff;
#[cfg(feature = "ssr")]
pub mod follow;
#[cfg(feature = "ssr")]
pub mod form;
#[cfg(feature = "ssr")]
pub mod hole;
#[cfg(feature = "ssr")]
pub mod layout;
#[cfg(feature = "ssr")]
pub mod metadata;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod picture;
#[cfg(feature = "ssr")]
pub mod profile_forms;
#[cfg(feature = "ssr")]
pub mod ranking;
#[cfg(feature = "ssr")]
pub mod reaction_button;
#[cfg(feature = "ssr")]
pub mod sidebar;
#[cfg(feature = "ssr")]
pub mod theme_toggle;
#[cfg(feature = "ssr")]
pub mod tide_mark;
#[cfg(feature = "ssr")]
pub mod view_counter;
