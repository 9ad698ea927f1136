//! Sign-in and sign-out: plain forms, so they work without JavaScript.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use crate::error::Error;
use crate::server::sessions::USER_ID;
use crate::server::shell;
use crate::server::state::AppState;

/// The form at `/login`.
#[derive(Deserialize)]
pub struct SignIn {
    username: String,
    password: String,
}

/// `POST /login`: signs in and leads to the front page, or back to the form, which says that name or password was wrong.
pub async fn sign_in(State(state): State<AppState>, session: Session, Form(form): Form<SignIn>) -> Response {
    let user = match state.accounts.sign_in(form.username.trim(), form.password).await {
        Ok(user) => user,
        Err(error) => return shell::error_page(&error),
    };
    let Some(user) = user else {
        return Redirect::to("/login?failed=true").into_response();
    };
    // A new id: one that somebody planted in this browser before must not become a signed-in session.
    let stored = match session.cycle_id().await {
        Ok(()) => session.insert(USER_ID, user.id).await,
        Err(error) => Err(error),
    };
    match stored {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => failed(&error),
    }
}

/// `POST /logout`: ends the session here and in the browser.
pub async fn sign_out(session: Session) -> Response {
    match session.flush().await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &tower_sessions::session::Error) -> Response {
    tracing::error!(error = %error, "a session could not be written");
    shell::error_page(&Error::Unavailable)
}
