//! The studio: where authors write.

pub mod editor;
pub mod revisions;
pub mod table;

use leptos::prelude::*;
use tidemark_store::clock::Millis;

use crate::server::db::articles::Status;
use crate::text::language;

/// An article's state, as its author sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Draft,
    Scheduled,
    Published,
    InTheBin,
}

impl State {
    fn of(
        status: Status,
        published_at: Option<Millis>,
        deleted_at: Option<Millis>,
        now: Millis,
    ) -> Self {
        match (status, published_at, deleted_at) {
            (_, _, Some(_)) => State::InTheBin,
            (Status::Draft, ..) => State::Draft,
            (Status::Published, Some(at), None) if at > now => State::Scheduled,
            (Status::Published, ..) => State::Published,
        }
    }
}

/// An article's state in a word or two.
#[component]
fn StateLabel(state: State) -> impl IntoView {
    let (class, label) = match state {
        State::Draft => ("status status-draft", "status-draft"),
        State::Scheduled => ("status status-scheduled", "status-scheduled"),
        State::Published => ("status status-published", "status-published"),
        State::InTheBin => ("status status-in-the-bin", "status-in-the-bin"),
    };
    view! { <span class=class>{language().text(label)}</span> }
}
