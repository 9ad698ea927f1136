//! The page for an address that leads nowhere.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::components::layout::{ErrorMessage, Layout};
use crate::error::Error;

/// Every address that no route, file or former address answers.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
    let error = Error::NotFound("There is no page at this address. It may have moved, or the link has a typo.".into());
    view! {
        <Layout>
            <ErrorMessage error />
        </Layout>
    }
}
