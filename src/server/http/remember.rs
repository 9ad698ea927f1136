//! Serves readers who are not signed in from the page cache, and caches what is rendered for them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, ETAG, HeaderName,
    HeaderValue, IF_NONE_MATCH, SET_COOKIE, VARY,
};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures_util::FutureExt;
use futures_util::future::Either;
use tidemark_content::front_matter::post_number;
use tower::{Service, ServiceExt};
use tracing::Instrument;
use url::form_urlencoded;

use super::edge::or_apology;
use super::page::{Passing, new_nonce};
use super::security::{has_one_host, set_headers};
use crate::error::Error;
use crate::model::article::may_be_page;
use crate::model::language::Language;
use crate::server::page_cache::hole::Marks;
use crate::server::page_cache::page::{Filling, RememberedPage};
use crate::server::request::error_page::{error_page, tell};
use crate::server::request::identity::{FoundUser, PageReader, sent_session};
use crate::server::request::language::chosen_language;
use crate::server::request::negotiation::{is_among, takes_gzip};
use crate::server::request::theme::chosen_theme;
use crate::server::state::AppState;
use crate::server::telemetry::RequestLog;
use crate::server::traces::{self, LoggedElsewhere};
use crate::shell::page_policy;

/// The largest page that can be rendered, in bytes.
const LARGEST_PAGE: usize = 64 << 20;

/// Tells clients where a response came from (RFC 9211).
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
/// Without and with the detail that the counts could not be read.
type CacheStatus = [HeaderValue; 2];
static HIT: CacheStatus = [
    HeaderValue::from_static("Tidemark; hit"),
    HeaderValue::from_static("Tidemark; hit; detail=stores-away"),
];
static STORED: CacheStatus = [
    HeaderValue::from_static("Tidemark; fwd=miss; stored"),
    HeaderValue::from_static("Tidemark; fwd=miss; stored; detail=stores-away"),
];
static NOT_KEPT: CacheStatus = [
    HeaderValue::from_static("Tidemark; fwd=bypass"),
    HeaderValue::from_static("Tidemark; fwd=bypass; detail=stores-away"),
];

/// The pages that may be cached: the first segment of the path, whether there is a second, the
/// route, and the query parameters that the page uses.
const PAGES: [(&str, bool, &str, &[&str]); 9] = [
    ("", false, "/", &["page"]),
    ("articles", true, "/articles/{slug}", &[]),
    ("tags", true, "/tags/{tag}", &["page"]),
    ("authors", true, "/authors/{username}", &["page"]),
    ("tags", false, "/tags", &[]),
    ("authors", false, "/authors", &[]),
    ("archive", false, "/archive", &["page"]),
    ("most-viewed", false, "/most-viewed", &["window"]),
    ("search", false, "/search", &["q", "tag", "author", "since", "sort", "page"]),
];

/// The route of pages such as About.
const STATIC_PAGE: &str = "/{slug}";

/// The whole site: the page cache, with the router behind it for everything else.
///
/// The cache wraps the router instead of being one of its layers: finding a route and preparing its
/// layers costs more than sending a cached page.
#[derive(Clone, Debug)]
pub struct Site {
    state: AppState,
    reading: Router,
    router: Router,
}

impl Site {
    /// A site with `router` for all requests, and `reading` to render the pages that may be cached.
    pub fn new(state: AppState, reading: Router, router: Router) -> Self {
        Self { state, reading, router }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Service<Request> for Site {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<RouteFuture<Infallible>, Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        self.state.identity.adopt_former(request.headers_mut());
        let address = address(&request, self.state.identity.session_cookie());
        let Some((route, address)) = address else {
            return Either::Left(self.router.call(request));
        };
        let span = traces::request(&request, Some(route));
        let log = RequestLog::start(&request, self.state.config.server.slow_page);
        let (state, reading) = (self.state.clone(), self.reading.clone());
        let is_secure = state.config.is_secure();
        let language = chosen_language(request.headers(), state.config.site.language);
        let answer = find_or_render(state, request, reading, address, language);
        let answer = finish(answer, is_secure, language, log);
        let answer = answer.instrument(span.clone()).map(move |response| {
            traces::answered(&span, &response);
            Ok::<_, Infallible>(response)
        });
        Either::Right(Box::pin(answer))
    }
}

/// Does for an answer what the edge does for the router's: catches a panic, and logs what the
/// client asked for and what it got.
fn finish(
    answer: impl Future<Output = Response>,
    is_secure: bool,
    language: Language,
    log: Option<RequestLog>,
) -> impl Future<Output = Response> {
    or_apology(answer, false).map(move |mut response| {
        // A page already has these headers from its rendering; the error page after a panic does
        // not.
        if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
            response = tell(response, language);
            set_headers(&mut response, is_secure);
        }
        if let Some(log) = log {
            log.end(&response);
        }
        response
    })
}

/// The page at `address`: from the cache, or rendered and then cached.
async fn find_or_render(
    state: AppState,
    request: Request,
    reading: Router,
    address: String,
    language: Language,
) -> Response {
    let mut asked = Asked {
        etag: request.headers().get(IF_NONE_MATCH).cloned(),
        takes_gzip: takes_gzip(request.headers()),
        reader: None,
    };
    let key = state.page_cache.key(&address, chosen_theme(request.headers()), language);
    let remembered = key.as_ref().and_then(|key| state.page_cache.get(key));
    let (parts, body) = request.into_parts();
    // Only the page of an article needs to know its reader. Whether it is one is known only for a
    // cached page.
    if remembered.as_ref().is_none_or(|page| page.article().is_some()) {
        asked.reader = state.identity.page_reader(&parts, None).ok();
    }
    if let Some(page) = remembered {
        drop((parts, body));
        return answer(&state, &page, &asked, &HIT).await;
    }
    let request = Request::from_parts(parts, body);
    // Boxed, so that the future of a cache hit stays small.
    match Box::pin(render(&state, request, reading, &address, language)).await {
        Ok((page, may_be_kept)) => {
            let page = Arc::new(page);
            let status = match key.filter(|_| may_be_kept) {
                Some(key) => {
                    state.page_cache.keep(key, page.clone());
                    &STORED
                }
                None => &NOT_KEPT,
            };
            answer(&state, &page, &asked, status).await
        }
        Err(response) => response,
    }
}

/// What a response depends on, besides the page.
struct Asked {
    etag: Option<HeaderValue>,
    takes_gzip: bool,
    /// The reader, if the page needs to know. Never somebody signed in.
    reader: Option<PageReader>,
}

/// The route of a page that may be cached, and its address without parameters that the page
/// ignores; `None` if it may not be cached.
fn address(request: &Request, session_cookie: &str) -> Option<(&'static str, String)> {
    if !matches!(*request.method(), Method::GET | Method::HEAD)
        || !has_one_host(request)
        || sent_session(request.headers(), session_cookie).is_some()
    {
        return None;
    }
    let path = request.uri().path();
    let (first, second) = match path.strip_prefix('/')?.split_once('/') {
        Some((first, second)) => (first, Some(second)),
        None => (path.strip_prefix('/')?, None),
    };
    // Nothing is at an address with capitals or an ending, but it may redirect, with its whole
    // query.
    let is_odd = |one: char| matches!(one, '/' | '.') || one.is_ascii_uppercase();
    if second.is_some_and(|second| second.is_empty() || second.contains(is_odd)) {
        return None;
    }
    let page = PAGES
        .iter()
        .find(|(page, has_second, ..)| (*page, *has_second) == (first, second.is_some()));
    if first.is_empty() && request.uri().query().and_then(post_number).is_some() {
        // It may be the old address of an article.
        return None;
    }
    let (route, names): (_, &[&str]) = match page {
        Some((.., route, names)) => (*route, names),
        None if second.is_none() && may_be_page(first) => (STATIC_PAGE, &[]),
        None => return None,
    };
    let Some(query) = request.uri().query().filter(|_| !names.is_empty()) else {
        return Some((route, path.to_owned()));
    };
    let mut known = form_urlencoded::Serializer::new(String::new());
    for name in names {
        if let Some((_, value)) =
            form_urlencoded::parse(query.as_bytes()).find(|(other, _)| other == name)
        {
            known.append_pair(name, &value);
        }
    }
    let known = known.finish();
    Some((route, if known.is_empty() { path.to_owned() } else { format!("{path}?{known}") }))
}

/// Renders a page with marks wherever responses differ, and says whether it may be kept. A response
/// that may not be cached, such as an error, is returned unchanged as `Err`.
async fn render(
    state: &AppState,
    mut request: Request,
    router: Router,
    address: &str,
    language: Language,
) -> Result<(RememberedPage, bool), Response> {
    let run = async |request| match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    request.extensions_mut().insert(FoundUser::nobody());
    request.extensions_mut().insert(LoggedElsewhere);
    let Ok(uri) = Uri::try_from(address) else { return Err(run(request).await) };
    let marks = Marks::new(&mut rand::rng());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    for name in [ACCEPT_ENCODING, IF_NONE_MATCH] {
        request.headers_mut().remove(name);
    }
    request.extensions_mut().insert(marks);
    let response = run(request).await;
    if response.status() != StatusCode::OK {
        return Err(response);
    }
    let (parts, body) = response.into_parts();
    let may_be_kept = parts.extensions.get::<Passing>().is_none();
    let internal = |reason: &str| {
        tracing::error!(address, reason, "a page could not be cached");
        error_page(&Error::Internal)
    };
    let html = to_bytes(body, LARGEST_PAGE).await.map_err(|_| internal("it is too large"))?;
    let html = std::str::from_utf8(&html).map_err(|_| internal("it is not text"))?;
    let mut headers = parts.headers;
    // Both belong to a single response. On a 304 the browser keeps the policy that came with its
    // page, so a cached policy must not be sent.
    headers.remove(CONTENT_SECURITY_POLICY);
    headers.remove(CONTENT_LENGTH);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding, accept-language, cookie"));
    let rankings = state.page_cache.no_rankings();
    let page = RememberedPage::new(html, &marks, headers, rankings, language);
    Ok((page, may_be_kept))
}

/// Sends a page with the current counts.
async fn answer(
    state: &AppState,
    page: &Arc<RememberedPage>,
    asked: &Asked,
    status: &CacheStatus,
) -> Response {
    // Boxed, so that the future of other pages stays small.
    let takes_gzip = asked.takes_gzip
        && (!page.is_slow_to_compress() || Box::pin(is_compressed(state, page)).await);
    let moment = state.counts.of(page.wanted()).await;
    let is_stale = moment.is_none();
    let told = match &moment {
        Some(_) => HashMap::new(),
        None => state.counts.told(&page.wanted().articles),
    };
    let asks = page.article().zip(asked.reader.as_ref());
    // Ask only after the counts were read. A view in between is then in neither, so no count on the
    // page falls.
    let would_count =
        asks.is_none_or(|(article, asking)| asking.would_count(&state.counting, article, false));
    let filling = Filling { nonce: new_nonce(), moment, told, would_count };
    let filled = page.fill(&filling);
    let etag = format!("W/\"{:016x}\"", filled.hash);
    let is_known = asked.etag.as_ref().is_some_and(|known| is_among(known, &etag));
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.clone_from(page.headers());
    headers.insert(CACHE_STATUS, status[usize::from(is_stale)].clone());
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    if let Some(cookie) = asks.and_then(|(_, asking)| asking.cookie.clone()) {
        headers.append(SET_COOKIE, cookie);
    }
    if is_known {
        // The browser keeps its page, with the policy and the nonce that came with it.
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    // Pages for everyone have no islands.
    let policy = page_policy(&filling.nonce, false, state.config.pictures.elsewhere);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    *response.body_mut() = if takes_gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Body::from(page.gzip(&filled))
    } else {
        Body::new(page.html(&filled))
    };
    response
}

/// Compresses a large page where that holds up no other request. False if too many large pages are
/// waiting for it.
async fn is_compressed(state: &AppState, page: &Arc<RememberedPage>) -> bool {
    let page = page.clone();
    state.documents.work().run(move |_| page.compress()).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_while_serving_a_cached_page_gives_the_usual_error_page() {
        async fn panics() -> Response {
            panic!("on purpose")
        }
        let response = finish(panics(), true, Language::English, None).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        for name in
            ["content-security-policy", "x-content-type-options", "strict-transport-security"]
        {
            assert!(response.headers().contains_key(name), "{name}");
        }
        let body = to_bytes(response.into_body(), LARGEST_PAGE).await.unwrap();
        assert!(
            String::from_utf8_lossy(&body).contains("Something went wrong on our side."),
            "{body:?}"
        );
    }
}
