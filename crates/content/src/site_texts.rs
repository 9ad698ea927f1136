//! The bounds of the texts that administrators set for the whole blog.

use crate::characters::is_storable;
use crate::front_matter::one_line_end;

/// Maximum length of the blog's name, in characters.
const LONGEST_TITLE: usize = 80;
/// Maximum length of the description, in characters.
const LONGEST_DESCRIPTION: usize = 300;
/// Maximum length of the footer, in characters.
const LONGEST_FOOTER: usize = 2_000;

/// What is wrong with the blog's name, its description or its footer, each with the name of its
/// field.
pub fn problems(title: &str, description: &str, footer: &str) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    let lines =
        [("title", title, LONGEST_TITLE), ("description", description, LONGEST_DESCRIPTION)];
    for (field, text, longest) in lines {
        if text.chars().nth(longest).is_some() {
            problems.push((field, format!("This may have at most {longest} characters.")));
        } else if text.chars().any(|one| one.is_control() || !is_storable(one)) {
            problems.push((field, "This must be one line of text.".into()));
        }
    }
    let footer = one_line_end(footer);
    if footer.chars().nth(LONGEST_FOOTER).is_some() {
        problems
            .push(("footer", format!("The footer may have at most {LONGEST_FOOTER} characters.")));
    } else if footer.chars().any(|one| !is_storable(one)) {
        problems.push(("footer", "The text contains a character that pages can't show.".into()));
    }
    problems
}
