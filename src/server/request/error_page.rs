//! Pages of last resort, for errors before or instead of rendering.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use super::cache::CachePolicy;
use crate::error::{Error, RETRY_AFTER_SECONDS};

/// The page for an error that occurs before or instead of rendering.
pub fn error_page(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response =
        plain_page(status, status.canonical_reason().unwrap_or("Error"), &error.to_string());
    if *error == Error::Unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}

/// A page that depends on nothing but the style sheet. `title` and `text` are not escaped, so they
/// must be our own.
pub fn plain_page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/pkg/tidemark.css\"></head>\
         <body><main class=\"message\"><p class=\"message-status\">{code}</p><h1>{title}</h1><p>{text}</p>\
         <p><a class=\"button\" href=\"/\">Back to home</a></p></main></body></html>\n",
        code = status.as_u16(),
    );
    let policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        CachePolicy::Never.header(),
    ];
    (status, headers, html).into_response()
}
