//! Answers readers who are not signed in from remembered pages, and remembers what was rendered for them.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, COOKIE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;
use url::form_urlencoded;

use super::identity::session_cookie;
use crate::error::Error;
use crate::server::page_cache::hole::Marks;
use crate::server::page_cache::page::{Filling, Head, RememberedPage};
use crate::server::shell::{chosen_theme, error_page};
use crate::server::state::AppState;

/// The largest page that is rendered, in bytes.
const LARGEST_PAGE: usize = 64 << 20;

/// Says to programs where an answer came from (RFC 9211).
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The pages that may be remembered, as the router knows them, with the parameters of the query that each looks at.
const PAGES: [(&str, &[&str]); 5] = [
    ("/", &["page"]),
    ("/articles/{slug}", &[]),
    ("/tags/{tag}", &["page"]),
    ("/authors/{username}", &["page"]),
    ("/search", &["q", "page"]),
];

/// Answers from memory if it can, and otherwise remembers what was rendered, if it is a page that may be.
pub async fn remember(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let Some(address) = address(&request, session_cookie(&state.config)) else { return next.run(request).await };
    let theme = chosen_theme(request.headers());
    let asked =
        Asked { etag: request.headers().get(IF_NONE_MATCH).cloned(), takes_gzip: takes_gzip(request.headers()) };
    let key = state.page_cache.key(&address, theme);
    if let Some(page) = key.as_ref().and_then(|key| state.page_cache.get(key)) {
        return answer(&state, &page, &asked, "hit").await;
    }
    match render(&state, request, next, &address).await {
        Ok(page) => {
            let page = Arc::new(page);
            let status = match key {
                Some(key) => {
                    state.page_cache.keep(key, page.clone());
                    "fwd=miss; stored"
                }
                None => "fwd=bypass",
            };
            answer(&state, &page, &asked, status).await
        }
        Err(response) => response,
    }
}

/// What an answer depends on besides the page.
struct Asked {
    etag: Option<HeaderValue>,
    takes_gzip: bool,
}

/// The address of a page that may be remembered, without what the page does not look at; `None` if it may not be.
fn address(request: &Request, session_cookie: &str) -> Option<String> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) || has_cookie(request.headers(), session_cookie) {
        return None;
    }
    let route = request.extensions().get::<MatchedPath>()?.as_str();
    let (_, names) = PAGES.iter().find(|(page, _)| *page == route)?;
    let path = request.uri().path();
    let Some(query) = request.uri().query().filter(|_| !names.is_empty()) else { return Some(path.to_owned()) };
    let mut known = form_urlencoded::Serializer::new(String::new());
    for name in *names {
        if let Some((_, value)) = form_urlencoded::parse(query.as_bytes()).find(|(other, _)| other == name) {
            known.append_pair(name, &value);
        }
    }
    let known = known.finish();
    Some(if known.is_empty() { path.to_owned() } else { format!("{path}?{known}") })
}

/// Whether a cookie of that name is sent, whatever is in it.
fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(COOKIE).iter().any(|cookies| {
        let mut cookies = cookies.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        cookies.any(|cookie| cookie.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    })
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|codings| codings.to_str().ok());
    codings.flat_map(|codings| codings.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = matches!(quality.trim().strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000"));
        matches!(name.trim(), "gzip" | "*") && !is_refused
    })
}

/// Renders a page with marks where something differs from one answer to the next. What is no page that may be remembered, such as an
/// error, is answered as it is.
async fn render(state: &AppState, mut request: Request, next: Next, address: &str) -> Result<RememberedPage, Response> {
    let Ok(uri) = Uri::try_from(address) else { return Err(next.run(request).await) };
    let marks = Marks::new(&mut rand::rng());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    for name in [ACCEPT_ENCODING, IF_NONE_MATCH] {
        request.headers_mut().remove(name);
    }
    request.extensions_mut().insert(marks);
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return Err(response);
    }
    let (parts, body) = response.into_parts();
    let internal = |reason: &str| {
        tracing::error!(address, reason, "a page could not be remembered");
        error_page(&Error::Internal)
    };
    let html = to_bytes(body, LARGEST_PAGE).await.map_err(|_| internal("it is too large"))?;
    let html = std::str::from_utf8(&html).map_err(|_| internal("it is no text"))?;
    let mut headers = parts.headers;
    let policy = headers.remove(CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|policy| policy.to_str().ok().map(str::to_owned)).unwrap_or_default();
    let nonce = policy.split_once("'nonce-").and_then(|(_, rest)| rest.split_once('\''));
    let nonce = nonce.map(|(nonce, _)| nonce.to_owned()).ok_or_else(|| internal("it has no nonce"))?;
    headers.remove(CONTENT_LENGTH);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding, cookie"));
    let head = Head { headers, nonce, policy };
    Ok(RememberedPage::new(html, &marks, head, state.page_cache.no_rankings()))
}

/// Sends a page with the counts of this moment.
async fn answer(state: &AppState, page: &RememberedPage, asked: &Asked, status: &'static str) -> Response {
    let moment = state.counts.of(page.articles()).await;
    let is_stale = moment.is_none();
    let followers = match page.author() {
        Some(author) if !is_stale => state.author_counts.followers(author).await.ok(),
        _ => None,
    };
    let nonce = format!("{:032x}", rand::random::<u128>());
    let filling = Filling { nonce, moment, followers };
    let filled = page.fill(&filling);
    let mut response = Response::new(Body::empty());
    let head = page.head();
    response.headers_mut().clone_from(&head.headers);
    let etag = format!("W/\"{:016x}\"", filled.hash);
    let is_known = asked.etag.as_ref().is_some_and(|known| is_among(known, &etag));
    let headers = response.headers_mut();
    let mut set = |name, value: Result<HeaderValue, _>| value.map(|value| headers.insert(name, value)).is_ok();
    set(ETAG, HeaderValue::try_from(etag));
    let status = match is_stale {
        true => "Tidemark; hit; detail=stores-away".to_owned(),
        false => format!("Tidemark; {status}"),
    };
    set(CACHE_STATUS, HeaderValue::try_from(status));
    if is_known {
        // The browser goes on with the page that it has, with the policy and the nonce that came with it.
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    set(CONTENT_SECURITY_POLICY, HeaderValue::try_from(head.policy.replace(&head.nonce, &filling.nonce)));
    let body = if asked.takes_gzip {
        set(CONTENT_ENCODING, Ok(HeaderValue::from_static("gzip")));
        page.gzip(&filled)
    } else {
        page.html(&filled)
    };
    *response.body_mut() = Body::from(body);
    response
}

/// Whether `If-None-Match` names `etag`.
fn is_among(known: &HeaderValue, etag: &str) -> bool {
    known.to_str().is_ok_and(|known| known.split(',').any(|one| matches!(one.trim(), "*") || one.trim() == etag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_session_is_told_from_other_cookies() {
        for (cookies, expected) in [
            ("session=1", true),
            ("theme=dark; session=", true),
            ("sessions=1; xsession=1; a=session", false),
            ("theme=dark", false),
        ] {
            assert_eq!(has_cookie(&headers(COOKIE, cookies), "session"), expected, "{cookies}");
        }
    }

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (codings, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("*", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(&headers(ACCEPT_ENCODING, codings)), expected, "{codings}");
        }
    }

    #[test]
    fn one_of_several_etags_is_enough() {
        for (known, expected) in
            [("W/\"1\"", true), ("W/\"2\", W/\"1\"", true), ("*", true), ("W/\"11\"", false), ("\"1\"", false)]
        {
            assert_eq!(is_among(&HeaderValue::from_static(known), "W/\"1\""), expected, "{known}");
        }
    }
}
