//! The tests that need the stores and no HTTP.

mod database;
#[allow(dead_code, reason = "tests that are not here use the rest")]
mod servers;
mod store;

mod harness {
    pub const NOON: &str = "2026-11-24T12:00:00Z";
}
