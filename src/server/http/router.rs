//! The router and its layers.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use leptos::server_fn::axum::server_fn_paths;
use tidemark_content::front_matter::{normalize_path, post_number};
use tidemark_content::redirects::Destination;
use tower::{Layer, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use super::access::control;
use super::edge::edge;
use super::files::file_or_not_found;
use super::import;
use super::json_api;
use super::pictures::too_large;
use super::profile;
use super::read_timeout::read_timeout;
use super::routes::{Layers, access, handlers, pages_for_everyone};
use super::usual_addresses::meant;
use crate::message::Message;
use crate::server::request::error_page::{error_page, plain_page};
use crate::server::request::forms::{AVATAR, IMPORT, LOGO, PICTURES};
use crate::server::request::limits::{
    LARGEST_ARTICLE, LARGEST_AVATAR, LARGEST_BODY, LARGEST_PICTURE,
};
use crate::server::request::problem::wrong_method;
use crate::server::sessions::lasting;
use crate::server::state::AppState;

/// How many bytes a form may need besides the files in it.
const FORM_AROUND_FILES: usize = 16 * 1024;

/// How long a session lasts after its last change, in milliseconds: 30 days.
const SESSION_LASTS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The router for the whole site.
pub fn router(state: AppState) -> Router {
    let sessions = SessionManagerLayer::new(state.sessions.clone())
        .with_name(state.identity.session_cookie().to_owned())
        .with_secure(state.config.is_secure())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(lasting(SESSION_LASTS)));

    for (method, path) in undeclared(server_fn_paths()) {
        tracing::error!(%method, path, "a server function is not among the routes, so it is not served");
    }

    let site = handlers(Layers::Site)
        .fallback(file_or_not_found)
        .layer(from_fn_with_state(state.clone(), control))
        .layer(from_fn_with_state(state.clone(), redirect_old_addresses))
        .layer(sessions)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(state.clone(), limit_body))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), read_timeout));
    // Programs need few of these layers.
    let api = handlers(Layers::Api)
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), read_timeout));
    let api = api.merge(handlers(Layers::View)).method_not_allowed_fallback(wrong_method);
    Router::new()
        .merge(site)
        .merge(api)
        .merge(handlers(Layers::Health))
        .layer(from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

/// The pages for everyone, rendered for readers without a session. Skips the layers for sessions,
/// forms and roles.
pub fn reading(state: AppState) -> Router {
    pages_for_everyone()
        .layer(from_fn_with_state(state.clone(), redirect_old_addresses))
        .layer(from_fn_with_state(state.clone(), read_timeout))
        .layer(from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

/// Server functions that the table of routes does not declare. They are not served.
pub fn undeclared<'a>(
    functions: impl IntoIterator<Item = (&'a str, Method)>,
) -> Vec<(Method, String)> {
    let functions = functions.into_iter().map(|(path, method)| (method, path.to_owned()));
    functions.filter(|(method, path)| access(method, path).is_none()).collect()
}

/// Refuses a body that is larger than this address accepts.
async fn limit_body(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let limit = match path {
        PICTURES | LOGO => LARGEST_PICTURE + FORM_AROUND_FILES,
        AVATAR => LARGEST_AVATAR + FORM_AROUND_FILES,
        IMPORT => usize::try_from(state.importing.most())
            .unwrap_or(usize::MAX)
            .saturating_add(FORM_AROUND_FILES),
        _ if path.starts_with("/studio")
            || path.starts_with("/settings")
            || path.starts_with("/api/islands/studio-") =>
        {
            LARGEST_ARTICLE
        }
        _ => LARGEST_BODY,
    };
    let picture_headers = matches!(path, PICTURES | LOGO).then(|| request.headers().clone());
    let (is_import, is_avatar) = (path == IMPORT, path == AVATAR);
    // `Next` accepts only axum's own body type.
    let next = next.map_request(|request: Request<_>| request.map(Body::new));
    match RequestBodyLimitLayer::new(limit).layer(next).oneshot(request).await {
        Ok(response)
            if response.status() == StatusCode::PAYLOAD_TOO_LARGE
                && is_worded_by_library(&response) =>
        {
            if is_import {
                return import::too_large(&state);
            }
            if is_avatar {
                return profile::too_large();
            }
            picture_headers
                .map_or_else(|| response.map(Body::new), |headers| too_large(&state, &headers))
        }
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

/// Whether the limit itself answered, rather than a handler.
fn is_worded_by_library<B>(response: &Response<B>) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/plain"))
}

/// Redirects from an address at which nothing is, whatever route that address would match today: by
/// the redirects that administrators have set, or else from a former address of an article, or else
/// to the address that is meant ([`usual_addresses`](super::usual_addresses)).
///
/// Not in the JSON API: its 404 is a problem, and needs no database.
async fn redirect_old_addresses(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let path = normalize_path(request.uri().path());
    let (asked, query) =
        (request.uri().path().to_owned(), request.uri().query().map(str::to_owned));
    let number = query.as_deref().and_then(post_number);
    // WordPress has addresses such as `/?p=123`, at the root of a blog.
    let numbered = number.map(|number| format!("/?p={number}"));
    let is_api = request.uri().path().starts_with(json_api::PREFIX);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(numbered) = numbered.as_ref().filter(|_| is_read && path == "/")
        && let Some(response) = at_old_address(&state, numbered).await
    {
        return response;
    }
    let response = next.run(request).await;
    if is_api || !is_read || response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    match state.site.redirect(&asked).await {
        Some(Destination::Moved(target)) => return moved_to(&target),
        Some(Destination::Found(target)) => {
            return redirect_to(StatusCode::FOUND, &target);
        }
        Some(Destination::Gone) => {
            return plain_page(StatusCode::GONE, "Gone", Message::text("error-gone"));
        }
        None => {}
    }
    for path in numbered.iter().chain([&path]) {
        if let Some(response) = at_old_address(&state, path).await {
            return response;
        }
    }
    match meant(&state, &asked).await {
        Ok(None) => response,
        Ok(Some(address)) => match query {
            Some(query) => moved_to(&format!("{address}?{query}")),
            None => moved_to(&address),
        },
        Err(error) => error_page(&error),
    }
}

/// The response at an address that some article had; `None` if none had it.
async fn at_old_address(state: &AppState, path: &str) -> Option<Response> {
    match state.database.address_by_alias(path, state.clock.now()).await {
        Ok(address) => address.map(|address| moved_to(&address)),
        Err(error) => Some(error_page(&error.into())),
    }
}

/// 301: the address has changed permanently, so search engines may transfer its ranking.
fn moved_to(address: &str) -> Response {
    redirect_to(StatusCode::MOVED_PERMANENTLY, address)
}

fn redirect_to(status: StatusCode, address: &str) -> Response {
    match HeaderValue::try_from(address) {
        Ok(location) => (status, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
