//! Articles by the authors that the reader follows.

use axum::http::request::Parts;
use futures_util::future::try_join;
use leptos::prelude::*;

use super::query::page_number;
use crate::components::article_list::ArticleList;
use crate::components::avatar::Avatar;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::reaction_button::ReactionButton;
use crate::model::article::Author;
use crate::model::reaction::Reaction;
use crate::server::db::lists::List;
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::text::language;

/// `/following`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let number = page_number();
    let title = format!("{} · {}", language().text("following"), site().title);
    let content = async move {
        let (user, number) = (current_user(&parts)?, number?);
        let authors =
            async { Ok(state.database.followed_authors(user.id, state.clock.now()).await?) };
        let (authors, articles) =
            try_join(authors, state.reading.list_page(List::Followed(user.id), number)).await?;
        let list = match (authors.is_empty(), articles.total) {
            (true, _) => view! {
                <div class="message">
                    <h2>{language().text("follows-nobody")}</h2>
                    <p>{language().text("follows-nobody-advice")}</p>
                    <p>
                        <a class="button" href="/">{language().text("find-someone")}</a>
                    </p>
                </div>
            }
            .into_any(),
            (false, 0) => view! {
                <FollowedAuthors authors />
                <p class="empty">{language().text("no-articles-by-them")}</p>
            }
            .into_any(),
            (false, _) => view! {
                <FollowedAuthors authors />
                <ArticleList articles path="/following?".to_owned() />
            }
            .into_any(),
        };
        Ok(Content::new(
            Head::hidden(title),
            view! {
                <header class="intro">
                    <h1>{language().text("following")}</h1>
                    <p>{language().text("following-intro")}</p>
                </header>
                {list}
            },
        ))
    };
    LoadedPage::of(true, content).await
}

#[component]
fn FollowedAuthors(
    /// Each author, and whether they have a page to link to.
    authors: Vec<(Author, bool)>,
) -> impl IntoView {
    let items = authors
        .into_iter()
        .map(|(author, has_page)| {
            let Author { username, name, .. } = author.clone();
            let path = format!("/authors/{username}");
            let who = match has_page {
                true => view! { <a href=path.clone()>{name.clone()}</a> }.into_any(),
                false => view! { <span>{name.clone()}</span> }.into_any(),
            };
            view! {
                <li>
                    <span class="card-authors">
                        <Avatar author />
                        {who}
                    </span>
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
            <h2 class="visually-hidden" id="followed-title">{language().text("authors")}</h2>
            <ul>{items}</ul>
        </section>
    }
}
