//! Imports articles from files, exports them, and renders them again.

pub mod export;
pub mod export_counts;
pub mod export_site;
pub mod import;
pub mod import_counts;
pub mod rerender;
pub mod search_index;

use crate::model::article::Heading;

impl From<tidemark_content::markdown::Heading> for Heading {
    fn from(heading: tidemark_content::markdown::Heading) -> Self {
        let tidemark_content::markdown::Heading { level, text, anchor } = heading;
        Self { level, text, anchor }
    }
}
