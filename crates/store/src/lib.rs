//! What both counting and the blog are built on: SQL and Redis connections, a circuit breaker, the
//! clock, and failpoints.
//!
//! Nothing here knows any table. [`sql`] opens SQLite, MySQL or MariaDB and runs the migrations it
//! is given.

pub mod breaker;
pub mod clock;
pub mod failpoint;
pub mod redis;
#[macro_use]
pub mod sql;

/// The target of the spans that traces are made of. Logs leave them out.
pub const TRACES: &str = "tidemark::traces";
