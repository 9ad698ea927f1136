//! Sign-in and sign-out: plain forms, so they work without JavaScript.

use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::provide_context;
use tower_sessions::Session;

use super::forms::{Form, render};
use crate::error::Error;
use crate::server::sessions::USER_ID;
use crate::server::shell;
use crate::server::state::AppState;

/// `POST /login`: signs in and leads to where the form was asked for, or shows it again, saying that name or password is wrong.
pub async fn sign_in(State(state): State<AppState>, session: Session, form: Form) -> Response {
    let user = match state.accounts.sign_in(&form.line("username"), form.text("password")).await {
        Ok(user) => user,
        Err(error) => return shell::error_page(&error),
    };
    let Some(user) = user else {
        let errors = vec![("", "The user name or the password is wrong.".to_owned())];
        return form.again(&state, "/login", errors).await;
    };
    // A new id: one that somebody planted in this browser before must not become a signed-in session.
    let stored = match session.cycle_id().await {
        Ok(()) => session.insert(USER_ID, user.id).await,
        Err(error) => Err(error),
    };
    match stored {
        Ok(()) => Redirect::to(&local_path(&form.line("next"))).into_response(),
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

/// What a form carries that somebody sent whose session is over.
#[derive(Clone, Debug)]
pub struct KeptForm {
    /// Where it goes.
    pub action: String,
    /// Its fields, in order.
    pub fields: Vec<(String, String)>,
}

/// Answers a form of somebody who is not signed in with a page that has all that was typed, to be sent again after signing in.
pub async fn ask_again(state: &AppState, parts: Parts, body: Body) -> Response {
    let copy = Request::from_parts(parts.clone(), body);
    let fields = match axum::extract::RawForm::from_request(copy, state).await {
        Ok(axum::extract::RawForm(bytes)) => url::form_urlencoded::parse(&bytes).into_owned().collect(),
        // A picture, or nothing that a form sends.
        Err(_) => return shell::error_page(&Error::Unauthorized),
    };
    let kept = KeptForm { action: parts.uri.path().to_owned(), fields };
    render(state, parts, "/login", StatusCode::UNAUTHORIZED, move || provide_context(kept.clone())).await
}

/// `next` if it is an address of this site, otherwise the front page: a link to the form must not lead to another site.
pub(super) fn local_path(next: &str) -> String {
    let base = url::Url::parse("http://this.site");
    let is_local =
        |url: &url::Url| url.host_str() == Some("this.site") && url.scheme() == "http" && url.port().is_none();
    match base.and_then(|base| base.join(next)) {
        Ok(url) if is_local(&url) => {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            // A path that begins with two slashes would name a host.
            format!("/{}{query}", url.path().trim_start_matches('/'))
        }
        _ => "/".into(),
    }
}

fn failed(error: &tower_sessions::session::Error) -> Response {
    tracing::error!(error = %error, "a session could not be written");
    shell::error_page(&Error::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn a_sign_in_never_leads_to_another_site() {
        assert_eq!(local_path("/studio?sort=views"), "/studio?sort=views");
        for elsewhere in
            ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http://this.site:81"]
        {
            assert!(!local_path(elsewhere).contains("evil") && !local_path(elsewhere).contains(':'), "{elsewhere}");
        }
        assert_eq!(local_path("http://this.site//evil.example"), "/evil.example");
        assert_eq!(local_path(""), "/");
    }
}
