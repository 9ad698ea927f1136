//! Renders Markdown as safe HTML: CommonMark with GitHub's extensions, highlighted code and heading
//! anchors, all sanitised.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use comrak::nodes::{AstNode, NodeHtmlBlock, NodeLink, NodeValue};
use comrak::options::Plugins;
use comrak::{Arena, Options};

use super::characters::{is_storable, without_unstorable};
use super::diagram;
use super::front_matter::one_line_end;
use super::highlight::{Budget, Highlighted, highlighted};
use super::html_text::{escaped, text_of};
use super::language::language_tag;
use super::math;
use super::nesting::{capped, capped_quotes};
use super::pictures::tags::with_sizes;
use super::raw_html::{self, Ends, Piece, Reader};
use super::sanitizer::sanitize;
use super::whitespace::one_line;

mod headings;

pub use self::headings::Heading;
use self::headings::{Anchors, contents, level_headings, limit_headings};

/// Words that people read per minute: the mean of 190 studies (Brysbaert 2019,
/// <https://doi.org/10.1016/j.jml.2019.104047>).
const WORDS_PER_MINUTE: usize = 238;
/// Chinese characters, Japanese kana and kanji that people read per minute (Trauzettel-Klosinski
/// and Dietz 2012, <https://doi.org/10.1167/iovs.11-8284>: Chinese 255, Japanese 357).
const CJK_CHARACTERS_PER_MINUTE: usize = 300;
/// The longest generated summary, in characters: about what search engines show.
const SUMMARY_CHARACTERS: usize = 200;

/// How many times parsing is repeated, at most, until the result is stable.
const READINGS: usize = 8;

/// The largest HTML of a text, in bytes. A text of a million characters rarely exceeds it, but
/// lines of code with one letter each would become twenty times as large as typed.
const MOST_HTML: usize = 8 * 1024 * 1024;
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
    /// Some diagrams can't be drawn and are shown as code.
    DiagramIsSource,
    /// The references to footnotes beyond the limit are shown as typed.
    TooManyFootnotes,
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
    let diagrams = diagram::render(root, is_stopped);
    notes.extend(diagrams.is_some_left.then_some(Note::DiagramIsSource));
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
    let anchors = Anchors::new(&contents);
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
    let html = diagram::insert(with_sizes(&html, |_| None).into_owned(), &diagrams.drawn);
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
    let root = settled(&mut markdown, read)?;
    show_single_tildes(arena, root);
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

/// Parses a text. What only looks like markup gets a backslash before it, and the text is parsed
/// again. A line that starts with `<script>`, for example, would turn everything after it into an
/// HTML block, although its author meant a paragraph. A backslash may uncover the next such line.
fn settled<'a>(
    markdown: &mut Cow<'_, str>,
    read: impl Fn(&str) -> Option<&'a AstNode<'a>>,
) -> Option<&'a AstNode<'a>> {
    let mut root = read(markdown)?;
    for _ in 0..READINGS {
        let start = |node| {
            start_of_text(node).or_else(|| start_of_price(node)).or_else(|| start_after_tilde(node))
        };
        let mut places: Vec<(usize, usize)> = root.descendants().filter_map(start).collect();
        places.sort_unstable();
        places.dedup();
        let Some(escaped) = escape_at(markdown, &places) else { break };
        *markdown = Cow::Owned(escaped);
        root = read(markdown)?;
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

/// The line and column, from 1, of what a single `~` may begin: a definition, which a `:` begins as
/// well, or a subscript. To people it is an ornament, or "about" or "to", as in `10~20`.
fn start_after_tilde<'a>(node: &'a AstNode<'a>) -> Option<(usize, usize)> {
    let data = node.data();
    let start = data.sourcepos.start;
    matches!(data.value, NodeValue::DescriptionDetails | NodeValue::Subscript)
        .then_some((start.line, start.column))
}

/// Inserts a backslash before the `<`, `$` or `~` at the first of these places in each line. They
/// must be sorted. Returns `None` if no place has one.
fn escape_at(markdown: &str, places: &[(usize, usize)]) -> Option<String> {
    let mut escaped = String::with_capacity(markdown.len() + places.len());
    let mut places = places.iter().peekable();
    for (number, line) in (1..).zip(markdown.split_inclusive('\n')) {
        let mut rest = line;
        while let Some((_, column)) = places.next_if(|(at, _)| *at <= number) {
            let at = column.saturating_sub(1);
            // Without the first one, the others of a line may be something else.
            if rest.len() == line.len()
                && matches!(line.as_bytes().get(at), Some(b'<' | b'$' | b'~'))
            {
                let (before, after) = line.split_at(at);
                escaped.push_str(before);
                escaped.push('\\');
                rest = after;
            }
        }
        escaped.push_str(rest);
    }
    (escaped.len() > markdown.len()).then_some(escaped)
}

/// Makes text of the subscripts that could not be escaped, because the parser does not know their
/// places or there are too many in a line.
fn show_single_tildes<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>) {
    let is_subscript = |node: &&AstNode<'a>| matches!(node.data().value, NodeValue::Subscript);
    let between: Vec<&AstNode> = root.descendants().filter(is_subscript).collect();
    for node in between {
        let tilde = || arena.alloc(NodeValue::Text(Cow::Borrowed("~")).into());
        node.insert_before(tilde());
        let children: Vec<&AstNode> = node.children().collect();
        for child in children {
            node.insert_before(child);
        }
        node.insert_before(tilde());
        node.detach();
    }
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
    // Otherwise single tildes strike out. They are shown as typed, see `show_single_tildes`.
    options.extension.subscript = true;
    options.extension.table = true;
    options.extension.autolink = work_of_addresses(markdown) <= MOST_WORK_OF_ADDRESSES;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.description_lists = true;
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

fn summary<'a>(root: &'a AstNode<'a>) -> String {
    let text = root
        .children()
        .filter(|node| matches!(node.data().value, NodeValue::Paragraph))
        .map(comrak::arena_tree::Node::collect_text)
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default();
    let text = one_line(&text);
    if text.chars().count() <= SUMMARY_CHARACTERS {
        return text;
    }
    let cut: String = text.chars().take(SUMMARY_CHARACTERS).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole_words, _)| whole_words);
    format!("{}…", cut.trim_end_matches([',', ';', ':', '.', '(']))
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

#[cfg(test)]
mod tests;
