//! Makes a tree of Markdown from a tree of HTML.

use comrak::Arena;
use comrak::nodes::{
    AstNode, ListDelimType, ListType, NodeCode, NodeCodeBlock, NodeHeading, NodeHtmlBlock,
    NodeLink, NodeList, NodeMath, NodeTable, NodeValue, TableAlignment,
};
use markup5ever_rcdom::{Handle, NodeData};

use super::dom::{
    attribute, children, descendants, image_address, images, tag, text_of, visible_text,
};
use crate::html_text::escaped;
use crate::whitespace::one_line;

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
/// Elements within a line that stay HTML.
const KEPT_INLINES: [&str; 18] = [
    "sub", "sup", "u", "ins", "mark", "small", "abbr", "q", "cite", "kbd", "var", "samp", "time",
    "ruby", "rt", "rp", "bdo", "dfn",
];
/// Elements without an end tag.
const VOID: [&str; 7] = ["br", "hr", "img", "wbr", "source", "track", "col"];
/// Attributes that mean something in kept HTML.
const ATTRIBUTES: [&str; 24] = [
    "href", "src", "alt", "title", "id", "colspan", "rowspan", "width", "height", "controls",
    "poster", "cite", "datetime", "open", "start", "reversed", "lang", "dir", "scope", "align",
    "loop", "muted", "kind", "srclang",
];

/// A part of a text that stands for itself.
pub(super) enum Chunk {
    /// One line or more.
    Inline(Vec<Handle>),
    /// A block.
    Block(Handle),
}

fn is_block(node: &Handle) -> bool {
    tag(node).is_some_and(|tag| BLOCKS.contains(&tag) || KEPT_BLOCKS.contains(&tag))
}

fn is_box(node: &Handle) -> bool {
    tag(node).is_some_and(|tag| BOXES.contains(&tag))
}

/// Whether a node is a block, or has one in it.
pub(super) fn has_block(node: &Handle) -> bool {
    descendants(node).iter().any(|node| is_block(node) || is_box(node))
}

fn is_blank(node: &Handle) -> bool {
    matches!(&node.data, NodeData::Text { contents } if contents.borrow().chars().all(is_space))
}

/// White space that HTML collapses. A no-break space is not.
fn is_space(one: char) -> bool {
    matches!(one, ' ' | '\t' | '\n' | '\r' | '\u{c}')
}

/// Splits nodes into lines and blocks. What only holds them together is left out.
pub(super) fn chunks(nodes: &[Handle], found: &mut Vec<Chunk>) {
    for node in nodes {
        if is_block(node) {
            found.push(Chunk::Block(node.clone()));
        } else if is_box(node) || has_block(node) {
            // What comes before and after it is in other lines.
            found.push(Chunk::Inline(vec![]));
            chunks(&children(node), found);
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

/// Where a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Paragraph,
    Heading,
    Cell,
    /// All of it is emphasized.
    Caption,
}

/// White space at the end of what was written.
struct Flow {
    place: Place,
    is_start: bool,
    has_space: bool,
    /// Whether it is in a link, which holds no other.
    is_link: bool,
}

impl Flow {
    fn new(place: Place, is_link: bool) -> Self {
        Self { place, is_start: true, has_space: false, is_link }
    }
}

pub(super) struct Writer<'a> {
    pub arena: &'a Arena<'a>,
    /// Whether emphasis is written as HTML, because signs beside letters may not be read as it.
    pub is_careful: bool,
}

impl<'a> Writer<'a> {
    fn node(&self, value: NodeValue) -> &'a AstNode<'a> {
        self.arena.alloc(value.into())
    }

    fn add(&self, parent: &'a AstNode<'a>, value: NodeValue) -> &'a AstNode<'a> {
        let node = self.node(value);
        parent.append(node);
        node
    }

    /// A document of one chunk.
    pub fn document(&self, chunk: &Chunk) -> &'a AstNode<'a> {
        let root = self.node(NodeValue::Document);
        self.chunk(chunk, root);
        root
    }

    fn chunk(&self, chunk: &Chunk, parent: &'a AstNode<'a>) {
        match chunk {
            Chunk::Inline(nodes) => self.paragraphs(nodes, parent),
            Chunk::Block(node) => self.block(node, parent),
        }
    }

    fn blocks(&self, nodes: &[Handle], parent: &'a AstNode<'a>) {
        let mut found = Vec::new();
        chunks(nodes, &mut found);
        for chunk in &found {
            self.chunk(chunk, parent);
        }
    }

    /// A paragraph, or several if breaks of lines stand one after the other.
    fn paragraphs(&self, nodes: &[Handle], parent: &'a AstNode<'a>) {
        let mut part: Vec<Handle> = Vec::new();
        let mut breaks = 0;
        for node in nodes {
            match tag(node) {
                Some("br") => breaks += 1,
                _ if is_blank(node) && breaks > 0 => {}
                _ => {
                    if breaks > 1 {
                        self.line(&part, self.node(NodeValue::Paragraph), parent, Place::Paragraph);
                        part.clear();
                    }
                    breaks = 0;
                }
            }
            part.push(node.clone());
        }
        self.line(&part, self.node(NodeValue::Paragraph), parent, Place::Paragraph);
    }

    /// Fills a block with a line, and appends it unless it is empty.
    fn line(
        &self,
        nodes: &[Handle],
        block: &'a AstNode<'a>,
        parent: &'a AstNode<'a>,
        place: Place,
    ) {
        let is_anchor = |node: &Handle| tag(node) == Some("a") && attribute(node, "id").is_some();
        let is_empty = visible_text(nodes, false).is_empty()
            && images(nodes).is_empty()
            && !nodes.iter().flat_map(descendants).any(|node| is_anchor(&node));
        if is_empty {
            // A no-break space alone keeps lines apart there.
            return;
        }
        self.inlines(nodes, block, &mut Flow::new(place, false));
        trim_breaks(block);
        if block.first_child().is_some() {
            parent.append(block);
        }
    }

    fn block(&self, node: &Handle, parent: &'a AstNode<'a>) {
        let name = tag(node).unwrap_or_default();
        match name {
            "p" => self.paragraphs(&children(node), parent),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = name.as_bytes().get(1).map_or(2, |digit| digit - b'0');
                let heading = NodeHeading { level, setext: false, closed: false };
                let heading = self.node(NodeValue::Heading(heading));
                self.line(&children(node), heading, parent, Place::Heading);
            }
            "blockquote" => {
                let quote = self.node(NodeValue::BlockQuote);
                self.blocks(&children(node), quote);
                if quote.first_child().is_some() {
                    parent.append(quote);
                }
            }
            "ul" | "ol" | "menu" => self.list(node, parent),
            "pre" => self.code(node, parent),
            "hr" => {
                self.add(parent, NodeValue::ThematicBreak);
            }
            "figure" => self.figure(node, parent),
            "table" => match self.table(node) {
                Some(table) => parent.append(table),
                None => self.html(node, parent),
            },
            _ => self.html(node, parent),
        }
    }

    /// A block that stays HTML.
    fn html(&self, node: &Handle, parent: &'a AstNode<'a>) {
        let mut literal = String::new();
        write_html(node, &mut literal, false);
        literal.push('\n');
        self.add(parent, NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal }));
    }

    /// A picture, a table or the like, with its caption below it.
    fn figure(&self, node: &Handle, parent: &'a AstNode<'a>) {
        let (captions, rest): (Vec<Handle>, Vec<Handle>) =
            children(node).into_iter().partition(|node| tag(node) == Some("figcaption"));
        self.blocks(&rest, parent);
        for caption in captions {
            let mut found = Vec::new();
            chunks(&children(&caption), &mut found);
            for chunk in &found {
                match chunk {
                    Chunk::Inline(nodes) if !self.is_careful => {
                        let paragraph = self.node(NodeValue::Paragraph);
                        let emphasis = self.node(NodeValue::Emph);
                        self.line(nodes, emphasis, paragraph, Place::Caption);
                        if paragraph.first_child().is_some() {
                            parent.append(paragraph);
                        }
                    }
                    chunk => self.chunk(chunk, parent),
                }
            }
        }
    }

    fn list(&self, node: &Handle, parent: &'a AstNode<'a>) {
        let is_ordered = tag(node) == Some("ol");
        let start = attribute(node, "start").and_then(|start| start.trim().parse().ok());
        let mut list = NodeList {
            list_type: if is_ordered { ListType::Ordered } else { ListType::Bullet },
            start: start.filter(|start| *start < 1_000_000).unwrap_or(1),
            delimiter: ListDelimType::Period,
            bullet_char: b'-',
            tight: true,
            ..NodeList::default()
        };
        let mut items: Vec<&'a AstNode<'a>> = Vec::new();
        for child in children(node) {
            if tag(&child) == Some("li") {
                let item = self.node(NodeValue::Item(list));
                self.blocks(&children(&child), item);
                items.push(item);
            } else if !is_blank(&child) {
                // A list in a list belongs to the item before it.
                let item = match items.last() {
                    Some(item) => *item,
                    None => {
                        items.push(self.node(NodeValue::Item(list)));
                        items[0]
                    }
                };
                self.blocks(std::slice::from_ref(&child), item);
            }
        }
        list.tight = items.iter().all(|item| {
            let count = |is: fn(&NodeValue) -> bool| {
                item.children().filter(|child| is(&child.data().value)).count()
            };
            // A list that begins with another number than 1 can't follow a line directly.
            let is_plain = |list: &NodeList| list.list_type == ListType::Bullet || list.start == 1;
            let is_odd = |child: &AstNode<'_>| {
                matches!(&child.data().value, NodeValue::List(list) if !is_plain(list))
            };
            !item.children().any(is_odd)
                && count(|value| matches!(value, NodeValue::Paragraph)) <= 1
                && count(|value| !matches!(value, NodeValue::Paragraph | NodeValue::List(_))) == 0
        });
        if items.is_empty() {
            return;
        }
        let list_node = self.add(parent, NodeValue::List(list));
        for item in items {
            list_node.append(item);
        }
    }

    fn code(&self, node: &Handle, parent: &'a AstNode<'a>) {
        let inner = descendants(node);
        let plain = ["pre", "code", "span", "br", "font", "div"];
        if inner.iter().filter_map(tag).any(|tag| !plain.contains(&tag)) {
            // A poem, or code with links.
            return self.html(node, parent);
        }
        let info = inner.iter().find_map(language).unwrap_or_default();
        let mut literal = text_of(node).replace("\r\n", "\n").replace('\r', "\n");
        if literal.trim().is_empty() {
            return;
        }
        if !literal.ends_with('\n') {
            literal.push('\n');
        }
        let block = NodeCodeBlock {
            fenced: true,
            fence_char: b'`',
            fence_length: 3,
            info,
            literal,
            closed: true,
            ..NodeCodeBlock::default()
        };
        self.add(parent, NodeValue::CodeBlock(Box::new(block)));
    }

    /// A table, if Markdown can hold it.
    fn table(&self, node: &Handle) -> Option<&'a AstNode<'a>> {
        let mut rows: Vec<(bool, Handle)> = Vec::new();
        for child in children(node) {
            match tag(&child) {
                Some("tr") => rows.push((false, child)),
                Some(part @ ("thead" | "tbody" | "tfoot")) => {
                    for row in children(&child) {
                        match tag(&row) {
                            Some("tr") => rows.push((part == "thead", row)),
                            _ if is_blank(&row) => {}
                            _ => return None,
                        }
                    }
                }
                Some("colgroup") => {}
                _ if is_blank(&child) => {}
                _ => return None,
            }
        }
        let cells = |row: &Handle| -> Vec<Handle> {
            children(row).into_iter().filter(|cell| tag(cell).is_some()).collect()
        };
        let first = cells(&rows.first()?.1);
        let has_head = rows[0].0 || first.iter().all(|cell| tag(cell) == Some("th"));
        let heads = rows.iter().filter(|(is_head, _)| *is_head).count();
        let is_plain = |cell: &Handle| {
            matches!(tag(cell), Some("td" | "th"))
                && ["colspan", "rowspan"].iter().all(|key| {
                    attribute(cell, key).is_none_or(|span| matches!(span.trim(), "" | "0" | "1"))
                })
                && descendants(cell)
                    .iter()
                    .skip(1)
                    .all(|node| !(is_block(node) || is_box(node)) || tag(node) == Some("p"))
        };
        let is_simple = rows.iter().all(|(_, row)| {
            let cells = cells(row);
            cells.len() == first.len() && cells.iter().all(is_plain)
        });
        if !has_head || heads > 1 || first.is_empty() || !is_simple {
            return None;
        }
        let alignments = first.iter().map(alignment).collect();
        let table = self.node(NodeValue::Table(Box::new(NodeTable {
            alignments,
            num_columns: first.len(),
            num_rows: rows.len(),
            num_nonempty_cells: 0,
        })));
        for (index, (_, row)) in rows.iter().enumerate() {
            let row_node = self.add(table, NodeValue::TableRow(index == 0));
            for cell in cells(row) {
                let cell_node = self.add(row_node, NodeValue::TableCell);
                let mut found = Vec::new();
                chunks(&children(&cell), &mut found);
                for chunk in found {
                    let nodes = match chunk {
                        Chunk::Inline(nodes) => nodes,
                        Chunk::Block(paragraph) => children(&paragraph),
                    };
                    if nodes.iter().all(is_blank) {
                        continue;
                    }
                    if cell_node.first_child().is_some() {
                        self.add(cell_node, NodeValue::HtmlInline("<br>".into()));
                    }
                    self.inlines(&nodes, cell_node, &mut Flow::new(Place::Cell, false));
                }
            }
        }
        Some(table)
    }

    fn inlines(&self, nodes: &[Handle], parent: &'a AstNode<'a>, flow: &mut Flow) {
        for node in nodes {
            self.inline(node, parent, flow);
        }
    }

    fn space(&self, parent: &'a AstNode<'a>, flow: &mut Flow) {
        if flow.has_space && !flow.is_start {
            self.add(parent, NodeValue::Text(" ".into()));
        }
        flow.has_space = false;
    }

    /// A text. An address in it becomes the link that it would become anyway, because it must be
    /// written without backslashes.
    fn text(&self, mut text: &str, parent: &'a AstNode<'a>, flow: &mut Flow) {
        while let Some(range) = (!flow.is_link).then(|| bare_address(text)).flatten() {
            self.plain(&text[..range.start], parent, flow);
            self.space(parent, flow);
            let url = text[range.clone()].to_owned();
            let link = NodeLink { url: url.clone(), title: String::new() };
            let link = self.add(parent, NodeValue::Link(Box::new(link)));
            self.add(link, NodeValue::Text(url.into()));
            flow.is_start = false;
            text = &text[range.end..];
        }
        self.plain(text, parent, flow);
    }

    fn plain(&self, text: &str, parent: &'a AstNode<'a>, flow: &mut Flow) {
        let mut out = String::with_capacity(text.len());
        for one in text.chars() {
            if is_space(one) {
                flow.has_space = true;
                continue;
            }
            if flow.has_space && !flow.is_start {
                out.push(' ');
            }
            (flow.has_space, flow.is_start) = (false, false);
            out.push(one);
        }
        if !self.is_careful {
            if !out.is_empty() {
                self.add(parent, NodeValue::Text(out.into()));
            }
            return;
        }
        // A dollar before a formula could begin one itself.
        for (index, part) in out.split('$').enumerate() {
            if index > 0 {
                self.add(parent, NodeValue::HtmlInline("\\$".into()));
            }
            if !part.is_empty() {
                self.add(parent, NodeValue::Text(part.to_owned().into()));
            }
        }
    }

    /// Appends an element with what is in it. White space at its ends goes outside.
    fn wrapped(&self, node: &Handle, value: NodeValue, parent: &'a AstNode<'a>, flow: &mut Flow) {
        let text = text_of(node);
        flow.has_space |= text.starts_with(is_space);
        let is_link = flow.is_link || matches!(value, NodeValue::Link(_));
        let element = self.node(value);
        let mut inner = Flow::new(flow.place, is_link);
        self.inlines(&children(node), element, &mut inner);
        let had_break = trim_breaks(element);
        if element.first_child().is_none() {
            flow.has_space |= !text.is_empty();
            return;
        }
        self.space(parent, flow);
        parent.append(element);
        (flow.is_start, flow.has_space) = (false, inner.has_space);
        if had_break {
            self.line_break(parent, flow);
        }
    }

    fn line_break(&self, parent: &'a AstNode<'a>, flow: &mut Flow) {
        match flow.place {
            Place::Heading => flow.has_space = true,
            Place::Cell => {
                self.add(parent, NodeValue::HtmlInline("<br>".into()));
                flow.has_space = false;
            }
            Place::Paragraph | Place::Caption if parent.first_child().is_none() => {}
            Place::Paragraph | Place::Caption => {
                self.add(parent, NodeValue::LineBreak);
                (flow.is_start, flow.has_space) = (true, false);
            }
        }
    }

    fn inline(&self, node: &Handle, parent: &'a AstNode<'a>, flow: &mut Flow) {
        if let NodeData::Text { contents } = &node.data {
            return self.text(&contents.borrow(), parent, flow);
        }
        let name = tag(node).unwrap_or_default();
        let html = |tag: &str| NodeValue::HtmlInline(tag.to_owned());
        match name {
            "br" => self.line_break(parent, flow),
            "strong" | "b" | "em" | "i" | "del" | "s" | "strike" if self.is_careful => {
                let name = match name {
                    "b" => "strong",
                    "i" => "em",
                    "strike" | "s" => "del",
                    name => name,
                };
                self.space(parent, flow);
                self.add(parent, html(&format!("<{name}>")));
                flow.is_start = false;
                self.inlines(&children(node), parent, flow);
                self.add(parent, html(&format!("</{name}>")));
            }
            "em" | "i" if flow.place == Place::Caption => {
                self.inlines(&children(node), parent, flow);
            }
            "strong" | "b" => self.wrapped(node, NodeValue::Strong, parent, flow),
            "em" | "i" => self.wrapped(node, NodeValue::Emph, parent, flow),
            "del" | "s" | "strike" => self.wrapped(node, NodeValue::Strikethrough, parent, flow),
            "a" => match (attribute(node, "href"), attribute(node, "id")) {
                (Some(href), _) => {
                    let title = attribute(node, "title").unwrap_or_default();
                    let title = one_line(&title);
                    let link = NodeLink { url: plain_address(&href), title };
                    self.wrapped(node, NodeValue::Link(Box::new(link)), parent, flow);
                }
                (None, Some(id)) if node.children.borrow().is_empty() => {
                    self.space(parent, flow);
                    self.add(parent, html(&format!("<a id=\"{}\"></a>", escaped(&id))));
                }
                (None, _) => self.inlines(&children(node), parent, flow),
            },
            "img" => {
                let Some(url) = image_address(node).map(|url| plain_address(&url)) else { return };
                self.space(parent, flow);
                let title = attribute(node, "title").unwrap_or_default();
                let title = one_line(&title);
                let image = self.add(parent, NodeValue::Image(Box::new(NodeLink { url, title })));
                let alt = attribute(node, "alt").unwrap_or_default();
                let alt = one_line(&alt);
                if !alt.is_empty() {
                    self.add(image, NodeValue::Text(alt.into()));
                }
                flow.is_start = false;
            }
            "code" | "tt"
                if descendants(node)
                    .iter()
                    .skip(1)
                    .filter_map(tag)
                    .all(|tag| matches!(tag, "span" | "br" | "font" | "code")) =>
            {
                let text = text_of(node);
                let literal = text.split(is_space).filter(|part| !part.is_empty());
                let literal = literal.collect::<Vec<_>>().join(" ");
                flow.has_space |= text.starts_with(is_space);
                if literal.is_empty() {
                    flow.has_space |= !text.is_empty();
                    return;
                }
                self.space(parent, flow);
                // Backticks beside backticks would be one run of them.
                let before = parent.last_child();
                let joined = before.is_some_and(|before| match &mut before.data_mut().value {
                    NodeValue::Code(code) => {
                        code.literal.push_str(&literal);
                        true
                    }
                    _ => false,
                });
                if !joined {
                    let code = NodeCode { num_backticks: 1, literal };
                    self.add(parent, NodeValue::Code(code));
                }
                (flow.is_start, flow.has_space) = (false, text.ends_with(is_space));
            }
            "math" => {
                let literal = text_of(node);
                let display_math = attribute(node, "display").is_some_and(|one| one == "block");
                self.space(parent, flow);
                let math = NodeMath { dollar_math: true, display_math, literal };
                self.add(parent, NodeValue::Math(math));
                flow.is_start = false;
            }
            "wbr" => {
                self.add(parent, html("<wbr>"));
            }
            name if KEPT_INLINES.contains(&name) || name == "code" => {
                if text_of(node).is_empty() && images(std::slice::from_ref(node)).is_empty() {
                    return self.inlines(&children(node), parent, flow);
                }
                self.space(parent, flow);
                let mut start = format!("<{name}");
                write_attributes(node, &mut start);
                start.push('>');
                self.add(parent, html(&start));
                flow.is_start = false;
                self.inlines(&children(node), parent, flow);
                self.add(parent, html(&format!("</{name}>")));
            }
            _ => self.inlines(&children(node), parent, flow),
        }
    }
}

/// Where an address stands in a text.
fn bare_address(text: &str) -> Option<std::ops::Range<usize>> {
    let is_part = |one: char| one.is_ascii_graphic() && !"<>\"'`\\|()[]{}".contains(one);
    text.match_indices("http").find_map(|(at, _)| {
        let rest = &text[at..];
        let host = rest.strip_prefix("https://").or(rest.strip_prefix("http://"))?;
        let end = rest.find(|one: char| !is_part(one)).unwrap_or(rest.len());
        let signs = ['.', ',', ';', ':', '!', '?', '*', '_', '~'];
        let end = rest[..end].trim_end_matches(signs).len();
        let is_host = host.starts_with(|one: char| one.is_ascii_alphanumeric());
        (is_host && rest[..end].contains('.')).then_some(at..at + end)
    })
}

/// Takes away breaks of lines at the end of a line. Returns whether there were any.
fn trim_breaks<'a>(line: &'a AstNode<'a>) -> bool {
    let mut had_break = false;
    while let Some(last) = line.last_child()
        && matches!(last.data().value, NodeValue::LineBreak)
    {
        last.detach();
        had_break = true;
    }
    had_break
}

fn alignment(cell: &Handle) -> TableAlignment {
    let align = attribute(cell, "align").unwrap_or_default().to_ascii_lowercase();
    let style = attribute(cell, "style").unwrap_or_default().to_ascii_lowercase();
    let style: String = style.chars().filter(|one| !one.is_whitespace()).collect();
    let is = |side: &str| align == side || style.contains(&format!("text-align:{side}"));
    if is("center") {
        TableAlignment::Center
    } else if is("right") {
        TableAlignment::Right
    } else if is("left") {
        TableAlignment::Left
    } else {
        TableAlignment::None
    }
}

/// The language of code, in the forms in which plugins write it.
fn language(node: &Handle) -> Option<String> {
    let named = ["data-lang", "data-language", "data-enlighter-language", "lang"];
    let class = attribute(node, "class").unwrap_or_default();
    let mut words = class.split([' ', ';']).filter(|word| !word.is_empty());
    let by_class = words.clone().find_map(|word| {
        ["language-", "lang-", "lang:", "brush:"].iter().find_map(|start| word.strip_prefix(start))
    });
    let by_class = match by_class {
        // `brush: php`
        Some("") => words.by_ref().skip_while(|word| !word.ends_with(':')).nth(1),
        other => other,
    };
    let language = by_class
        .map(str::to_owned)
        .or_else(|| named.iter().find_map(|key| attribute(node, key)))?
        .to_ascii_lowercase();
    let is_name = !language.is_empty()
        && language.len() <= 30
        && language
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '#' | '-' | '_'));
    (is_name && language != "default" && language != "none").then_some(language)
}

/// An address without signs that would need a backslash, so that it stands in the text as it is.
fn plain_address(address: &str) -> String {
    let mut plain = String::with_capacity(address.len());
    for one in address.trim().chars() {
        match one {
            '\n' | '\r' | '\t' => {}
            ' ' | '(' | ')' | '<' | '>' | '\\' | '`' => {
                plain.push_str(&format!("%{:02X}", one as u32));
            }
            one => plain.push(one),
        }
    }
    plain
}

fn write_attributes(node: &Handle, out: &mut String) {
    for key in ATTRIBUTES {
        let value = match (key, tag(node)) {
            ("src", Some("img")) => image_address(node),
            _ => attribute(node, key),
        };
        if let Some(value) = value {
            // An empty line would end the block of HTML.
            let value = one_line(&value);
            out.push_str(&format!(" {key}=\"{}\"", escaped(&value)));
        }
    }
}

/// Writes a node as HTML without an empty line, which would end it in Markdown.
pub(super) fn write_html(node: &Handle, out: &mut String, is_pre: bool) {
    match &node.data {
        NodeData::Text { contents } => {
            let text = contents.borrow();
            if is_pre {
                out.push_str(&escaped(&text).replace("\r\n", "\n").replace("\n\n", "\n&#10;"));
                return;
            }
            let mut was_space = out.ends_with(' ');
            for one in text.chars() {
                match one {
                    one if is_space(one) => {
                        if !was_space {
                            out.push(' ');
                        }
                    }
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    one => out.push(one),
                }
                was_space = is_space(one);
            }
        }
        NodeData::Element { name, .. } => {
            // The first line with `</pre>` would end the block of HTML.
            let name = match &*name.local {
                "pre" if is_pre => "div",
                // A formula is only one in Markdown. In HTML it is the code that it is written in.
                "math" => "code",
                name => name,
            };
            out.push_str(&format!("<{name}"));
            write_attributes(node, out);
            out.push('>');
            if VOID.contains(&name) {
                return;
            }
            for child in children(node) {
                write_html(&child, out, is_pre || name == "pre");
            }
            out.push_str(&format!("</{name}>"));
        }
        _ => children(node).iter().for_each(|child| write_html(child, out, is_pre)),
    }
}
