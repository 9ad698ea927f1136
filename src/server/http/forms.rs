//! Plain HTML forms: reading one, and showing its page again with what was typed and what is wrong with it.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{FromRequest, RawForm, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use leptos::prelude::provide_context;
use leptos_axum::render_app_async_with_context;

use super::kept_form;
use crate::error::Error;
use crate::server::accounts::FieldErrors;
use crate::server::content::characters::without_unstorable;
use crate::server::content::front_matter::one_line_end;
use crate::server::state::AppState;
use crate::shell::{self, shell};

/// The fields that are never sent back into a page.
pub(super) const SECRET: &str = "password";

/// A form as it was sent.
#[derive(Debug)]
pub struct Form {
    parts: Parts,
    values: HashMap<String, String>,
}

/// What a page shows of a form that was sent: nothing, unless it is shown again.
#[derive(Clone, Debug, Default)]
pub struct SentForm {
    /// The path that it was sent to: a page may have several forms.
    pub action: String,
    values: HashMap<String, String>,
    errors: FieldErrors,
}

impl SentForm {
    /// A form that was sent to `action` and refused, of which nothing is shown again but the errors.
    pub fn refused(action: &str, errors: Vec<(&'static str, String)>) -> Self {
        Self { action: action.to_owned(), values: HashMap::new(), errors }
    }

    /// What was typed into a field; `None` if nothing was sent.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.values.get(field).map(String::as_str)
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(name, _)| *name == field).map(|(_, error)| error.as_str())
    }

    /// Whether anything is wrong.
    pub fn is_refused(&self) -> bool {
        !self.errors.is_empty()
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts.clone(), body);
        let RawForm(bytes) = RawForm::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let values = url::form_urlencoded::parse(&bytes).into_owned().map(|(name, value)| {
            // A password is compared, never shown.
            let value = if name.contains(SECRET) { value } else { without_unstorable(&value).into_owned() };
            (name, value)
        });
        let values = values.collect();
        Ok(Self { parts, values })
    }
}

impl Form {
    /// A field as it was sent, with the line ends of this program; empty if it was not. Browsers send `\r\n` for each line end.
    pub fn text(&self, field: &str) -> String {
        self.values.get(field).map(|value| one_line_end(value)).unwrap_or_default()
    }

    /// A field of one line, without the space around it; empty if it was not sent.
    pub fn line(&self, field: &str) -> String {
        self.values.get(field).map(|value| value.trim().to_owned()).unwrap_or_default()
    }

    /// A number; `None` if the field is none.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.values.get(field)?.parse().ok()
    }

    /// The request without its body.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Shows the page at `path` again, with what was typed (but passwords) and with `errors`, each beside its field.
    pub async fn again(self, state: &AppState, path: &str, errors: FieldErrors) -> Response {
        self.again_with_status(state, path, StatusCode::UNPROCESSABLE_ENTITY, errors).await
    }

    /// Answers with all that was typed, to be sent again, because of an error that has nothing to do with it.
    pub async fn keep(self, state: &AppState, reason: Error) -> Response {
        kept_form::keep(state, self.parts, self.values.into_iter().collect(), reason).await
    }

    /// As [`Form::again`], with another status than 422.
    pub async fn again_with_status(
        self,
        state: &AppState,
        path: &str,
        status: StatusCode,
        errors: FieldErrors,
    ) -> Response {
        render_again(state, self, path, status, errors, || {}).await
    }
}

/// As [`Form::again_with_status`], with something more in the page's context.
pub async fn render_again(
    state: &AppState,
    form: Form,
    path: &str,
    status: StatusCode,
    errors: FieldErrors,
    context: impl Fn() + Clone + Send + Sync + 'static,
) -> Response {
    let mut values = form.values;
    values.retain(|name, _| !name.contains(SECRET));
    let sent = SentForm { action: form.parts.uri.path().to_owned(), values, errors };
    render(state, form.parts, path, status, move || {
        provide_context(sent.clone());
        context();
    })
    .await
}

/// Answers a request with the page at `path`, whatever was asked for, under another status and with something more in its context.
pub async fn render(
    state: &AppState,
    mut parts: Parts,
    path: &str,
    status: StatusCode,
    context: impl Fn() + Clone + Send + Sync + 'static,
) -> Response {
    let Ok(uri) = Uri::try_from(path) else { return shell::error_page(&Error::Internal) };
    parts.method = Method::GET;
    parts.uri = uri;
    let options = state.leptos_options.clone();
    let state = state.clone();
    let context = move || {
        provide_context(state.clone());
        context();
    };
    let page = render_app_async_with_context(context, move || shell(options.clone()));
    let mut response = page(Request::from_parts(parts, Body::empty())).await;
    // A page that failed says so itself.
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response.into_response()
}
