//! Reads the documents of Ghost's editor, for posts that a file does not have as HTML: Lexical, and
//! Mobiledoc before version 5. Both become HTML, which is turned into Markdown like any other.

use serde_json::Value;

use super::super::LONGEST_FIELD;
use crate::html_text::escaped;
use crate::markdown::options;
use crate::nesting::capped_quotes;

/// Maximum size of a card with Markdown, in bytes.
const LONGEST_CARD: usize = 1 << 20;

/// Maximum number of kinds of cards that are named.
const MOST_NAMED: usize = 20;

/// What the bits of a text's format mean, in Lexical.
const FORMATS: [(u64, &str); 8] = [
    (1, "strong"),
    (2, "em"),
    (4, "s"),
    (8, "u"),
    (16, "code"),
    (32, "sub"),
    (64, "sup"),
    (128, "mark"),
];

/// Elements of a line, in Mobiledoc.
const MARKUPS: [&str; 11] =
    ["strong", "b", "em", "i", "code", "s", "del", "strike", "u", "sub", "sup"];

/// A text of the editor.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Its HTML. If it is longer than [`LONGEST_FIELD`], it is not whole.
    pub html: String,
    /// What is not in it, each once.
    pub left: Vec<String>,
    /// Whether there was something for members only. It is not in the HTML.
    pub is_gated: bool,
}

/// Reads a document of Lexical. `None` if it is none. The parser bounds how deep it is nested.
pub(super) fn lexical(document: &str) -> Option<Text> {
    let document: Value = serde_json::from_str(document).ok()?;
    let mut text = Text::default();
    text.nodes(document.get("root")?);
    Some(text)
}

/// Reads a document of Mobiledoc. `None` if it is none.
pub(super) fn mobiledoc(document: &str) -> Option<Text> {
    let document: Value = serde_json::from_str(document).ok()?;
    let mut text = Text::default();
    for section in document.get("sections")?.as_array()? {
        text.section(&document, section);
    }
    Some(text)
}

fn list<'a>(node: &'a Value, key: &str) -> &'a [Value] {
    node.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn said<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The entry of a list that another one names by its number.
fn entry<'a>(document: &'a Value, key: &str, number: Option<&Value>) -> Option<&'a Value> {
    let number = usize::try_from(number?.as_u64()?).ok()?;
    list(document, key).get(number)
}

/// Whether readers who are no members don't see a node.
fn is_gated(node: &Value) -> bool {
    let visibility = node.get("visibility");
    let is_no = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(false);
    let on_web = visibility.and_then(|all| all.get("web"));
    is_no(on_web.and_then(|web| web.get("nonMember")))
        || is_no(visibility.and_then(|all| all.get("showOnWeb")))
}

impl Text {
    fn is_full(&self) -> bool {
        self.html.len() > LONGEST_FIELD
    }

    fn leave(&mut self, what: String) {
        let what = format!("{what} was left out");
        if self.left.len() < MOST_NAMED && !self.left.contains(&what) {
            self.left.push(what);
        }
    }

    /// What is in a node of Lexical.
    fn nodes(&mut self, node: &Value) {
        for child in list(node, "children") {
            if self.is_full() {
                return;
            }
            if is_gated(child) {
                self.is_gated = true;
            } else {
                self.node(child);
            }
        }
    }

    fn element(&mut self, tag: &str, node: &Value) {
        self.html.push_str(&format!("<{tag}>"));
        self.nodes(node);
        self.html.push_str(&format!("</{tag}>"));
    }

    fn node(&mut self, node: &Value) {
        let kind = said(node, "type");
        match kind.strip_prefix("extended-").unwrap_or(kind) {
            "text" => {
                let format = node.get("format").and_then(Value::as_u64).unwrap_or(0);
                let tags = FORMATS.into_iter().filter(|(bit, _)| format & bit != 0);
                let tags: Vec<&str> = tags.map(|(_, tag)| tag).collect();
                for tag in &tags {
                    self.html.push_str(&format!("<{tag}>"));
                }
                self.html.push_str(&escaped(said(node, "text")));
                for tag in tags.iter().rev() {
                    self.html.push_str(&format!("</{tag}>"));
                }
            }
            "linebreak" => self.html.push_str("<br>"),
            "tab" => self.html.push(' '),
            "link" | "autolink" => {
                self.html.push_str(&format!("<a href=\"{}\">", escaped(said(node, "url"))));
                self.nodes(node);
                self.html.push_str("</a>");
            }
            "paragraph" => self.element("p", node),
            "quote" | "aside" => self.element("blockquote", node),
            "heading" => self.element(heading(said(node, "tag")).unwrap_or("h2"), node),
            "list" if said(node, "listType") == "number" || said(node, "tag") == "ol" => {
                let start = node.get("start").and_then(Value::as_u64).unwrap_or(1);
                self.html.push_str(&format!("<ol start=\"{start}\">"));
                self.nodes(node);
                self.html.push_str("</ol>");
            }
            "list" => self.element("ul", node),
            "listitem" => self.element("li", node),
            _ if !list(node, "children").is_empty() => self.nodes(node),
            _ => self.card(kind, node),
        }
    }

    /// A section of Mobiledoc: its type, and what belongs to the type.
    fn section(&mut self, document: &Value, section: &Value) {
        let part = |at: usize| section.get(at).unwrap_or(&Value::Null);
        if self.is_full() {
            return;
        }
        match part(0).as_u64() {
            Some(1) => {
                let tag = match part(1).as_str().unwrap_or_default() {
                    "blockquote" | "aside" | "pull-quote" => "blockquote",
                    tag => heading(tag).unwrap_or("p"),
                };
                self.html.push_str(&format!("<{tag}>"));
                self.markers(document, part(2));
                self.html.push_str(&format!("</{tag}>"));
            }
            Some(2) => {
                let source = escaped(part(1).as_str().unwrap_or_default());
                self.html.push_str(&format!("<p><img src=\"{source}\"></p>"));
            }
            Some(3) => {
                let tag = if part(1).as_str() == Some("ol") { "ol" } else { "ul" };
                self.html.push_str(&format!("<{tag}>"));
                for item in part(2).as_array().into_iter().flatten() {
                    self.html.push_str("<li>");
                    self.markers(document, item);
                    self.html.push_str("</li>");
                }
                self.html.push_str(&format!("</{tag}>"));
            }
            Some(10) => {
                let card = entry(document, "cards", section.get(1));
                let payload = card.and_then(|card| card.get(1)).unwrap_or(&Value::Null);
                match card.and_then(|card| card.get(0)).and_then(Value::as_str) {
                    Some(_) if is_gated(payload) => self.is_gated = true,
                    Some(name) => self.card(name, payload),
                    None => self.leave("a card without a type".to_owned()),
                }
            }
            _ => self.leave("a section of an unknown type".to_owned()),
        }
    }

    /// The line of a section. Each of its parts opens elements, and closes the last ones.
    fn markers(&mut self, document: &Value, markers: &Value) {
        let mut open: Vec<&str> = Vec::new();
        for marker in markers.as_array().into_iter().flatten() {
            if self.is_full() {
                return;
            }
            for number in marker.get(1).and_then(Value::as_array).into_iter().flatten() {
                let markup = entry(document, "markups", Some(number));
                let tag = markup.and_then(|one| one.get(0)).and_then(Value::as_str);
                match tag.unwrap_or_default() {
                    "a" => {
                        let pairs = markup.and_then(|one| one.get(1)).and_then(Value::as_array);
                        let pairs = pairs.map_or(&[][..], Vec::as_slice).chunks_exact(2);
                        let mut hrefs = pairs.filter(|pair| pair[0].as_str() == Some("href"));
                        let href = hrefs.next().and_then(|pair| pair[1].as_str());
                        let href = escaped(href.unwrap_or_default());
                        self.html.push_str(&format!("<a href=\"{href}\">"));
                        open.push("a");
                    }
                    tag => {
                        let tag = MARKUPS.into_iter().find(|known| *known == tag);
                        let tag = tag.unwrap_or("span");
                        self.html.push_str(&format!("<{tag}>"));
                        open.push(tag);
                    }
                }
            }
            let value = marker.get(3);
            if marker.get(0).and_then(Value::as_u64) == Some(1) {
                let atom = entry(document, "atoms", value);
                let part = |at: usize| atom.and_then(|atom| atom.get(at)).and_then(Value::as_str);
                match part(0) {
                    Some("soft-return") => self.html.push_str("<br>"),
                    _ => self.html.push_str(&escaped(part(1).unwrap_or_default())),
                }
            } else {
                let text = value.and_then(Value::as_str).unwrap_or_default();
                self.html.push_str(&escaped(text));
            }
            let closed = marker.get(2).and_then(Value::as_u64).unwrap_or(0);
            for _ in 0..closed {
                let Some(tag) = open.pop() else { break };
                self.html.push_str(&format!("</{tag}>"));
            }
        }
        while let Some(tag) = open.pop() {
            self.html.push_str(&format!("</{tag}>"));
        }
    }

    /// A card. Both formats have the same ones.
    fn card(&mut self, name: &str, card: &Value) {
        let field = |key: &str| said(card, key);
        match name {
            "horizontalrule" | "hr" => self.html.push_str("<hr>"),
            "html" => self.html.push_str(field("html")),
            "markdown" | "card-markdown" => {
                let markdown = field("markdown");
                if markdown.len() > LONGEST_CARD {
                    return self.leave("a card with too much Markdown".to_owned());
                }
                let markdown = capped_quotes(markdown);
                let mut options = options(&markdown);
                // Ghost knows none of these.
                options.extension.math_dollars = false;
                options.extension.alerts = false;
                options.extension.tasklist = false;
                self.html.push_str(&comrak::markdown_to_html(&markdown, &options));
            }
            "image" => self.figure(&image(card), card),
            "gallery" => {
                let images: String = list(card, "images").iter().map(image).collect();
                self.figure(&images, card);
            }
            "code" | "codeblock" => {
                let language = escaped(field("language"));
                let code = escaped(field("code"));
                let code = format!("<pre><code class=\"language-{language}\">{code}</code></pre>");
                self.figure(&code, card);
            }
            "embed" => {
                let link = || link(field("url"), field("url"));
                let html = Some(field("html")).filter(|html| !html.is_empty());
                self.figure(&html.map_or_else(link, str::to_owned), card);
            }
            "bookmark" => {
                let about = card.get("metadata").unwrap_or(card);
                let title = Some(said(about, "title")).filter(|title| !title.is_empty());
                let title = link(field("url"), title.unwrap_or(field("url")));
                let description = escaped(said(about, "description"));
                self.figure(&format!("<p>{title}</p><p>{description}</p>"), card);
            }
            "button" => {
                let link = link(field("buttonUrl"), field("buttonText"));
                self.html.push_str(&format!("<p>{link}</p>"));
            }
            "callout" => {
                let emoji = escaped(field("calloutEmoji"));
                self.html.push_str(&format!("<p>{emoji} {}</p>", field("calloutText")));
            }
            "toggle" => {
                let (heading, content) = (field("heading"), field("content"));
                self.html.push_str(&format!("<h4>{heading}</h4><div>{content}</div>"));
            }
            // Readers of the page don't see these.
            "paywall" | "email" | "email-cta" => {}
            other => {
                let other: String = other.chars().take(40).collect();
                self.leave(format!("a card of the type {other:?}"));
            }
        }
    }

    /// Something with the caption of its card.
    fn figure(&mut self, inner: &str, card: &Value) {
        let caption = said(card, "caption");
        self.html.push_str(&format!("<figure>{inner}<figcaption>{caption}</figcaption></figure>"));
    }
}

fn heading(tag: &str) -> Option<&'static str> {
    ["h1", "h2", "h3", "h4", "h5", "h6"].into_iter().find(|known| *known == tag)
}

fn link(address: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(address), escaped(text))
}

fn image(card: &Value) -> String {
    let [source, alt, title, href] =
        ["src", "alt", "title", "href"].map(|key| escaped(said(card, key)));
    let image = format!("<img src=\"{source}\" alt=\"{alt}\" title=\"{title}\">");
    if href.is_empty() { image } else { format!("<a href=\"{href}\">{image}</a>") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::to_markdown::to_markdown;

    fn markdown(text: Option<Text>) -> String {
        to_markdown(&text.unwrap().html).markdown
    }

    const CARDS: &str = r##"
        ["image",{"src":"/a.png","alt":"A","caption":"The <b>sea</b>"}],
        ["code",{"code":"a < b","language":"rust"}],
        ["markdown",{"markdown":"- *c*"}],
        ["html",{"html":"<h3>d</h3>"}],
        ["bookmark",{"url":"https://e.example","metadata":{"title":"E","description":"About e"}}],
        ["hr",{}],
        ["unknown",{}],
        ["html",{"html":"secret","visibility":{"web":{"nonMember":false}}}]"##;

    const CARDS_AS_MARKDOWN: &str = "![A](/a.png)\n\n*The **sea***\n\n```rust\na < b\n```\n\n- *c*\n\n### d\n\n\
         [E](https://e.example)\n\nAbout e\n\n-----\n";

    #[test]
    fn a_document_of_lexical_becomes_markdown() {
        let text = r#"{"root":{"type":"root","children":[
            {"type":"extended-heading","tag":"h3","children":[{"type":"extended-text","text":"A & b"}]},
            {"type":"paragraph","children":[
                {"type":"text","text":"bold","format":1},{"type":"text","text":" "},
                {"type":"text","text":"both","format":3},{"type":"linebreak"},
                {"type":"text","text":"<c>","format":16},{"type":"text","text":" ","format":0},
                {"type":"link","url":"https://e.example/?a=\"&b","children":[{"type":"text","text":"link","format":4}]}]},
            {"type":"list","listType":"number","start":1,"children":[
                {"type":"listitem","children":[{"type":"text","text":"one"}]},
                {"type":"listitem","children":[{"type":"list","listType":"bullet","children":[
                    {"type":"listitem","children":[{"type":"text","text":"two"}]}]}]}]},
            {"type":"quote","children":[{"type":"text","text":"quoted"}]}
        ]}}"#;
        assert_eq!(
            markdown(lexical(text)),
            "### A & b\n\n**bold** ***both***\\\n`<c>` [~~link~~](https://e.example/?a=\"&b)\n\n\
             1. one\n2. - two\n\n> quoted\n"
        );
    }

    #[test]
    fn cards_are_the_same_in_both_formats_and_unknown_ones_are_named() {
        let cards: Vec<(String, serde_json::Map<String, Value>)> =
            serde_json::from_str(&format!("[{CARDS}]")).unwrap();
        let nodes = cards.iter().map(|(name, card)| {
            let mut card = card.clone();
            card.insert("type".into(), name.as_str().into());
            Value::from(card)
        });
        let nodes: Vec<Value> = nodes.collect();
        let document = serde_json::json!({"root": {"children": nodes}}).to_string();
        let sections: Vec<(u64, usize)> = (0..cards.len()).map(|at| (10, at)).collect();
        let mobile = serde_json::json!({"cards": cards, "sections": sections}).to_string();
        for text in [lexical(&document).unwrap(), mobiledoc(&mobile).unwrap()] {
            assert_eq!(to_markdown(&text.html).markdown, CARDS_AS_MARKDOWN);
            assert_eq!(text.left, ["a card of the type \"unknown\" was left out"]);
            assert!(text.is_gated);
        }
    }

    #[test]
    fn a_document_of_mobiledoc_becomes_markdown() {
        let text = r#"{"version":"0.3.1","atoms":[["soft-return","",{}]],"cards":[],
            "markups":[["strong"],["a",["rel","x","href","/b"]],["script"]],
            "sections":[[1,"h2",[[0,[],0,"A"]]],
                [1,"p",[[0,[0],0,"a "],[0,[1],2,"b"],[1,[],0,0],[0,[2],1,"<c>"],[0,[0],0,"d"]]],
                [3,"ul",[[[0,[],0,"one"]],[[0,[],0,"two"]]]],
                [2,"/a.png"],[1,"blockquote",[[0,[],0,"q"]]],[7]]}"#;
        let text = mobiledoc(text);
        assert_eq!(text.as_ref().unwrap().left, ["a section of an unknown type was left out"]);
        assert_eq!(
            markdown(text),
            "## A\n\n**a [b](/b)**\\\n\\<c\\>**d**\n\n- one\n- two\n\n![](/a.png)\n\n> q\n"
        );
    }

    #[test]
    fn neither_depth_nor_repetition_fills_the_memory() {
        let deep = "{\"children\":[".repeat(100_000);
        assert!(lexical(&format!("{{\"root\":{deep}")).is_none());
        let large = "a".repeat(1 << 20);
        let sections = vec![(10, 0); 1_000];
        let document =
            serde_json::json!({"cards": [["html", {"html": large}]], "sections": sections});
        let text = mobiledoc(&document.to_string()).unwrap();
        assert!((LONGEST_FIELD..LONGEST_FIELD + (2 << 20)).contains(&text.html.len()));
    }

    proptest! {
        #[test]
        fn no_document_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"type\"", "\"children\"", "\"text\"", "\"root\"", "1", "10", "0",
            "\"sections\"", "\"cards\"", "\"markups\"", "[0,[0],1,\"a\"]", "[1,\"p\",[[0,[0],1,\"a\"]]]",
        ]), 0..40)) {
            let text = parts.concat();
            for document in [
                text.clone(),
                format!("{{\"root\":{{\"children\":[{text}]}}}}"),
                format!("{{\"sections\":[{text}],\"markups\":[[\"a\",[\"href\"]]],\"cards\":[[]]}}"),
            ] {
                let _ = (lexical(&document), mobiledoc(&document));
            }
        }
    }
}
