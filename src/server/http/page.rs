//! Answers a request with a page.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::http::StatusCode;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, RETRY_AFTER, SET_COOKIE, VARY,
};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hydration_context::SsrSharedContext;
use leptos::prelude::{Owner, provide_context};
use leptos::reactive::computed::ScopedFuture;

use crate::components::page::{LoadedPage, failure};
use crate::error::{Error, RETRY_AFTER_SECONDS};
use crate::pages::not_found;
use crate::pages::query::Params;
use crate::server::page_cache::hole::{Hole, Marks};
use crate::server::request::cache::CachePolicy;
use crate::server::request::identity::PageCookie;
use crate::server::request::language::language_of;
use crate::server::request::theme::chosen_theme;
use crate::server::state::AppState;
use crate::shell::{document, page_policy};

/// Additional context from the handler, such as a submitted form. The function is called before the
/// page loads, and provides what the page looks for.
#[derive(Clone)]
pub struct Told(pub Arc<dyn Fn() + Send + Sync>);

/// Marks the answer as a page that must not be remembered.
#[derive(Clone, Copy, Debug)]
pub struct Passing;

/// A random nonce for the response's scripts. The content security policy blocks all others.
pub fn new_nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The future that loads a page. Boxed, because it is large and is passed through many functions.
type Loading = Pin<Box<dyn Future<Output = LoadedPage> + Send>>;

/// Loads a page and renders it.
pub async fn answer(
    State(state): State<AppState>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    parts: Parts,
    page: Loading,
) -> Response {
    match params {
        Ok(params) => {
            let params =
                params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            render(state, Params(params), parts, page).await
        }
        // The address is not valid UTF-8, so no article has it.
        Err(_) => not_found(state, parts).await,
    }
}

/// The 404 page.
pub async fn not_found(state: AppState, mut parts: Parts) -> Response {
    // A 404 is not cached, so nothing would fill its holes.
    parts.extensions.remove::<Marks>();
    render(state, Params::default(), parts, Box::pin(not_found::page())).await
}

async fn render(state: AppState, params: Params, mut parts: Parts, page: Loading) -> Response {
    let cookie = PageCookie::default();
    parts.extensions.insert(cookie.clone());
    let shows_elsewhere = state.config.pictures.elsewhere;
    let theme = chosen_theme(&parts.headers);
    let language = language_of(parts.uri.path(), &parts.headers, state.config.site.language);
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let rendering = owner.with(|| {
        ScopedFuture::new(async move {
            let marks = parts.extensions.get::<Marks>().copied();
            let told = parts.extensions.get::<Told>().cloned();
            // Before anything else, so that what is rendered is all of one version.
            let site = state.site.newest().await;
            let has_newest_site = site.is_ok();
            provide_context(site.unwrap_or_else(|last| last));
            provide_context(state);
            provide_context(language);
            provide_context(params);
            provide_context(parts);
            // Components look for the marks where a count goes.
            if let Some(marks) = marks {
                provide_context(marks);
            }
            if let Some(Told(tell)) = told {
                tell();
            }
            let LoadedPage { frame, content } = page.await;
            let (content, error) = match content {
                Ok(content) => (content, None),
                Err(error) => (failure(&error), Some(error)),
            };
            // The page of an error is not cached, so nothing would fill in the nonce later.
            let marks = marks.filter(|_| error.is_none());
            let nonce = marks.map_or_else(new_nonce, |marks| marks.mark(Hole::Nonce, 0));
            let policy =
                marks.is_none().then(|| page_policy(&nonce, content.has_islands, shows_elsewhere));
            let may_be_kept = content.may_be_kept && has_newest_site;
            let html = document(frame, content, theme, &nonce);
            (html, policy, error, may_be_kept)
        })
    });
    let (html, policy, error, may_be_kept) = rendering.await;
    owner.unset_with_forced_cleanup();
    let mut response = html.into_response();
    if !may_be_kept {
        response.extensions_mut().insert(Passing);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let (name, value) = CachePolicy::Page.header();
    headers.insert(name, value);
    headers.insert(VARY, HeaderValue::from_static("accept-language, cookie"));
    if let Some(cookie) = cookie.get() {
        headers.append(SET_COOKIE, cookie);
    }
    if let Some(policy) = policy.and_then(|policy| HeaderValue::try_from(policy).ok()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    if let Some(error) = error {
        if error == Error::Unavailable {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        *response.status_mut() =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }
    response
}
