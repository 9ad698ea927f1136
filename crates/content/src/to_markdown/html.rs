//! Writes HTML that Markdown has no form for, so that it may stand in a text of Markdown.

use markup5ever_rcdom::{Handle, NodeData};

use super::chunks::is_space;
use super::dom::{attribute, children, image_address, tag};
use crate::html_text::escaped;
use crate::whitespace::one_line;

/// Elements without an end tag.
const VOID: [&str; 7] = ["br", "hr", "img", "wbr", "source", "track", "col"];
/// Attributes that mean something in kept HTML.
const ATTRIBUTES: [&str; 24] = [
    "href", "src", "alt", "title", "id", "colspan", "rowspan", "width", "height", "controls",
    "poster", "cite", "datetime", "open", "start", "reversed", "lang", "dir", "scope", "align",
    "loop", "muted", "kind", "srclang",
];

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

pub(super) fn write_attributes(node: &Handle, out: &mut String) {
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
