//! Which address is answered by what.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::{provide_context, with_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower::{Layer, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

use super::access::control;
use super::edge::edge;
use super::files::file_or_not_found;
use super::patience::patience;
use super::{account, feeds, health, json_api, pictures, reactions, sign_in, studio, users};
use crate::app::App;
use crate::server::content::front_matter::normalize_path;
use crate::server::page_cache::hole::Marks;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::PICTURES;
use crate::server::request::identity::session_cookie;
use crate::server::request::limits::{LARGEST_ARTICLE, LARGEST_BODY, LARGEST_PICTURE};
use crate::server::state::AppState;
use crate::shell::shell;

/// What a form needs around the pictures in it, in bytes.
const FORM_AROUND_PICTURES: usize = 16 * 1024;

/// How long a session lasts after signing in, in days.
const SESSION_DAYS: i64 = 30;

/// The whole site.
pub fn router(state: AppState) -> Router {
    let context = {
        let state = state.clone();
        move || {
            provide_context(state.clone());
            // Islands and components look for them where a count goes.
            if let Some(marks) = with_context::<Parts, _>(|parts| parts.extensions.get::<Marks>().copied()).flatten() {
                provide_context(marks);
            }
        }
    };
    let options = state.leptos_options.clone();
    let sessions = SessionManagerLayer::new(state.sessions.clone())
        .with_name(session_cookie(&state.config))
        .with_secure(state.config.is_secure())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(Duration::days(SESSION_DAYS)));

    let site = Router::new()
        .route("/login", post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/sign-up", post(account::sign_up))
        .route("/account/name", post(account::rename))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(account::end_sessions))
        .route("/users", post(users::add))
        .route("/users/invitations", post(users::invite))
        .route("/users/invitations/delete", post(users::delete_invitation))
        .route("/users/{username}/role", post(users::set_role))
        .route("/users/{username}/password", post(users::reset_password))
        .route("/users/{username}/block", post(users::block))
        .route("/studio/new", post(studio::create))
        .route("/studio/new/discard", post(studio::discard_new))
        .route("/studio/{id}", post(studio::save))
        .route("/studio/{id}/bin", post(studio::bin))
        .route("/studio/{id}/restore", post(studio::restore))
        .route("/studio/{id}/discard", post(studio::discard))
        .route("/studio/{id}/revisions/{version}/restore", post(studio::restore_revision))
        .route("/articles/{slug}/like", post(reactions::like))
        .route("/articles/{slug}/collect", post(reactions::collect))
        .route("/authors/{username}/follow", post(reactions::follow))
        .route("/feed.xml", get(feeds::feed))
        .route("/sitemap.xml", get(feeds::sitemap))
        .route("/robots.txt", get(feeds::robots))
        .route("/site.webmanifest", get(feeds::manifest))
        .route("/pictures/{name}", get(pictures::picture))
        .route(PICTURES, post(pictures::upload))
        .route("/studio/pictures/{name}/delete", post(pictures::delete))
        .leptos_routes_with_context(&state, generate_route_list(App), context, move || shell(options.clone()))
        .fallback(file_or_not_found)
        .layer(from_fn_with_state(state.clone(), control))
        .layer(from_fn_with_state(state.clone(), redirect_old_addresses))
        .layer(sessions)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(limit_body))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), patience));
    // What programs ask needs few of these layers, and a view must cost little.
    Router::new()
        .merge(site)
        .merge(json_api::router(&state))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .layer(from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

/// Refuses a body that is larger than its address takes.
async fn limit_body(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let limit = match path {
        PICTURES => LARGEST_PICTURE + FORM_AROUND_PICTURES,
        _ if path.starts_with("/studio") || path.starts_with("/api/islands/studio-") => LARGEST_ARTICLE,
        _ => LARGEST_BODY,
    };
    let picture_headers = (path == PICTURES).then(|| request.headers().clone());
    // The router takes its own kind of body only.
    let next = next.map_request(|request: Request<_>| request.map(Body::new));
    match RequestBodyLimitLayer::new(limit).layer(next).oneshot(request).await {
        Ok(response) if response.status() == StatusCode::PAYLOAD_TOO_LARGE && is_worded_by_library(&response) => {
            picture_headers.map_or_else(|| response.map(Body::new), |headers| pictures::too_large(&headers))
        }
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

/// Whether it is the limit that answered, rather than a handler.
fn is_worded_by_library<B>(response: &Response<B>) -> bool {
    response.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/plain"))
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

/// 301: the address has changed for good, and search engines may carry its standing over.
fn moved_to(slug: &str) -> Response {
    match HeaderValue::try_from(format!("/articles/{slug}")) {
        Ok(location) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, location)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
