//! What counting and the blog both stand on: connections to SQL and Redis, the clock, and
//! failpoints.
//!
//! Nothing here knows a table. [`sql`] opens SQLite, MySQL or MariaDB and brings their tables up to
//! date with the migrations that it is given.
#![forbid(unsafe_code)]

pub mod breaker;
pub mod clock;
pub mod failpoint;
pub mod redis;
#[macro_use]
pub mod sql;
