//! What a page reads from its address.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::error::Error;
use crate::server::reading;

/// A parameter of the route; empty if there is none of that name.
pub fn param(name: &str) -> String {
    use_params_map().with_untracked(|params| params.get(name)).unwrap_or_default()
}

/// A parameter of the query.
pub fn query(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
}

/// The number of the page that is asked for, from 1.
///
/// # Errors
/// [`Error::NotFound`]: an address with a page that can't be leads nowhere.
pub fn page_number() -> Result<i64, Error> {
    reading::page_number(query("page").as_deref())
}
