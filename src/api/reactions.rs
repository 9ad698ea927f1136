//! Likes, collects and follows without leaving the page; called by `browser/reading.js`. Each
//! request names the wanted state, not a toggle, so it is safe to retry.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos::server_fn::codec::{Json, PutUrl};
use tidemark_counting::ArticleId;

use super::answer_reader;
use crate::error::Error;
use crate::model::reaction::{Reacted, Reaction};
use crate::server::request::identity::current_user;
use crate::server::state::AppState;

/// Likes an article for the signed-in user, or takes the like back.
///
/// # Errors
/// [`Error::NotFound`] if readers can't see the article, [`Error::Unauthorized`] if nobody is
/// signed in, or database errors.
#[server(prefix = "/api/islands", endpoint = "set-like", input = PutUrl, output = Json)]
pub async fn set_like(article: ArticleId, like: bool) -> Result<Reacted, Error> {
    set(Reaction::Like(article), like).await
}

/// Adds an article to the signed-in user's collection, or removes it.
///
/// # Errors
/// Same as [`set_like`].
#[server(prefix = "/api/islands", endpoint = "set-collect", input = PutUrl, output = Json)]
pub async fn set_collect(article: ArticleId, collect: bool) -> Result<Reacted, Error> {
    set(Reaction::Collect(article), collect).await
}

/// Follows the author with that user name for the signed-in user, or stops following them.
///
/// # Errors
/// [`Error::NotFound`] if there is no such author, [`Error::BadRequest`] if it is the user's own
/// name, [`Error::Unauthorized`] if nobody is signed in, or database errors.
#[server(prefix = "/api/islands", endpoint = "set-follow", input = PutUrl, output = Json)]
pub async fn set_follow(username: String, follow: bool) -> Result<Reacted, Error> {
    set(Reaction::Follow(username), follow).await
}

async fn set(reaction: Reaction, is_on: bool) -> Result<Reacted, Error> {
    let state = expect_context::<AppState>();
    let user = current_user(&expect_context::<Parts>())?;
    // The button has already changed, so a reader may leave the page and abort the request. The
    // spawned task finishes the write anyway.
    let set = tokio::spawn(async move { state.reactions.set(&user, &reaction, is_on).await });
    answer_reader(set.await.unwrap_or(Err(Error::Internal)))
}
