//! What counting costs, in both profiles. Figures are only comparable with figures from the same
//! machine. A count that doesn't add up aborts the run: after each run of `views` and `flush`, the
//! sum of all counts must equal the number of views.
//!
//! - `views`: the throughput of PUTs that are counted durably, relative to PUTs of the same server
//!   that do nothing. Both go over HTTP from the same client, and runs alternate, so that the ratio
//!   holds even if the machine's speed drifts. In the server profile, also the CPU time that a view
//!   costs Redis. Then once more with batches that travel through Kafka.
//! - `redis`: the memory that a live dedup entry takes.
//! - `flush`: how long it takes until a million pending views are durable in SQL.
//! - `sign-in`: page latency while many clients guess passwords.
//! - `most-viewed`: latency of the most-viewed lists with a million articles.
//! - `pages`: whether 256 readers at once can open every page, and whether memory stays flat over a
//!   million requests.
//! - `nginx`: the throughput of an article relative to nginx serving the same bytes, and of the front
//!   page of 20,000 articles relative to that of 20.
//! - `outages`: what readers notice while a store is stopped, dead, slow or cut off.
//! - `import`: how long readers and authors wait while a large blog is imported.
//! - `search`: how fast articles are indexed, and how long a search takes, on each engine.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod client;
mod counting;
mod importing;
mod outages;
mod pages;
mod search;
mod sign_in;
mod stores;

use std::str::FromStr;

use clap::{Parser, ValueEnum};
use search::Engine;
use tidemark_servers::Redis;

/// What to measure
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    Views,
    Redis,
    Flush,
    MostViewed,
    SignIn,
    Pages,
    Nginx,
    Outages,
    Import,
    Search,
}

#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure; everything by default
    #[arg(value_enum)]
    measures: Vec<Measure>,
    /// The number of client connections
    #[arg(long, default_value_t = 512)]
    connections: usize,
    /// The number of pairs of runs
    #[arg(long, default_value_t = 7)]
    pairs: usize,
    /// The engines that answer searches; all by default
    #[arg(long, value_enum)]
    engine: Vec<Engine>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// The stores that the server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// SQLite.
    Embedded,
    /// Redis, and MariaDB or MySQL.
    Server,
}

fn main() {
    let arguments = Arguments::parse();
    let wants = |measure| arguments.measures.is_empty() || arguments.measures.contains(&measure);
    if wants(Measure::Views) {
        for (profile, through_kafka) in
            [(Profile::Server, false), (Profile::Server, true), (Profile::Embedded, false)]
        {
            counting::compare(profile, through_kafka, arguments.connections, arguments.pairs);
        }
    }
    if wants(Measure::Redis) {
        stores::redis_cost();
        stores::redis_cpu();
    }
    if wants(Measure::Flush) {
        stores::flush_time(arguments.pairs);
    }
    if wants(Measure::MostViewed) {
        stores::most_viewed_time();
    }
    if wants(Measure::SignIn) {
        sign_in::flood();
    }
    if wants(Measure::Pages) {
        pages::hold();
    }
    if wants(Measure::Nginx) {
        pages::compare(arguments.pairs);
    }
    if wants(Measure::Outages) {
        outages::readers();
    }
    if wants(Measure::Import) {
        for profile in [Profile::Embedded, Profile::Server] {
            importing::waits(profile);
        }
    }
    if wants(Measure::Search) {
        for engine in Engine::value_variants() {
            if arguments.engine.is_empty() || arguments.engine.contains(engine) {
                search::large_blog(*engine);
            }
        }
    }
}

/// A value from Redis' `INFO`.
pub fn info<T: FromStr>(redis: &Redis, section: &str, name: &str) -> T {
    let info = redis.command(&["INFO", section]);
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.trim().parse().ok()).expect("a number")
}

/// The median; the upper of the two middle values if their number is even.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
