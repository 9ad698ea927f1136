//! Parses what a reader types into the search field.

use std::ops::Range;

use super::analysis::{Kind, Term, is_common, terms};

/// Maximum length of a query, in characters. The rest is ignored.
pub const LONGEST_QUERY: usize = 200;

/// Maximum number of clauses. The rest is ignored.
pub const MOST_CLAUSES: usize = 16;

/// The shortest beginning of a word that may go on, in characters. One letter begins a twentieth of
/// all words.
const SHORTEST_BEGINNING: usize = 2;

/// What a reader is looking for. Every clause must hold, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    text: String,
    clauses: Vec<Clause>,
}

/// A part of a query: a word, or a quoted phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// What was typed, without quotes and minus. Not folded; it may hold any character.
    pub text: String,
    /// Where that is in the query's text, in bytes.
    pub range: Range<usize>,
    /// The terms of the text, at least one. Those of a phrase stand next to each other in this
    /// order and in these forms. Those of a word that is more than one term, such as `node.js` or
    /// `水位潮汐`, stand next to each other in any form; where an engine can't find neighbours, and
    /// where there are many, they stand anywhere.
    pub terms: Vec<Term>,
    /// Whether it was quoted.
    pub is_phrase: bool,
    /// Whether nothing that is found may have it.
    pub is_excluded: bool,
    /// Whether the last term may go on. It is the last word, which may not be typed completely; or
    /// a single character of a script without spaces, which is stored as part of a pair.
    pub may_continue: bool,
}

impl Query {
    /// Parses a query. Never fails: what is not understood is text.
    ///
    /// - Words must all match, in any form. Very common words are ignored if there are others.
    /// - `"several words"` must match as they stand. A quote without its pair is ignored.
    /// - `-word` and `-"several words"` must not match, unless there is nothing else.
    pub fn parse(text: &str) -> Self {
        let is_typing = !text.ends_with(char::is_whitespace);
        let cut: String = text.trim().chars().take(LONGEST_QUERY).collect();
        let text = cut.trim_end().to_owned();
        let mut clauses = clauses(&text, is_typing);
        let is_wanted = |clause: &Clause| !clause.is_excluded;
        if !clauses.iter().any(is_wanted) {
            for clause in &mut clauses {
                clause.is_excluded = false;
            }
        }
        let says_something = |clause: &Clause| is_wanted(clause) && !is_common_word(clause);
        if clauses.iter().any(says_something) {
            clauses.retain(|clause| clause.is_excluded || !is_common_word(clause));
        }
        Self { text, clauses }
    }

    /// The text as it was typed, without space around it, cut to [`LONGEST_QUERY`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All clauses, in the order in which they were typed.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// What must match. Not empty unless the query is.
    pub fn wanted(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| !clause.is_excluded)
    }

    /// What must not match.
    pub fn excluded(&self) -> impl Iterator<Item = &Clause> {
        self.clauses.iter().filter(|clause| clause.is_excluded)
    }

    /// Whether there is nothing to look for. It finds nothing.
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    /// The same query, typed completely: the last word is whole.
    #[must_use]
    pub fn complete(mut self) -> Self {
        for clause in &mut self.clauses {
            clause.may_continue = ends_in_single(&clause.terms);
        }
        self
    }

    /// The query with other words in place of some of its clauses, given by their number.
    #[must_use]
    pub fn with_words(&self, words: &[(usize, String)]) -> Self {
        let (mut text, mut at) = (String::with_capacity(self.text.len()), 0);
        for (number, clause) in self.clauses.iter().enumerate() {
            if let Some((_, word)) = words.iter().find(|(replaced, _)| *replaced == number) {
                text.push_str(&self.text[at..clause.range.start]);
                text.push_str(word);
                at = clause.range.end;
            }
        }
        text.push_str(&self.text[at..]);
        Self::parse(&text)
    }
}

fn clauses(text: &str, is_typing: bool) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut rest = text;
    while clauses.len() < MOST_CLAUSES {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let is_said = |after: &&str| {
            after.starts_with(|character: char| character.is_alphanumeric() || is_quote(character))
        };
        let (is_excluded, after) = match rest.strip_prefix('-').filter(is_said) {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let quoted = after.strip_prefix(is_quote).map(|inside| (inside, inside.find(is_quote)));
        let (part, is_phrase) = match quoted {
            Some((inside, Some(end))) => {
                rest = inside[end..].strip_prefix(is_quote).unwrap_or_default();
                (&inside[..end], true)
            }
            _ => {
                let word = after.trim_start_matches(is_quote);
                let is_end = |character: char| character.is_whitespace() || is_quote(character);
                let end = word.find(is_end).unwrap_or(word.len());
                rest = &word[end..];
                (&word[..end], false)
            }
        };
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        let mut terms: Vec<Term> = terms(part).collect();
        // The last character of a run stands alone in a text only where the run ends there too.
        if let [.., before, last] = terms.as_slice()
            && before.kind == Kind::Pair
            && last.kind == Kind::Single
        {
            terms.pop();
        }
        let Some(last) = terms.last() else { continue };
        let may_continue = is_typing
            && !is_phrase
            && !is_excluded
            && rest.is_empty()
            && last.kind != Kind::Pair
            && last.word.chars().count() >= SHORTEST_BEGINNING;
        clauses.push(Clause {
            text: part.to_owned(),
            range: start..start + part.len(),
            may_continue: may_continue || ends_in_single(&terms),
            terms,
            is_phrase,
            is_excluded,
        });
    }
    clauses
}

fn ends_in_single(terms: &[Term]) -> bool {
    terms.last().is_some_and(|last| last.kind == Kind::Single)
}

fn is_common_word(clause: &Clause) -> bool {
    matches!(clause.terms.as_slice(), [only] if !clause.is_phrase && is_common(&only.word))
}

fn is_quote(character: char) -> bool {
    matches!(character, '"' | '“' | '”' | '„' | '«' | '»' | '＂' | '「' | '」')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The clauses in short: `-` excluded, quotes for a phrase, `*` if it may go on.
    fn parsed(text: &str) -> Vec<String> {
        let query = Query::parse(text);
        let short = |clause: &Clause| {
            let words: Vec<&str> = clause.terms.iter().map(|term| term.word.as_str()).collect();
            let words = words.join(" ");
            let minus = if clause.is_excluded { "-" } else { "" };
            let star = if clause.may_continue { "*" } else { "" };
            let quote = if clause.is_phrase { "\"" } else { "" };
            format!("{minus}{quote}{words}{quote}{star}")
        };
        query.clauses().iter().map(short).collect()
    }

    #[test]
    fn words_must_all_match_and_the_last_may_go_on() {
        assert_eq!(parsed("Async Stable"), ["async", "stable*"]);
        assert_eq!(parsed("async stable "), ["async", "stable"]);
        assert_eq!(parsed("x"), ["x"], "one letter begins too much");
        assert_eq!(parsed("node.js rust"), ["node js", "rust*"]);
    }

    #[test]
    fn quotes_make_a_phrase_and_a_minus_excludes() {
        assert_eq!(parsed("\"high tide\" -moon"), ["\"high tide\"", "-moon"]);
        assert_eq!(parsed("tide -\"full moon\" x"), ["tide", "-\"full moon\"", "x"]);
        assert_eq!(parsed("«вода прилива» луна "), ["\"вода прилива\"", "луна"]);
        assert_eq!(parsed("a-b - c"), ["a b", "c"]);
    }

    #[test]
    fn bad_syntax_is_text() {
        assert_eq!(parsed("\"high tide"), ["high", "tide*"]);
        assert_eq!(parsed("-moon"), ["moon"], "there is nothing else");
        assert_eq!(parsed("--moon tide"), ["moon", "tide*"]);
        assert_eq!(parsed("(tide OR) AND title:x* NEAR(\"\" ' ; %_"), ["tide", "title x", "near"]);
        for nothing in ["", "  ", "\"\"", "-", "!!!", "\"", "-\"\"", "\u{0}"] {
            assert!(Query::parse(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn very_common_words_count_only_among_themselves() {
        assert_eq!(parsed("how to use the async runtime "), ["use", "async", "runtime"]);
        assert_eq!(parsed("to be "), ["to", "be"]);
        assert_eq!(parsed("\"to be\" or not "), ["\"to be\"", "not"]);
    }

    #[test]
    fn a_run_without_spaces_is_its_pairs() {
        assert_eq!(parsed("水位潮汐"), ["水位 位潮 潮汐"]);
        assert_eq!(parsed("水"), ["水*"], "a text has it as part of a pair");
        assert_eq!(parsed("水 "), ["水*"]);
        assert_eq!(parsed("水位　潮汐"), ["水位", "潮汐"]);
    }

    #[test]
    fn a_complete_query_has_a_whole_last_word() {
        let query = Query::parse("asyn").complete();
        assert!(!query.clauses()[0].may_continue);
        assert!(Query::parse("水").complete().clauses()[0].may_continue);
    }

    #[test]
    fn a_word_is_replaced_where_it_stands() {
        let query = Query::parse("the tidle -moon \"high tide\"");
        let number = query.clauses().iter().position(|clause| clause.text == "tidle").unwrap();
        let other = query.with_words(&[(number, "tidal".into())]);
        assert_eq!(other.text(), "the tidal -moon \"high tide\"");
    }

    #[test]
    fn a_query_has_an_end() {
        let query = Query::parse(&"word ".repeat(1_000));
        assert_eq!(query.text().chars().count(), LONGEST_QUERY - 1, "without the last space");
        assert_eq!(query.clauses().len(), MOST_CLAUSES);
    }

    proptest! {
        #[test]
        fn every_text_is_a_query(text in "\\PC{0,300}") {
            let query = Query::parse(&text);
            prop_assert!(query.text().chars().count() <= LONGEST_QUERY);
            prop_assert!(query.clauses().len() <= MOST_CLAUSES);
            prop_assert!(query.is_empty() || query.wanted().next().is_some());
            for clause in query.clauses() {
                prop_assert!(!clause.terms.is_empty());
                prop_assert_eq!(query.text().get(clause.range.clone()), Some(clause.text.as_str()));
            }
        }

        #[test]
        fn signs_anywhere_are_no_error(text in "[a-c \"“”«»\\-+*:(){}水位]{0,40}") {
            let query = Query::parse(&text);
            let again = Query::parse(query.text());
            prop_assert_eq!(again.text(), query.text());
        }
    }
}
