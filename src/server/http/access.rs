//! Checks each request against the access declared in the table of routes.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::FromServerFnError;

use super::form_page::keep_body;
use super::pictures::wants_json;
use super::routes::{ROUTES, access};
use crate::error::Error;
use crate::message::Message;
use crate::server::db::actor::Role;
use crate::server::request::access::Access;
use crate::server::request::cache::CachePolicy;
use crate::server::request::error_page::error_page;
use crate::server::request::identity::{CurrentUser, FoundUser, session_owner, sign_in_address};
use crate::server::request::language::language_of;
use crate::server::request::limits::{LARGEST_ARTICLE, LARGEST_BODY};
use crate::server::state::AppState;

/// Lets a request through if the table allows it, and remembers who the user is. Others are asked
/// to sign in, without losing what they wrote.
pub async fn control(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(FoundUser::default());
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // No route matched, so this is a file or a 404.
    let Some(path) = path else { return next.run(request).await };
    let role = match access(request.method(), &path) {
        Some(Access::Everyone) => return next.run(request).await,
        Some(Access::AtLeast(role)) => role,
        None => return refuse_method(&path),
    };
    let (mut parts, body) = request.into_parts();
    let user = match state.identity.signed_in_user(&parts).await {
        Ok(user) => user,
        Err(error) => return refuse_or_keep(&state, parts, body, error).await,
    };
    match user {
        Some(user) if user.role >= role => {
            parts.extensions.insert(CurrentUser(user));
            let mut response = next.run(Request::from_parts(parts, body)).await;
            // The next person at this machine must not find the page in the browser's cache.
            let (name, value) = CachePolicy::Never.header();
            response.headers_mut().insert(name, value);
            response
        }
        Some(user) => {
            tracing::warn!(
                user = user.id.0,
                path,
                "a request was refused because the user's role does not allow it"
            );
            let default = state.config.site.language;
            let language = language_of(parts.uri.path(), &parts.headers, default);
            refuse(&only_for(role).in_words(language), parts.uri.path(), &parts.headers)
        }
        None if matches!(parts.method, Method::GET | Method::HEAD) => {
            let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            Redirect::to(&sign_in_address(here)).into_response()
        }
        None => refuse_or_keep(&state, parts, body, Error::Unauthorized).await,
    }
}

/// Checks access to a page that the request did not ask for, such as the one that shows a refused
/// form again. If the request's own route is not for everyone, [`control`] has determined the user.
/// Otherwise the sender counts as anonymous, even with a session.
pub async fn hold(access: Access, request: Request, next: Next) -> Response {
    let own = request.extensions().get::<CurrentUser>().map(|CurrentUser(user)| user.role);
    let error = match (access, own) {
        (Access::Everyone, _) => return next.run(request).await,
        (Access::AtLeast(role), Some(own)) if own >= role => return next.run(request).await,
        (Access::AtLeast(role), Some(_)) => only_for(role),
        (Access::AtLeast(_), None) => Error::Unauthorized,
    };
    tracing::error!(error = %error, "a form was about to be answered with a page its sender may not see");
    error_page(&error)
}

fn only_for(role: Role) -> Error {
    Error::Forbidden(Message::text(match role {
        Role::Admin => "error-role-admin",
        Role::Author | Role::Reader => "error-role-author",
    }))
}

/// Refuses a request without losing what was typed into a form. The form comes back with the
/// refusal if it is short, or if the request at least has a session.
async fn refuse_or_keep(state: &AppState, parts: Parts, body: Body, error: Error) -> Response {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if !is_read && !parts.uri.path().starts_with("/api/") && !wants_json(&parts.headers) {
        let is_known = matches!(session_owner(&parts).await, Ok(Some(_)));
        let most = if is_known { LARGEST_ARTICLE } else { LARGEST_BODY };
        return keep_body(state, parts, body, most, error).await;
    }
    // Read the unused body: otherwise the connection would be closed after the answer.
    let _ = axum::body::to_bytes(body, LARGEST_BODY).await;
    refuse(&error, parts.uri.path(), &parts.headers)
}

/// The answer to a method that the table does not list for this path. If the table does not list
/// the path at all, somebody forgot to declare it, and the answer is a 404.
fn refuse_method(path: &str) -> Response {
    let allowed: Vec<&str> =
        ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    if allowed.is_empty() {
        tracing::error!(path, "a route is missing from the access table, so it is not served");
        return refuse(
            &Error::NotFound("There is nothing at this address.".into()),
            path,
            &HeaderMap::new(),
        );
    }
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    if let Ok(allowed) = HeaderValue::try_from(allowed.join(",")) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// A refusal in the format the sender expects: scripts of a page get the error itself, other
/// programs a problem, people a page.
fn refuse(error: &Error, path: &str, headers: &HeaderMap) -> Response {
    if !path.starts_with("/api/") && wants_json(headers) {
        return error.clone().into_response();
    }
    if !path.starts_with("/api/") {
        return error_page(error);
    }
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Body::from(error.ser())).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
