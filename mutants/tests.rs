//! The tests that need the stores and no HTTP.

mod database;
mod servers;
mod store;

mod harness {
    pub const NOON: &str = "2026-11-24T12:00:00Z";
}
