//! The terms of a query as the index has them.

use tidemark_content::search::Clause;
use tidemark_content::search::analysis::{Term, push};

/// Whether the terms of a clause have to follow one another as they are: those of a phrase, and
/// those without other forms.
pub(super) fn is_sequence(clause: &Clause) -> bool {
    clause.is_phrase || clause.terms.iter().all(|term| term.stem().is_none())
}

/// Terms as the index has them, one behind the other. The last one is stored without its stem if it
/// may go on, which is so only for terms without one.
pub(super) fn sequence(terms: &[Term]) -> String {
    let mut sequence = String::new();
    for term in terms {
        push(&mut sequence, term);
    }
    sequence
}
