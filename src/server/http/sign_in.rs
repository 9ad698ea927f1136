//! Sign-in and sign-out: plain forms, so they work without JavaScript.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{COOKIE, HeaderValue, RETRY_AFTER, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use tidemark_counting::UserId;
use tidemark_counting::visitor::{Key, Purpose};
use tower_sessions::Session;
use tower_sessions::cookie::{Cookie, SameSite};

use crate::error::Error;
use crate::message::Message;
use crate::server::accounts::throttle::Sender;
use crate::server::accounts::{Attempt, DEVICE_LASTS, FieldErrors, try_again_in};
use crate::server::db::users::User;
use crate::server::reactions::Wish;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::Form;
use crate::server::request::identity::user_agent;
use crate::server::sessions;
use crate::server::state::AppState;

/// What a browser clears at sign-out: its storage, which remembers the articles that were read.
/// Cookies stay.
const CLEARED: &str = "\"storage\"";

/// `POST /login`: signs in and redirects to `next`. If the user name or password is wrong, shows
/// the form again and says so.
pub async fn sign_in(State(state): State<AppState>, session: Session, form: Form) -> Response {
    let sender = match sender(&state, &form).await {
        Ok(sender) => sender,
        Err(error) => return error_page(&error),
    };
    let user = match state
        .accounts
        .sign_in(&form.line("username"), form.text("password"), &sender)
        .await
    {
        Ok(Attempt::Right(user)) => user,
        Ok(Attempt::Wrong) => {
            return form.again(&state, "/login", wrong()).await;
        }
        Ok(Attempt::TooMany(seconds)) => return too_many(&state, form, "/login", seconds).await,
        Err(error) => return error_page(&error),
    };
    match begin_session(&state, &session, (user.id, user.credential), &form).await {
        Ok(true) => {
            fulfil_wish(&state, &user, &form).await;
            let response = Redirect::to(&local_path(&form.line("next"))).into_response();
            known_from_now_on(&state, Some(&user), &sender, response).await
        }
        // The password was changed or removed while it was being checked, so it is wrong.
        Ok(false) => form.again(&state, "/login", wrong()).await,
        Err(error) => error_page(&error),
    }
}

/// Does what the user was about to do when they had to sign in. The form said so.
pub async fn fulfil_wish(state: &AppState, user: &User, form: &Form) {
    let Some(wish) = Wish::parse(&form.line("intent"), &form.line("next")) else { return };
    // The page that follows shows whether it is done.
    if let Err(error) = state.reactions.fulfil(user, &wish).await {
        tracing::info!(user = user.id.0, error = %error, "a reaction was not set after a sign-in");
    }
}

fn wrong() -> FieldErrors {
    vec![("", Message::text("wrong-sign-in"))]
}

/// Starts a session for a user in this browser. `credential` is the number of the credential that
/// was verified. The session gets a new id, so that an id planted in this browser never becomes a
/// signed-in session. Returns false, and leaves no session, if the user has a different credential
/// by now.
///
/// # Errors
/// [`Error::Unavailable`] if the session can't be written; the database's errors. There is no
/// session then either.
pub async fn begin_session(
    state: &AppState,
    session: &Session,
    (user, credential): (UserId, i64),
    form: &Form,
) -> Result<bool, Error> {
    let user_agent = user_agent(&form.parts().headers);
    let write = async {
        session.clear().await;
        session.cycle_id().await?;
        session.insert(sessions::USER_ID, user).await?;
        session.insert(sessions::CREDENTIAL, credential).await?;
        session.insert(sessions::STARTED_AT, state.clock.now().0).await?;
        session.insert(sessions::USER_AGENT, user_agent).await?;
        // Save now, not along with the response: the check below must come after the write.
        session.save().await
    };
    write.await.map_err(|error: tower_sessions::session::Error| unwritable(&error))?;
    let is_current = state.accounts.is_current(user, credential).await;
    if !matches!(is_current, Ok(true)) {
        // Even if it can't be deleted now, the session gives no access.
        session.flush().await.map_err(|error| unwritable(&error))?;
    }
    is_current
}

/// The sender of a form, as far as throttling is concerned.
///
/// # Errors
/// [`Error::Unavailable`] if today's salt can't be read.
pub async fn sender(state: &AppState, form: &Form) -> Result<Sender, Error> {
    let (throttle, log) = (key(state, Purpose::Throttle).await?, key(state, Purpose::Log).await?);
    let name = state.identity.device_cookie();
    let cookies =
        form.parts().headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let device = cookies
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
        .filter(|token| {
            token.len() == 24 && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    Ok(Sender::new(throttle, log, state.identity.address(form.parts())?, device))
}

async fn key(state: &AppState, purpose: Purpose) -> Result<Key, Error> {
    state.counting.key(purpose).await.map_err(|error| {
        tracing::error!(error = %error, "there is no key to hash an address with");
        Error::Unavailable
    })
}

/// Makes the user's next sign-in recognise the browser that gets this response. Signing in works
/// without it, so a failure is only logged.
pub async fn known_from_now_on(
    state: &AppState,
    user: Option<&User>,
    sender: &Sender,
    mut response: Response,
) -> Response {
    let Some(user) = user else { return response };
    match state.accounts.remember_device(user, sender).await {
        Ok(Some(token)) => {
            let cookie = Cookie::build((state.identity.device_cookie().to_owned(), token))
                .path("/login")
                .http_only(true)
                .same_site(SameSite::Lax)
                .secure(state.config.is_secure())
                .max_age(sessions::lasting(DEVICE_LASTS))
                .build();
            if let Ok(cookie) = HeaderValue::try_from(cookie.to_string()) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(user = user.id.0, error = ?error, "a browser could not be remembered");
        }
    }
    response
}

/// Shows a form again after too many attempts, with status 429 and `Retry-After`.
pub async fn too_many(state: &AppState, form: Form, path: &str, seconds: i64) -> Response {
    let errors = vec![("", try_again_in(seconds))];
    let mut response =
        form.again_with_status(state, path, StatusCode::TOO_MANY_REQUESTS, errors).await;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// `POST /logout`: ends the session, and has the browser forget which articles were read.
pub async fn sign_out(session: Session) -> Response {
    match session.flush().await {
        Ok(()) => ([("clear-site-data", CLEARED)], Redirect::to("/")).into_response(),
        Err(error) => error_page(&unwritable(&error)),
    }
}

/// `next` if it is an address of this site, otherwise the front page, so that a link to the form
/// can't lead to another site.
pub(super) fn local_path(next: &str) -> String {
    let base = url::Url::parse("http://this.site");
    let is_local = |url: &url::Url| {
        url.host_str() == Some("this.site") && url.scheme() == "http" && url.port().is_none()
    };
    match base.and_then(|base| base.join(next)) {
        Ok(url) if is_local(&url) => {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            // A path that starts with two slashes would name a host.
            format!("/{}{query}", url.path().trim_start_matches('/'))
        }
        _ => "/".into(),
    }
}

fn unwritable(error: &tower_sessions::session::Error) -> Error {
    tracing::error!(error = %error, "a session could not be written");
    Error::Unavailable
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn a_sign_in_never_redirects_to_another_site() {
        assert_eq!(local_path("/studio?sort=views"), "/studio?sort=views");
        for elsewhere in [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "http://this.site:81",
        ] {
            assert!(
                !local_path(elsewhere).contains("evil") && !local_path(elsewhere).contains(':'),
                "{elsewhere}"
            );
        }
        assert_eq!(local_path("http://this.site//evil.example"), "/evil.example");
        assert_eq!(local_path(""), "/");
    }
}
