//! What a page reads from its address.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::error::Error;
use crate::model::article::ArticleSummary;
use crate::model::page::Page;
use crate::server::db::articles::Filter;
use crate::server::db::lists::List;
use crate::server::reactions::Profile;
use crate::server::state::AppState;

/// How many articles a page of a list shows.
const PER_PAGE: i64 = 10;

/// A parameter of the route; empty if there is none of that name.
pub fn param(name: &str) -> String {
    use_params_map().with_untracked(|params| params.get(name)).unwrap_or_default()
}

/// A parameter of the query.
pub fn query(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
}

/// The number of the page that is asked for, from 1.
///
/// # Errors
/// [`Error::NotFound`]: an address with a page that can't be leads nowhere.
pub fn page_number() -> Result<i64, Error> {
    match query("page") {
        None => Ok(1),
        Some(text) => text.parse().ok().filter(|page| *page >= 1).ok_or_else(no_such_page),
    }
}

/// A page of the articles that readers see. An empty first page is fine, an empty later one does not exist.
///
/// # Errors
/// [`Error::NotFound`] for a page past the end; the database's.
pub async fn articles(
    state: &AppState,
    filter: &Filter,
    page: Result<i64, Error>,
) -> Result<Page<ArticleSummary>, Error> {
    existing(state.articles(filter, page?, PER_PAGE).await?)
}

/// A page of one of a user's lists, as [`articles`].
///
/// # Errors
/// As for [`articles`].
pub async fn list(state: &AppState, list: List, page: Result<i64, Error>) -> Result<Page<ArticleSummary>, Error> {
    existing(state.list(list, page?, PER_PAGE).await?)
}

/// A page of what an author wrote, as [`articles`].
///
/// # Errors
/// As for [`articles`].
pub async fn written_by(
    state: &AppState,
    profile: &Profile,
    page: Result<i64, Error>,
) -> Result<Page<ArticleSummary>, Error> {
    existing(state.written_by(profile, page?, PER_PAGE).await?)
}

fn existing(articles: Page<ArticleSummary>) -> Result<Page<ArticleSummary>, Error> {
    if articles.page > articles.pages {
        return Err(no_such_page());
    }
    Ok(articles)
}

fn no_such_page() -> Error {
    Error::NotFound("This list has no such page.".into())
}
