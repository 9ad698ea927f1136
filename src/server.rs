//! The back end. Nothing in here is compiled for the browser.

pub mod accounts;
pub mod articles;
pub mod author_counts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod db;
pub mod doctor;
pub mod failpoint;
pub mod http;
pub mod jobs;
pub mod lifecycle;
pub mod metrics;
pub mod pictures;
pub mod reactions;
pub mod reading;
pub mod redis;
pub mod sessions;
pub mod shell;
pub mod state;
pub mod stores;
pub mod studio;
pub mod telemetry;
pub mod views;
pub mod visibility;
