//! What a request tells: who sends it and what was typed into its form; and how it is answered when
//! it can't be done. Pages, components and server functions may use all of it, because it knows
//! nothing of them, nor of the routes.

pub mod access;
pub mod cache;
pub mod error_page;
pub mod forms;
pub mod identity;
pub mod limits;
pub mod problem;
pub mod theme;
