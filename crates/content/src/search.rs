//! Searching in texts: what a reader asks for ([`query`]), what a text is found by ([`analysis`]),
//! which part of it to show ([`excerpt`]), and what a mistyped word may have been ([`spelling`]).
//! Every search engine uses the same three, so they agree on what a word is.

pub mod analysis;
pub mod excerpt;
pub mod query;
pub mod spelling;

pub use excerpt::Segment;
pub use query::{Clause, Query};
