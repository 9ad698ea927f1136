//! The front page: newest first.

use leptos::prelude::*;
use leptos_meta::{Link, Meta};

use super::query::{articles, page_number};
use crate::components::article_list::ArticleList;
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::server::db::articles::Filter;
use crate::server::state::AppState;

/// `/`
#[component]
pub fn HomePage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let page = page_number();
    let content = async move {
        let is_first = page == Ok(1);
        let articles = articles(&state, &Filter::default(), page).await?;
        let site = &state.config.site;
        let title = if is_first { site.title.clone() } else { format!("Page {} · {}", articles.page, site.title) };
        let intro = is_first.then(|| {
            view! {
                <header class="intro">
                    <h1>{site.title.clone()}</h1>
                    <p>{site.description.clone()}</p>
                </header>
            }
        });
        let later = (!is_first).then(|| view! { <h1 class="visually-hidden">{title.clone()}</h1> });
        let body = if articles.total == 0 {
            view! {
                <div class="message">
                    <h2>"No articles yet"</h2>
                    <p>"Add the samples with " <code>"tidemark seed"</code> ", or bring a blog with " <code>"tidemark import"</code> "."</p>
                </div>
            }
            .into_any()
        } else {
            view! { <ArticleList articles path="/?".to_owned() /> }.into_any()
        };
        let head = view! {
            <PageTitle text=title />
            <Meta name="description" content=site.description.clone() />
            <Link rel="canonical" href=format!("{}/", site.base_url) />
        };
        Ok(view! { {is_first.then_some(head)} {intro} {later} {body} }.into_any())
    };
    view! { <Layout>{loaded(content)}</Layout> }
}
