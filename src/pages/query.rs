//! Access to a page's URL: route parameters and query string.

use axum::http::request::Parts;
use leptos::prelude::*;
use url::form_urlencoded;

use crate::error::Error;
use crate::server::reading;

/// The route's parameters, as pairs of name and value.
#[derive(Clone, Debug, Default)]
pub struct Params(pub Vec<(String, String)>);

/// A route parameter; empty if the route has none with that name.
pub fn param(name: &str) -> String {
    let find = |Params(params): &Params| {
        params.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    with_context(find).flatten().unwrap_or_default()
}

/// A query parameter. If it is repeated, the first one wins.
pub fn query(name: &str) -> Option<String> {
    with_context(|parts: &Parts| {
        let mut query = form_urlencoded::parse(parts.uri.query()?.as_bytes());
        query.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    })
    .flatten()
}

/// The requested page number, from 1. Defaults to 1.
///
/// # Errors
/// [`Error::NotFound`] if `page` is not a valid page number.
pub fn page_number() -> Result<i64, Error> {
    reading::page_number(query("page").as_deref())
}
