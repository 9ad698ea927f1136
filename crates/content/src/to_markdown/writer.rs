//! Makes a tree of Markdown from a tree of HTML.

mod code_blocks;
mod inlines;
mod tables;

use comrak::Arena;
use comrak::nodes::{
    AstNode, ListDelimType, ListType, NodeHeading, NodeHtmlBlock, NodeList, NodeValue,
};
use markup5ever_rcdom::Handle;

use self::inlines::{Flow, Place, trim_breaks};
use super::chunks::{self, Chunk, is_blank};
use super::dom::{attribute, children, descendants, images, tag, visible_text};
use super::html::write_html;

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
        chunks::split(nodes, &mut found);
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
            chunks::split(&children(&caption), &mut found);
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
}
