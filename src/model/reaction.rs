//! What readers do with articles and authors, and what became of it.

use serde::{Deserialize, Serialize};

/// Something that a reader does, or does not do, with an article or an author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Likes the article of that number.
    Like(i64),
    /// Keeps the article of that number in a list of their own.
    Collect(i64),
    /// Follows the author of that user name.
    Follow(String),
}

impl Reaction {
    /// The name of the form's field that says whether the reader wants it, `true` or `false`.
    pub fn field(&self) -> &'static str {
        match self {
            Reaction::Like(_) => "like",
            Reaction::Collect(_) => "collect",
            Reaction::Follow(_) => "follow",
        }
    }
}

/// How a reaction stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// Whether this reader has reacted so.
    pub is_on: bool,
    /// How many readers have, this one included.
    pub count: i64,
}
