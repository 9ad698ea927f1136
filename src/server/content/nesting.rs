//! How deeply a text may nest. A parser of HTML looks through everything that is open for many a tag, so 20,000 lists within one another would
//! take it many seconds. Here it is told without a tree: what is open is kept in a short list, and a tag that would go deeper is left out. Its
//! text stays.
//!
//! Where a parser closes an element by itself, as a paragraph where the next begins, so does this; in doubt it takes an element for open, and
//! then a text that closes none of its elements loses some tags of the deepest.

use std::borrow::Cow;
use std::collections::HashMap;

use super::raw_html::Markup;

/// How many elements may be open at a time. Lists in lists of comments need ten.
pub const DEEPEST: usize = 100;

/// How many elements such as `<b>` may be open that nothing but their own end tag closes: a parser opens each anew in every paragraph.
const MOST_FORMATTING: usize = 30;

/// Elements that have no end.
const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta",
    "param", "source", "track", "wbr",
];

/// Elements that stay open when what they are in is closed (WHATWG HTML, 13.2.4.3).
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Elements through which no end tag and no beginning reaches what is around them.
const WALLS: &[&str] =
    &["applet", "button", "caption", "marquee", "object", "table", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// Elements that stand in a line of text: their end tags close nothing else, and a block is no part of them.
const INLINE: &[&str] = &[
    "abbr", "acronym", "audio", "bdi", "bdo", "canvas", "cite", "data", "datalist", "del", "dfn", "ins", "kbd",
    "label", "map", "mark", "meter", "output", "picture", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "samp",
    "slot", "span", "sub", "sup", "time", "var", "video",
];

/// Blocks at whose beginning a paragraph ends.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "ul",
];

/// The HTML without the tags that would nest more than [`DEEPEST`] elements in one another; the same if there is none.
pub fn capped(html: &str) -> Cow<'_, str> {
    let mut open = Open::default();
    let mut capped: Option<String> = None;
    // Everything before `written` is in `capped`, if there is one.
    let (mut at, mut written) = (0, 0);
    while let Some(distance) = html[at..].find('<') {
        at += distance;
        let (length, is_kept) = match Markup::read(&html[at..]) {
            Markup::Comment(length) | Markup::Declaration(length) => (length, true),
            // The rest is no tag.
            Markup::OpenComment | Markup::Unfinished => break,
            Markup::Nothing => (1, true),
            Markup::Tag { length, name, is_end: false } => (length, open.start(&name)),
            Markup::Tag { length, name, is_end: true } => (length, open.end(&name)),
        };
        if !is_kept {
            capped.get_or_insert_default().push_str(&html[written..at]);
            written = at + length;
        }
        at += length;
    }
    match capped {
        Some(capped) => Cow::Owned(capped + &html[written..]),
        None => Cow::Borrowed(html),
    }
}

/// What is open, the outermost first.
#[derive(Default)]
struct Open {
    elements: Vec<String>,
    formatting: HashMap<String, usize>,
    /// Of how many start tags of a name that were left out the end tag is still to come.
    left_out: HashMap<String, usize>,
}

impl Open {
    /// Whether a start tag may stay.
    fn start(&mut self, name: &str) -> bool {
        if VOID.contains(&name) {
            return true;
        }
        if FORMATTING.contains(&name) {
            // A link in a link closes the outer one.
            if name == "a" && self.formatting.contains_key(name) {
                return true;
            }
            let is_kept = self.formatting.values().sum::<usize>() < MOST_FORMATTING;
            let count = if is_kept { &mut self.formatting } else { &mut self.left_out };
            *count.entry(name.to_owned()).or_default() += 1;
            return is_kept;
        }
        self.close_before(name);
        if self.elements.len() == DEEPEST {
            *self.left_out.entry(name.to_owned()).or_default() += 1;
            return false;
        }
        self.elements.push(name.to_owned());
        true
    }

    /// Whether an end tag may stay.
    fn end(&mut self, name: &str) -> bool {
        for (counts, is_kept) in [(&mut self.left_out, false), (&mut self.formatting, true)] {
            if let Some(count) = counts.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(name);
                }
                return is_kept;
            }
        }
        let is_inline = INLINE.contains(&name);
        let is_of_table = WALLS.contains(&name);
        let is_end = |other: &String| {
            if is_of_table {
                other == "table"
            } else {
                WALLS.contains(&other.as_str()) || (is_inline && !INLINE.contains(&other.as_str()))
            }
        };
        for (index, other) in self.elements.iter().enumerate().rev() {
            if other == name {
                self.elements.truncate(index);
                break;
            }
            if is_end(other) {
                break;
            }
        }
        true
    }

    /// Closes what the start tag of an element closes by itself.
    fn close_before(&mut self, name: &str) {
        match name {
            "td" | "th" => self.close_within(&["table", "tbody", "tfoot", "thead", "tr"]),
            "tr" => self.close_within(&["table", "tbody", "tfoot", "thead"]),
            "tbody" | "tfoot" | "thead" | "caption" | "colgroup" => self.close_within(&["table"]),
            "li" => self.close_sibling(&["li"]),
            "dd" | "dt" => self.close_sibling(&["dd", "dt"]),
            _ => {}
        }
        if BLOCKS.contains(&name) {
            self.close_paragraph();
        }
    }

    /// Closes all that is in the innermost of these.
    fn close_within(&mut self, names: &[&str]) {
        if let Some(index) = self.elements.iter().rposition(|other| names.contains(&other.as_str())) {
            self.elements.truncate(index + 1);
        }
    }

    /// Closes the innermost of these, if nothing but lines of text is open in it.
    fn close_sibling(&mut self, names: &[&str]) {
        for (index, other) in self.elements.iter().enumerate().rev() {
            let other = other.as_str();
            if names.contains(&other) {
                self.elements.truncate(index);
                return;
            }
            if !INLINE.contains(&other) && !matches!(other, "address" | "div" | "p") {
                return;
            }
        }
    }

    fn close_paragraph(&mut self) {
        for (index, other) in self.elements.iter().enumerate().rev() {
            if other == "p" {
                self.elements.truncate(index);
                return;
            }
            if WALLS.contains(&other.as_str()) {
                return;
            }
        }
    }
}

/// A text in which no line begins with more than [`DEEPEST`] marks of quotations: the next one is a character. A parser of Markdown looks at
/// each for each line.
pub fn capped_quotes(markdown: &str) -> Cow<'_, str> {
    // Where the backslashes go.
    let mut places = Vec::new();
    let mut start = 0;
    for line in markdown.split_inclusive('\n') {
        let is_mark = |character: &(usize, char)| {
            matches!(character.1, '>' | ' ' | '\t' | '-' | '+' | '*' | '.' | ')' | '0'..='9')
        };
        let mut marks = line.char_indices().take_while(is_mark).filter(|(_, character)| *character == '>');
        if let Some((at, _)) = marks.nth(DEEPEST) {
            places.push(start + at);
        }
        start += line.len();
    }
    if places.is_empty() {
        return Cow::Borrowed(markdown);
    }
    let mut capped = String::with_capacity(markdown.len() + places.len());
    let mut written = 0;
    for place in places {
        capped.push_str(&markdown[written..place]);
        capped.push('\\');
        written = place;
    }
    Cow::Owned(capped + &markdown[written..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How deep the tree is that browsers make of it.
    fn depth(html: &str) -> usize {
        // Ammonia writes what the parser understood, with all its end tags.
        let mut builder = ammonia::Builder::default();
        builder.add_tags(["button", "font", "big", "section", "object", "marquee"]);
        let written = builder.clean(html).to_string();
        let (mut depth, mut deepest) = (0usize, 0);
        for tag in written.split('<').skip(1) {
            let name = tag.split(|character: char| !character.is_ascii_alphanumeric() && character != '/').next();
            match name.unwrap_or_default() {
                end if end.starts_with('/') => depth = depth.saturating_sub(1),
                void if VOID.contains(&void) => {}
                _ => depth += 1,
            }
            deepest = deepest.max(depth);
        }
        deepest
    }

    #[test]
    fn whatever_is_nested_goes_only_so_deep() {
        for part in [
            "<div>",
            "<ul><li>",
            "<ul><li><p>",
            "<blockquote>",
            "<table><tr><td>",
            "<table><td>",
            "<div><table></div>",
            "<div><span></div>",
            "<p><button>",
            "<span>",
            "<em>",
            "<b class=1></p><p>",
            "<p><b>",
            "<p><font size=1>x</p>",
            "<a href=1>",
            "<h1>",
            "<dl><dd>",
            "<li><div>",
            "<object>",
            "<marquee><p>",
            "<section></div><div></section>",
        ] {
            let html = part.repeat(400);
            let found = depth(&capped(&html));
            assert!(found <= 2 * DEEPEST + MOST_FORMATTING, "{part}: {found} deep");
        }
    }

    #[test]
    fn what_closes_itself_may_be_as_long_as_it_likes() {
        for part in [
            "<p>a",
            "<p>a</p>",
            "<div><p>a</div>",
            "<tr><td>a<td>b",
            "<tr><th>a</th></tr>",
            "<li>a",
            "<li>a <span>b",
            "<dt>a<dd>b",
            "<a href=1>x",
            "<b>x</b>",
            "<br><hr><img src=x>",
            "a < b > c <!-- d --> &lt;e>",
        ] {
            let html = format!("<div><ul><table>{}", part.repeat(1_000));
            assert!(matches!(capped(&html), Cow::Borrowed(_)), "{part}");
        }
    }

    #[test]
    fn a_tag_that_is_left_out_goes_with_its_end_and_its_text_stays() {
        let html = format!("{}a<i>b</i>{}c", "<div>".repeat(DEEPEST + 2), "</div>".repeat(DEEPEST + 2));
        let kept = format!("{}a<i>b</i>{}c", "<div>".repeat(DEEPEST), "</div>".repeat(DEEPEST));
        assert_eq!(capped(&html), kept);
    }

    #[test]
    fn only_so_many_quotations_are_within_one_another() {
        let usual = format!("{} a\n> b", ">".repeat(DEEPEST));
        assert!(matches!(capped_quotes(&usual), Cow::Borrowed(_)));
        let deep = format!("a\n{}> b\n> c", "> ".repeat(DEEPEST));
        assert_eq!(capped_quotes(&deep), format!("a\n{}\\> b\n> c", "> ".repeat(DEEPEST)));
    }
}
