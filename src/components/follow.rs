//! Following an author: a button for readers who are signed in, and for others a link that signs in
//! first.

use leptos::prelude::*;

use super::reaction_button::ReactionButton;
use crate::model::article::Author;
use crate::model::pages::Follow;
use crate::model::reaction::Reaction;
use crate::server::request::identity::sign_in_to_react;
use crate::text::language;

/// The button or the link; nothing on what is the reader's own.
#[component]
pub fn FollowButton(
    author: Author,
    follow: Follow,
    /// The page to return to, if it isn't the author's; may be empty. Whoever has to sign in first
    /// gets to the author's page.
    #[prop(optional)]
    next: String,
    /// The number of followers, to show beside the button.
    #[prop(optional)]
    followers: Option<i64>,
) -> impl IntoView {
    let Author { username, name, .. } = author;
    let path = format!("/authors/{username}");
    match follow {
        Follow::Set(is_on) => view! {
            <ReactionButton
                reaction=Reaction::Follow(username)
                action=format!("{path}/follow")
                next
                name
                is_on
                count=followers
            />
        }
        .into_any(),
        Follow::SignedOut => view! {
            <a class="reaction" href=sign_in_to_react(&path, "follow") rel="nofollow">
                {language().text("follow")}
                <span class="visually-hidden">{format!(" {name}")}</span>
            </a>
        }
        .into_any(),
        Follow::Own => ().into_any(),
    }
}
