//! Pictures for link previews of articles.

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::error::Error;
use crate::server::cards::Cards;
use crate::server::request::cache::CachePolicy;
use crate::server::request::negotiation::is_among;
use crate::server::request::problem::{Path, Query};
use crate::server::state::AppState;

/// The parameters of the address.
#[derive(Deserialize)]
pub struct CardQuery {
    /// The picture's version, with which it never changes.
    v: Option<String>,
}

/// `GET /articles/{slug}/card.png?v=`: the picture of an article that readers see.
pub async fn card(
    State(state): State<AppState>,
    Path(slug): Path<String>,
    Query(CardQuery { v }): Query<CardQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let article = state.articles.one_as_stored(&slug).await?;
    let article =
        article.ok_or_else(|| Error::NotFound("There is no article at this address.".into()))?;
    let (title, site) = (article.summary.title, state.site.current().await);
    let version = Cards::version(&title, &site.title);
    let etag = format!("\"{version}\"");
    let mut response = if headers.get(IF_NONE_MATCH).is_some_and(|known| is_among(known, &etag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = state.cards.card(title, site.title.clone()).await?;
        ([(CONTENT_TYPE, "image/png")], bytes).into_response()
    };
    let is_current = v.is_some_and(|asked| asked == version);
    let policy = if is_current { CachePolicy::Immutable } else { CachePolicy::Feed };
    let (name, value) = policy.header();
    response.headers_mut().insert(name, value);
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}
