//! Which characters a text may have.

use std::borrow::Cow;

/// A text without what XML can't hold, not even escaped (<https://www.w3.org/TR/xml/#NT-Char>): one such character in an article
/// would make the feed ill-formed for everybody. No reader sees any of them.
pub fn without_unstorable(text: &str) -> Cow<'_, str> {
    match text.chars().all(is_storable) {
        true => text.into(),
        false => text.chars().filter(|&character| is_storable(character)).collect::<String>().into(),
    }
}

/// Whether XML can hold a character.
pub fn is_storable(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::without_unstorable;

    #[test]
    fn only_what_xml_may_hold_is_left() {
        assert_eq!(without_unstorable("a\u{0}b\u{8}c\u{1f}d\u{ffff}e\u{fffe}f"), "abcdef");
        let kept = "tab\t line\r\n é \u{7f} \u{85} \u{e000} \u{fffd} 😀";
        assert_eq!(without_unstorable(kept), kept);
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_the_standard_allows_in_its_order(characters in prop::collection::vec(
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
