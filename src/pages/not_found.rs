//! The page for an address that leads nowhere.

use leptos::prelude::*;

use crate::components::layout::page;
use crate::error::Error;

/// Every address that no route, file or former address answers.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let error = Error::NotFound("There is no page at this address. It may have moved, or the link has a typo.".into());
    page(true, async move { Err(error) })
}
