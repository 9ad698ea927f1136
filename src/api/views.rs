//! Telling the server that an article is being read: what `browser/reading.js` asks.

use leptos::prelude::*;
use leptos::server_fn::codec::{Json, PutUrl};

use super::answer;
use crate::error::Error;
use crate::model::view::ViewOutcome;
use crate::server::request::identity::ViewSender;
use crate::server::state::AppState;

/// Records a view of an article by whoever asks. Idempotent within the window (rule C2), so it may
/// be repeated.
///
/// # Errors
/// [`Error::NotFound`] if readers do not see the article, [`Error::Unavailable`] if it can't be
/// recorded now.
#[server(prefix = "/api/islands", endpoint = "record-view", input = PutUrl, output = Json)]
pub async fn record_view(article: i64) -> Result<ViewOutcome, Error> {
    let state = expect_context::<AppState>();
    let ViewSender { user, sender } =
        leptos_axum::extract_with_state::<ViewSender, AppState>(&state)
            .await
            .map_err(|_| Error::Unavailable)?;
    answer(state.record_view(article, user, sender).await)
}
