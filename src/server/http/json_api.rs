//! The JSON API, `/api/v1`. Its interface does not change without notice.

use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tower_http::compression::CompressionLayer;

use super::patience::patience;
use crate::error::Error;
use crate::model::article::{Article, ArticleSummary, RankedArticle, Window};
use crate::model::page::Page;
use crate::model::view::ViewOutcome;
use crate::server::db::articles::Filter;
use crate::server::request::identity::ViewSender;
use crate::server::request::problem::{Ignored, Path, Query, wrong_method};
use crate::server::state::AppState;

/// What the addresses of the API start with.
pub const PREFIX: &str = "/api/v1";

/// The API.
pub fn router(state: &AppState) -> Router<AppState> {
    // Answers to these may be long.
    let reads = Router::new()
        .route("/api/v1/articles", get(list))
        .route("/api/v1/articles/most-viewed", get(most_viewed))
        .route("/api/v1/articles/{id}", get(one))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(state.clone(), patience));
    let router = Router::new().merge(reads).route("/api/v1/articles/{id}/view", put(view));
    // The same layers, the same kind of body: all of a view's way but the view.
    #[cfg(feature = "bench")]
    let router =
        router.route("/api/v1/nothing", put(async |Ignored: Ignored| Json(serde_json::json!({ "counted": false }))));
    router.method_not_allowed_fallback(wrong_method)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ListQuery {
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
struct List {
    articles: Vec<ArticleSummary>,
    page: i64,
    pages: i64,
    total: i64,
}

async fn list(State(state): State<AppState>, Query(query): Query<ListQuery>) -> Result<Json<List>, Error> {
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

async fn one(State(state): State<AppState>, Path(id): Path<i64>) -> Result<Json<Article>, Error> {
    let article = state.article(id).await?;
    article.map(Json).ok_or_else(|| Error::NotFound(format!("There is no published article {id}.")))
}

#[derive(Deserialize)]
struct MostViewedQuery {
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
struct MostViewed {
    window: Window,
    articles: Vec<RankedArticle>,
}

async fn most_viewed(
    State(state): State<AppState>,
    Query(query): Query<MostViewedQuery>,
) -> Result<Json<MostViewed>, Error> {
    if !(1..=100).contains(&query.limit) {
        return Err(Error::BadRequest("limit must be a number from 1 to 100.".into()));
    }
    let articles = state.most_viewed(query.window, query.limit).await?;
    Ok(Json(MostViewed { window: query.window, articles }))
}

async fn view(
    State(state): State<AppState>,
    Path(id): Path<i64>,
    ViewSender(sender): ViewSender,
    Ignored: Ignored,
) -> Result<Json<ViewOutcome>, Error> {
    state.record_view(id, sender).await.map(Json)
}
