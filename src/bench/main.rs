//! What counting costs, in both profiles. Every figure is of this machine against itself, and none
//! is printed unless the counts add up: after each run the sum of all counts must be the number of
//! acknowledged views.
//!
//! - `views`: the rate of PUTs that are counted and durable against the rate of PUTs of the same
//!   server that do nothing. Both go over HTTP from the same client, in turn, so that the ratio
//!   holds when the machine's speed drifts.
//! - `redis`: what a view costs Redis in processor time, and a live dedup entry in memory.
//! - `flush`: how long it takes until a million pending views are durable in SQL.
//! - `sign-in`: how long a page takes while many guess passwords.
//! - `most-viewed`: how long the most viewed take to answer with a million articles.
//! - `pages`: whether 256 readers at once can open every page, and whether memory stays flat over a
//!   million requests; then an article against nginx with the same bytes, and the front page of
//!   20,000 articles against that of 20.
//! - `outages`: what readers notice while a store is stopped, dead, slow or cut off.

mod client;
mod counting;
mod outages;
mod pages;
mod sign_in;
mod stores;

use std::str::FromStr;

use clap::{Parser, ValueEnum};
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
    Outages,
}

#[derive(Debug, Parser)]
struct Arguments {
    /// What to measure; everything if not given
    #[arg(value_enum)]
    measures: Vec<Measure>,
    /// How many connections the client has
    #[arg(long, default_value_t = 512)]
    connections: usize,
    /// How many pairs of runs
    #[arg(long, default_value_t = 7)]
    pairs: usize,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// On which stores.
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
        for profile in [Profile::Server, Profile::Embedded] {
            counting::compare(profile, arguments.connections, arguments.pairs);
        }
    }
    if wants(Measure::Redis) {
        stores::redis_cost();
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
        pages::compare(arguments.pairs);
    }
    if wants(Measure::Outages) {
        outages::readers();
    }
}

/// A number in the answer of `INFO`.
pub fn info<T: FromStr>(redis: &Redis, section: &str, name: &str) -> T {
    let info = redis.command(&["INFO", section]);
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.trim().parse().ok()).expect("a number")
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
