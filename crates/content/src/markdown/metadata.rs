//! What pages and feeds tell about a text: its language, its summary and how many words it has.

use comrak::nodes::{AstNode, NodeValue};

use crate::html_text::text_of;
use crate::language::language_tag;
use crate::whitespace::one_line;

/// Words that people read per minute: the mean of 190 studies (Brysbaert 2019,
/// <https://doi.org/10.1016/j.jml.2019.104047>).
pub(super) const WORDS_PER_MINUTE: usize = 238;
/// Chinese characters, Japanese kana and kanji that people read per minute (Trauzettel-Klosinski
/// and Dietz 2012, <https://doi.org/10.1167/iovs.11-8284>: Chinese 255, Japanese 357).
pub(super) const CJK_CHARACTERS_PER_MINUTE: usize = 300;
/// The longest generated summary, in characters: about what search engines show.
const SUMMARY_CHARACTERS: usize = 200;

/// Counts words, and characters of scripts without spaces. It reads the rendered HTML, because
/// authors write whole articles in HTML too.
pub(super) fn count_words(html: &str) -> (usize, usize) {
    let text = text_of(html);
    let is_cjk = |character: char| matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}');
    let cjk_characters = text.chars().filter(|&character| is_cjk(character)).count();
    let words = text
        .split(|character: char| character.is_whitespace() || is_cjk(character))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .count();
    (words, cjk_characters)
}

/// Detects the language of the prose, ignoring code.
pub(super) fn language<'a>(root: &'a AstNode<'a>) -> String {
    let mut prose = String::new();
    for node in root.descendants().filter(|node| matches!(node.data().value, NodeValue::Paragraph))
    {
        prose.push_str(&node.collect_text());
        prose.push('\n');
        // More text takes longer and does not change the answer.
        if prose.len() > 4_000 {
            break;
        }
    }
    whatlang::detect(&prose)
        .filter(whatlang::Info::is_reliable)
        .map_or("en", |info| language_tag(info.lang()))
        .to_owned()
}

pub(super) fn summary<'a>(root: &'a AstNode<'a>) -> String {
    let text = root
        .children()
        .filter(|node| matches!(node.data().value, NodeValue::Paragraph))
        .map(comrak::arena_tree::Node::collect_text)
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default();
    let text = one_line(&text);
    if text.chars().count() <= SUMMARY_CHARACTERS {
        return text;
    }
    let cut: String = text.chars().take(SUMMARY_CHARACTERS).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole_words, _)| whole_words);
    format!("{}…", cut.trim_end_matches([',', ';', ':', '.', '(']))
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use super::SUMMARY_CHARACTERS;

    #[test]
    fn reading_time_grows_with_words_and_with_chinese_characters() {
        assert_eq!(render("").reading_minutes, 1);
        assert_eq!(render(&"word ".repeat(1000)).reading_minutes, 5);
        assert_eq!(render(&"潮".repeat(900)).reading_minutes, 3);
        assert_eq!(
            render(&format!("<div>{}</div>", "<p>word</p>".repeat(1000))).reading_minutes,
            5,
            "HTML counts too"
        );
    }

    #[test]
    fn a_summary_ends_at_a_word_boundary() {
        assert_eq!(render("# Title\n\nA *short* text.").summary, "A short text.");
        let long = render(&"word ".repeat(100)).summary;
        assert!(
            long.ends_with("word…") && long.chars().count() <= SUMMARY_CHARACTERS + 1,
            "{long}"
        );
    }
}
