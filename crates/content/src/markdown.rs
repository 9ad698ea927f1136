//! Renders Markdown as safe HTML: CommonMark with GitHub's extensions, highlighted code and heading
//! anchors, all sanitised.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use comrak::adapters::{HeadingAdapter, HeadingMeta};
use comrak::html::Anchorizer;
use comrak::nodes::{AstNode, NodeHtmlBlock, NodeLink, NodeValue, Sourcepos};
use comrak::options::Plugins;
use comrak::{Arena, Options};

use super::characters::{is_storable, without_unstorable};
use super::front_matter::one_line_end;
use super::highlight::{self, Budget, Highlighted, highlighted};
use super::math;
use super::nesting::{capped, capped_quotes};
use super::pictures::tags::{in_fixed_order, with_sizes};
use super::pieces::in_pieces;
use super::raw_html::{self, Ends, Piece, Reader};

/// Words that people read per minute: the mean of 190 studies (Brysbaert 2019,
/// <https://doi.org/10.1016/j.jml.2019.104047>).
const WORDS_PER_MINUTE: usize = 238;
/// Chinese characters, Japanese kana and kanji that people read per minute (Trauzettel-Klosinski
/// and Dietz 2012, <https://doi.org/10.1167/iovs.11-8284>: Chinese 255, Japanese 357).
const CJK_CHARACTERS_PER_MINUTE: usize = 300;
/// The longest generated summary, in characters: about what search engines show.
const SUMMARY_CHARACTERS: usize = 200;

/// How many times parsing or sanitising is repeated, at most, until the result is stable.
const READINGS: usize = 8;

/// The largest HTML of a text, in bytes. A text of a million characters rarely exceeds it, but
/// lines of code with one letter each would become twenty times as large as typed.
const MOST_HTML: usize = 8 * 1024 * 1024;
/// The maximum number of headings. The time to find unique anchors for equal headings grows with
/// the square of their number.
const MOST_HEADINGS: usize = 500;
/// The maximum number of references to footnotes in a text. Each becomes two links.
const MOST_FOOTNOTE_REFERENCES: usize = 1_000;
/// The limit of bytes to search for the ends of bare addresses. Beyond it, bare addresses do not
/// become links.
const MOST_WORK_OF_ADDRESSES: usize = 50_000_000;

/// What could not be rendered as it was meant, for the author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Some code is too long to be highlighted and is shown plain.
    CodeIsPlain,
    /// Some text is nested too deep and is shown flat from there on.
    NestsTooDeep,
    /// Some tags, links or pictures lost their attributes: one is too long, or there are too many
    /// different names.
    TagIsTooLong,
    /// Too much text is inside tables but outside their cells, so all of it is shown as typed.
    TooMuchOutsideCells,
    /// The page would be too large, so the text is shown as typed.
    TooLargeAPage,
    /// Too many addresses follow each other without spaces, so none is made into a link.
    TooManyAddresses,
    /// The headings beyond the limit are shown as paragraphs.
    TooManyHeadings,
    /// Some formulas can't be rendered and are shown as typed.
    FormulaIsSource,
    /// The references to footnotes beyond the limit are shown as typed.
    TooManyFootnotes,
}

/// A heading of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 2 to 6. Level 1 is the title of the page.
    pub level: u8,
    /// The text, without markup.
    pub text: String,
    /// The `id` of the heading in [`Rendered::html`].
    pub anchor: String,
}

/// A rendered text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rendered {
    /// Safe to insert into a page.
    pub html: String,
    /// The headings, in order.
    pub contents: Vec<Heading>,
    /// At least 1.
    pub reading_minutes: i64,
    /// A BCP 47 tag. `en` if the text is too short to tell.
    pub language: String,
    /// The beginning of the text, without markup. For articles without a summary of their own.
    pub summary: String,
    /// What could not be rendered, each once.
    pub notes: Vec<Note>,
}

/// Renders a Markdown text. Never fails. Nothing in the result can run in a reader's browser.
pub fn render(markdown: &str) -> Rendered {
    let never = AtomicBool::new(false);
    // It is never cancelled.
    render_until(markdown, &never).unwrap_or_default()
}

/// Like [`render`], but can be cancelled: returns `None` once `is_stopped` is true.
pub fn render_until(markdown: &str, is_stopped: &AtomicBool) -> Option<Rendered> {
    let goes_on = || (!is_stopped.load(Ordering::Relaxed)).then_some(());
    let arena = Arena::new();
    let options = options(markdown);
    let mut notes = Vec::new();
    if !options.extension.autolink {
        notes.push(Note::TooManyAddresses);
    }
    let root = parse(&arena, markdown, &options, is_stopped)?;
    if limit_headings(root) {
        notes.push(Note::TooManyHeadings);
    }
    level_headings(root);
    let contents = contents(root);
    let summary = summary(root);
    if limit_footnotes(root) {
        notes.push(Note::TooManyFootnotes);
    }
    if !math::render(root) {
        notes.push(Note::FormulaIsSource);
    }
    goes_on()?;
    render_titles_of_alerts(&arena, root, is_stopped)?;
    make_figures(root, &options);
    let mut budget = Budget::default();
    for node in root.descendants() {
        if !highlight(node, &mut budget) && !notes.contains(&Note::CodeIsPlain) {
            notes.push(Note::CodeIsPlain);
        }
        goes_on()?;
    }
    let mut page = Bounded(String::new());
    let anchors = Anchors { headings: &contents, next: AtomicUsize::new(0) };
    let mut plugins = Plugins::default();
    plugins.render.heading_adapter = Some(&anchors);
    let mut html = match comrak::format_html_with_plugins(root, &options, &mut page, &plugins) {
        Ok(()) => page.0,
        // Writing to it fails only at the limit.
        Err(_) => {
            notes.push(Note::TooLargeAPage);
            as_typed(markdown)
        }
    };
    goes_on()?;
    let capped = capped(&html);
    let as_typed_because = if capped.is_too_large {
        Some(Note::TooLargeAPage)
    } else {
        capped.is_outside_cells.then_some(Note::TooMuchOutsideCells)
    };
    if let Some(note) = as_typed_because {
        notes.push(note);
        html = as_typed(markdown);
    } else {
        notes.extend(capped.is_flatter.then_some(Note::NestsTooDeep));
        notes.extend(capped.is_shorter.then_some(Note::TagIsTooLong));
        html = capped.html.into_owned();
    }
    let html = sanitize(&html);
    goes_on()?;
    // Count on the text. Having the sanitiser build another tree would take half as long again.
    let (words, cjk_characters) = count_words(&html);
    let minutes = words.div_ceil(WORDS_PER_MINUTE) + cjk_characters / CJK_CHARACTERS_PER_MINUTE;
    let html = with_sizes(&html, |_| None).into_owned();
    Some(Rendered {
        html,
        contents,
        language: language(root),
        reading_minutes: i64::try_from(minutes).unwrap_or(i64::MAX).max(1),
        summary,
        notes,
    })
}

/// A string that refuses to grow beyond [`MOST_HTML`].
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > MOST_HTML {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

/// The text as typed, without any markup. It never exceeds the limit, because a character becomes
/// at most five.
fn as_typed(markdown: &str) -> String {
    format!("<pre>\n{}</pre>\n", escaped(&without_unstorable(markdown)))
}

/// A text as it is written between tags and in an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Removes whatever is not allowed in a page. The result means the same to a browser as to the
/// sanitiser.
pub fn sanitize(html: &str) -> String {
    let mut cleaned = clean(html);
    // Removing something can change the meaning of the rest. `java&#8;script:` has no scheme until
    // the control character is removed, and then it is `javascript:`. Two paragraphs may nest only
    // because of a `<button>` around the inner one; without it, the first ends where the second
    // begins. So repeat until nothing changes. Nearly always, the second pass shows that nothing
    // does.
    for _ in 0..READINGS {
        let again = clean(&without_unstorable(&cleaned));
        if again == cleaned {
            break;
        }
        cleaned = again;
    }
    in_fixed_order(&cleaned, &SET).into_owned()
}

/// Sanitised HTML as a feed shows it: every address is absolute, because readers show it elsewhere,
/// and whatever only this site's style sheet and script use is left out. Colours of code take
/// several times as many bytes as the code. `address` is that of the page with this text.
pub fn for_feed(html: &str, address: &url::Url) -> String {
    let mut builder = sanitizer();
    builder
        .rm_tags(["picture", "span"])
        .rm_generic_attributes(["class"])
        .rm_tag_attributes("img", ["sizes", "srcset"])
        .rm_tag_attributes("source", ["sizes", "srcset"])
        .rm_set_tag_attribute_value("img", "loading")
        .rm_set_tag_attribute_value("img", "referrerpolicy")
        .rm_set_tag_attribute_value("pre", "tabindex")
        .rm_set_tag_attribute_value("table", "tabindex")
        .url_relative(ammonia::UrlRelative::RewriteWithBase(address.clone()));
    let html = builder.clean(&in_pieces(html)).to_string();
    in_fixed_order(&without_unstorable(&html), &SET).into_owned()
}

/// A title or summary as plain text: `` `code` `` and `*emphasis*` without their marks, a link as its
/// text. For places that show text as it is, such as a browser's tab or a feed.
pub fn plain_line(line: &str) -> String {
    // Most lines have no mark, so they need no parser.
    if !line.contains(['`', '*', '_', '[', '\\', '~']) {
        return line.to_owned();
    }
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.strikethrough = true;
    // Behind a word, nothing is the beginning of a heading, a list or any other block.
    let before = "x ";
    let one_line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    // References to characters are text as well.
    let one_line = one_line.replace('&', "&amp;");
    let root = comrak::parse_document(&arena, &format!("{before}{one_line}"), &options);
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

/// Sanitises once, in linear time.
fn clean(html: &str) -> String {
    SANITIZER.clean(&in_pieces(html)).to_string()
}

/// Generates only [`Rendered::summary`], without rendering the rest. Returns `None` once
/// `is_stopped` is true.
pub fn summary_of(markdown: &str, is_stopped: &AtomicBool) -> Option<String> {
    let arena = Arena::new();
    Some(summary(parse(&arena, markdown, &options(markdown), is_stopped)?))
}

/// Parses a text and settles the raw HTML that browsers would not show as its author meant it
/// (`raw_html.rs`). Everything made from a text starts here, so headings, summary and page agree.
fn parse<'a>(
    arena: &'a Arena<'a>,
    markdown: &str,
    options: &Options,
    is_stopped: &AtomicBool,
) -> Option<&'a AstNode<'a>> {
    let is_stopped = || is_stopped.load(Ordering::Relaxed);
    let read =
        |markdown: &str| comrak::try_parse_document(arena, markdown, options, &is_stopped).ok();
    let mut markdown = without_unstorable(markdown);
    if markdown.contains('\r') {
        markdown = Cow::Owned(one_line_end(&markdown));
    }
    if let Cow::Owned(flatter) = capped_quotes(&markdown) {
        markdown = Cow::Owned(flatter);
    }
    let mut root = read(&markdown)?;
    // A line that starts with `<script>` would turn everything after it into an HTML block,
    // although its author meant a paragraph. A backslash before it makes it one. That may uncover
    // the next such line.
    for _ in 0..READINGS {
        let starts = root
            .descendants()
            .filter_map(|node| start_of_text(node).or_else(|| start_of_price(node)));
        let mut starts: Vec<(usize, usize)> = starts.collect();
        starts.sort_unstable();
        let Some(escaped) = escape_at(&markdown, &starts) else { break };
        markdown = Cow::Owned(escaped);
        root = read(&markdown)?;
    }
    let nodes: Vec<_> = root.descendants().collect();
    let last_end_of_comment = nodes.iter().rposition(|node| match &node.data().value {
        NodeValue::HtmlBlock(NodeHtmlBlock { literal, .. }) | NodeValue::HtmlInline(literal) => {
            literal.contains("-->")
        }
        _ => false,
    });
    for (index, node) in nodes.into_iter().enumerate() {
        settle_block(node, last_end_of_comment.is_some_and(|last| last > index));
        settle_inlines(arena, node);
        // Remove unstorable characters that were written as references, such as `&#8;`.
        if let NodeValue::Text(text) = &mut node.data_mut().value
            && !text.chars().all(is_storable)
        {
            *text = Cow::Owned(without_unstorable(text).into_owned());
        }
    }
    Some(root)
}

/// The line and column, from 1, of an HTML block whose author meant text.
fn start_of_text<'a>(node: &'a AstNode<'a>) -> Option<(usize, usize)> {
    let data = node.data();
    let NodeValue::HtmlBlock(NodeHtmlBlock { block_type, literal }) = &data.value else {
        return None;
    };
    // The other two kinds of block end at a blank line.
    let is_closed = match block_type {
        1 => {
            let lower = literal.to_ascii_lowercase();
            ["</script>", "</pre>", "</style>", "</textarea>"].iter().any(|end| lower.contains(end))
        }
        2 => literal.contains("-->"),
        3 => literal.contains("?>"),
        4 => literal.contains('>'),
        5 => literal.contains("]]>"),
        _ => false,
    };
    let start = data.sourcepos.start;
    raw_html::is_text(literal, is_closed).then_some((start.line, start.column))
}

/// The line and column, from 1, of what looks like a formula but is text: prices such as
/// `US$5 or AU$6`, and variables such as `$HOME/$USER` and `$HOME$USER`. `$n$th` is a formula.
fn start_of_price<'a>(node: &'a AstNode<'a>) -> Option<(usize, usize)> {
    let data = node.data();
    let NodeValue::Math(math) = &data.value else { return None };
    if math.display_math {
        return None;
    }
    let text = |neighbour: Option<&'a AstNode<'a>>| match &neighbour?.data().value {
        NodeValue::Text(text) => Some(text.clone()),
        _ => None,
    };
    let (before, after) = (text(node.previous_sibling()), text(node.next_sibling()));
    let follows_word =
        before.is_some_and(|text| text.chars().next_back().is_some_and(char::is_alphanumeric));
    let precedes_word =
        after.is_some_and(|text| text.chars().next().is_some_and(char::is_alphanumeric));
    let ends_a_formula =
        math.literal.ends_with(|last: char| last.is_alphanumeric() || "})]|'!".contains(last));
    let is_variable = math.literal.len() > 1
        && math.literal.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_text = follows_word || (precedes_word && (!ends_a_formula || is_variable));
    let start = data.sourcepos.start;
    is_text.then_some((start.line, start.column))
}

/// Inserts a backslash before the `<` or `$` at each of these places, which must be sorted. Returns `None`
/// if no place has one.
fn escape_at(markdown: &str, places: &[(usize, usize)]) -> Option<String> {
    let mut escaped = String::with_capacity(markdown.len() + places.len());
    let mut places = places.iter().peekable();
    for (number, line) in (1..).zip(markdown.split_inclusive('\n')) {
        let place =
            places.next_if(|(at, _)| *at == number).map(|(_, column)| column.saturating_sub(1));
        match place.filter(|column| matches!(line.as_bytes().get(*column), Some(b'<' | b'$'))) {
            Some(column) => {
                escaped.push_str(&line[..column]);
                escaped.push('\\');
                escaped.push_str(&line[column..]);
            }
            None => escaped.push_str(line),
        }
    }
    (escaped.len() > markdown.len()).then_some(escaped)
}

fn settle_block<'a>(node: &'a AstNode<'a>, continues: bool) {
    if let NodeValue::HtmlBlock(NodeHtmlBlock { literal, .. }) = &mut node.data_mut().value {
        let settled = raw_html::write_block(&Reader::default().read(
            literal,
            0,
            &Ends::of(literal),
            continues,
        ));
        *literal = settled;
    }
}

/// Settles the tags among a node's children. A start tag and its end tag are siblings.
fn settle_inlines<'a>(arena: &'a Arena<'a>, parent: &'a AstNode<'a>) {
    let tag = |node: &'a AstNode<'a>| match &node.data().value {
        NodeValue::HtmlInline(literal) => Some((node, literal.clone())),
        _ => None,
    };
    let tags: Vec<(&AstNode, String)> = parent.children().filter_map(tag).collect();
    if tags.is_empty() {
        return;
    }
    let ends = Ends::of(&tags.iter().map(|(_, literal)| literal.as_str()).collect::<String>());
    let mut reader = Reader::default();
    let mut position = 0;
    for (node, literal) in &tags {
        let pieces = reader.read(literal, position, &ends, false);
        position += literal.len();
        let value = match pieces.as_slice() {
            [] => {
                node.detach();
                continue;
            }
            [Piece::Text(text)] => NodeValue::Text(Cow::Owned((*text).to_owned())),
            [Piece::Link(link)] => {
                let text = NodeValue::Text(Cow::Owned(link.text.clone()));
                node.append(arena.alloc(text.into()));
                NodeValue::Link(Box::new(NodeLink {
                    url: link.address.clone(),
                    title: String::new(),
                }))
            }
            pieces => NodeValue::HtmlInline(raw_html::write(pieces)),
        };
        node.data_mut().value = value;
    }
}

/// The options for parsing and rendering.
pub(crate) fn options(markdown: &str) -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = work_of_addresses(markdown) <= MOST_WORK_OF_ADDRESSES;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_dollars = true;
    options.extension.cjk_friendly_emphasis = true;
    // Authors may write HTML; the sanitiser decides what stays.
    options.render.r#unsafe = true;
    options.render.tasklist_classes = true;
    options
}

/// How many bytes are searched for the ends of bare addresses: each search may go up to the next
/// space.
fn work_of_addresses(markdown: &str) -> usize {
    let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r');
    let work = |part: &str| {
        (part.matches("www.").count() + part.matches("://").count()).saturating_mul(part.len())
    };
    markdown.split(is_space).map(work).fold(0, usize::saturating_add)
}

/// Shifts the headings so that the highest one in the text gets level 2. Level 1 is the title of
/// the page.
fn level_headings<'a>(root: &'a AstNode<'a>) {
    let level = |node: &AstNode| match &node.data().value {
        NodeValue::Heading(heading) => Some(heading.level),
        _ => None,
    };
    let Some(highest) = root.descendants().filter_map(level).min() else { return };
    for node in root.descendants() {
        if let NodeValue::Heading(heading) = &mut node.data_mut().value {
            heading.level = (heading.level - highest + 2).min(6);
        }
    }
}

fn contents<'a>(root: &'a AstNode<'a>) -> Vec<Heading> {
    let mut anchorizer = Anchorizer::new();
    for id in IDS_OF_SITE {
        anchorizer.anchorize(id);
    }
    let mut contents = Vec::new();
    for node in root.descendants() {
        if let NodeValue::Heading(heading) = &node.data().value {
            let text = node.collect_text();
            // A heading of nothing but emoji has no letter for an anchor.
            let has_anchor = !Anchorizer::new().anchorize(&text).is_empty();
            let anchor = anchorizer.anchorize(if has_anchor { &text } else { "section" });
            contents.push(Heading { level: heading.level, text, anchor });
        }
    }
    contents
}

/// Turns excess headings into paragraphs. Returns whether there were any.
fn limit_headings<'a>(root: &'a AstNode<'a>) -> bool {
    let is_heading = |node: &&AstNode| matches!(node.data().value, NodeValue::Heading(_));
    let mut is_limited = false;
    for node in root.descendants().filter(is_heading).skip(MOST_HEADINGS) {
        node.data_mut().value = NodeValue::Paragraph;
        is_limited = true;
    }
    is_limited
}

/// Counts words, and characters of scripts without spaces. It reads the rendered HTML, because
/// authors write whole articles in HTML too.
fn count_words(html: &str) -> (usize, usize) {
    let text = text_of(html);
    let is_cjk = |character: char| matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}');
    let cjk_characters = text.chars().filter(|&character| is_cjk(character)).count();
    let words = text
        .split(|character: char| character.is_whitespace() || is_cjk(character))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count();
    (words, cjk_characters)
}

/// The text between the tags of sanitised HTML, in which every `<` begins a tag and every `>` ends
/// one. Each end tag becomes a space, to keep the words of adjacent paragraphs apart.
fn text_of(sanitized: &str) -> String {
    let mut parts = sanitized.split('<');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        if tag.starts_with('/') {
            text.push(' ');
        }
        text.push_str(after);
    }
    text
}

/// Detects the language of the prose, ignoring code.
fn language<'a>(root: &'a AstNode<'a>) -> String {
    let mut prose = String::new();
    for node in root.descendants().filter(|node| matches!(node.data().value, NodeValue::Paragraph))
    {
        prose.push_str(&node.collect_text());
        prose.push('\n');
        // More text takes longer and does not change the answer.
        if prose.len() > 4_000 {
            break;
        }
    }
    whatlang::detect(&prose)
        .filter(whatlang::Info::is_reliable)
        .map_or("en", |info| language_tag(info.lang()))
        .to_owned()
}

/// The BCP 47 tag of a language, which is the two-letter code if there is one.
fn language_tag(language: whatlang::Lang) -> &'static str {
    short_code(language.code()).unwrap_or(language.code())
}

/// The two-letter code for a three-letter one, if there is one.
pub(crate) fn short_code(code: &str) -> Option<&'static str> {
    SHORT_CODES.iter().find(|(long, _)| *long == code).map(|(_, short)| *short)
}

/// The codes of ISO 639-3 that the detection knows, with those of ISO 639-1.
const SHORT_CODES: [(&str, &str); 70] = [
    ("afr", "af"),
    ("aka", "ak"),
    ("amh", "am"),
    ("ara", "ar"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("jav", "jv"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("khm", "km"),
    ("kor", "ko"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mkd", "mk"),
    ("mya", "my"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("ori", "or"),
    ("pan", "pa"),
    ("pes", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sna", "sn"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tuk", "tk"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("uzb", "uz"),
    ("vie", "vi"),
    ("yid", "yi"),
    ("zul", "zu"),
];

fn summary<'a>(root: &'a AstNode<'a>) -> String {
    let text = root
        .children()
        .filter(|node| matches!(node.data().value, NodeValue::Paragraph))
        .map(|node| node.collect_text())
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= SUMMARY_CHARACTERS {
        return text;
    }
    let cut: String = text.chars().take(SUMMARY_CHARACTERS).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole_words, _)| whole_words);
    format!("{}…", cut.trim_end_matches([',', ';', ':', '.', '(']))
}

/// Writes headings with the anchors of the table of contents.
struct Anchors<'a> {
    headings: &'a [Heading],
    /// How many headings were written.
    next: AtomicUsize,
}

impl HeadingAdapter for Anchors<'_> {
    fn enter(
        &self,
        output: &mut dyn fmt::Write,
        heading: &HeadingMeta,
        _: Option<Sourcepos>,
    ) -> fmt::Result {
        let anchor = self.headings.get(self.next.load(Ordering::Relaxed));
        write!(output, "<h{}", heading.level)?;
        if let Some(Heading { anchor, .. }) = anchor {
            write!(output, " id=\"{anchor}\"")?;
        }
        output.write_str(">")
    }

    fn exit(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta) -> fmt::Result {
        // Headings don't nest, so the one that ends is the one that began last.
        if let Some(Heading { text, anchor, .. }) =
            self.headings.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let text = escaped(text);
            write!(
                output,
                "<a href=\"#{anchor}\" aria-label=\"Link to heading '{text}'\" class=\"anchor\"></a>"
            )?;
        }
        writeln!(output, "</h{}>", heading.level)
    }
}

/// Renders the Markdown in the titles that authors give to alerts, such as links. Without this, a
/// title is text as typed.
fn render_titles_of_alerts<'a>(
    arena: &'a Arena<'a>,
    root: &'a AstNode<'a>,
    is_stopped: &AtomicBool,
) -> Option<()> {
    let block = |literal: String| {
        arena.alloc(NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal }).into())
    };
    let alerts: Vec<&AstNode> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Alert(_)))
        .collect();
    for node in alerts {
        let (title, class) = match &node.data().value {
            NodeValue::Alert(alert) => match &alert.title {
                Some(title) => (title.clone(), alert.alert_type.css_class(Default::default())),
                None => continue,
            },
            _ => continue,
        };
        let options = options(&title);
        let parsed = parse(arena, &title, &options, is_stopped)?;
        let paragraph = parsed.first_child().filter(|first| {
            first.next_sibling().is_none() && matches!(first.data().value, NodeValue::Paragraph)
        });
        let Some(paragraph) = paragraph else { continue };
        math::render(paragraph);
        let mut html = Bounded(String::new());
        comrak::format_html(paragraph, &options, &mut html).ok()?;
        let html = html.0.trim().trim_start_matches("<p>").trim_end_matches("</p>");
        let start = format!(
            "<div class=\"markdown-alert {class}\">\n<p class=\"markdown-alert-title\">{html}</p>\n"
        );
        node.insert_before(block(start));
        let children: Vec<&AstNode> = node.children().collect();
        for child in children {
            node.insert_before(child);
        }
        node.data_mut().value =
            NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal: "</div>\n".into() });
    }
    Some(())
}

/// Makes a figure of each picture that stands alone in a paragraph and has a title, which becomes
/// the caption.
fn make_figures<'a>(root: &'a AstNode<'a>, options: &Options) {
    let paragraphs: Vec<&AstNode> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Paragraph))
        .collect();
    for paragraph in paragraphs {
        let alone = |parent: &'a AstNode<'a>| {
            parent.first_child().filter(|child| child.next_sibling().is_none())
        };
        let Some(child) = alone(paragraph) else { continue };
        // The picture may be a link to a larger one.
        let is_link = matches!(child.data().value, NodeValue::Link(_));
        let Some(picture) = (if is_link { alone(child) } else { Some(child) }) else { continue };
        let caption = match &mut picture.data_mut().value {
            NodeValue::Image(image) if !image.title.trim().is_empty() => {
                std::mem::take(&mut image.title)
            }
            _ => continue,
        };
        let mut html = Bounded(String::new());
        let _ = comrak::format_html(child, options, &mut html);
        let literal = format!(
            "<figure>{}<figcaption>{}</figcaption></figure>\n",
            html.0.trim(),
            escaped(&caption)
        );
        child.detach();
        paragraph.data_mut().value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal });
    }
}

/// Replaces a code block with highlighted HTML; leaves it alone if the highlighter fails. Returns
/// false if part of it is left plain because it would be too much work.
fn highlight<'a>(node: &'a AstNode<'a>, budget: &mut Budget) -> bool {
    let highlighted = match &node.data().value {
        NodeValue::CodeBlock(block) => highlighted(&block.info, &block.literal, budget),
        _ => None,
    };
    let Some(Highlighted { html, is_whole }) = highlighted else { return true };
    node.data_mut().value =
        NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal: format!("{html}\n") });
    is_whole
}

/// Turns excess references to footnotes into text, as typed. Returns whether there were any.
fn limit_footnotes<'a>(root: &'a AstNode<'a>) -> bool {
    let mut references = 0;
    let mut counts = HashMap::<String, u32>::new();
    for node in root.descendants() {
        let mut data = node.data_mut();
        let NodeValue::FootnoteReference(reference) = &data.value else { continue };
        references += 1;
        if references > MOST_FOOTNOTE_REFERENCES {
            let typed = format!("[^{}]", reference.name);
            data.value = NodeValue::Text(Cow::Owned(typed));
        } else {
            *counts.entry(reference.name.clone()).or_default() += 1;
        }
    }
    if references <= MOST_FOOTNOTE_REFERENCES {
        return false;
    }
    // Each footnote has a link back to each of its references.
    for node in root.descendants() {
        if let NodeValue::FootnoteDefinition(definition) = &mut node.data_mut().value {
            definition.total_references = counts.get(&definition.name).copied().unwrap_or(1);
        }
    }
    true
}

/// Classes that the renderer emits and the style sheet knows. Authors' HTML may use no others,
/// because it could imitate parts of the site.
fn is_known_class(class: &str) -> bool {
    const KNOWN: [&str; 4] = ["footnote", "markdown-alert", "task-list", "contains-task-list"];
    class == "anchor"
        || highlight::is_class(class)
        || math::is_class(class)
        || KNOWN.iter().any(|prefix| class.starts_with(prefix))
}

/// Ids that the site's own pages use around a text. If a text used one, a label, a link or a CSS
/// rule could hit the wrong element. A heading gets another anchor.
const IDS_OF_SITE: [&str; 9] = [
    "q",
    "ranking-24h",
    "ranking-30d",
    "ranking-7d",
    "ranking-all",
    "rankings-title",
    "site-content",
    "site-contents",
    "site-related",
];

/// Whether every address in a `srcset` would be allowed in `src`. The sanitiser checks `src` only.
fn is_harmless_srcset(value: &str) -> bool {
    value.split(',').filter_map(|candidate| candidate.split_whitespace().next()).all(|address| {
        match url::Url::parse(address) {
            Ok(url) => matches!(url.scheme(), "http" | "https"),
            // A relative address, on this site.
            Err(error) => error == url::ParseError::RelativeUrlWithoutBase,
        }
    })
}

/// Attributes that the sanitiser sets, for tags that get several. See [`in_fixed_order`].
const SET: [(&str, &[&str]); 2] = [
    ("img", &["loading", "decoding", "referrerpolicy"]),
    ("input", &["type", "disabled", "aria-label"]),
];

static SANITIZER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(sanitizer);

fn sanitizer() -> ammonia::Builder<'static> {
    let mut builder = ammonia::Builder::default();
    builder
        .add_tags([
            "address", "audio", "input", "picture", "progress", "section", "source", "tfoot",
            "track", "video",
        ])
        .add_tags(math::ELEMENTS)
        .add_generic_attributes(["id", "class", "dir"])
        .add_tag_attributes("a", ["aria-label", "name"])
        .add_tag_attributes("data", ["value"])
        .add_tag_attributes("details", ["open"])
        .add_tag_attributes("div", ["align"])
        .add_tag_attributes("img", ["align", "sizes", "srcset"])
        .add_tag_attributes("input", ["type", "checked", "disabled"])
        .add_tag_attributes("li", ["value"])
        .add_tag_attributes("ol", ["reversed", "type"])
        .add_tag_attributes("p", ["align"])
        .add_tag_attributes("progress", ["value", "max"])
        .add_tag_attributes(
            "source",
            ["height", "media", "sizes", "src", "srcset", "type", "width"],
        )
        .add_tag_attributes("span", ["aria-hidden"])
        .add_tag_attributes("time", ["datetime"])
        .add_tag_attributes("track", ["src", "kind", "srclang", "label", "default"])
        .add_tag_attributes(
            "video",
            [
                "src",
                "controls",
                "width",
                "height",
                "poster",
                "loop",
                "muted",
                "playsinline",
                "preload",
            ],
        )
        .add_tag_attributes("audio", ["src", "controls", "loop", "muted", "preload"])
        // Media that its page would have started needs controls to be started here.
        .set_tag_attribute_value("audio", "controls", "")
        .set_tag_attribute_value("video", "controls", "")
        // Whatever scrolls sideways must be reachable with the keyboard (WCAG 2.1.1).
        .set_tag_attribute_value("pre", "tabindex", "0")
        .set_tag_attribute_value("table", "tabindex", "0")
        .set_tag_attribute_value("img", "loading", "lazy")
        .set_tag_attribute_value("img", "decoding", "async")
        // The picture's host need not know which page shows it.
        .set_tag_attribute_value("img", "referrerpolicy", "no-referrer")
        // A task's checkbox is the only input allowed; any other could ask for a password.
        .set_tag_attribute_value("input", "type", "checkbox")
        .set_tag_attribute_value("input", "disabled", "")
        // The text next to the checkbox says what the task is; this says what the checkbox is.
        .set_tag_attribute_value("input", "aria-label", "Task")
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .link_rel(None)
        .attribute_filter(|_, attribute, value| match attribute {
            "class" => {
                let known: Vec<&str> =
                    value.split_ascii_whitespace().filter(|class| is_known_class(class)).collect();
                (!known.is_empty()).then(|| known.join(" ").into())
            }
            // Browsers do not follow it, but tools that read a page for somebody may.
            "cite" => (value.starts_with("https://") || value.starts_with("http://"))
                .then_some(value.into()),
            "id" | "name" => (!IDS_OF_SITE.contains(&value)).then_some(value.into()),
            "srcset" => is_harmless_srcset(value).then_some(value.into()),
            _ => Some(value.into()),
        });
    for element in math::ELEMENTS {
        builder.add_tag_attributes(element, math::ATTRIBUTES);
    }
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_for_a_feed_has_absolute_addresses_and_no_classes() {
        let address = url::Url::parse("https://blog.example/articles/tides").unwrap();
        let rendered = render(
            "See [moon](/articles/moon), [sun](sun), [x](https://x.example/) and a note[^1].\n\n\
             ![A map](/pictures/a.png)\n\n```rust\nlet a = 1;\n```\n\n[^1]: Note.",
        );
        let html = for_feed(&rendered.html, &address);
        for expected in [
            "href=\"https://blog.example/articles/moon\"",
            "href=\"https://blog.example/articles/sun\"",
            "href=\"https://x.example/\"",
            "href=\"https://blog.example/articles/tides#",
            "src=\"https://blog.example/pictures/a.png\"",
            "let a = 1;",
        ] {
            assert!(html.contains(expected), "no {expected}: {html}");
        }
        for surplus in ["class=", "<span", "tabindex", "srcset"] {
            assert!(!html.contains(surplus), "{surplus}: {html}");
        }
    }

    /// Without the order, one in six processes would pass this.
    #[test]
    fn the_same_text_becomes_the_same_html_in_every_process() {
        let html = render("![A](/a.png)\n\n- [x] b\n\n<input>").html;
        for expected in [
            " alt=\"A\" loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">",
            " checked=\"\" type=\"checkbox\" disabled=\"\" aria-label=\"Task\">",
            "<input type=\"checkbox\" disabled=\"\" aria-label=\"Task\">",
        ] {
            assert!(html.contains(expected), "no {expected}: {html}");
        }
    }

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

    /// Would take minutes if the work grew with the square of a line's length.
    #[test]
    fn code_too_expensive_to_highlight_is_plain_and_the_author_is_told() {
        let long = "a{b:c}".repeat(20_000);
        let rendered =
            render(&format!("```css\np {{ color: red }}\n{long}\nq {{ color: red }}\n```"));
        assert_eq!(rendered.notes, [Note::CodeIsPlain]);
        assert!(rendered.html.contains(&long), "a long line stays, plain");
        assert_eq!(rendered.html.matches("color</span>").count(), 2, "the others are highlighted");
        let line = "fn a(b: c) {} ".repeat(20);
        let lines = |count: usize| format!("{line}\n").repeat(count);
        let rendered = render(&format!("```rust\n{}```\n", lines(1_000)));
        assert_eq!(rendered.notes, [Note::CodeIsPlain]);
        assert_eq!(
            rendered.html.matches(line.trim_end()).count(),
            1_000,
            "nothing of the block is highlighted"
        );
        let rendered = render(&format!("```rust\n{}```\n\n", lines(30)).repeat(10));
        assert_eq!(rendered.notes, [Note::CodeIsPlain], "blocks count together");
        assert_eq!(
            rendered.html.matches(line.trim_end()).count(),
            8 * 30,
            "as many as can be are highlighted"
        );
        let usual = "fn main() { println!(\"the tide is low\"); }\n".repeat(500);
        assert!(render(&format!("```rust\n{usual}```")).notes.is_empty());
    }

    #[test]
    fn deep_nesting_is_flattened() {
        for text in [
            "<ul><li>".repeat(20_000),
            "<div>\n".repeat(20_000),
            ">".repeat(30_000),
            "> ".repeat(15_000) + "a",
            "[".repeat(50_000),
            "*a **b ".repeat(20_000) + &"c* d** ".repeat(20_000),
            "- ".repeat(20_000) + "a",
            "![".repeat(20_000) + &"](b)".repeat(20_000),
        ] {
            let rendered = render(&text);
            let (mut depth, mut deepest) = (0i32, 0);
            for tag in rendered.html.split('<').skip(1) {
                let is_void = ["br", "hr", "img", "input"].iter().any(|name| tag.starts_with(name));
                depth += if tag.starts_with('/') { -1 } else { i32::from(!is_void) };
                deepest = deepest.max(depth);
            }
            assert!(deepest < 300, "{deepest}: {}", &text[..20]);
        }
        assert_eq!(render(&"<ul><li>".repeat(20_000)).notes, [Note::NestsTooDeep]);
    }

    #[test]
    fn a_text_whose_page_would_be_too_large_is_shown_as_typed() {
        let text = "```\n".to_owned() + &"a\n".repeat(300_000) + "```";
        let rendered = render(&text);
        assert_eq!(rendered.notes, [Note::TooLargeAPage]);
        assert!(rendered.html.len() < text.len() + 100 && rendered.html.contains("a\n"));
        assert!(render(&"&".repeat(1_000)).notes.is_empty());
    }

    /// The test in `pieces` measures the work.
    #[test]
    fn a_long_text_of_escaped_characters_is_rendered_to_its_end() {
        for (start, part, count, shown) in [
            ("", "&", 50_000, "&amp;"),
            ("", "&amp;", 25_000, "&amp;"),
            ("", "&#38;", 25_000, "&amp;"),
            ("", "&x", 25_000, "&amp;x"),
            ("", "\u{a9}", 50_000, "\u{a9}"),
            ("<div>", "&</td>", 25_000, "&amp;"),
        ] {
            let rendered = render(&(start.to_owned() + &part.repeat(count)));
            assert!(rendered.notes.is_empty() && !rendered.html.contains("<!--"), "{part}");
            assert_eq!(rendered.html.matches(shown).count(), count, "{part}");
        }
    }

    /// Would not finish in quadratic time.
    #[test]
    fn too_many_addresses_without_spaces_are_not_linked() {
        for part in ["(www.a<", "http://a<"] {
            let rendered = render(&part.repeat(50_000));
            assert_eq!(rendered.notes, [Note::TooManyAddresses], "{part}");
            assert!(!rendered.html.contains("<a "), "{part}");
        }
        let rendered = render(&"See www.example.com, or https://example.com/a.\n".repeat(1_000));
        assert!(rendered.notes.is_empty());
        assert_eq!(rendered.html.matches("<a ").count(), 2_000);
    }

    #[test]
    fn text_that_would_explode_in_the_parser_is_shown_as_typed() {
        let title = "x".repeat(7_000);
        let copied = format!("<p><b title=\"{title}\">{}", "</p><p>x".repeat(5_000));
        let moved = format!("<p>a</p><table>{}</table>", "<br>x".repeat(50_000));
        for (text, note) in [(copied, Note::TooLargeAPage), (moved, Note::TooMuchOutsideCells)] {
            let rendered = render(&text);
            assert_eq!(rendered.notes, [note]);
            assert!(
                rendered.html.starts_with("<pre") && rendered.html.len() < 3 * text.len() + 100,
                "{note:?}"
            );
        }
    }

    #[test]
    fn a_tag_with_too_many_attributes_loses_them_and_the_author_is_told() {
        let long = "&".repeat(100_000);
        for text in [
            format!("<p title=\"{long}\">text</p>"),
            format!("![text]({long})"),
            format!("[text](/x \"{long}\")"),
        ] {
            let rendered = render(&text);
            assert_eq!(rendered.notes, [Note::TagIsTooLong], "{}", &text[..20]);
            assert!(rendered.html.len() < 300, "{}", rendered.html.len());
        }
    }

    #[test]
    fn the_number_of_headings_is_limited() {
        // Equal headings: for each, the search for an anchor goes through all before it.
        let rendered = render(&"# a\n".repeat(20_000));
        assert_eq!(rendered.notes, [Note::TooManyHeadings]);
        assert_eq!(
            (rendered.contents.len(), rendered.html.matches("<h2").count()),
            (MOST_HEADINGS, MOST_HEADINGS)
        );
        assert_eq!(rendered.html.matches("<p>a</p>").count(), 19_500);
    }

    #[test]
    fn the_number_of_footnote_references_is_limited() {
        let rendered = render(&format!("{}\n\n[^a]: b\n", "[^a] ".repeat(100_000)));
        assert_eq!(rendered.notes, [Note::TooManyFootnotes]);
        assert_eq!(rendered.html.matches("id=\"fnref-a").count(), MOST_FOOTNOTE_REFERENCES);
        assert!(rendered.html.len() < 1_500_000, "{}", rendered.html.len());
    }

    #[test]
    fn rendering_stops_when_it_is_cancelled() {
        assert_eq!(render_until("text", &AtomicBool::new(true)), None);
        assert_eq!(summary_of(&"text\n\n".repeat(1_000), &AtomicBool::new(true)), None);
    }

    #[test]
    fn code_in_an_unknown_language_is_left_as_typed() {
        let html = render("```no-such-language\na < b & c\n```").html;
        assert!(html.contains("a &lt; b &amp; c"), "{html}");
    }

    #[test]
    fn the_table_of_contents_links_to_the_headings() {
        let rendered = render("# One\n\ntext\n\n## Two *words*\n\n## One\n");
        let anchors: Vec<_> = rendered
            .contents
            .iter()
            .map(|heading| (heading.level, heading.anchor.as_str()))
            .collect();
        assert_eq!(anchors, [(2, "one"), (3, "two-words"), (3, "one-1")]);
        for (_, anchor) in anchors {
            assert!(
                rendered.html.contains(&format!("id=\"{anchor}\"")),
                "{anchor}: {}",
                rendered.html
            );
        }
        assert!(!rendered.html.contains("<h1"));
        let levels = |text: &str| -> Vec<u8> {
            render(text).contents.iter().map(|heading| heading.level).collect()
        };
        assert_eq!(
            levels("#### a\n\n##### b\n\n#### c"),
            [2, 3, 2],
            "headings that start too low are raised"
        );
        assert_eq!(levels("# a\n\n###### b"), [2, 6]);
    }

    #[test]
    fn github_extensions_and_footnotes_are_rendered() {
        let html = render(
            "| a |\n|---|\n| b |\n\n~~gone~~ www.example.com\n\n- [x] done\n\n> [!NOTE]\n> note\n\ntext[^1]\n\n[^1]: foot",
        )
        .html;
        for part in [
            "<table",
            "<del>gone</del>",
            "href=\"http://www.example.com\"",
            "checkbox",
            "markdown-alert",
            "#fn-1",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn nothing_executable_survives() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "<a href=\"jAvAsCrIpT:alert(1)\">x</a>",
            "<iframe src=https://example.com></iframe>",
            "<svg onload=alert(1)></svg>",
            "<p style=\"position:fixed\">x</p>",
            "<form action=/login><input type=password></form>",
            "<base href=https://example.com>",
            "![x](data:text/html;base64,PHNjcmlwdD4=)",
            "<q cite=\"javascript:alert(1)\">x</q>",
            "<input name=password>",
            "<a href=\"java&#8;script:alert(1)\">x</a>",
            "[x](java&#8;script:alert(1))",
            "```rust\"><script>alert(1)</script>\nx\n```",
            "```\n</code></pre><script>alert(1)</script>\n```",
        ] {
            let html = render(text).html;
            // The way the feed sends it.
            let lower = without_unstorable(&html).to_lowercase();
            for bad in [
                "<script",
                "onerror",
                "onload",
                "javascript:",
                "<iframe",
                "<svg",
                "style=",
                "<form",
                "password",
                "<base",
                "data:",
            ] {
                assert!(!lower.contains(bad), "{text} became {html}");
            }
        }
    }

    /// What a reader sees of sanitised HTML, which contains only these references.
    fn visible(html: &str) -> String {
        let text = text_of(html)
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&nbsp;", " ")
            .replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_tag_mentioned_in_prose_does_not_swallow_the_text() {
        for name in [
            "script",
            "style",
            "title",
            "textarea",
            "xmp",
            "iframe",
            "noembed",
            "noframes",
            "plaintext",
            "noscript",
            "template",
            "svg",
            "math",
            "mi",
            "path",
            "set",
            "T",
            "crate-name",
        ] {
            for tag in [
                format!("<{name}>"),
                format!("<{}>", name.to_uppercase()),
                format!("<{name} a=\"b\">"),
            ] {
                for (before, after) in [
                    ("Put ", " first."),
                    ("", ""),
                    ("- ", " x"),
                    ("> ", ""),
                    ("1. > a ", ""),
                    ("*", "*"),
                    ("", "\nb *c*"),
                ] {
                    let text = format!("{before}{tag}{after}\n\nThe *second*.\n\n# Third");
                    let Rendered { html, contents, .. } = render(&text);
                    let seen = visible(&html);
                    assert!(seen.contains(&tag), "{text}\n-> {html}");
                    assert!(
                        html.contains("<em>second</em>") && html.contains("id=\"third\""),
                        "{text}\n-> {html}"
                    );
                    assert_eq!(contents.len(), 1, "{text}");
                    assert!(!after.contains('*') || html.contains("<em>"), "{text}\n-> {html}");
                }
            }
            let tag = format!("<{name}>");
            let Rendered { html, contents, summary, .. } = render(&format!(
                "The {tag} tag[^1].\n\n# About {tag}\n\n| {tag} | b |\n|---|---|\n| c | {tag} |\n\n[^1]: See {tag}, *too*."
            ));
            assert_eq!(summary, format!("The {tag} tag."));
            assert_eq!(contents[0].text, format!("About {tag}"));
            assert!(html.contains(&format!("id=\"{}\"", contents[0].anchor)), "{html}");
            assert_eq!(visible(&html).matches(&tag).count(), 5, "{html}");
            assert!(html.contains("<em>too</em>"), "{html}");
            let code = format!("`{tag}` and\n\n```\n{tag}\n```\n\n    {tag}\n");
            assert_eq!(visible(&render(&code).html).matches(&tag).count(), 3, "{code}");
        }
    }

    #[test]
    fn a_complete_element_that_no_page_may_have_is_shown_as_typed() {
        for element in
            ["<script>\nlet a = 1 < 2;\n</script>", "<STYLE>\np > a {}\n\nb {}\n</STYLE>"]
        {
            let html = render(&format!("{element}\n\nThe *second*.")).html;
            assert_eq!(
                visible(&html),
                format!(
                    "{} The second .",
                    element.split_whitespace().collect::<Vec<_>>().join(" ")
                )
            );
        }
    }

    #[test]
    fn an_embedded_page_is_replaced_by_a_link() {
        for frame in [
            "<iframe src=\"https://video.example/1\" allowfullscreen></iframe>",
            "<iframe src=\"//video.example/1\" />",
            "<IFRAME\n  width=\"1\"\n  src=\"https://video.example/1\"></IFRAME>",
            "<div><iframe src='https://video.example/1'></iframe></div>",
        ] {
            for text in
                [format!("{frame}\n\nThe *second*."), format!("See {frame} here.\n\nThe *second*.")]
            {
                let html = render(&text).html;
                let link = "<a href=\"https://video.example/1\">https://video.example/1</a>";
                assert!(
                    html.contains(link) && html.contains("<em>second</em>"),
                    "{text}\n-> {html}"
                );
                assert!(!html.contains("iframe"), "{text}\n-> {html}");
            }
        }
        let rendered = render("<iframe src=\"javascript:alert(1)\"></iframe>");
        assert!(!rendered.html.contains("<a "), "{}", rendered.html);
    }

    #[test]
    fn html_that_blogs_use_survives() {
        for html in [
            "<details open=\"\"><summary>a</summary>b</details>",
            "<picture><source srcset=\"/a.webp 1x, https://a.example/b.webp 2x\" media=\"(min-width: 9em)\" type=\"image/webp\" sizes=\"1px\"></picture>",
            "<a name=\"old\"></a>",
            "<a href=\"tel:+123\">call</a>",
            "<kbd>a</kbd><abbr title=\"b\">c</abbr><mark>d</mark><sub>e</sub><sup>f</sup><time datetime=\"2026-01-01\">g</time>",
            "<figure><figcaption>a</figcaption></figure>",
            "<dl><dt>a</dt><dd>b</dd></dl>",
            "<ol start=\"3\" reversed=\"\" type=\"a\"><li value=\"9\">a</li></ol>",
            "<address>a</address>",
        ] {
            assert_eq!(sanitize(html), html);
        }
        for (html, kept) in [
            (
                "<img src=\"a.png\" srcset=\"a.png, b.png 2x\" width=\"1\" height=\"2\">",
                "srcset=\"a.png, b.png 2x\"",
            ),
            (
                "<table align=\"right\"><tfoot><tr><td align=\"center\">a</td></tr></tfoot></table>",
                "<tfoot><tr><td align=\"center\">a",
            ),
            (
                "<video src=\"a.webm\" autoplay loop muted><track src=\"a.vtt\" srclang=\"en\"></video>",
                "controls=\"\"",
            ),
            ("<audio src=\"a.ogg\"></audio>", "controls=\"\""),
        ] {
            assert!(sanitize(html).contains(kept), "{}", sanitize(html));
        }
        for srcset in
            ["javascript:alert(1)", "a.png, javascript:x 2x", "a.png 1x,data:image/svg+xml,x 2x"]
        {
            let html = sanitize(&format!("<img srcset=\"{srcset}\">"));
            assert!(!html.contains("srcset"), "{html}");
        }
    }

    #[test]
    fn characters_not_allowed_in_feeds_are_in_no_output() {
        let rendered =
            render("# a&#8;b\n\nc&#xB;\u{8}d `e\u{ffff}`\n\n<b title=\"f&#8;g\">h&#xFFFF;i</b>");
        assert_eq!((rendered.contents[0].text.as_str(), rendered.summary.as_str()), ("ab", "cd e"));
        assert!(rendered.html.chars().all(is_storable), "{:?}", rendered.html);
        assert!(rendered.html.contains("<b title=\"fg\">hi</b>"), "{:?}", rendered.html);
        for link in [
            "<a href=\"java&#8;script:alert(1)\">x</a>",
            "<a href=\"java\u{ffff}script:alert(1)\">x</a>",
        ] {
            assert!(!sanitize(link).contains("javascript:"), "{}", sanitize(link));
        }
    }

    #[test]
    fn an_author_cannot_use_the_sites_own_classes() {
        let html = render("<div class=\"site-header code-l-1\" id=\"x\">x</div>").html;
        assert!(html.contains("class=\"code-l-1\"") && html.contains("id=\"x\""), "{html}");
    }

    #[test]
    fn a_browser_parses_a_text_as_the_sanitiser_did() {
        for text in [
            "<p><button><p>x</button>",
            "<table><button><p>x<table><p>",
            "<a href=/><button><a href=/>x",
            "<p><marquee><p>",
        ] {
            let html = render(text).html;
            assert_eq!(SANITIZER.clean(&html).to_string(), html, "{text}");
        }
    }

    #[test]
    fn a_text_cannot_use_the_sites_own_ids() {
        let html =
            render("<input type=checkbox id=ranking-24h><p id=site-content>x</p><p id=q></p><p id=mine></p>\n\n# Site content\n")
                .html;
        for id in ["ranking-24h", "site-content", "q"] {
            assert!(!html.contains(&format!("id=\"{id}\"")), "{html}");
        }
        assert!(html.contains("id=\"mine\""), "{html}");
    }

    #[test]
    fn every_heading_has_an_anchor() {
        let rendered = render("# Content\n\n# Ranking all\n\n# 🎉\n\n# 🎉\n\n# Section");
        let anchors: Vec<&str> =
            rendered.contents.iter().map(|heading| heading.anchor.as_str()).collect();
        assert_eq!(anchors, ["content", "ranking-all-1", "section", "section-1", "section-2"]);
        for anchor in anchors {
            assert!(rendered.html.contains(&format!("id=\"{anchor}\"")), "{}", rendered.html);
            assert!(rendered.html.contains(&format!("href=\"#{anchor}\"")), "{}", rendered.html);
        }
    }

    #[test]
    fn formulas_become_mathml() {
        let html =
            render("Let $x^2$ be.\n\n$$\n\\sum_i a_i\n$$\n\n```math\n\\frac{a}{b}\n```\n").html;
        assert_eq!(html.matches("<math").count(), 3, "{html}");
        assert!(html.contains("<msup><mi>x</mi><mn>2</mn></msup>"), "{html}");
        assert_eq!(html.matches("display=\"block\"").count(), 2, "{html}");
        assert!(!html.contains('$'), "{html}");
        let rendered = render("$\\nosuch{x}$ and $a<b$");
        assert_eq!(rendered.notes, [Note::FormulaIsSource]);
        assert!(
            rendered.html.contains("<code class=\"math-source\">$\\nosuch{x}$</code>"),
            "{}",
            rendered.html
        );
    }

    #[test]
    fn prices_and_variables_are_no_formulas() {
        for text in [
            "$5 and $10",
            "US$5 or AU$6",
            "From $5 to $ 10.",
            "Set $HOME/$USER in `$PATH`.",
            "Set $HOME$USER.",
            "A$AP *and* A$AP",
            "5$ und 10$",
            "\\$a\\$",
        ] {
            let html = render(text).html;
            assert!(!html.contains("<math") && !html.contains("math-source"), "{text}: {html}");
        }
        assert!(render("A$AP *and* A$AP").html.contains("<em>and</em>"));
        assert!(render("the $n$th and ($x$)").html.matches("<math").count() == 2);
    }

    #[test]
    fn a_title_of_an_alert_is_markdown() {
        let html = render("> [!NOTE] See [this](/x) and `a < b`\n> Text *here*.\n\nAfter.").html;
        assert!(
            html.contains("<p class=\"markdown-alert-title\">See <a href=\"/x\">this</a> and <code>a &lt; b</code></p>"),
            "{html}"
        );
        assert!(html.contains("<em>here</em>.</p>\n</div>"), "{html}");
        let html = render("> [!TIP] <script>alert(1)</script> > x\n> Text.").html;
        assert!(!html.contains("<script") && html.contains("Text."), "{html}");
    }

    #[test]
    fn a_picture_with_a_title_becomes_a_figure() {
        let html = render("![Sea](/sea.png \"At low <tide>\")\n\n[![a](/a.png \"b\")](/big.png)\n\nSee ![c](/c.png \"d\").").html;
        assert!(html.contains("<figcaption>At low &lt;tide&gt;</figcaption></figure>"), "{html}");
        assert!(html.contains("alt=\"Sea\""), "{html}");
        assert!(html.contains("<figure><a href=\"/big.png\">"), "{html}");
        assert_eq!(html.matches("<figure>").count(), 2, "{html}");
    }

    #[test]
    fn languages_have_two_letter_tags() {
        for language in whatlang::Lang::all() {
            assert_eq!(language_tag(*language).len(), 2, "{}", language.code());
        }
    }

    #[test]
    fn code_has_its_language_and_line_numbers_on_request() {
        let html = render("```rust\nfn a() {}\n```\n").html;
        assert!(html.contains("<p class=\"code-label\">rust</p>"), "{html}");
        assert!(!html.contains("giallo-ln"), "{html}");
        for info in [
            "rust,linenos",
            "rust {linenos=true}",
            "rust {linenos=table}",
            "rust showLineNumbers",
            "rust:line-numbers",
        ] {
            let html = render(&format!("```{info}\nfn a() {{}}\n```\n")).html;
            assert!(
                html.contains("<span aria-hidden=\"true\" class=\"giallo-ln\">1</span>"),
                "{info}: {html}"
            );
        }
        let html = render("```rust,linenos,linenostart=7\nfn a() {}\n```\n").html;
        assert!(html.contains("giallo-ln\">7</span>"), "{html}");
        let html = render("```rust {linenos=false}\nfn a() {}\n```\n").html;
        assert!(!html.contains("giallo-ln"), "{html}");
    }

    #[test]
    fn reading_time_grows_with_words_and_with_chinese_characters() {
        assert_eq!(render("").reading_minutes, 1);
        assert_eq!(render(&"word ".repeat(1000)).reading_minutes, 5);
        assert_eq!(render(&"潮".repeat(900)).reading_minutes, 3);
        assert_eq!(
            render(&format!("<div>{}</div>", "<p>word</p>".repeat(1000))).reading_minutes,
            5,
            "HTML counts too"
        );
    }

    #[test]
    fn the_text_of_a_sanitised_page_is_what_a_parser_extracts() {
        for text in [
            "# A *heading*\n\nA [link](https://a.example/?b=1&c=2 \"a > b < c\") and `a < b && c > d`.\n\n- [x] done\n- not\n",
            "```rust\nfn a<T>(b: &T) -> bool { \"</p>\" > 'c' }\n```\n",
            "| a | b |\n|---|---|\n| c > d | &lt;e&gt; |\n\n> quoted[^1]\n\n[^1]: *Note*.",
            "<p title=\"a > b\" class='x<y'>in <b>bold</b>er</p><img alt=\"</b>x\" src=a.png><br>x&nbsp;y&#62;z",
            "<details><summary>s</summary>\n\ntext <!-- a > b --> more\n\n</details>\n\n<script>1 < 2</script>",
            "潮 &amp; <unknown> & a<b",
        ] {
            let html = render(text).html;
            let parsed = ammonia::Builder::empty().clean(&html.replace("</", " </")).to_string();
            assert_eq!(text_of(&html), parsed, "{html}");
        }
    }

    #[test]
    fn a_summary_ends_at_a_word_boundary() {
        assert_eq!(render("# Title\n\nA *short* text.").summary, "A short text.");
        let long = render(&"word ".repeat(100)).summary;
        assert!(
            long.ends_with("word…") && long.chars().count() <= SUMMARY_CHARACTERS + 1,
            "{long}"
        );
    }
}
