//! The reader's collected articles.

use axum::http::request::Parts;
use leptos::prelude::*;

use super::query::page_number;
use crate::components::article_list::ArticleList;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::db::lists::List;
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::text::language;

/// `/collects`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let number = page_number();
    let title = format!("{} · {}", language().text("saved"), site().title);
    let content = async move {
        let user = current_user(&parts)?;
        let articles = state.reading.list_page(List::Collected(user.id), number?).await?;
        let list = match articles.total {
            0 => view! {
                <div class="message">
                    <h2>{language().text("nothing-saved")}</h2>
                    <p>{language().text("nothing-saved-advice")}</p>
                    <p>
                        <a class="button" href="/">{language().text("find-something")}</a>
                    </p>
                </div>
            }
            .into_any(),
            _ => view! { <ArticleList articles path="/collects?".to_owned() /> }.into_any(),
        };
        Ok(Content::new(
            Head::hidden(title),
            view! {
                <header class="intro">
                    <h1>{language().text("saved")}</h1>
                    <p>{language().text("saved-intro")}</p>
                </header>
                {list}
            },
        ))
    };
    LoadedPage::of(true, content).await
}
