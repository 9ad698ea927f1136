//! The one layer that every request passes.
//!
//! Why one? Each additional layer keeps a copy of the request's path through the router until the
//! answer is ready. With many views waiting for their batch, that was most of the cost of a view
//! (docs/measurements/what-helped.md).

use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tracing::Instrument;

use super::security;
use crate::error::Error;
use crate::model::language::Language;
use crate::server::request::cache::CachePolicy;
use crate::server::request::error_page::error_page;
use crate::server::request::identity::forget_disguised;
use crate::server::request::language::language_of;
use crate::server::state::AppState;
use crate::server::telemetry::RequestLog;
use crate::server::traces;

/// Logs the request, refuses cross-site writes and requests that no route can answer, catches
/// panics, rewords the bare errors of libraries, and sets the headers that all answers share.
pub async fn edge(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let log = RequestLog::start(&request, state.config.server.slow_page);
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let span = traces::request(&request, route);
    // From here on, a HEAD request is a GET, so everything answers HEAD, including Leptos' server
    // functions, which don't support it. The router remembers the original method and drops the
    // body.
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
    // Programs are told in English.
    let language = match is_for_programs {
        true => Language::English,
        false => {
            let default = state.config.site.language;
            language_of(request.uri().path(), request.headers(), default)
        }
    };
    let response = match refusal {
        Some(refusal) => refusal,
        None => or_apology(next.run(request), is_for_programs).instrument(span.clone()).await,
    };
    let mut response = security::explain_error(response, is_for_programs, language);
    if is_for_programs {
        let (name, value) = CachePolicy::Never.header();
        response.headers_mut().entry(name).or_insert(value);
    }
    security::set_headers(&mut response, state.config.is_secure());
    traces::answered(&span, &response);
    if let Some(log) = log {
        log.end(&response);
    }
    response
}

/// Awaits `answer`, and answers with an error page or a problem if it panics. An uncaught panic
/// would close the connection without an answer.
///
/// Not an `async fn`, because that would store the future twice.
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
