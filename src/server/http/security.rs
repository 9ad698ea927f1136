//! What protects readers and authors: headers on every answer, and no writes from other sites.

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::Error;
use crate::server::request::error_page::{error_page, plain_page};
use crate::server::request::problem;

/// The policy of an answer that is not a page: it loads nothing and is shown in no frame. Pages have their own, with a nonce.
const CLOSED_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The answer to a write that another site makes a reader's browser send; `None` for anything else.
pub fn refuse_cross_site(request: &Request, base_url: &str) -> Option<Response> {
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_write || !is_cross_site(request.headers(), base_url) {
        return None;
    }
    let error = Error::Forbidden("This request came from another site, so it was not done.".into());
    let is_for_programs = is_for_programs(request.uri().path());
    Some(if is_for_programs { error.into_response() } else { error_page(&error) })
}

/// Sets the headers that every answer carries.
pub fn set_headers(response: &mut Response, is_secure: bool) {
    let is_page_of_before = response.status() == StatusCode::NOT_MODIFIED;
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    };
    // A browser that is told to go on with what it has takes the headers of that answer for those of the page.
    if !is_page_of_before {
        set(CONTENT_SECURITY_POLICY, CLOSED_POLICY);
    }
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(X_FRAME_OPTIONS, "DENY");
    set(REFERRER_POLICY, "strict-origin-when-cross-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    if is_secure {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// Gives an error that a library worded, such as the router's 405 or a form's 422, the form that fits who asked: a problem for a
/// program, a page for a person. Errors of our own have it already.
pub fn explain_error(response: Response, is_for_programs: bool) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let content_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let is_a_librarys = content_type.starts_with(b"text/plain") || response.body().is_end_stream();
    if !is_a_librarys {
        return response;
    }
    let mut explained = if is_for_programs {
        problem::bare(status)
    } else {
        let title = status.canonical_reason().unwrap_or("Error");
        plain_page(status, title, "This address does not take such a request.")
    };
    // What says how to do better, such as Allow, stays; what described the old body does not.
    for (name, value) in response.headers() {
        if name != CONTENT_LENGTH {
            explained.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    explained
}

/// Whether a program asks rather than a person.
pub fn is_for_programs(path: &str) -> bool {
    ["/api/", "/healthz", "/readyz", "/metrics"].iter().any(|prefix| path.starts_with(prefix))
}

/// Whether a write comes from a page of another site. Browsers say so in `Sec-Fetch-Site`, old ones in `Origin`; a client that
/// sends neither is no browser, and carries nobody's cookies without knowing it.
fn is_cross_site(headers: &HeaderMap, base_url: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return !matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let origin = origin.to_str().unwrap_or("null");
    let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    origin != base_url && (authority.is_empty() || authority != host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_write_from_another_site_is_recognised() {
        let base = "https://blog.example";
        for (pairs, expected) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site")], true),
            (&[("origin", "https://blog.example")], false),
            (&[("origin", "http://localhost:3000"), ("host", "localhost:3000")], false),
            (&[("origin", "https://evil.example"), ("host", "blog.example")], true),
            (&[("origin", "null"), ("host", "")], true),
            (&[("origin", "https://blog.example"), ("sec-fetch-site", "cross-site")], true),
        ] {
            assert_eq!(is_cross_site(&headers(pairs), base), expected, "{pairs:?}");
        }
    }
}
