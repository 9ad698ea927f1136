//! Parses a text, with the extensions that texts may use here.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};
use comrak::{Arena, Options};

use super::disambiguation::{settle_block, settle_inlines, settled, show_single_tildes};
use crate::characters::{is_storable, without_unstorable};
use crate::front_matter::one_line_end;
use crate::nesting::capped_quotes;

/// The limit of bytes to search for the ends of bare addresses. Beyond it, bare addresses do not
/// become links.
const MOST_WORK_OF_ADDRESSES: usize = 50_000_000;

/// Parses a text and settles the raw HTML that browsers would not show as its author meant it
/// (`raw_html.rs`). Everything made from a text starts here, so headings, summary and page agree.
pub(super) fn parse<'a>(
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

#[cfg(test)]
mod tests {
    use super::super::{Note, render};

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
}
