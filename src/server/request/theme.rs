//! The light or dark theme.

use axum::http::HeaderMap;

use super::choice::chosen;
use crate::model::theme::{THEME_COOKIE, Theme};

/// The theme chosen in this browser; `None` to follow the system's.
pub fn chosen_theme(headers: &HeaderMap) -> Option<Theme> {
    chosen(headers, THEME_COOKIE).and_then(Theme::from_name)
}
