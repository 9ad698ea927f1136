//! Renders Markdown as safe HTML: CommonMark with GitHub's extensions, highlighted code and heading
//! anchors, all sanitised.

mod alerts;
mod disambiguation;
mod figures;
mod footnotes;
mod headings;
mod metadata;
mod parser;
mod plain_text;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use comrak::Arena;
use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};
use comrak::options::Plugins;

use self::alerts::render_titles_of_alerts;
use self::figures::make_figures;
use self::footnotes::limit_footnotes;
pub use self::headings::Heading;
use self::headings::{Anchors, contents, level_headings, limit_headings};
use self::metadata::{CJK_CHARACTERS_PER_MINUTE, WORDS_PER_MINUTE, count_words, language, summary};
pub(crate) use self::parser::options;
use self::parser::parse;
pub use self::plain_text::plain_line;
use super::characters::without_unstorable;
use super::diagram;
use super::highlight::{Budget, Highlighted, highlighted};
use super::html_text::escaped;
use super::math;
use super::nesting::capped;
use super::pictures::tags::with_sizes;
use super::sanitizer::sanitize;

/// The largest HTML of a text, in bytes. A text of a million characters rarely exceeds it, but
/// lines of code with one letter each would become twenty times as large as typed.
const MOST_HTML: usize = 8 * 1024 * 1024;

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

/// Generates only [`Rendered::summary`], without rendering the rest. Returns `None` once
/// `is_stopped` is true.
pub fn summary_of(markdown: &str, is_stopped: &AtomicBool) -> Option<String> {
    let arena = Arena::new();
    Some(summary(parse(&arena, markdown, &options(markdown), is_stopped)?))
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

#[cfg(test)]
mod tests;
