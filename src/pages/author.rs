//! The page of an author, with all their articles.

use leptos::prelude::*;
use tidemark_counting::UserId;

use super::query::{param, query};
use crate::api::pages::author;
use crate::components::article_list::ArticleList;
use crate::components::hole::counted;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::reaction_button::ReactionButton;
use crate::model::article::Author;
use crate::model::language::Language;
use crate::model::pages::{AuthorData, Follow};
use crate::model::reaction::Reaction;
use crate::server::page_cache::hole::Hole;
use crate::server::request::identity::sign_in_to_react;
use crate::text::language;

/// `/authors/{username}`
pub async fn page() -> LoadedPage {
    let (username, page) = (param("username"), query("page"));
    LoadedPage::reading(author(username, page), |data| {
        let AuthorData { id, author, followers, follow, articles } = data;
        let count = language().articles(articles.total);
        let path = format!("/authors/{}", author.username);
        let title = format!("{} · {}", author.name, site().title);
        let feed = Some((path.clone(), title.clone()));
        Content::new(
            Head { feed, ..Head::new(title) },
            view! {
                <header class="intro">
                    <p class="intro-kind">{language().text("author")}</p>
                    <h1>{author.name.clone()}</h1>
                    <p>{count}</p>
                    <FollowLine id follow followers author />
                </header>
                <ArticleList articles path=format!("{path}?") />
            },
        )
    })
    .await
}

/// The follower count and, if the reader can follow the author, the button.
#[component]
fn FollowLine(id: UserId, follow: Follow, followers: i64, author: Author) -> impl IntoView {
    let Author { username, name } = author;
    let path = format!("/authors/{username}");
    let count = counted(Hole::Followers(id), followers, Language::followers);
    let line = match follow {
        Follow::Set(is_on) => view! {
            <ReactionButton
                reaction=Reaction::Follow(username)
                action=format!("{path}/follow")
                next=String::new()
                name
                is_on
                count=Some(followers)
            />
        }
        .into_any(),
        Follow::SignedOut => view! {
            <a class="reaction" href=sign_in_to_react(&path, "follow") rel="nofollow">
                {language().text("follow")}
                <span class="visually-hidden">{format!(" {name}")}</span>
            </a>
            <span class="reaction-count">{count}</span>
        }
        .into_any(),
        Follow::Own => view! { <span class="reaction-count">{count}</span> }.into_any(),
    };
    view! { <div class="reactions">{line}</div> }
}
