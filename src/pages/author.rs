//! All articles of an author.

use axum::http::request::Parts;
use leptos::prelude::*;

use super::query::{page_number, param, written_by};
use crate::components::article_list::ArticleList;
use crate::components::count::{format_count, format_followers};
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::components::reaction_button::ReactionButton;
use crate::model::article::Author;
use crate::model::reaction::Reaction;
use crate::server::http::access::sign_in_address;
use crate::server::http::identity::user_id;
use crate::server::reactions::Profile;
use crate::server::state::AppState;

/// What the reader can do about an author.
enum Follow {
    /// Follow, or not any more: whether the reader follows now.
    Set(bool),
    /// Sign in first.
    SignedOut,
    /// Nothing: it is the reader's own page.
    Own,
}

/// `/authors/{username}`
#[component]
pub fn AuthorPage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let username = param("username");
    let page = page_number();
    let content = async move {
        let profile = state.profile(&username).await?;
        let articles = written_by(&state, &profile, page).await?;
        let count = match profile.articles {
            1 => "1 article".to_owned(),
            count => format!("{} articles", format_count(count)),
        };
        // A session that can't be read is no reason not to show the page.
        let reader = user_id(&parts).await.ok().flatten();
        let follow = match reader {
            Some(reader) if reader == profile.id => Follow::Own,
            Some(reader) => Follow::Set(state.database.is_following(reader, profile.id).await?),
            None => Follow::SignedOut,
        };
        let Profile { author, followers, .. } = profile;
        let path = format!("/authors/{}", author.username);
        Ok(view! {
            <PageTitle text=format!("{} · {}", author.name, state.config.site.title) />
            <header class="intro">
                <p class="intro-kind">"Author"</p>
                <h1>{author.name.clone()}</h1>
                <p>{count}</p>
                <FollowLine follow followers author />
            </header>
            <ArticleList articles path=format!("{path}?") />
        }
        .into_any())
    };
    view! { <Layout>{loaded(content)}</Layout> }
}

/// How many follow the author, and the button to do so.
#[component]
fn FollowLine(follow: Follow, followers: i64, author: Author) -> impl IntoView {
    let Author { username, name } = author;
    let path = format!("/authors/{username}");
    let count = format_followers(followers);
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
            <a class="reaction" href=sign_in_address(&path) rel="nofollow">
                "Follow"
                <span class="visually-hidden">{format!(" {name}")}</span>
            </a>
            <span class="reaction-count">{count}</span>
        }
        .into_any(),
        Follow::Own => view! { <span class="reaction-count">{count}</span> }.into_any(),
    };
    view! { <div class="reactions">{line}</div> }
}
