//! Handlers for the blog's settings, for administrators.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::provide_context;
use url::form_urlencoded;

use super::form_page::{render, render_again};
use super::pictures::{files, in_words};
use crate::error::Error;
use crate::message::Message;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::{Conflict, Form, LOGO, PICTURE_FIELD, SentForm};
use crate::server::request::identity::CurrentUser;
use crate::server::site::{SiteSaved, TypedSite};
use crate::server::state::AppState;

/// The page with the settings.
const PAGE: &str = "/settings";

/// The page with the menu.
const MENU: &str = "/settings/menu";

/// The page with the redirects.
const REDIRECTS: &str = "/settings/redirects";

/// Why nothing was saved: somebody else was faster.
fn conflict() -> Message {
    Message::text("settings-conflict")
}

/// `POST /settings`: saves the texts, unless somebody else has changed the settings since the form
/// was opened.
pub async fn save(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    let typed = TypedSite {
        title: form.line("title"),
        description: form.line("description"),
        footer: form.text("footer"),
    };
    let saved = state.site.save(&admin, version_of(&form), &typed).await;
    answer(&state, form, PAGE, saved, "texts").await
}

/// `POST /settings/menu`: saves the menu.
pub async fn save_menu(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    let saved = state.site.save_menu(&admin, version_of(&form), &form.text("lines")).await;
    answer(&state, form, MENU, saved, "menu").await
}

/// `POST /settings/redirects`: saves the redirects.
pub async fn save_redirects(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    let saved = state.site.save_redirects(&admin, version_of(&form), &form.text("lines")).await;
    answer(&state, form, REDIRECTS, saved, "redirects").await
}

/// The version that a form was opened with. Versions start at 1, so a form without one is a
/// conflict.
fn version_of(form: &Form) -> i64 {
    form.number("version").unwrap_or(0)
}

async fn answer(
    state: &AppState,
    form: Form,
    page: &'static str,
    saved: Result<SiteSaved, Error>,
    what: &str,
) -> Response {
    match saved {
        Ok(SiteSaved::Saved) => Redirect::to(&format!("{page}?changed={what}")).into_response(),
        Ok(SiteSaved::Invalid(errors)) => form.again(state, page, errors).await,
        Ok(SiteSaved::Conflict) => {
            let errors = vec![("", conflict())];
            render_again(state, form, page, StatusCode::CONFLICT, errors, || {
                provide_context(Conflict::Changed);
            })
            .await
        }
        Err(error) => form.keep(state, error).await,
    }
}

/// `POST /settings/logo?version=`: makes an uploaded picture the logo.
pub async fn upload_logo(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let version = version_in(&parts);
    let taken = match files(Request::from_parts(parts.clone(), body), &state, admin.id).await {
        Ok((files, _)) if files.len() > 1 => {
            Err((StatusCode::BAD_REQUEST, Message::text("single-picture")))
        }
        Ok((files, _place)) => match state.pictures.add(&admin, files).await {
            Ok(pictures) => {
                let name = pictures.into_iter().next().map(|picture| picture.name);
                return logo_set(&state, state.site.set_logo(&admin, version, name).await, parts)
                    .await;
            }
            Err(error) => Err(in_words(&error)),
        },
        Err(refusal) => Err(refusal),
    };
    match taken {
        Err((StatusCode::SERVICE_UNAVAILABLE, _)) => error_page(&Error::Unavailable),
        Err((status, reason)) => refused(&state, parts, status, reason).await,
        Ok(()) => logo_done(),
    }
}

/// `POST /settings/logo/delete`: removes the logo. The picture stays among the pictures.
pub async fn remove_logo(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    let removed = state.site.set_logo(&admin, version_of(&form), None).await;
    logo_set(&state, removed, form.parts().clone()).await
}

async fn logo_set(state: &AppState, saved: Result<SiteSaved, Error>, parts: Parts) -> Response {
    match saved {
        Ok(SiteSaved::Conflict) => refused(state, parts, StatusCode::CONFLICT, conflict()).await,
        Ok(_) => logo_done(),
        Err(error) => error_page(&error),
    }
}

async fn refused(state: &AppState, parts: Parts, status: StatusCode, reason: Message) -> Response {
    let sent = SentForm::refused(LOGO, vec![(PICTURE_FIELD, reason)]);
    render(state, parts, PAGE, status, move || provide_context(sent.clone())).await
}

fn logo_done() -> Response {
    Redirect::to(&format!("{PAGE}?changed=logo")).into_response()
}

/// The version in the query, where a form with a file has it: its fields come with the file.
fn version_in(parts: &Parts) -> i64 {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "version").and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}
