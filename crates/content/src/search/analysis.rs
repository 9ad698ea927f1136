//! Splits a text into the terms that it is found by.
//!
//! A term is a word in lower case and without the accents that readers leave out (é, ё). Words in
//! Latin and Cyrillic letters have a stem, which all their forms share; it is made by the rules of
//! English and Russian.
//!
//! Scripts without spaces (Chinese, Japanese, Korean, Thai and their neighbours) become pairs of
//! neighbouring characters. A dictionary would find words instead, but each language needs one of
//! several megabytes, and what it does not know, such as a name, is split differently in a text and
//! in a query. With pairs, whatever stands in a text is found.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The longest word that is kept, in characters. What follows is ignored. It bounds a term for
/// random letters, such as encoded data.
const LONGEST_WORD: usize = 64;

/// Ends the stem of a word in an index. No word has it, so a stem is never taken for a word.
const STEM_MARK: char = '=';

/// What may follow an apostrophe within a word: it's, don't, we're.
const CONTRACTIONS: [&str; 7] = ["s", "t", "d", "m", "re", "ve", "ll"];

/// A term of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The folded word. It has letters, digits, combining marks, `+` and `#`; never a space, a
    /// quote, `%`, `_` or `=`.
    pub word: String,
    /// Its number in the text, from 0.
    pub position: usize,
    /// Where it is in the text, in bytes.
    pub range: Range<usize>,
    /// What kind of word it is.
    pub kind: Kind,
}

/// How a term's other forms are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In Latin letters: has an English stem.
    Latin,
    /// In Cyrillic letters: has a Russian stem.
    Cyrillic,
    /// Anything else with spaces around it. Has no other forms.
    Plain,
    /// Two characters of a script without spaces.
    Pair,
    /// The last character of a run in a script without spaces, or the only one.
    Single,
}

impl Term {
    /// The stem, which all forms of a word share; `None` if the word has no other forms.
    pub fn stem(&self) -> Option<Cow<'_, str>> {
        static STEMMERS: LazyLock<(Stemmer, Stemmer)> =
            LazyLock::new(|| (Stemmer::new(Algorithm::English), Stemmer::new(Algorithm::Russian)));
        match self.kind {
            Kind::Latin => Some(STEMMERS.0.stem(&self.word)),
            // Twice, because a stem may end like a verb: приливы becomes прилив, and прилив прил.
            Kind::Cyrillic => {
                let stem = STEMMERS.1.stem(&self.word);
                Some(Cow::Owned(STEMMERS.1.stem(&stem).into_owned()))
            }
            Kind::Plain | Kind::Pair | Kind::Single => None,
        }
    }

    /// How an index stores what all forms of the word share: the marked stem, or else the word.
    pub fn indexed_form(&self) -> String {
        match self.stem() {
            Some(stem) => format!("{stem}{STEM_MARK}"),
            None => self.word.clone(),
        }
    }
}

/// The terms of a text, in order.
pub fn terms(text: &str) -> Terms<'_> {
    Terms { text, at: 0, position: 0 }
}

/// The terms of a text as an index stores them, separated by spaces: each word, and behind it its
/// stem, marked with a `=` at the end, if it has one.
pub fn indexed(text: &str) -> String {
    let mut indexed = String::with_capacity(text.len() * 2);
    for term in terms(text) {
        push(&mut indexed, &term);
    }
    indexed
}

/// Appends a term to what an index stores.
pub fn push(indexed: &mut String, term: &Term) {
    if !indexed.is_empty() {
        indexed.push(' ');
    }
    indexed.push_str(&term.word);
    if let Some(stem) = term.stem() {
        indexed.push(' ');
        indexed.push_str(&stem);
        indexed.push(STEM_MARK);
    }
}

/// Whether the word is so common that it says nothing about what a reader is looking for.
pub fn is_common(word: &str) -> bool {
    COMMON.contains(&word)
}

const COMMON: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "has",
    "have", "how", "i", "in", "is", "it", "its", "of", "on", "or", "our", "that", "the", "this",
    "to", "was", "we", "what", "when", "where", "which", "why", "will", "with", "you", "your", "а",
    "без", "в", "во", "для", "до", "за", "и", "из", "или", "к", "как", "ли", "на", "не", "о", "об",
    "от", "по", "при", "с", "со", "так", "у", "что", "это",
];

/// The terms of a text. See [`terms`].
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    text: &'a str,
    /// Where the rest of the text begins.
    at: usize,
    /// The number of the next term.
    position: usize,
}

impl Iterator for Terms<'_> {
    type Item = Term;

    fn next(&mut self) -> Option<Term> {
        loop {
            let rest = &self.text[self.at..];
            let Some((offset, first)) =
                rest.char_indices().find(|(_, character)| character.is_alphanumeric())
            else {
                self.at = self.text.len();
                return None;
            };
            let start = self.at + offset;
            let (end, kind) =
                if is_unspaced(first) { self.unspaced(start) } else { self.spaced(start) };
            let word = fold(&self.text[start..end]);
            if word.is_empty() {
                continue;
            }
            let kind = kind.unwrap_or_else(|| kind_of(&word));
            self.position += 1;
            return Some(Term { word, position: self.position - 1, range: start..end, kind });
        }
    }
}

impl Terms<'_> {
    /// The end of the pair that begins at `start`. Leaves the second character for the next pair.
    fn unspaced(&mut self, start: usize) -> (usize, Option<Kind>) {
        let first = self.character_end(start);
        self.at = first;
        match self.text[first..].chars().next().is_some_and(is_unspaced) {
            true => (self.character_end(first), Some(Kind::Pair)),
            false => (first, Some(Kind::Single)),
        }
    }

    /// The end of the character at `start`, with the marks that combine with it. Half-width kana
    /// have marks of their own.
    fn character_end(&self, start: usize) -> usize {
        let is_mark = |character: char| {
            is_combining_mark(character) || matches!(character, '\u{ff9e}' | '\u{ff9f}')
        };
        let rest = &self.text[start..];
        let next = rest.char_indices().skip(1).find(|(_, character)| !is_mark(*character));
        next.map_or(self.text.len(), |(offset, _)| start + offset)
    }

    /// The end of the word that begins at `start`.
    fn spaced(&mut self, start: usize) -> (usize, Option<Kind>) {
        let word_end = |from: usize| {
            let is_outside = |character: char| {
                !is_letter(character) && !is_combining_mark(character) && !is_joiner(character)
            };
            self.text[from..].find(is_outside).map_or(self.text.len(), |offset| from + offset)
        };
        let mut end = word_end(start);
        let after = &self.text[end..];
        if let Some(apostrophe) =
            after.chars().next().filter(|&character| matches!(character, '\'' | '’'))
        {
            let suffix_start = end + apostrophe.len_utf8();
            let suffix_end = word_end(suffix_start);
            let suffix = &self.text[suffix_start..suffix_end];
            if CONTRACTIONS.iter().any(|known| known.eq_ignore_ascii_case(suffix)) {
                self.at = suffix_end;
                // A genitive is a form of its word; "don't" is a word of its own.
                if !suffix.eq_ignore_ascii_case("s") {
                    end = suffix_end;
                }
                return (end, None);
            }
        }
        // C++, C#, F#
        let is_letter_alone =
            end - start == 1 && self.text[start..].starts_with(char::is_alphabetic);
        for sign in ["++", "#"] {
            let ends_here = |rest: &str| !rest.starts_with(char::is_alphanumeric);
            if is_letter_alone && after.strip_prefix(sign).is_some_and(ends_here) {
                end += sign.len();
                break;
            }
        }
        self.at = end;
        (end, None)
    }
}

/// Whether the character only says where a word may be broken, or that it may not.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{2060}')
}

/// Whether the character is part of a word with spaces around it.
fn is_letter(character: char) -> bool {
    character.is_alphanumeric() && !is_unspaced(character)
}

/// Whether the character is of a script that has no spaces between words, or whose words have
/// endings that no stemmer here removes (Korean).
pub fn is_unspaced(character: char) -> bool {
    matches!(character,
        // Thai, Lao, Burmese, Khmer
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Hangul
        | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7ff}'
        // Marks of repetition, kana, Han; and their half-width and rare forms
        | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}')
        && character.is_alphanumeric()
}

fn kind_of(word: &str) -> Kind {
    if word.chars().all(|character| character.is_ascii_lowercase()) {
        Kind::Latin
    } else if word.chars().all(|character| matches!(character, '\u{400}'..='\u{52f}')) {
        Kind::Cyrillic
    } else {
        Kind::Plain
    }
}

/// A word as it is compared: in lower case, in the usual width, and without the marks on Latin and
/// Greek letters, on ё, and on stressed vowels in Cyrillic (за́мок). Other marks make other letters
/// (й, が) and stay.
fn fold(word: &str) -> String {
    let kept = |character: &char| {
        character.is_alphanumeric()
            || is_combining_mark(*character)
            || matches!(character, '+' | '#')
    };
    if word.is_ascii() {
        let letters = word.chars().filter(kept).take(LONGEST_WORD);
        return letters.map(|character| character.to_ascii_lowercase()).collect();
    }
    let mut base = '\0';
    let is_wanted = |character: &char| {
        if !is_combining_mark(*character) {
            base = *character;
            return kept(character);
        }
        let is_accent = matches!(base, 'a'..='z' | '\u{df}'..='\u{24f}' | '\u{370}'..='\u{3ff}');
        let is_vowel = matches!(base, 'а' | 'е' | 'и' | 'о' | 'у' | 'ы' | 'э' | 'ю' | 'я' | 'і');
        let is_stress = is_vowel && matches!(*character, '\u{300}' | '\u{301}');
        !(is_accent || is_stress || base == 'е' && *character == '\u{308}')
    };
    let mut spelled = String::with_capacity(word.len());
    for character in word.nfkd().flat_map(char::to_lowercase).filter(is_wanted).take(LONGEST_WORD) {
        match character {
            'ß' => spelled.push_str("ss"),
            'æ' => spelled.push_str("ae"),
            'œ' => spelled.push_str("oe"),
            'þ' => spelled.push_str("th"),
            'ø' => spelled.push('o'),
            'ð' | 'đ' => spelled.push('d'),
            'ł' => spelled.push('l'),
            'ħ' => spelled.push('h'),
            'ı' => spelled.push('i'),
            'ς' => spelled.push('σ'),
            other => spelled.push(other),
        }
    }
    spelled.nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        terms(text).map(|term| term.word).collect()
    }

    fn stem_of(word: &str) -> String {
        let term = terms(word).next().unwrap();
        term.stem().map(Cow::into_owned).unwrap_or_default()
    }

    #[test]
    fn words_are_in_lower_case_without_punctuation() {
        assert_eq!(
            words("Hello, World! node.js re-export foo_bar"),
            ["hello", "world", "node", "js", "re", "export", "foo", "bar"]
        );
        assert_eq!(words("utf8 x86_64 3.14"), ["utf8", "x86", "64", "3", "14"]);
        assert!(words("… – ! ?").is_empty());
        assert!(words("").is_empty());
    }

    #[test]
    fn an_apostrophe_is_part_of_a_contraction_only() {
        assert_eq!(
            words("don't we’re the author's l'eau"),
            ["dont", "were", "the", "author", "l", "eau"]
        );
        assert_eq!(words("it's"), ["it"]);
    }

    #[test]
    fn languages_named_by_a_letter_and_a_sign_are_words() {
        assert_eq!(words("C++ c# F#, C+ x#y a++b"), ["c++", "c#", "f#", "c", "x", "y", "a", "b"]);
    }

    #[test]
    fn accents_that_readers_leave_out_make_no_difference() {
        assert_eq!(
            words("Café cafe\u{301} Łódź straße Ærø ΣΊΣΥΦΟΣ"),
            ["cafe", "cafe", "lodz", "strasse", "aero", "σισυφοσ"]
        );
        assert_eq!(words("ёлка Йод ｆｕｌｌ ﬁne"), ["елка", "йод", "full", "fine"]);
        assert_eq!(words("за\u{301}мок замо\u{301}к"), ["замок", "замок"]);
        assert_eq!(words("ќе"), ["ќе"], "another letter");
        // İ becomes an i and a mark, which goes.
        assert_eq!(words("İstanbul"), ["istanbul"]);
    }

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [["tide", "tides"], ["running", "runs"], ["connection", "connected"]] {
            assert_eq!(stem_of(forms[0]), stem_of(forms[1]), "{forms:?}");
        }
        for forms in [["прилив", "приливы"], ["книга", "книги"], ["волны", "волнами"]]
        {
            assert_eq!(stem_of(forms[0]), stem_of(forms[1]), "{forms:?}");
        }
        assert_eq!(terms("utf8").next().unwrap().stem(), None);
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        assert_eq!(words("水位潮汐"), ["水位", "位潮", "潮汐", "汐"]);
        assert_eq!(words("水"), ["水"]);
        assert_eq!(words("Rust语言 2026年"), ["rust", "语言", "言", "2026", "年"]);
        assert_eq!(words("か\u{3099}く"), words("がく"), "composed and decomposed are the same");
        assert_eq!(words("ﾃﾞｰﾀ"), words("データ"), "and so are half and full width");
        let kinds: Vec<Kind> = terms("潮汐").map(|term| term.kind).collect();
        assert_eq!(kinds, [Kind::Pair, Kind::Single]);
    }

    #[test]
    fn an_index_holds_each_word_and_its_stem() {
        assert_eq!(indexed("Running dogs, 42 水位"), "running run= dogs dog= 42 水位 位");
    }

    #[test]
    fn a_place_where_a_word_may_be_broken_does_not_end_it() {
        assert_eq!(words("Donau\u{ad}dampf a\u{2060}b \u{ad}c\u{ad}"), ["donaudampf", "ab", "c"]);
    }

    #[test]
    fn a_word_without_an_end_is_cut() {
        assert_eq!(words(&"x".repeat(1_000)), ["x".repeat(LONGEST_WORD)]);
        assert_eq!(words(&"é".repeat(1_000)), ["e".repeat(LONGEST_WORD)]);
    }

    proptest! {
        #[test]
        fn terms_lie_in_the_text_one_behind_the_other(text in "\\PC{0,80}") {
            let mut last = 0;
            for (number, term) in terms(&text).enumerate() {
                prop_assert_eq!(term.position, number);
                prop_assert!(term.range.start >= last);
                prop_assert!(text.get(term.range.clone()).is_some_and(|part| !part.is_empty()));
                last = term.range.start + 1;
            }
        }

        #[test]
        fn a_term_has_no_sign_that_an_index_or_a_pattern_reads(text in "\\PC{0,80}") {
            for term in terms(&text) {
                prop_assert!(!term.word.is_empty());
                let signs = [' ', '"', '\'', '%', '_', '=', '*', '!', '\0'];
                prop_assert!(!term.word.contains(signs), "{:?}", term);
                prop_assert!(!term.indexed_form().trim_end_matches('=').contains(signs));
                prop_assert!(!term.word.chars().any(char::is_whitespace));
            }
        }

        #[test]
        fn a_folded_word_stays_as_it_is(text in "[a-zA-ZÀ-ÿа-яёА-ЯЁ]{1,20}") {
            for term in terms(&text) {
                prop_assert_eq!(words(&term.word), [term.word.clone()]);
            }
        }
    }
}
