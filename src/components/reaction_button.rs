//! Like, collect and follow: a form that works by itself, and quicker where the browser helps.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::reactions::{set_collect, set_follow, set_like};
use crate::error::Error;
use crate::model::numbers::{format_count, format_followers};
use crate::model::reaction::{Reacted, Reaction};

/// A button that says how a reaction stands and changes it.
///
/// The change is shown at once and sent; what the server answers then stands. There is one request at a time: whoever clicks while
/// one is under way changes what is wanted, and the last wish is sent afterwards, if it is not what the server has by then. A
/// failure takes the change back and says so.
#[island]
pub fn ReactionButton(
    /// What it is about.
    reaction: Reaction,
    /// Where the form goes.
    action: String,
    /// The page that the form leads back to, if it is not the one that its action stands for; may be empty.
    next: String,
    /// Whom a follow is about, for those who do not see where the button stands; empty for an article.
    name: String,
    /// Whether the reader had reacted so when the page was made.
    is_on: bool,
    /// How many readers had; `None` to show no number.
    count: Option<i64>,
) -> impl IntoView {
    // What the server is known to have, and what the reader wants.
    let known = RwSignal::new(Reacted { is_on, count: count.unwrap_or(0) });
    let wanted = RwSignal::new(is_on);
    let is_sending = RwSignal::new(false);
    let failure = RwSignal::new(String::new());

    let field = reaction.field();
    let is_follow = matches!(reaction, Reaction::Follow(_));
    let labels = match reaction {
        Reaction::Like(_) => ("Like", "Liked"),
        Reaction::Collect(_) => ("Collect", "Collected"),
        Reaction::Follow(_) => ("Follow", "Following"),
    };
    let icon = match reaction {
        Reaction::Like(_) => {
            "M12 20.5C5.5 15.9 3 12.6 3 9.2A4.7 4.7 0 0 1 12 7a4.7 4.7 0 0 1 9 2.2c0 3.4-2.5 6.7-9 11.3Z"
        }
        Reaction::Collect(_) => "M6 3.5h12v17l-6-4.5-6 4.5Z",
        Reaction::Follow(_) => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8.5a7.5 7.5 0 0 1 15 0Z",
    };
    let change = move |event: SubmitEvent| {
        event.prevent_default();
        failure.set(String::new());
        wanted.update(|wanted| *wanted = !*wanted);
        if !is_sending.get_untracked() {
            is_sending.set(true);
            let reaction = reaction.clone();
            spawn_local(async move {
                if let Err(error) = send(&reaction, known, wanted).await {
                    wanted.set(known.get_untracked().is_on);
                    failure.set(format!("That was not saved. {error}"));
                }
                is_sending.set(false);
            });
        }
    };
    let label = move || if wanted.get() { labels.1 } else { labels.0 };
    let shown = move || {
        let known = known.get();
        known.count + i64::from(wanted.get()) - i64::from(known.is_on)
    };
    let number = move || if is_follow { format_followers(shown()) } else { format_count(shown()) };
    let (inside, beside) = (count.is_some() && !is_follow, count.is_some() && is_follow);
    view! {
        <form class="reaction-form" method="post" action=action on:submit=change>
            <input type="hidden" name=field value=move || (!wanted.get()).to_string() />
            {(!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next /> })}
            <button type="submit" class="reaction" aria-pressed=move || wanted.get().to_string()>
                <svg class="reaction-icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
                    <path d=icon stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
                </svg>
                <span>{label}</span>
                {(!name.is_empty()).then(|| view! { <span class="visually-hidden">{format!(" {name}")}</span> })}
                {inside.then(|| view! { " " <span class="reaction-count">{number}</span> })}
            </button>
            {beside.then(|| view! { <span class="reaction-count">{number}</span> })}
            <span class="reaction-failure" role="status">{move || failure.get()}</span>
        </form>
    }
}

/// Sends what is wanted until the server has it.
async fn send(reaction: &Reaction, known: RwSignal<Reacted>, wanted: RwSignal<bool>) -> Result<(), Error> {
    loop {
        let is_on = wanted.get_untracked();
        let reacted = match reaction {
            Reaction::Like(article) => set_like(*article, is_on).await,
            Reaction::Collect(article) => set_collect(*article, is_on).await,
            Reaction::Follow(username) => set_follow(username.clone(), is_on).await,
        };
        let reacted = reacted?;
        known.set(reacted);
        if wanted.get_untracked() == reacted.is_on {
            return Ok(());
        }
    }
}
