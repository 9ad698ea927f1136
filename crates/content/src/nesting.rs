//! Limits how deeply HTML may nest. For many tags, an HTML parser searches all open elements, so
//! 20,000 nested lists would take it many seconds. The limit needs no tree: a short list holds the
//! open elements, and a tag that would go deeper is dropped. Its text stays.
//!
//! The same list catches other input that would blow up in a parser:
//!
//! - A `<b>` still open at the end of a paragraph is opened again in the next one, with all its
//!   attributes. After one with a title of half a megabyte, a thousand paragraphs would make a page
//!   of half a gigabyte.
//! - Content in a table but outside its cells is moved to before the table. Each time, the parser
//!   searches for the table among all its siblings.
//! - The longer an attribute's value is, the longer it takes to write each `&` in it.
//! - Attribute names are interned in a table with predictable hashes (`string_cache`). If a hundred
//!   thousand names collide, each lookup compares them all.
//!
//! Where a parser closes an element implicitly, as a paragraph before the next one, so does this.
//! If in doubt, it assumes that the element is open. So a text that closes none of its elements may
//! lose some of its deepest tags.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::raw_html::Markup;

/// The maximum number of open elements. Nested lists of comments need ten.
pub const DEEPEST: usize = 100;

/// The maximum number of open elements such as `<b>`, which only their own end tag closes. A parser
/// opens each again in every paragraph.
const MOST_FORMATTING: usize = 30;

/// How much text may grow because tags such as `<b>` are opened again, in bytes.
const MOST_COPIED: usize = 8 * 1024 * 1024;

/// The maximum number of tags and texts in tables but outside their cells.
const MOST_OUTSIDE_CELLS: usize = 1_000;

/// The maximum number of different attribute names in a text, not counting those of at most
/// [`SHORT_NAME`] bytes. HTML has a few dozen.
pub const MOST_NAMES: usize = 1_000;

/// The longest name that is not interned in the parser's table, in bytes.
const SHORT_NAME: usize = 7;

/// The longest start tag, in bytes. A longer one loses its attributes.
pub const LONGEST_TAG: usize = 8 * 1024;

/// Elements without an end tag.
const VOID: &[&str] = &[
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input",
    "link", "meta", "param", "source", "track", "wbr",
];

/// Elements that stay open when their parent is closed (WHATWG HTML, 13.2.4.3).
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// Scope boundaries: tags inside these elements close nothing outside them.
const WALLS: &[&str] = &[
    "applet", "button", "caption", "marquee", "object", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr",
];

/// Inline elements. Their end tags never close a block.
const INLINE: &[&str] = &[
    "abbr", "acronym", "audio", "bdi", "bdo", "canvas", "cite", "data", "datalist", "del", "dfn",
    "ins", "kbd", "label", "map", "mark", "meter", "output", "picture", "progress", "q", "rb",
    "rp", "rt", "rtc", "ruby", "samp", "slot", "span", "sub", "sup", "time", "var", "video",
];

/// Blocks that end an open paragraph.
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

/// The parts of a table, and what may be between them.
const TABLE_PARTS: &[&str] =
    &["caption", "col", "colgroup", "form", "table", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// HTML that a parser handles in roughly linear time.
#[derive(Debug)]
pub struct Capped<'a> {
    /// The HTML. It lacks the tags that would nest more than [`DEEPEST`] elements, and the
    /// attributes of tags that are longer than [`LONGEST_TAG`] or would exceed [`MOST_NAMES`].
    /// Borrowed if nothing was dropped.
    pub html: Cow<'a, str>,
    /// Whether tags were dropped.
    pub is_flatter: bool,
    /// Whether attributes were dropped.
    pub is_shorter: bool,
    /// Whether a parser would make it far larger.
    pub is_too_large: bool,
    /// Whether too much is in tables but outside their cells.
    pub is_outside_cells: bool,
}

/// Cuts `html` down to what a parser can handle.
pub fn capped(html: &str) -> Capped<'_> {
    let mut open = Open::default();
    let mut names = HashSet::new();
    let mut capped: Option<String> = None;
    let (mut is_flatter, mut is_shorter) = (false, false);
    // Everything before `written` is already in `capped`, if there is one.
    let (mut at, mut written) = (0, 0);
    while let Some(distance) = html[at..].find('<') {
        open.text(&html[at..at + distance]);
        at += distance;
        // The length of the markup, and its replacement if it can't stay.
        let (length, instead) = match Markup::read(&html[at..]) {
            Markup::Comment(length) | Markup::Declaration(length) => (length, None),
            // The rest contains no tag.
            Markup::OpenComment | Markup::Unfinished => break,
            Markup::Nothing => (1, None),
            Markup::Tag { length, name, is_end: true } => {
                (length, (!open.end(&name)).then(String::new))
            }
            Markup::Tag { length, name, is_end: false } => {
                let is_too_long =
                    length > LONGEST_TAG || !add_names(&mut names, &html[at..at + length]);
                let short = is_too_long.then(|| format!("<{name}>"));
                if open.start(&name, short.as_ref().map_or(length, String::len)) {
                    is_shorter |= short.is_some();
                    (length, short)
                } else {
                    (length, Some(String::new()))
                }
            }
        };
        if let Some(instead) = instead {
            is_flatter |= instead.is_empty();
            let capped = capped.get_or_insert_default();
            capped.push_str(&html[written..at]);
            capped.push_str(&instead);
            written = at + length;
        }
        at += length;
    }
    open.text(&html[at..]);
    Capped {
        html: match capped {
            Some(capped) => Cow::Owned(capped + &html[written..]),
            None => Cow::Borrowed(html),
        },
        is_flatter,
        is_shorter,
        is_too_large: open.copied > MOST_COPIED,
        is_outside_cells: open.outside_cells > MOST_OUTSIDE_CELLS,
    }
}

/// Records the attribute names of a start tag that are not short. Returns false if that makes too
/// many.
fn add_names<'a>(names: &mut HashSet<&'a str>, tag: &'a str) -> bool {
    let mut longer = attribute_names(tag);
    longer.retain(|name| name.len() > SHORT_NAME);
    if names.len() >= MOST_NAMES && longer.iter().any(|name| !names.contains(name)) {
        return false;
    }
    names.extend(longer);
    true
}

/// The attribute names of a start tag, as written (WHATWG HTML, 13.2.5.32 to 13.2.5.39).
fn attribute_names(tag: &str) -> Vec<&str> {
    let is_space = |character: char| character.is_ascii_whitespace();
    let is_between = |character: char| character.is_ascii_whitespace() || character == '/';
    let mut names = Vec::new();
    let mut rest = tag
        .strip_suffix('>')
        .unwrap_or(tag)
        .trim_start_matches(|character: char| !is_between(character));
    loop {
        rest = rest.trim_start_matches(is_between);
        if rest.is_empty() {
            return names;
        }
        // The first character belongs to the name even if it is a `=`.
        let is_end = |(_, character): &(usize, char)| is_between(*character) || *character == '=';
        let end = rest.char_indices().skip(1).find(is_end).map_or(rest.len(), |(end, _)| end);
        names.push(&rest[..end]);
        rest = &rest[end..];
        if let Some(value) = rest.trim_start_matches(is_space).strip_prefix('=') {
            let value = value.trim_start_matches(is_space);
            let end = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].find(quote).map(|end| end + 2),
                _ => value.find(is_space),
            };
            rest = &value[end.unwrap_or(value.len())..];
        }
    }
}

/// Where something is in relation to a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Outside any table.
    #[default]
    Elsewhere,
    /// In a table, but outside its cells.
    OutsideCells,
    /// In a cell or a caption.
    Cell,
}

/// An open element.
struct Element {
    name: String,
    /// How many of [`WALLS`] are open, up to and including this one.
    walls: usize,
    place: Place,
}

/// An open element such as `<b>`.
struct Formatting {
    name: String,
    /// The length of its start and end tag, in bytes.
    length: usize,
    /// How many elements were open when it began.
    depth: usize,
    /// How many of [`WALLS`] were open when it began.
    walls: usize,
}

/// All open elements, the outermost first.
#[derive(Default)]
struct Open {
    elements: Vec<Element>,
    formatting: Vec<Formatting>,
    /// By name, how many start tags were dropped whose end tag is still to come.
    left_out: HashMap<String, usize>,
    /// An upper bound for the length of all tags that a parser opens again.
    copied: usize,
    /// How much is in tables but outside their cells.
    outside_cells: usize,
}

impl Open {
    fn walls(&self) -> usize {
        self.elements.last().map_or(0, |element| element.walls)
    }

    fn place(&self) -> Place {
        self.elements.last().map_or(Place::Elsewhere, |element| element.place)
    }

    /// Records a text.
    fn text(&mut self, text: &str) {
        if self.place() == Place::OutsideCells
            && text.chars().any(|character| !character.is_ascii_whitespace())
        {
            // A parser handles each reference and each line break separately.
            let parts = text.bytes().filter(|byte| matches!(byte, b'&' | b'\n')).count();
            self.outside_cells += 1 + self.formatting.len() + parts;
        }
    }

    /// Records a tag.
    fn tag(&mut self, name: &str) {
        if self.place() == Place::OutsideCells && !TABLE_PARTS.contains(&name) {
            self.outside_cells += 1 + self.formatting.len();
        }
    }

    /// Records that a parser may open all formatting elements again.
    fn copy(&mut self) {
        let length: usize = self.formatting.iter().map(|formatting| formatting.length).sum();
        self.copied = self.copied.saturating_add(length);
    }

    /// Records a start tag of `length` bytes. Returns whether it may stay.
    fn start(&mut self, name: &str, length: usize) -> bool {
        self.tag(name);
        if FORMATTING.contains(&name) {
            return self.start_formatting(name, length);
        }
        if !INLINE.contains(&name) && (name == "hr" || !VOID.contains(&name)) {
            self.copy();
        }
        if VOID.contains(&name) {
            return true;
        }
        self.close_before(name);
        if self.elements.len() == DEEPEST {
            *self.left_out.entry(name.to_owned()).or_default() += 1;
            return false;
        }
        let place = match name {
            "table" => Place::OutsideCells,
            // Outside a table, its parts mean nothing.
            _ if self.place() == Place::Elsewhere => Place::Elsewhere,
            "tbody" | "tfoot" | "thead" | "tr" | "colgroup" => Place::OutsideCells,
            "td" | "th" | "caption" => Place::Cell,
            _ => self.place(),
        };
        let walls = self.walls() + usize::from(WALLS.contains(&name));
        self.elements.push(Element { name: name.to_owned(), walls, place });
        true
    }

    fn start_formatting(&mut self, name: &str, length: usize) -> bool {
        let walls = self.walls();
        if matches!(name, "a" | "nobr") {
            // A nested link closes the outer one, unless there is a scope boundary between them.
            let is_outer = |outer: &Formatting| outer.name == name && outer.walls >= walls;
            if let Some(index) = self.formatting.iter().rposition(is_outer) {
                self.copy();
                self.formatting.remove(index);
            }
        }
        if self.formatting.len() >= MOST_FORMATTING {
            *self.left_out.entry(name.to_owned()).or_default() += 1;
            return false;
        }
        let length = length + name.len() + "</>".len();
        self.formatting.push(Formatting {
            name: name.to_owned(),
            length,
            depth: self.elements.len(),
            walls,
        });
        true
    }

    /// Records an end tag. Returns whether it may stay.
    fn end(&mut self, name: &str) -> bool {
        self.tag(name);
        if let Some(count) = self.left_out.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                self.left_out.remove(name);
            }
            return false;
        }
        if FORMATTING.contains(&name) {
            self.end_formatting(name);
            return true;
        }
        let is_inline = INLINE.contains(&name);
        let depth = self.elements.len();
        let is_innermost = self.elements.last().is_some_and(|last| last.name == name)
            && self.formatting.iter().all(|formatting| formatting.depth < depth);
        if !is_inline || !is_innermost {
            self.copy();
        }
        let is_of_table = WALLS.contains(&name);
        let is_end = |other: &str| {
            if is_of_table {
                other == "table"
            } else {
                WALLS.contains(&other) || (is_inline && !INLINE.contains(&other))
            }
        };
        for (index, other) in self.elements.iter().enumerate().rev() {
            if other.name == name {
                self.elements.truncate(index);
                break;
            }
            if is_end(&other.name) {
                break;
            }
        }
        true
    }

    /// Such an end tag closes nothing beyond a scope boundary.
    fn end_formatting(&mut self, name: &str) {
        let walls = self.walls();
        let is_meant =
            |formatting: &Formatting| formatting.name == name && formatting.walls >= walls;
        let index = self.formatting.iter().rposition(is_meant);
        let depth = self.elements.len();
        let is_innermost = index.is_some_and(|index| index + 1 == self.formatting.len())
            && self.formatting.last().is_some_and(|last| last.depth == depth);
        if !is_innermost {
            self.copy();
        }
        if let Some(index) = index {
            self.formatting.remove(index);
        }
    }

    /// Closes what a start tag closes implicitly.
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

    /// Closes everything inside the innermost of these.
    fn close_within(&mut self, names: &[&str]) {
        if let Some(index) =
            self.elements.iter().rposition(|other| names.contains(&other.name.as_str()))
        {
            self.elements.truncate(index + 1);
        }
    }

    /// Closes the innermost of these, unless a block other than `address`, `div` or `p` is open in
    /// it.
    fn close_sibling(&mut self, names: &[&str]) {
        for (index, other) in self.elements.iter().enumerate().rev() {
            let other = other.name.as_str();
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
            if other.name == "p" {
                self.elements.truncate(index);
                return;
            }
            if WALLS.contains(&other.name.as_str()) {
                return;
            }
        }
    }
}

/// Escapes the first `>` beyond [`DEEPEST`] at the beginning of each line, so quotes nest no
/// deeper. A Markdown parser checks every open quote for every line.
pub fn capped_quotes(markdown: &str) -> Cow<'_, str> {
    // Where to insert backslashes.
    let mut places = Vec::new();
    let mut start = 0;
    for line in markdown.split_inclusive('\n') {
        let is_mark = |character: &(usize, char)| {
            matches!(character.1, '>' | ' ' | '\t' | '-' | '+' | '*' | '.' | ')' | '0'..='9')
        };
        let mut marks =
            line.char_indices().take_while(is_mark).filter(|(_, character)| *character == '>');
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
mod tests;
