//! The building blocks of pages. They render on the server only. The script for readers is
//! `browser/reading.js`.
#![allow(missing_docs, reason = "of the arguments, which the macros make fields of")]

pub mod article_body;
pub mod article_end;
pub mod article_list;
pub mod avatar;
pub mod diff;
pub mod follow;
pub mod form;
pub mod hole;
pub mod layout;
pub mod metadata;
pub mod page;
pub mod picture;
pub mod profile_forms;
pub mod ranking;
pub mod reaction_button;
pub mod sidebar;
pub mod theme_toggle;
pub mod tide_mark;
pub mod view_counter;
