//! The JSON API, `/api/v1`. Its interface does not change without notice.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::model::article::{Article, ArticleSummary, RankedArticle, Window};
use crate::model::page::Page;
use crate::model::view::ViewOutcome;
use crate::server::db::articles::Filter;
use crate::server::request::identity::ViewSender;
use crate::server::request::problem::{Ignored, Path, Query};
use crate::server::state::AppState;

/// What the addresses of the API start with.
pub const PREFIX: &str = "/api/v1";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ListQuery {
    #[serde(default = "first")]
    page: i64,
    #[serde(default = "twenty")]
    per_page: i64,
    tag: Option<String>,
    author: Option<String>,
}

fn first() -> i64 {
    1
}

fn twenty() -> i64 {
    20
}

#[derive(Serialize)]
pub(super) struct List {
    articles: Vec<ArticleSummary>,
    page: i64,
    pages: i64,
    total: i64,
}

/// `GET /api/v1/articles`
pub(super) async fn list(State(state): State<AppState>, Query(query): Query<ListQuery>) -> Result<Json<List>, Error> {
    if query.page < 1 {
        return Err(Error::BadRequest("page must be a number from 1 up.".into()));
    }
    if !(1..=100).contains(&query.per_page) {
        return Err(Error::BadRequest("per-page must be a number from 1 to 100.".into()));
    }
    let filter = Filter { tag: query.tag, author: query.author, text: None };
    let Page { items, page, pages, total } = state.articles(&filter, query.page, query.per_page).await?;
    Ok(Json(List { articles: items, page, pages, total }))
}

/// `GET /api/v1/articles/{id}`
pub(super) async fn one(State(state): State<AppState>, Path(id): Path<i64>) -> Result<Json<Article>, Error> {
    let article = state.article(id).await?;
    article.map(Json).ok_or_else(|| Error::NotFound(format!("There is no published article {id}.")))
}

#[derive(Deserialize)]
pub(super) struct MostViewedQuery {
    #[serde(default = "all")]
    window: Window,
    #[serde(default = "ten")]
    limit: i64,
}

fn all() -> Window {
    Window::All
}

fn ten() -> i64 {
    10
}

#[derive(Serialize)]
pub(super) struct MostViewed {
    window: Window,
    articles: Vec<RankedArticle>,
}

/// `GET /api/v1/articles/most-viewed`
pub(super) async fn most_viewed(
    State(state): State<AppState>,
    Query(query): Query<MostViewedQuery>,
) -> Result<Json<MostViewed>, Error> {
    if !(1..=100).contains(&query.limit) {
        return Err(Error::BadRequest("limit must be a number from 1 to 100.".into()));
    }
    let articles = state.most_viewed(query.window, query.limit).await?;
    Ok(Json(MostViewed { window: query.window, articles }))
}

/// `PUT /api/v1/articles/{id}/view`
pub(super) async fn view(
    State(state): State<AppState>,
    Path(id): Path<i64>,
    ViewSender { user, sender }: ViewSender,
    Ignored: Ignored,
) -> Result<Json<ViewOutcome>, Error> {
    state.record_view(id, user, sender).await.map(Json)
}

/// All of a view's way but the view.
#[cfg(feature = "bench")]
pub(super) async fn nothing(_: Ignored) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "counted": false }))
}
