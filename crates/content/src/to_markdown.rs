//! Turns HTML into Markdown that shows the same.
//!
//! An HTML parser builds a tree, from it a tree of Markdown is made, and comrak writes that, for
//! the same extensions with which it reads texts here. Then the Markdown of each block is rendered
//! again. If a word or a picture is missing or more than it was, the block is written in a more
//! careful way, and at last stays HTML, which a text may hold. So no text is lost.

mod chunks;
mod dom;
mod html;
mod writer;

use std::collections::HashSet;

use comrak::{Arena, format_commonmark};
use markup5ever_rcdom::Handle;
use percent_encoding::percent_decode_str;

use self::chunks::{Chunk, is_same_list};
pub(crate) use self::dom::embedded;
use self::dom::{attribute, children, descendants, images, parse, tag, visible_text};
use self::html::write_html;
use self::writer::Writer;
use crate::markdown::options;
use crate::nesting::capped;
use crate::whitespace::one_line;

/// A text that was HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// The text.
    pub markdown: String,
    /// What is not in it, each once.
    pub left: Vec<String>,
}

/// Turns HTML into Markdown. Never fails.
pub fn to_markdown(html: &str) -> Turned {
    to_markdown_with(html, &HashSet::new())
}

/// Turns HTML into Markdown, and keeps the ids that are among `named`, because links in other texts
/// lead to them. Never fails.
pub(crate) fn to_markdown_with(html: &str, named: &HashSet<String>) -> Turned {
    let mut left = Vec::new();
    let Some(body) = tree(html) else {
        left.push("its HTML is too tangled to be read, so it stays as it is".to_owned());
        return Turned { markdown: html.to_owned(), left };
    };
    let targets = targets(&body);
    let is_target = |id: &str| targets.contains(id) || named.contains(id);
    dom::settle(&body, &is_target, &mut left);
    let mut found = Vec::new();
    chunks::split(&children(&body), &mut found);
    let mut markdown = String::new();
    let mut before: Option<&Chunk> = None;
    for chunk in &found {
        let text = written(chunk);
        if text.is_empty() {
            continue;
        }
        if !markdown.is_empty() {
            markdown.push_str("\n\n");
        }
        if before.is_some_and(|before| is_same_list(before, chunk)) {
            // Otherwise the two would be one list.
            markdown.push_str("<!-- end list -->\n\n");
        }
        if text.starts_with(": ") {
            // Otherwise it would define what stands before it.
            markdown.push('\\');
        }
        markdown.push_str(&text);
        before = Some(chunk);
    }
    if !markdown.is_empty() {
        markdown.push('\n');
    }
    Turned { markdown, left }
}

/// The text of HTML without its tags, in one line.
pub fn plain_text(html: &str) -> String {
    let Some(body) = tree(html) else { return String::new() };
    dom::settle(&body, &|_| false, &mut vec![]);
    let text = visible_text(std::slice::from_ref(&body), true);
    one_line(&text)
}

/// The body of HTML. `None` if it is too tangled: a parser would take far too long, or its elements
/// nest too deep for the functions that go through them.
fn tree(html: &str) -> Option<Handle> {
    let capped = capped(html);
    if capped.is_outside_cells || capped.is_too_large {
        return None;
    }
    parse(&capped.html)
}

/// The ids that links in the text lead to. A link to the text itself may be a whole address, which
/// is not known here, so those in other texts count too.
fn targets(body: &Handle) -> HashSet<String> {
    let hrefs = descendants(body).into_iter().filter_map(|node| attribute(&node, "href"));
    hrefs.flat_map(|href| ids_in(&href)).collect()
}

/// The id that an address leads to, as it is and decoded.
pub(crate) fn ids_in(address: &str) -> Vec<String> {
    let Some((_, id)) = address.split_once('#').filter(|(_, id)| !id.is_empty()) else {
        return vec![];
    };
    let decoded = percent_decode_str(id).decode_utf8_lossy().into_owned();
    vec![id.to_owned(), decoded]
}

/// The Markdown of a chunk, in the simplest form that shows the same.
fn written(chunk: &Chunk) -> String {
    if matches!(chunk, Chunk::Inline(nodes) if nodes.is_empty()) {
        return String::new();
    }
    for is_careful in [false, true] {
        let arena = Arena::new();
        let root = Writer { arena: &arena, is_careful }.document(chunk);
        let mut markdown = String::new();
        let mut options = options("");
        options.render.prefer_fenced = true;
        // Writing to a string does not fail.
        if format_commonmark(root, &options, &mut markdown).is_ok() {
            let markdown = markdown.trim_matches('\n').to_owned();
            let plainer = plainer(&markdown);
            if plainer != markdown && shows_the_same(chunk, &plainer) {
                return plainer;
            }
            if shows_the_same(chunk, &markdown) {
                return markdown;
            }
        }
    }
    let mut html = String::new();
    match chunk {
        Chunk::Block(node) => write_html(node, &mut html, false),
        Chunk::Inline(nodes) => {
            html.push_str("<p>");
            nodes.iter().for_each(|node| write_html(node, &mut html, false));
            html.push_str("</p>");
        }
    }
    html
}

/// The Markdown without the backslashes that it can do without: comrak writes `Hello\!`, `C\#` and
/// `a\_b`. In code, a backslash is one.
fn plainer(markdown: &str) -> String {
    let mut plainer = String::with_capacity(markdown.len());
    let mut characters = markdown.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plainer.push(character);
            continue;
        }
        let Some(escaped) = characters.next() else {
            plainer.push(character);
            break;
        };
        let before = plainer.chars().next_back().unwrap_or('\n');
        let after = characters.peek().copied().unwrap_or('\n');
        let is_needless = match escaped {
            '!' => after != '[',
            '#' => before.is_alphanumeric(),
            '_' => before.is_alphanumeric() && after.is_alphanumeric(),
            _ => false,
        };
        if !is_needless {
            plainer.push(character);
        }
        plainer.push(escaped);
    }
    plainer
}

/// Whether the Markdown shows the words and pictures of the chunk, and no others.
fn shows_the_same(chunk: &Chunk, markdown: &str) -> bool {
    let nodes = match chunk {
        Chunk::Block(node) => std::slice::from_ref(node),
        Chunk::Inline(nodes) => nodes,
    };
    let html = comrak::markdown_to_html(markdown, &options(markdown));
    let capped = capped(&html);
    if capped.is_flatter || capped.is_outside_cells || capped.is_too_large {
        return false;
    }
    let Some(body) = parse(&capped.html) else { return false };
    let shown = children(&body);
    let links = |nodes: &[Handle]| nodes.iter().flat_map(descendants).filter(is_link).count();
    visible_text(nodes, false) == visible_text(&shown, false)
        && images(nodes) == images(&shown)
        // Bare addresses become links too.
        && links(nodes) <= links(&shown)
}

/// Whether a node is a link that readers see.
fn is_link(node: &Handle) -> bool {
    let shown = std::slice::from_ref(node);
    tag(node) == Some("a")
        && attribute(node, "href").is_some()
        && !(visible_text(shown, false).is_empty() && images(shown).is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markdown::render;

    fn markdown(html: &str) -> String {
        to_markdown(html).markdown
    }

    #[test]
    fn a_paragraph_that_begins_with_a_colon_defines_nothing() {
        let shown =
            render(&markdown("<p>Then</p><p>: smile</p><ul><li>a</li></ul><p>: b</p>")).html;
        assert!(!shown.contains("<dl>") && shown.contains("<p>: smile</p>"), "{shown}");
    }

    #[test]
    fn what_markdown_has_becomes_markdown() {
        for (html, expected) in [
            ("<p>A <b>low</b> <em>tide</em>.</p><p>B</p>", "A **low** *tide*.\n\nB\n"),
            ("<p>a<strong> b </strong>c</p>", "a **b** c\n"),
            ("<h2>The <i>sea</i></h2>\n<hr/>", "## The *sea*\n\n-----\n"),
            ("<p>one<br>\ntwo</p>", "one\\\ntwo\n"),
            ("one<br><br>two", "one\n\ntwo\n"),
            ("<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>", "- a\n- b\n  1. c\n"),
            ("<ul><li>b<ol start=3><li>c</li></ol></li></ul>", "- b\n  \n  3. c\n"),
            ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b\n"),
            ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n<!-- end list -->\n\n- b\n"),
            ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n> \n> b\n"),
            (
                "<pre><code class=\"language-rust\">fn a() {\n\n    b::&lt;c&gt;()\n}</code></pre>",
                "```rust\nfn a() {\n\n    b::<c>()\n}\n```\n",
            ),
            ("<p>a <code>b_c</code> <del>d</del></p>", "a `b_c` ~~d~~\n"),
            ("<img src=\"a (1).png\">", "![](a%20%281%29.png)\n"),
            (
                "<a href=\"https://a.example/x y\"><img src=a.png alt=\"A [b]\"></a>",
                "[![A \\[b\\]](a.png)](https://a.example/x%20y)\n",
            ),
            (
                "<figure><img src=/a.png alt=A><figcaption>The <a href=/x>sea</a></figcaption></figure>",
                "![A](/a.png)\n\n*The [sea](/x)*\n",
            ),
            (
                "<table><thead><tr><th>a<th>b</thead><tr><td>1 | 2<td><p>3</p></table>",
                "| a | b |\n| --- | --- |\n| 1 \\| 2 | 3 |\n",
            ),
            (
                "see http://a.example/b_c?d=1&amp;e=2, or",
                "see <http://a.example/b_c?d=1&e=2>, or\n",
            ),
            ("Hi! C# a_b ![x] _c_ # d", "Hi! C# a_b !\\[x\\] \\_c\\_ \\# d\n"),
            ("<pre>echo \\! a\\_b</pre>", "```\necho \\! a\\_b\n```\n"),
            ("<code>a</code><code>b</code>", "`ab`\n"),
            ("H<sub>2</sub>O <span style=\"x\">y</span>", "H<sub>2</sub>O y\n"),
            ("<div><div><p>a</p>b</div></div>", "a\n\nb\n"),
            (
                "<p>1. no list, *no* emphasis, [no] &lt;tag&gt;</p>",
                "1\\. no list, \\*no\\* emphasis, \\[no\\] \\<tag\\>\n",
            ),
            ("<p>&nbsp;</p><p> </p>", ""),
        ] {
            assert_eq!(markdown(html), expected, "{html}");
        }
    }

    #[test]
    fn what_markdown_has_not_stays_html() {
        for (html, kept) in [
            ("<table><tr><td>no<td>head</tr></table>", "<table>"),
            ("<table><tr><th colspan=2>a</th></tr></table>", "colspan=\"2\""),
            ("<dl><dt>a<dd>b\n\nc</dl>", "<dl>"),
            ("<details><summary>a</summary>b</details>", "<details>"),
            ("<p>a<b>\"b\"</b>c</p>", "<strong>"),
        ] {
            let turned = markdown(html);
            assert!(turned.contains(kept), "{turned}");
            assert!(!turned.trim().contains("\n\n"), "{turned}");
        }
    }

    #[test]
    fn what_pages_may_not_show_becomes_a_link_or_is_named() {
        let video = "<iframe src=\"https://www.youtube.com/embed/abc?feature=oembed\"></iframe>";
        assert_eq!(markdown(video), "[Video on YouTube](https://www.youtube.com/watch?v=abc)\n");
        assert_eq!(
            markdown("<iframe title=\"A map\" src=\"//maps.example/x\"></iframe>"),
            "[A map](https://maps.example/x)\n"
        );
        assert_eq!(
            markdown("<script src=\"https://gist.github.com/a/b.js\"></script>"),
            "[Code on GitHub Gist](https://gist.github.com/a/b)\n"
        );
        let turned =
            to_markdown("<p>a</p><script>b()</script><script>c()</script><style>p{}</style>");
        assert_eq!(turned.markdown, "a\n");
        assert_eq!(turned.left, ["a script was left out", "a style sheet was left out"]);
    }

    #[test]
    fn a_link_around_blocks_becomes_a_link_in_each_of_their_lines() {
        for (inner, expected) in [
            ("<div>Chart</div>", "[Chart](https://e.example/x)\n"),
            ("<p>Chart <b>A</b></p>", "[Chart **A**](https://e.example/x)\n"),
            ("<h4>Chart</h4>", "#### [Chart](https://e.example/x)\n"),
            (
                "<ul><li>a</li> <li>b</li></ul>",
                "- [a](https://e.example/x)\n- [b](https://e.example/x)\n",
            ),
            (
                "<img src=/a.png><div>Chart</div> ",
                "[![](/a.png)](https://e.example/x)\n\n[Chart](https://e.example/x)\n",
            ),
            ("<hr>", "-----\n"),
        ] {
            let html = format!("<a href=\"https://e.example/x\">{inner}</a>");
            assert_eq!(markdown(&html), expected, "{html}");
        }
        assert_eq!(markdown("<a href=/x title=T><div>a</div></a>"), "[a](/x \"T\")\n");
        let anchor = markdown("<a href=#n>1</a><a id=n href=/x><div>a</div></a>");
        assert_eq!(anchor, "[1](#n)<a id=\"n\"></a>\n\n[a](/x)\n");
    }

    #[test]
    fn cards_of_ghost_keep_what_they_say_and_lose_their_machinery() {
        let sign = "<svg><path d=\"M1 1\"/></svg>";
        let part = |class: &str, inner: &str| format!("<div class=\"kg-{class}\">{inner}</div>");
        let file = [
            part("file-card-title", "Chart"),
            part("file-card-caption", "All depths"),
            part("file-card-filename", "a.pdf"),
            part("file-card-filesize", "12 KB"),
            part("file-card-icon", sign),
        ];
        let file = format!("<a href=\"/f/a.pdf\" title=\"Download\">{}</a>", file.concat());
        let bookmark = [
            part("bookmark-title", "A page"),
            part("bookmark-description", "About it"),
            part("bookmark-metadata", "<img src=\"https://e.example/i.ico\">A site"),
        ];
        let bookmark = format!(
            "<a href=\"https://e.example/b\">{}</a><figcaption>Seen <b>here</b></figcaption>",
            bookmark.concat()
        );
        let audio = [
            "<img src=\"\" class=\"kg-audio-thumbnail kg-audio-hide\">".to_owned(),
            part("audio-thumbnail placeholder", sign),
            part("audio-title", "Waves"),
            part("audio-player", &format!("<button>{sign}</button>0:00<input>")),
        ];
        let toggle = format!("<h4>When?</h4>{}<p>At six.</p>", part("toggle-card-icon", sign));
        let loader = "<script async src=\"https://platform.twitter.com/widgets.js\"></script>";
        for (html, expected) in [
            (part("card kg-file-card", &file), "[Chart (a.pdf, 12 KB)](/f/a.pdf)\n\nAll depths\n"),
            (
                part("card kg-bookmark-card", &bookmark),
                "[A page](https://e.example/b)\n\nAbout it\n\n*Seen **here***\n",
            ),
            (part("card kg-audio-card", &audio.concat()), "Waves\n"),
            (part("card kg-toggle-card", &toggle), "#### When?\n\nAt six.\n"),
            (format!("<blockquote>Hi</blockquote>{loader}"), "> Hi\n"),
            (format!("<button><span>{sign}</span>Go</button>"), "Go\n"),
        ] {
            let turned = to_markdown(&html);
            assert_eq!(turned.markdown, expected);
            assert_eq!(turned.left, Vec::<String>::new(), "{html}");
        }
        let turned =
            to_markdown("<div class=\"kg-card kg-signup-card\"><h2>Join</h2><input></div>b");
        assert_eq!((turned.markdown.as_str(), turned.left.len()), ("b\n", 1));
    }

    #[test]
    fn links_within_a_text_keep_their_targets() {
        let turned =
            markdown("<p>a<a href=\"#n1\">1</a></p><ol><li id=n1>b</li></ol><p id=unused>c</p>");
        assert!(turned.contains("<a id=\"n1\"></a>b"), "{turned}");
        assert!(!turned.contains("unused"), "{turned}");
        assert!(render(&turned).html.contains("id=\"n1\""));
        let turned = markdown(
            "<p><a href=\"https://a.example/b/#my-x\">1</a> <a href=\"/c#%C3%BC\">2</a></p>\
             <h2 id=my-x>b</h2><p id=ü>c</p><p id=unused>d</p>",
        );
        assert!(turned.contains("## <a id=\"my-x\"></a>b"), "{turned}");
        assert!(turned.contains("<a id=\"ü\"></a>c"), "{turned}");
        assert!(!turned.contains("unused"), "{turned}");
    }

    #[test]
    fn a_formula_becomes_the_latex_that_it_was_made_of() {
        let math = |attributes: &str, latex: &str| {
            format!(
                "<math{attributes}><semantics><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow>\
                 <annotation encoding=\"application/x-tex\">{latex}</annotation></semantics></math>"
            )
        };
        for (html, expected) in [
            (format!("<p>a {}, b</p>", math("", "x^2")), "a $x^2$, b\n"),
            (math(" display=\"block\"", "x^2 % twice\n- 5\\%\n"), "$$x^2 - 5\\%$$\n"),
            (format!("<h2>A {}</h2>", math("", "a &lt; b_1*c*")), "## A $a < b_1*c*$\n"),
            ("<math data-latex=\"\\pi\"><mi>π</mi></math>".into(), "$\\pi$\n"),
            ("<math display=\"block\">\\foo{x}</math>".into(), "$$\\foo{x}$$\n"),
            (format!("<ul><li>{}</li></ul>", math("", "x^2")), "- $x^2$\n"),
            (format!("($5{})", math("", "x")), "(\\$5$x$)\n"),
        ] {
            let turned = to_markdown(&html);
            assert_eq!((turned.markdown.as_str(), turned.left.len()), (expected, 0), "{html}");
        }
        let turned = to_markdown("<math><msup><mi>x</mi><mn>2</mn></msup></math>");
        assert_eq!(turned.markdown, "x2\n");
        assert_eq!(turned.left, ["the layout of a formula (MathML) was left out"]);
        assert_eq!(plain_text(&math("", "x^2")), "x^2");
        let odd = markdown(&format!("<p>a {}</p>", math("", "\\text{$b$}")));
        assert!(odd.contains("<code>\\text{$b$}</code>"), "{odd}");
    }

    #[test]
    fn a_text_of_html_is_one_line() {
        assert_eq!(plain_text("<p>a <b>b</b>\n\nc</p><script>d</script><p>e</p>"), "a b c e");
    }

    #[test]
    fn nothing_takes_the_square_of_its_length() {
        for part in ["<b>", "<ul><li>", "<div>", "<table>", "<p>a", "<a href=x>", "*_`[", "<pre>"] {
            let turned = to_markdown(&part.repeat(3_000));
            assert!(turned.markdown.len() < 4_000_000, "{part}");
        }
    }

    #[test]
    fn html_that_nests_too_deep_stays_as_it_is() {
        // In a formula, these have content.
        for part in ["<wbr>", "<a>"] {
            let html = format!("<math>{}x</math>", part.repeat(20_000));
            let turned = to_markdown(&html);
            assert_eq!((turned.markdown == html, turned.left.len()), (true, 1), "{part}");
            assert_eq!(plain_text(&html), "", "{part}");
        }
        let _ = to_markdown(&"<div><math><mi></div>".repeat(20_000));
        // A parser would look for each of the end tags among all open elements.
        let html = format!("<math>{}{}</math>", "<wbr>".repeat(300_000), "</x>".repeat(300_000));
        assert_eq!(to_markdown(&html).markdown, html);
    }

    /// How many links there are that are in no other.
    fn outermost_links(node: &Handle) -> usize {
        match is_link(node) {
            true => 1,
            false => children(node).iter().map(outermost_links).sum(),
        }
    }

    fn html() -> impl Strategy<Value = String> {
        let words = prop::sample::select(vec![
            "tide",
            " ",
            "*",
            "_",
            "`",
            "[x]",
            "(y)",
            "1.",
            "- ",
            "# ",
            "&lt;b&gt;",
            "|",
            "~~",
            "\n",
            "!",
            "\\",
            "&amp;",
            "&nbsp;",
            "潮",
            ":",
            "www.a.example",
            "---",
            "> ",
            "+ ",
        ]);
        let leaf = words.prop_map(str::to_owned);
        leaf.prop_recursive(5, 60, 6, |inner| {
            let tags = prop::sample::select(vec![
                "p",
                "b",
                "i",
                "em",
                "strong",
                "a href=\"/x\"",
                "ul",
                "li",
                "ol",
                "div",
                "blockquote",
                "pre",
                "code",
                "h2",
                "h4",
                "table",
                "tr",
                "td",
                "th",
                "span",
                "del",
                "sup",
                "figure",
                "figcaption",
                "dl",
                "dd",
                "br",
                "img src=\"/a.png\"",
                "hr",
            ]);
            let around = prop::sample::select(vec!["", "", "", "", "div", "h4", "ul"]);
            (tags, around, prop::collection::vec(inner, 0..6)).prop_map(|(tag, around, inner)| {
                let name = tag.split(' ').next().unwrap_or_default();
                let inner = inner.concat();
                match (name, around) {
                    // A link around blocks.
                    ("a", "ul") => format!("<{tag}><ul><li>{inner}</li></ul></a>"),
                    ("a", "div" | "h4") => format!("<{tag}><{around}>{inner}</{around}></a>"),
                    _ => format!("<{tag}>{inner}</{name}>"),
                }
            })
        })
    }

    #[test]
    fn what_follows_a_pre_in_a_pre_is_not_lost() {
        let turned = to_markdown("<pre><pre>a</pre><code>\n</code><p>\\</p></pre>");
        let shown = parse(&render(&turned.markdown).html).unwrap();
        assert_eq!(visible_text(&children(&shown), false).trim(), "a\\", "{}", turned.markdown);
    }

    proptest! {
        #[test]
        fn no_word_and_no_picture_is_lost(html in html()) {
            let body = parse(&html).unwrap();
            let turned = to_markdown(&html);
            prop_assert!(turned.left.is_empty());
            let shown = parse(&render(&turned.markdown).html).unwrap();
            let text = |body: &Handle| visible_text(&children(body), false);
            prop_assert_eq!(text(&body), text(&shown), "{}", turned.markdown);
            let images = |body: &Handle| images(&children(body)).len();
            prop_assert_eq!(images(&body), images(&shown), "{}", turned.markdown);
            // A link in a link, which only a table allows, is one of them.
            let links = |body: &Handle| descendants(body).iter().filter(|one| is_link(one)).count();
            prop_assert!(outermost_links(&body) <= links(&shown), "{}", turned.markdown);
        }
    }
}
