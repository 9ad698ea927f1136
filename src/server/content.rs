//! Articles as files and as text: front matter, Markdown, import and export.

pub mod address;
pub mod characters;
pub mod difference;
pub mod export;
pub mod form;
pub mod front_matter;
pub mod highlight;
pub mod import;
pub mod markdown;
pub mod nesting;
pub mod pieces;
pub mod raw_html;
pub mod rerender;
pub mod slug;
