//! All articles with a tag.

use leptos::prelude::*;

use super::query::{articles, page_number, param};
use crate::components::article_list::ArticleList;
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::error::Error;
use crate::server::db::articles::Filter;
use crate::server::state::AppState;

/// `/tags/{tag}`
#[component]
pub fn TagPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let slug = param("tag");
    let page = page_number();
    let content = async move {
        let tag = state.database.tag(&slug, state.clock.now_ms()).await?;
        let tag = tag.ok_or_else(|| Error::NotFound("No article has this tag.".into()))?;
        let filter = Filter { tag: Some(slug), ..Filter::default() };
        let articles = articles(&state, &filter, page).await?;
        Ok(view! {
            <PageTitle text=format!("{} · {}", tag.name, state.config.site.title) />
            <header class="intro">
                <p class="intro-kind">"Tag"</p>
                <h1>{tag.name}</h1>
            </header>
            <ArticleList articles path=format!("/tags/{}?", tag.slug) />
        }
        .into_any())
    };
    view! { <Layout>{loaded(content)}</Layout> }
}
