//! A page such as About: the text of an article, without a date, a byline or a count.

use leptos::prelude::*;
use tidemark_content::front_matter::is_picture_address;

use crate::components::article_body::ArticleBody;
use crate::components::page::{Content, Head, LoadedPage, Preview, site};
use crate::model::article::{Article, ArticleContent};
use crate::server::state::AppState;

/// `/{slug}`
pub async fn page(article: Article) -> LoadedPage {
    let base_url = expect_context::<AppState>().config.site.base_url.clone();
    let site = site();
    let Article { summary, html, contents, language, .. } = article;
    let cover = summary.cover.filter(|cover| is_picture_address(cover));
    // Link previews need an absolute URL.
    let image = cover.clone().map(|cover| match cover.starts_with('/') {
        true => format!("{base_url}{cover}"),
        false => cover,
    });
    let head = Head {
        title: format!("{} · {}", summary.title, site.title),
        description: Some(summary.summary).filter(|summary| !summary.is_empty()),
        canonical: Some(format!("{base_url}/{}", summary.slug)),
        is_hidden: false,
        preview: Some(Preview {
            title: summary.title.clone(),
            site: site.title.clone(),
            published_at: None,
            image,
        }),
    };
    let content = ArticleContent {
        title: summary.title,
        cover,
        authors: summary.authors,
        published_at: summary.published_at,
        updated_at: None,
        reading_minutes: summary.reading_minutes,
        contents,
        html,
        language,
        tags: summary.tags,
        is_page: true,
    };
    let content = Content::new(head, view! { <ArticleBody content /> });
    LoadedPage::of(true, async move { Ok(content) }).await
}
