//! What a request tells: who sends it, what it may ask for, what was typed; and how it is answered when it can't be done. Pages, components
//! and server functions may use all of it, because it knows nothing of them.

pub mod cache;
pub mod identity;
pub mod problem;
