//! Blocks of code, with the language that a plugin or another program gives them.

use comrak::nodes::{AstNode, NodeCodeBlock, NodeValue};
use markup5ever_rcdom::Handle;

use super::super::dom::{attribute, descendants, tag, text_of};
use super::Writer;

impl<'a> Writer<'a> {
    pub(super) fn code(&self, node: &Handle, parent: &'a AstNode<'a>) {
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
