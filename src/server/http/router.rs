//! Which address is answered by what.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::services::ServeDir;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

use super::cache::CachePolicy;
use super::{feeds, health, json_api, security, sign_in};
use crate::app::App;
use crate::server::content::front_matter::normalize_path;
use crate::server::shell::{error_page, shell};
use crate::server::state::AppState;
use crate::server::telemetry::log_requests;

/// The largest body that any request may have, in bytes. Server functions read theirs whole and know no limit of their own.
const LARGEST_BODY: usize = 16 * 1024;

/// How long a session lasts after signing in, in days.
const SESSION_DAYS: i64 = 30;

/// The whole site.
pub fn router(state: AppState) -> Router {
    let context = {
        let state = state.clone();
        move || provide_context(state.clone())
    };
    let options = state.leptos_options.clone();
    let sessions = SessionManagerLayer::new(state.sessions.clone())
        // The prefix makes browsers refuse the cookie unless it is Secure and from this very host.
        .with_name(if state.config.is_secure() { "__Host-session" } else { "session" })
        .with_secure(state.config.is_secure())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(Duration::days(SESSION_DAYS)));

    Router::new()
        .route("/login", post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/feed.xml", get(feeds::feed))
        .route("/sitemap.xml", get(feeds::sitemap))
        .route("/robots.txt", get(feeds::robots))
        .route("/highlight.css", get(feeds::highlight_css))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .leptos_routes_with_context(&state, generate_route_list(App), context, move || shell(options.clone()))
        .nest("/api/v1", json_api::router())
        .fallback(file_or_not_found)
        .layer(from_fn_with_state(state.clone(), redirect_old_addresses))
        .layer(sessions)
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(from_fn(security::explain_errors))
        .layer(from_fn_with_state(state.clone(), security::protect))
        .layer(CatchPanicLayer::custom(security::panicked))
        .layer(CompressionLayer::new())
        .layer(from_fn(log_requests))
        .with_state(state)
}

/// What no route answers: a file of the site, or nothing.
async fn file_or_not_found(State(state): State<AppState>, request: Request) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut copy = Request::new(Body::empty());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        copy.headers_mut().clone_from(request.headers());
        if let Some(file) = file(&state, copy).await {
            return file;
        }
    }
    let options = state.leptos_options.clone();
    let context = move || provide_context(state.clone());
    render_app_async_with_context(context, move || shell(options.clone()))(request).await.into_response()
}

/// Leads readers on from an article's former address, whatever route it would belong to today.
async fn redirect_old_addresses(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = normalize_path(request.uri().path());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let response = next.run(request).await;
    if !is_read || response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    match state.database.slug_by_alias(&path, state.clock.now_ms()).await {
        Ok(Some(slug)) => moved_to(&slug),
        Ok(None) => response,
        Err(error) => error_page(&error.into()),
    }
}

async fn file(state: &AppState, request: Request) -> Option<Response> {
    let files = ServeDir::new(&*state.leptos_options.site_root).append_index_html_on_directories(false);
    let mut response = files.oneshot(request).await.ok()?.into_response();
    // A name that the file system refuses, because it is too long, is no failure but no file.
    let is_found = !matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR);
    let (name, value) = CachePolicy::Asset.header();
    response.headers_mut().insert(name, value);
    is_found.then_some(response)
}

/// 301: the address has changed for good, and search engines may carry its standing over.
fn moved_to(slug: &str) -> Response {
    match HeaderValue::try_from(format!("/articles/{slug}")) {
        Ok(location) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
