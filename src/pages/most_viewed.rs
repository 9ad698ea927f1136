//! The full ranking of each window.

use leptos::prelude::*;
use tidemark_counting::Window;

use super::query::query;
use crate::api::pages::most_viewed;
use crate::components::hole;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::ranking::LongRanking;
use crate::model::pages::{MostViewedData, Ranking};
use crate::server::state::AppState;
use crate::text::language;

/// `/most-viewed?window=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let asked = query("window");
    LoadedPage::reading(most_viewed(asked), |MostViewedData { ranking }| {
        let Ranking { window, articles } = ranking;
        let links = Window::ALL
            .into_iter()
            .map(|other| {
                let current = (other == window).then_some("page");
                view! {
                    <li>
                        <a href=format!("/most-viewed?window={}", other.name()) aria-current=current>{language().window(other)}</a>
                    </li>
                }
            })
            .collect_view();
        let list = view! { <LongRanking articles /> }.into_any();
        let list = match hole::ranking(window) {
            Some((begin, end)) => (begin, list, end).into_any(),
            None => list,
        };
        let window = language().every(state.config.views.window);
        let counts_once =
            language().with("ranking-counts-once", [("window", (&window).into())]);
        let heading = language().text("most-viewed");
        let title = format!("{heading} · {}", site().title);
        Content::new(
            Head { description: Some(counts_once.clone()), ..Head::new(title) },
            view! {
                <header class="intro">
                    <h1>{heading}</h1>
                    <p>{counts_once} " " <a href="/counting">{language().text("how-views-are-counted")}</a></p>
                </header>
                <nav aria-label=language().text("period")>
                    <ul class="tabs">{links}</ul>
                </nav>
                {list}
            },
        )
    })
    .await
}
