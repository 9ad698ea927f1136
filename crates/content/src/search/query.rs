//! Parses what a reader types into the search field.

use super::analysis::{Term, is_common, terms};

/// Maximum length of a query, in characters. The rest is ignored.
pub const LONGEST_QUERY: usize = 200;

/// Maximum number of clauses. The rest is ignored.
pub const MOST_CLAUSES: usize = 16;

/// The shortest beginning of a word that may be continued, in characters. One letter begins a
/// twentieth of all words.
const SHORTEST_BEGINNING: usize = 2;

/// What a reader is looking for. Every clause must hold, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    text: String,
    clauses: Vec<Clause>,
}

/// A part of a query: a word, or a quoted phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// What was typed, without quotes and minus. Not folded; it may hold any character.
    pub text: String,
    /// The terms of the text, at least one. Those of a phrase stand next to each other in this
    /// order and in these forms. Those of a word that is more than one term, such as `node.js` or
    /// `水位`, stand next to each other in any form.
    pub terms: Vec<Term>,
    /// Whether it was quoted.
    pub is_phrase: bool,
    /// Whether nothing that is found may have it.
    pub is_excluded: bool,
    /// Whether its last term may go on: it is the last word, and may not be typed completely.
    pub may_continue: bool,
}

impl Query {
    /// Parses a query. Never fails: what is not understood is text.
    ///
    /// - Words must all match, in any form. Very common words are ignored if there are others.
    /// - `"several words"` must match as they stand. A quote without its pair is ignored.
    /// - `-word` and `-"several words"` must not match, unless there is nothing else.
    pub fn parse(text: &str) -> Self {
        todo!()
    }

    /// The text as it was typed, without space around it, cut to [`LONGEST_QUERY`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All clauses, in the order in which they were typed.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// What must match.
    pub fn wanted(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| !clause.is_excluded)
    }

    /// What must not match.
    pub fn excluded(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| clause.is_excluded)
    }

    /// Whether there is nothing to look for. It finds nothing.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }
}
