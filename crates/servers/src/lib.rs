//! Real databases, Redis, Kafka and OpenSearch for tests and benchmarks, each on a free port of
//! 127.0.0.1 and in a temporary folder. [`proxy`] is a network in front of a server that can be
//! slow or cut.
//!
//! | variable | value | server |
//! |---|---|---|
//! | `TIDEMARK_TEST_DATABASE` | `mariadb`, or unset | the machine's MariaDB |
//! | | `mysql` | a current MySQL |
//! | `TIDEMARK_TEST_REDIS` | `redis`, or unset | the machine's Redis |
//! | | `redis-current` | a current Redis |
//! | | `valkey` | a current Valkey |
//!
//! Current servers, Kafka and OpenSearch are in the folder `TEST_SERVERS`. `scripts/servers.sh`
//! installs them there.
//!
//! No server outlives the test process, however that ends. Two usual ways do not ensure this.
//! `Drop` runs neither for a static nor after a SIGKILL. The kernel's parent-death signal fires
//! when the *thread* that started the child ends, and that ends with its test. So each server has a
//! watcher: a shell that reads from a pipe whose other end only the test process holds. When the
//! pipe closes, the watcher kills the server.
//!
//! If a server is not installed, the test fails. A test that skips itself goes unnoticed. Kafka and
//! OpenSearch are the exception, because not every machine has Java: a test that needs them returns
//! unless [`Kafka::is_available`] or [`OpenSearch::is_available`]. So does one that needs nginx
//! ([`Nginx::is_available`]). `make test` says at its end that
//! such tests were left out.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod java;
mod kafka;
mod nginx;
mod open_search;
mod process;
pub mod proxy;
mod redis;
mod sql;

pub use kafka::Kafka;
pub use nginx::Nginx;
pub use open_search::OpenSearch;
pub use process::{Process, free_port};
pub use redis::{Redis, RedisCluster};
pub use sql::SqlServer;
