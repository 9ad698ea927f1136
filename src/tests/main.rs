//! Integration tests against the real thing: a real server on a free port, a real SQLite file in a
//! temporary folder, the real binary.
//!
//! A test of counting has the rule that it protects in its name (C1 to C8, see the crate
//! `tidemark-counting`, whose own tests are in `crates/counting/tests`).
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod access;
mod accounts;
mod api;
mod around;
mod backup;
mod baselines;
mod clients;
mod command_line;
mod connections;
mod counting;
mod crash;
mod database;
mod edge;
mod exports;
mod files;
mod for_programs;
mod harness;
mod import;
mod import_page;
mod injection;
mod languages;
mod layers;
mod live;
mod loading;
mod moving_in;
mod open_search;
mod outages;
mod page_cache;
mod pages;
mod pictures;
mod privacy;
mod profiles;
mod reactions;
mod relevance;
mod search;
mod server_profile;
mod sessions;
mod settings;
mod setup;
mod statements;
mod static_pages;
mod studio;
mod studio_languages;
mod studio_race;
mod studio_saves;
mod throttle;
#[path = "../torture/verdict.rs"]
mod torture_verdict;
mod traces;
mod uncounted;
mod upgrades;
mod visitors;
