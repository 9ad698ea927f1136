//! An article: the page that counts.

use leptos::prelude::*;
use leptos_meta::{Link, Meta};

use super::query::param;
use crate::components::article_body::{ArticleBody, ArticleContent};
use crate::components::layout::{Layout, PageTitle, loaded};
use crate::components::view_counter::ViewCounter;
use crate::error::Error;
use crate::model::article::Article;
use crate::server::state::AppState;

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
    let content = ArticleContent {
        title: summary.title.clone(),
        cover: summary.cover.clone(),
        authors: summary.authors,
        published_at: summary.published_at,
        reading_minutes: summary.reading_minutes,
        contents,
        html,
        language,
        tags: summary.tags,
    };
    let site = &state.config.site;
    // Programs want the whole address.
    let image =
        summary.cover.map(|cover| if cover.starts_with('/') { format!("{}{cover}", site.base_url) } else { cover });
    let address = format!("{}/articles/{}", site.base_url, summary.slug);
    let window_ms = u64::try_from(state.config.views.window.as_millis()).unwrap_or(u64::MAX);
    let count = view! { <ViewCounter article=summary.id views=summary.views window_ms /> }.into_any();
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
        {image.map(|image| view! { <Meta property="og:image" content=image /> })}
        <ArticleBody content count />
    }
}
