//! Words that differ from a mistyped one by one letter.

use std::ops::RangeInclusive;

use super::analysis::{Kind, Term};

/// The shortest and longest words that are corrected, in letters. A shorter one is close to many
/// others.
const CORRECTED: RangeInclusive<usize> = 4..=24;

/// All words that are one typing error away: a letter too much or too few, a wrong letter, or two
/// that changed places. Empty for terms that are not words. At most a few thousand.
pub fn neighbours(term: &Term) -> Vec<String> {
    let alphabet = match term.kind {
        Kind::Latin => 'a'..='z',
        Kind::Cyrillic => 'а'..='я',
        Kind::Plain | Kind::Pair | Kind::Single => return vec![],
    };
    let letters: Vec<char> = term.word.chars().collect();
    if !CORRECTED.contains(&letters.len()) {
        return vec![];
    }
    let mut neighbours = Vec::new();
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        let mut add = |middle: &[char], after: &[char]| {
            neighbours.push(before.iter().chain(middle).chain(after).collect::<String>());
        };
        for letter in alphabet.clone() {
            add(&[letter], after);
            if let [_, rest @ ..] = after {
                add(&[letter], rest);
            }
        }
        if let [_, rest @ ..] = after {
            add(&[], rest);
        }
        if let [first, second, rest @ ..] = after {
            add(&[*second, *first], rest);
        }
    }
    neighbours.sort_unstable();
    neighbours.dedup();
    neighbours.retain(|word| *word != term.word);
    neighbours
}

#[cfg(test)]
mod tests {
    use super::super::analysis::terms;
    use super::*;

    fn of(word: &str) -> Vec<String> {
        neighbours(&terms(word).next().unwrap())
    }

    #[test]
    fn every_single_typing_error_is_undone() {
        for typed in ["tdial", "tidl", "tidaal", "tidsl", "itdal", "tida"] {
            assert!(of(typed).contains(&"tidal".to_owned()), "{typed}");
        }
        assert!(of("прилва").contains(&"прилива".to_owned()));
        assert!(!of("tidal").contains(&"tidal".to_owned()));
    }

    #[test]
    fn what_is_short_or_long_or_no_word_has_none() {
        for word in ["tid", "x86", "水位", &"a".repeat(25)] {
            assert!(of(word).is_empty(), "{word}");
        }
        assert!(of(&"a".repeat(24)).len() < 3_000);
    }
}
