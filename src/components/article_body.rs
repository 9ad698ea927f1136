//! An article as readers see it, on its page and in the author's preview.

use leptos::prelude::*;

use super::article_list::{Byline, Date, Tags, format_minutes};
use super::avatar::Avatars;
use super::picture::Picture;
use crate::model::article::{ArticleContent, Heading, direction};
use crate::text::language;

/// The minimum number of headings for a table of contents.
const HEADINGS_FOR_CONTENTS: usize = 3;
/// How wide a cover is: as the column or the window.
const SIZES_OF_COVER: &str = "(max-width: 45rem) 100vw, 42rem";
/// The deepest heading level in the table of contents.
const DEEPEST_LEVEL: u8 = 3;
/// The table of contents starts folded if it has more entries than this, so that the text begins on
/// the first screen.
const MOST_UNFOLDED: usize = 12;

/// An article: header, table of contents, text and footer. A page has no byline, date and tags.
#[component]
pub fn ArticleBody(
    content: ArticleContent,
    /// The view count, beside the date.
    #[prop(optional)]
    count: Option<AnyView>,
    /// The like button above the text, beside the view count.
    #[prop(optional)]
    like: Option<AnyView>,
    /// The box above the text with the parts of its series.
    #[prop(optional)]
    series: Option<AnyView>,
    /// The reaction buttons below the text, beside the tags.
    #[prop(optional)]
    reactions: Option<AnyView>,
    /// What follows the tags: the authors, sharing and what to read next.
    #[prop(optional)]
    end: Option<AnyView>,
) -> impl IntoView {
    let ArticleContent {
        title,
        cover,
        authors,
        published_at,
        updated_at,
        reading_minutes,
        contents,
        html,
        language: own_language,
        tags,
        is_page,
    } = content;
    let meta = (!is_page).then(|| {
        view! {
            <div class="article-meta" lang=language().tag()>
                <Avatars authors=authors.clone() />
                <p class="meta">
                    <Byline authors />
                    <Date at=published_at />
                    {updated_at.map(|at| view! { <span>{language().text("updated")} " " <Date at /></span> })}
                    <span class="meta-parts">
                        <span>{format_minutes(reading_minutes)}</span>
                        {count}
                    </span>
                </p>
                {like}
            </div>
        }
        .into_any()
    });
    let footer = (!is_page).then(|| {
        view! {
            <footer class="article-footer" lang=language().tag()>
                {reactions}
                <Tags tags />
                {end}
            </footer>
        }
        .into_any()
    });
    view! {
        <article class="article" dir=direction(&own_language) lang=own_language.clone()>
            <header class="article-header">
                // The preview of an article without a title yet has none.
                {(!title.is_empty()).then(|| view! { <h1>{title}</h1> })}
                {meta}
            </header>
            {cover.map(|cover| view! { <Picture address=cover class="cover" sizes=SIZES_OF_COVER is_first=true /> })}
            {series}
            <Contents contents />
            <div class="prose" inner_html=html></div>
            {footer}
        </article>
    }
}

/// The table of contents, if the article has enough headings.
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
            <nav class="contents" aria-labelledby="site-contents">
                <details open=is_open>
                    <summary id="site-contents" lang=language().tag()>{language().text("contents")}</summary>
                    <ol>{items}</ol>
                </details>
            </nav>
        }
    })
}
