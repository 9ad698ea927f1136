//! Prepares the raw HTML in a Markdown text for the sanitiser. The sanitiser works on a parsed
//! tree, and some things are lost by then: whatever follows `<script>` is already a script. So
//! three things are settled here, on the level of tags:
//!
//! - Some tags are shown as typed, because otherwise text would vanish. After nine of them
//!   (GitHub's "tagfilter", GFM 6.11) a parser no longer reads the rest of the page as HTML. The
//!   content of `<template>` or `<path>` ends up where no reader sees it. Names unknown to HTML, as
//!   in `Vec<String>`, would be dropped silently.
//! - An embedded page becomes a link to it. So does an empty script with a `src` that is a block of
//!   its own, because it would embed a page there.
//! - Drawings (SVG) and formulas (MathML) lose their tags and keep their text.
//!
//! This is no security measure: everything that leaves here is sanitised.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use url::Url;

use crate::whitespace::one_line;

/// The elements of HTML, obsolete ones included, whose content is part of the page. Any other tag
/// is shown as typed.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "applet",
    "area",
    "article",
    "aside",
    "audio",
    "b",
    "base",
    "basefont",
    "bdi",
    "bdo",
    "bgsound",
    "big",
    "blink",
    "blockquote",
    "body",
    "br",
    "button",
    "canvas",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "datalist",
    "dd",
    "del",
    "details",
    "dfn",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hgroup",
    "hr",
    "html",
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "legend",
    "li",
    "link",
    "main",
    "map",
    "mark",
    "marquee",
    "menu",
    "menuitem",
    "meta",
    "meter",
    "nav",
    "nobr",
    "object",
    "ol",
    "optgroup",
    "option",
    "output",
    "p",
    "param",
    "picture",
    "pre",
    "progress",
    "q",
    "rb",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "search",
    "section",
    "select",
    "slot",
    "small",
    "source",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "track",
    "tt",
    "u",
    "ul",
    "var",
    "video",
    "wbr",
];

/// The elements whose end tag matters.
const CLOSED: [&str; 7] = ["svg", "math", "style", "script", "iframe", "embed", "noscript"];

/// A part of the HTML in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Passed to the sanitiser as it is.
    Html(&'a str),
    /// Shown as typed.
    Text(&'a str),
    /// Replaces an embedded page.
    Link(Link),
}

/// A link to a page that was embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// An HTTP or HTTPS address.
    pub address: String,
    /// The link's text: the page's title, if it has one, and the address.
    pub text: String,
}

/// The position of the last end tag of each of [`CLOSED`]. It saves each start tag a search for its
/// own end tag, which would take quadratic time in a text of nothing but start tags.
#[derive(Clone, Copy, Debug)]
pub struct Ends([Option<usize>; CLOSED.len()]);

impl Ends {
    /// Finds them in `html`.
    pub fn of(html: &str) -> Self {
        Self(CLOSED.map(|name| {
            html.rmatch_indices("</").map(|(at, _)| at).find(|at| is_name(&html[at + 2..], name))
        }))
    }

    fn is_closed_after(&self, name: &str, position: usize) -> bool {
        let last = CLOSED
            .iter()
            .zip(self.0)
            .find(|(closed, _)| **closed == name)
            .and_then(|(_, last)| last);
        last.is_some_and(|last| last > position)
    }
}

/// Reads the HTML of one block, or the tags within one paragraph, in order.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// The open drawing or formula, and how many elements of the same name are nested in it.
    drawing: Option<(String, usize)>,
    /// Start tags that were removed; their end tags must be removed too.
    taken: Vec<String>,
}

impl Reader {
    /// Splits `html` into pieces. `html` begins at `position` in the text that `ends` was made
    /// from. `continues` says that a comment left open in `html` is closed later in the text.
    pub fn read<'a>(
        &mut self,
        html: &'a str,
        position: usize,
        ends: &Ends,
        continues: bool,
    ) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while let Some(distance) = html[at..].find('<') {
            push(&mut pieces, Piece::Html(&html[at..at + distance]));
            at += distance;
            let rest = &html[at..];
            match Markup::read(rest) {
                Markup::Comment(length) => at += length,
                Markup::OpenComment => {
                    if continues {
                        push(&mut pieces, Piece::Html(rest));
                    }
                    return pieces;
                }
                Markup::Declaration(length) => {
                    push(&mut pieces, Piece::Text(&rest[..length]));
                    at += length;
                }
                // Searching for the next tag inside an unfinished one would take quadratic time.
                Markup::Unfinished => {
                    push(&mut pieces, Piece::Text(rest));
                    return pieces;
                }
                Markup::Nothing => {
                    push(&mut pieces, Piece::Text(&rest[..1]));
                    at += 1;
                }
                Markup::Tag { length, name, is_end } => {
                    if let Some((link, length)) = embedding_script(rest, length, &name, is_end) {
                        push(&mut pieces, Piece::Link(link));
                        at += length;
                        continue;
                    }
                    let here = position + at;
                    let is_closed = |name: &str| ends.is_closed_after(name, here);
                    push(&mut pieces, self.tag(&rest[..length], &name, is_end, is_closed));
                    at += length;
                    let is_code = self.drawing.is_some()
                        && !is_end
                        && matches!(name.as_str(), "style" | "script");
                    if is_code && is_closed(&name) {
                        at += find_end(&html[at..], &name).unwrap_or(0);
                    }
                }
            }
        }
        push(&mut pieces, Piece::Html(&html[at..]));
        pieces
    }

    fn tag<'a>(
        &mut self,
        tag: &'a str,
        name: &str,
        is_end: bool,
        is_closed: impl Fn(&str) -> bool,
    ) -> Piece<'a> {
        const GONE: Piece<'static> = Piece::Html("");
        let is_empty = tag.ends_with("/>");
        if let Some((open, depth)) = &mut self.drawing {
            if open.as_str() == name && is_end {
                *depth -= 1;
            } else if open.as_str() == name && !is_empty {
                *depth += 1;
            }
            if *depth == 0 {
                self.drawing = None;
            }
            // A space, because each text in a drawing is separate.
            return Piece::Html(" ");
        }
        if is_end && self.taken.last().is_some_and(|taken| taken == name) {
            self.taken.pop();
            return GONE;
        }
        match name {
            "svg" | "math" if !is_end && is_empty => GONE,
            "svg" | "math" if !is_end && is_closed(name) => {
                self.drawing = Some((name.to_owned(), 1));
                GONE
            }
            // Scripts never run in a text, so the content of `<noscript>` is what its author wants
            // to be seen.
            "noscript" if !is_end && is_closed(name) => {
                self.taken.push(name.to_owned());
                GONE
            }
            "iframe" | "embed" if !is_end => match embedded(tag) {
                Some(link) => {
                    if is_closed(name) {
                        self.taken.push(name.to_owned());
                    }
                    Piece::Link(link)
                }
                None => Piece::Text(tag),
            },
            "object" if !is_end => embedded(tag).map_or(Piece::Html(tag), Piece::Link),
            name if ELEMENTS.contains(&name) => Piece::Html(tag),
            _ => Piece::Text(tag),
        }
    }
}

/// Adds a piece unless it is empty.
fn push<'a>(pieces: &mut Vec<Piece<'a>>, piece: Piece<'a>) {
    if !matches!(piece, Piece::Html("") | Piece::Text("")) {
        pieces.push(piece);
    }
}

/// Writes pieces as HTML.
pub fn write(pieces: &[Piece<'_>]) -> String {
    let mut html = String::new();
    for piece in pieces {
        match piece {
            Piece::Html(part) => html.push_str(part),
            Piece::Text(text) => html.push_str(&ammonia::clean_text(text)),
            Piece::Link(Link { address, text }) => {
                let (address, text) = (ammonia::clean_text(address), ammonia::clean_text(text));
                html.push_str(&format!("<a href=\"{address}\">{text}</a>"));
            }
        }
    }
    html
}

/// Writes the pieces of a block as HTML. If they are only text and links, they become a paragraph,
/// as they would without tags.
pub fn write_block(pieces: &[Piece<'_>]) -> String {
    let html = write(pieces);
    let is_plain =
        pieces.iter().all(|piece| !matches!(piece, Piece::Html(part) if part.contains('<')));
    if is_plain && !html.trim().is_empty() { format!("<p>{html}</p>\n") } else { html }
}

/// Whether the author of an HTML block meant text: it begins with a tag that is shown as typed, so
/// the rest should be read as Markdown. `is_closed` says that the block reaches to an end that its
/// author wrote; then it is never text.
pub fn is_text(html: &str, is_closed: bool) -> bool {
    let pieces = Reader::default().read(html.trim_start(), 0, &Ends::of(html.trim_start()), false);
    !is_closed && matches!(pieces.first(), Some(Piece::Text(_)))
}

/// The maximum number of attributes of a tag, roughly: a parser compares each with all before it. A
/// tag with more is shown as typed.
const MOST_ATTRIBUTES: usize = 200;

/// What a `<` begins.
pub(super) enum Markup {
    /// A comment, with its length in bytes.
    Comment(usize),
    /// A comment that is never closed.
    OpenComment,
    /// `<!DOCTYPE …>`, `<?…?>` or `<![CDATA[…]]>`, with its length in bytes. Browsers show none of
    /// these, so an author who types one wants to show it. A tag with too many attributes is
    /// treated the same.
    Declaration(usize),
    /// A tag.
    Tag {
        /// In bytes.
        length: usize,
        /// In lower case.
        name: String,
        is_end: bool,
    },
    /// A tag that is never closed. A browser would read what follows as its attributes.
    Unfinished,
    /// Just a character. Before a slash, a browser would read it as a comment.
    Nothing,
}

impl Markup {
    /// Reads what `html`, which begins with `<`, begins with, as browsers do (WHATWG HTML, 13.2.5).
    pub(super) fn read(html: &str) -> Self {
        if let Some(comment) = html.strip_prefix("<!--") {
            let mut ends = comment.match_indices('>').map(|(end, _)| end);
            let end = ends.find(|&end| {
                let before = &comment[..end];
                before.is_empty()
                    || before == "-"
                    || before.ends_with("--")
                    || before.ends_with("--!")
            });
            return end.map_or(Markup::OpenComment, |end| Markup::Comment("<!--".len() + end + 1));
        }
        for (start, end) in [("<![CDATA[", "]]>"), ("<!", ">"), ("<?", "?>")] {
            if html.starts_with(start) {
                return html.find(end).map_or(Markup::Unfinished, |position| {
                    Markup::Declaration(position + end.len())
                });
            }
        }
        let is_end = html.starts_with("</");
        let name = &html[if is_end { 2 } else { 1 }..];
        if !name.starts_with(|character: char| character.is_ascii_alphabetic()) {
            return Markup::Nothing;
        }
        let name = name
            .split(|character: char| character.is_ascii_whitespace() || "/>".contains(character))
            .next();
        match end_of_tag(html) {
            Some((length, attributes)) if attributes > MOST_ATTRIBUTES => {
                Markup::Declaration(length)
            }
            Some((length, _)) => {
                Markup::Tag { length, name: name.unwrap_or_default().to_ascii_lowercase(), is_end }
            }
            None => Markup::Unfinished,
        }
    }
}

/// The length of the tag at the start of `html`, up to a `>` outside quotes, and an upper bound for
/// its number of attributes.
fn end_of_tag(html: &str) -> Option<(usize, usize)> {
    enum Within {
        Names,
        BeforeValue,
        Value,
        Quoted(u8),
    }
    let mut within = Within::Names;
    let (mut attributes, mut before) = (0, b'<');
    for (index, byte) in html.bytes().enumerate() {
        // An attribute begins after a space or a slash. It may also follow directly after a quoted
        // value, which has a `=` before it.
        let is_space = byte.is_ascii_whitespace() && !before.is_ascii_whitespace();
        if !matches!(within, Within::Quoted(_)) && (is_space || matches!(byte, b'/' | b'=')) {
            attributes += 1;
        }
        before = byte;
        within = match (within, byte) {
            (Within::Quoted(quote), byte) if byte == quote => Within::Names,
            (Within::Quoted(quote), _) => Within::Quoted(quote),
            (_, b'>') => return Some((index + 1, attributes)),
            (Within::BeforeValue, b'"' | b'\'') => Within::Quoted(byte),
            (Within::Names, b'=') => Within::BeforeValue,
            (Within::BeforeValue, byte) if byte.is_ascii_whitespace() => Within::BeforeValue,
            (Within::BeforeValue | Within::Value, byte) if !byte.is_ascii_whitespace() => {
                Within::Value
            }
            _ => Within::Names,
        };
    }
    None
}

/// Whether `text` begins with this element's name, ignoring case.
fn is_name(text: &str, name: &str) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && !text[name.len()..]
            .starts_with(|character: char| character.is_ascii_alphanumeric() || character == '-')
}

/// Where the next end tag of an element begins.
fn find_end(html: &str, name: &str) -> Option<usize> {
    html.match_indices("</").map(|(at, _)| at).find(|at| is_name(&html[at + 2..], name))
}

/// If `html` begins with an empty script with a `src` elsewhere, returns a link to it and the
/// element's length. Such scripts embed a post of a social network, or a listing. In a paragraph
/// each tag is read alone, so a script there is only mentioned.
fn embedding_script(html: &str, length: usize, name: &str, is_end: bool) -> Option<(Link, usize)> {
    let after = html[length..].trim_start();
    if name != "script" || is_end || !(after.starts_with("</") && is_name(&after[2..], name)) {
        return None;
    }
    Some((embedded(&html[..length])?, html.len() - after.len() + end_of_tag(after)?.0))
}

/// A link to what a tag embeds, if that is on the web. The link's text includes the address,
/// because the page chose its own title.
fn embedded(tag: &str) -> Option<Link> {
    let attributes = Attributes::of(tag);
    // Lazy loaders keep the address in another attribute.
    let address = ["src", "data", "data-src"]
        .into_iter()
        .find_map(|name| web_address(&attributes.get(name)?))?;
    let title = attributes.get("title").unwrap_or_default();
    let title = one_line(&title);
    let text = if title.is_empty() { address.clone() } else { format!("{title}: {address}") };
    Some(Link { address, text })
}

/// Resolves an address on the web. `//host` is one. A path is not: it belongs to the site that the
/// text came from.
fn web_address(text: &str) -> Option<String> {
    // Resolve it as browsers do, because `\\host` names a host too.
    let url = Url::parse("https://here.invalid/").ok()?.join(text).ok()?;
    let is_elsewhere = url.host_str().is_some_and(|host| host != "here.invalid");
    (is_elsewhere && matches!(url.scheme(), "http" | "https")).then(|| url.to_string())
}

/// The attributes of a tag, parsed as browsers do.
#[derive(Default)]
struct Attributes(RefCell<Vec<(String, String)>>);

impl Attributes {
    fn of(tag: &str) -> Self {
        let tokenizer = Tokenizer::new(Attributes::default(), TokenizerOpts::default());
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(tag));
        let _ = tokenizer.feed(&input);
        tokenizer.sink
    }

    fn get(&self, name: &str) -> Option<String> {
        let attributes = self.0.borrow();
        attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }
}

impl TokenSink for Attributes {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(Tag { attrs, .. }) = token {
            let attributes =
                attrs.into_iter().map(|one| (one.name.local.to_string(), one.value.to_string()));
            self.0.borrow_mut().extend(attributes);
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests;
