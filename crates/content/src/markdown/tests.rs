use super::headings::MOST_HEADINGS;
use super::*;
use crate::characters::is_storable;
use crate::html_text::text_of;
use crate::sanitizer::{IDS_OF_SITE, SANITIZER, for_feed};

#[test]
fn a_text_for_a_feed_has_absolute_addresses_and_no_classes() {
    let address = url::Url::parse("https://blog.example/articles/tides").unwrap();
    let rendered = render(
        "See [moon](/articles/moon), [sun](sun), [x](https://x.example/) and a note[^1].\n\n\
         ![A map](/pictures/a.png)\n\n```rust\nlet a = 1;\n```\n\n[^1]: Note.",
    );
    let html = for_feed(&rendered.html, &address);
    for expected in [
        "href=\"https://blog.example/articles/moon\"",
        "href=\"https://blog.example/articles/sun\"",
        "href=\"https://x.example/\"",
        "href=\"https://blog.example/articles/tides#",
        "src=\"https://blog.example/pictures/a.png\"",
        "let a = 1;",
    ] {
        assert!(html.contains(expected), "no {expected}: {html}");
    }
    for surplus in ["class=", "<span", "tabindex", "srcset"] {
        assert!(!html.contains(surplus), "{surplus}: {html}");
    }
}

/// Without the order, one in six processes would pass this.
#[test]
fn the_same_text_becomes_the_same_html_in_every_process() {
    let html = render("![A](/a.png)\n\n- [x] b\n\n<input>").html;
    for expected in [
        " alt=\"A\" loading=\"lazy\" decoding=\"async\" referrerpolicy=\"no-referrer\">",
        " checked=\"\" type=\"checkbox\" disabled=\"\" aria-label=\"Task\">",
        "<input type=\"checkbox\" disabled=\"\" aria-label=\"Task\">",
    ] {
        assert!(html.contains(expected), "no {expected}: {html}");
    }
}

/// Would take minutes if the work grew with the square of a line's length.
#[test]
fn code_too_expensive_to_highlight_is_plain_and_the_author_is_told() {
    let long = "a{b:c}".repeat(20_000);
    let rendered = render(&format!("```css\np {{ color: red }}\n{long}\nq {{ color: red }}\n```"));
    assert_eq!(rendered.notes, [Note::CodeIsPlain]);
    assert!(rendered.html.contains(&long), "a long line stays, plain");
    assert_eq!(rendered.html.matches("color</span>").count(), 2, "the others are highlighted");
    let line = "fn a(b: c) {} ".repeat(20);
    let lines = |count: usize| format!("{line}\n").repeat(count);
    let rendered = render(&format!("```rust\n{}```\n", lines(1_000)));
    assert_eq!(rendered.notes, [Note::CodeIsPlain]);
    assert_eq!(
        rendered.html.matches(line.trim_end()).count(),
        1_000,
        "nothing of the block is highlighted"
    );
    let rendered = render(&format!("```rust\n{}```\n\n", lines(30)).repeat(10));
    assert_eq!(rendered.notes, [Note::CodeIsPlain], "blocks count together");
    assert_eq!(
        rendered.html.matches(line.trim_end()).count(),
        8 * 30,
        "as many as can be are highlighted"
    );
    let usual = "fn main() { println!(\"the tide is low\"); }\n".repeat(500);
    assert!(render(&format!("```rust\n{usual}```")).notes.is_empty());
}

#[test]
fn deep_nesting_is_flattened() {
    for text in [
        "<ul><li>".repeat(20_000),
        "<div>\n".repeat(20_000),
        ">".repeat(30_000),
        "> ".repeat(15_000) + "a",
        "[".repeat(50_000),
        "*a **b ".repeat(20_000) + &"c* d** ".repeat(20_000),
        "- ".repeat(20_000) + "a",
        "![".repeat(20_000) + &"](b)".repeat(20_000),
        (0..1_000).map(|depth| format!("{0}a\n{0}: b\n\n", "  ".repeat(depth))).collect(),
    ] {
        let rendered = render(&text);
        let (mut depth, mut deepest) = (0i32, 0);
        for tag in rendered.html.split('<').skip(1) {
            let is_void = ["br", "hr", "img", "input"].iter().any(|name| tag.starts_with(name));
            depth += if tag.starts_with('/') { -1 } else { i32::from(!is_void) };
            deepest = deepest.max(depth);
        }
        assert!(deepest < 300, "{deepest}: {}", &text[..20]);
    }
    assert_eq!(render(&"<ul><li>".repeat(20_000)).notes, [Note::NestsTooDeep]);
}

#[test]
fn a_text_whose_page_would_be_too_large_is_shown_as_typed() {
    let text = "```\n".to_owned() + &"a\n".repeat(300_000) + "```";
    let rendered = render(&text);
    assert_eq!(rendered.notes, [Note::TooLargeAPage]);
    assert!(rendered.html.len() < text.len() + 100 && rendered.html.contains("a\n"));
    assert!(render(&"&".repeat(1_000)).notes.is_empty());
}

/// The test in `pieces` measures the work.
#[test]
fn a_long_text_of_escaped_characters_is_rendered_to_its_end() {
    for (start, part, count, shown) in [
        ("", "&", 50_000, "&amp;"),
        ("", "&amp;", 25_000, "&amp;"),
        ("", "&#38;", 25_000, "&amp;"),
        ("", "&x", 25_000, "&amp;x"),
        ("", "\u{a9}", 50_000, "\u{a9}"),
        ("<div>", "&</td>", 25_000, "&amp;"),
    ] {
        let rendered = render(&(start.to_owned() + &part.repeat(count)));
        assert!(rendered.notes.is_empty() && !rendered.html.contains("<!--"), "{part}");
        assert_eq!(rendered.html.matches(shown).count(), count, "{part}");
    }
}

#[test]
fn text_that_would_explode_in_the_parser_is_shown_as_typed() {
    let title = "x".repeat(7_000);
    let copied = format!("<p><b title=\"{title}\">{}", "</p><p>x".repeat(5_000));
    let moved = format!("<p>a</p><table>{}</table>", "<br>x".repeat(50_000));
    for (text, note) in [(copied, Note::TooLargeAPage), (moved, Note::TooMuchOutsideCells)] {
        let rendered = render(&text);
        assert_eq!(rendered.notes, [note]);
        assert!(
            rendered.html.starts_with("<pre") && rendered.html.len() < 3 * text.len() + 100,
            "{note:?}"
        );
    }
}

#[test]
fn a_tag_with_too_many_attributes_loses_them_and_the_author_is_told() {
    let long = "&".repeat(100_000);
    for text in [
        format!("<p title=\"{long}\">text</p>"),
        format!("![text]({long})"),
        format!("[text](/x \"{long}\")"),
    ] {
        let rendered = render(&text);
        assert_eq!(rendered.notes, [Note::TagIsTooLong], "{}", &text[..20]);
        assert!(rendered.html.len() < 300, "{}", rendered.html.len());
    }
}

#[test]
fn the_number_of_headings_is_limited() {
    // Equal headings: for each, the search for an anchor goes through all before it.
    let rendered = render(&"# a\n".repeat(20_000));
    assert_eq!(rendered.notes, [Note::TooManyHeadings]);
    assert_eq!(
        (rendered.contents.len(), rendered.html.matches("<h2").count()),
        (MOST_HEADINGS, MOST_HEADINGS)
    );
    assert_eq!(rendered.html.matches("<p>a</p>").count(), 19_500);
}

#[test]
fn rendering_stops_when_it_is_cancelled() {
    assert_eq!(render_until("text", &AtomicBool::new(true)), None);
    assert_eq!(summary_of(&"text\n\n".repeat(1_000), &AtomicBool::new(true)), None);
}

#[test]
fn code_in_an_unknown_language_is_left_as_typed() {
    let html = render("```no-such-language\na < b & c\n```").html;
    assert!(html.contains("a &lt; b &amp; c"), "{html}");
}

#[test]
fn the_table_of_contents_links_to_the_headings() {
    let rendered = render("# One\n\ntext\n\n## Two *words*\n\n## One\n");
    let anchors: Vec<_> =
        rendered.contents.iter().map(|heading| (heading.level, heading.anchor.as_str())).collect();
    assert_eq!(anchors, [(2, "one"), (3, "two-words"), (3, "one-1")]);
    for (_, anchor) in anchors {
        assert!(rendered.html.contains(&format!("id=\"{anchor}\"")), "{anchor}: {}", rendered.html);
    }
    assert!(!rendered.html.contains("<h1"));
    let levels = |text: &str| -> Vec<u8> {
        render(text).contents.iter().map(|heading| heading.level).collect()
    };
    assert_eq!(
        levels("#### a\n\n##### b\n\n#### c"),
        [2, 3, 2],
        "headings that start too low are raised"
    );
    assert_eq!(levels("# a\n\n###### b"), [2, 6]);
}

#[test]
fn github_extensions_and_footnotes_are_rendered() {
    let html = render(
        "| a |\n|---|\n| b |\n\n~~gone~~ www.example.com\n\n- [x] done\n\n> [!NOTE]\n> note\n\ntext[^1]\n\n[^1]: foot",
    )
    .html;
    for part in [
        "<table",
        "<del>gone</del>",
        "href=\"http://www.example.com\"",
        "checkbox",
        "markdown-alert",
        "#fn-1",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
}

#[test]
fn nothing_executable_survives() {
    for text in [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "<a href=\"jAvAsCrIpT:alert(1)\">x</a>",
        "<iframe src=https://example.com></iframe>",
        "<svg onload=alert(1)></svg>",
        "<p style=\"position:fixed\">x</p>",
        "<form action=/login><input type=password></form>",
        "<base href=https://example.com>",
        "![x](data:text/html;base64,PHNjcmlwdD4=)",
        "<q cite=\"javascript:alert(1)\">x</q>",
        "<input name=password>",
        "<a href=\"java&#8;script:alert(1)\">x</a>",
        "[x](java&#8;script:alert(1))",
        "```rust\"><script>alert(1)</script>\nx\n```",
        "```\n</code></pre><script>alert(1)</script>\n```",
    ] {
        let html = render(text).html;
        // The way the feed sends it.
        let lower = without_unstorable(&html).to_lowercase();
        for bad in [
            "<script",
            "onerror",
            "onload",
            "javascript:",
            "<iframe",
            "<svg",
            "style=",
            "<form",
            "password",
            "<base",
            "data:",
        ] {
            assert!(!lower.contains(bad), "{text} became {html}");
        }
    }
}

/// What a reader sees of sanitised HTML, which contains only these references.
fn visible(html: &str) -> String {
    let text = text_of(html)
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_tag_mentioned_in_prose_does_not_swallow_the_text() {
    for name in [
        "script",
        "style",
        "title",
        "textarea",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
        "plaintext",
        "noscript",
        "template",
        "svg",
        "math",
        "mi",
        "path",
        "set",
        "T",
        "crate-name",
    ] {
        for tag in
            [format!("<{name}>"), format!("<{}>", name.to_uppercase()), format!("<{name} a=\"b\">")]
        {
            for (before, after) in [
                ("Put ", " first."),
                ("", ""),
                ("- ", " x"),
                ("> ", ""),
                ("1. > a ", ""),
                ("*", "*"),
                ("", "\nb *c*"),
            ] {
                let text = format!("{before}{tag}{after}\n\nThe *second*.\n\n# Third");
                let Rendered { html, contents, .. } = render(&text);
                let seen = visible(&html);
                assert!(seen.contains(&tag), "{text}\n-> {html}");
                assert!(
                    html.contains("<em>second</em>") && html.contains("id=\"third\""),
                    "{text}\n-> {html}"
                );
                assert_eq!(contents.len(), 1, "{text}");
                assert!(!after.contains('*') || html.contains("<em>"), "{text}\n-> {html}");
            }
        }
        let tag = format!("<{name}>");
        let Rendered { html, contents, summary, .. } = render(&format!(
            "The {tag} tag[^1].\n\n# About {tag}\n\n| {tag} | b |\n|---|---|\n| c | {tag} |\n\n[^1]: See {tag}, *too*."
        ));
        assert_eq!(summary, format!("The {tag} tag."));
        assert_eq!(contents[0].text, format!("About {tag}"));
        assert!(html.contains(&format!("id=\"{}\"", contents[0].anchor)), "{html}");
        assert_eq!(visible(&html).matches(&tag).count(), 5, "{html}");
        assert!(html.contains("<em>too</em>"), "{html}");
        let code = format!("`{tag}` and\n\n```\n{tag}\n```\n\n    {tag}\n");
        assert_eq!(visible(&render(&code).html).matches(&tag).count(), 3, "{code}");
    }
}

#[test]
fn a_complete_element_that_no_page_may_have_is_shown_as_typed() {
    for element in ["<script>\nlet a = 1 < 2;\n</script>", "<STYLE>\np > a {}\n\nb {}\n</STYLE>"] {
        let html = render(&format!("{element}\n\nThe *second*.")).html;
        assert_eq!(
            visible(&html),
            format!("{} The second .", element.split_whitespace().collect::<Vec<_>>().join(" "))
        );
    }
}

#[test]
fn an_embedded_page_is_replaced_by_a_link() {
    for frame in [
        "<iframe src=\"https://video.example/1\" allowfullscreen></iframe>",
        "<iframe src=\"//video.example/1\" />",
        "<IFRAME\n  width=\"1\"\n  src=\"https://video.example/1\"></IFRAME>",
        "<div><iframe src='https://video.example/1'></iframe></div>",
    ] {
        for text in
            [format!("{frame}\n\nThe *second*."), format!("See {frame} here.\n\nThe *second*.")]
        {
            let html = render(&text).html;
            let link = "<a href=\"https://video.example/1\">https://video.example/1</a>";
            assert!(html.contains(link) && html.contains("<em>second</em>"), "{text}\n-> {html}");
            assert!(!html.contains("iframe"), "{text}\n-> {html}");
        }
    }
    let rendered = render("<iframe src=\"javascript:alert(1)\"></iframe>");
    assert!(!rendered.html.contains("<a "), "{}", rendered.html);
}

#[test]
fn html_that_blogs_use_survives() {
    for html in [
        "<details open=\"\"><summary>a</summary>b</details>",
        "<picture><source srcset=\"/a.webp 1x, https://a.example/b.webp 2x\" media=\"(min-width: 9em)\" type=\"image/webp\" sizes=\"1px\"></picture>",
        "<a name=\"old\"></a>",
        "<a href=\"tel:+123\">call</a>",
        "<kbd>a</kbd><abbr title=\"b\">c</abbr><mark>d</mark><sub>e</sub><sup>f</sup><time datetime=\"2026-01-01\">g</time>",
        "<figure><figcaption>a</figcaption></figure>",
        "<dl><dt>a</dt><dd>b</dd></dl>",
        "<ol start=\"3\" reversed=\"\" type=\"a\"><li value=\"9\">a</li></ol>",
        "<address>a</address>",
    ] {
        assert_eq!(sanitize(html), html);
    }
    for (html, kept) in [
        (
            "<img src=\"a.png\" srcset=\"a.png, b.png 2x\" width=\"1\" height=\"2\">",
            "srcset=\"a.png, b.png 2x\"",
        ),
        (
            "<table align=\"right\"><tfoot><tr><td align=\"center\">a</td></tr></tfoot></table>",
            "<tfoot><tr><td align=\"center\">a",
        ),
        (
            "<video src=\"a.webm\" autoplay loop muted><track src=\"a.vtt\" srclang=\"en\"></video>",
            "controls=\"\"",
        ),
        ("<audio src=\"a.ogg\"></audio>", "controls=\"\""),
    ] {
        assert!(sanitize(html).contains(kept), "{}", sanitize(html));
    }
    for srcset in
        ["javascript:alert(1)", "a.png, javascript:x 2x", "a.png 1x,data:image/svg+xml,x 2x"]
    {
        let html = sanitize(&format!("<img srcset=\"{srcset}\">"));
        assert!(!html.contains("srcset"), "{html}");
    }
}

#[test]
fn characters_not_allowed_in_feeds_are_in_no_output() {
    let rendered =
        render("# a&#8;b\n\nc&#xB;\u{8}d `e\u{ffff}`\n\n<b title=\"f&#8;g\">h&#xFFFF;i</b>");
    assert_eq!((rendered.contents[0].text.as_str(), rendered.summary.as_str()), ("ab", "cd e"));
    assert!(rendered.html.chars().all(is_storable), "{:?}", rendered.html);
    assert!(rendered.html.contains("<b title=\"fg\">hi</b>"), "{:?}", rendered.html);
    for link in [
        "<a href=\"java&#8;script:alert(1)\">x</a>",
        "<a href=\"java\u{ffff}script:alert(1)\">x</a>",
    ] {
        assert!(!sanitize(link).contains("javascript:"), "{}", sanitize(link));
    }
}

#[test]
fn an_author_cannot_use_the_sites_own_classes() {
    let html = render("<div class=\"site-header code-l-1\" id=\"x\">x</div>").html;
    assert!(html.contains("class=\"code-l-1\"") && html.contains("id=\"x\""), "{html}");
}

#[test]
fn a_browser_parses_a_text_as_the_sanitiser_did() {
    for text in [
        "<p><button><p>x</button>",
        "<table><button><p>x<table><p>",
        "<a href=/><button><a href=/>x",
        "<p><marquee><p>",
    ] {
        let html = render(text).html;
        assert_eq!(SANITIZER.clean(&html).to_string(), html, "{text}");
    }
}

#[test]
fn a_text_cannot_use_the_sites_own_ids() {
    let html =
        render("<input type=checkbox id=ranking-24h><p id=site-content>x</p><p id=q></p><p id=mine></p>\n\n# Site content\n")
            .html;
    assert!(html.contains("id=\"mine\""), "{html}");
    for id in IDS_OF_SITE {
        let heading = id.replace('-', " ");
        let html = render(&format!("<p id={id}>x</p><a name={id}>x</a>\n\n# {heading}\n")).html;
        assert!(!html.contains(&format!("=\"{id}\"")), "{html}");
    }
}

#[test]
fn every_heading_has_an_anchor() {
    let rendered = render("# Content\n\n# Ranking all\n\n# 🎉\n\n# 🎉\n\n# Section");
    let anchors: Vec<&str> =
        rendered.contents.iter().map(|heading| heading.anchor.as_str()).collect();
    assert_eq!(anchors, ["content", "ranking-all-1", "section", "section-1", "section-2"]);
    for anchor in anchors {
        assert!(rendered.html.contains(&format!("id=\"{anchor}\"")), "{}", rendered.html);
        assert!(rendered.html.contains(&format!("href=\"#{anchor}\"")), "{}", rendered.html);
    }
}

#[test]
fn formulas_become_mathml() {
    let html = render("Let $x^2$ be.\n\n$$\n\\sum_i a_i\n$$\n\n```math\n\\frac{a}{b}\n```\n").html;
    assert_eq!(html.matches("<math").count(), 3, "{html}");
    assert!(html.contains("<msup><mi>x</mi><mn>2</mn></msup>"), "{html}");
    assert_eq!(html.matches("display=\"block\"").count(), 2, "{html}");
    assert!(!html.contains('$'), "{html}");
    let rendered = render("$\\nosuch{x}$ and $a<b$");
    assert_eq!(rendered.notes, [Note::FormulaIsSource]);
    assert!(
        rendered.html.contains("<code class=\"math-source\">$\\nosuch{x}$</code>"),
        "{}",
        rendered.html
    );
}

#[test]
fn a_line_with_a_colon_defines_the_term_above_it() {
    let html = render("Ebb\n: The sea *falls*.\n: It takes six hours.\n\nFlood\n: It rises.").html;
    let expected = "<dl>\n<dt>Ebb</dt>\n<dd>The sea <em>falls</em>.</dd>\n\
                    <dd>It takes six hours.</dd>\n<dt>Flood</dt>\n<dd>It rises.</dd>\n</dl>\n";
    assert_eq!(html, expected);
    let loose = render("Ebb\n\n: The sea falls.\n\n  - For long.").html;
    assert!(loose.contains("<dd>\n<p>The sea falls.</p>\n<ul>"), "{loose}");
    let text = "Ebb\n: See [the moon](moon.md).\n\nFlood\n\n: ![The sea](sea.png)\n\n  [a](b.md)";
    let links = crate::links::links(text);
    let addresses: Vec<&str> = links.iter().map(|link| &text[link.range.clone()]).collect();
    assert_eq!(addresses, ["moon.md", "sea.png", "b.md"], "an import finds them");
    for text in ["The end.\n\n~ fin ~", "A\n~ b", "- A\n  ~ b", ": a", "A: b", "A\n:b"] {
        let html = render(text).html;
        assert!(!html.contains("<dl>"), "{text}: {html}");
        assert_eq!(html.matches('~').count(), text.matches('~').count(), "{text}: {html}");
    }
    let rendered = render(&"a\n: b\n\n".repeat(50_000));
    assert_eq!(rendered.html.matches("<dd>").count(), 50_000);
}

#[test]
fn code_has_its_language_and_line_numbers_on_request() {
    let html = render("```rust\nfn a() {}\n```\n").html;
    assert!(html.contains("<p class=\"code-label\">rust</p>"), "{html}");
    assert!(!html.contains("giallo-ln"), "{html}");
    for info in [
        "rust,linenos",
        "rust {linenos=true}",
        "rust {linenos=table}",
        "rust showLineNumbers",
        "rust:line-numbers",
    ] {
        let html = render(&format!("```{info}\nfn a() {{}}\n```\n")).html;
        assert!(
            html.contains("<span aria-hidden=\"true\" class=\"giallo-ln\">1</span>"),
            "{info}: {html}"
        );
    }
    let html = render("```rust,linenos,linenostart=7\nfn a() {}\n```\n").html;
    assert!(html.contains("giallo-ln\">7</span>"), "{html}");
    let html = render("```rust {linenos=false}\nfn a() {}\n```\n").html;
    assert!(!html.contains("giallo-ln"), "{html}");
}

#[test]
fn the_text_of_a_sanitised_page_is_what_a_parser_extracts() {
    for text in [
        "# A *heading*\n\nA [link](https://a.example/?b=1&c=2 \"a > b < c\") and `a < b && c > d`.\n\n- [x] done\n- not\n",
        "```rust\nfn a<T>(b: &T) -> bool { \"</p>\" > 'c' }\n```\n",
        "| a | b |\n|---|---|\n| c > d | &lt;e&gt; |\n\n> quoted[^1]\n\n[^1]: *Note*.",
        "<p title=\"a > b\" class='x<y'>in <b>bold</b>er</p><img alt=\"</b>x\" src=a.png><br>x&nbsp;y&#62;z",
        "<details><summary>s</summary>\n\ntext <!-- a > b --> more\n\n</details>\n\n<script>1 < 2</script>",
        "潮 &amp; <unknown> & a<b",
    ] {
        let html = render(text).html;
        let parsed = ammonia::Builder::empty().clean(&html.replace("</", " </")).to_string();
        assert_eq!(text_of(&html), parsed, "{html}");
    }
}

proptest::proptest! {
    #[test]
    fn any_mixture_of_blocks_is_rendered(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "a", "b", " ", "  ", "\n", "\n\n", ": ", "~ ", "~", "~~", "- ", "> ", "1. ", "# ",
            "{#a}", "**", "`", "```\n", "|", "---\n", "[^1]", "[^1]: ", "\\", "$", "<div>", "\t", "潮",
        ]), 0..60),
    ) {
        let rendered = render(&parts.concat());
        let anchors: std::collections::HashSet<_> =
            rendered.contents.iter().map(|heading| &heading.anchor).collect();
        assert_eq!(anchors.len(), rendered.contents.len());
    }
}
