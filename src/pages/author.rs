//! The page of an author, with all their articles.

use leptos::prelude::*;
use tidemark_counting::UserId;

use super::query::{param, query};
use crate::api::pages::author;
use crate::components::article_list::ArticleList;
use crate::components::avatar::Avatar;
use crate::components::follow::FollowButton;
use crate::components::hole::counted;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::article::Author;
use crate::model::language::Language;
use crate::model::pages::{AuthorData, Follow};
use crate::server::page_cache::hole::Hole;
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
        let description = Some(author.about.clone()).filter(|about| !about.is_empty());
        let about = description.clone().map(|about| view! { <p dir="auto">{about}</p> });
        Content::new(
            Head { feed, description, ..Head::new(title) },
            view! {
                <header class="intro">
                    <div class="intro-author">
                        <Avatar author=author.clone() />
                        <div>
                            <p class="intro-kind">{language().text("author")}</p>
                            <h1>{author.name.clone()}</h1>
                        </div>
                    </div>
                    {about}
                    <p>
                        {count} " · "
                        <a href=format!("/search?author={}", author.username)>
                            {language().text("search-by-author")}
                        </a>
                    </p>
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
    // A reader who is signed in gets the count with the button.
    let count = (!matches!(follow, Follow::Set(_))).then(|| {
        let count = counted(Hole::Followers(id), followers, Language::followers);
        view! { <span class="reaction-count">{count}</span> }
    });
    view! {
        <div class="reactions">
            <FollowButton author follow followers />
            {count}
        </div>
    }
}
