//! Who may ask for a route. Which may be asked for by whom is declared with the route.

use crate::server::db::users::Role;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Everyone,
    /// Whoever is signed in with this role or a higher one.
    AtLeast(Role),
}

impl Access {
    /// As `docs/ACCESS.md` has it.
    pub fn name(self) -> &'static str {
        match self {
            Access::Everyone => "everyone",
            Access::AtLeast(role) => role.as_str(),
        }
    }
}
