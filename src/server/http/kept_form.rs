//! Forms that could not be taken: what was typed into them comes back, to be sent again. No page but its own is needed for that, and no
//! database, so it works when nothing else does.

use axum::body::Body;
use axum::extract::{FromRequest, RawForm, Request};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use axum::response::Response;
use leptos::prelude::provide_context;

use super::forms::{SECRET, render};
use crate::error::{Error, RETRY_AFTER_SECONDS};
use crate::server::state::AppState;
use crate::shell;

/// A form that could not be taken.
#[derive(Clone, Debug)]
pub struct KeptForm {
    /// Where it goes.
    pub action: String,
    /// Its fields, but passwords.
    pub fields: Vec<(String, String)>,
    /// Why it was not taken.
    pub reason: Error,
}

/// Answers with what was typed.
pub async fn keep(state: &AppState, parts: Parts, fields: Vec<(String, String)>, reason: Error) -> Response {
    let status = StatusCode::from_u16(reason.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_unavailable = reason == Error::Unavailable;
    let fields = fields.into_iter().filter(|(name, _)| !name.contains(SECRET)).collect();
    let kept = KeptForm { action: parts.uri.path().to_owned(), fields, reason };
    let mut response = render(state, parts, "/login", status, move || provide_context(kept.clone())).await;
    if is_unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}

/// As [`keep`], of a form that nobody has read yet. What is no form, such as a picture, is refused alone.
pub async fn keep_body(state: &AppState, parts: Parts, body: Body, reason: Error) -> Response {
    match RawForm::from_request(Request::from_parts(parts.clone(), body), state).await {
        Ok(RawForm(bytes)) => {
            let fields = url::form_urlencoded::parse(&bytes).into_owned().collect();
            keep(state, parts, fields, reason).await
        }
        Err(_) => shell::error_page(&reason),
    }
}
