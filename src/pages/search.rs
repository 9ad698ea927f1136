//! Articles that contain what a reader looks for.

use leptos::prelude::*;
use leptos_meta::Meta;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::{articles, page_number, query};
use crate::components::article_list::ArticleList;
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::server::db::articles::Filter;
use crate::server::state::AppState;

/// Longest text that can be looked for, in characters.
const LONGEST: usize = 200;

/// `/search?q=`
#[component]
pub fn SearchPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let text: String = query("q").unwrap_or_default().trim().chars().take(LONGEST).collect();
    let page = page_number();
    let form = view! {
        <PageTitle text=format!("Search · {}", state.config.site.title) />
        <Meta name="robots" content="noindex" />
        <header class="intro">
            <h1>"Search"</h1>
        </header>
        <form class="search" role="search" action="/search">
            <label for="q">"Words in the title or the text"</label>
            <div class="search-row">
                <input type="search" id="q" name="q" value=text.clone() maxlength=LONGEST.to_string() required />
                <button type="submit" class="button">"Search"</button>
            </div>
        </form>
    };
    let content = async move {
        if text.is_empty() {
            return Ok(().into_any());
        }
        let filter = Filter { text: Some(text.clone()), ..Filter::default() };
        let articles = articles(&state, &filter, page).await?;
        let found = match articles.total {
            0 => format!("No article contains “{text}”."),
            1 => format!("One article contains “{text}”."),
            total => format!("{total} articles contain “{text}”."),
        };
        let path = format!("/search?q={}&", utf8_percent_encode(&text, NON_ALPHANUMERIC));
        Ok(view! {
            <p class="search-found">{found}</p>
            <ArticleList articles path />
        }
        .into_any())
    };
    view! { <Layout>{form} {loaded(content)}</Layout> }
}
