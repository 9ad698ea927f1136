//! White space in texts.

/// A text in one line: each run of white space becomes a space, and there is none at the ends.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
