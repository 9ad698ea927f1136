//! All articles of an author.

use leptos::prelude::*;

use super::query::{articles, page_number, param};
use crate::components::article_list::ArticleList;
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::error::Error;
use crate::server::db::articles::Filter;
use crate::server::state::AppState;

/// `/authors/{username}`
#[component]
pub fn AuthorPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let username = param("username");
    let page = page_number();
    let content = async move {
        let author = state.database.author(&username, state.clock.now_ms()).await?;
        let author = author.ok_or_else(|| Error::NotFound("There is no author of this name.".into()))?;
        let filter = Filter { author: Some(username), ..Filter::default() };
        let articles = articles(&state, &filter, page).await?;
        let count = match articles.total {
            1 => "1 article".to_owned(),
            total => format!("{total} articles"),
        };
        Ok(view! {
            <PageTitle text=format!("{} · {}", author.name, state.config.site.title) />
            <header class="intro">
                <p class="intro-kind">"Author"</p>
                <h1>{author.name}</h1>
                <p>{count}</p>
            </header>
            <ArticleList articles path=format!("/authors/{}?", author.username) />
        }
        .into_any())
    };
    view! { <Layout>{loaded(content)}</Layout> }
}
