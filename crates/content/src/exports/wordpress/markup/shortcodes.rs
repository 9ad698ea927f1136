//! WordPress's shortcodes, such as `[gallery ids="7"]`, of its own and of widespread plugins.

use std::collections::HashSet;

use super::super::super::Attachment;
use super::super::paragraphs::{Markup, element, is_verbatim, markup};
use super::code_blocks::{code, typed_code};
use super::formulas::{dollar_latex, is_document, latex, unescaped};
use super::{LONGEST_SHORTCODE, MOST_ADDED, Reader, Surroundings, link_to};
use crate::front_matter::Fate;
use crate::html_text::escaped;
use crate::shortcodes::arguments::Arguments;

/// Shortcodes for code that are called like its language.
const LANGUAGES: [&str; 31] = [
    "bash",
    "c",
    "cpp",
    "csharp",
    "css",
    "diff",
    "erlang",
    "go",
    "groovy",
    "html",
    "java",
    "javascript",
    "js",
    "matlab",
    "objc",
    "perl",
    "php",
    "plain",
    "powershell",
    "python",
    "py",
    "r",
    "ruby",
    "scala",
    "shell",
    "sql",
    "swift",
    "text",
    "vb",
    "xml",
    "yaml",
];

/// Shortcodes of plugins around what only some readers see.
const HIDING: [&str; 15] = [
    "groups_member",
    "ihc-hide-content",
    "member",
    "members_access",
    "members_only",
    "membership",
    "mepr-show",
    "pmpro_member",
    "private",
    "restrict",
    "s2if",
    "swpm_protected",
    "um_loggedin",
    "wcm_restrict",
    "wlm_private",
];

impl Reader<'_> {
    /// Replaces shortcodes and Jetpack's formulas, outside of tags and of code.
    pub(super) fn shortcodes(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut missing = HashSet::new();
        let last = text.rfind("-->");
        let mut at = 0;
        while let Some(next) = text[at..].find(['<', '[', '$']) {
            out.push_str(&text[at..at + next]);
            at += next;
            let rest = &text[at..];
            if rest.starts_with('$') {
                let found = dollar_latex(rest);
                let (length, html) = found.unwrap_or((1, "$".to_owned()));
                out.push_str(&html);
                at += length;
                continue;
            }
            if rest.starts_with('<') {
                let length = match markup(text, at, last) {
                    Markup::Text => 1,
                    Markup::Comment { length, .. } => length,
                    Markup::Tag { length, name, is_end } => {
                        let is_kept = !is_end && (is_verbatim(&name) || name == "code");
                        let whole =
                            is_kept.then(|| element(rest, &name, length, &mut missing)).flatten();
                        let typed = whole.filter(|_| name == "pre");
                        if let Some(whole) = typed
                            && let Some(html) = typed_code(&rest[..whole], length)
                        {
                            out.push_str(&html);
                            at += whole;
                            continue;
                        }
                        whole.unwrap_or(length)
                    }
                };
                out.push_str(&rest[..length]);
                at += length;
                continue;
            }
            match self.shortcode(rest, &mut missing) {
                Some((length, html)) => {
                    out.push_str(&html);
                    at += length;
                }
                None => {
                    self.plain.has_hidden_part |= ends_hidden_part(rest);
                    out.push('[');
                    at += 1;
                }
            }
        }
        out.push_str(&text[at..]);
        out
    }

    /// A shortcode at the start of a text: how long it is, and what it becomes.
    fn shortcode(&mut self, text: &str, missing: &mut HashSet<String>) -> Option<(usize, String)> {
        // `[[name]]` shows `[name]`.
        if let Some(inner) = text.strip_prefix("[[") {
            let end =
                inner.as_bytes().iter().take(LONGEST_SHORTCODE).position(|one| *one == b']')?;
            let is_escaped = inner[end..].starts_with("]]") && is_name_start(inner);
            return is_escaped.then(|| (end + 4, format!("&#91;{}]", &inner[..end])));
        }
        let inner = &text[1..];
        let letters = inner
            .bytes()
            .take_while(|one| one.is_ascii_alphanumeric() || matches!(one, b'_' | b'-'))
            .count();
        if letters == 0 || !is_name_start(inner) {
            return None;
        }
        let name = inner[..letters].to_ascii_lowercase();
        let after = &inner[letters..];
        if !after.starts_with([' ', '\t', '\n', '\u{a0}', ']', '/', '=']) {
            return None;
        }
        let mut quote = None;
        let end = after.bytes().take(LONGEST_SHORTCODE).position(|byte| {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), byte) if open == byte => quote = None,
                (None, b']') => return true,
                _ => {}
            }
            false
        });
        // An apostrophe is no quotation.
        let end =
            end.or_else(|| after.bytes().take(LONGEST_SHORTCODE).position(|one| one == b']'))?;
        let given = after[..end].trim_end_matches('/').replace('\u{a0}', " ");
        // `[youtube=https://…]`
        let given = given.strip_prefix('=').map(|url| format!(" {url}")).unwrap_or(given);
        let start = 1 + letters + end + 1;
        let arguments = Arguments::parse(&format!("{name} {}", given.trim()));
        let closing = format!("[/{name}]");
        let close = match missing.contains(&closing) || after[..end].ends_with('/') {
            true => None,
            false => text[start..].find(&closing).map(|close| start + close),
        };
        if close.is_none() && !after[..end].ends_with('/') {
            missing.insert(closing.clone());
        }
        let content = close.map_or("", |close| &text[start..close]);
        let length = close.map_or(start, |close| close + closing.len());
        match self.known(&name, &arguments, content) {
            Some(html) => Some((length, html)),
            None => {
                let is_shortcode = close.is_some()
                    || given.contains('=')
                    || name.contains(['_', '-'])
                    || ["playlist", "gallery", "contact-form", "toc"].contains(&name.as_str());
                if is_shortcode {
                    let text =
                        format!("the shortcode [{name}] is not known here and stays in the text");
                    self.note(Fate::Left, text);
                }
                None
            }
        }
    }

    /// What a shortcode that is known becomes.
    fn known(&mut self, name: &str, arguments: &Arguments, content: &str) -> Option<String> {
        let first = || arguments.at(0).unwrap_or_default().to_owned();
        let get = |keys: &[&str]| keys.iter().find_map(|key| arguments.get(key)).map(str::to_owned);
        let inner = || plain_address(content);
        match name {
            "caption" | "wp_caption" if content.is_empty() => None,
            "caption" | "wp_caption" => Some(caption(content, arguments.get("caption"))),
            "gallery" => self.gallery(arguments),
            "embed" => Some(link_to(&inner().or(get(&["src", "url"]))?)),
            "youtube" | "vimeo" | "gist" | "tweet" | "twitter" | "soundcloud" | "instagram"
            | "dailymotion" | "ted" | "googlemaps" | "spotify" | "slideshare" | "codepen"
            | "iframe" | "googlevideo" | "wpvideo" | "videopress" | "bandcamp" | "facebook" => {
                let given = get(&["url", "src", "id"]).or(inner()).unwrap_or_else(first);
                let given = given.replace("&amp;", "&");
                let given = given.trim().trim_start_matches('=').trim();
                let is_id = !given.is_empty()
                    && given
                        .bytes()
                        .all(|one| one.is_ascii_alphanumeric() || b"_-/".contains(&one));
                let address = match name {
                    _ if given.contains("://") => given.to_owned(),
                    "youtube" if is_id => format!("https://www.youtube.com/watch?v={given}"),
                    "vimeo" if is_id => format!("https://vimeo.com/{given}"),
                    "gist" if is_id => format!("https://gist.github.com/{given}"),
                    "tweet" | "twitter" if is_id => format!("https://x.com/i/status/{given}"),
                    "dailymotion" if is_id => format!("https://www.dailymotion.com/video/{given}"),
                    "wpvideo" | "videopress" if is_id => {
                        format!("https://videopress.com/v/{given}")
                    }
                    _ => return None,
                };
                Some(link_to(&address))
            }
            "audio" | "video" => {
                let keys = ["src", "mp4", "m4v", "webm", "ogv", "mp3", "m4a", "ogg", "wav", "wmv"];
                let given = get(&keys).or_else(inner).or_else(|| Some(first()))?;
                let is_address = given.contains("://") || given.starts_with('/');
                is_address.then(|| {
                    format!("\n\n<{name} controls src=\"{}\"></{name}>\n\n", escaped(&given))
                })
            }
            "latex" if is_document(content) => Some(code(content, Some("latex"))),
            "latex" if !content.is_empty() => Some(latex(&unescaped(content))),
            "code" | "sourcecode" | "source" | "highlight" if !content.is_empty() => {
                let language = get(&["lang", "language"]).or(arguments.at(0).map(str::to_owned));
                Some(code(content, language.as_deref()))
            }
            name if LANGUAGES.contains(&name) && !content.is_empty() => {
                let is_plain = ["plain", "text"].contains(&name);
                Some(code(content, Some(name).filter(|_| !is_plain)))
            }
            _ => None,
        }
    }

    fn gallery(&mut self, arguments: &Arguments) -> Option<String> {
        let Surroundings { attachments, id, .. } = self.surroundings;
        let ids = arguments.get("ids").or(arguments.get("include"));
        let ids: Vec<String> = match ids {
            Some(ids) => ids.split(',').map(|id| id.trim().to_owned()).collect(),
            None => {
                let own = attachments.iter().filter(|(_, one)| one.parent == *id);
                let mut own: Vec<String> = own.map(|(id, _)| id.clone()).collect();
                own.sort_by_key(|id| (id.len(), id.clone()));
                own
            }
        };
        let mut pictures = String::new();
        for id in ids.iter().filter(|id| !id.is_empty()) {
            match attachments.get(id.as_str()) {
                Some(_) if self.added > MOST_ADDED => {}
                Some(Attachment { address, description, .. }) => {
                    let picture = format!(
                        "<p><img src=\"{}\" alt=\"{}\"></p>",
                        escaped(address),
                        escaped(description)
                    );
                    self.added += picture.len();
                    pictures.push_str(&picture);
                }
                None => {
                    let id: String = id.chars().take(20).collect();
                    self.note(Fate::Left, format!("picture {id} of a gallery is not in the file"));
                }
            }
        }
        (!pictures.is_empty()).then(|| format!("\n\n{pictures}\n\n"))
    }
}

/// Whether a text begins with the end of what a plugin shows to some readers only. Its beginning
/// may be in another block. `[[private]…[/private]]` only shows how to write it.
fn ends_hidden_part(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("[/") else { return false };
    HIDING.iter().any(|name| {
        let start = rest.as_bytes().get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            && rest[name.len()..].starts_with(']')
            && !rest[name.len()..].starts_with("]]")
    })
}

fn is_name_start(text: &str) -> bool {
    text.starts_with(|one: char| one.is_ascii_alphabetic() || one == '_')
}

/// The address that is all of a text, or of the first link in it.
fn plain_address(content: &str) -> Option<String> {
    let content = content.trim();
    let is_address = |text: &str| text.contains("://") && !text.contains(['<', '>', ' ', '"']);
    let link = || {
        let (_, rest) = content.split_once("href=\"")?;
        rest.split('"').next()
    };
    let address = Some(content).filter(|text| is_address(text)).or_else(link)?;
    is_address(address).then(|| address.replace("&amp;", "&"))
}

/// A picture with a caption.
fn caption(content: &str, attribute: Option<&str>) -> String {
    let content = content.trim();
    let end = match (content.starts_with("<a"), content.find("</a>")) {
        (true, Some(end)) => end + 4,
        _ => {
            content.find("<img").and_then(|at| Some(at + content[at..].find('>')? + 1)).unwrap_or(0)
        }
    };
    let (picture, below) = content.split_at(end);
    let below = below.trim();
    let said = if below.is_empty() { attribute.unwrap_or_default() } else { below };
    format!("\n\n<figure>{picture}<figcaption>{said}</figcaption></figure>\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{read, read_for};

    #[test]
    fn shortcodes_become_what_they_mean() {
        let own = "![A](https://a.example/wp-content/uploads/7.png)";
        for (text, markdown) in [
            (
                "[caption id=\"x\" width=\"300\"]<a href=\"/x\"><img src=\"/a.png\" alt=\"A\" /></a> The <i>sea</i>[/caption]\ntext",
                "[![A](/a.png)](/x)\n\n*The sea*\n\ntext\n",
            ),
            ("[caption caption=\"B\"]<img src=\"/a.png\">[/caption]", "![](/a.png)\n\n*B*\n"),
            ("[gallery ids=\"7\"]", &format!("{own}\n")),
            ("[gallery columns=2]", &format!("{own}\n")),
            (
                "[embed]https://youtu.be/a?b=1&amp;c=2[/embed]",
                "[Video on YouTube](https://youtu.be/a?b=1&c=2)\n",
            ),
            ("[youtube abc]", "[Video on YouTube](https://www.youtube.com/watch?v=abc)\n"),
            (
                "[youtube=http://www.youtube.com/watch?v=abc&w=1]",
                "[Video on YouTube](http://www.youtube.com/watch?v=abc&w=1)\n",
            ),
            (
                "[sourcecode language=\"php\"]\n<?php [caption] ?>\n\nx\n[/sourcecode]",
                "```php\n<?php [caption] ?>\n\nx\n```\n",
            ),
            ("[perl]my $a = <F>;[/perl]", "```perl\nmy $a = <F>;\n```\n"),
            ("[[gallery ids=\"7\"]] and `[x]`", "\\[gallery ids=\"7\"\\] and \\`\\[x\\]\\`\n"),
            ("<pre>[gallery]</pre>", "```\n[gallery]\n```\n"),
            ("a [sic] b [1] [/caption]", "a \\[sic\\] b \\[1\\] \\[/caption\\]\n"),
        ] {
            assert_eq!(read(text), (markdown.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_stays_and_is_named_once() {
        let (markdown, notes) =
            read("[contact-form-7 id=\"1\"] [contact-form-7 id=\"2\"][tab]a[/tab]");
        assert!(markdown.contains("\\[tab\\]a"), "{markdown}");
        assert_eq!(
            notes,
            [
                "the shortcode [contact-form-7] is not known here and stays in the text",
                "the shortcode [tab] is not known here and stays in the text"
            ]
        );
        assert_eq!(read("[gallery ids=\"9\"]").1[0], "picture 9 of a gallery is not in the file");
    }

    #[test]
    fn shortcodes_around_what_some_readers_see_are_noticed_outside_of_code() {
        for (text, is_hidden) in [
            ("[private]secret[/private]", true),
            ("[private role=\"editor\"]\n\nsecret\n\n[/Private]", true),
            ("a [members_only]b[/members_only] c", true),
            (
                "<!-- wp:shortcode -->[private]<!-- /wp:shortcode --><p>secret</p>\
                 <!-- wp:shortcode -->[/private]<!-- /wp:shortcode -->",
                true,
            ),
            ("a [private] beach", false),
            ("[[private]secret[/private]]", false),
            ("<pre>[private]x[/private]</pre> or <code>[/private]</code>", false),
            ("[code][private]x[/private][/code]", false),
            ("[/privateer] [/", false),
        ] {
            assert_eq!(read_for(false, text).2, is_hidden, "{text}");
        }
    }
}
