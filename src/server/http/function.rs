//! Answers a request with the result of a server function.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use leptos::prelude::provide_context;
use leptos_axum::handle_server_fns_with_context;

use crate::server::request::language::language_of;
use crate::server::state::AppState;

/// Runs the server function at the request's address.
pub async fn run(State(state): State<AppState>, request: Request) -> Response {
    let default = state.config.site.language;
    let language = language_of(request.uri().path(), request.headers(), default);
    let context = move || {
        provide_context(state.clone());
        provide_context(language);
    };
    handle_server_fns_with_context(context, request).await.into_response()
}
