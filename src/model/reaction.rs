//! Likes, collects and follows.

use serde::{Deserialize, Serialize};
use tidemark_counting::ArticleId;

/// A reaction to an article or an author, which a reader can set or take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Likes the article with that id.
    Like(ArticleId),
    /// Collects the article with that id in the reader's own list.
    Collect(ArticleId),
    /// Follows the author with that user name.
    Follow(String),
}

impl Reaction {
    /// The form field that holds the wanted state, `true` or `false`.
    pub fn field(&self) -> &'static str {
        match self {
            Reaction::Like(_) => "like",
            Reaction::Collect(_) => "collect",
            Reaction::Follow(_) => "follow",
        }
    }
}

/// The state of a reaction after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// Whether the reaction is set for this reader.
    pub is_on: bool,
    /// The number of readers who have set it, this one included.
    pub count: i64,
}
