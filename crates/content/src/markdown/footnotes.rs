//! Footnotes: limits the references to them.

use std::borrow::Cow;
use std::collections::HashMap;

use comrak::nodes::{AstNode, NodeValue};

/// The maximum number of references to footnotes in a text. Each becomes two links.
const MOST_FOOTNOTE_REFERENCES: usize = 1_000;

/// Turns excess references to footnotes into text, as typed. Returns whether there were any.
pub(super) fn limit_footnotes<'a>(root: &'a AstNode<'a>) -> bool {
    let mut references = 0;
    let mut counts = HashMap::<String, u32>::new();
    for node in root.descendants() {
        let mut data = node.data_mut();
        let NodeValue::FootnoteReference(reference) = &data.value else { continue };
        references += 1;
        if references > MOST_FOOTNOTE_REFERENCES {
            let typed = format!("[^{}]", reference.name);
            data.value = NodeValue::Text(Cow::Owned(typed));
        } else {
            *counts.entry(reference.name.clone()).or_default() += 1;
        }
    }
    if references <= MOST_FOOTNOTE_REFERENCES {
        return false;
    }
    // Each footnote has a link back to each of its references.
    for node in root.descendants() {
        if let NodeValue::FootnoteDefinition(definition) = &mut node.data_mut().value {
            definition.total_references = counts.get(&definition.name).copied().unwrap_or(1);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::{Note, render};
    use super::MOST_FOOTNOTE_REFERENCES;

    #[test]
    fn the_number_of_footnote_references_is_limited() {
        let rendered = render(&format!("{}\n\n[^a]: b\n", "[^a] ".repeat(100_000)));
        assert_eq!(rendered.notes, [Note::TooManyFootnotes]);
        assert_eq!(rendered.html.matches("id=\"fnref-a").count(), MOST_FOOTNOTE_REFERENCES);
        assert!(rendered.html.len() < 1_500_000, "{}", rendered.html.len());
    }
}
