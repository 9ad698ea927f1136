//! Counting against the real thing: SQLite files, and real MariaDB or MySQL, Redis or Valkey
//! servers.
//!
//! A test names the rule that it protects (C1 to C8, see the crate's documentation).

mod example;
mod store;
mod totals;
