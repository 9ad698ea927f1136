//! Paragraphs from empty lines, and breaks from ends of lines, as WordPress makes them (`wpautop`)
//! from texts that were written without blocks.

use std::collections::HashSet;

/// Elements that end a paragraph.
const BLOCKS: [&str; 46] = [
    "table",
    "thead",
    "tfoot",
    "caption",
    "col",
    "colgroup",
    "tbody",
    "tr",
    "td",
    "th",
    "div",
    "dl",
    "dd",
    "dt",
    "ul",
    "ol",
    "li",
    "pre",
    "form",
    "map",
    "area",
    "blockquote",
    "address",
    "style",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "fieldset",
    "legend",
    "section",
    "article",
    "aside",
    "hgroup",
    "header",
    "footer",
    "nav",
    "figure",
    "figcaption",
    "details",
    "menu",
    "summary",
];
/// Blocks whose first line is no paragraph of its own.
const LINES: [&str; 18] = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "li",
    "td",
    "th",
    "dt",
    "dd",
    "figcaption",
    "summary",
    "caption",
    "legend",
    "address",
    "figure",
];
/// Elements whose content is left alone.
const VERBATIM: [&str; 6] = ["pre", "script", "style", "textarea", "svg", "math"];

/// A piece of markup at the start of a text.
pub(super) enum Markup<'a> {
    /// `<!-- -->`, with what is in it.
    Comment { length: usize, inner: &'a str },
    /// A tag, with its name in small letters.
    Tag { length: usize, name: String, is_end: bool },
    /// A sign that is text.
    Text,
}

/// Reads what begins with `<` at a place of `all`. `last`: where the last comment of it ends.
pub(super) fn markup(all: &str, at: usize, last: Option<usize>) -> Markup<'_> {
    let text = &all[at..];
    if let Some(rest) = text.strip_prefix("<!--") {
        let end = last.filter(|last| *last >= at + 4).and_then(|_| rest.find("-->"));
        return match end {
            Some(end) => Markup::Comment { length: end + 7, inner: &rest[..end] },
            None => Markup::Text,
        };
    }
    let is_end = text.starts_with("</");
    let inner = &text[if is_end { 2 } else { 1 }..];
    let letters = inner.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if letters == 0 || !inner.starts_with(|one: char| one.is_ascii_alphabetic()) {
        return Markup::Text;
    }
    let name = inner[..letters].to_ascii_lowercase();
    let mut quote = None;
    // A longer one is no tag. The limit keeps a text full of open tags from taking the square of
    // its length.
    for (at, byte) in text.bytes().enumerate().skip(letters).take(8 << 10) {
        match (quote, byte) {
            (None, b'>') => return Markup::Tag { length: at + 1, name, is_end },
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    Markup::Text
}

/// How long the element is that begins with a tag of this length, with its end tag.
pub(super) fn element(
    text: &str,
    name: &str,
    length: usize,
    missing: &mut HashSet<String>,
) -> Option<usize> {
    if missing.contains(name) {
        return None;
    }
    let end = format!("</{name}");
    let found = text.as_bytes()[length..]
        .windows(end.len())
        .position(|window| window.eq_ignore_ascii_case(end.as_bytes()))
        .map(|at| length + at);
    let Some(at) = found else {
        missing.insert(name.to_owned());
        return None;
    };
    Some(text[at..].find('>').map_or(text.len(), |close| at + close + 1))
}

/// Whether the content of an element is left alone.
pub(super) fn is_verbatim(name: &str) -> bool {
    VERBATIM.contains(&name)
}

/// Makes paragraphs.
pub(super) fn paragraphs(html: &str) -> String {
    let mut writer = Writer { out: String::new(), line: String::new(), is_wrapped: true };
    let mut missing = HashSet::new();
    let last = html.rfind("-->");
    let mut at = 0;
    while at < html.len() {
        let rest = &html[at..];
        let next = rest.find(['<', '\n']).unwrap_or(rest.len());
        writer.line.push_str(&rest[..next]);
        at += next;
        let rest = &html[at..];
        if rest.starts_with('\n') {
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            if rest[..blank].matches('\n').count() > 1 {
                writer.flush();
                writer.is_wrapped = true;
            } else {
                writer.new_line();
            }
            at += blank;
            continue;
        }
        if rest.is_empty() {
            break;
        }
        match markup(html, at, last) {
            Markup::Text => {
                writer.line.push('<');
                at += 1;
            }
            Markup::Comment { length, .. } => {
                writer.line.push_str(&rest[..length]);
                at += length;
            }
            Markup::Tag { length, name, is_end } => {
                let is_kept = is_verbatim(&name) && !is_end;
                let whole = is_kept.then(|| element(rest, &name, length, &mut missing)).flatten();
                let length = whole.unwrap_or(length);
                if BLOCKS.contains(&name.as_str()) {
                    writer.flush();
                    writer.out.push_str(&rest[..length]);
                    writer.is_wrapped = is_end || whole.is_some() || !LINES.contains(&&*name);
                } else {
                    writer.line.push_str(&rest[..length]);
                }
                at += length;
            }
        }
    }
    writer.flush();
    writer.out
}

struct Writer {
    out: String,
    /// The paragraph up to here.
    line: String,
    /// Whether the next line is a paragraph of its own.
    is_wrapped: bool,
}

impl Writer {
    fn new_line(&mut self) {
        let line = self.line.trim_end();
        let is_break = ["<br>", "<br/>", "<br />"].iter().any(|one| line.ends_with(one));
        if !line.is_empty() {
            self.line.push_str(if is_break { "\n" } else { "<br>\n" });
        }
    }

    fn flush(&mut self) {
        let mut line = self.line.trim();
        while let Some(before) =
            ["<br>", "<br/>", "<br />"].iter().find_map(|one| line.strip_suffix(one))
        {
            line = before.trim_end();
        }
        if !line.is_empty() {
            match self.is_wrapped {
                true => self.out.push_str(&format!("<p>{line}</p>\n")),
                false => self.out.push_str(line),
            }
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lines_end_paragraphs_and_other_lines_break() {
        for (text, html) in [
            ("a\n\nb\nc", "<p>a</p>\n<p>b<br>\nc</p>\n"),
            ("a<br />\nb", "<p>a<br />\nb</p>\n"),
            ("<h2>a</h2>\nb", "<h2>a</h2><p>b</p>\n"),
            ("<ul>\n<li>a</li>\n<li>b\n\nc</li>\n</ul>", "<ul><li>a</li><li>b<p>c</p>\n</li></ul>"),
            ("<pre>a\n\nb</pre>\nc", "<pre>a\n\nb</pre><p>c</p>\n"),
            ("<blockquote>a\n\nb</blockquote>", "<blockquote><p>a</p>\n<p>b</p>\n</blockquote>"),
            ("<p>a</p>\n\n<b>b</b>", "<p>a</p><p><b>b</b></p>\n"),
            ("1 < 2\n\n<img\nsrc=\"a>b\">", "<p>1 < 2</p>\n<p><img\nsrc=\"a>b\"></p>\n"),
            ("<!--more-->", "<p><!--more--></p>\n"),
            ("", ""),
        ] {
            assert_eq!(paragraphs(text), html, "{text}");
        }
    }

    #[test]
    fn open_tags_take_no_square_of_the_length() {
        for part in ["<pre>", "<!--", "<a \"", "<b", "\n\n", "<script>"] {
            assert!(paragraphs(&part.repeat(3_000)).len() < 1_000_000);
        }
    }
}
