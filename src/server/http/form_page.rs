//! Pages in answer to a form. Either its own page again, with what was typed and what is wrong with
//! it; or only what was typed, ready to be sent again. The latter needs neither the form's page nor
//! the database, so it works when nothing else does.

use std::sync::Arc;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use leptos::prelude::provide_context;
use tower::ServiceExt;

use super::page::Told;
use super::routes::PAGES;
use crate::error::{Error, RETRY_AFTER_SECONDS};
use crate::message::Message;
use crate::server::accounts::FieldErrors;
use crate::server::request::error_page::{error_page, plain_page};
use crate::server::request::forms::{Form, KeptForm};
use crate::server::state::AppState;

impl Form {
    /// Shows the page at `path` again, with what was typed (except passwords) and each of `errors`
    /// beside its field. The status is 422.
    pub async fn again(self, state: &AppState, path: &str, errors: FieldErrors) -> Response {
        self.again_with_status(state, path, StatusCode::UNPROCESSABLE_ENTITY, errors).await
    }

    /// Like [`Form::again`], with another status.
    pub async fn again_with_status(
        self,
        state: &AppState,
        path: &str,
        status: StatusCode,
        errors: FieldErrors,
    ) -> Response {
        render_again(state, self, path, status, errors, || {}).await
    }

    /// Returns everything that was typed (except passwords), ready to be sent again, after an error
    /// that has nothing to do with it.
    pub async fn keep(self, state: &AppState, reason: Error) -> Response {
        let (parts, kept) = self.into_kept(reason);
        show_kept(state, parts, kept).await
    }
}

/// Like [`Form::again_with_status`], with additional context for the page.
pub async fn render_again(
    state: &AppState,
    form: Form,
    path: &str,
    status: StatusCode,
    errors: FieldErrors,
    context: impl Fn() + Send + Sync + 'static,
) -> Response {
    let (parts, sent) = form.into_sent(errors);
    render(state, parts, path, status, move || {
        provide_context(sent.clone());
        context();
    })
    .await
}

/// Like [`Form::keep`], for a form whose body has not been read yet. It may have up to `most`
/// bytes. A body that is not a URL-encoded form, such as a picture, is not returned; the answer is
/// an error page.
pub async fn keep_body(
    state: &AppState,
    parts: Parts,
    body: Body,
    most: usize,
    reason: Error,
) -> Response {
    let content_type = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if !content_type.starts_with(b"application/x-www-form-urlencoded") {
        return error_page(&reason);
    }
    // If the declared length is too large, refuse before the body is sent.
    if body.size_hint().lower() > most as u64 {
        return too_much_to_keep(&reason);
    }
    let Ok(bytes) = to_bytes(body, most).await else { return too_much_to_keep(&reason) };
    let kept = KeptForm::of_body(&parts, &bytes, reason);
    show_kept(state, parts, kept).await
}

/// The answer to a form that is too large to be returned to this sender. The browser still has it.
fn too_much_to_keep(reason: &Error) -> Response {
    let status = StatusCode::from_u16(reason.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = Message::text("form-too-large-to-keep").with("reason", Message::of(reason));
    plain_page(status, "That did not work", text)
}

async fn show_kept(state: &AppState, parts: Parts, kept: KeptForm) -> Response {
    let status =
        StatusCode::from_u16(kept.reason.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let is_unavailable = kept.reason == Error::Unavailable;
    let mut response =
        render(state, parts, "/login", status, move || provide_context(kept.clone())).await;
    if is_unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    response
}

/// Answers with the page at `path`, whatever was requested, under the given status and with
/// additional context.
pub async fn render(
    state: &AppState,
    mut parts: Parts,
    path: &str,
    status: StatusCode,
    context: impl Fn() + Send + Sync + 'static,
) -> Response {
    let Ok(uri) = Uri::try_from(path) else { return error_page(&Error::Internal) };
    parts.method = Method::GET;
    parts.uri = uri;
    parts.extensions.insert(Told(Arc::new(context)));
    let request = Request::from_parts(parts, Body::empty());
    let mut response = match PAGES.clone().with_state(state.clone()).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    // A page that failed sets its own status.
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}
