//! Tests of counting against real stores: SQLite files, and MariaDB or MySQL, Redis or Valkey
//! servers.
//!
//! Each test names the rule it protects (C1 to C8, see the crate's documentation).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod example;
mod store;
mod totals;
