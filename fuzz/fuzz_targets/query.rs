//! What a reader types and what an author wrote: parsing a query, splitting a text into terms,
//! marking hits and cutting an excerpt.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tidemark_content::search::analysis::{indexed, terms};
use tidemark_content::search::excerpt::{excerpt, marked, plain_text};
use tidemark_content::search::query::{LONGEST_QUERY, MOST_CLAUSES, Query};
use tidemark_content::search::spelling::neighbours;

fuzz_target!(|input: &str| {
    // The first line is the query, the rest the text.
    let (typed, text) = input.split_once('\n').unwrap_or((input, input));
    let query = Query::parse(typed);
    assert!(query.text().chars().count() <= LONGEST_QUERY);
    assert!(query.clauses().len() <= MOST_CLAUSES);
    assert!(query.is_empty() || query.wanted().next().is_some());
    for clause in query.clauses() {
        assert_eq!(&query.text()[clause.range.clone()], clause.text);
        assert!(!clause.terms.is_empty());
        for term in &clause.terms {
            // An expression of FTS5 and a pattern of LIKE hold a word as it is.
            assert!(!term.word.contains(['"', ' ', '%', '_', '\\', '*', '=']));
            assert!(neighbours(term).len() < 4_000);
        }
    }
    for term in terms(text) {
        assert!(!text[term.range].is_empty());
    }
    let _ = indexed(text);
    let joined = |parts: Vec<tidemark_content::search::Segment>| -> String {
        parts.into_iter().map(|part| part.text).collect()
    };
    assert_eq!(joined(marked(text, &query)), text);
    let shown = joined(excerpt(text, &query, 240));
    assert!(text.contains(shown.trim_start_matches('…').trim_end_matches('…')) || text.contains('…'));
    let _ = plain_text(text);
});
