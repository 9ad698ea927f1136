//! The stream of live counts, for `browser/reading.js` and other programs.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::State;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::StreamExt;
use serde::Deserialize;
use tidemark_counting::ArticleId;
use tidemark_counting::visitor::address_bucket;

use crate::error::Error;
use crate::server::live::{MOST_ARTICLES, Message};
use crate::server::request::cache::CachePolicy;
use crate::server::request::problem::Query;
use crate::server::state::AppState;

#[derive(Deserialize)]
pub(super) struct StreamQuery {
    /// Ids with commas between them.
    #[serde(default)]
    articles: String,
}

/// `GET /api/counts/stream?articles=1,2,3`: server-sent events with the views of these articles,
/// such as `{"1":42}`. The first has all of them that readers see, each later one those that rose.
///
/// # Errors
/// [`Error::BadRequest`] if the ids are invalid, [`Error::Unavailable`] if too many streams are
/// open.
pub(super) async fn stream(
    State(state): State<AppState>,
    Query(query): Query<StreamQuery>,
    parts: Parts,
) -> Result<impl IntoResponse, Error> {
    let articles = articles(&query.articles)?;
    let address = address_bucket(state.identity.address(&parts)?);
    let messages = state.live.open(articles, address)?;
    let events = messages.map(|message| {
        Ok::<_, Infallible>(match message {
            // A map of numbers can always be written as JSON.
            Message::Views(views) => Event::default().json_data(views).unwrap_or_default(),
            Message::Comment => Event::default().comment(""),
        })
    });
    // Nginx would hold events back until its buffer is full.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([CachePolicy::Never.header(), unbuffered], Sse::new(events)))
}

/// Parses ids with commas between them.
fn articles(text: &str) -> Result<BTreeSet<ArticleId>, Error> {
    let invalid =
        || Error::BadRequest(format!("articles must be 1 to {MOST_ARTICLES} ids: 1,2,3.").into());
    let mut articles = BTreeSet::new();
    for id in text.split(',').take(MOST_ARTICLES + 1) {
        articles.insert(id.parse().map_err(|_| invalid())?);
    }
    if text.split(',').nth(MOST_ARTICLES).is_some() {
        return Err(invalid());
    }
    Ok(articles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_about_1_to_100_articles() {
        assert_eq!(articles("3,1,3"), Ok([ArticleId(1), ArticleId(3)].into()));
        let ids = |count: usize| vec!["1"; count].join(",");
        assert_eq!(articles(&ids(MOST_ARTICLES)), Ok([ArticleId(1)].into()));
        for text in ["", "1,", "x", "1 ,2", &ids(MOST_ARTICLES + 1), "9223372036854775808"] {
            assert!(articles(text).is_err(), "{text}");
        }
    }
}
