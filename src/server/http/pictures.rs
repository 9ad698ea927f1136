//! Pictures over HTTP: shown to everybody, uploaded and deleted by authors. An upload by a program
//! (`Accept: application/json`) is answered with JSON, one by a form with a page.

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::header::{
    ACCEPT, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderValue, IF_NONE_MATCH,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::provide_context;
use serde::Serialize;
use tidemark_content::pictures::check::Refusal;
use tidemark_counting::UserId;
use tokio::time::timeout;

use super::form_page::render;
use crate::error::Error;
use crate::message::Message;
use crate::model::language::Language;
use crate::server::db::pictures::Picture;
use crate::server::pictures::uploads::{LONGEST_UPLOAD, Place};
use crate::server::pictures::{Found, NotTaken, SentFile, markdown};
use crate::server::request::cache::CachePolicy;
use crate::server::request::error_page::{error_page, plain_page};
use crate::server::request::forms::{PICTURE_FIELD, PICTURES, SentForm};
use crate::server::request::identity::CurrentUser;
use crate::server::request::language::language_of;
use crate::server::request::limits::LARGEST_PICTURE;
use crate::server::request::problem::problem;
use crate::server::state::AppState;

/// How many pictures one request may upload.
const MOST_AT_ONCE: usize = 20;

/// A picture runs nothing, loads nothing and is not part of this site, whatever type a browser
/// takes it for.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// `GET /pictures/{name}`: the picture or a copy of it, or a 304.
pub async fn picture(
    State(state): State<AppState>,
    Path(name): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let found = match state.pictures.find(&name).await {
        Ok(Some(found)) => found,
        Ok(None) => return error_page(&no_such_picture()),
        Err(error) => return error_page(&error),
    };
    // The bytes under a file's name never change, so the name works as the tag.
    let tag = format!("\"{}\"", found.file());
    if headers.get_all(IF_NONE_MATCH).iter().any(|value| matches(value, &tag)) {
        return answer(&found, StatusCode::NOT_MODIFIED, Body::empty());
    }
    let (found, body, bytes) = match state.pictures.open(found).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return error_page(&no_such_picture()),
        Err(error) => return error_page(&error),
    };
    let body = if method == Method::HEAD { Body::empty() } else { body };
    let mut response = answer(&found, StatusCode::OK, body);
    let mut set = |name, value| response.headers_mut().insert(name, value);
    set(CONTENT_TYPE, HeaderValue::from_static(found.media_type()));
    set(CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    set(CONTENT_LENGTH, HeaderValue::from(bytes));
    response
}

/// An answer with the headers that a 304 has too.
fn answer(found: &Found, status: StatusCode, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let mut set = |name, value| response.headers_mut().insert(name, value);
    let policy = if found.is_final { CachePolicy::Immutable } else { CachePolicy::Asset };
    let (name, value) = policy.header();
    set(name, value);
    set(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", found.file())) {
        set(ETAG, tag);
    }
    response
}

/// Whether `If-None-Match` names a tag, by weak comparison (RFC 9110, section 13.1.2).
fn matches(value: &HeaderValue, tag: &str) -> bool {
    let tags = value.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.map(|other| other.strip_prefix("W/").unwrap_or(other))
        .any(|other| other == "*" || other == tag)
}

fn no_such_picture() -> Error {
    Error::NotFound(Message::text("no-picture-here"))
}

/// The JSON answer to an upload.
#[derive(Serialize)]
struct Taken {
    url: String,
    markdown: String,
}

impl Taken {
    fn of(picture: &Picture) -> Self {
        Self { url: format!("/pictures/{}", picture.name), markdown: markdown(picture) }
    }
}

/// The language of whoever sent a picture. The editor shows the reason of a refusal to the author,
/// so it is in their language also in JSON.
fn language_of_sender(state: &AppState, headers: &HeaderMap) -> Language {
    language_of(PICTURES, headers, state.config.site.language)
}

/// `POST /studio/pictures`: uploads pictures.
pub async fn upload(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let wants_json = wants_json(&parts.headers);
    let sent = files(Request::from_parts(parts.clone(), body), &state, user.id).await;
    let taken = match sent {
        Ok((files, _)) if wants_json && files.len() > 1 => {
            Err((StatusCode::BAD_REQUEST, Message::text("one-picture-per-request")))
        }
        Ok((files, _place)) => {
            state.pictures.add(&user, files).await.map_err(|error| in_words(&error))
        }
        Err(error) => Err(error),
    };
    match taken {
        Ok(pictures) if wants_json => match pictures.first() {
            Some(picture) => (StatusCode::CREATED, Json(Taken::of(picture))).into_response(),
            None => Error::Internal.into_response(),
        },
        Ok(pictures) => {
            Redirect::to(&format!("{PICTURES}?added={}", pictures.len())).into_response()
        }
        Err((StatusCode::SERVICE_UNAVAILABLE, _)) if wants_json => {
            Error::Unavailable.into_response()
        }
        Err((StatusCode::SERVICE_UNAVAILABLE, _)) => error_page(&Error::Unavailable),
        Err((status, reason)) if wants_json => {
            problem(status, language_of_sender(&state, &parts.headers).say(&reason))
        }
        Err((status, reason)) => {
            let sent = SentForm::refused(PICTURES, vec![(PICTURE_FIELD, reason)]);
            render(&state, parts, PICTURES, status, move || provide_context(sent.clone())).await
        }
    }
}

/// `POST /studio/pictures/{name}/delete`: deletes one of the user's pictures.
pub async fn delete(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(name): Path<String>,
) -> Response {
    match state.pictures.delete(&user, &name).await {
        Ok(true) => Redirect::to(&format!("{PICTURES}?deleted=1")).into_response(),
        Ok(false) => error_page(&Error::NotFound(Message::text("no-such-picture"))),
        Err(error) => error_page(&error),
    }
}

/// The answer to a body that is larger than pictures may be, without reading it.
pub fn too_large(state: &AppState, headers: &HeaderMap) -> Response {
    let (status, reason) = larger_than_allowed();
    if wants_json(headers) {
        problem(status, language_of_sender(state, headers).say(&reason))
    } else {
        plain_page(status, "That did not work", reason)
    }
}

/// Whether the client is a program that reads JSON.
pub fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .is_some_and(|accept| accept.to_str().unwrap_or_default().contains("application/json"))
}

/// The uploaded files of a form, at least one, and the place that they take among the uploads.
pub(super) async fn files(
    request: Request,
    state: &AppState,
    user: UserId,
) -> Result<(Vec<SentFile>, Place), (StatusCode, Message)> {
    let busy = || (StatusCode::SERVICE_UNAVAILABLE, Message::of(&Error::Unavailable));
    let place = state.pictures.uploads().begin(user).await.ok_or_else(busy)?;
    let files = timeout(LONGEST_UPLOAD, received(request, state)).await.map_err(|_| busy())??;
    Ok((files, place))
}

async fn received(
    request: Request,
    state: &AppState,
) -> Result<Vec<SentFile>, (StatusCode, Message)> {
    let content_type =
        request.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    if !content_type.starts_with(b"multipart/form-data") {
        let reason = Message::text("picture-as-form").with("field", PICTURE_FIELD);
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    }
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|error| (error.status(), Message::text("form-unreadable")))?;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        if field.name() != Some(PICTURE_FIELD) {
            continue;
        }
        let name = field.file_name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| unreadable(&error))?;
        // What a browser sends if no file was chosen.
        if name.is_empty() && bytes.is_empty() {
            continue;
        }
        if files.len() == MOST_AT_ONCE {
            let reason = Message::text("too-many-pictures").with("count", MOST_AT_ONCE);
            return Err((StatusCode::BAD_REQUEST, reason));
        }
        files.push(SentFile { name, bytes: bytes.into() });
    }
    if files.is_empty() {
        return Err((StatusCode::BAD_REQUEST, Message::text("no-picture-chosen")));
    }
    Ok(files)
}

fn unreadable(error: &MultipartError) -> (StatusCode, Message) {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => larger_than_allowed(),
        _ => (StatusCode::BAD_REQUEST, Message::text("form-unreadable")),
    }
}

fn larger_than_allowed() -> (StatusCode, Message) {
    let reason = Message::text("pictures-too-large").with("count", LARGEST_PICTURE >> 20);
    (StatusCode::PAYLOAD_TOO_LARGE, reason)
}

pub(super) fn in_words(error: &NotTaken) -> (StatusCode, Message) {
    let status = match error {
        NotTaken::Refused { refusal: Refusal::Unsupported, .. } => {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        }
        NotTaken::Refused { refusal: Refusal::Damaged, .. } => StatusCode::BAD_REQUEST,
        NotTaken::Refused { refusal: Refusal::TooLarge | Refusal::TooManyPasses, .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        NotTaken::Full { .. } => StatusCode::FORBIDDEN,
        NotTaken::Failed(error) => {
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    (status, error.message())
}
