//! The pages. Each one loads its data; the components render it.

pub mod account;
pub mod api_docs;
pub mod article;
pub mod author;
pub mod collects;
pub mod counting;
pub mod following;
pub mod health;
pub mod home;
pub mod import;
pub mod login;
pub mod most_viewed;
pub mod not_found;
pub mod overviews;
pub mod pictures;
pub mod query;
pub mod search;
pub mod settings;
pub mod setup;
pub mod sign_up;
pub mod static_page;
pub mod studio;
pub mod tag;
pub mod users;
