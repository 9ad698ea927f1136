//! The page of a tag, with all its articles.

use leptos::prelude::*;

use super::query::{param, query};
use crate::api::pages::tag;
use crate::components::article_list::ArticleList;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::pages::TagData;
use crate::text::language;

/// `/tags/{tag}`
pub async fn page() -> LoadedPage {
    let (slug, page) = (param("tag"), query("page"));
    LoadedPage::reading(tag(slug, page), |TagData { tag, articles }| {
        let title = format!("{} · {}", tag.name, site().title);
        let feed = Some((format!("/tags/{}", tag.slug), title.clone()));
        Content::new(
            Head { feed, ..Head::new(title) },
            view! {
                <header class="intro">
                    <p class="intro-kind">{language().text("tag")}</p>
                    <h1>{tag.name}</h1>
                    <p><a href=format!("/search?tag={}", tag.slug)>{language().text("search-in-tag")}</a></p>
                </header>
                <ArticleList articles path=format!("/tags/{}?", tag.slug) />
            },
        )
    })
    .await
}
