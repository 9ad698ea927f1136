//! What administrators do with other users' accounts.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::provide_context;

use super::form_page::render;
use crate::error::Error;
use crate::message::Message;
use crate::server::db::actor::Role;
use crate::server::db::users::User;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::{Form, Secret};
use crate::server::request::identity::CurrentUser;
use crate::server::state::AppState;

/// The page that lists all users.
const PAGE: &str = "/users";

/// `POST /users`: adds a user and shows the password once.
pub async fn add(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    let username = form.line("username");
    let Some(role) = role(&form) else {
        return form.again(&state, PAGE, vec![("role", no_role())]).await;
    };
    match state.accounts.add(admin.actor(), &username, &form.line("name"), role).await {
        Ok(Ok(password)) => {
            show(&state, &form, PAGE, Secret::Password { username, password }).await
        }
        Ok(Err(errors)) => form.again(&state, PAGE, errors).await,
        Err(error) => error_page(&error),
    }
}

/// `POST /users/{username}/role`: changes a user's role.
pub async fn set_role(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    Path(username): Path<String>,
    form: Form,
) -> Response {
    if let Err(error) = refuse_self(&admin, &username, "no-own-role") {
        return error_page(&error);
    }
    let Some(role) = role(&form) else { return error_page(&Error::BadRequest(no_role())) };
    match state.database.set_role(Some(admin.actor()), &username, role).await {
        Ok(true) => done("role"),
        Ok(false) => error_page(&no_user()),
        Err(error) => error_page(&error.into()),
    }
}

/// `POST /users/{username}/password`: sets a new random password, shows it once, and ends the
/// user's sessions.
pub async fn reset_password(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    Path(username): Path<String>,
    form: Form,
) -> Response {
    match state.accounts.reset_password(admin.actor(), &username).await {
        Ok(Some(password)) => {
            show(&state, &form, PAGE, Secret::Password { username, password }).await
        }
        Ok(None) => error_page(&no_user()),
        Err(error) => error_page(&error),
    }
}

/// `POST /users/{username}/block`: removes a user's password and ends the user's sessions.
pub async fn block(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    Path(username): Path<String>,
) -> Response {
    if let Err(error) = refuse_self(&admin, &username, "no-own-access") {
        return error_page(&error);
    }
    match state.accounts.block(admin.actor(), &username).await {
        Ok(true) => done("blocked"),
        Ok(false) => error_page(&no_user()),
        Err(error) => error_page(&error),
    }
}

/// `POST /users/invitations`: creates an invitation and shows its address once.
pub async fn invite(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    let Some(role) = role(&form) else { return error_page(&Error::BadRequest(no_role())) };
    match state.accounts.invite(role, admin.actor()).await {
        Ok(token) => {
            let address = format!("{}/sign-up?invitation={token}", state.config.site.base_url);
            show(&state, &form, PAGE, Secret::Invitation { address }).await
        }
        Err(error) => error_page(&error),
    }
}

/// `POST /users/invitations/delete`: revokes an invitation.
pub async fn delete_invitation(
    State(state): State<AppState>,
    CurrentUser(admin): CurrentUser,
    form: Form,
) -> Response {
    match state.database.delete_invitation(admin.actor(), &form.line("invitation")).await {
        Ok(()) => done("invitation"),
        Err(error) => error_page(&error.into()),
    }
}

async fn show(state: &AppState, form: &Form, path: &str, secret: Secret) -> Response {
    render(state, form.parts().clone(), path, StatusCode::OK, move || {
        provide_context(secret.clone());
    })
    .await
}

fn done(what: &str) -> Response {
    Redirect::to(&format!("{PAGE}?changed={what}")).into_response()
}

fn role(form: &Form) -> Option<Role> {
    Role::try_from(form.line("role")).ok()
}

fn no_role() -> Message {
    Message::text("no-role")
}

fn no_user() -> Error {
    Error::NotFound(Message::text("no-user"))
}

/// Administrators can't lock themselves out, so there is always one left. `reason` is the text that
/// says so.
fn refuse_self(admin: &User, username: &str, reason: &'static str) -> Result<(), Error> {
    if admin.username == username {
        return Err(Error::Forbidden(Message::text(reason)));
    }
    Ok(())
}
