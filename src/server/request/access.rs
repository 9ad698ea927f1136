//! Who may use a route. The table of routes assigns one of these to each route.

use crate::server::db::actor::Role;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Everyone,
    /// Signed-in users with this role or a higher one.
    AtLeast(Role),
}

impl Access {
    /// The name that `docs/ACCESS.md` uses.
    pub fn name(self) -> &'static str {
        match self {
            Access::Everyone => "everyone",
            Access::AtLeast(role) => role.as_str(),
        }
    }
}
