//! Figures: pictures with captions.

use comrak::Options;
use comrak::nodes::{AstNode, NodeHtmlBlock, NodeValue};

use super::Bounded;
use crate::html_text::escaped;

/// Makes a figure of each picture that stands alone in a paragraph and has a title, which becomes
/// the caption.
pub(super) fn make_figures<'a>(root: &'a AstNode<'a>, options: &Options) {
    let paragraphs: Vec<&AstNode> = root
        .descendants()
        .filter(|node| matches!(node.data().value, NodeValue::Paragraph))
        .collect();
    for paragraph in paragraphs {
        let alone = |parent: &'a AstNode<'a>| {
            parent.first_child().filter(|child| child.next_sibling().is_none())
        };
        let Some(child) = alone(paragraph) else { continue };
        // The picture may be a link to a larger one.
        let is_link = matches!(child.data().value, NodeValue::Link(_));
        let Some(picture) = (if is_link { alone(child) } else { Some(child) }) else { continue };
        let caption = match &mut picture.data_mut().value {
            NodeValue::Image(image) if !image.title.trim().is_empty() => {
                std::mem::take(&mut image.title)
            }
            _ => continue,
        };
        let mut html = Bounded(String::new());
        let _ = comrak::format_html(child, options, &mut html);
        let literal = format!(
            "<figure>{}<figcaption>{}</figcaption></figure>\n",
            html.0.trim(),
            escaped(&caption)
        );
        child.detach();
        paragraph.data_mut().value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type: 6, literal });
    }
}

#[cfg(test)]
mod tests {
    use super::super::render;

    #[test]
    fn a_picture_with_a_title_becomes_a_figure() {
        let html = render("![Sea](/sea.png \"At low <tide>\")\n\n[![a](/a.png \"b\")](/big.png)\n\nSee ![c](/c.png \"d\").").html;
        assert!(html.contains("<figcaption>At low &lt;tide&gt;</figcaption></figure>"), "{html}");
        assert!(html.contains("alt=\"Sea\""), "{html}");
        assert!(html.contains("<figure><a href=\"/big.png\">"), "{html}");
        assert_eq!(html.matches("<figure>").count(), 2, "{html}");
    }
}
