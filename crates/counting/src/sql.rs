//! The crate's SQL statements. They only store and load; the rules are elsewhere.

pub mod feeds;
pub mod ledger;
pub mod pruning;
pub mod rankings;
pub mod salts;
pub mod seen;
