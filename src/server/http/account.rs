//! What users do with their own account: make it, change name or password, end sessions.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tower_sessions::Session;

use super::sign_in::{begin_session, fulfil_wish, known_from_now_on, local_path, sender, too_many};
use crate::error::Error;
use crate::message::Message;
use crate::server::accounts::setup::no_setup;
use crate::server::accounts::sign_up::{NewAccount, SignedUp};
use crate::server::db::users::User;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::Form;
use crate::server::request::identity::CurrentUser;
use crate::server::sessions::SessionName;
use crate::server::state::AppState;

/// The user's own account page.
pub(super) const PAGE: &str = "/account";

/// The credential number of a new account.
const NEW: i64 = 0;

/// `POST /sign-up`: makes an account and signs in.
pub async fn sign_up(State(state): State<AppState>, session: Session, form: Form) -> Response {
    match try_to_sign_up(&state, session, form).await {
        Ok(response) => response,
        Err(error) => error_page(&error),
    }
}

async fn try_to_sign_up(state: &AppState, session: Session, form: Form) -> Result<Response, Error> {
    let invitation = form.line("invitation");
    // The invitation comes from the client, so it is encoded.
    let path =
        format!("/sign-up?invitation={}", utf8_percent_encode(&invitation, NON_ALPHANUMERIC));
    let who_may = state.config.accounts.sign_up;
    let sender = sender(state, &form).await?;
    match state.accounts.sign_up(who_may, &invitation, account_in(&form), &sender).await? {
        SignedUp::User(user) => {
            begin_session(state, &session, (user, NEW), &form).await?;
            let user = state.database.user(user).await?;
            if let Some(user) = &user {
                fulfil_wish(state, user, &form).await;
            }
            let next = Redirect::to(&local_path(&form.line("next"))).into_response();
            Ok(known_from_now_on(state, user.as_ref(), &sender, next).await)
        }
        SignedUp::Refused(errors) => Ok(form.again(state, &path, errors).await),
        SignedUp::TooMany(seconds) => Ok(too_many(state, form, &path, seconds).await),
    }
}

fn account_in(form: &Form) -> NewAccount {
    NewAccount {
        username: form.line("username"),
        name: form.line("name"),
        password: form.text("new_password"),
    }
}

/// `POST /setup`: makes the administrator of a blog in which nobody can sign in yet, and signs in.
pub async fn set_up(State(state): State<AppState>, session: Session, form: Form) -> Response {
    match try_to_set_up(&state, session, form).await {
        Ok(response) => response,
        Err(error) => error_page(&error),
    }
}

async fn try_to_set_up(state: &AppState, session: Session, form: Form) -> Result<Response, Error> {
    if !state.accounts.is_setup_open().await? {
        return Err(no_setup());
    }
    let sender = sender(state, &form).await?;
    match state.accounts.set_up(&form.line("token"), account_in(&form), &sender).await? {
        SignedUp::User(id) => {
            let user = state.database.user(id).await?.ok_or(Error::Unauthorized)?;
            begin_session(state, &session, (user.id, user.credential), &form).await?;
            let studio = Redirect::to("/studio").into_response();
            Ok(known_from_now_on(state, Some(&user), &sender, studio).await)
        }
        SignedUp::Refused(errors) => Ok(form.again(state, "/setup", errors).await),
        SignedUp::TooMany(seconds) => Ok(too_many(state, form, "/setup", seconds).await),
    }
}

/// `POST /account/name`: changes the display name.
pub async fn rename(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    match state.accounts.rename(&user, &form.line("name")).await {
        Ok(Ok(())) => done("name"),
        Ok(Err(errors)) => form.again(&state, PAGE, errors).await,
        Err(error) => error_page(&error),
    }
}

/// `POST /account/password`: changes the password and ends all other sessions.
pub async fn change_password(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    session: Session,
    form: Form,
) -> Response {
    match try_to_change_password(&state, &user, &session, form).await {
        Ok(response) => response,
        Err(error) => error_page(&error),
    }
}

async fn try_to_change_password(
    state: &AppState,
    user: &User,
    session: &Session,
    form: Form,
) -> Result<Response, Error> {
    let sender = sender(state, &form).await?;
    let origins = sender.as_session(&session.id().map(|id| id.to_string()).unwrap_or_default());
    let (current, new) = (form.text("password"), form.text("new_password"));
    let credential = match state.accounts.change_password(user, origins, current, new).await? {
        Ok(credential) => credential,
        Err(errors) => return Ok(form.again(state, PAGE, errors).await),
    };
    if !begin_session(state, session, (user.id, credential), &form).await? {
        return Err(Error::Unauthorized);
    }
    // A known browser is tied to the password, so remember it again.
    let user = state.database.user(user.id).await?;
    Ok(known_from_now_on(state, user.as_ref(), &sender, done("password")).await)
}

/// `POST /account/sessions/end`: ends one session, or all but the current one.
pub async fn end_sessions(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    session: Session,
    form: Form,
) -> Response {
    let (handle, current) = (form.line("session"), session.id().as_ref().map(SessionName::of));
    if handle.is_empty() {
        return error_page(&Error::BadRequest(Message::text("error-wrong-request")));
    }
    let ended = state
        .accounts
        .end_sessions(user.id, |other| match handle.as_str() {
            "others" => Some(&other.name) != current.as_ref(),
            handle => other.handle() == handle,
        })
        .await;
    match ended {
        Ok(()) => done("sessions"),
        Err(error) => error_page(&error),
    }
}

/// The answer to a form whose change is made: the page, which says so.
pub(super) fn done(what: &str) -> Response {
    Redirect::to(&format!("{PAGE}?changed={what}")).into_response()
}
