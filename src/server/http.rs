//! The program as an HTTP server.

pub mod access;
pub mod account;
pub mod api_docs;
pub mod edge;
pub mod feeds;
pub mod files;
pub mod form_page;
pub mod function;
pub mod health;
pub mod json_api;
pub mod live;
pub mod page;
pub mod pictures;
pub mod reactions;
pub mod read_timeout;
pub mod remember;
pub mod router;
pub mod routes;
pub mod security;
pub mod serve;
pub mod settings;
pub mod sign_in;
pub mod static_page;
pub mod studio;
pub mod users;
