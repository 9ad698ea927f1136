//! What people write and send, read by pure functions: texts, files, pictures, forms, addresses.
//!
//! All of it comes from outside, so each function takes any input. The fuzz targets in `fuzz/` hold
//! them to that. Nothing here knows a database, a clock, a setting or a framework for HTTP.
#![forbid(unsafe_code)]

pub mod address;
pub mod characters;
pub mod difference;
pub mod form;
pub mod forwarded;
pub mod front_matter;
mod highlight;
pub mod markdown;
mod nesting;
pub mod pictures;
mod pieces;
mod raw_html;
pub mod slug;
