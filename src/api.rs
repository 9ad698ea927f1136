//! Server functions: what islands ask of the server. Each checks, calls a service and returns; none has SQL or policy.

pub mod reactions;
pub mod studio;
pub mod views;
