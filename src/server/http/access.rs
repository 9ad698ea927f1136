//! Who may ask for what: one table, which is what refuses, what the tests walk, and what `docs/SECURITY.md` shows.

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
use crate::error::Error;
use crate::server::db::users::Role;
use crate::server::request::access::Access;
use crate::server::request::cache::CachePolicy;
use crate::server::request::error_page::error_page;
use crate::server::request::identity::{CurrentUser, sign_in_address, signed_in_user};
use crate::server::request::limits::LARGEST_BODY;
use crate::server::state::AppState;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method; GET stands for HEAD too.
    pub method: &'static str,
    /// The path as the router knows it.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
}

const fn route(method: &'static str, path: &'static str, access: Access) -> Route {
    Route { method, path, access }
}

const EVERYONE: Access = Access::Everyone;
const READER: Access = Access::AtLeast(Role::Reader);
const AUTHOR: Access = Access::AtLeast(Role::Author);
const ADMIN: Access = Access::AtLeast(Role::Admin);

/// Every route but the files. A route of the site that is not here is not served, so a new one can't be forgotten; what programs ask is
/// for everyone. Whose article it is, the handlers look at.
pub const ROUTES: &[Route] = &[
    route("GET", "/", EVERYONE),
    route("GET", "/articles/{slug}", EVERYONE),
    route("GET", "/most-viewed", EVERYONE),
    route("GET", "/authors/{username}", EVERYONE),
    route("GET", "/tags/{tag}", EVERYONE),
    route("GET", "/search", EVERYONE),
    route("GET", "/feed.xml", EVERYONE),
    route("GET", "/sitemap.xml", EVERYONE),
    route("GET", "/robots.txt", EVERYONE),
    route("GET", "/site.webmanifest", EVERYONE),
    route("GET", "/pictures/{name}", EVERYONE),
    route("GET", "/login", EVERYONE),
    route("POST", "/login", EVERYONE),
    route("POST", "/logout", EVERYONE),
    route("PUT", "/api/islands/record-view", EVERYONE),
    route("GET", "/api/v1/articles", EVERYONE),
    route("GET", "/api/v1/articles/most-viewed", EVERYONE),
    route("GET", "/api/v1/articles/{id}", EVERYONE),
    route("PUT", "/api/v1/articles/{id}/view", EVERYONE),
    route("GET", "/api/pages/home", EVERYONE),
    route("GET", "/api/pages/article", EVERYONE),
    route("GET", "/api/pages/tag", EVERYONE),
    route("GET", "/api/pages/author", EVERYONE),
    route("GET", "/api/pages/most-viewed", EVERYONE),
    route("GET", "/api/pages/search", EVERYONE),
    route("GET", "/healthz", EVERYONE),
    route("GET", "/readyz", EVERYONE),
    route("GET", "/metrics", EVERYONE),
    route("GET", "/sign-up", EVERYONE),
    route("POST", "/sign-up", EVERYONE),
    route("POST", "/articles/{slug}/like", READER),
    route("POST", "/articles/{slug}/collect", READER),
    route("POST", "/authors/{username}/follow", READER),
    route("PUT", "/api/islands/set-like", READER),
    route("PUT", "/api/islands/set-collect", READER),
    route("PUT", "/api/islands/set-follow", READER),
    route("GET", "/collects", READER),
    route("GET", "/following", READER),
    route("GET", "/account", READER),
    route("POST", "/account/name", READER),
    route("POST", "/account/password", READER),
    route("POST", "/account/sessions/end", READER),
    route("POST", "/api/islands/studio-preview", AUTHOR),
    route("POST", "/api/islands/studio-keep-draft", AUTHOR),
    route("GET", "/studio", AUTHOR),
    route("GET", "/studio/new", AUTHOR),
    route("POST", "/studio/new", AUTHOR),
    route("POST", "/studio/new/discard", AUTHOR),
    route("GET", "/studio/{id}", AUTHOR),
    route("POST", "/studio/{id}", AUTHOR),
    route("POST", "/studio/{id}/bin", AUTHOR),
    route("POST", "/studio/{id}/restore", AUTHOR),
    route("POST", "/studio/{id}/discard", AUTHOR),
    route("GET", "/studio/{id}/revisions", AUTHOR),
    route("GET", "/studio/{id}/revisions/{version}", AUTHOR),
    route("POST", "/studio/{id}/revisions/{version}/restore", AUTHOR),
    route("GET", "/studio/pictures", AUTHOR),
    route("POST", "/studio/pictures", AUTHOR),
    route("POST", "/studio/pictures/{name}/delete", AUTHOR),
    route("GET", "/users", ADMIN),
    route("POST", "/users", ADMIN),
    route("POST", "/users/invitations", ADMIN),
    route("POST", "/users/invitations/delete", ADMIN),
    route("POST", "/users/{username}/role", ADMIN),
    route("POST", "/users/{username}/password", ADMIN),
    route("POST", "/users/{username}/block", ADMIN),
];

/// Who may ask for a route; `None` if the table does not have it.
pub fn access(method: &Method, path: &str) -> Option<Access> {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    ROUTES.iter().find(|route| route.method == method && route.path == path).map(|route| route.access)
}

/// Lets through whom the table lets, and remembers who it is. Others are asked to sign in, and nothing that they wrote is lost.
pub async fn control(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // What no route answers is a file or nothing.
    let Some(path) = path else { return next.run(request).await };
    let role = match access(request.method(), &path) {
        Some(Access::Everyone) => return next.run(request).await,
        Some(Access::AtLeast(role)) => role,
        None => return refuse_method(&path),
    };
    let (mut parts, body) = request.into_parts();
    let user = match signed_in_user(&parts, &state).await {
        Ok(user) => user,
        Err(error) => return refuse_or_keep(&state, parts, body, error).await,
    };
    match user {
        Some(user) if user.role >= role => {
            parts.extensions.insert(CurrentUser(user));
            let mut response = next.run(Request::from_parts(parts, body)).await;
            // The next person at this machine must not find it in the browser's cache.
            let (name, value) = CachePolicy::Never.header();
            response.headers_mut().insert(name, value);
            response
        }
        Some(user) => {
            tracing::warn!(user = user.id, path, "somebody asked for what the role does not allow");
            let error = Error::Forbidden(format!("This is for people with the role {} only.", role.as_str()));
            refuse(&error, parts.uri.path(), &parts.headers)
        }
        None if matches!(parts.method, Method::GET | Method::HEAD) => {
            let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            Redirect::to(&sign_in_address(here)).into_response()
        }
        None => refuse_or_keep(&state, parts, body, Error::Unauthorized).await,
    }
}

/// Refuses a request; what somebody typed into a form comes back with the refusal.
async fn refuse_or_keep(state: &AppState, parts: Parts, body: Body, error: Error) -> Response {
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if !is_read && !parts.uri.path().starts_with("/api/") && !wants_json(&parts.headers) {
        return keep_body(state, parts, body, error).await;
    }
    // Read, although nobody needs it: the connection would be closed behind the answer otherwise.
    let _ = axum::body::to_bytes(body, LARGEST_BODY).await;
    refuse(&error, parts.uri.path(), &parts.headers)
}

/// The answer to a method that the table does not have for this path; it does not have this path at all if somebody forgot it.
fn refuse_method(path: &str) -> Response {
    let allowed: Vec<&str> = ROUTES.iter().filter(|route| route.path == path).map(|route| route.method).collect();
    if allowed.is_empty() {
        tracing::error!(path, "a route is not in the table of access, so it is not served");
        return refuse(&Error::NotFound("There is nothing at this address.".into()), path, &HeaderMap::new());
    }
    let mut response = StatusCode::METHOD_NOT_ALLOWED.into_response();
    if let Ok(allowed) = HeaderValue::try_from(allowed.join(",")) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// A refusal in the form that fits who asked: islands read the error itself, other programs a problem, people a page.
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
