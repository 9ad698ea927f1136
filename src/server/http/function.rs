//! Answers a request with the result of a server function.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use leptos::prelude::provide_context;
use leptos_axum::handle_server_fns_with_context;

use crate::server::state::AppState;

/// Runs the server function at the request's address.
pub async fn run(State(state): State<AppState>, request: Request) -> Response {
    handle_server_fns_with_context(move || provide_context(state.clone()), request)
        .await
        .into_response()
}
