//! Parsers for what people write and send: texts, files, pictures, forms, addresses. All are pure
//! functions.
//!
//! The input is untrusted, so every function accepts any input; the fuzz targets in `fuzz/` check
//! that. Nothing here depends on a database, a setting, an HTTP framework or a clock, but for the
//! time after which diagrams are given up.

pub mod address;
mod anchor;
pub mod card;
pub mod characters;
pub mod counts;
pub mod diagram;
pub mod difference;
pub mod exports;
pub mod form;
pub mod forwarded;
pub mod front_matter;
mod highlight;
mod html_text;
mod language;
pub mod links;
pub mod markdown;
mod math;
pub mod menu;
mod nesting;
pub mod pictures;
mod pieces;
mod raw_html;
pub mod redirects;
pub mod sanitizer;
pub mod search;
pub mod shortcodes;
pub mod site;
pub mod site_texts;
pub mod slug;
pub mod to_markdown;
mod whitespace;
