//! Splits the nodes of HTML into lines and blocks, as a text of Markdown has them.

use markup5ever_rcdom::{Handle, NodeData};

use super::dom::{children, descendants, tag};

/// Elements that are blocks of their own.
const BLOCKS: [&str; 16] = [
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "ul",
    "ol",
    "menu",
    "pre",
    "hr",
    "table",
    "figure",
    "dl",
];
/// Blocks that stay HTML.
const KEPT_BLOCKS: [&str; 3] = ["details", "video", "audio"];
/// Elements that only hold blocks together.
const BOXES: [&str; 26] = [
    "div",
    "section",
    "article",
    "aside",
    "header",
    "footer",
    "main",
    "nav",
    "center",
    "address",
    "fieldset",
    "form",
    "hgroup",
    "figcaption",
    "li",
    "dd",
    "dt",
    "td",
    "th",
    "tr",
    "tbody",
    "thead",
    "summary",
    "legend",
    "search",
    "caption",
];

/// A part of a text that stands for itself.
pub(super) enum Chunk {
    /// One line or more.
    Inline(Vec<Handle>),
    /// A block.
    Block(Handle),
}

pub(super) fn is_block(node: &Handle) -> bool {
    tag(node).is_some_and(|tag| BLOCKS.contains(&tag) || KEPT_BLOCKS.contains(&tag))
}

pub(super) fn is_box(node: &Handle) -> bool {
    tag(node).is_some_and(|tag| BOXES.contains(&tag))
}

/// Whether a node is a block, or has one in it.
pub(super) fn has_block(node: &Handle) -> bool {
    descendants(node).iter().any(|node| is_block(node) || is_box(node))
}

pub(super) fn is_blank(node: &Handle) -> bool {
    matches!(&node.data, NodeData::Text { contents } if contents.borrow().chars().all(is_space))
}

/// White space that HTML collapses. A no-break space is not.
pub(super) fn is_space(one: char) -> bool {
    matches!(one, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// Splits nodes into lines and blocks. What only holds them together is left out.
pub(super) fn split(nodes: &[Handle], found: &mut Vec<Chunk>) {
    for node in nodes {
        if is_block(node) {
            found.push(Chunk::Block(node.clone()));
        } else if is_box(node) || has_block(node) {
            // What comes before and after it is in other lines.
            found.push(Chunk::Inline(vec![]));
            split(&children(node), found);
            found.push(Chunk::Inline(vec![]));
        } else if let Some(Chunk::Inline(line)) = found.last_mut() {
            line.push(node.clone());
        } else if !is_blank(node) {
            found.push(Chunk::Inline(vec![node.clone()]));
        }
    }
}

/// Whether two chunks are lists that would become one.
pub(super) fn is_same_list(before: &Chunk, chunk: &Chunk) -> bool {
    let kind = |chunk: &Chunk| match chunk {
        Chunk::Block(node) => match tag(node) {
            Some("ul" | "menu") => Some(false),
            Some("ol") => Some(true),
            _ => None,
        },
        Chunk::Inline(_) => None,
    };
    kind(before).is_some() && kind(before) == kind(chunk)
}
