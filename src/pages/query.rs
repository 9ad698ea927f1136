//! What a page reads from its address.

use axum::http::request::Parts;
use leptos::prelude::*;
use url::form_urlencoded;

use crate::error::Error;
use crate::server::reading;

/// The parameters of a page's route, each with its name.
#[derive(Clone, Debug, Default)]
pub struct Params(pub Vec<(String, String)>);

/// A parameter of the route; empty if there is none of that name.
pub fn param(name: &str) -> String {
    let find = |Params(params): &Params| {
        params.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    with_context(find).flatten().unwrap_or_default()
}

/// A parameter of the query; of several the first one counts.
pub fn query(name: &str) -> Option<String> {
    with_context(|parts: &Parts| {
        let mut query = form_urlencoded::parse(parts.uri.query()?.as_bytes());
        query.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
    })
    .flatten()
}

/// The number of the page that is asked for, from 1.
///
/// # Errors
/// [`Error::NotFound`]: an address with a page that can't be leads nowhere.
pub fn page_number() -> Result<i64, Error> {
    reading::page_number(query("page").as_deref())
}
