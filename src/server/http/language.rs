//! The choice of the interface's language: a plain form, so it works without JavaScript.

use axum::extract::State;
use axum::http::header::{REFERER, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::cookie::time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};
use url::Url;

use super::sign_in::local_path;
use crate::error::Error;
use crate::message::Message;
use crate::model::language::{LANGUAGE_COOKIE, Language};
use crate::server::request::error_page::error_page;
use crate::server::request::forms::Form;
use crate::server::state::AppState;

/// How long the choice is kept.
const KEPT: Duration = Duration::days(365);

/// `POST /language`: keeps the choice in a cookie, and returns to the page that the form was on.
pub async fn choose_language(State(state): State<AppState>, form: Form) -> Response {
    let Some(language) = Language::from_name(&form.line("language")) else {
        let names = Language::ALL.map(Language::name).join(", ");
        return error_page(&Error::BadRequest(
            Message::text("error-language").with("names", names),
        ));
    };
    let cookie = Cookie::build((LANGUAGE_COOKIE, language.name()))
        .path("/")
        .max_age(KEPT)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.config.is_secure());
    // Not a field of the form: the page may be cached for all addresses that show the same.
    let referer = form.parts().headers.get(REFERER).and_then(|value| value.to_str().ok());
    let back = referer.and_then(|referer| Url::parse(referer).ok()).map(|url| {
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    });
    // An error of this form is shown at its own address, which is no page.
    let back = back.filter(|back| back != "/language");
    let back = local_path(&back.unwrap_or_default());
    ([(SET_COOKIE, cookie.to_string())], Redirect::to(&back)).into_response()
}
