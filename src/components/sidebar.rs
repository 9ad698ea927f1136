//! The most viewed articles, beside every page that is for reading.

use leptos::prelude::*;

use super::count::format_views;
use super::view_counter::{VIEWS, VIEWS_OF};
use crate::error::Error;
use crate::model::article::{RankedArticle, Window};
use crate::server::state::AppState;

/// How many articles each ranking shows.
const LENGTH: i64 = 5;

/// The windows that readers can choose, with their names.
pub const WINDOWS: [(Window, &str, &str); 3] =
    [(Window::Day, "24h", "24 hours"), (Window::Week, "7d", "7 days"), (Window::All, "all", "All time")];

/// The most viewed articles of all windows. Radio buttons choose the one that is shown, without a script.
#[component]
pub fn Sidebar() -> impl IntoView {
    let state = expect_context::<AppState>();
    let rankings = Suspend::new(async move {
        let rankings = rankings(&state).await;
        match rankings {
            Ok(rankings) => view! { <Rankings rankings /> }.into_any(),
            Err(_) => view! { <p class="empty">"The most viewed articles can't be shown right now."</p> }.into_any(),
        }
    });
    view! { <Suspense>{rankings}</Suspense> }
}

async fn rankings(state: &AppState) -> Result<Vec<Vec<RankedArticle>>, Error> {
    let mut rankings = Vec::new();
    for (window, ..) in WINDOWS {
        rankings.push(state.most_viewed(window, LENGTH).await?);
    }
    Ok(rankings)
}

#[component]
fn Rankings(rankings: Vec<Vec<RankedArticle>>) -> impl IntoView {
    // The first window in which anything was read; a blog that nobody has read yet shows all time.
    let shown = rankings.iter().position(|ranking| !ranking.is_empty()).unwrap_or(WINDOWS.len() - 1);
    let choices = WINDOWS
        .into_iter()
        .enumerate()
        .map(|(index, (_, id, name))| {
            view! {
                <input
                    type="radio"
                    class="ranking-choice"
                    name="ranking"
                    id=format!("ranking-{id}")
                    checked=index == shown
                />
                <label for=format!("ranking-{id}")>{name}</label>
            }
        })
        .collect_view();
    let lists = WINDOWS
        .into_iter()
        .zip(rankings)
        .map(|((_, id, _), articles)| view! { <Ranking id articles /> })
        .collect_view();
    view! {
        <section class="rankings" aria-labelledby="rankings-title">
            <h2 class="sidebar-title" id="rankings-title">
                <a href="/most-viewed">"Most viewed"</a>
            </h2>
            <fieldset class="ranking-choices">
                <legend class="visually-hidden">"Most viewed in the last"</legend>
                {choices}
                {lists}
            </fieldset>
        </section>
    }
}

#[component]
fn Ranking(id: &'static str, articles: Vec<RankedArticle>) -> impl IntoView {
    let class = format!("ranking ranking-{id}");
    if articles.is_empty() {
        return view! { <p class=format!("{class} empty")>"Nothing has been read in this time yet."</p> }.into_any();
    }
    let items = articles
        .into_iter()
        .map(|article| {
            let count = view! { <span class="meta">{format_views(article.views)}</span> }
                .attr(VIEWS_OF, article.id)
                .attr(VIEWS, article.views);
            view! {
                <li>
                    <a href=format!("/articles/{}", article.slug)>{article.title}</a>
                    {count}
                </li>
            }
        })
        .collect_view();
    view! { <ol class=class>{items}</ol> }.into_any()
}
