//! The pages of all tags, all authors, and all titles.

use jiff::tz::TimeZone;
use leptos::prelude::*;

use super::query::query;
use crate::api::pages::{archive, authors, tags};
use crate::components::article_list::Pagination;
use crate::components::avatar::Avatar;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::numbers::format_count;
use crate::model::pages::{ArchiveData, Archived, AuthorsData, TagsData};

fn articles(count: i64) -> String {
    match count {
        1 => "1 article".to_owned(),
        count => format!("{} articles", format_count(count)),
    }
}

fn page(heading: &'static str, body: AnyView) -> Content {
    let head = Head::new(format!("{heading} · {}", site().title));
    Content::new(
        head,
        view! {
            <header class="intro">
                <h1>{heading}</h1>
            </header>
            {body}
        },
    )
}

fn nothing() -> AnyView {
    view! { <p class="empty">"Nothing published yet."</p> }.into_any()
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
                    <span class="meta">{articles(count)}</span>
                </li>
            }
        });
        let list = view! { <ul class="overview">{items.collect_view()}</ul> };
        page("Tags", if is_empty { nothing() } else { list.into_any() })
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
                    <Avatar author />
                    <p>
                        <a href=address rel="author" dir="auto">{name}</a>
                        <span class="meta">{articles(count)}</span>
                    </p>
                </li>
            }
        });
        let list = view! { <ul class="overview">{items.collect_view()}</ul> };
        page("Authors", if is_empty { nothing() } else { list.into_any() })
    })
    .await
}

/// `/archive`
pub async fn archive_page() -> LoadedPage {
    let number = query("page");
    LoadedPage::reading(archive(number), |ArchiveData { articles }| {
        let (number, pages) = (articles.page, articles.pages);
        let month = |article: &Archived| {
            TimeZone::UTC.to_datetime(article.published_at).strftime("%B %Y").to_string()
        };
        let months = articles.items.chunk_by(|one, next| month(one) == month(next)).map(|chunk| {
            let items = chunk.iter().map(|Archived { slug, title, published_at }| {
                let day = TimeZone::UTC.to_datetime(*published_at).strftime("%-d").to_string();
                view! {
                    <li>
                        <time class="meta" datetime=published_at.to_string()>{day}</time>
                        " "
                        <a href=format!("/articles/{slug}") dir="auto">{title.clone()}</a>
                    </li>
                }
            });
            view! {
                <section>
                    <h2>{chunk.first().map(month)}</h2>
                    <ul class="archive">{items.collect_view()}</ul>
                </section>
            }
        });
        let months = months.collect_view().into_any();
        let pagination = (pages > 1)
            .then(|| view! { <Pagination page=number pages path="/archive?".to_owned() /> });
        let body = view! { {months} {pagination} }.into_any();
        page("Archive", if articles.total == 0 { nothing() } else { body })
    })
    .await
}
