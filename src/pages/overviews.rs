//! The pages of all tags, all authors, and all titles.

use jiff::tz::TimeZone;
use leptos::prelude::*;

use super::query::query;
use crate::api::pages::{archive, authors, tags};
use crate::components::article_list::Pagination;
use crate::components::avatar::{About, Avatar};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::pages::{ArchiveData, Archived, AuthorsData, TagsData};
use crate::text::language;

fn page(heading: String, body: AnyView) -> Content {
    let head = Head::new(format!("{heading} · {}", site().title));
    Content::new(
        head,
        view! {
            <header class="intro">
                <h1>{heading.clone()}</h1>
            </header>
            {body}
        },
    )
}

fn nothing() -> AnyView {
    view! { <p class="empty">{language().text("nothing-published-sentence")}</p> }.into_any()
}

/// `/tags`
pub async fn tags_page() -> LoadedPage {
    LoadedPage::reading(tags(), |TagsData { tags }| {
        let is_empty = tags.is_empty();
        let items = tags.into_iter().map(|(tag, count)| {
            view! {
                <li>
                    <a class="tag" href=format!("/tags/{}", tag.slug)>{tag.name}</a>
                    " "
                    <span class="meta">{language().articles(count)}</span>
                </li>
            }
        });
        let list = view! { <ul class="overview">{items.collect_view()}</ul> };
        page(language().text("tags"), if is_empty { nothing() } else { list.into_any() })
    })
    .await
}

/// `/authors`
pub async fn authors_page() -> LoadedPage {
    LoadedPage::reading(authors(), |AuthorsData { authors }| {
        let is_empty = authors.is_empty();
        let items = authors.into_iter().map(|(author, count)| {
            let (address, name) = (format!("/authors/{}", author.username), author.name.clone());
            view! {
                <li class="author-card">
                    <Avatar author=author.clone() />
                    <p>
                        <a href=address rel="author" dir="auto">{name}</a>
                        <About author />
                        <span class="meta">{language().articles(count)}</span>
                    </p>
                </li>
            }
        });
        let list = view! { <ul class="overview">{items.collect_view()}</ul> };
        page(language().text("authors"), if is_empty { nothing() } else { list.into_any() })
    })
    .await
}

/// `/archive`
pub async fn archive_page() -> LoadedPage {
    let number = query("page");
    LoadedPage::reading(archive(number), |ArchiveData { articles }| {
        let (number, pages) = (articles.page, articles.pages);
        let month = |article: &Archived| {
            let date = TimeZone::UTC.to_datetime(article.published_at);
            (date.year(), date.month())
        };
        let months = articles.items.chunk_by(|one, next| month(one) == month(next)).map(|chunk| {
            let items = chunk.iter().map(|Archived { slug, title, language, published_at }| {
                let day = TimeZone::UTC.to_datetime(*published_at).strftime("%-d").to_string();
                view! {
                    <li>
                        <time class="meta" datetime=published_at.to_string()>{day}</time>
                        " "
                        <a href=format!("/articles/{slug}") dir="auto" lang=language.clone()>{title.clone()}</a>
                    </li>
                }
            });
            view! {
                <section>
                    <h2>{chunk.first().map(|first| language().month(first.published_at))}</h2>
                    <ul class="archive">{items.collect_view()}</ul>
                </section>
            }
        });
        let months = months.collect_view().into_any();
        let pagination = (pages > 1)
            .then(|| view! { <Pagination page=number pages path="/archive?".to_owned() /> });
        let body = view! { {months} {pagination} }.into_any();
        page(language().text("archive"), if articles.total == 0 { nothing() } else { body })
    })
    .await
}
