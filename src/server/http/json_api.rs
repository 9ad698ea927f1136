//! The JSON API, `/api/v1`. Its interface does not change without notice.
//!
//! `api_docs` generates the OpenAPI description from the attributes on the handlers here.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tidemark_content::search::query::LONGEST_QUERY;
use tidemark_counting::{ArticleId, Window};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::api_docs::{PROBLEM, Problem, Refused};
use crate::error::Error;
use crate::model::article::{Article, ArticleSummary, RankedArticle};
use crate::model::page::Page;
use crate::model::search::{SearchFilter, SearchHit, Since, Sort, Suggestion};
use crate::model::view::ViewOutcome;
use crate::server::counting::ViewRequest;
use crate::server::db::articles::{Filter, Wanted};
use crate::server::request::problem::{Ignored, Path, Query};
use crate::server::search::Searched;
use crate::server::state::AppState;

/// The prefix of the API's addresses.
pub const PREFIX: &str = "/api/v1";

/// The largest page number that is accepted.
const LAST_PAGE: i64 = 1_000_000_000;

/// The longest tag slug and user name, in characters: the size of their columns in MySQL.
const LONGEST_NAME: usize = 255;

/// How many articles can be looked up at once.
const MOST_WANTED: usize = 100;

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case")]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The number of the page, from 1. A page past the end is empty.
    #[serde(default = "first")]
    #[param(minimum = 1, maximum = 1_000_000_000, default = 1)]
    page: i64,
    /// How many articles a page has.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    per_page: i64,
    /// Only articles with the tag of this slug.
    #[param(max_length = 255)]
    tag: Option<String>,
    /// Only articles with this user name in the byline.
    #[param(max_length = 255)]
    author: Option<String>,
    /// The articles with these numbers instead, separated by commas: at most 100.
    #[param(pattern = r"^[1-9][0-9]{0,15}(,[1-9][0-9]{0,15}){0,99}$")]
    ids: Option<String>,
    /// The articles at these paths instead, separated by commas: at most 100, such as
    /// `/articles/first-steps`.
    #[param(pattern = r"^/articles/[^,/?#]{1,255}(,/articles/[^,/?#]{1,255}){0,99}$")]
    paths: Option<String>,
}

fn first() -> i64 {
    1
}

fn twenty() -> i64 {
    20
}

/// A page of a list of articles.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticleList {
    /// The articles of this page, newest first.
    articles: Vec<ArticleSummary>,
    /// The number of this page, from 1.
    page: i64,
    /// How many pages there are, at least 1.
    pages: i64,
    /// How many articles all pages have.
    total: i64,
}

/// Published articles, newest first, or those that are asked for.
///
/// With `ids` or `paths`, the answer has these articles in the order in which they are asked for,
/// all in one page. Those that are not published are left out, and the other parameters have no
/// effect.
#[utoipa::path(
    get,
    path = "/api/v1/articles",
    operation_id = "list-articles",
    tag = "Articles",
    params(ListQuery),
    responses(
        (
            status = 200,
            description = "A page of the list.",
            body = ArticleList,
            headers(("Cache-Control" = String, description = "`no-store`: counts are live.")),
        ),
        (
            status = 400,
            description = "A parameter is invalid; `detail` says which.",
            body = Problem,
            content_type = PROBLEM,
        ),
        Refused,
    ),
)]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<ArticleList>, Error> {
    check_list(query.page, query.per_page, &query.tag, &query.author)?;
    if query.ids.is_some() || query.paths.is_some() {
        let mut articles = Vec::new();
        let (ids, paths) = (query.ids.as_deref(), query.paths.as_deref());
        for wanted in [ids.map(wanted_ids), paths.map(wanted_paths)].into_iter().flatten() {
            articles.extend(state.articles.some(&wanted?).await?);
        }
        let total = i64::try_from(articles.len()).unwrap_or(i64::MAX);
        return Ok(Json(ArticleList { articles, page: 1, pages: 1, total }));
    }
    let filter = Filter { tag: query.tag, author: query.author };
    let Page { items, page, pages, total } =
        state.articles.list(&filter, query.page, query.per_page).await?;
    Ok(Json(ArticleList { articles: items, page, pages, total }))
}

/// The articles with these numbers.
///
/// # Errors
/// [`Error::BadRequest`] if it is not a list of at most [`MOST_WANTED`] numbers.
fn wanted_ids(ids: &str) -> Result<Wanted, Error> {
    let id = |id: &str| {
        let is_number = id.len() <= 16 && id.bytes().all(|byte| byte.is_ascii_digit());
        id.parse::<ArticleId>().ok().filter(|_| is_number && !id.starts_with('0'))
    };
    let wanted: Option<Vec<ArticleId>> = ids.split(',').take(MOST_WANTED + 1).map(id).collect();
    wanted.filter(|wanted| wanted.len() <= MOST_WANTED).map(Wanted::Ids).ok_or_else(|| {
        Error::BadRequest(
            format!("ids must be 1 to {MOST_WANTED} numbers, separated by commas.").into(),
        )
    })
}

/// The articles at these paths.
///
/// # Errors
/// [`Error::BadRequest`] if it is not a list of at most [`MOST_WANTED`] paths of articles.
fn wanted_paths(paths: &str) -> Result<Wanted, Error> {
    let slug = |path: &str| {
        let slug = path.strip_prefix("/articles/")?;
        let is_slug = (1..=LONGEST_NAME).contains(&slug.chars().count());
        (is_slug && !slug.contains(['/', '?', '#'])).then(|| slug.to_owned())
    };
    let wanted: Option<Vec<String>> = paths.split(',').take(MOST_WANTED + 1).map(slug).collect();
    wanted.filter(|wanted| wanted.len() <= MOST_WANTED).map(Wanted::Slugs).ok_or_else(|| {
        Error::BadRequest(format!(
            "paths must be 1 to {MOST_WANTED} paths such as /articles/first-steps, separated by commas."
        ).into())
    })
}

/// Checks the parameters that lists share.
///
/// # Errors
/// [`Error::BadRequest`] that names the parameter.
fn check_list(
    page: i64,
    per_page: i64,
    tag: &Option<String>,
    author: &Option<String>,
) -> Result<(), Error> {
    if !(1..=LAST_PAGE).contains(&page) {
        return Err(Error::BadRequest(
            format!("page must be a number from 1 to {LAST_PAGE}.").into(),
        ));
    }
    if !(1..=100).contains(&per_page) {
        return Err(Error::BadRequest("per-page must be a number from 1 to 100.".into()));
    }
    for (name, value) in [("tag", tag), ("author", author)] {
        if value.as_ref().is_some_and(|value| value.chars().count() > LONGEST_NAME) {
            return Err(Error::BadRequest(
                format!("{name} must have at most {LONGEST_NAME} characters.").into(),
            ));
        }
    }
    Ok(())
}

/// Checks the length of a search text.
///
/// # Errors
/// [`Error::BadRequest`] if it is too long.
fn check_text(text: &str) -> Result<(), Error> {
    if text.chars().count() > LONGEST_QUERY {
        return Err(Error::BadRequest(
            format!("q must have at most {LONGEST_QUERY} characters.").into(),
        ));
    }
    Ok(())
}

/// A published article with its text.
#[utoipa::path(
    get,
    path = "/api/v1/articles/{id}",
    operation_id = "get-article",
    tag = "Articles",
    params((
        "id" = i64,
        Path,
        minimum = 1,
        maximum = 9_007_199_254_740_991i64,
        description = "The article's number.",
    )),
    responses(
        (
            status = 200,
            description = "The article.",
            body = Article,
            headers(("Cache-Control" = String, description = "`no-store`: counts are live.")),
        ),
        (status = 400, description = "The id is not a number.", body = Problem, content_type = PROBLEM),
        (status = 404, description = "There is no such published article.", body = Problem, content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn one(
    State(state): State<AppState>,
    Path(id): Path<ArticleId>,
) -> Result<Json<Article>, Error> {
    let article = state.articles.one(id).await?;
    article
        .map(Json)
        .ok_or_else(|| Error::NotFound(format!("There is no published article {id}.").into()))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MostViewedQuery {
    /// Which views count: those of the last 24 hours, 7 days or 30 days, or all of them, which is
    /// the default.
    #[serde(default = "all")]
    #[param(inline, value_type = WindowName)]
    window: Window,
    /// How many articles at most.
    #[serde(default = "ten")]
    #[param(minimum = 1, maximum = 100, default = 10)]
    limit: i64,
}

/// The names of [`Window`], which the description of the API lists.
struct WindowName;

impl PartialSchema for WindowName {
    fn schema() -> RefOr<Schema> {
        let names = Window::ALL.map(Window::name);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for WindowName {}

fn all() -> Window {
    Window::All
}

fn ten() -> i64 {
    10
}

/// The most viewed articles of a window.
#[derive(Serialize, ToSchema)]
pub(super) struct MostViewed {
    #[schema(inline, value_type = WindowName)]
    window: Window,
    /// The articles, most viewed first; newer articles win ties. Those without a view in the window
    /// are left out.
    articles: Vec<RankedArticle>,
}

/// The articles that were viewed most.
#[utoipa::path(
    get,
    path = "/api/v1/articles/most-viewed",
    operation_id = "list-most-viewed",
    tag = "Articles",
    params(MostViewedQuery),
    responses(
        (
            status = 200,
            description = "The ranking.",
            body = MostViewed,
            headers(("Cache-Control" = String, description = "`no-store`: counts are live.")),
        ),
        (
            status = 400,
            description = "A parameter is invalid; `detail` says which.",
            body = Problem,
            content_type = PROBLEM,
        ),
        Refused,
    ),
)]
pub(super) async fn most_viewed(
    State(state): State<AppState>,
    Query(query): Query<MostViewedQuery>,
) -> Result<Json<MostViewed>, Error> {
    if !(1..=100).contains(&query.limit) {
        return Err(Error::BadRequest("limit must be a number from 1 to 100.".into()));
    }
    let articles = state.articles.most_viewed(query.window, query.limit).await?;
    Ok(Json(MostViewed { window: query.window, articles }))
}

/// Counts a view of an article.
///
/// A visitor counts once per article and window, so retrying is safe. The answer is sent once the
/// view is on disk. The visitor is identified by session, or by address and User-Agent; a body is
/// read up to 16 KiB and ignored.
#[utoipa::path(
    put,
    path = "/api/v1/articles/{id}/view",
    operation_id = "record-view",
    tag = "Articles",
    params((
        "id" = i64,
        Path,
        minimum = 1,
        maximum = 9_007_199_254_740_991i64,
        description = "The article's number.",
    )),
    responses(
        (
            status = 200,
            description = "The view is counted, or `reason` says why not.",
            body = ViewOutcome,
            headers(("Cache-Control" = String, description = "`no-store`.")),
        ),
        (status = 400, description = "The id is not a number.", body = Problem, content_type = PROBLEM),
        (status = 403, description = "The request came from another site.", body = Problem, content_type = PROBLEM),
        (status = 404, description = "There is no such published article.", body = Problem, content_type = PROBLEM),
        (status = 413, description = "The body is larger than 16 KiB.", body = Problem, content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn view(
    State(state): State<AppState>,
    Path(id): Path<ArticleId>,
    request: Box<ViewRequest>,
    Ignored: Ignored,
) -> Result<Json<ViewOutcome>, Error> {
    state.counting.record(id, request).await.map(Json)
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "kebab-case")]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// What to look for: words that must all be there, in any form and order; `"several words"` as
    /// they stand; `-word` that must not be there. Anything else is text.
    #[serde(default)]
    #[param(max_length = 200)]
    q: String,
    /// Only articles with the tag of this slug.
    #[param(max_length = 255)]
    tag: Option<String>,
    /// Only articles with this user name in the byline.
    #[param(max_length = 255)]
    author: Option<String>,
    /// Only articles published within the last 7, 30 or 365 days.
    #[param(inline)]
    since: Option<Since>,
    /// The order: what fits best first, which is the default; the newest; or the most viewed.
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    /// The number of the page, from 1. A page past the end is empty.
    #[serde(default = "first")]
    #[param(minimum = 1, maximum = 1_000_000_000, default = 1)]
    page: i64,
    /// How many hits a page has.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    per_page: i64,
}

/// A page of what was found.
#[derive(Default, Serialize, ToSchema)]
pub(super) struct SearchResult {
    /// The articles of this page.
    hits: Vec<SearchHit>,
    /// The number of this page, from 1.
    page: i64,
    /// How many pages there are, at least 1.
    pages: i64,
    /// How many articles match, at most 10,000.
    total: i64,
    /// Whether more match than that. Not all of them were looked at.
    is_more: bool,
    /// What was found instead, because no article contains what was asked for.
    corrected: Option<String>,
    /// Whether the search engine is away and a simpler search answered.
    is_fallback: bool,
}

/// Articles that contain certain words.
///
/// Titles weigh more than tags, summaries and texts. A title and an excerpt come in segments; those
/// that were looked for have `is_hit`.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    operation_id = "search",
    tag = "Search",
    params(SearchQuery),
    responses(
        (
            status = 200,
            description = "A page of what was found. Without a word in `q`, nothing is.",
            body = SearchResult,
            headers(("Cache-Control" = String, description = "`no-store`: counts are live.")),
        ),
        (
            status = 400,
            description = "A parameter is invalid; `detail` says which.",
            body = Problem,
            content_type = PROBLEM,
        ),
        Refused,
    ),
)]
pub(super) async fn search(
    State(state): State<AppState>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchResult>, Error> {
    let SearchQuery { q, tag, author, since, sort, page, per_page } = query;
    check_list(page, per_page, &tag, &author)?;
    check_text(&q)?;
    let filter = SearchFilter { tag, author, since };
    let Some(searched) = state.search.page(&q, filter, sort, page, per_page).await? else {
        return Ok(Json(SearchResult { page, pages: 1, ..SearchResult::default() }));
    };
    let Searched { hits, is_more, is_fallback, corrected } = searched;
    let Page { items: mut hits, page, pages, total } = hits;
    state.search.with_counts(&mut hits).await;
    Ok(Json(SearchResult { hits, page, pages, total, is_more, corrected, is_fallback }))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SuggestQuery {
    /// What was typed so far. The last word may be the beginning of one.
    #[serde(default)]
    #[param(max_length = 200)]
    q: String,
}

/// Titles that may be meant.
#[derive(Serialize, ToSchema)]
pub(super) struct Suggestions {
    /// At most 8, newest first.
    suggestions: Vec<Suggestion>,
}

/// Titles of articles for what somebody is typing.
///
/// All words must be in the title or the tags; the last one may be the beginning of a word.
#[utoipa::path(
    get,
    path = "/api/v1/search/suggest",
    operation_id = "suggest",
    tag = "Search",
    params(SuggestQuery),
    responses(
        (
            status = 200,
            description = "The titles; none without a word in `q`.",
            body = Suggestions,
            headers(("Cache-Control" = String, description = "`no-store`.")),
        ),
        (
            status = 400,
            description = "The parameter is invalid.",
            body = Problem,
            content_type = PROBLEM,
        ),
        Refused,
    ),
)]
pub(super) async fn suggest(
    State(state): State<AppState>,
    Query(query): Query<SuggestQuery>,
) -> Result<Json<Suggestions>, Error> {
    check_text(&query.q)?;
    let suggestions = state.search.suggest(&query.q).await?;
    Ok(Json(Suggestions { suggestions }))
}

/// Does everything that a view does, except count it.
#[cfg(feature = "bench")]
pub(super) async fn nothing(_: Ignored) -> Json<serde_json::Value> {
    Json(serde_json::json!({ "counted": false }))
}
