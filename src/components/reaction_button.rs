//! The buttons to like, collect and follow. Each is a plain form, which JavaScript makes faster.

use leptos::prelude::*;

use crate::model::language::Language;
use crate::model::reaction::Reaction;
use crate::text::language;

/// A button that shows a reaction's state and toggles it. `browser/reading.js` shows the change at
/// once and sends it without leaving the page.
#[component]
pub fn ReactionButton(
    /// The reaction, with the article or the author it is for.
    reaction: Reaction,
    /// The form's action.
    action: String,
    /// The page to return to, if it isn't the one the action implies; may be empty.
    next: String,
    /// The author's name for screen readers, if this is a follow; empty for an article.
    name: String,
    /// Whether the reader has set the reaction.
    is_on: bool,
    /// The number of readers who have set it; `None` to hide it.
    count: Option<i64>,
) -> impl IntoView {
    let field = reaction.field();
    // The label doesn't change with the state: `aria-pressed` carries the state, and a screen
    // reader announces both.
    let label = match reaction {
        Reaction::Like(_) => language().text("like"),
        Reaction::Collect(_) => language().text("save"),
        Reaction::Follow(_) => language().text("follow"),
    };
    let icon = match reaction {
        Reaction::Like(_) => {
            "M12 20.5C5.5 15.9 3 12.6 3 9.2A4.7 4.7 0 0 1 12 7a4.7 4.7 0 0 1 9 2.2c0 3.4-2.5 6.7-9 11.3Z"
        }
        Reaction::Collect(_) => "M6 3.5h12v17l-6-4.5-6 4.5Z",
        Reaction::Follow(_) => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8.5a7.5 7.5 0 0 1 15 0Z",
    };
    // An article's count is inside the button; an author's follower count is beside it.
    let (subject, is_follow) = match reaction {
        Reaction::Like(article) | Reaction::Collect(article) => (article.to_string(), false),
        Reaction::Follow(username) => (username, true),
    };
    let format = if is_follow { Language::followers } else { Language::number };
    let number = count.map(|count| {
        view! { <span class="reaction-count" data-count=count>{format(language(), count)}</span> }
    });
    let (inside, beside) = if is_follow { (None, number) } else { (number, None) };
    view! {
        <form class="reaction-form" method="post" action=action data-reaction=field data-subject=subject>
            <input type="hidden" name=field value=(!is_on).to_string() />
            {(!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next /> })}
            <button type="submit" class="reaction" aria-pressed=is_on.to_string()>
                <svg class="reaction-icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
                    <path d=icon stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
                </svg>
                <span>{label}</span>
                {(!name.is_empty()).then(|| view! { <span class="visually-hidden">{format!(" {name}")}</span> })}
                {inside.map(|number| view! { " " {number} })}
            </button>
            {beside}
            <span class="reaction-failure" role="status"></span>
        </form>
    }
}
