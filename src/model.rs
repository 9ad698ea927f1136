//! Data types shared by the JSON API, the server functions and the pages.

pub mod article;
pub mod language;
pub mod page;
pub mod pages;
pub mod reaction;
pub mod search;
pub mod site;
pub mod theme;
pub mod view;
