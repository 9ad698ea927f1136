//! What an author types.

use serde::{Deserialize, Serialize};

/// An article as it stands in the editor: everything is text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// One line.
    pub title: String,
    /// Empty: it is made of the title.
    pub slug: String,
    /// Empty: it is made of the text.
    pub summary: String,
    /// Separated by commas.
    pub tags: String,
    /// An address, or empty.
    pub cover: String,
    /// The text.
    pub markdown: String,
}
