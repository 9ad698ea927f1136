//! Searching in texts: what a reader asks for ([`query`]), what a text is found by ([`analysis`]),
//! and which part of it to show ([`excerpt`]). Every search engine uses the same three, so they
//! agree on what a word is.

pub mod analysis;
pub mod excerpt;
pub mod query;

pub use excerpt::Segment;
pub use query::{Clause, Query};
