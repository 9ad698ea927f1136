//! Handlers for imports in the browser, for administrators: upload, start, cancel.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::provide_context;
use tokio::io::AsyncWriteExt;

use super::form_page::render;
use crate::error::Error;
use crate::message::Message;
use crate::server::db::users::User;
use crate::server::importing::{Arrival, NotTaken};
use crate::server::request::error_page::{error_page, plain_page};
use crate::server::request::forms::{Form, IMPORT, SentForm, UPLOAD_FIELD};
use crate::server::request::identity::CurrentUser;
use crate::server::state::AppState;

/// How many fields a form may have, of whatever name.
const MOST_FIELDS: usize = 10;

/// Why an upload was not taken.
enum Refused {
    /// The page says why.
    Told(StatusCode, Message),
    /// Another error.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<NotTaken> for Refused {
    fn from(error: NotTaken) -> Self {
        let status = match error {
            NotTaken::Busy => StatusCode::CONFLICT,
            NotTaken::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            NotTaken::Store(_) => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self::Told(status, error.message())
    }
}

/// The largest file that is taken, in MiB.
fn most_mib(state: &AppState) -> u64 {
    state.importing.most() >> 20
}

/// The answer to a body that is larger than an upload may be, without reading it.
pub fn too_large(state: &AppState) -> Response {
    let text = NotTaken::TooLarge(most_mib(state)).message();
    plain_page(StatusCode::PAYLOAD_TOO_LARGE, "That did not work", text)
}

/// `POST /settings/import`: takes a file, which is rehearsed then.
pub async fn upload(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    match take(&state, &admin, Request::from_parts(parts.clone(), body)).await {
        Ok(()) => Redirect::to(IMPORT).into_response(),
        Err(Refused::Failed(error)) => error_page(&error),
        Err(Refused::Told(status, reason)) => refuse(&state, parts, status, reason).await,
    }
}

async fn refuse(state: &AppState, parts: Parts, status: StatusCode, reason: Message) -> Response {
    let sent = SentForm::refused(IMPORT, vec![(UPLOAD_FIELD, reason)]);
    render(state, parts, IMPORT, status, move || provide_context(sent.clone())).await
}

async fn take(state: &AppState, admin: &User, request: Request) -> Result<(), Refused> {
    let content_type =
        request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if !content_type.starts_with(b"multipart/form-data") {
        let reason = Message::text("import-as-form").with("field", UPLOAD_FIELD);
        return Err(Refused::Told(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    }
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|error| Refused::Told(error.status(), Message::text("form-unreadable")))?;
    let (mut overwrites, mut fetches, mut arrived) = (false, false, None);
    let mut fields = 0;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(state, &error))? {
        fields += 1;
        if fields > MOST_FIELDS {
            let reason = Message::text("import-too-many-fields");
            return Err(Refused::Told(StatusCode::BAD_REQUEST, reason));
        }
        match field.name() {
            Some("overwrites") => overwrites = true,
            Some("fetches") => fetches = true,
            Some(UPLOAD_FIELD) if arrived.is_none() => {
                let name = field.file_name().unwrap_or_default().to_owned();
                // What a browser sends if no file was chosen.
                if name.is_empty() {
                    continue;
                }
                let arrival = state.importing.begin(&name).await??;
                let bytes = receive(state, field, &arrival).await?;
                arrived = Some((arrival, bytes));
            }
            _ => {}
        }
    }
    let Some((arrival, bytes)) = arrived.filter(|(_, bytes)| *bytes > 0) else {
        let reason = Message::text("import-no-file");
        return Err(Refused::Told(StatusCode::BAD_REQUEST, reason));
    };
    state.importing.take(admin, arrival, bytes, (overwrites, fetches)).await??;
    Ok(())
}

/// Writes an upload to its file, piece by piece. Returns its size.
async fn receive(
    state: &AppState,
    mut field: Field<'_>,
    arrival: &Arrival,
) -> Result<u64, Refused> {
    let store = |error: std::io::Error| Refused::from(NotTaken::Store(error.to_string()));
    let mut file = tokio::fs::File::create(arrival.path()).await.map_err(store)?;
    let mut bytes = 0_u64;
    while let Some(piece) = field.chunk().await.map_err(|error| unreadable(state, &error))? {
        bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if bytes > arrival.most() {
            return Err(NotTaken::TooLarge(most_mib(state)).into());
        }
        file.write_all(&piece).await.map_err(store)?;
    }
    file.flush().await.map_err(store)?;
    Ok(bytes)
}

fn unreadable(state: &AppState, error: &MultipartError) -> Refused {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => NotTaken::TooLarge(most_mib(state)).into(),
        _ => Refused::Told(StatusCode::BAD_REQUEST, Message::text("form-unreadable")),
    }
}

/// `POST /settings/import/start`: imports what was rehearsed, or goes on with it.
pub async fn start(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    match state.importing.start(&admin, &form.line(UPLOAD_FIELD)).await {
        Ok(true) => Redirect::to(IMPORT).into_response(),
        Ok(false) => changed(&state, form).await,
        Err(error) => error_page(&error),
    }
}

/// `POST /settings/import/cancel`: forgets an upload.
pub async fn cancel(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    match state.importing.cancel(&admin, &form.line(UPLOAD_FIELD)).await {
        Ok(true) => Redirect::to(&format!("{IMPORT}?cancelled=1")).into_response(),
        Ok(false) => changed(&state, form).await,
        Err(error) => error_page(&error),
    }
}

/// The answer if the upload is not what its sender saw.
async fn changed(state: &AppState, form: Form) -> Response {
    let reason = Message::text("import-by-somebody-else");
    refuse(state, form.parts().clone(), StatusCode::CONFLICT, reason).await
}
