//! The colour theme.

/// The cookie that holds the reader's choice, so that the server renders the right theme at once.
/// It is not `HttpOnly` because scripts write it.
pub const THEME_COOKIE: &str = "theme";

/// A theme that a reader can choose. Without a choice, the system's preference applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The value in the cookie and in `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme with that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name)
    }
}
