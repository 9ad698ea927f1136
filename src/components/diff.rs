//! A diff of two texts.

use leptos::prelude::*;
use tidemark_content::difference::{Differences, Line, Side};

use crate::text::language;

/// The lines that differ, with the changed words marked, and some lines around them.
#[component]
pub fn Diff(
    /// The result of comparing the two texts.
    differences: Differences,
) -> impl IntoView {
    let Differences { groups, left_out, has_cut_lines } = differences;
    let left_out = i64::try_from(left_out).unwrap_or(i64::MAX);
    let left_out = (left_out > 0).then(|| {
        let text = language().with("lines-left-out", [("count", left_out.into())]);
        view! { <p class="field-hint">{text}</p> }
    });
    let is_cut =
        has_cut_lines.then(|| view! { <p class="field-hint">{language().text("lines-cut")}</p> });
    let groups = groups
        .into_iter()
        .map(|group| {
            let lines = group.into_iter().map(line).collect_view();
            view! { <div class="diff-group">{lines}</div> }
        })
        .collect_view();
    view! {
        <div class="diff" tabindex="0" role="group" aria-label=language().text("difference")>
            {groups}
        </div>
        {is_cut}
        {left_out}
    }
}

fn line(line: Line) -> AnyView {
    let words = line
        .words
        .into_iter()
        .map(|(is_changed, text)| match is_changed {
            true => view! { <mark>{text}</mark> }.into_any(),
            false => text.into_any(),
        })
        .collect_view();
    // "removed" and "added" are for readers who can't see the colours.
    match line.side {
        Side::Both => view! { <p class="diff-line">{words}</p> }.into_any(),
        Side::Old => view! {
            <p class="diff-line diff-removed">
                <span class="visually-hidden">{format!("{} ", language().text("line-removed"))}</span>
                <del>{words}</del>
            </p>
        }
        .into_any(),
        Side::New => view! {
            <p class="diff-line diff-added">
                <span class="visually-hidden">{format!("{} ", language().text("line-added"))}</span>
                <ins>{words}</ins>
            </p>
        }
        .into_any(),
    }
}
