//! The program as an HTTP server.

pub mod access;
pub mod cache;
pub mod edge;
pub mod feeds;
pub mod forms;
pub mod health;
pub mod identity;
pub mod json_api;
pub mod problem;
pub mod reactions;
pub mod router;
pub mod security;
pub mod sign_in;
