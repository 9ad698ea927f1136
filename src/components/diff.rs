//! What differs between two texts, for people.

use std::time::Duration;

use leptos::prelude::*;
use similar::{ChangeTag, InlineChange, TextDiff};

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// How long comparing may take before less exact an answer has to do.
const PATIENCE: Duration = Duration::from_millis(500);

/// The lines of two texts that differ, with the words in them that do.
#[component]
pub fn Diff(
    /// What was there before.
    old: String,
    /// What is there instead.
    new: String,
) -> impl IntoView {
    if old == new {
        return view! { <p class="diff-same">"No difference."</p> }.into_any();
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old.as_str(), new.as_str());
    let groups = diff
        .grouped_ops(CONTEXT)
        .into_iter()
        .map(|operations| {
            let lines = operations
                .iter()
                .flat_map(|operation| diff.iter_inline_changes(operation))
                .map(|change| line(&change))
                .collect_view();
            view! { <div class="diff-group">{lines}</div> }
        })
        .collect_view();
    view! { <div class="diff" tabindex="0" role="group" aria-label="Difference">{groups}</div> }.into_any()
}

fn line(change: &InlineChange<'_, str>) -> AnyView {
    let tag = change.tag();
    let words = change
        .iter_strings_lossy()
        .map(|(is_changed, text)| {
            let text = text.trim_end_matches('\n').to_owned();
            match is_changed {
                true => view! { <mark>{text}</mark> }.into_any(),
                false => text.into_any(),
            }
        })
        .collect_view();
    // The words for those who do not see the colours.
    match tag {
        ChangeTag::Equal => view! { <p class="diff-line">{words}</p> }.into_any(),
        ChangeTag::Delete => view! {
            <p class="diff-line diff-removed">
                <span class="visually-hidden">"removed: "</span>
                <del>{words}</del>
            </p>
        }
        .into_any(),
        ChangeTag::Insert => view! {
            <p class="diff-line diff-added">
                <span class="visually-hidden">"added: "</span>
                <ins>{words}</ins>
            </p>
        }
        .into_any(),
    }
}
