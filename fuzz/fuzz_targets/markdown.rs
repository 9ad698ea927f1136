//! Renders arbitrary text and parses the result with a standard HTML parser. Nothing in it may run
//! or mislead. Sanitising it again must not change it, so that browsers and the sanitiser agree on
//! what it means.
#![no_main]

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, QualName, local_name, ns, parse_fragment};
use libfuzzer_sys::fuzz_target;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use tidemark_content::{markdown, sanitizer};

const FORBIDDEN: [&str; 28] = [
    "script",
    "style",
    "link",
    "meta",
    "base",
    "title",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "form",
    "button",
    "textarea",
    "select",
    "option",
    "template",
    "noscript",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
    "svg",
    "marquee",
    "body",
    "html",
    "head",
];

fuzz_target!(|text: &str| {
    let rendered = markdown::render(text);
    assert!(rendered.reading_minutes >= 1);
    let shape = check(&rendered.html);
    assert_eq!(check(&sanitizer::sanitize(&rendered.html)), shape);
});

/// Checks every element. Returns a description of all elements and texts that does not depend on
/// the order of attributes.
fn check(html: &str) -> String {
    let context = QualName::new(None, ns!(html), local_name!("div"));
    let dom = parse_fragment(RcDom::default(), ParseOpts::default(), context, vec![], false).one(html);
    // The parser wraps a fragment in an element of its own.
    let roots = dom.document.children.borrow();
    let mut nodes: Vec<(usize, Handle)> = roots
        .iter()
        .flat_map(|root| root.children.borrow().iter().cloned().map(|node| (0, node)).collect::<Vec<_>>())
        .collect();
    let mut shape = String::new();
    // No recursion, because a text may nest deeply.
    while let Some((depth, node)) = nodes.pop() {
        match &node.data {
            NodeData::Text { contents } => shape.push_str(&format!("{depth} {:?}\n", contents.borrow())),
            NodeData::Element { name, attrs, .. } => {
                let mut attributes: Vec<String> = attrs
                    .borrow()
                    .iter()
                    // The sanitiser allows these addresses to nobody but the renderer.
                    .filter(|attribute| !is_diagram(&name.local, &attribute.name.local, &attribute.value))
                    .map(|attribute| format!("{}={:?}", attribute.name.local, attribute.value))
                    .collect();
                attributes.sort();
                shape.push_str(&format!("{depth} <{} {attributes:?}\n", name.local));
            }
            _ => {}
        }
        if let NodeData::Element { name, attrs, .. } = &node.data {
            assert!(name.ns == ns!(html) || name.ns == ns!(mathml), "{:?} in {html}", name);
            assert!(!FORBIDDEN.contains(&&*name.local), "{:?} in {html}", name);
            let element = &*name.local;
            for attribute in attrs.borrow().iter() {
                let (name, value) = (&*attribute.name.local, &*attribute.value);
                assert!(
                    !name.starts_with("on")
                        && !["style", "srcdoc", "ping", "target"].contains(&name)
                        && (name != "name" || element == "a")
                        && (name != "srcset" || ["img", "source"].contains(&element)),
                    "{name} in {html}"
                );
                if ["href", "src", "poster", "cite", "action", "formaction", "background", "data"].contains(&name) {
                    assert!(
                        is_harmless(value) || is_diagram(element, name, value),
                        "{value:?} in {html}"
                    );
                }
            }
        }
        nodes.extend(node.children.borrow().iter().cloned().map(|child| (depth + 1, child)));
    }
    shape
}

/// Whether an attribute is the address of a diagram that the renderer has drawn.
fn is_diagram(element: &str, name: &str, value: &str) -> bool {
    element == "img" && name == "src" && value.starts_with("data:image/svg+xml,%3Csvg ")
}

/// Whether an address is relative or uses http, https, mailto or tel, parsed as browsers do.
fn is_harmless(address: &str) -> bool {
    let address = address.trim_start_matches(|character: char| character <= ' ').replace(['\t', '\n', '\r'], "");
    let Some((scheme, _)) = address.split_once(':') else { return true };
    let is_scheme = scheme.starts_with(|character: char| character.is_ascii_alphabetic())
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character));
    !is_scheme || ["http", "https", "mailto", "tel"].contains(&scheme.to_ascii_lowercase().as_str())
}
