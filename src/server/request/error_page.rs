//! Pages of last resort, for errors before or instead of rendering.

use axum::body::Body;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, RETRY_AFTER,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::cache::CachePolicy;
use crate::error::{Error, RETRY_AFTER_SECONDS};
use crate::message::Message;
use crate::model::language::Language;

/// What an answer without a body has to tell a person. The edge, which knows the language, puts it
/// into words ([`tell`]).
#[derive(Clone, Debug)]
struct Untold {
    /// The heading in English. Other languages have one for all errors of a kind.
    title: &'static str,
    error: Error,
}

/// The page for an error that occurs before or instead of rendering.
pub fn error_page(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = status.canonical_reason().unwrap_or("Error");
    let mut response = untold(status, title, error.clone());
    if *error == Error::Unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}

/// A page with any status. `title` is the heading in English.
pub fn plain_page(status: StatusCode, title: &'static str, text: Message) -> Response {
    untold(status, title, Error::BadRequest(text))
}

fn untold(status: StatusCode, title: &'static str, error: Error) -> Response {
    let mut response = (status, [CachePolicy::Never.header()]).into_response();
    response.extensions_mut().insert(Untold { title, error });
    response
}

/// Whether this is an [`error_page`] or a [`plain_page`] that has no words yet.
pub fn is_untold(response: &Response) -> bool {
    response.extensions().get::<Untold>().is_some()
}

/// Puts an [`error_page`] or a [`plain_page`] into words. Other answers stay as they are.
pub fn tell(mut response: Response, language: Language) -> Response {
    let Some(Untold { title, error }) = response.extensions_mut().remove() else {
        return response;
    };
    let title = match language {
        Language::English => title.to_owned(),
        _ => language.error_heading(response.status().as_u16()),
    };
    let (page, body) = page(&title, &language.error(&error), response.status(), language);
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(page);
    response.map(|_| body)
}

/// A page that depends on nothing but the style sheet: its headers and its body.
fn page(title: &str, text: &str, status: StatusCode, language: Language) -> (HeaderMap, Body) {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/pkg/tidemark.css\"></head>\
         <body><main class=\"message\"><p class=\"message-status\">{code}</p><h1>{title}</h1><p>{text}</p>\
         <p><a class=\"button\" href=\"/\">{home}</a></p></main></body></html>\n",
        tag = language.tag(),
        title = escaped(title),
        code = status.as_u16(),
        text = escaped(text),
        home = language.text("back-to-home"),
    );
    let policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        CachePolicy::Never.header(),
    ];
    (HeaderMap::from_iter(headers), html.into())
}
