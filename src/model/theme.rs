//! Light or dark.

/// The cookie that holds the choice, so that the server can send the right page at once. Scripts
/// must be able to write it; it is no secret.
pub const THEME_COOKIE: &str = "theme";

/// What a reader can choose. Without a choice the system's preference holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The name in the cookie and in `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name)
    }
}
