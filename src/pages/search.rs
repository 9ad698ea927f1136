//! The search page.

use leptos::prelude::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::query;
use crate::api::pages::search;
use crate::components::article_list::ArticleList;
use crate::components::page::{Content, Head, LoadedPage};
use crate::model::article::ArticleSummary;
use crate::model::page::Page;
use crate::model::pages::SearchData;
use crate::server::reading::LONGEST_SEARCH;
use crate::server::state::AppState;

/// `/search?q=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let (asked, page) = (query("q"), query("page"));
    LoadedPage::reading(search(asked, page), |SearchData { text, articles }| {
        let found = articles.map(|articles| view! { <Found text=text.clone() articles /> });
        let title = format!("Search · {}", state.config.site.title);
        Content::new(
            Head::hidden(title),
            view! {
                <header class="intro">
                    <h1>"Search"</h1>
                </header>
                <form class="search" role="search" action="/search">
                    <label for="q">"Search articles"</label>
                    <div class="search-row">
                        <input type="search" id="q" name="q" value=text maxlength=LONGEST_SEARCH.to_string() required />
                        <button type="submit" class="button">"Search"</button>
                    </div>
                </form>
                {found}
            },
        )
    })
    .await
}

#[component]
fn Found(text: String, articles: Page<ArticleSummary>) -> impl IntoView {
    let found = match articles.total {
        0 => format!("No article contains “{text}”."),
        1 => format!("One article contains “{text}”."),
        total => format!("{total} articles contain “{text}”."),
    };
    let path = format!("/search?q={}&", utf8_percent_encode(&text, NON_ALPHANUMERIC));
    view! {
        <p class="search-found">{found}</p>
        <ArticleList articles path />
    }
}
