//! All articles with a tag.

use leptos::prelude::*;

use super::query::{param, query};
use crate::api::pages::tag;
use crate::components::article_list::ArticleList;
use crate::components::layout::{PageTitle, reading_page};
use crate::model::pages::TagData;
use crate::server::state::AppState;

/// `/tags/{tag}`
#[component]
pub fn TagPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let (slug, page) = (param("tag"), query("page"));
    reading_page(async move { tag(slug, page).await }, move |TagData { tag, articles }| {
        view! {
            <PageTitle text=format!("{} · {}", tag.name, state.config.site.title) />
            <header class="intro">
                <p class="intro-kind">"Tag"</p>
                <h1>{tag.name}</h1>
            </header>
            <ArticleList articles path=format!("/tags/{}?", tag.slug) />
        }
        .into_any()
    })
}
