//! Which characters a text may contain.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// Removes characters that XML can't represent, not even escaped
/// (<https://www.w3.org/TR/xml/#NT-Char>). A single one in an article would make the feed
/// ill-formed for everybody. None of them is visible.
pub fn without_unstorable(text: &str) -> Cow<'_, str> {
    match text.chars().all(is_storable) {
        true => text.into(),
        false => {
            text.chars().filter(|&character| is_storable(character)).collect::<String>().into()
        }
    }
}

/// Whether XML can represent a character.
pub fn is_storable(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}'
    )
}

/// The length of a text in characters as people count them: a letter with its accents is one, and
/// so is an emoji, whatever it is made of (extended grapheme clusters, UAX 29).
pub fn length(text: &str) -> usize {
    text.graphemes(true).count()
}

/// Whether a character breaks a line or steers the output instead of being shown: control
/// characters, line and paragraph separators, and those that turn the direction of what follows.
pub fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is invisible or changes the direction of the text around it. With such
/// characters, two strings can differ and still look alike.
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether nothing of a text can be seen.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|one| one.is_whitespace() || one.is_control() || is_invisible(one))
}

/// Whether a line contains an invisible character. Joiners (U+200C, U+200D) between two non-ASCII
/// letters don't count, because some scripts, such as Persian, need them.
pub fn has_invisible(line: &str) -> bool {
    let characters: Vec<char> = line.chars().collect();
    let is_letter = |index: Option<usize>| {
        index
            .and_then(|index| characters.get(index))
            .is_some_and(|one| one.is_alphabetic() && !one.is_ascii())
    };
    characters.iter().enumerate().any(|(index, one)| {
        let joins = matches!(one, '\u{200c}' | '\u{200d}')
            && is_letter(index.checked_sub(1))
            && is_letter(Some(index + 1));
        is_invisible(*one) && !joins
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{has_invisible, is_blank, is_control, length, without_unstorable};

    #[test]
    fn a_text_is_as_long_as_people_say() {
        for (text, expected) in [("", 0), ("Jo", 2), ("e\u{301}", 1), ("王小波", 3), ("👩🏽‍💻🇳🇱❤️", 3)]
        {
            assert_eq!(length(text), expected, "{text}");
        }
    }

    #[test]
    fn controls_are_found_and_what_emoji_are_made_of_is_none() {
        for control in ['\0', '\n', '\t', '\u{7f}', '\u{85}', '\u{2028}', '\u{202e}', '\u{2066}'] {
            assert!(is_control(control), "{control:?}");
        }
        assert!(!"Jo, e\u{301} 👩🏽‍💻 ❤️ می‌خواهم".chars().any(is_control));
    }

    #[test]
    fn invisible_characters_are_found_except_those_that_scripts_need() {
        for line in [
            "a\u{202e}b",
            "Jo\u{200b}",
            "\u{2066}Jo",
            "J\u{ad}o",
            "J\u{200d}o",
            "Jo\u{feff}",
            "ᅟ",
            "Jo\u{e0041}",
        ] {
            assert!(has_invisible(line), "{line:?}");
        }
        for line in ["Jo Doe", "Ève O’Hara", "王伟", "نیلوفر علی\u{200c}زاده", "Zoë 🌊"]
        {
            assert!(!has_invisible(line), "{line:?}");
        }
    }

    #[test]
    fn a_text_of_invisible_characters_is_blank() {
        for text in ["", " ", "\u{200b}", "\u{feff} \u{ad}", "\u{202e}", "\u{3164}", "\t\n"] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["a", "\u{200b}.", "🌊", "王", "e\u{301}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn only_characters_allowed_in_xml_are_left() {
        assert_eq!(without_unstorable("a\u{0}b\u{8}c\u{1f}d\u{ffff}e\u{fffe}f"), "abcdef");
        let kept = "tab\t line\r\n é \u{7f} \u{85} \u{e000} \u{fffd} 😀";
        assert_eq!(without_unstorable(kept), kept);
    }

    proptest! {
        #[test]
        fn exactly_the_allowed_characters_are_left_in_order(characters in prop::collection::vec(
            prop_oneof![any::<char>(), prop::char::range('\0', '\u{1f}'), prop::char::range('\u{fff0}', '\u{ffff}')],
            0..200,
        )) {
            let text: String = characters.into_iter().collect();
            let is_allowed = |&character: &char| {
                let number = u32::from(character);
                [0x9, 0xA, 0xD].contains(&number)
                    || (0x20..=0xD7FF).contains(&number)
                    || (0xE000..=0xFFFD).contains(&number)
                    || (0x10000..=0x10FFFF).contains(&number)
            };
            let expected: String = text.chars().filter(is_allowed).collect();
            prop_assert_eq!(without_unstorable(&text), expected.as_str());
        }
    }
}
