//! What the authors that a reader follows write.

use axum::http::request::Parts;
use leptos::prelude::*;
use leptos_meta::Meta;

use super::query::{list, page_number};
use crate::components::article_list::ArticleList;
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::components::reaction_button::ReactionButton;
use crate::model::article::Author;
use crate::model::reaction::Reaction;
use crate::server::db::lists::List;
use crate::server::http::access::current_user;
use crate::server::state::AppState;

/// `/following`
#[component]
pub fn FollowingPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let page = page_number();
    let title = format!("Following · {}", state.config.site.title);
    let content = async move {
        let user = current_user(&parts)?;
        let authors = state.database.followed_authors(user.id, state.clock.now_ms()).await?;
        if authors.is_empty() {
            return Ok(view! {
                <div class="message">
                    <h2>"You follow nobody yet"</h2>
                    <p>"Follow an author on the author's page, and new articles show up here."</p>
                    <p>
                        <a class="button" href="/">"Find somebody to follow"</a>
                    </p>
                </div>
            }
            .into_any());
        }
        let articles = list(&state, List::Followed(user.id), page).await?;
        let articles = match articles.total {
            0 => view! { <p class="empty">"None of them has an article that is published now."</p> }.into_any(),
            _ => view! { <ArticleList articles path="/following?".to_owned() /> }.into_any(),
        };
        Ok(view! {
            <FollowedAuthors authors />
            {articles}
        }
        .into_any())
    };
    view! {
        <Layout>
            <PageTitle text=title />
            <Meta name="robots" content="noindex" />
            <header class="intro">
                <h1>"Following"</h1>
                <p>"What the authors you follow write, newest first."</p>
            </header>
            {loaded(content)}
        </Layout>
    }
}

#[component]
fn FollowedAuthors(
    /// Each with whether there is a page of the author's.
    authors: Vec<(Author, bool)>,
) -> impl IntoView {
    let items = authors
        .into_iter()
        .map(|(Author { username, name }, has_page)| {
            let path = format!("/authors/{username}");
            let who = match has_page {
                true => view! { <a href=path.clone()>{name.clone()}</a> }.into_any(),
                false => view! { <span>{name.clone()}</span> }.into_any(),
            };
            view! {
                <li>
                    {who}
                    <ReactionButton
                        reaction=Reaction::Follow(username)
                        action=format!("{path}/follow")
                        next="/following".to_owned()
                        name
                        is_on=true
                        count=None
                    />
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="followed" aria-labelledby="followed-title">
            <h2 class="visually-hidden" id="followed-title">"Authors"</h2>
            <ul>{items}</ul>
        </section>
    }
}
