//! HTML that a page can't show as it was meant: it stays visible instead of taking the text behind it along.

use comrak::nodes::{AstNode, NodeValue};

/// What GitHub shows as text (<https://github.github.com/gfm/#disallowed-raw-html-extension->): a browser reads what comes behind one of
/// these tags in another way than as HTML, up to the end of the page if nothing ends it.
const SHOWN_AS_TEXT: [&str; 9] =
    ["title", "textarea", "style", "xmp", "iframe", "noembed", "noframes", "script", "plaintext"];

/// Makes links of embedded players, and text of the tags that would take what is behind them along.
pub fn make_visible<'a>(root: &'a AstNode<'a>) {
    for node in root.descendants() {
        let value = &mut node.data_mut().value;
        match value {
            NodeValue::HtmlBlock(block) => block.literal = escape_tags(&link_frames(&block.literal)),
            NodeValue::HtmlInline(tag) => {
                let linked = link_frames(tag);
                if linked != *tag {
                    *tag = linked;
                } else if is_shown_as_text(tag) {
                    *value = NodeValue::Text(std::mem::take(tag).into());
                }
            }
            _ => {}
        }
    }
}

/// Whether a text begins with one of these tags.
fn is_shown_as_text(html: &str) -> bool {
    let Some(name) = html.strip_prefix('<') else { return false };
    let name = name.strip_prefix('/').unwrap_or(name);
    let end = name.find(|next: char| next.is_whitespace() || matches!(next, '>' | '/')).unwrap_or(name.len());
    SHOWN_AS_TEXT.iter().any(|shown| name.get(..end).is_some_and(|name| shown.eq_ignore_ascii_case(name)))
}

/// Writes what such a tag begins with so that it is read as text.
fn escape_tags(html: &str) -> String {
    let mut escaped = String::with_capacity(html.len());
    for (at, character) in html.char_indices() {
        match character {
            '<' if is_shown_as_text(html.get(at..).unwrap_or_default()) => escaped.push_str("&lt;"),
            character => escaped.push(character),
        }
    }
    escaped
}

/// Puts a link to its address in the place of each `<iframe>` that has one, and leaves out what ends it.
fn link_frames(html: &str) -> String {
    let (mut linked, mut rest) = (String::new(), html);
    while let Some(start) = find_frame(rest) {
        let (before, frame) = rest.split_at(start);
        let Some(tag) = whole_tag(frame) else { break };
        let is_end = tag.starts_with("</");
        let address = attribute(tag, "src").and_then(|address| link_to(&address));
        if !is_end && address.is_none() {
            // Left to be shown as text.
            let (less_than, behind) = frame.split_at(1);
            linked.push_str(before);
            linked.push_str(less_than);
            rest = behind;
            continue;
        }
        linked.push_str(before);
        linked.push_str(&address.unwrap_or_default());
        rest = frame.get(tag.len()..).unwrap_or_default();
    }
    linked.push_str(rest);
    linked
}

/// Where the next `<iframe` or `</iframe` begins.
fn find_frame(html: &str) -> Option<usize> {
    html.match_indices('<').map(|(at, _)| at).find(|at| {
        let name = html.get(at + 1..).unwrap_or_default();
        let name = name.strip_prefix('/').unwrap_or(name);
        let is_frame = name.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("iframe"));
        is_frame && !name.get(6..).is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
    })
}

/// The tag that a text begins with, with the `>` that ends it: not one within quotes.
fn whole_tag(html: &str) -> Option<&str> {
    let mut quote = None;
    for (at, character) in html.char_indices() {
        match (quote, character) {
            (None, '>') => return html.get(..=at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), character) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

/// The value of an attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag.trim_start_matches('<').trim_end_matches('>').split_once(|next: char| next.is_whitespace())?.1;
    loop {
        rest = rest.trim_start_matches(|next: char| next.is_whitespace() || next == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|next: char| next.is_whitespace() || next == '=' || next == '/').unwrap_or(rest.len());
        let (found, after) = rest.split_at(end.max(1).min(rest.len()));
        let value = after.trim_start().strip_prefix('=').map(str::trim_start);
        let (value, behind) = match value {
            None => ("", after),
            Some(value) => match value.strip_prefix(['"', '\'']) {
                Some(quoted) => quoted.split_once(value.get(..1)?)?,
                None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            },
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(value.replace("&amp;", "&"));
        }
        rest = behind;
    }
}

/// A link that shows where it leads; `None` for what is no address on the web.
fn link_to(address: &str) -> Option<String> {
    let address = address.trim();
    let address = if address.starts_with("//") { format!("https:{address}") } else { address.to_owned() };
    let url = url::Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let escaped = url.as_str().replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    Some(format!("<a href=\"{escaped}\">{escaped}</a>"))
}

#[cfg(test)]
mod tests {
    use crate::server::content::markdown::render;

    #[test]
    fn no_tag_takes_the_text_behind_it_along() {
        for tag in super::SHOWN_AS_TEXT {
            for written in [
                format!("<{tag}>"),
                format!("<{}>", tag.to_uppercase()),
                format!("<{tag} class=\"a\">"),
                format!("<{tag} src=\"x\" />"),
                format!("</{tag}>"),
            ] {
                // The end of a player that has become a link; alone it stands for nothing.
                if written == "</iframe>" {
                    continue;
                }
                for text in [
                    format!("Put the {written} tag first.\n\nSecond *paragraph*."),
                    format!("{written}\n\nSecond *paragraph*."),
                    format!("- one {written}\n- two\n\n> quoted {written}\n\nSecond *paragraph*."),
                    format!("| a |\n|---|\n| {written} |\n\nSecond *paragraph*."),
                    format!("# Of {written}\n\nSecond *paragraph*."),
                    format!("text[^1]\n\n[^1]: foot {written}\n\nSecond *paragraph*."),
                    format!("<div>\n{written}\n</div>\n\nSecond *paragraph*."),
                ] {
                    let html = render(&text).html;
                    let name = written.trim_matches(['<', '>']);
                    let shown = name.replace('"', "&quot;");
                    assert!(html.contains(&shown) || html.contains(name), "{text:?} became {html}");
                    assert!(html.contains("Second"), "{text:?} became {html}");
                    let behind = html.rsplit("Second").next().unwrap_or_default();
                    assert!(behind.contains("paragraph"), "{text:?} became {html}");
                    assert!(!html.to_lowercase().contains(&format!("<{tag}")), "{text:?} became {html}");
                }
            }
        }
        let rendered = render("Put the <script> tag first.\n\n## The <title> element");
        assert_eq!(rendered.summary, "Put the <script> tag first.");
        assert_eq!(rendered.contents[0].text, "The <title> element");
        assert!(rendered.html.contains(&format!("id=\"{}\"", rendered.contents[0].anchor)), "{}", rendered.html);
        assert!(render("`<script>`\n\n```html\n<title>x</title>\n```").html.contains("<code>&lt;script&gt;</code>"));
    }

    #[test]
    fn an_embedded_player_leaves_a_link_to_its_address() {
        let link =
            "<a href=\"https://video.example/embed/1?a=1&amp;b=2\">https://video.example/embed/1?a=1&amp;b=2</a>";
        for text in [
            "<iframe width=\"560\" src=\"https://video.example/embed/1?a=1&amp;b=2\" allowfullscreen></iframe>",
            "<iframe src='https://video.example/embed/1?a=1&b=2'></iframe>\n",
            "<IFRAME\n  title=\"a > b\" src=https://video.example/embed/1?a=1&b=2 ></IFRAME>",
            "<div class=\"video\"><iframe src=\"//video.example/embed/1?a=1&b=2\"></iframe></div>",
            "Look: <iframe src=\"https://video.example/embed/1?a=1&b=2\" /> there.\n\nSecond.",
        ] {
            let html = render(text).html;
            assert!(html.contains(link), "{text:?} became {html}");
            assert!(!html.to_lowercase().contains("iframe"), "{text:?} became {html}");
        }
        for text in ["<iframe src=\"javascript:alert(1)\"></iframe>", "<iframe src=\"/login\"></iframe>", "<iframe"] {
            let html = render(&format!("{text}\n\nSecond.")).html;
            assert!(!html.contains("<a ") && !html.contains("<iframe") && html.contains("Second."), "{html}");
        }
    }

    #[test]
    fn what_real_posts_use_survives() {
        for (text, kept) in [
            ("<details open><summary>a</summary>b</details>", "<details open"),
            (
                "<picture><source srcset=\"/a.webp 2x\" media=\"(min-width: 1px)\"><img src=\"/a.png\"></picture>",
                "srcset",
            ),
            ("<img src=\"/a.png\" srcset=\"/b.png 2x\" sizes=\"50vw\">", "sizes"),
            ("<a name=\"here\"></a>", "name=\"here\""),
            ("[call](tel:+4930123)", "href=\"tel:+4930123\""),
            ("<kbd>Ctrl</kbd>", "<kbd>"),
            ("<abbr title=\"x\">y</abbr>", "title=\"x\""),
            ("<figure><figcaption>x</figcaption></figure>", "<figcaption>"),
            ("<mark>x</mark><sub>y</sub><sup>z</sup>", "<mark>"),
            ("<dl><dt>x</dt><dd>y</dd></dl>", "<dt>"),
            ("<video src=\"/a.mp4\" controls loop muted></video>", "loop"),
            ("<ol start=\"3\" reversed><li>x</li></ol>", "reversed"),
        ] {
            let html = render(text).html;
            assert!(html.contains(kept), "{text:?} became {html}");
        }
    }
}
