//! The sidebar with the most viewed articles.

use leptos::prelude::*;

use super::hole::rankings;
use crate::model::language::Language;
use crate::model::pages::{Ranking, Sidebar};
use crate::text::language;

/// The sidebar, or nothing if the page has none.
#[component]
pub fn SidebarColumn(sidebar: Sidebar) -> impl IntoView {
    let content = match sidebar {
        Sidebar::Absent => return ().into_any(),
        Sidebar::Unavailable => view! { <Unavailable /> }.into_any(),
        Sidebar::Open => rankings().into_any(),
        Sidebar::Rankings(rankings) => view! { <Rankings rankings /> }.into_any(),
    };
    view! { <aside class="sidebar" aria-label=language().text("most-viewed-articles")>{content}</aside> }.into_any()
}

/// Renders the rankings to HTML, to fill the hole in a cached page.
pub fn render_rankings(rankings: Vec<Ranking>, language: Language) -> String {
    Owner::new().with(|| {
        provide_context(language);
        view! { <Rankings rankings /> }.to_html()
    })
}

/// Renders the message for when the rankings can't be loaded.
pub fn render_unavailable(language: Language) -> String {
    Owner::new().with(|| {
        provide_context(language);
        view! { <Unavailable /> }.to_html()
    })
}

#[component]
fn Unavailable() -> impl IntoView {
    view! { <p class="empty">{language().text("rankings-unavailable")}</p> }
}

/// The rankings of all windows. Radio buttons choose the visible one, so no script is needed.
#[component]
fn Rankings(rankings: Vec<Ranking>) -> impl IntoView {
    // Start with the first window that has any views. On a blog without views that is the last one,
    // all time.
    let shown = rankings.iter().position(|ranking| !ranking.articles.is_empty());
    let shown = shown.unwrap_or(rankings.len().saturating_sub(1));
    let choices = rankings
        .iter()
        .enumerate()
        .map(|(index, ranking)| {
            let id = format!("ranking-{}", ranking.window.name());
            view! {
                <input type="radio" class="ranking-choice" name="ranking" id=id.clone() checked=index == shown />
                <label for=id>{language().window(ranking.window)}</label>
            }
        })
        .collect_view();
    let lists =
        rankings.into_iter().map(|ranking| view! { <RankingList ranking /> }).collect_view();
    view! {
        <section class="rankings" aria-labelledby="rankings-title">
            <h2 class="sidebar-title" id="rankings-title">
                <a href="/most-viewed">{language().text("most-viewed")}</a>
            </h2>
            <fieldset class="ranking-choices">
                <legend class="visually-hidden">{language().text("most-viewed-in-the-last")}</legend>
                {choices}
                {lists}
            </fieldset>
        </section>
    }
}

#[component]
fn RankingList(ranking: Ranking) -> impl IntoView {
    let Ranking { window, articles } = ranking;
    let class = format!("ranking ranking-{}", window.name());
    if articles.is_empty() {
        return view! { <p class=format!("{class} empty")>{language().text("no-views-in-period")}</p> }
            .into_any();
    }
    let items = articles
        .into_iter()
        .map(|article| {
            // `browser/reading.js` finds these attributes and updates the number when a count on
            // the page changes.
            view! {
                <li>
                    <a href=format!("/articles/{}", article.slug) lang=article.language>{article.title}</a>
                    <span class="meta" data-views-of=article.id.0 data-views=article.views>
                        {language().views(article.views)}
                    </span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class=class>{items}</ol> }.into_any()
}
