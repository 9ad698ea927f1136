//! Picks the part of a text that shows why it was found, and marks the hits in it.

use super::query::Query;

/// A part of a text. The segments of a text follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Plain text, to be escaped.
    pub text: String,
    /// Whether it is what the reader was looking for.
    pub is_hit: bool,
}

/// The whole text with the hits marked. For titles.
pub fn marked(text: &str, query: &Query) -> Vec<Segment> {
    todo!()
}

/// The part of a text with the most hits, at most about `longest` characters. It begins and ends at
/// a word, and with `…` where text was left out. The beginning of the text if nothing is hit.
pub fn excerpt(text: &str, query: &Query, longest: usize) -> Vec<Segment> {
    todo!()
}

/// The plain text of sanitised HTML.
pub fn plain_text(html: &str) -> String {
    todo!()
}
