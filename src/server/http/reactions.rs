//! Likes, collects and follows as plain forms, so they work without JavaScript.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use tidemark_counting::ArticleId;

use super::sign_in::local_path;
use crate::error::Error;
use crate::message::Message;
use crate::model::reaction::Reaction;
use crate::server::db::users::User;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::Form;
use crate::server::request::identity::CurrentUser;
use crate::server::request::problem::Path;
use crate::server::state::AppState;

/// `POST /articles/{slug}/like` with `like`: `true` or `false`.
pub async fn like(
    State(state): State<AppState>,
    Path(slug): Path<String>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    react(&state, &slug, &user, &form, "like", Reaction::Like).await
}

/// `POST /articles/{slug}/collect` with `collect`: `true` or `false`.
pub async fn collect(
    State(state): State<AppState>,
    Path(slug): Path<String>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    react(&state, &slug, &user, &form, "collect", Reaction::Collect).await
}

async fn react(
    state: &AppState,
    slug: &str,
    user: &User,
    form: &Form,
    field: &'static str,
    reaction: fn(ArticleId) -> Reaction,
) -> Response {
    let result = async {
        let is_on = wanted(form, field)?;
        let article = article(state, slug).await?;
        state.reactions.set(user, &reaction(article), is_on).await
    };
    answer(result.await.map(drop), form, format!("/articles/{slug}"))
}

/// `POST /authors/{username}/follow` with `follow`: `true` or `false`.
pub async fn follow(
    State(state): State<AppState>,
    Path(username): Path<String>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    let reaction = async {
        let is_on = wanted(&form, "follow")?;
        state.reactions.set(&user, &Reaction::Follow(username.clone()), is_on).await
    };
    answer(reaction.await.map(drop), &form, format!("/authors/{username}"))
}

/// The state the reader wants. A form never says "toggle", so sending it twice does what it says.
fn wanted(form: &Form, field: &'static str) -> Result<bool, Error> {
    let wanted = form.line(field).parse();
    wanted.map_err(|_| Error::BadRequest(Message::text("error-true-or-false").with("field", field)))
}

async fn article(state: &AppState, slug: &str) -> Result<ArticleId, Error> {
    let id = state.database.id_of_slug(slug, state.clock.now()).await?;
    id.ok_or_else(|| Error::NotFound(Message::text("error-no-visible-article")))
}

/// Redirects to the page that the form was on, or to `next` if the form has it.
fn answer(result: Result<(), Error>, form: &Form, page: String) -> Response {
    match result {
        Ok(()) => {
            let next = form.line("next");
            Redirect::to(&local_path(if next.is_empty() { &page } else { &next })).into_response()
        }
        Err(error) => error_page(&error),
    }
}
