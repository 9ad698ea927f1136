//! An article as readers see it: what its page shows, and what its author's preview shows.

use leptos::prelude::*;

use super::article_list::{Byline, Date, Tags, format_minutes};
use crate::model::article::{ArticleContent, Heading};

/// An article with at least so many headings gets a table of contents.
const HEADINGS_FOR_CONTENTS: usize = 3;
/// Headings below this level are left out of it.
const DEEPEST_LEVEL: u8 = 3;
/// With more entries than this it is folded, so that the text begins on the first screen.
const MOST_UNFOLDED: usize = 12;

/// An article.
#[component]
pub fn ArticleBody(
    /// What to show.
    content: ArticleContent,
    /// Its count, beside the date.
    #[prop(optional)]
    count: Option<AnyView>,
    /// What stands below the text, beside the tags.
    #[prop(optional)]
    reactions: Option<AnyView>,
) -> impl IntoView {
    let ArticleContent {
        title,
        cover,
        authors,
        published_at,
        reading_minutes,
        contents,
        html,
        language,
        tags,
    } = content;
    view! {
        <article class="article" lang=language>
            <header class="article-header">
                <h1>{title}</h1>
                <p class="meta" lang="en">
                    <Byline authors />
                    <Date at=published_at />
                    <span>{format_minutes(reading_minutes)}</span>
                    {count}
                </p>
            </header>
            {cover.map(|cover| view! { <img class="cover" src=cover alt="" referrerpolicy="no-referrer" /> })}
            <Contents contents />
            <div class="prose" inner_html=html></div>
            <footer class="article-footer" lang="en">
                {reactions}
                <Tags tags />
            </footer>
        </article>
    }
}

/// The table of contents of a long article.
#[component]
fn Contents(contents: Vec<Heading>) -> impl IntoView {
    let headings: Vec<Heading> =
        contents.into_iter().filter(|heading| heading.level <= DEEPEST_LEVEL).collect();
    (headings.len() >= HEADINGS_FOR_CONTENTS).then(|| {
        let is_open = headings.len() <= MOST_UNFOLDED;
        let items = headings
            .into_iter()
            .map(|heading| {
                view! {
                    <li class=format!("contents-{}", heading.level)>
                        <a href=format!("#{}", heading.anchor)>{heading.text}</a>
                    </li>
                }
            })
            .collect_view();
        view! {
            <nav class="contents" aria-labelledby="contents-title">
                <details open=is_open>
                    <summary id="contents-title" lang="en">"Contents"</summary>
                    <ol>{items}</ol>
                </details>
            </nav>
        }
    })
}
