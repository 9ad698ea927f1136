//! The bounds of the texts that administrators set for the whole blog.

use crate::characters::is_storable;
use crate::front_matter::one_line_end;

/// Maximum length of the blog's name, in characters.
const LONGEST_TITLE: usize = 80;
/// Maximum length of the description, in characters.
const LONGEST_DESCRIPTION: usize = 300;
/// Maximum length of the footer, in characters.
const LONGEST_FOOTER: usize = 2_000;

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is longer than this many characters.
    #[error("This may have at most {0} characters.")]
    TooLong(usize),
    /// It has a line break or another control character.
    #[error("This must be one line of text.")]
    SeveralLines,
    /// It is longer than this many characters.
    #[error("The footer may have at most {0} characters.")]
    FooterTooLong(usize),
    /// It has a character that no page can have.
    #[error("The text contains a character that pages can't show.")]
    Unprintable,
}

/// What is wrong with the blog's name, its description or its footer, each with the name of its
/// field.
pub fn problems(title: &str, description: &str, footer: &str) -> Vec<(&'static str, Problem)> {
    let mut problems = Vec::new();
    let lines =
        [("title", title, LONGEST_TITLE), ("description", description, LONGEST_DESCRIPTION)];
    for (field, text, longest) in lines {
        if text.chars().nth(longest).is_some() {
            problems.push((field, Problem::TooLong(longest)));
        } else if text.chars().any(|one| one.is_control() || !is_storable(one)) {
            problems.push((field, Problem::SeveralLines));
        }
    }
    let footer = one_line_end(footer);
    if footer.chars().nth(LONGEST_FOOTER).is_some() {
        problems.push(("footer", Problem::FooterTooLong(LONGEST_FOOTER)));
    } else if footer.chars().any(|one| !is_storable(one)) {
        problems.push(("footer", Problem::Unprintable));
    }
    problems
}
