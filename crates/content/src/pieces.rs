//! Splits long texts, so that writing them takes linear time. For each character that has to be
//! escaped, html5ever (`write_escaped`) searches the rest of the text for `<` or `>`, perhaps to
//! its very end. So a text of a million `&` would take quadratic time.
//!
//! A comment splits a text in two for the sanitiser. The two stay separate when it drops the
//! comment. So a comment is inserted into long texts now and then, and none of them is left in the
//! output.

use std::borrow::Cow;

use super::raw_html::Markup;

/// The minimum length of a piece, in bytes.
const PIECE: usize = 1024;

/// The separator between two pieces.
const BETWEEN: &str = "<!---->";

/// Elements in which a comment is plain text (WHATWG HTML, 13.2.6.2). None of them is left by the
/// time a text is sanitised (`raw_html.rs`).
const RAW: &[&str] = &[
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "script",
    "style",
    "textarea",
    "title",
    "xmp",
];

/// Splits the long texts in `html`; borrows it unchanged if there are none. The result must go
/// through a sanitiser that drops comments.
pub fn in_pieces(html: &str) -> Cow<'_, str> {
    let mut pieces = String::new();
    // Everything before `written` is already in `pieces`.
    let (mut at, mut written) = (0, 0);
    // The length of the text since the last comment. A tag does not reset it, because a tag that
    // closes nothing does not end a text.
    let mut length = 0;
    loop {
        let end = html[at..].find('<').map_or(html.len(), |distance| at + distance);
        if length + (end - at) > PIECE {
            for (distance, character) in html[at..end].char_indices() {
                if length >= PIECE && may_begin_piece(character) {
                    pieces.push_str(&html[written..at + distance]);
                    pieces.push_str(BETWEEN);
                    written = at + distance;
                    length = 0;
                }
                length += character.len_utf8();
            }
        } else {
            length += end - at;
        }
        if end == html.len() {
            break;
        }
        let rest = &html[end..];
        at = end
            + match Markup::read(rest) {
                Markup::Comment(length) => length,
                Markup::Tag { length, name, is_end } if is_end || !RAW.contains(&name.as_str()) => {
                    length
                }
                Markup::Nothing if !rest.starts_with("</") => 1,
                // It is unclear whether the rest contains any text.
                _ => break,
            };
    }
    if pieces.is_empty() { Cow::Borrowed(html) } else { Cow::Owned(pieces + &html[written..]) }
}

/// Whether a piece may begin with this character. Letters, digits, `#` and `;` may be inside a
/// character reference, which must not be split. White space on its own means something else in a
/// table than together with text.
fn may_begin_piece(character: char) -> bool {
    !character.is_ascii_alphanumeric()
        && !character.is_ascii_whitespace()
        && !matches!(character, '#' | ';')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts work, not time: how much is searched for each character that is escaped.
    #[test]
    fn no_piece_with_many_references_is_long() {
        for part in [
            "&",
            "&amp;",
            "&#38;",
            "&x",
            "&#x26 ",
            "&not",
            "&notin;",
            "\u{a9}",
            "\u{a0}",
            "x &amp; ",
            "&</td>",
            "&</b>x",
            "<b>&</b>",
            "&<!-- - -->",
            "& < ",
            "&CounterClockwiseContourIntegral;",
        ] {
            let html = part.repeat(100_000);
            let pieces = in_pieces(&html);
            let longest = pieces.split(BETWEEN).map(str::len).max().unwrap_or_default();
            // Tags are not text.
            assert!(longest < 16 * PIECE, "{part}: {longest}");
            assert_eq!(pieces.replace(BETWEEN, ""), html, "{part}");
        }
    }

    #[test]
    fn a_long_text_parses_the_same_with_and_without_pieces() {
        let clean = |html: &str| ammonia::Builder::default().clean(html).to_string();
        for part in [
            "&",
            "&amp;",
            "&amp",
            "&#38;",
            "&#38",
            "&#x26;",
            "&not",
            "&notit;",
            "&notin;",
            "&x;",
            "&;",
            "&#;",
            "&#x;",
            "& ",
            "a&b",
            "\u{a9}",
            "\u{a0}",
            "e\u{301}!",
            "<b>&amp;</b>!",
            "!<br>",
            "</td>!",
            "&#9;!",
            "\n!",
            "\t&\n",
            "<p>&amp;!",
            "a < b > c",
            "a<!-- ! -->&",
        ] {
            let html = part.repeat(2_000);
            assert_eq!(clean(&in_pieces(&html)), clean(&html), "{part}");
            let html = format!("<pre>{html}</pre><ul><li>{html}</ul><table><tr><td>{html}</table>");
            assert_eq!(clean(&in_pieces(&html)), clean(&html), "{part}");
        }
    }

    #[test]
    fn nothing_is_inserted_where_it_would_become_text() {
        let text = "&".repeat(5_000);
        for start in
            ["<textarea>", "<title>", "<!-- ", "<p title=\"", "</ ", "<!x ", "<![CDATA[", "<STYLE>"]
        {
            let html = format!("{start}{text}");
            assert!(matches!(in_pieces(&html), Cow::Borrowed(_)), "{start}");
        }
        assert!(matches!(in_pieces("a short text &amp; no more"), Cow::Borrowed(_)));
    }
}
