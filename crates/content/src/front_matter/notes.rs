//! What a person should know about a file that was read.

/// What became of a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the article, in another form.
    Changed,
    /// It is not in the article, or not as its author meant it.
    Left,
}

/// Something that a person should know about a file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// What became of it.
    pub fate: Fate,
    /// What is the matter, in one line.
    pub text: String,
}
