//! The contents of the editor.

use serde::{Deserialize, Serialize};

use crate::message::Message;

/// An article's editor fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The title, on one line.
    pub title: String,
    /// The name in the URL. If empty, it is derived from the title.
    pub slug: String,
    /// The summary. If empty, it is taken from the beginning of the text.
    pub summary: String,
    /// The tags, separated by commas.
    pub tags: String,
    /// The name of the series that it is part of, or empty.
    pub series: String,
    /// The URL of the cover picture, or empty.
    pub cover: String,
    /// Whether it is a page such as About.
    pub is_page: bool,
    /// The text, as Markdown.
    pub markdown: String,
}

/// The answer to a draft that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDraft {
    /// When it was stored, in milliseconds since 1970.
    pub saved_at: i64,
    /// Who changed the article since the form was opened, as a sentence; `None` if nobody did.
    pub changed: Option<Message>,
}
