//! What every request goes through, in one layer.
//!
//! One, because a layer of its own for each of these keeps a copy of the request's path through the
//! router until the answer is there. With many views waiting for their batch that was most of what
//! a view cost (docs/measurements/what-helped.md).

use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::security;
use crate::error::Error;
use crate::server::request::cache::CachePolicy;
use crate::server::request::error_page::error_page;
use crate::server::request::identity::forget_disguised;
use crate::server::state::AppState;
use crate::server::telemetry::RequestLog;

/// Logs the request, refuses what no route is meant for and writes from other sites, turns a panic
/// into an apology, words what a library left unworded, and sets the headers that every answer
/// carries.
pub async fn edge(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let log = RequestLog::start(&request);
    // From here on it is a GET, so that everything answers HEAD as it does GET, Leptos' server
    // functions too, which know no HEAD. The router remembers what was asked and leaves the body
    // away.
    if *request.method() == Method::HEAD {
        *request.method_mut() = Method::GET;
    }
    let is_for_programs = security::is_for_programs(request.uri().path());
    let base_url = &state.config.site.base_url;
    let refusal = security::refuse_unknown(&request)
        .or_else(|| security::refuse_cross_site(&request, base_url));
    if is_for_programs {
        security::forget_foreign_referer(request.headers_mut(), base_url);
    }
    forget_disguised(request.headers_mut());
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => security::explain_error(
            or_apology(next.run(request), is_for_programs).await,
            is_for_programs,
        ),
    };
    if is_for_programs {
        let (name, value) = CachePolicy::Never.header();
        response.headers_mut().entry(name).or_insert(value);
    }
    security::set_headers(&mut response, state.config.is_secure());
    if let Some(log) = log {
        log.end(&response);
    }
    response
}

/// What `answer` comes to; an apology if it panics. A panic that nobody catches would close the
/// connection without a word.
///
/// It is no async function, because that would keep the answer's future twice.
pub fn or_apology(
    answer: impl Future<Output = Response>,
    is_for_programs: bool,
) -> impl Future<Output = Response> {
    AssertUnwindSafe(answer).catch_unwind().map(move |caught| match caught {
        Ok(response) => response,
        // The panic hook has logged it.
        Err(_) if is_for_programs => Error::Internal.into_response(),
        Err(_) => error_page(&Error::Internal),
    })
}
