//! What a request says (who sent it, what its form contains) and how it is refused. Pages,
//! components and server functions may use all of this: nothing here depends on them or on the
//! routes.

pub mod access;
pub mod cache;
pub mod choice;
pub mod error_page;
pub mod forms;
pub mod identity;
pub mod language;
pub mod limits;
pub mod negotiation;
pub mod problem;
pub mod theme;
