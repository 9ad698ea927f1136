//! Turns what WordPress keeps as the text of a post into plain HTML: blocks, shortcodes, and
//! paragraphs without tags.

use std::collections::{HashMap, HashSet};

use super::ghost::GATED;
use super::paragraphs::{Markup, element, is_verbatim, markup, paragraphs};
use super::{Attachment, Attachments};
use crate::front_matter::Fate;
use crate::highlight::is_highlighted;
use crate::html_text::escaped;
use crate::language::is_short_code;
use crate::shortcodes::arguments::Arguments;
use crate::to_markdown::embedded;

/// How deep blocks that are used in several posts may be in each other.
const DEEPEST: usize = 5;

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

/// The longest shortcode, in bytes.
const LONGEST_SHORTCODE: usize = 4 << 10;

/// The most that pictures and shared blocks may add to a text, in bytes.
const MOST_ADDED: usize = 4 << 20;

/// The block of Jetpack below which only subscribers read on.
const PAYWALL: &str = "jetpack/paywall";

/// The block of Jetpack with what only subscribers see. What others see instead is beside it.
const SUBSCRIBER_VIEW: &str = "premium-content/subscriber-view";

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

/// Blocks without a text that mean nothing by themselves.
const SILENT: [&str; 9] = [
    "core/spacer",
    "core/nextpage",
    "core/more",
    "core/separator",
    "core/post-title",
    "core/column",
    "core/site-title",
    "core/post-date",
    PAYWALL,
];

/// What a text may refer to.
pub(super) struct Surroundings<'a> {
    pub attachments: &'a Attachments,
    /// Texts of blocks that are used in several posts, by their ID.
    pub blocks: &'a HashMap<String, String>,
    /// The post's own ID.
    pub id: &'a str,
    /// The footnotes, as the block editor keeps them.
    pub footnotes: Option<&'a str>,
    /// Whether the whole post is for members only. Then nothing is cut out of it.
    pub is_for_members: bool,
}

/// A text that was read.
#[derive(Debug, Default)]
pub(super) struct Plain {
    pub html: String,
    /// What a person should know.
    pub notes: Vec<(Fate, String)>,
    /// Whether a part was for members only. It is not in the HTML.
    pub is_gated: bool,
    /// Whether there is a part in the HTML that not every reader saw.
    pub has_hidden_part: bool,
}

/// Returns plain HTML.
pub(super) fn to_html(text: &str, surroundings: &Surroundings<'_>) -> Plain {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader {
        surroundings,
        plain: Plain::default(),
        named: HashSet::new(),
        added: 0,
        is_at_paywall: false,
    };
    let html = if text.contains("<!-- wp:") {
        reader.blocks(&text, 0)
    } else {
        let text = reader.shortcodes(&text);
        paragraphs(&text)
    };
    let mut plain = reader.plain;
    if plain.is_gated {
        plain.notes.push((Fate::Left, GATED.to_owned()));
    }
    Plain { html, ..plain }
}

struct Reader<'a> {
    surroundings: &'a Surroundings<'a>,
    /// What is known of the text so far.
    plain: Plain,
    /// What has been named already.
    named: HashSet<String>,
    added: usize,
    /// Whether nothing more is read, because the rest is for members only.
    is_at_paywall: bool,
}

/// The delimiter of a block: `wp:name {"json": 1} /`.
struct Delimiter<'a> {
    /// With its namespace.
    name: String,
    json: &'a str,
    is_end: bool,
    /// Whether there is nothing in the block.
    is_void: bool,
}

fn delimiter(comment: &str) -> Option<Delimiter<'_>> {
    let comment = comment.trim();
    let (rest, is_end) = match comment.strip_prefix('/') {
        Some(rest) => (rest, true),
        None => (comment, false),
    };
    let rest = rest.strip_prefix("wp:")?;
    let is_void = rest.ends_with('/');
    let rest = rest.trim_end_matches('/').trim_end();
    let (name, json) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = if name.contains('/') { name.to_owned() } else { format!("core/{name}") };
    Some(Delimiter { name, json: json.trim(), is_end, is_void })
}

impl Reader<'_> {
    fn note(&mut self, fate: Fate, text: String) {
        if self.named.len() < 100 && self.named.insert(text.clone()) {
            self.plain.notes.push((fate, text));
        }
    }

    /// Takes the delimiters of blocks away, and what only members see. Text outside of blocks was
    /// written without them.
    fn blocks(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::with_capacity(text.len());
        let last = text.rfind("-->");
        let (mut at, mut from, mut open) = (0, 0, 0_usize);
        // How many views for subscribers are open. One that does not end lasts to the end: nothing
        // that was hidden may be seen.
        let mut gated = 0_usize;
        while let Some(next) = text[at..].find("<!--") {
            at += next;
            let Markup::Comment { length, inner } = markup(text, at, last) else { break };
            let Some(block) = delimiter(inner) else {
                at += length;
                continue;
            };
            if gated == 0 {
                self.between(&text[from..at], open == 0, &mut out);
            }
            at += length;
            from = at;
            if !self.surroundings.is_for_members {
                if block.name == PAYWALL {
                    self.is_at_paywall = true;
                } else if block.name == SUBSCRIBER_VIEW && !block.is_void {
                    gated = if block.is_end { gated.saturating_sub(1) } else { gated + 1 };
                }
                self.plain.is_gated |= self.is_at_paywall || gated > 0;
            }
            match (block.is_end, block.is_void) {
                (true, _) => open = open.saturating_sub(1),
                (false, true) if gated > 0 => {}
                (false, true) => self.void(&block, depth, &mut out),
                (false, false) if block.name == "core/freeform" => {}
                (false, false) => open += 1,
            }
            // The paywall may be in a shared block too.
            if self.is_at_paywall {
                return out;
            }
        }
        if gated == 0 {
            self.between(&text[from..], open == 0, &mut out);
        }
        out
    }

    fn between(&mut self, text: &str, is_outside: bool, out: &mut String) {
        if text.trim().is_empty() {
            return;
        }
        let text = self.shortcodes(text);
        match is_outside {
            true => out.push_str(&paragraphs(&text)),
            false => out.push_str(&text),
        }
    }

    /// A block that WordPress fills when it shows a page.
    fn void(&mut self, block: &Delimiter<'_>, depth: usize, out: &mut String) {
        let json: serde_json::Value = serde_json::from_str(block.json).unwrap_or_default();
        let get = |key: &str| match &json[key] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        match block.name.as_str() {
            "core/block" => match self.surroundings.blocks.get(&get("ref")) {
                Some(text) if depth < DEEPEST && self.added + text.len() <= MOST_ADDED => {
                    self.added += text.len();
                    let inner = self.blocks(text, depth + 1);
                    out.push_str(&inner);
                }
                _ => {
                    let text = format!("the shared block {} is not in the file", get("ref"));
                    self.note(Fate::Left, text);
                }
            },
            "core/footnotes" => self.footnotes(out),
            "core/math" if !get("latex").is_empty() => {
                out.push_str(&format!("<p>{}</p>", formula(&get("latex"), true)));
            }
            "core/embed" if !get("url").is_empty() => out.push_str(&link_to(&get("url"))),
            name if SILENT.contains(&name) => {}
            name => {
                let name = name.strip_prefix("core/").unwrap_or(name);
                let name: String = name.chars().take(60).collect();
                let text = format!("WordPress fills the block {name:?} itself, so it was left out");
                self.note(Fate::Left, text);
            }
        }
    }

    fn footnotes(&mut self, out: &mut String) {
        let notes = self.surroundings.footnotes.unwrap_or_default();
        let notes: serde_json::Value = serde_json::from_str(notes).unwrap_or_default();
        let notes = notes.as_array().map(Vec::as_slice).unwrap_or_default();
        let items: String = notes
            .iter()
            .map(|note| {
                let id = note["id"].as_str().unwrap_or_default();
                let content = note["content"].as_str().unwrap_or_default();
                format!("<li id=\"{}\">{content}</li>", escaped(id))
            })
            .collect();
        match items.is_empty() {
            true => self.note(Fate::Left, "the footnotes are not in the file".into()),
            false => out.push_str(&format!("<ol>{items}</ol>")),
        }
    }

    /// Replaces shortcodes and Jetpack's formulas, outside of tags and of code.
    fn shortcodes(&mut self, text: &str) -> String {
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

/// The signs of a text that is HTML, as Jetpack reads them in a formula.
fn unescaped(text: &str) -> String {
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'")];
    let text = signs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    text.replace("&#038;", "&").replace("&amp;", "&")
}

/// A formula, in the form in which the block editor keeps it.
fn formula(latex: &str, is_display: bool) -> String {
    let display = if is_display { " display=\"block\"" } else { "" };
    format!(
        "<math{display}><annotation encoding=\"application/x-tex\">{}</annotation></math>",
        escaped(latex)
    )
}

/// A formula that may stand between signs of its own.
fn latex(text: &str) -> String {
    let text = text.trim();
    let around =
        [("$$", "$$", true), ("\\[", "\\]", true), ("$", "$", false), ("\\(", "\\)", false)];
    let inner = around.iter().find_map(|(start, end, is_display)| {
        let inner = text.strip_prefix(start)?.strip_suffix(end)?;
        Some(formula(inner, *is_display))
    });
    inner.unwrap_or_else(|| formula(text, false))
}

/// Whether LaTeX is no formula but a whole document, or its beginning.
fn is_document(latex: &str) -> bool {
    ["\\documentclass", "\\usepackage", "\\begin{document}"].iter().any(|one| latex.contains(one))
}

/// Jetpack's `$latex x^2$` at the start of a text: how long it is, and what it becomes. There may
/// be no tag in it, and colours and a size at its end, as in `$latex x^2&bg=ffffff&s=1$`.
fn dollar_latex(text: &str) -> Option<(usize, String)> {
    let start = "$latex".len();
    let name = text.as_bytes().get(..start)?;
    if !name.eq_ignore_ascii_case(b"$latex") || !text[start..].starts_with([' ', '\t', '\n', '=']) {
        return None;
    }
    let mut before = b' ';
    let end = text[start..].bytes().take(LONGEST_SHORTCODE).position(|byte| {
        let is_end = byte == b'<' || (byte == b'$' && before != b'\\');
        before = byte;
        is_end
    })?;
    let end = start + end;
    let inner = text[start..end].strip_prefix('=').unwrap_or(&text[start..end]);
    if !text[end..].starts_with('$') || inner.trim().is_empty() {
        return None;
    }
    let decoded = unescaped(inner);
    let mut latex = decoded.trim();
    while let Some((before, _)) = latex.rsplit_once('&').filter(|(_, last)| is_look(last)) {
        latex = before;
    }
    Some((end + 1, formula(latex.trim(), false)))
}

/// Whether it is a colour or a size of a formula.
fn is_look(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return false };
    match name {
        "fg" | "bg" => value.len() == 6 && value.bytes().all(|one| one.is_ascii_hexdigit()),
        "s" => value.parse::<i8>().is_ok(),
        _ => false,
    }
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

/// A link to something embedded.
fn link_to(address: &str) -> String {
    let (said, href) = embedded(address, None);
    format!("\n\n<p><a href=\"{}\">{}</a></p>\n\n", escaped(&href), escaped(&said))
}

/// Whether a visual editor has escaped the signs of a text.
fn has_escapes(text: &str) -> bool {
    ["&lt;", "&gt;", "&amp;"].iter().any(|one| text.contains(one))
}

/// A block of code.
fn code(content: &str, language: Option<&str>) -> String {
    let content = content.trim_matches('\n');
    // The visual editor has escaped the signs, the other one has not.
    match has_escapes(content) {
        true => code_block(content, language),
        false => code_block(&escaped(content), language),
    }
}

/// A block of code whose signs are escaped.
fn code_block(code: &str, language: Option<&str>) -> String {
    let class = language
        .map(|language| format!(" class=\"language-{}\"", escaped(language)))
        .unwrap_or_default();
    format!("\n\n<pre><code{class}>{code}</code></pre>\n\n")
}

/// The block of code that a whole `<pre lang="php" line="1">` is for WP-Syntax and plugins like it.
/// They take it out of the text before it is read as HTML, so there may be any sign in it. Blocks
/// of the block editor have a class; their code is HTML.
fn typed_code(element: &str, length: usize) -> Option<String> {
    let arguments = Arguments::parse(&element[1..length - 1]);
    let language = arguments.get("lang").filter(|language| !is_spoken(language))?;
    if arguments.get("class").is_some() {
        return None;
    }
    let content = element[length..].rsplit_once("</")?.0.trim_matches('\n').trim_end();
    // A visual editor leaves neither sign as it is.
    let is_escaped = arguments.get("escaped") == Some("true")
        || (has_escapes(content) && !content.contains(['<', '>']));
    let code = match is_escaped {
        true => content.replace('<', "&lt;").replace('>', "&gt;"),
        false => escaped(content),
    };
    Some(code_block(&code, Some(language)))
}

/// Whether an attribute `lang` has a language of people, as it has in HTML. A code of two letters
/// may also be short for a language of code: `cs` is Czech and C#.
fn is_spoken(language: &str) -> bool {
    let code = language.split('-').next().unwrap_or_default();
    is_short_code(code) && !is_highlighted(language)
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
    use super::*;
    use crate::markdown::render;
    use crate::to_markdown::to_markdown;

    /// The Markdown, the notes and whether a part of it was hidden.
    fn read_for(is_for_members: bool, text: &str) -> (String, Vec<String>, bool) {
        let picture = |address: &str, parent: &str| Attachment {
            address: address.into(),
            description: "A".into(),
            parent: parent.into(),
        };
        let attachments = Attachments::from([
            ("7".to_owned(), picture("https://a.example/wp-content/uploads/7.png", "1")),
            ("8".to_owned(), picture("https://a.example/wp-content/uploads/8.png", "")),
        ]);
        let shared = "<!-- wp:paragraph --><p>shared</p><!-- /wp:paragraph --><!-- wp:block {\"ref\":5} /-->";
        let walled = "<p>a</p><!-- wp:jetpack/paywall /--><p>secret</p>";
        let blocks = HashMap::from([
            ("5".to_owned(), shared.to_owned()),
            ("7".to_owned(), walled.to_owned()),
        ]);
        let surroundings = Surroundings {
            attachments: &attachments,
            blocks: &blocks,
            id: "1",
            footnotes: Some("[{\"id\":\"n\",\"content\":\"A <em>note</em>\"}]"),
            is_for_members,
        };
        let Plain { html, notes, has_hidden_part, .. } = to_html(text, &surroundings);
        let notes = notes.into_iter().map(|(_, text)| text).collect();
        (to_markdown(&html).markdown, notes, has_hidden_part)
    }

    fn read(text: &str) -> (String, Vec<String>) {
        let (markdown, notes, _) = read_for(false, text);
        (markdown, notes)
    }

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
    fn blocks_lose_their_delimiters() {
        let (markdown, notes) = read(
            "old\n\nstyle\n<!-- wp:paragraph {\"align\":\"x\"} -->\n<p>a\nb</p>\n<!-- /wp:paragraph -->\n\n\
             <!-- wp:group --><div><!-- wp:heading --><h2>H</h2><!-- /wp:heading --></div><!-- /wp:group -->\n\
             <!-- wp:separator /-->\n<!-- wp:latest-posts {\"n\":1} /-->\n<!-- wp:footnotes /-->",
        );
        assert_eq!(markdown, "old\n\nstyle\n\na b\n\n## H\n\n1. A *note*\n");
        assert_eq!(
            notes,
            ["WordPress fills the block \"latest-posts\" itself, so it was left out"]
        );
    }

    #[test]
    fn a_shared_block_is_put_in_and_ends_if_it_holds_itself() {
        let (markdown, notes) =
            read("<!-- wp:block {\"ref\":5} /--><!-- wp:block {\"ref\":6} /-->");
        assert_eq!(markdown.matches("shared").count(), DEEPEST);
        assert_eq!(notes.len(), 2, "{notes:?}");
    }

    #[test]
    fn code_with_a_language_is_taken_as_it_was_typed() {
        let php = "<?php\n$lines = 5;\nif ($a->b > 1) {\n    echo \"<b>\";\n}";
        for (text, markdown) in [
            (
                format!("a\n<pre lang=\"php\" line=\"1\">\n{php}\n</pre>\nb"),
                format!("a\n\n```php\n{php}\n```\n\nb\n"),
            ),
            (
                "<pre line='1' lang='cpp'>#include <stdio.h>\nvector<int> a;</pre>".into(),
                "```cpp\n#include <stdio.h>\nvector<int> a;\n```\n".into(),
            ),
            (
                "<PRE lang=\"html\">\n\n  <p>[gallery]</p>\n\n<!-- x -->&nbsp;</PRE>".into(),
                "```html\n  <p>[gallery]</p>\n\n<!-- x -->&nbsp;\n```\n".into(),
            ),
            (
                "<pre lang=\"php\" escaped=\"true\">&lt;b&gt; &amp;amp; <i></pre>".into(),
                "```php\n<b> &amp; <i>\n```\n".into(),
            ),
            (
                "<pre lang=\"php\">if ($a &amp;&amp; $b-&gt;c)</pre>".into(),
                "```php\nif ($a && $b->c)\n```\n".into(),
            ),
            (
                "<pre lang=\"php\">$a = \"&amp;\"; $b->c</pre>".into(),
                "```php\n$a = \"&amp;\"; $b->c\n```\n".into(),
            ),
            (
                "<!-- wp:html -->\n<pre lang=\"c\">a <b></pre>\n<!-- /wp:html -->".into(),
                "```c\na <b>\n```\n".into(),
            ),
            (
                "<!-- wp:code --><pre class=\"wp-block-code\" lang=\"c\"><code>a &lt;b> &amp;amp;\
                 </code></pre><!-- /wp:code -->"
                    .into(),
                "```c\na <b> &amp;\n```\n".into(),
            ),
            ("<pre lang=\"en-GB\">a <b>b</b></pre>".into(), "<pre lang=\"en-GB\">".into()),
            ("<pre lang=\"sv\">a <b>b</b></pre>".into(), "<pre lang=\"sv\">".into()),
            ("<pre lang=\"cs\">a <b></pre>".into(), "```cs\na <b>\n```\n".into()),
            ("<pre lang=\"cs-CZ\">a <b>b</b></pre>".into(), "<pre lang=\"cs-CZ\">".into()),
        ] {
            let (found, notes) = read(&text);
            assert!(found.starts_with(&markdown), "{text}: {found}");
            assert!(notes.is_empty(), "{text}: {notes:?}");
        }
        assert!(read("<pre lang=\"php\">a <b>b").0.contains("a"));
    }

    #[test]
    fn formulas_stay_formulas() {
        for (text, markdown) in [
            ("a $latex \\frac12$ b", "a $\\frac12$ b\n"),
            ("$LaTeX=[a, b]$ and $latex\na &lt; b &amp;s=2$.", "$[a, b]$ and $a < b$.\n"),
            ("<p>$latex x_1&bg=ffffff&fg=000000&s=-1$</p>", "$x_1$\n"),
            ("$latex a & b & s=2$", "$a & b & s=2$\n"),
            ("[latex s=4]e^{i \\pi} + 1 = 0[/latex], so", "$e^{i \\pi} + 1 = 0$, so\n"),
            ("[latex]\\[ x \\][/latex]", "$$x$$\n"),
            ("[latex]$x$[/latex]", "$x$\n"),
            (
                "[latex]\\documentclass{a}\n\\begin{document}[/latex]",
                "```latex\n\\documentclass{a}\n\\begin{document}\n```\n",
            ),
            (
                "<!-- wp:math -->\n<math class=\"wp-block-math\" display=\"block\"><semantics>\
                 <mrow><msup><mi>x</mi><mn>2</mn></msup></mrow>\
                 <annotation encoding=\"application/x-tex\">x^2</annotation></semantics></math>\n<!-- /wp:math -->",
                "$$x^2$$\n",
            ),
            ("<!-- wp:math {\"latex\":\"x^2 \\u003c \\\\pi\"} /-->", "$$x^2 < \\pi$$\n"),
            ("<code>$latex x$</code> <pre>$latex x$</pre>", "`$latex x$`\n\n```\n$latex x$\n```\n"),
            ("It costs ($5) or $latex x$", "It costs ($5) or $x$\n"),
        ] {
            assert_eq!(read(text), (markdown.to_owned(), vec![]), "{text}");
        }
        for text in ["$latex$ a", "$latex <b>x</b>$", "$latex x", "$latexx y$", "$latex  $"] {
            let shown = render(&read(text).0).html;
            assert!(shown.contains("$latex") && !shown.contains("<math"), "{text}: {shown}");
        }
    }

    #[test]
    fn what_only_members_see_is_cut_out() {
        let block =
            |name: &str, inner: &str| format!("<!-- wp:{name} -->{inner}<!-- /wp:{name} -->");
        let view = "premium-content/subscriber-view";
        let (a, b) = (block("paragraph", "<p>a</p>"), block("paragraph", "<p>b</p>"));
        let secret = block("paragraph", "<p>secret</p>");
        let wall = "<!-- wp:jetpack/paywall /-->";
        let views = block(view, &format!("<div>{secret}<!-- wp:block {{\"ref\":5}} /--></div>"));
        let others = block("premium-content/logged-out-view", "<p>Subscribe</p>");
        let container = block("premium-content/container", &format!("<div>{views}{others}</div>"));
        for (text, kept) in [
            (format!("{a}\n{wall}\n{secret}"), "a\n"),
            (block("group", &format!("<div>{a}{wall}{secret}</div>")) + &secret, "a\n"),
            (format!("{a}<!-- wp:jetpack/paywall -->secret"), "a\n"),
            (format!("<!-- wp:block {{\"ref\":7}} /-->{secret}"), "a\n"),
            (format!("{a}{container}{b}"), "a\n\nSubscribe\n\nb\n"),
            (format!("{a}{}{b}", block(view, &format!("{views}{secret}"))), "a\n\nb\n"),
            (format!("{a}<!-- wp:{view} --><p>secret</p>{b}"), "a\n"),
            (format!("{a}<!-- wp:{view} --><p>secret</p><!-- wp:x"), "a\n"),
        ] {
            assert_eq!(read(&text), (kept.to_owned(), vec![GATED.to_owned()]), "{text}");
        }
    }

    #[test]
    fn nothing_is_cut_out_of_what_is_for_members_as_a_whole() {
        let view = "premium-content/subscriber-view";
        let text = format!("a<!-- wp:jetpack/paywall /-->b<!-- wp:{view} -->c<!-- /wp:{view} -->");
        assert_eq!(read_for(true, &text), ("a\n\nb\n\nc\n".to_owned(), vec![], false));
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

    #[test]
    fn nothing_takes_the_square_of_its_length() {
        for part in [
            "[a ",
            "[a]",
            "[[a",
            "[/private",
            "[caption]",
            "<!-- wp:a -->",
            "<!-- wp:premium-content/subscriber-view -->",
            "<pre>[",
            "<pre lang=\"c\">",
            "$latex ",
            "[a='",
            "<!--",
        ] {
            assert!(read(&part.repeat(3_000)).0.len() < 1_000_000, "{part}");
        }
    }
}
