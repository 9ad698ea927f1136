//! Protects readers and authors: sets security headers on every answer, and refuses cross-site
//! writes and requests that no route can answer.

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Entry, HOST,
    HeaderName, HeaderValue, ORIGIN, REFERER, REFERRER_POLICY, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::json_api;
use crate::error::Error;
use crate::message::Message;
use crate::model::language::Language;
use crate::server::request::error_page::{error_page, is_untold, plain_page, tell};
use crate::server::request::problem;

/// The content security policy of answers that are not pages: they load nothing and can't be
/// framed. Pages have their own, with a nonce.
const CLOSED_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Whether an HTTP/1.1 request names exactly one host, as it must (RFC 9112, 3.2). A proxy and the
/// program could each believe another one of several.
pub fn has_one_host(request: &Request) -> bool {
    request.version() != Version::HTTP_11 || request.headers().get_all(HOST).iter().count() == 1
}

/// Refuses requests that no route can answer; `None` for all others. These are methods that the
/// program does not know, such as `CONNECT`, targets that are not a path, such as in `GET
/// example.org:80`, and requests without a host or with several. Leptos would panic on the first
/// two.
///
/// The JSON API does not go through Leptos. It answers 405 with `Allow` to any method it does not
/// support.
pub fn refuse_unknown(request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let is_known = match *request.method() {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => true,
        Method::CONNECT => false,
        _ => path.starts_with(json_api::PREFIX),
    };
    let (status, title, reason) = match (is_known, path.starts_with('/')) {
        (true, true) if has_one_host(request) => return None,
        (true, true) => (
            StatusCode::BAD_REQUEST,
            "Bad Request",
            "The request must have exactly one Host header.",
        ),
        (false, _) => (
            StatusCode::NOT_IMPLEMENTED,
            "Not Implemented",
            "This server does not support this method.",
        ),
        (true, false) => (
            StatusCode::BAD_REQUEST,
            "Bad Request",
            "The request target must be a path that starts with a slash.",
        ),
    };
    let is_for_programs = is_for_programs(path);
    Some(if is_for_programs {
        problem::problem(status, reason.into())
    } else {
        plain_page(status, title, reason.into())
    })
}

/// Drops a `Referer` from another site before a server function sees it. After a form is sent
/// without JavaScript (`Accept: text/html`), Leptos redirects to the `Referer`, wherever that
/// leads.
pub fn forget_foreign_referer(headers: &mut HeaderMap, base_url: &str) {
    let Some(referer) = headers.get(REFERER) else { return };
    // Scripts ask for JSON and are never redirected.
    let is_html =
        |accept: &HeaderValue| accept.as_bytes().windows(9).any(|part| part == b"text/html");
    let wants_html = headers.get_all(ACCEPT).iter().any(is_html);
    if wants_html && !is_own(referer, headers.get(HOST), base_url) {
        headers.remove(REFERER);
    }
}

/// Whether an address belongs to this site: to the configured address, or to the host of the
/// request.
fn is_own(address: &HeaderValue, host: Option<&HeaderValue>, base_url: &str) -> bool {
    let parse =
        |text: &str| Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(address) = address.to_str().ok().and_then(parse) else { return false };
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let asked = format!("{}://{host}", address.scheme());
    [base_url, asked.as_str()]
        .into_iter()
        .filter_map(parse)
        .any(|own| own.origin() == address.origin())
}

/// Adds `Secure` to cookies without it. The cookie that deletes a session lacks the attribute, and
/// without it browsers ignore a `Set-Cookie` for `__Host-session`.
fn secure_cookies(headers: &mut HeaderMap) {
    if !headers.contains_key(SET_COOKIE) {
        return;
    }
    let Entry::Occupied(mut cookies) = headers.entry(SET_COOKIE) else { return };
    for cookie in cookies.iter_mut() {
        let is_secure = cookie
            .as_bytes()
            .split(|byte| *byte == b';')
            .any(|part| part.trim_ascii() == b"Secure");
        if !is_secure
            && let Ok(secure) = HeaderValue::from_bytes(&[cookie.as_bytes(), b"; Secure"].concat())
        {
            *cookie = secure;
        }
    }
}

/// Refuses a write that another site made a reader's browser send; `None` for everything else.
pub fn refuse_cross_site(request: &Request, base_url: &str) -> Option<Response> {
    let is_write = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_write || !is_cross_site(request.headers(), base_url) {
        return None;
    }
    let error = Error::Forbidden(Message::text("error-cross-site"));
    let is_for_programs = is_for_programs(request.uri().path());
    Some(if is_for_programs { error.into_response() } else { error_page(&error) })
}

/// Sets the headers that all answers share.
pub fn set_headers(response: &mut Response, is_secure: bool) {
    let is_page_of_before = response.status() == StatusCode::NOT_MODIFIED;
    let mut set = |name: HeaderName, value: &'static str| {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    };
    // On a 304, a browser would apply the new headers to the page it keeps.
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
        secure_cookies(response.headers_mut());
    }
}

/// Rewrites an error that a library worded, such as the router's 405 or a form's 422: as a problem
/// for programs, as a page for people. Our own errors for people become pages in their language.
pub fn explain_error(response: Response, is_for_programs: bool, language: Language) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    if is_untold(&response) {
        return tell(response, language);
    }
    let content_type =
        response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let is_a_librarys = content_type.starts_with(b"text/plain") || response.body().is_end_stream();
    if !is_a_librarys {
        return response;
    }
    let mut explained = if is_for_programs {
        problem::bare(status)
    } else {
        let title = status.canonical_reason().unwrap_or("Error");
        tell(plain_page(status, title, Message::text("error-wrong-request")), language)
    };
    // Keep headers that tell how to do better, such as `Allow`, but not the old body's length,
    // type and encoding.
    for (name, value) in response.headers() {
        if ![CONTENT_ENCODING, CONTENT_LENGTH].contains(name) {
            explained.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    explained
}

/// Whether this path is for programs rather than people.
pub fn is_for_programs(path: &str) -> bool {
    ["/api/", "/healthz", "/readyz", "/metrics"].iter().any(|prefix| path.starts_with(prefix))
}

/// Whether a write comes from another site's page. Browsers say so in `Sec-Fetch-Site`, older ones
/// in `Origin`. A client that sends neither is not a browser, so it does not send anybody's cookies
/// without their knowledge.
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
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn only_a_referer_of_this_site_is_kept_for_redirects_back() {
        let base = "https://blog.example";
        for (referer, is_kept) in [
            ("https://blog.example/articles/first?a=1", true),
            ("https://blog.example", true),
            ("http://localhost:3000/articles/first", true),
            ("https://evil.example/", false),
            ("https://blog.example.evil.example/", false),
            ("https://blog.example@evil.example/", false),
            ("https://blog.example:8443/", false),
            ("http://localhost/", false),
            ("https://evil.example\\@blog.example/", false),
            ("//evil.example", false),
            ("javascript:alert(1)", false),
            ("/articles/first", false),
            ("", false),
        ] {
            let sent = [
                ("referer", referer),
                ("host", "localhost:3000"),
                ("accept", "text/html,*/*;q=0.8"),
            ];
            let mut headers = headers(&sent);
            forget_foreign_referer(&mut headers, base);
            assert_eq!(headers.contains_key(REFERER), is_kept, "{referer}");
        }
        let mut script =
            headers(&[("referer", "https://evil.example/"), ("accept", "application/json")]);
        forget_foreign_referer(&mut script, base);
        assert!(script.contains_key(REFERER), "it is not used");
    }

    #[test]
    fn behind_tls_every_cookie_is_secure() {
        let mut headers = HeaderMap::new();
        for cookie in ["__Host-session=; Path=/; Max-Age=0", "a=Secure", "b=1; Secure; Path=/"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        secure_cookies(&mut headers);
        let cookies: Vec<&[u8]> =
            headers.get_all(SET_COOKIE).iter().map(HeaderValue::as_bytes).collect();
        let expected: [&[u8]; 3] = [
            b"__Host-session=; Path=/; Max-Age=0; Secure",
            b"a=Secure; Secure",
            b"b=1; Secure; Path=/",
        ];
        assert_eq!(cookies, expected);
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
