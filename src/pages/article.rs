//! An article: the page that counts.

use leptos::prelude::*;
use leptos_meta::{Link, Meta};

use super::query::param;
use crate::components::article_list::{Byline, Date, Tags, format_minutes};
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::components::view_counter::ViewCounter;
use crate::error::Error;
use crate::model::article::{Article, Heading};
use crate::server::state::AppState;

/// An article with at least so many headings gets a table of contents.
const HEADINGS_FOR_CONTENTS: usize = 3;
/// Headings below this level are left out of it.
const DEEPEST_LEVEL: u8 = 3;
/// With more entries than this it is folded, so that the text begins on the first screen.
const MOST_UNFOLDED: usize = 12;

/// `/articles/{slug}`
#[component]
pub fn ArticlePage() -> impl IntoView {
    let state = expect_context::<AppState>();
    let slug = param("slug");
    let content = async move {
        let article = state.article_by_slug(&slug).await?;
        let article = article.ok_or_else(|| Error::NotFound("There is no article at this address.".into()))?;
        Ok(view! { <ArticleView article state /> }.into_any())
    };
    view! { <Layout>{loaded(content)}</Layout> }
}

#[component]
fn ArticleView(article: Article, state: AppState) -> impl IntoView {
    let Article { summary, html, contents, language, .. } = article;
    let site = &state.config.site;
    let address = format!("{}/articles/{}", site.base_url, summary.slug);
    let window_ms = u64::try_from(state.config.views.window.as_millis()).unwrap_or(u64::MAX);
    view! {
        <PageTitle text=format!("{} · {}", summary.title, site.title) />
        <Meta name="description" content=summary.summary.clone() />
        <Meta property="og:type" content="article" />
        <Meta property="og:title" content=summary.title.clone() />
        <Meta property="og:description" content=summary.summary />
        <Meta property="og:url" content=address.clone() />
        <Meta property="og:site_name" content=site.title.clone() />
        <Meta property="article:published_time" content=summary.published_at.to_string() />
        <Link rel="canonical" href=address />
        <article class="article" lang=language>
            <header class="article-header">
                <h1>{summary.title}</h1>
                <p class="meta" lang="en">
                    <Byline authors=summary.authors />
                    <Date at=summary.published_at />
                    <span>{format_minutes(summary.reading_minutes)}</span>
                    <ViewCounter article=summary.id views=summary.views window_ms />
                </p>
            </header>
            <Contents contents />
            <div class="prose" inner_html=html></div>
            <footer class="article-footer" lang="en">
                <Tags tags=summary.tags />
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
