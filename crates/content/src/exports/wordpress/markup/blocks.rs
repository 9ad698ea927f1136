//! The blocks of WordPress's editor: takes their delimiters away, and what only members see.

use super::super::paragraphs::{Markup, markup, paragraphs};
use super::formulas::formula;
use super::{MOST_ADDED, Reader, link_to};
use crate::front_matter::Fate;
use crate::html_text::escaped;

/// How deep blocks that are used in several posts may be in each other.
const DEEPEST: usize = 5;

/// The block of Jetpack below which only subscribers read on.
const PAYWALL: &str = "jetpack/paywall";

/// The block of Jetpack with what only subscribers see. What others see instead is beside it.
const SUBSCRIBER_VIEW: &str = "premium-content/subscriber-view";

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
    /// Takes the delimiters of blocks away, and what only members see. Text outside of blocks was
    /// written without them.
    pub(super) fn blocks(&mut self, text: &str, depth: usize) -> String {
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
}

#[cfg(test)]
mod tests {
    use super::super::super::super::notes::GATED;
    use super::super::tests::{read, read_for};
    use super::DEEPEST;

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
}
