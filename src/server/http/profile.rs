//! What users show of themselves: the line about them, and their avatar. And their time zone.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use leptos::prelude::provide_context;
use tidemark_content::pictures::check::Refusal;
use tokio::time::timeout;

use super::account::{PAGE, done};
use super::form_page::render;
use crate::error::Error;
use crate::message::Message;
use crate::server::pictures::uploads::LONGEST_UPLOAD;
use crate::server::pictures::{NotTaken, SentFile};
use crate::server::request::error_page::{error_page, plain_page};
use crate::server::request::forms::{AVATAR, Form, PICTURE_FIELD, SentForm};
use crate::server::request::identity::CurrentUser;
use crate::server::request::limits::LARGEST_AVATAR;
use crate::server::state::AppState;

/// How many fields the form may have, of whatever name.
const MOST_FIELDS: usize = 10;

/// Why an upload was refused.
enum Refused {
    /// The page says why.
    Told(StatusCode, Message),
    /// Another error.
    Failed(Error),
}

/// `POST /account/about`: changes the line about the user.
pub async fn set_about(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    match state.accounts.set_about(&user, &form.line("about")).await {
        Ok(Ok(())) => done("about"),
        Ok(Err(errors)) => form.again(&state, PAGE, errors).await,
        Err(error) => error_page(&error),
    }
}

/// `POST /account/time-zone`: changes the user's time zone.
pub async fn set_time_zone(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    match state.accounts.set_time_zone(&user, &form.line("time_zone")).await {
        Ok(Ok(())) => done("time-zone"),
        Ok(Err(errors)) => form.again(&state, PAGE, errors).await,
        Err(error) => error_page(&error),
    }
}

/// `POST /account/avatar`: makes an uploaded picture the user's avatar.
pub async fn upload_avatar(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(_place) = state.pictures.uploads().begin(user.id).await else {
        return error_page(&Error::Unavailable);
    };
    let file =
        timeout(LONGEST_UPLOAD, file(Request::from_parts(parts.clone(), body), &state)).await;
    let taken = match file.unwrap_or(Err(Refused::Failed(Error::Unavailable))) {
        Ok(file) => state.pictures.set_avatar(&user, file).await.map_err(|error| match error {
            NotTaken::Refused { refusal, .. } => refused(refusal),
            NotTaken::Failed(error) => Refused::Failed(error),
            // Avatars have no quota.
            NotTaken::Full { .. } => Refused::Failed(Error::Internal),
        }),
        Err(refused) => Err(refused),
    };
    match taken {
        Ok(()) => done("avatar"),
        Err(Refused::Failed(error)) => error_page(&error),
        Err(Refused::Told(status, reason)) => {
            let sent = SentForm::refused(AVATAR, vec![(PICTURE_FIELD, reason)]);
            render(&state, parts, PAGE, status, move || provide_context(sent.clone())).await
        }
    }
}

/// `POST /account/avatar/delete`: deletes the user's avatar.
pub async fn remove_avatar(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
) -> Response {
    match state.pictures.remove_avatar(&user).await {
        Ok(()) => done("no-avatar"),
        Err(error) => error_page(&error),
    }
}

/// The answer to a body that is larger than an avatar may be, without reading it.
pub fn too_large() -> Response {
    plain_page(StatusCode::PAYLOAD_TOO_LARGE, "That did not work", larger_than_allowed())
}

fn refused(refusal: Refusal) -> Refused {
    let (status, reason) = match refusal {
        Refusal::Unsupported => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "avatar-unsupported"),
        Refusal::Damaged => (StatusCode::BAD_REQUEST, "avatar-damaged"),
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "avatar-too-many-pixels"),
        Refusal::TooManyPasses => (StatusCode::PAYLOAD_TOO_LARGE, "avatar-too-many-scans"),
    };
    Refused::Told(status, Message::text(reason))
}

fn larger_than_allowed() -> Message {
    let most = i64::try_from(LARGEST_AVATAR >> 20).unwrap_or(i64::MAX);
    Message::text("avatar-too-large").with("count", most)
}

/// The uploaded file of the form.
async fn file(request: Request, state: &AppState) -> Result<SentFile, Refused> {
    let told = |status, name| Refused::Told(status, Message::text(name));
    let content_type = request.headers().get(CONTENT_TYPE);
    if !content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) {
        return Err(told(StatusCode::UNSUPPORTED_MEDIA_TYPE, "avatar-missing"));
    }
    let form = Multipart::from_request(request, state).await;
    let mut form = form.map_err(|_| told(StatusCode::BAD_REQUEST, "avatar-form-unreadable"))?;
    for _ in 0..MOST_FIELDS {
        let Some(field) = form.next_field().await.map_err(unreadable)? else { break };
        if field.name() != Some(PICTURE_FIELD) {
            continue;
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(unreadable)?;
        // A browser sends an empty one if no file was chosen.
        if !bytes.is_empty() {
            return Ok(SentFile { name, bytes: bytes.into() });
        }
    }
    Err(told(StatusCode::BAD_REQUEST, "avatar-missing"))
}

fn unreadable(error: MultipartError) -> Refused {
    match error.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => Refused::Told(status, larger_than_allowed()),
        _ => Refused::Told(StatusCode::BAD_REQUEST, Message::text("avatar-form-unreadable")),
    }
}
