//! Titles and summaries as plain text.

use std::borrow::Cow;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options};

use super::disambiguation::{settled, show_single_tildes};
use crate::whitespace::one_line;

/// A title or summary as plain text: `` `code` `` and `*emphasis*` without their marks, a link as
/// its text. For places that show text as it is, such as a browser's tab or a feed.
pub fn plain_line(line: &str) -> String {
    // Most lines have no mark, so they need no parser.
    if !line.contains(['`', '*', '_', '[', '\\', '~']) {
        return line.to_owned();
    }
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.subscript = true;
    // Behind a word, nothing is the beginning of a heading, a list or any other block.
    let before = "x ";
    // References to characters are text as well.
    let one_line = one_line(line).replace('&', "&amp;");
    let read = |text: &str| Some(comrak::parse_document(&arena, text, &options));
    let Some(root) = settled(&mut Cow::Owned(format!("{before}{one_line}")), read) else {
        return line.to_owned();
    };
    show_single_tildes(&arena, root);
    let mut plain = String::with_capacity(line.len());
    for node in root.descendants() {
        match &node.data().value {
            NodeValue::Text(text) => plain.push_str(text),
            NodeValue::Code(code) => plain.push_str(&code.literal.replace("&amp;", "&")),
            // A title is text, so what looks like a tag is text too.
            NodeValue::HtmlInline(html) => plain.push_str(&html.replace("&amp;", "&")),
            _ => {}
        }
    }
    match plain.strip_prefix(before) {
        Some(plain) if !plain.trim().is_empty() => plain.to_owned(),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_as_plain_text_has_no_marks_of_markdown() {
        for (title, expected) in [
            ("Why `Option` is *not* null", "Why Option is not null"),
            ("**Bold** and [a link](/x) and ~~gone~~", "Bold and a link and gone"),
            ("`<script>` in a title", "<script> in a title"),
            ("snake_case and 2 * 3 * 4", "snake_case and 2 * 3 * 4"),
            ("# no heading", "# no heading"),
            ("1. `a`", "1. a"),
            ("- [ ] *a*", "- [ ] a"),
            ("<b title=\"&\">x</b> `y &lt;` &lt; *&*", "<b title=\"&\">x</b> y &lt; &lt; &"),
            ("100 % `", "100 % `"),
            ("潮汐 `a`", "潮汐 a"),
            ("[^1]", "[^1]"),
            ("", ""),
        ] {
            assert_eq!(plain_line(title), expected, "{title}");
        }
    }
}
