//! Liking, collecting and following without leaving the page: what `browser/reading.js` asks. Each
//! says what shall be, not what shall change, so it may be repeated.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos::server_fn::codec::{Json, PutUrl};

use super::answer;
use crate::error::Error;
use crate::model::reaction::{Reacted, Reaction};
use crate::server::request::identity::current_user;
use crate::server::state::AppState;

/// Lets whoever is signed in like an article, or not any more.
///
/// # Errors
/// [`Error::NotFound`] if readers do not see the article, [`Error::Unauthorized`] if nobody is
/// signed in, the database's.
#[server(prefix = "/api/islands", endpoint = "set-like", input = PutUrl, output = Json)]
pub async fn set_like(article: i64, like: bool) -> Result<Reacted, Error> {
    set(Reaction::Like(article), like).await
}

/// Lets whoever is signed in keep an article, or not any more.
///
/// # Errors
/// As for [`set_like`].
#[server(prefix = "/api/islands", endpoint = "set-collect", input = PutUrl, output = Json)]
pub async fn set_collect(article: i64, collect: bool) -> Result<Reacted, Error> {
    set(Reaction::Collect(article), collect).await
}

/// Lets whoever is signed in follow the author of a user name, or not any more.
///
/// # Errors
/// [`Error::NotFound`] if there is no such author, [`Error::BadRequest`] if it is the user's own
/// name, [`Error::Unauthorized`] if nobody is signed in, the database's.
#[server(prefix = "/api/islands", endpoint = "set-follow", input = PutUrl, output = Json)]
pub async fn set_follow(username: String, follow: bool) -> Result<Reacted, Error> {
    set(Reaction::Follow(username), follow).await
}

async fn set(reaction: Reaction, is_on: bool) -> Result<Reacted, Error> {
    let state = expect_context::<AppState>();
    let user = current_user(&expect_context::<Parts>())?;
    // Readers see the effect at once and may be on their way to another page, which aborts the
    // request. What they asked for is done all the same.
    let set = tokio::spawn(async move { state.set_reaction(&user, &reaction, is_on).await });
    answer(set.await.unwrap_or(Err(Error::Internal)))
}
