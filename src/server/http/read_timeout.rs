//! Limits how long a reader waits for the database.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api_docs::DESCRIPTION;
use super::feeds::falls_back;
use super::security::is_for_programs;
use crate::error::Error;
use crate::server::request::error_page::error_page;
use crate::server::state::AppState;

/// How long the answer to a read-only request may take. Not less: with a slow database and many
/// readers, some pages take more than four seconds. A page for the cache may then wait for its
/// counts, for as long as two reads of them may take: 0.6 s. So nobody waits longer than five.
const TIMEOUT: Duration = Duration::from_millis(4_400);

/// Answers 503 with `Retry-After` when the database is unavailable: at once when that is already
/// known, as soon as it is noticed, and within five seconds at the latest. Only for reads: a write
/// must not be cut off between its commit and its answer.
pub async fn read_timeout(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let path = request.uri().path();
    let is_for_programs = is_for_programs(path);
    // Feeds and the sitemap fall back to the version sent last. The description is generated from
    // the code.
    let needs_database = path != DESCRIPTION && !falls_back(path);
    let outage = state.database.outage();
    let answered = tokio::select! {
        biased;
        () = outage.begins(), if needs_database => None,
        answered = tokio::time::timeout(TIMEOUT, next.run(request)) => answered.ok(),
    };
    answered.unwrap_or_else(|| match is_for_programs {
        true => Error::Unavailable.into_response(),
        false => error_page(&Error::Unavailable),
    })
}
