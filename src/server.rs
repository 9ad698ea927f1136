//! The back end. Nothing in here is compiled for the browser.

pub mod accounts;
pub mod cli;
pub mod clock;
pub mod config;
pub mod content;
pub mod db;
pub mod http;
pub mod lifecycle;
pub mod shell;
pub mod state;
pub mod telemetry;
pub mod views;
pub mod visibility;
