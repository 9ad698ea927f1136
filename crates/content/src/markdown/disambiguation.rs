//! Makes text of what looks like markup but is none to its author: tags in prose, prices, tildes.

use std::borrow::Cow;

use comrak::Arena;
use comrak::nodes::{AstNode, NodeHtmlBlock, NodeLink, NodeValue};

use crate::raw_html::{self, Ends, Piece, Reader};

/// How many times parsing is repeated, at most, until the result is stable.
const READINGS: usize = 8;

/// Parses a text. What only looks like markup gets a backslash before it, and the text is parsed
/// again. A line that starts with `<script>`, for example, would turn everything after it into an
/// HTML block, although its author meant a paragraph. A backslash may uncover the next such line.
pub(super) fn settled<'a>(
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
pub(super) fn show_single_tildes<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>) {
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

pub(super) fn settle_block<'a>(node: &'a AstNode<'a>, continues: bool) {
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
pub(super) fn settle_inlines<'a>(arena: &'a Arena<'a>, parent: &'a AstNode<'a>) {
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

#[cfg(test)]
mod tests {
    use super::super::{plain_line, render};

    #[test]
    fn two_tildes_strike_out_and_one_is_text() {
        for text in [
            "大约10~20元，或者30~40元",
            "10~20, 30~40 and 50~60",
            "About ~10, or ~20~",
            "> Of 10~20\n> or 30~40.",
            "- Of 10~20\n  or 30~40\n  - and 50~60, 70~80",
            "| a | b |\n|---|---|\n| 10~20, 30~40 | 50~60 |",
        ] {
            let html = render(text).html;
            assert!(!html.contains("<del>"), "{text}: {html}");
            assert_eq!(html.matches('~').count(), text.matches('~').count(), "{text}: {html}");
        }
        let mixed = render("10~20 **or 30~40** and ~~50~60~~, `1~2`").html;
        for part in ["<strong>or 30~40</strong>", "<del>50~60</del>", "<code>1~2</code>", "10~20"] {
            assert!(mixed.contains(part), "no {part}: {mixed}");
        }
        let lines = "10~20, 30~40\n".repeat(200);
        assert!(!render(&lines).html.contains("<del>"));
        assert_eq!(plain_line("大约10~20元，或者30~40元"), "大约10~20元，或者30~40元");
        assert_eq!(plain_line("~~gone~~ 1~2, 3~4"), "gone 1~2, 3~4");
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
}
