use super::*;

fn settled(html: &str) -> String {
    let pieces = Reader::default().read(html, 0, &Ends::of(html), false);
    let written = pieces.iter().map(|piece| match piece {
        Piece::Html(html) => (*html).to_owned(),
        Piece::Text(text) => format!("[{text}]"),
        Piece::Link(Link { address, text }) => format!("({text}|{address})"),
    });
    written.collect()
}

#[test]
fn tags_that_would_swallow_the_rest_become_text_however_they_are_written() {
    for name in [
        "title",
        "textarea",
        "style",
        "xmp",
        "iframe",
        "noembed",
        "noframes",
        "script",
        "plaintext",
        "template",
        "path",
        "mi",
        "T",
        "my-element",
        "noscript",
        "svg",
    ] {
        let upper = name.to_uppercase();
        for tag in [
            format!("<{name}>"),
            format!("</{name}>"),
            format!("<{name}/>"),
            format!("<{name} />"),
            format!("<{upper}>"),
            format!("<{name}\n a='>' b=\">\" c=x>"),
        ] {
            if name == "svg" && tag.ends_with("/>") {
                continue;
            }
            assert_eq!(settled(&format!("<p>a {tag} b</p>")), format!("<p>a [{tag}] b</p>"));
        }
        assert_eq!(settled(&format!("<p>a <{name}")), format!("<p>a [<{name}]"));
    }
    assert_eq!(
        settled("<a title=\"<script>\">x</a>"),
        "<a title=\"<script>\">x</a>",
        "it is part of an attribute value"
    );
}

#[test]
fn an_unfinished_tag_does_not_swallow_the_rest() {
    for text in [
        "<div title=\"x",
        "<div title='x>\n",
        "<div",
        "</div",
        "<div class=x ",
        "<?php echo",
        "<!DOCTYPE x",
    ] {
        assert_eq!(settled(&format!("<b>a</b> {text}")), format!("<b>a</b> [{text}]"));
    }
    assert_eq!(settled("I </3 you, 1 < 2"), "I [<]/3 you, 1 [<] 2");
    assert_eq!(
        settled("<![CDATA[ a > b ]]> <?php 1 > 2 ?>"),
        "[<![CDATA[ a > b ]]>] [<?php 1 > 2 ?>]"
    );
}

#[test]
fn comments_are_removed_and_nothing_else_with_them() {
    for comment in ["<!-- more -->", "<!-->", "<!--->", "<!---->", "<!-- <script> -- > --!>"] {
        assert_eq!(settled(&format!("a {comment}b")), "a b", "{comment}");
    }
    assert_eq!(settled("a <!-- b"), "a ");
    let html = "a <!-- b";
    let continued = Reader::default().read(html, 0, &Ends::of(html), true);
    assert_eq!(continued, [Piece::Html("a "), Piece::Html("<!-- b")], "it is closed later");
}

#[test]
fn an_embedded_page_becomes_a_link_to_it() {
    let link = |address: &str| format!("({address}|{address})");
    for (html, settled_as) in [
        (
            "<iframe src=\"https://a.example/x?b=1&amp;c=2\"></iframe>",
            link("https://a.example/x?b=1&c=2"),
        ),
        ("<IFRAME WIDTH=1 SRC='http://a.example/' />", link("http://a.example/")),
        ("<iframe src=//a.example/v>", link("https://a.example/v")),
        ("<iframe src=\"\\\\a.example\\v\">", link("https://a.example/v")),
        (
            "<iframe src=//a.example/ title=' The\n demo '>no frames</iframe>",
            "(The demo: https://a.example/|https://a.example/)no frames".into(),
        ),
        (
            "<iframe src=about:blank data-src=https://a.example/></iframe>",
            link("https://a.example/"),
        ),
        ("<script async src=\"//a.example/x.js\"> </script >", link("https://a.example/x.js")),
        (
            "<script src=//a.example/>a()</script>",
            "[<script src=//a.example/>]a()[</script>]".into(),
        ),
        ("<script></script>", "[<script>][</script>]".into()),
        ("<embed src=https://a.example/v.swf>", link("https://a.example/v.swf")),
        ("<object data=https://a.example/v>x</object>", link("https://a.example/v") + "x</object>"),
    ] {
        assert_eq!(settled(html), settled_as, "{html}");
    }
    for address in [
        "",
        " ",
        "javascript:alert(1)",
        "java\tscript:x",
        "data:text/html,x",
        "ftp://a.example",
        "https://",
        "blob:x",
        "/x",
    ] {
        let tag = format!("<iframe src=\"{address}\">");
        assert_eq!(settled(&tag), format!("[{tag}]"), "it is not a web address");
    }
}

#[test]
fn svg_and_mathml_keep_their_text() {
    let squeezed = |html: &str| settled(html).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        squeezed(
            "<svg><style>a>b{}</style><title>A logo</title><svg><path d=x /></svg><a>b</a></svg><p>c</p>"
        ),
        "A logo b <p>c</p>"
    );
    assert_eq!(squeezed("<math><mi>x</mi><mo>=</mo><mn>2</mn></math> <i>y</i>"), "x = 2 <i>y</i>");
    assert_eq!(settled("Use <svg> or <math>."), "Use [<svg>] or [<math>].");
    assert_eq!(settled("<noscript><img src=x></noscript>"), "<img src=x>");
}

#[test]
fn a_tag_with_too_many_attributes_becomes_text() {
    let usual =
        format!("<img alt=\"{}\" {}>", "a = b / c ".repeat(100), "\n     width=1".repeat(60));
    assert_eq!(settled(&usual), usual);
    for attributes in [" a".repeat(201), "/a".repeat(201), "a=''".repeat(201), " a\"".repeat(201)] {
        let tag = format!("<iframe{attributes}>");
        assert_eq!(settled(&tag), format!("[{tag}]"));
    }
}

/// Would not finish in quadratic time.
#[test]
fn a_long_text_of_start_tags_is_parsed_to_its_end() {
    for part in [
        "<svg>",
        "<svg><style>",
        "<a b=\"",
        "<!--",
        "<iframe src=//x>",
        "<!---->",
        "</svg",
        "<noscript>",
    ] {
        let html = format!("{} x=\"' y='></svg>", part.repeat(50_000));
        let is_read = !Reader::default().read(&html, 0, &Ends::of(&html), false).is_empty();
        assert_eq!(is_read, part != "<!--", "{part}");
    }
}
