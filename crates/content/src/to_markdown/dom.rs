//! The tree of an HTML text, and what in it can't be shown here.

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{Attribute, LocalName, ParseOpts, QualName, local_name, ns, parse_document};
use markup5ever_rcdom::{Handle, Node, NodeData, RcDom};

use super::chunks::has_block;
use crate::whitespace::one_line;

/// Attributes in which plugins that load pictures later keep a picture's address.
const LATER: [&str; 5] =
    ["data-src", "data-lazy-src", "data-original", "data-orig-file", "data-full-url"];

/// Parts of Ghost's cards that only its scripts and style sheets use.
const MACHINERY: [&str; 7] = [
    "kg-audio-player",
    "kg-audio-hide",
    "kg-video-overlay",
    "kg-video-player-container",
    "kg-toggle-card-icon",
    "kg-file-card-icon",
    "kg-product-card-rating",
];

/// Scripts that only give another look to what stands beside them.
const LOADERS: [&str; 10] = [
    "platform.twitter.com/widgets.js",
    "platform.x.com/widgets.js",
    "instagram.com/embed.js",
    "tiktok.com/embed.js",
    "embed.reddit.com/widgets.js",
    "embed.redditmedia.com/widgets/platform.js",
    "s.imgur.com/min/embed.js",
    "embedr.flickr.com/assets/client-code.js",
    "codepen.io/assets/embed/ei.js",
    "connect.facebook.net/",
];

/// How deep elements may nest. In HTML, `capped` allows no more. In SVG and MathML, `<wbr>` and
/// others have content, which it does not know.
const DEEPEST: usize = 250;

/// How many bytes are parsed before the depth is looked at.
const PART: usize = 4 << 10;

/// Parses HTML. Returns its body; `None` if its elements nest so deep that a recursive function
/// could use up the stack. The parser goes through all open elements for many tags, so it stops
/// soon after they are too many.
pub(super) fn parse(html: &str) -> Option<Handle> {
    let tree_builder = TreeBuilderOpts { scripting_enabled: false, ..TreeBuilderOpts::default() };
    let options = ParseOpts { tree_builder, ..ParseOpts::default() };
    let mut parser = parse_document(RcDom::default(), options);
    let mut rest = html;
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.floor_char_boundary(PART));
        parser.process(part.into());
        if depth_of_last(&parser.tokenizer.sink.sink.document) > DEEPEST {
            return None;
        }
        rest = after;
    }
    let document = parser.finish().document;
    if is_too_deep(&document) {
        return None;
    }
    let html = children(&document).into_iter().find(|node| tag(node) == Some("html"));
    // A node that is dropped empties everything below it, so the body is taken out first.
    let parts = html.as_ref().map(taken).unwrap_or_default();
    let find = |name: &str| parts.iter().find(|node| tag(node) == Some(name));
    let Some(body) = find("body").cloned() else { return Some(element("body", &[], vec![])) };
    if let Some(head) = find("head") {
        // Styles and comments at the start of a text are in its head.
        let mut all = taken(head);
        all.extend(taken(&body));
        *body.children.borrow_mut() = all;
    }
    Some(body)
}

/// How deep the last node is below this one.
fn depth_of_last(node: &Handle) -> usize {
    let last = |node: &Handle| node.children.borrow().last().cloned();
    std::iter::successors(last(node), last).count()
}

/// Whether an element is more than [`DEEPEST`] levels below this one.
fn is_too_deep(node: &Handle) -> bool {
    let mut open = vec![(node.clone(), 0)];
    while let Some((node, depth)) = open.pop() {
        if depth > DEEPEST {
            return true;
        }
        open.extend(children(&node).into_iter().map(|child| (child, depth + 1)));
    }
    false
}

/// Takes the children out of a node.
fn taken(node: &Handle) -> Vec<Handle> {
    std::mem::take(&mut *node.children.borrow_mut())
}

/// The name of an element.
pub(super) fn tag(node: &Handle) -> Option<&str> {
    match &node.data {
        NodeData::Element { name, .. } => Some(&name.local),
        _ => None,
    }
}

/// The children of a node.
pub(super) fn children(node: &Handle) -> Vec<Handle> {
    node.children.borrow().clone()
}

/// The value of an attribute.
pub(super) fn attribute(node: &Handle, key: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    let attributes = attrs.borrow();
    attributes.iter().find(|one| *one.name.local == *key).map(|one| one.value.to_string())
}

/// Whether a class is among the classes of an element.
fn is_among(classes: &str, class: &str) -> bool {
    classes.split_ascii_whitespace().any(|one| one == class)
}

fn has_class(node: &Handle, class: &str) -> bool {
    attribute(node, "class").is_some_and(|classes| is_among(&classes, class))
}

/// The node and everything in it, in order.
pub(super) fn descendants(node: &Handle) -> Vec<Handle> {
    let mut found = Vec::new();
    let mut open = vec![node.clone()];
    while let Some(node) = open.pop() {
        open.extend(node.children.borrow().iter().rev().cloned());
        found.push(node);
    }
    found
}

/// The text of nodes, as it is.
pub(super) fn text_of(node: &Handle) -> String {
    let mut text = String::new();
    for node in descendants(node) {
        match &node.data {
            NodeData::Text { contents } => text.push_str(&contents.borrow()),
            _ if tag(&node) == Some("br") => text.push('\n'),
            _ => {}
        }
    }
    text
}

/// The text of nodes without white space, or with a space for each element.
pub(super) fn visible_text(nodes: &[Handle], is_spaced: bool) -> String {
    let mut text = String::new();
    for node in nodes.iter().flat_map(descendants) {
        match &node.data {
            NodeData::Text { contents } => {
                let contents = contents.borrow();
                let seen = contents.chars().filter(|one| is_spaced || !one.is_whitespace());
                text.extend(seen);
            }
            NodeData::Element { name, .. } if is_spaced => {
                let is_inline = ["a", "b", "strong", "i", "em", "span", "code", "sup", "sub"];
                if !is_inline.contains(&&*name.local) {
                    text.push(' ');
                }
            }
            _ => {}
        }
    }
    text
}

/// The address of a picture's file. Plugins that load pictures later have it elsewhere.
pub(super) fn image_address(node: &Handle) -> Option<String> {
    let later = LATER.iter().find_map(|key| attribute(node, key));
    let source = attribute(node, "src").filter(|source| !source.starts_with("data:"));
    let address = source.filter(|_| later.is_none()).or(later)?;
    let address = address.trim().replace(['\n', '\t'], "");
    (!address.is_empty()).then_some(address)
}

/// The pictures among nodes, by what describes them.
pub(super) fn images(nodes: &[Handle]) -> Vec<String> {
    let all = nodes.iter().flat_map(descendants);
    let images = all.filter(|node| tag(node) == Some("img") && image_address(node).is_some());
    images
        .map(|node| {
            let alt = attribute(&node, "alt").unwrap_or_default();
            alt.chars().filter(|one| !one.is_whitespace()).collect()
        })
        .collect()
}

/// A new element.
fn element(name: &str, attributes: &[(&str, &str)], inner: Vec<Handle>) -> Handle {
    let qualified = |name: &str| QualName::new(None, ns!(html), LocalName::from(name));
    let attrs = attributes.iter().map(|(key, value)| Attribute {
        name: QualName::new(None, ns!(), LocalName::from(*key)),
        value: StrTendril::from(*value),
    });
    let node = Node::new(NodeData::Element {
        name: qualified(name),
        attrs: attrs.collect::<Vec<_>>().into(),
        template_contents: None.into(),
        mathml_annotation_xml_integration_point: false,
    });
    *node.children.borrow_mut() = inner;
    node
}

fn text(text: &str) -> Handle {
    Node::new(NodeData::Text { contents: StrTendril::from(text).into() })
}

fn link(said: &str, address: &str) -> Handle {
    element("p", &[], vec![element("a", &[("href", address)], vec![text(said)])])
}

/// Whether a link leads to an id.
type IsTarget<'a> = &'a dyn Fn(&str) -> bool;

/// Replaces what can't be shown here by links, or takes it out and says so in `left`. Keeps the ids
/// to which links lead, as anchors.
pub(super) fn settle(node: &Handle, is_target: IsTarget<'_>, left: &mut Vec<String>) {
    let mut settled = Vec::new();
    for child in children(node) {
        settle_one(child, is_target, left, &mut settled);
    }
    *node.children.borrow_mut() = settled;
}

fn settle_one(
    node: Handle,
    is_target: IsTarget<'_>,
    left: &mut Vec<String>,
    settled: &mut Vec<Handle>,
) {
    let mut leave = |what: &str| {
        let what = format!("{what} was left out");
        if !left.contains(&what) {
            left.push(what);
        }
    };
    let name = match &node.data {
        NodeData::Text { .. } => return settled.push(node),
        NodeData::Element { name, .. } => name.local.clone(),
        // Comments and the like.
        _ => return,
    };
    let classes = attribute(&node, "class").unwrap_or_default();
    let is = |class: &str| is_among(&classes, class);
    let is_sign = is("kg-audio-thumbnail") && is("placeholder");
    if is_sign || MACHINERY.iter().any(|class| is(class)) {
        return;
    }
    if is("kg-signup-card") {
        return leave("a form to sign up");
    }
    if is("kg-bookmark-card") || is("kg-file-card") {
        settle(&node, is_target, left);
        match card_with_link(&node) {
            Some(card) => settled.push(card),
            None => settled.push(node),
        }
        return;
    }
    let source = || {
        let keys = ["src", "data", "data-src", "href"];
        keys.iter().find_map(|key| attribute(&node, key)).filter(|one| !one.trim().is_empty())
    };
    match &*name {
        "script" => {
            let gist = attribute(&node, "src").filter(|one| one.contains("gist.github.com/"));
            match gist {
                Some(gist) => {
                    let gist = gist.split('?').next().unwrap_or_default();
                    let gist = gist.strip_suffix(".js").unwrap_or(gist);
                    settled.push(link("Code on GitHub Gist", &absolute(gist)));
                }
                None => {
                    let source = attribute(&node, "src").unwrap_or_default();
                    if !LOADERS.iter().any(|loader| source.contains(loader)) {
                        leave("a script");
                    }
                }
            }
            return;
        }
        "style" => return leave("a style sheet"),
        "svg" => return leave("a drawing (SVG)"),
        "canvas" | "applet" => return leave("a program"),
        "math" => match latex(&node) {
            Some(latex) => {
                let display = attribute(&node, "display").unwrap_or_default();
                settled.push(element("math", &[("display", &display)], vec![text(&latex)]));
                return;
            }
            None => {
                leave("the layout of a formula (MathML)");
                settle(&node, is_target, left);
                return settled.extend(taken(&node));
            }
        },
        "link" | "meta" | "title" | "base" | "template" => return,
        "iframe" | "embed" | "object" | "frame" => {
            match source() {
                Some(source) => {
                    let (said, address) = embedded(&source, attribute(&node, "title"));
                    settled.push(link(&said, &address));
                }
                // What an object shows instead may be an embed.
                None if &*name == "object" => {
                    settle(&node, is_target, left);
                    settled.extend(taken(&node));
                }
                None => leave("something embedded without an address"),
            }
            return;
        }
        // A sign on it says nothing that its text does not say.
        "button" => {
            for inner in descendants(&node) {
                inner.children.borrow_mut().retain(|child| tag(child) != Some("svg"));
            }
        }
        "input" | "select" | "textarea" => return leave("a field of a form"),
        "img" if image_address(&node).is_none() => {
            if attribute(&node, "src").is_some() {
                leave("a picture that is written into the text");
            }
            return;
        }
        "noscript" => {
            settle(&node, is_target, left);
            // It repeats what comes later by a script, as the picture before it.
            let shown = images(settled);
            let is_repeated = images(&children(&node)).iter().any(|one| shown.contains(one));
            if !is_repeated {
                settled.extend(taken(&node));
            }
            return;
        }
        _ => {}
    }
    let id = attribute(&node, "id").or_else(|| attribute(&node, "name").filter(|_| &*name == "a"));
    settle(&node, is_target, left);
    if let Some(id) = id.filter(|id| is_target(id)) {
        let anchor = element("a", &[("id", &id)], vec![]);
        let is_outside =
            ["a", "img", "table", "ul", "ol", "dl", "pre", "hr", "tr", "tbody", "code"];
        if is_outside.contains(&&*name) {
            settled.push(anchor);
        } else {
            node.children.borrow_mut().insert(0, anchor);
        }
        if let NodeData::Element { attrs, .. } = &node.data {
            attrs.borrow_mut().retain(|one| one.name.local != local_name!("id"));
        }
    }
    match attribute(&node, "href") {
        Some(href) if &*name == "a" && has_block(&node) => {
            let title = attribute(&node, "title").unwrap_or_default();
            distribute(&href, &title, taken(&node), settled);
        }
        _ => settled.push(node),
    }
}

/// The LaTeX that a formula in MathML was made of, in one line. Editors keep it beside what it
/// looks like; without that, the formula's text is LaTeX.
fn latex(math: &Handle) -> Option<String> {
    let inner = descendants(math);
    let is_source = |node: &&Handle| {
        tag(node) == Some("annotation")
            && attribute(node, "encoding").is_some_and(|one| one == "application/x-tex")
    };
    let source = match inner.iter().find(is_source) {
        Some(annotation) => text_of(annotation),
        None => match attribute(math, "data-latex") {
            Some(latex) => latex,
            None if inner.iter().skip(1).all(|node| tag(node).is_none()) => text_of(math),
            None => return None,
        },
    };
    let lines: Vec<&str> = source.lines().map(without_comment).collect();
    let latex = one_line(&lines.join(" "));
    (!latex.is_empty()).then_some(latex)
}

/// A line of LaTeX up to its comment, which would last to the end of a formula in one line.
fn without_comment(line: &str) -> &str {
    let mut is_escaped = false;
    let end = line.bytes().position(|byte| {
        let is_comment = byte == b'%' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_comment
    });
    &line[..end.unwrap_or(line.len())]
}

/// Makes a link of each line among the nodes. A link in Markdown can't be around blocks.
fn distribute(href: &str, title: &str, nodes: Vec<Handle>, found: &mut Vec<Handle>) {
    let mut line = Vec::new();
    let end_line = |line: &mut Vec<Handle>, found: &mut Vec<Handle>| {
        let line = std::mem::take(line);
        if visible_text(&line, false).is_empty() && images(&line).is_empty() {
            found.extend(line);
        } else {
            let title = Some(("title", title)).filter(|(_, title)| !title.is_empty());
            let attributes: Vec<_> = [("href", href)].into_iter().chain(title).collect();
            found.push(element("a", &attributes, line));
        }
    };
    for node in nodes {
        let is_link = |node: &Handle| tag(node) == Some("a") && attribute(node, "href").is_some();
        if has_block(&node) {
            end_line(&mut line, found);
            let mut inner = Vec::new();
            distribute(href, title, taken(&node), &mut inner);
            *node.children.borrow_mut() = inner;
            found.push(node);
        } else if descendants(&node).iter().any(is_link) {
            // A link holds no other.
            end_line(&mut line, found);
            found.push(node);
        } else {
            line.push(node);
        }
    }
    end_line(&mut line, found);
}

/// A card of Ghost that is a link to a page or a file, with the link's words, what is said about it
/// and the caption, each in a line. `None` if it leads nowhere.
fn card_with_link(card: &Handle) -> Option<Handle> {
    let inner = descendants(card);
    let said = |class: &str| {
        let node = inner.iter().find(|node| has_class(node, class));
        one_line(&node.map(text_of).unwrap_or_default())
    };
    let href = inner.iter().find_map(|node| attribute(node, "href"))?;
    let (title, about) = if has_class(card, "kg-file-card") {
        let file = [said("kg-file-card-filename"), said("kg-file-card-filesize")];
        let file: Vec<String> = file.into_iter().filter(|part| !part.is_empty()).collect();
        let title = match (said("kg-file-card-title"), file.join(", ")) {
            (title, file) if title.is_empty() => file,
            (title, file) if file.is_empty() => title,
            (title, file) => format!("{title} ({file})"),
        };
        (title, said("kg-file-card-caption"))
    } else {
        (said("kg-bookmark-title"), said("kg-bookmark-description"))
    };
    let title = if title.is_empty() { href.clone() } else { title };
    let mut lines = vec![link(&title, &href), element("p", &[], vec![text(&about)])];
    // The card is dropped, which empties everything below it, so the caption is taken out.
    let captions = inner.iter().filter(|node| tag(node) == Some("figcaption"));
    lines.extend(captions.map(|node| element("figcaption", &[], taken(node))));
    Some(element("figure", &[], lines))
}

/// An address with a scheme.
fn absolute(address: &str) -> String {
    match address.strip_prefix("//") {
        Some(rest) => format!("https://{rest}"),
        None => address.to_owned(),
    }
}

/// What to call something embedded, and where it is.
pub(crate) fn embedded(address: &str, title: Option<String>) -> (String, String) {
    let address = absolute(address.trim());
    let parsed = url::Url::parse(&address).ok();
    let host = parsed.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host).to_owned();
    let path = parsed.as_ref().map(|url| url.path().to_owned()).unwrap_or_default();
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default().to_owned();
    let title = title.map(|title| one_line(&title));
    let title = title.filter(|title| !title.is_empty());
    match host.as_str() {
        "youtube.com" | "youtube-nocookie.com" | "youtu.be" | "m.youtube.com" => {
            let is_embed = path.starts_with("/embed/") || path.starts_with("/v/");
            let is_video = is_embed && last != "videoseries" && last != "embed";
            let watch = format!("https://www.youtube.com/watch?v={last}");
            ("Video on YouTube".into(), if is_video { watch } else { address })
        }
        "player.vimeo.com" => ("Video on Vimeo".into(), format!("https://vimeo.com/{last}")),
        "vimeo.com" => ("Video on Vimeo".into(), address),
        "gist.github.com" => ("Code on GitHub Gist".into(), address),
        "twitter.com" | "x.com" => ("Post on X".into(), address),
        _ => {
            let said = title.unwrap_or_else(|| match host.is_empty() {
                true => address.clone(),
                false => format!("Embedded from {host}"),
            });
            (said, address)
        }
    }
}
