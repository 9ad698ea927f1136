//! Finds the links and pictures of a text, so that they can be given other addresses.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use comrak::Arena;
use comrak::nodes::{NodeHtmlBlock, NodeValue};

use crate::markdown::options;
use crate::nesting::capped_quotes;

/// Attributes of HTML that hold an address.
const ATTRIBUTES: [&str; 3] = ["src", "href", "poster"];

/// A link or a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where its address stands in the text.
    pub range: Range<usize>,
    /// The address, without the escapes that the text may have in it.
    pub address: String,
    /// The line of the text, from 1.
    pub line: usize,
    /// Whether the page shows what is there, as with a picture.
    pub is_shown: bool,
}

/// Finds links and pictures, in Markdown and in raw HTML, in the order of the text. Those whose
/// address is not written out, and those in code, are not among them.
pub fn links(markdown: &str) -> Vec<Link> {
    if matches!(capped_quotes(markdown), Cow::Owned(_)) {
        // Nested too deep to be parsed as it stands.
        return vec![];
    }
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, markdown, &options(markdown));
    let starts: Vec<usize> =
        std::iter::once(0).chain(markdown.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let definitions = definitions(markdown);
    let place = |line: usize, column: usize| {
        let start = starts.get(line.saturating_sub(1)).copied().unwrap_or(markdown.len());
        let at = (start + column).min(markdown.len());
        // The column of the last byte is given, which may be in the middle of a character.
        (at..=markdown.len()).find(|at| markdown.is_char_boundary(*at)).unwrap_or(markdown.len())
    };
    let mut found: BTreeMap<usize, Link> = BTreeMap::new();
    let line_of = |at: usize| starts.partition_point(|start| *start <= at);
    let mut last_of_html = 0;
    let mut add = |range: Range<usize>, address: &str, is_shown: bool| {
        let new = || Link {
            line: line_of(range.start),
            address: address.to_owned(),
            range: range.clone(),
            is_shown,
        };
        found.entry(range.start).or_insert_with(new).is_shown |= is_shown;
    };
    for node in root.descendants() {
        let data = node.data();
        let (first, last) = (data.sourcepos.start, data.sourcepos.end);
        match &data.value {
            NodeValue::Link(link) | NodeValue::Image(link) => {
                let is_shown = matches!(data.value, NodeValue::Image(_));
                let own = place(first.line, first.column.saturating_sub(1))
                    ..place(last.line, last.column);
                match written(markdown, &link.url, own) {
                    Some(range) => add(range, &link.url, is_shown),
                    None => {
                        for range in definitions.get(link.url.as_str()).into_iter().flatten() {
                            add(range.clone(), &link.url, is_shown);
                        }
                    }
                }
            }
            NodeValue::HtmlBlock(NodeHtmlBlock { literal, .. })
            | NodeValue::HtmlInline(literal) => {
                let is_inline = matches!(data.value, NodeValue::HtmlInline(_));
                let own = place(first.line, first.column.saturating_sub(1));
                let first_line = literal.lines().next().unwrap_or_default();
                // Inside a quotation, the position of a tag may be wrong, and lines of the text
                // have a mark that the literal lacks, so each address is looked for by itself.
                let has_own = is_inline && markdown[own..].starts_with(first_line);
                let start = if has_own { own } else { place(first.line, 0) };
                let end = match has_own && !literal.contains('\n') {
                    true => own + literal.len(),
                    false => place(last.line + 1, 0),
                };
                // The tag before this one may be on the same line and have the same address.
                let is_behind = (start..end).contains(&last_of_html);
                let mut from = if is_behind { last_of_html } else { start };
                for (name, address) in addresses(literal) {
                    if let Some(at) = in_attribute(markdown, from..end, name, &address) {
                        add(at..at + address.len(), &address.replace("&amp;", "&"), name != "href");
                        from = at + address.len();
                        last_of_html = from;
                    }
                }
            }
            _ => {}
        }
    }
    found.into_values().collect()
}

/// How many places in a link are tried that may be its address. Its title may look like some.
const MOST_TRIED: usize = 4;

/// Where the address of an inline link is written, in the link's own part of the text. It comes
/// last there: a link may be around a picture with the same address.
fn written(markdown: &str, url: &str, own: Range<usize>) -> Option<Range<usize>> {
    let part = markdown.get(own.clone()).filter(|_| !url.is_empty())?;
    let plain = part.rmatch_indices(url).find_map(|(at, _)| {
        let before = part[..at].trim_end_matches([' ', '\n', '<']);
        let is_bare = part[..at] == *"<";
        let at = own.start + at;
        (before.ends_with("](") || is_bare).then_some(at..at + url.len())
    });
    plain.or_else(|| {
        part.rmatch_indices("](").take(MOST_TRIED).find_map(|(at, opening)| {
            let rest = part[at + opening.len()..].trim_start();
            let destination = Destination::at_start(rest);
            let start = own.end - rest.len() + destination.start;
            let is_it = destination.has_escapes() && destination.url().as_deref() == Some(url);
            is_it.then(|| start..start + destination.raw.len())
        })
    })
}

/// An address in the syntax of Markdown: `address` or `<address>`.
struct Destination<'a> {
    /// The address with its escapes.
    raw: &'a str,
    /// Where it starts: behind the `<`, if there is one.
    start: usize,
}

impl<'a> Destination<'a> {
    /// The one that stands at the start of a text.
    fn at_start(text: &'a str) -> Self {
        let inner = text.strip_prefix('<');
        let (mut depth, mut is_escaped) = (0_usize, false);
        let is_end = |one: char| {
            let was_escaped = std::mem::replace(&mut is_escaped, false);
            match one {
                '\n' => true,
                _ if was_escaped => one.is_whitespace() && inner.is_none(),
                '\\' => {
                    is_escaped = true;
                    false
                }
                _ if inner.is_some() => one == '>',
                '(' => {
                    depth += 1;
                    false
                }
                ')' if depth > 0 => {
                    depth -= 1;
                    false
                }
                one => one == ')' || one.is_whitespace(),
            }
        };
        let rest = inner.unwrap_or(text);
        let raw = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        Self { raw, start: text.len() - rest.len() }
    }

    fn has_escapes(&self) -> bool {
        self.raw.contains(['\\', '&'])
    }

    /// The address without its escapes, as the parser understands them.
    fn url(&self) -> Option<Cow<'a, str>> {
        if !self.has_escapes() {
            return Some(Cow::Borrowed(self.raw));
        }
        let link = match self.start {
            0 => format!("[]({})", self.raw),
            _ => format!("[](<{}>)", self.raw),
        };
        let arena = Arena::new();
        let root = comrak::parse_document(&arena, &link, &comrak::Options::default());
        root.descendants().find_map(|node| match &node.data().value {
            NodeValue::Link(link) => Some(Cow::Owned(link.url.clone())),
            _ => None,
        })
    }
}

/// Where addresses stand in definitions: `[name]: address`.
fn definitions(markdown: &str) -> HashMap<Cow<'_, str>, Vec<Range<usize>>> {
    let mut at = 0;
    let mut found: HashMap<Cow<'_, str>, Vec<Range<usize>>> = HashMap::new();
    // Whether the line before ends behind the colon.
    let mut is_open = false;
    for line in markdown.split_inclusive('\n') {
        at += line.len();
        let inner = line.trim_start_matches([' ', '>']);
        let rest = match inner.split_once("]:") {
            Some((_, rest)) if inner.starts_with('[') => rest.trim_start(),
            _ if is_open => inner,
            _ => "",
        };
        is_open = rest.is_empty() && inner.starts_with('[') && inner.trim_end().ends_with("]:");
        let destination = Destination::at_start(rest);
        let start = at - rest.len() + destination.start;
        if let Some(url) = destination.url().filter(|url| !url.is_empty()) {
            found.entry(url).or_default().push(start..start + destination.raw.len());
        }
    }
    found
}

/// Where an address is the value of an attribute with this name, in a part of the text.
fn in_attribute(markdown: &str, part: Range<usize>, name: &str, address: &str) -> Option<usize> {
    let start = part.start;
    let part = markdown.get(part)?;
    part.match_indices(address).find_map(|(at, _)| {
        let (before, after) = (part[..at].trim_end(), &part[at + address.len()..]);
        let quote = before.chars().next_back().filter(|one| matches!(one, '"' | '\''));
        let before = before.strip_suffix(['"', '\'']).unwrap_or(before).trim_end();
        let before = before.strip_suffix('=')?.trim_end();
        let name_at = before.len().checked_sub(name.len())?;
        let is_name = before.get(name_at..)?.eq_ignore_ascii_case(name)
            && before[..name_at].ends_with(is_before_name);
        let is_whole = match quote {
            Some(quote) => after.is_empty() || after.trim_start().starts_with(quote),
            None => {
                after.is_empty() || after.starts_with(|one: char| one.is_whitespace() || one == '>')
            }
        };
        (is_name && is_whole).then_some(start + at)
    })
}

/// Whether an attribute may begin behind this character.
fn is_before_name(one: char) -> bool {
    matches!(one, ' ' | '\n' | '\t' | '"' | '\'' | '/')
}

/// The addresses in the attributes of HTML, with the attributes' names.
fn addresses(html: &str) -> Vec<(&'static str, String)> {
    let lower = html.to_ascii_lowercase();
    let mut found: Vec<(usize, &'static str, String)> = Vec::new();
    for name in ATTRIBUTES {
        for (at, _) in lower.match_indices(name) {
            let is_start = html[..at].ends_with(is_before_name);
            let Some(value) = html[at + name.len()..].trim_start().strip_prefix('=') else {
                continue;
            };
            let value = value.trim_start();
            let quote = value.chars().next().filter(|one| matches!(one, '"' | '\''));
            let address = match quote {
                Some(quote) => value[1..].split(quote).next(),
                None => value.split(|one: char| one.is_whitespace() || one == '>').next(),
            };
            let address = address.unwrap_or_default().trim();
            if is_start && !address.is_empty() {
                found.push((at, name, address.to_owned()));
            }
        }
    }
    found.sort_by_key(|(at, ..)| *at);
    found.into_iter().map(|(_, name, address)| (name, address)).collect()
}

/// Puts other addresses in their places, which are in order.
pub fn replace(markdown: &str, addresses: &[(Range<usize>, String)]) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut at = 0;
    for (range, address) in addresses {
        if range.start < at {
            continue;
        }
        text.push_str(&markdown[at..range.start]);
        text.push_str(address);
        at = range.end;
    }
    text.push_str(&markdown[at..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(markdown: &str) -> Vec<(&str, usize, bool)> {
        let links = links(markdown);
        links.into_iter().map(|link| (&markdown[link.range], link.line, link.is_shown)).collect()
    }

    #[test]
    fn links_and_pictures_are_found_where_they_stand() {
        let markdown = "`![](a.png)` ![one](a.png \"a.png\") and [two](b.md)\n\n\
                        [![three](c d.png)](c.png)\n\n![three](<c d.png>)\n\n> ![four][f] ![g]\n\n\
                        <img\n  src=\"e.png\" alt='x'><a href=f.html>\n\n```\n![](a.png)\n```\n\n\
                        [f]: f.png\n[g]: <g.png> 'x'\n";
        assert_eq!(
            found(markdown),
            [
                ("a.png", 1, true),
                ("b.md", 1, false),
                ("c.png", 3, false),
                ("c d.png", 5, true),
                ("e.png", 10, true),
                ("f.html", 10, false),
                ("f.png", 16, true),
                ("g.png", 17, true),
            ]
        );
        assert_eq!(found("[![three](c.png)](c.png)"), [("c.png", 1, true), ("c.png", 1, false)]);
        assert_eq!(found("> - é ![é](é.png) <https://a.example/é>")[0], ("é.png", 1, true));
    }

    /// The text with `X` in place of all addresses.
    fn crossed_out(markdown: &str) -> String {
        let places = links(markdown).into_iter().map(|link| (link.range, "X".to_owned()));
        replace(markdown, &places.collect::<Vec<_>>())
    }

    #[test]
    fn a_tags_address_is_found_in_the_tag_itself() {
        for (markdown, expected) in [
            (r#"<a href="/p.png"><img src="/p.png"></a>"#, r#"<a href="X"><img src="X"></a>"#),
            (r#"The file /p.png: <img src="/p.png">"#, r#"The file /p.png: <img src="X">"#),
            (r#"x <img src="/p"> <img src="/p">"#, r#"x <img src="X"> <img src="X">"#),
            (r#"x <img src="12.png"> <img src="2.png">"#, r#"x <img src="X"> <img src="X">"#),
            ("x <img alt='/p.png' SRC = /p.png>", "x <img alt='/p.png' SRC = X>"),
            ("é <IMG src=' /p.png '> /p.png", "é <IMG src=' X '> /p.png"),
            ("x <img\nsrc='/p'> <img src='/p'>", "x <img\nsrc='X'> <img src='X'>"),
            (
                "> x\n> /p <img src='/p'> /p <img src='/p'>",
                "> x\n> /p <img src='X'> /p <img src='X'>",
            ),
            ("<p>/p\n<img src='/p'><img src='/p'>", "<p>/p\n<img src='X'><img src='X'>"),
            ("- a\n\n  x <img src='/p'> <img src='/p'>", "- a\n\n  x <img src='X'> <img src='X'>"),
            ("> <img\n> src='/p'> <img src='/p'>", "> <img\n> src='X'> <img src='X'>"),
        ] {
            assert_eq!(crossed_out(markdown), expected, "{markdown}");
        }
        assert_eq!(links("<img src='/q?a&amp;b'>")[0].address, "/q?a&b");
        assert!(found("<a href='/p'><img src='/p'></a>")[1].2, "the page shows the picture");
    }

    #[test]
    fn addresses_with_escapes_and_those_on_the_next_line_are_found() {
        for (markdown, expected, address) in [
            (r"![x](/my\_photo.png)", "![x](X)", "/my_photo.png"),
            (r"![x](/p\(2\).png 'x')", "![x](X 'x')", "/p(2).png"),
            (r"![x]( /x\[1\].png )", "![x]( X )", "/x[1].png"),
            ("![x](/q&amp;a.png)", "![x](X)", "/q&a.png"),
            (r"![x](<a b\_c.png>)", "![x](<X>)", "a b_c.png"),
            (r"[![x](/a\_b.png)](/a\_b.png)", "[![x](X)](X)", "/a_b.png"),
            (r#"![x](/a\_b.png "t](/c\_d)")"#, r#"![x](X "t](/c\_d)")"#, "/a_b.png"),
            ("> ![x](/é\\_b(1).png) é", "> ![x](X) é", "/é_b(1).png"),
            ("[x][r]\n\n[r]:\n/ref.png\n", "[x][r]\n\n[r]:\nX\n", "/ref.png"),
            ("> [r]\n>\n> [r]:\n>   </r f> 'x'", "> [r]\n>\n> [r]:\n>   <X> 'x'", "/r f"),
            ("![r]\n\n[r]: /a\\_b&amp;c", "![r]\n\n[r]: X", "/a_b&c"),
        ] {
            assert_eq!(crossed_out(markdown), expected, "{markdown}");
            assert_eq!(links(markdown)[0].address, address, "{markdown}");
        }
    }

    #[test]
    fn other_addresses_take_their_places() {
        let markdown = "![](a.png) ![](b.png)";
        let links = links(markdown);
        let others: Vec<_> =
            links.into_iter().map(|link| (link.range, "/pictures/x.png".to_owned())).collect();
        assert_eq!(replace(markdown, &others), "![](/pictures/x.png) ![](/pictures/x.png)");
    }
}
