//! Answers a request with what a server function returns.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use leptos::prelude::provide_context;
use leptos_axum::handle_server_fns_with_context;

use crate::server::state::AppState;

/// Runs the server function at the address of a request.
pub async fn run(State(state): State<AppState>, request: Request) -> Response {
    handle_server_fns_with_context(move || provide_context(state.clone()), request)
        .await
        .into_response()
}
