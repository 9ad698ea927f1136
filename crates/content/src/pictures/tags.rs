//! Adds what is known of pictures to the `<img>` tags of a text: size, copies, and a colour while
//! they load.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::name::{FOLDER, Size, parse, srcset};

/// How wide a picture of a text is at most, for browsers that choose among copies: as wide as the
/// column, which is 42rem, or the window.
pub const SIZES_IN_TEXT: &str = "(max-width: 45rem) 100vw, 42rem";

/// Sanitised HTML with `width`, `height`, `srcset`, `sizes` and a colour in the tags of this blog's
/// pictures. Other pictures, and what an author has written, stay as they are. `size_of` knows the
/// sizes of pictures whose names don't say them.
pub fn with_sizes<'a>(html: &'a str, size_of: impl Fn(&str) -> Option<Size>) -> Cow<'a, str> {
    let mut changed = String::new();
    let mut done = 0;
    each_picture(html, |start, attributes| {
        let Some(name) = own_name(&attributes) else { return };
        let Some((kind, said)) = parse(name) else { return };
        let Some(size) = said.or_else(|| size_of(name)) else { return };
        let attribute = |name: &str| {
            attributes.iter().find(|attribute| attribute.name == name).map(|found| found.value)
        };
        let mut more = String::new();
        // Writing to a string can't fail.
        let mut add = |name: &str, value: &dyn std::fmt::Display| {
            let _ = write!(more, " {name}=\"{value}\"");
        };
        match (attribute("width"), attribute("height")) {
            (None, None) => {
                add("width", &size.width);
                add("height", &size.height);
            }
            (Some(width), None) => {
                if let Some(height) = scaled(width, size.height, size.width) {
                    add("height", &height);
                }
            }
            (None, Some(height)) => {
                if let Some(width) = scaled(height, size.width, size.height) {
                    add("width", &width);
                }
            }
            (Some(_), Some(_)) => {}
        }
        if attribute("srcset").is_none()
            && let Some(copies) = srcset(name, kind, size.width)
        {
            add("srcset", &copies);
            add("sizes", &SIZES_IN_TEXT);
        }
        // A class of its own would be a second `class`, which browsers ignore.
        if let Some(tint) = size.tint.filter(|_| attribute("class").is_none()) {
            add("class", &tint.classes());
        }
        if !more.is_empty() {
            let place = start + "<img".len();
            changed.push_str(&html[done..place]);
            changed.push_str(&more);
            done = place;
        }
    });
    if done == 0 {
        return Cow::Borrowed(html);
    }
    changed.push_str(&html[done..]);
    Cow::Owned(changed)
}

/// The names of this blog's pictures in a sanitised HTML text that don't say their size, without
/// repetitions.
pub fn names_without_size(html: &str) -> Vec<&str> {
    let mut names = Vec::new();
    each_picture(html, |_, attributes| {
        if let Some(name) = own_name(&attributes)
            && matches!(parse(name), Some((_, None)))
        {
            names.push(name);
        }
    });
    names.sort_unstable();
    names.dedup();
    names
}

/// The other side of a picture, in the same proportions as its own: `side` × `own` / `other`.
fn scaled(side: &str, own: u32, other: u32) -> Option<u64> {
    let side = side.parse::<u32>().ok()?;
    let scaled =
        (u64::from(side) * u64::from(own) + u64::from(other) / 2) / u64::from(other.max(1));
    Some(scaled.max(1))
}

/// An attribute, with its value as written.
struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
}

fn own_name<'a>(attributes: &[Attribute<'a>]) -> Option<&'a str> {
    let source = attributes.iter().find(|attribute| attribute.name == "src")?;
    source.value.strip_prefix(FOLDER)
}

/// Sanitised HTML in which some attributes are at the end of their tag, in the order of `last`. The
/// sanitiser adds them in an order that each process chooses anew, so the same text would become
/// different HTML.
pub(crate) fn in_fixed_order<'a>(html: &'a str, last: &[(&str, &[&str])]) -> Cow<'a, str> {
    let mut changed = String::new();
    let mut done = 0;
    each_tag(html, |start, tag| {
        let Some((name, attributes)) = tag[1..].split_once(' ') else { return };
        let Some((_, last)) = last.iter().find(|(known, _)| *known == name) else { return };
        let mut attributes = read(attributes);
        attributes.sort_by_key(|one| last.iter().position(|last| *last == one.name));
        changed.push_str(&html[done..start]);
        let _ = write!(changed, "<{name}");
        for Attribute { name, value } in attributes {
            let _ = write!(changed, " {name}=\"{value}\"");
        }
        done = start + tag.len();
    });
    if done == 0 {
        return Cow::Borrowed(html);
    }
    changed.push_str(&html[done..]);
    Cow::Owned(changed)
}

/// Sanitised HTML without the pictures of diagrams, whose sources are in the HTML as well.
pub(crate) fn without_diagrams(html: &str) -> Cow<'_, str> {
    let mut changed = String::new();
    let mut done = 0;
    each_tag(html, |start, tag| {
        let Some(attributes) = tag.strip_prefix("<img ") else { return };
        let is_diagram = |one: &Attribute| one.name == "src" && one.value.starts_with("data:");
        if read(attributes).iter().any(is_diagram) {
            changed.push_str(&html[done..start]);
            done = (start + tag.len() + ">".len()).min(html.len());
        }
    });
    if done == 0 {
        return Cow::Borrowed(html);
    }
    changed.push_str(&html[done..]);
    Cow::Owned(changed)
}

/// Calls `found` with the place of each `<img` and its attributes.
fn each_picture<'a>(html: &'a str, mut found: impl FnMut(usize, Vec<Attribute<'a>>)) {
    each_tag(html, |start, tag| {
        if let Some(attributes) = tag.strip_prefix("<img ") {
            found(start, read(attributes));
        }
    });
}

/// Calls `found` with the place of each tag and the tag without its `>`. The sanitiser writes
/// attributes in double quotes, and `<` in a text as a reference. So a `<` outside quotes starts a
/// tag.
fn each_tag<'a>(html: &'a str, mut found: impl FnMut(usize, &'a str)) {
    let mut at = 0;
    while let Some(start) = html[at..].find('<').map(|distance| at + distance) {
        let (tag, end) = tag(html, start);
        found(start, tag);
        at = end;
    }
}

/// The tag that starts at `start`, without its `>`, and the place behind it.
fn tag(html: &str, start: usize) -> (&str, usize) {
    let mut is_quoted = false;
    for (distance, byte) in html.bytes().enumerate().skip(start) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'>' if !is_quoted => return (&html[start..distance], distance + 1),
            _ => {}
        }
    }
    (&html[start..], html.len())
}

fn read(mut rest: &str) -> Vec<Attribute<'_>> {
    let mut attributes = Vec::new();
    while let Some((name, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else { break };
        attributes.push(Attribute { name: name.trim_start(), value });
        rest = after;
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::super::name::Tint;
    use super::*;
    use crate::markdown::render;

    const SIZED: &str = "0123456789abcdef0123456789abcdef-700x350-9ab.jpg";
    const OLD: &str = "0123456789abcdef0123456789abcdef.png";

    #[test]
    fn a_picture_of_the_blog_has_its_size_its_copies_and_a_colour() {
        let html = render(&format!("![Low tide](/pictures/{SIZED})")).html;
        for part in [
            " width=\"700\" height=\"350\"",
            &format!(
                " srcset=\"/pictures/{SIZED}.480.webp 480w, /pictures/{SIZED}.700.webp 700w\""
            ),
            " sizes=\"(max-width: 45rem) 100vw, 42rem\"",
            " class=\"tint-r9 tint-ga tint-bb\"",
            " alt=\"Low tide\"",
            " loading=\"lazy\"",
            " decoding=\"async\"",
        ] {
            assert_eq!(html.matches(part).count(), 1, "{part} in {html}");
        }
    }

    #[test]
    fn what_the_author_wrote_stays() {
        let of = |attributes: &str| {
            render(&format!("<p><img src=\"/pictures/{SIZED}\" {attributes}></p>")).html
        };
        let html = of("width=200 srcset=\"/a.png 2x\"");
        assert!(html.contains("width=\"200\"") && html.contains(" height=\"100\""), "{html}");
        assert!(html.contains("srcset=\"/a.png 2x\"") && !html.contains(".webp"), "{html}");
        let html = of("height=100");
        assert!(html.contains("height=\"100\"") && html.contains(" width=\"200\""), "{html}");
        let html = of("width=50%");
        assert!(html.contains("width=\"50%\"") && !html.contains("height"), "{html}");
        let html = of("width=10 height=10");
        assert_eq!((html.matches("width=").count(), html.matches("height=").count()), (1, 1));
        let html = of("class=footnote");
        assert_eq!(html.matches("class=").count(), 1);
    }

    #[test]
    fn attributes_are_put_at_the_end_in_a_fixed_order() {
        let last: &[(&str, &[&str])] = &[("img", &["x", "y"])];
        for (html, expected) in [
            ("<p y=\"\" x=\"\">a</p>", "<p y=\"\" x=\"\">a</p>"),
            (
                "<img y=\"<>\" b=\"1\" x=\"\" a=\"2\">c<img>",
                "<img b=\"1\" a=\"2\" x=\"\" y=\"<>\">c<img>",
            ),
            ("<a t=\"<img y=''>\">&lt;img</a>", "<a t=\"<img y=''>\">&lt;img</a>"),
        ] {
            assert_eq!(in_fixed_order(html, last), expected);
        }
    }

    #[test]
    fn other_pictures_stay_as_they_are() {
        for address in [
            format!("https://example.com/pictures/{SIZED}"),
            "/pictures/x.png".into(),
            "/a.png".into(),
        ] {
            let html = render(&format!("![a]({address})")).html;
            assert!(!html.contains("width") && !html.contains("srcset"), "{html}");
        }
    }

    #[test]
    fn a_size_that_the_name_does_not_say_is_looked_up() {
        let html = render(&format!("![](/pictures/{OLD}) ![](/pictures/{OLD}) ![](/x.png)")).html;
        assert_eq!(names_without_size(&html), [OLD]);
        let size = Size { width: 400, height: 30, tint: Some(Tint::of([0, 0, 0])) };
        let sized = with_sizes(&html, |name| (name == OLD).then_some(size));
        assert_eq!(sized.matches("width=\"400\" height=\"30\"").count(), 2, "{sized}");
        assert_eq!(with_sizes(&html, |_| None), html);
        assert_eq!(with_sizes(&sized, |_| Some(size)), sized, "once");
    }

    #[test]
    fn text_that_looks_like_a_picture_is_not_touched() {
        let tag = format!("<img src=\"/pictures/{SIZED}\" alt=\"\">");
        let escaped = tag.replace('"', "&quot;");
        for text in [
            format!("`{tag}`"),
            format!("![{}](/a.png)", tag.replace('"', "\\\"")),
            format!("<a href=\"/\" title='{escaped}'>a</a>"),
            format!("[a](/b \"{escaped}\")"),
        ] {
            let html = render(&text).html;
            assert!(!html.contains("srcset"), "{html}");
        }
    }
}
