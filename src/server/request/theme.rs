//! The light or dark theme.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::model::theme::{THEME_COOKIE, Theme};

/// The theme chosen in this browser; `None` to follow the system's.
pub fn chosen_theme(headers: &HeaderMap) -> Option<Theme> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == THEME_COOKIE)
        .and_then(|(_, value)| Theme::from_name(value))
}
