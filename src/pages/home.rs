//! The front page: all articles, newest first.

use leptos::prelude::*;

use super::query::query;
use crate::api::pages::home;
use crate::components::article_list::ArticleList;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::pages::HomeData;
use crate::server::state::AppState;
use crate::text::language;

/// `/`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let page = query("page");
    let is_new = state.accounts.is_setup_open().await.unwrap_or(false);
    LoadedPage::reading(home(page), |HomeData { articles }| {
        let site = site();
        let is_first = articles.page == 1;
        let title = if is_first { site.title.clone() } else { format!("{} · {}", language().with("page-number", [("page", articles.page.into())]), site.title) };
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
            let (before, after) = language().around("first-article-soon", "feed");
            view! {
                <div class="message">
                    <h2>{language().text("nothing-published")}</h2>
                    <p>{before} <a href="/feed.xml">{language().text("feed-in-sentence")}</a> {after}</p>
                </div>
            }
            .into_any()
        } else {
            view! { <ArticleList articles path="/?".to_owned() has_hero=is_first /> }.into_any()
        };
        let head = Head {
            description: is_first.then(|| site.description.clone()),
            ..Head::new(title)
        };
        let notice = is_new.then(|| {
            let (before, with_token) = language().around("new-blog-token", "link");
            let (or, after) = language().around("new-blog-command", "command");
            view! {
                <div class="notice">
                    <p>{before} <a href="/setup">{language().text("make-administrator")}</a> {with_token} {or} <code>"tidemark user add NAME --role admin"</code> {after}</p>
                </div>
            }
        });
        let content = Content::new(head, view! { {notice} {intro} {later} {body} });
        // The first user may come from another process, which changes no content.
        if is_new { content.passing() } else { content }
    })
    .await
}
