//! The full ranking of each window.

use leptos::prelude::*;

use super::query::query;
use crate::api::pages::most_viewed;
use crate::components::hole;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::ranking::LongRanking;
use crate::components::tide_mark::in_words;
use crate::model::article::Window;
use crate::model::pages::{MostViewedData, Ranking};
use crate::server::state::AppState;

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
                        <a href=format!("/most-viewed?window={}", other.name()) aria-current=current>{other.label()}</a>
                    </li>
                }
            })
            .collect_view();
        let list = view! { <LongRanking articles /> }.into_any();
        let list = match hole::ranking(window) {
            Some((begin, end)) => (begin, list, end).into_any(),
            None => list,
        };
        let counts_every = in_words(state.config.views.window);
        let title = format!("Most viewed · {}", site().title);
        Content::new(
            Head::new(title),
            view! {
                <header class="intro">
                    <h1>"Most viewed"</h1>
                    <p>{format!("Each reader counts once per article every {counts_every}. Bots don't count.")} " " <a href="/counting">"How views are counted"</a></p>
                </header>
                <nav aria-label="Period">
                    <ul class="tabs">{links}</ul>
                </nav>
                {list}
            },
        )
    })
    .await
}
