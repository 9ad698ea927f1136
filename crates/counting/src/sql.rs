//! The crate's SQL statements. They only store and load; the rules are elsewhere.

pub mod feeds;
pub mod ledger;
pub mod pruning;
pub mod rankings;
pub mod salts;
pub mod seen;

/// Rows as JSON, for statements that take any number of them.
fn json<T: serde::Serialize + ?Sized>(rows: &T) -> sqlx::Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()))
}
