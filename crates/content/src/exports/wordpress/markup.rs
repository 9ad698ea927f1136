//! Turns what WordPress keeps as the text of a post into plain HTML: blocks, shortcodes, and
//! paragraphs without tags.

mod blocks;
mod code_blocks;
mod formulas;
mod shortcodes;

use std::collections::{HashMap, HashSet};

use super::super::Attachments;
use super::super::notes::GATED;
use super::paragraphs::paragraphs;
use crate::front_matter::Fate;
use crate::html_text::escaped;
use crate::to_markdown::embedded;

/// The longest shortcode, in bytes.
const LONGEST_SHORTCODE: usize = 4 << 10;

/// The most that pictures and shared blocks may add to a text, in bytes.
const MOST_ADDED: usize = 4 << 20;

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

impl Reader<'_> {
    fn note(&mut self, fate: Fate, text: String) {
        if self.named.len() < 100 && self.named.insert(text.clone()) {
            self.plain.notes.push((fate, text));
        }
    }
}

/// A link to something embedded.
fn link_to(address: &str) -> String {
    let (said, href) = embedded(address, None);
    format!("\n\n<p><a href=\"{}\">{}</a></p>\n\n", escaped(&href), escaped(&said))
}

#[cfg(test)]
mod tests {
    use super::super::super::Attachment;
    use super::*;
    use crate::to_markdown::to_markdown;

    /// The Markdown, the notes and whether a part of it was hidden.
    pub(super) fn read_for(is_for_members: bool, text: &str) -> (String, Vec<String>, bool) {
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

    pub(super) fn read(text: &str) -> (String, Vec<String>) {
        let (markdown, notes, _) = read_for(false, text);
        (markdown, notes)
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
