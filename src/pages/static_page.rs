//! A page such as About: the text of an article, without a date, a byline or a count.

use leptos::prelude::*;
use tidemark_content::front_matter::is_picture_address;

use super::article::show_scheduled;
use crate::components::article_body::ArticleBody;
use crate::components::metadata::absolute;
use crate::components::page::{Content, Head, LoadedPage, Preview, PreviewImage, site};
use crate::model::article::{Article, ArticleContent};
use crate::server::state::AppState;

/// `/{slug}`
pub async fn page(article: Article) -> LoadedPage {
    let base_url = expect_context::<AppState>().config.site.base_url.clone();
    let site = site();
    let (summary, content) = (article.summary.clone(), content(article));
    let title = summary.title;
    let image = content.cover.as_deref().map(|cover| PreviewImage {
        address: absolute(&base_url, cover),
        size: None,
        alt: title.clone(),
    });
    let description = Some(summary.summary);
    let head = Head {
        title: format!("{title} · {}", site.title),
        description: description.filter(|description| !description.is_empty()),
        canonical: Some(format!("{base_url}/{}", summary.slug)),
        preview: Some(Preview { title, image, ..Preview::default() }),
        ..Head::default()
    };
    let content = Content::new(head, view! { <ArticleBody content /> });
    LoadedPage::of(true, async move { Ok(content) }).await
}

/// `/{slug}` before its time, for those who may edit it.
pub async fn scheduled(article: Article) -> LoadedPage {
    let id = article.summary.id;
    let content = show_scheduled(id, content(article));
    LoadedPage::of(true, async move { Ok(content) }).await
}

fn content(article: Article) -> ArticleContent {
    let Article { summary, html, contents, .. } = article;
    ArticleContent {
        title: summary.title,
        cover: summary.cover.filter(|cover| is_picture_address(cover)),
        authors: summary.authors,
        published_at: summary.published_at,
        updated_at: None,
        reading_minutes: summary.reading_minutes,
        contents,
        html,
        language: summary.language,
        tags: summary.tags,
        is_page: true,
    }
}
