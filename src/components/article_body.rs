//! An article as readers see it: what its page shows, and what its author's preview shows.

use jiff::Timestamp;
use leptos::prelude::*;

use super::article_list::{Byline, Date, Tags, format_minutes};
use crate::model::article::{Author, Heading, Tag};

/// An article with at least so many headings gets a table of contents.
const HEADINGS_FOR_CONTENTS: usize = 3;
/// Headings below this level are left out of it.
const DEEPEST_LEVEL: u8 = 3;
/// With more entries than this it is folded, so that the text begins on the first screen.
const MOST_UNFOLDED: usize = 12;

/// Everything of an article that readers see but its counts.
#[derive(Clone, Debug)]
pub struct ArticleContent {
    /// Plain text.
    pub title: String,
    /// The address of a picture above the text.
    pub cover: Option<String>,
    /// The byline.
    pub authors: Vec<Author>,
    /// When readers could first read it.
    pub published_at: Timestamp,
    /// At least 1.
    pub reading_minutes: i64,
    /// The headings, in order.
    pub contents: Vec<Heading>,
    /// The text: rendered and sanitised.
    pub html: String,
    /// A BCP 47 tag.
    pub language: String,
    /// In order.
    pub tags: Vec<Tag>,
}

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
    let ArticleContent { title, cover, authors, published_at, reading_minutes, contents, html, language, tags } =
        content;
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
            {cover.map(|cover| view! { <img class="cover" src=cover alt="" /> })}
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
    let headings: Vec<Heading> = contents.into_iter().filter(|heading| heading.level <= DEEPEST_LEVEL).collect();
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
