//! Data for the public pages. A page calls its function while it renders, and programs can call the
//! same function with a GET. Parameters arrive as raw strings from the page's URL.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::answer;
use crate::error::Error;
use crate::model::pages::{
    ArchiveData, ArticleData, AuthorData, AuthorsData, Framed, HomeData, MostViewedData, TagData,
    TagsData,
};
use crate::model::search::SearchData;
use crate::server::reading::{page_number, search_filter, search_sort, window};
use crate::server::state::AppState;

/// The application state and the head of the current request.
fn request() -> (AppState, Parts) {
    (expect_context(), expect_context())
}

/// One page of all articles, newest first.
///
/// # Errors
/// [`Error::NotFound`] if the page number is invalid or past the end; database errors.
#[server(prefix = "/api/pages", endpoint = "home", input = GetUrl, output = Json)]
pub async fn home(page: Option<String>) -> Result<Framed<HomeData>, Error> {
    let (state, parts) = request();
    let content = async { state.reading.home_page(&parts, page_number(page.as_deref())?).await };
    answer(state.reading.framed(&parts, true, content).await)
}

/// An article.
///
/// # Errors
/// [`Error::NotFound`] if readers can't see an article with that slug; database errors.
#[server(prefix = "/api/pages", endpoint = "article", input = GetUrl, output = Json)]
pub async fn article(slug: String) -> Result<Framed<ArticleData>, Error> {
    let (state, parts) = request();
    answer(state.reading.article_page(&parts, &slug).await)
}

/// One page of the articles with a tag, newest first.
///
/// # Errors
/// [`Error::NotFound`] if no article has the tag, or if the page number is invalid or past the end;
/// database errors.
#[server(prefix = "/api/pages", endpoint = "tag", input = GetUrl, output = Json)]
pub async fn tag(tag: String, page: Option<String>) -> Result<Framed<TagData>, Error> {
    let (state, parts) = request();
    let content =
        async { state.reading.tag_page(&parts, tag, page_number(page.as_deref())?).await };
    answer(state.reading.framed(&parts, true, content).await)
}

/// All tags that articles have.
///
/// # Errors
/// Database errors.
#[server(prefix = "/api/pages", endpoint = "tags", input = GetUrl, output = Json)]
pub async fn tags() -> Result<Framed<TagsData>, Error> {
    let (state, parts) = request();
    answer(state.reading.framed(&parts, true, state.reading.tags_page()).await)
}

/// All who have published articles.
///
/// # Errors
/// Database errors.
#[server(prefix = "/api/pages", endpoint = "authors", input = GetUrl, output = Json)]
pub async fn authors() -> Result<Framed<AuthorsData>, Error> {
    let (state, parts) = request();
    answer(state.reading.framed(&parts, true, state.reading.authors_page()).await)
}

/// One page of the titles of all articles, newest first.
///
/// # Errors
/// [`Error::NotFound`] if the page number is invalid or past the end; database errors.
#[server(prefix = "/api/pages", endpoint = "archive", input = GetUrl, output = Json)]
pub async fn archive(page: Option<String>) -> Result<Framed<ArchiveData>, Error> {
    let (state, parts) = request();
    let content = async { state.reading.archive_page(page_number(page.as_deref())?).await };
    answer(state.reading.framed(&parts, true, content).await)
}

/// An author and one page of their articles, newest first.
///
/// # Errors
/// [`Error::NotFound`] if no article credits that author, or if the page number is invalid or past
/// the end; database errors.
#[server(prefix = "/api/pages", endpoint = "author", input = GetUrl, output = Json)]
pub async fn author(username: String, page: Option<String>) -> Result<Framed<AuthorData>, Error> {
    let (state, parts) = request();
    let content =
        async { state.reading.author_page(&parts, &username, page_number(page.as_deref())?).await };
    answer(state.reading.framed(&parts, true, content).await)
}

/// The most viewed articles within a window.
///
/// # Errors
/// [`Error::NotFound`] if no window has that name; database errors.
#[server(prefix = "/api/pages", endpoint = "most-viewed", input = GetUrl, output = Json)]
pub async fn most_viewed(window: Option<String>) -> Result<Framed<MostViewedData>, Error> {
    let (state, parts) = request();
    let content = async { state.reading.most_viewed_page(self::window(window.as_deref())?).await };
    answer(state.reading.framed(&parts, false, content).await)
}

/// One page of the articles that match a search.
///
/// # Errors
/// [`Error::NotFound`] if the page number is invalid or past the end; [`Error::Unavailable`] if too
/// many searches are queued; database errors.
#[server(prefix = "/api/pages", endpoint = "search", input = GetUrl, output = Json)]
pub async fn search(
    q: Option<String>,
    tag: Option<String>,
    author: Option<String>,
    since: Option<String>,
    sort: Option<String>,
    page: Option<String>,
) -> Result<Framed<SearchData>, Error> {
    let (state, parts) = request();
    let filter = search_filter(tag, author, since.as_deref());
    let (text, sort) = (q.unwrap_or_default(), search_sort(sort.as_deref()));
    let content = async {
        state.reading.search_page(&parts, &text, filter, sort, page_number(page.as_deref())?).await
    };
    answer(state.reading.framed(&parts, true, content).await)
}
