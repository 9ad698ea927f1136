//! Recording a view; called by `browser/reading.js`.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos::server_fn::codec::{Json, PutUrl};
use tidemark_counting::ArticleId;

use super::answer;
use crate::error::Error;
use crate::model::view::ViewOutcome;
use crate::server::state::AppState;

/// Records the current visitor's view of an article. Idempotent within the window (rule C2), so it
/// is safe to retry.
///
/// # Errors
/// [`Error::NotFound`] if readers can't see the article, [`Error::Unavailable`] if the view can't
/// be recorded right now.
#[server(prefix = "/api/islands", endpoint = "record-view", input = PutUrl, output = Json)]
pub async fn record_view(article: ArticleId) -> Result<ViewOutcome, Error> {
    let state = expect_context::<AppState>();
    let request = state.identity.view_request(&expect_context::<Parts>());
    answer(match request {
        Ok(request) => state.counting.record(article, request).await,
        Err(error) => Err(error),
    })
}
