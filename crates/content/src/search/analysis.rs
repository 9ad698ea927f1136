//! Splits a text into the terms that it is found by.
//!
//! A term is a word in lower case and without the accents that readers leave out (é, ё). English
//! and Russian words have a stem too. Scripts without spaces become pairs of characters.

use std::borrow::Cow;
use std::ops::Range;

/// A term of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The folded word. It has letters, digits, combining marks, `+` and `#`; never a space, a
    /// quote, `%`, `_` or `=`.
    pub word: String,
    /// Its number in the text, from 0.
    pub position: usize,
    /// Where it is in the text, in bytes.
    pub range: Range<usize>,
    /// What kind of word it is.
    pub kind: Kind,
}

/// How a term's other forms are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In Latin letters: has an English stem.
    Latin,
    /// In Cyrillic letters: has a Russian stem.
    Cyrillic,
    /// Anything else with spaces around it. Has no other forms.
    Plain,
    /// Two characters of a script without spaces.
    Pair,
    /// The last character of a run in a script without spaces, or the only one.
    Single,
}

impl Term {
    /// The stem, which all forms of a word share; `None` if the word has no other forms.
    pub fn stem(&self) -> Option<Cow<'_, str>> {
        todo!()
    }
}

/// The terms of a text, in order.
pub fn terms(text: &str) -> impl Iterator<Item = Term> {
    todo!();
    std::iter::empty()
}

/// The terms of a text as an index stores them, separated by spaces: each word, and behind it its
/// stem, marked with a `=` at the end, if it has one.
pub fn indexed(text: &str) -> String {
    todo!()
}

/// Whether the word is so common that it says nothing about what a reader is looking for.
pub fn is_common(word: &str) -> bool {
    todo!()
}
