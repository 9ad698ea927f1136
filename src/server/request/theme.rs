//! Light or dark, as this browser was told.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

use crate::model::theme::{THEME_COOKIE, Theme};

/// The theme that the reader chose in this browser; without a choice the system's holds.
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
