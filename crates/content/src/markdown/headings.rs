//! Headings: their levels, their anchors and the table of contents.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use comrak::adapters::{HeadingAdapter, HeadingMeta};
use comrak::html::Anchorizer;
use comrak::nodes::{AstNode, NodeValue, Sourcepos};

use crate::anchor::split_anchor;
use crate::html_text::escaped;
use crate::sanitizer::IDS_OF_SITE;

/// The maximum number of headings. The time to find unique anchors for equal headings grows with
/// the square of their number.
pub(super) const MOST_HEADINGS: usize = 500;
/// A heading of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 2 to 6. Level 1 is the title of the page.
    pub level: u8,
    /// The text, without markup.
    pub text: String,
    /// The `id` of the heading in [`Rendered::html`].
    pub anchor: String,
}

/// Shifts the headings so that the highest one in the text gets level 2. Level 1 is the title of
/// the page.
pub(super) fn level_headings<'a>(root: &'a AstNode<'a>) {
    let level = |node: &AstNode| match &node.data().value {
        NodeValue::Heading(heading) => Some(heading.level),
        _ => None,
    };
    let Some(highest) = root.descendants().filter_map(level).min() else { return };
    for node in root.descendants() {
        if let NodeValue::Heading(heading) = &mut node.data_mut().value {
            heading.level = (heading.level - highest + 2).min(6);
        }
    }
}

/// Turns excess headings into paragraphs. Returns whether there were any.
pub(super) fn limit_headings<'a>(root: &'a AstNode<'a>) -> bool {
    let is_heading = |node: &&AstNode| matches!(node.data().value, NodeValue::Heading(_));
    let mut is_limited = false;
    for node in root.descendants().filter(is_heading).skip(MOST_HEADINGS) {
        node.data_mut().value = NodeValue::Paragraph;
        is_limited = true;
    }
    is_limited
}

/// Takes the anchors that authors give to headings off their text and returns the headings with an
/// anchor each.
pub(super) fn contents<'a>(root: &'a AstNode<'a>) -> Vec<Heading> {
    let is_heading = |node: &&AstNode| matches!(node.data().value, NodeValue::Heading(_));
    let nodes: Vec<&AstNode> = root.descendants().filter(is_heading).collect();
    let wanted: Vec<Option<String>> = nodes.iter().map(|node| take_anchor(node)).collect();
    let mut anchorizer = Anchorizer::new();
    let mut taken = HashSet::new();
    // The anchors of the site and of authors come first, so that none is made twice.
    for anchor in IDS_OF_SITE {
        taken.insert(anchor);
        anchorizer.anchorize(anchor);
    }
    let own: Vec<bool> = wanted
        .iter()
        .map(|anchor| anchor.as_deref().is_some_and(|anchor| taken.insert(anchor)))
        .collect();
    for (anchor, is_own) in wanted.iter().zip(&own) {
        // One in other letters than the ones that are made is in nobody's way.
        let made = anchor.as_ref().filter(|anchor| Anchorizer::new().anchorize(anchor) == **anchor);
        if let (Some(anchor), true) = (made, is_own) {
            anchorizer.anchorize(anchor);
        }
    }
    let mut contents = Vec::with_capacity(nodes.len());
    for (node, (wanted, is_own)) in nodes.into_iter().zip(wanted.into_iter().zip(own)) {
        let data = node.data();
        let NodeValue::Heading(heading) = &data.value else { continue };
        let text = node.collect_text();
        let anchor = match wanted {
            Some(anchor) if is_own => anchor,
            wanted => {
                let base = wanted.as_deref().unwrap_or(&text);
                // A heading of nothing but emoji has no letter for an anchor.
                let has_anchor = !Anchorizer::new().anchorize(base).is_empty();
                anchorizer.anchorize(if has_anchor { base } else { "section" })
            }
        };
        contents.push(Heading { level: heading.level, text, anchor });
    }
    contents
}

/// Takes the anchor off the end of a heading.
fn take_anchor<'a>(heading: &'a AstNode<'a>) -> Option<String> {
    let last = heading.last_child()?;
    let mut data = last.data_mut();
    let NodeValue::Text(text) = &mut data.value else { return None };
    let (before, anchor) = split_anchor(text)?;
    if before.is_empty() && last.previous_sibling().is_none() {
        // Without it, the heading would have no text.
        return None;
    }
    let (anchor, length) = (anchor.to_owned(), before.len());
    text.to_mut().truncate(length);
    Some(anchor)
}

/// Writes headings with the anchors of the table of contents.
pub(super) struct Anchors<'a> {
    headings: &'a [Heading],
    /// How many headings were written.
    next: AtomicUsize,
}

impl<'a> Anchors<'a> {
    pub fn new(headings: &'a [Heading]) -> Self {
        Self { headings, next: AtomicUsize::new(0) }
    }
}

impl HeadingAdapter for Anchors<'_> {
    fn enter(
        &self,
        output: &mut dyn fmt::Write,
        heading: &HeadingMeta,
        _: Option<Sourcepos>,
    ) -> fmt::Result {
        let anchor = self.headings.get(self.next.load(Ordering::Relaxed));
        write!(output, "<h{}", heading.level)?;
        if let Some(Heading { anchor, .. }) = anchor {
            write!(output, " id=\"{anchor}\"")?;
        }
        output.write_str(">")
    }

    fn exit(&self, output: &mut dyn fmt::Write, heading: &HeadingMeta) -> fmt::Result {
        // Headings don't nest, so the one that ends is the one that began last.
        if let Some(Heading { text, anchor, .. }) =
            self.headings.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let text = escaped(text);
            write!(
                output,
                "<a href=\"#{anchor}\" aria-label=\"Link to heading '{text}'\" class=\"anchor\"></a>"
            )?;
        }
        writeln!(output, "</h{}>", heading.level)
    }
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::*;
    use crate::anchor::LONGEST_ANCHOR;

    /// The text and the anchor of each heading.
    fn headings(markdown: &str) -> Vec<(String, String)> {
        let rendered = render(markdown);
        for Heading { anchor, .. } in &rendered.contents {
            let id = format!(" id=\"{anchor}\"");
            assert_eq!(rendered.html.matches(&id).count(), 1, "{anchor}: {}", rendered.html);
        }
        rendered.contents.into_iter().map(|one| (one.text, one.anchor)).collect()
    }

    #[test]
    fn a_heading_has_the_anchor_that_its_author_gives_it() {
        for (line, text, anchor) in [
            ("## Setup {#start}", "Setup", "start"),
            ("## Setup {#start .wide data-x=1} ##", "Setup", "start"),
            ("## Setup {.wide #Start_2}", "Setup", "Start_2"),
            ("## Setup{#start}", "Setup", "start"),
            ("## Setup {: #start}", "Setup", "start"),
            ("## 安装 {#安装-1}", "安装", "安装-1"),
            ("## The `code` {#start}", "The code", "start"),
            ("## `code` {#start}", "code", "start"),
            ("Setup {#a_b_c}\n---", "Setup", "a_b_c"),
            ("## Setup {.wide}", "Setup {.wide}", "setup-wide"),
            ("## A set {a, b}", "A set {a, b}", "a-set-a-b"),
            ("## A {#start} b", "A {#start} b", "a-start-b"),
            ("## {#start}", "{#start}", "start"),
            ("## A {#}", "A {#}", "a-"),
            ("## A {#\"x\"}", "A {#\"x\"}", "a-x"),
            ("## A `{#start}`", "A {#start}", "a-start"),
        ] {
            assert_eq!(headings(line), [(text.to_owned(), anchor.to_owned())], "{line}");
        }
        let html = render("## Setup {#start}\n\n[jump](#start)").html;
        assert!(html.contains("href=\"#start\"") && !html.contains("{#"), "{html}");
        let long = "x".repeat(LONGEST_ANCHOR + 1);
        assert_eq!(headings(&format!("## A {{#{long}}}")).len(), 1);
    }

    #[test]
    fn no_anchor_is_there_twice() {
        let anchors = |markdown: &str| -> Vec<String> {
            headings(markdown).into_iter().map(|(_, anchor)| anchor).collect()
        };
        assert_eq!(anchors("## a\n\n## b {#a}\n\n## c {#a}"), ["a-1", "a", "a-2"]);
        assert_eq!(anchors("## b {#a}\n\n## c {#a}\n\n## d {#a-1}"), ["a", "a-2", "a-1"]);
        assert_eq!(anchors("## A {#Setup}\n\n## Setup"), ["Setup", "setup"]);
        let of_site = anchors("## A {#site-content}");
        assert_eq!(of_site, ["site-content-1"], "the page has it already");
    }
}
