//! Alerts, such as `> [!NOTE] Title`: renders their titles.

use std::sync::atomic::AtomicBool;

use comrak::Arena;
use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};

use super::Bounded;
use super::parser::{options, parse};
use crate::math;

/// Renders the Markdown in the titles that authors give to alerts, such as links. Without this, a
/// title is text as typed.
pub(super) fn render_titles_of_alerts<'a>(
    arena: &'a Arena<'a>,
    root: &'a AstNode<'a>,
    is_stopped: &AtomicBool,
) -> Option<()> {
    let block = |literal: String| {
        arena.alloc(NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal }).into())
    };
    let alerts: Vec<&AstNode> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Alert(_)))
        .collect();
    for node in alerts {
        let (title, class) = match &node.data().value {
            NodeValue::Alert(alert) => match &alert.title {
                Some(title) => (title.clone(), alert.alert_type.css_class(Default::default())),
                None => continue,
            },
            _ => continue,
        };
        let options = options(&title);
        let parsed = parse(arena, &title, &options, is_stopped)?;
        let paragraph = parsed.first_child().filter(|first| {
            first.next_sibling().is_none() && matches!(first.data().value, NodeValue::Paragraph)
        });
        let Some(paragraph) = paragraph else { continue };
        math::render(paragraph);
        let mut html = Bounded(String::new());
        comrak::format_html(paragraph, &options, &mut html).ok()?;
        let html = html.0.trim().trim_start_matches("<p>").trim_end_matches("</p>");
        let start = format!(
            "<div class=\"markdown-alert {class}\">\n<p class=\"markdown-alert-title\">{html}</p>\n"
        );
        node.insert_before(block(start));
        let children: Vec<&AstNode> = node.children().collect();
        for child in children {
            node.insert_before(child);
        }
        node.data_mut().value =
            NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal: "</div>\n".into() });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::render;

    #[test]
    fn a_title_of_an_alert_is_markdown() {
        let html = render("> [!NOTE] See [this](/x) and `a < b`\n> Text *here*.\n\nAfter.").html;
        assert!(
            html.contains("<p class=\"markdown-alert-title\">See <a href=\"/x\">this</a> and <code>a &lt; b</code></p>"),
            "{html}"
        );
        assert!(html.contains("<em>here</em>.</p>\n</div>"), "{html}");
        let html = render("> [!TIP] <script>alert(1)</script> > x\n> Text.").html;
        assert!(!html.contains("<script") && html.contains("Text."), "{html}");
    }
}
