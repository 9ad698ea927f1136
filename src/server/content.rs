//! Articles as files and as text: front matter, Markdown, import, export and the samples.

pub mod characters;
pub mod export;
pub mod front_matter;
pub mod import;
pub mod markdown;
pub mod raw_html;
pub mod rerender;
pub mod seed;
pub mod slug;
