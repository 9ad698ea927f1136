//! The most viewed articles of a window, at length.

use leptos::prelude::*;

use super::query::query;
use crate::components::count::format_views;
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::error::Error;
use crate::model::article::Window;
use crate::server::state::AppState;

/// How many articles the page shows.
const LENGTH: i64 = 50;

/// The windows, with their names in addresses and on the page.
const WINDOWS: [(Window, &str, &str); 4] = [
    (Window::Day, "24h", "24 hours"),
    (Window::Week, "7d", "7 days"),
    (Window::Month, "30d", "30 days"),
    (Window::All, "all", "All time"),
];

/// `/most-viewed?window=`
#[component]
pub fn MostViewedPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let asked = query("window").unwrap_or_else(|| "all".into());
    let title = format!("Most viewed · {}", state.config.site.title);
    let content = async move {
        let (window, ..) = WINDOWS
            .into_iter()
            .find(|(_, id, _)| *id == asked)
            .ok_or_else(|| Error::NotFound("There is no ranking for this time.".into()))?;
        let articles = state.most_viewed(window, LENGTH).await?;
        let links = WINDOWS
            .into_iter()
            .map(|(other, id, name)| {
                let current = (other == window).then_some("page");
                view! {
                    <li>
                        <a href=format!("/most-viewed?window={id}") aria-current=current>{name}</a>
                    </li>
                }
            })
            .collect_view();
        let list = if articles.is_empty() {
            view! { <p class="empty">"Nothing has been read in this time yet."</p> }.into_any()
        } else {
            let items = articles
                .into_iter()
                .map(|article| {
                    view! {
                        <li>
                            <a href=format!("/articles/{}", article.slug)>{article.title}</a>
                            <span class="meta">{format_views(article.views)}</span>
                        </li>
                    }
                })
                .collect_view();
            view! { <ol class="ranking-long">{items}</ol> }.into_any()
        };
        Ok(view! {
            <nav aria-label="Time">
                <ul class="tabs">{links}</ul>
            </nav>
            {list}
        }
        .into_any())
    };
    view! {
        <Layout>
            <PageTitle text=title />
            <header class="intro">
                <h1>"Most viewed"</h1>
                <p>"Each reader counts once per article and visit."</p>
            </header>
            {loaded(content)}
        </Layout>
    }
}
