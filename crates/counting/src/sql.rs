//! The statements of counting. The rules are elsewhere; here is only where things are kept.

pub mod ledger;
pub mod pruning;
pub mod rankings;
pub mod salts;
pub mod seen;
