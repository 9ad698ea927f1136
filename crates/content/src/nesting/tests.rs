use super::*;

/// The depth of the tree that browsers build from it.
fn depth(html: &str) -> usize {
    // Ammonia writes out the parsed tree, with all end tags.
    let mut builder = ammonia::Builder::default();
    builder.add_tags(["button", "font", "big", "section", "object", "marquee"]);
    let written = builder.clean(html).to_string();
    let (mut depth, mut deepest) = (0usize, 0);
    for tag in written.split('<').skip(1) {
        let name = tag
            .split(|character: char| !character.is_ascii_alphanumeric() && character != '/')
            .next();
        match name.unwrap_or_default() {
            end if end.starts_with('/') => depth = depth.saturating_sub(1),
            void if VOID.contains(&void) => {}
            _ => depth += 1,
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[test]
fn nesting_depth_is_limited_for_every_element() {
    for part in [
        "<div>",
        "<ul><li>",
        "<ul><li><p>",
        "<blockquote>",
        "<table><tr><td>",
        "<table><td>",
        "<div><table></div>",
        "<div><span></div>",
        "<p><button>",
        "<span>",
        "<em>",
        "<b class=1></p><p>",
        "<p><b>",
        "<p><font size=1>x</p>",
        "<a href=1>",
        "<h1>",
        "<dl><dd>",
        "<li><div>",
        "<object>",
        "<marquee><p>",
        "<section></div><div></section>",
    ] {
        let html = part.repeat(400);
        let found = depth(&capped(&html).html);
        assert!(found <= 2 * DEEPEST + MOST_FORMATTING, "{part}: {found} deep");
    }
}

#[test]
fn repeated_elements_that_close_themselves_are_left_alone() {
    for part in [
        "<p>a",
        "<p>a</p>",
        "<div><p>a</div>",
        "<tr><td>a<td>b",
        "<tr><th>a</th></tr>",
        "<li>a",
        "<li>a <span>b",
        "<dt>a<dd>b",
        "<a href=1>x",
        "<b>x</b>",
        "<br><hr><img src=x>",
        "a < b > c <!-- d --> &lt;e>",
    ] {
        let html = format!("<div><ul><table>{}", part.repeat(1_000));
        assert!(matches!(capped(&html).html, Cow::Borrowed(_)), "{part}");
    }
}

#[test]
fn a_dropped_tag_loses_its_end_tag_and_keeps_its_text() {
    let html = format!("{}a<i>b</i>{}c", "<div>".repeat(DEEPEST + 2), "</div>".repeat(DEEPEST + 2));
    let kept = format!("{}a<i>b</i>{}c", "<div>".repeat(DEEPEST), "</div>".repeat(DEEPEST));
    let capped = capped(&html);
    assert_eq!(capped.html, kept);
    assert!(capped.is_flatter && !capped.is_shorter && !capped.is_too_large);
}

#[test]
fn an_end_tag_in_a_cell_closes_nothing_outside_the_table() {
    let html: String =
        (0..400).map(|number| format!("<b class={number}><table><td></b></table>")).collect();
    let found = depth(&capped(&html).html);
    assert!(found <= 2 * DEEPEST + MOST_FORMATTING, "{found} deep");
}

#[test]
fn elements_that_a_parser_would_reopen_repeatedly_are_too_large() {
    let title = "x".repeat(7_000);
    for (start, part) in [
        ("<p><b title=\"*\">", "</p><p>x"),
        ("<p><b title=\"*\">", "</p><div>x</div>"),
        ("<div><i title=\"*\">", "<p>x</i><i title=\"*\"></p>"),
        ("<h1><a title=\"*\">", "</h1><h1>x"),
        ("<span><a title=\"*\">", "</span><span>x"),
        ("<p><a title=\"*\">", "</p><hr>x"),
    ] {
        let html = format!("{start}{}", part.repeat(5_000)).replace('*', &title);
        assert!(capped(&html).is_too_large, "{start}{part}");
        let html = format!("{start}{}", part.repeat(100)).replace('*', &title);
        assert!(!capped(&html).is_too_large, "{start}{part}");
    }
    // Highlighted code, and what people write.
    for (start, part, end) in [
        (
            "<pre><code class=\"code-l-code\">",
            "<span class=\"code-l-1\">x</span>\n",
            "</code></pre>",
        ),
        ("", "<p><b title=\"sesame\">x</b> <a href=\"/y\">y</a></p>", ""),
    ] {
        let html = format!("{start}{}{end}", part.repeat(100_000));
        let capped = capped(&html);
        assert!(!capped.is_too_large && matches!(capped.html, Cow::Borrowed(_)), "{start}{part}");
    }
}

#[test]
fn text_inside_tables_but_outside_cells_is_limited() {
    for part in ["<br>", "x<tr>", "<p>x</p>", "&amp;", "<b>x</b>", "</p>", "<td></td></tr>x", "\nx"]
    {
        let html = |count: usize| format!("<p>a</p><table>{}</table>", part.repeat(count));
        assert!(capped(&html(1_001)).is_outside_cells, "{part}");
        assert!(!capped(&html(100)).is_outside_cells, "{part}");
    }
    for part in [
        "<tr>\n<td>x &amp; <b>y</b><br>\n",
        "<tr><td><p>x</p></td></tr>\n",
        "<caption>x &amp; y</caption>",
    ] {
        let html = format!("<table>\n{}</table>", part.repeat(10_000));
        assert!(!capped(&html).is_outside_cells, "{part}");
    }
    let html = format!("<tr><td></tr>{}", "<p>x &amp; y</p>".repeat(10_000));
    assert!(!capped(&html).is_outside_cells, "there is no table");
}

#[test]
fn a_tag_that_is_too_long_loses_its_attributes() {
    let long =
        |name: &str, end: &str| format!("<{name} title=\"{}\">x{end}", "&".repeat(LONGEST_TAG));
    let html = long("p", "</p>") + &long("IMG", "") + &long("a", "</a>") + "<p title=y>z";
    let capped = capped(&html);
    assert_eq!(capped.html, "<p>x</p><img>x<a>x</a><p title=y>z");
    assert!(capped.is_shorter && !capped.is_flatter);
}

#[test]
fn the_number_of_attribute_names_is_limited() {
    let tag = |number: usize| format!("<p abcdefgh{number}=x title={number}>");
    let html: String = (0..2_000).map(tag).collect();
    let capped = capped(&html);
    assert!(capped.is_shorter && !capped.is_flatter);
    assert_eq!(capped.html.matches("<p>").count(), 2_000 - MOST_NAMES);
    assert_eq!(capped.html.matches("title=").count(), MOST_NAMES);
}

#[test]
fn attribute_names_are_those_that_a_parser_finds() {
    for (tag, names) in [
        ("<p>", ""),
        ("<p a>", "a"),
        ("<p a b=c d = 'e f=g'h=\"i>j\"k>", "a|b|d|h|k"),
        ("<p/a/b=c/d e>", "a|b|e"),
        ("<p =a=b \"c\" d=>", "=a|\"c\"|d"),
        ("<p\n\ta\n=\nb c/>", "a|c"),
        ("<p a=\u{e9} \u{e9}=\"\u{e9}\" \u{e9}>", "a|\u{e9}|\u{e9}"),
    ] {
        assert_eq!(attribute_names(tag).join("|"), names, "{tag}");
    }
}

#[test]
fn the_nesting_of_quotations_is_limited() {
    let usual = format!("{} a\n> b", ">".repeat(DEEPEST));
    assert!(matches!(capped_quotes(&usual), Cow::Borrowed(_)));
    let deep = format!("a\n{}> b\n> c", "> ".repeat(DEEPEST));
    assert_eq!(capped_quotes(&deep), format!("a\n{}\\> b\n> c", "> ".repeat(DEEPEST)));
}
