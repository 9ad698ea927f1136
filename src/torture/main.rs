//! Torture test: runs real replicas under load on a real Redis and a real SQL server, every second
//! time with a real Kafka between them, and kills, pauses and cuts off each of them. At the end,
//! every acknowledged view must be counted exactly once, article by article (rule C5). Meanwhile
//! other readers open pages, and the answers they get are checked too.
//!
//! The seed determines the whole schedule, so a failed one can be rerun with `--seed`. It doesn't
//! determine timing on the machine: a failure may take several runs to reproduce.
//!
//! `make torture` runs a number of schedules and then tests itself: a flush that deletes before it
//! writes and a flush without a ledger must fail, and so must one for which Kafka's word is enough
//! and one that trusts a place in Kafka's log.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod accident;
mod blog;
mod load;
mod pages;
mod schedule;
mod verdict;

use std::process::ExitCode;

use clap::Parser;
use schedule::{Failure, Outcome, Variant};
use tidemark_servers::{Kafka, SqlServer};

/// The number of schedules to run by default.
const SCHEDULES: u64 = 25;

/// Kill servers and stores under load, and check that no view is lost or doubled and pages hold
#[derive(Debug, Parser)]
struct Arguments {
    /// The number of schedules to run
    #[arg(long, default_value_t = SCHEDULES)]
    schedules: u64,
    /// The seed of the first schedule; each next one adds 1
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Skip the flushes that are wrong on purpose
    #[arg(long)]
    no_variants: bool,
}

fn main() -> ExitCode {
    let Arguments { schedules, seed, no_variants } = Arguments::parse();
    let mut sql_server = SqlServer::start();
    let mut kafka = Kafka::is_available().then(Kafka::start);
    if kafka.is_none() {
        println!("no schedule goes through Kafka");
    }
    let mut failed = Vec::new();
    let mut total = Outcome::default();
    for seed in seed..seed.saturating_add(schedules) {
        let kafka = kafka.as_mut().filter(|_| seed % 2 == 0);
        match schedule::run(&mut sql_server, kafka, seed, None) {
            Ok(outcome) => {
                println!("schedule {seed}: {outcome}");
                total.add(&outcome);
            }
            Err(difference) => {
                println!("schedule {seed} FAILED: {difference}");
                failed.push(seed);
            }
        }
    }
    println!("{schedules} schedules, {} failed; {total}", failed.len());
    if !failed.is_empty() {
        let again: Vec<String> =
            failed.iter().map(|seed| format!("make torture SEED={seed} SCHEDULES=1")).collect();
        println!("run again: {}", again.join("; "));
        return ExitCode::FAILURE;
    }
    if schedules >= SCHEDULES && !total.has_outages() {
        println!(
            "no page was refused, or none came from the cache while a store was down: the torture is too gentle"
        );
        return ExitCode::FAILURE;
    }
    if !no_variants {
        let variants =
            [Variant::DeleteFirst, Variant::NoLedger, Variant::FinishAtAck, Variant::TrustOffset];
        let has_kafka = kafka.is_some();
        for variant in variants.into_iter().filter(|variant| has_kafka || !variant.needs_kafka()) {
            let noticed = (1..=SCHEDULES).find_map(|seed| {
                let kafka = kafka.as_mut().filter(|_| variant.needs_kafka());
                match schedule::run(&mut sql_server, kafka, seed, Some(variant)) {
                    Err(Failure::Difference(difference)) => Some((seed, difference)),
                    _ => None,
                }
            });
            let Some((seed, difference)) = noticed else {
                println!(
                    "{variant:?} was not detected in {SCHEDULES} schedules: the torture is too gentle"
                );
                return ExitCode::FAILURE;
            };
            println!("{variant:?} was detected in schedule {seed}: {difference}");
        }
    }
    ExitCode::SUCCESS
}
