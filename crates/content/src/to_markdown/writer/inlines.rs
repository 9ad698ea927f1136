//! What stands within a line: emphasis, links, pictures, code and formulas.

use comrak::nodes::{AstNode, NodeCode, NodeLink, NodeMath, NodeValue};
use markup5ever_rcdom::{Handle, NodeData};

use super::super::chunks::is_space;
use super::super::dom::{attribute, children, descendants, image_address, images, tag, text_of};
use super::super::html::write_attributes;
use super::Writer;
use crate::html_text::escaped;
use crate::whitespace::one_line;

/// Elements within a line that stay HTML.
const KEPT_INLINES: [&str; 18] = [
    "sub", "sup", "u", "ins", "mark", "small", "abbr", "q", "cite", "kbd", "var", "samp", "time",
    "ruby", "rt", "rp", "bdo", "dfn",
];

/// Where a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Paragraph,
    Heading,
    Cell,
    /// All of it is emphasized.
    Caption,
}

/// White space at the end of what was written.
pub(super) struct Flow {
    place: Place,
    is_start: bool,
    has_space: bool,
    /// Whether it is in a link, which holds no other.
    is_link: bool,
}

impl Flow {
    pub(super) fn new(place: Place, is_link: bool) -> Self {
        Self { place, is_start: true, has_space: false, is_link }
    }
}

impl<'a> Writer<'a> {
    pub(super) fn inlines(&self, nodes: &[Handle], parent: &'a AstNode<'a>, flow: &mut Flow) {
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
pub(super) fn trim_breaks<'a>(line: &'a AstNode<'a>) -> bool {
    let mut had_break = false;
    while let Some(last) = line.last_child()
        && matches!(last.data().value, NodeValue::LineBreak)
    {
        last.detach();
        had_break = true;
    }
    had_break
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
