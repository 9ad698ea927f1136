//! Lists of articles, with their pagination.

use axum::http::request::Parts;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::*;
use tidemark_content::front_matter::is_picture_address;
use tidemark_store::clock::Millis;

use super::avatar::Avatars;
use super::hole::views_in_words;
use super::picture::Picture;
use crate::model::article::{ArticleSummary, Author, Tag};
use crate::model::page::Page;
use crate::server::request::identity::zone;
use crate::text::language;

/// A date for people to read, with the exact time for programs in `datetime`.
#[component]
pub fn Date(
    /// The date shown is the one in UTC.
    at: Timestamp,
) -> impl IntoView {
    view! { <time datetime=at.to_string()>{language().day(at)}</time> }
}

/// A time to the minute, in the time zone of the signed-in user.
#[component]
pub fn Time(at: Millis) -> impl IntoView {
    let zone = with_context::<Parts, _>(zone).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(at.0).ok().map(|at| {
        let text = language().time(at, &zone);
        view! { <time datetime=at.to_string()>{text}</time> }
    })
}

/// The names of the authors, linked to their pages.
#[component]
pub fn Byline(
    /// In byline order.
    authors: Vec<Author>,
) -> impl IntoView {
    let last = authors.len().saturating_sub(1);
    let links = authors
        .into_iter()
        .enumerate()
        .map(|(index, author)| {
            let separator = match index {
                0 => String::new(),
                _ if index == last => language().text("and"),
                _ => language().text("comma"),
            };
            view! {
                {separator}
                <a href=format!("/authors/{}", author.username) rel="author">{author.name}</a>
            }
        })
        .collect_view();
    view! { <span class="byline">{links}</span> }
}

/// The tags as links, or nothing if there are none.
#[component]
pub fn Tags(
    /// In display order.
    tags: Vec<Tag>,
) -> impl IntoView {
    (!tags.is_empty()).then(|| {
        let tags = tags
            .into_iter()
            .map(|tag| view! { <li><a class="tag" href=format!("/tags/{}", tag.slug)>{tag.name}</a></li> })
            .collect_view();
        view! { <ul class="tags" aria-label=language().text("tags")>{tags}</ul> }
    })
}

/// The reading time in words.
pub fn format_minutes(minutes: i64) -> String {
    language().with("reading-minutes", [("count", minutes.into())])
}

/// How wide the cover of a card is shown, and that of the first one on the front page.
const SIZES: (&str, &str) = ("11rem", "(max-width: 45rem) 100vw, 42rem");

/// The cover of an article, as a second link to it, which screen readers and the keyboard skip.
#[component]
pub fn CardCover(
    cover: Option<String>,
    slug: String,
    /// Whether it is as wide as the column.
    #[prop(optional)]
    is_hero: bool,
) -> impl IntoView {
    let (sizes, hero_sizes) = SIZES;
    let sizes = if is_hero { hero_sizes } else { sizes };
    // Older versions of the program accepted cover URLs that browsers reject.
    cover.filter(|cover| is_picture_address(cover)).map(|cover| {
        view! {
            <a class="card-cover" href=format!("/articles/{slug}") tabindex="-1" aria-hidden="true">
                <Picture address=cover class="card-picture" sizes is_first=is_hero />
            </a>
        }
    })
}

/// The authors of an article in a list, with their avatars.
#[component]
pub fn CardAuthors(
    /// In byline order.
    authors: Vec<Author>,
) -> impl IntoView {
    view! {
        <span class="card-authors">
            <Avatars authors=authors.clone() />
            <Byline authors />
        </span>
    }
}

#[component]
fn ArticleCard(
    article: ArticleSummary,
    /// Whether it stands out as the first of the front page.
    is_hero: bool,
) -> impl IntoView {
    let class = if is_hero { "card card-hero" } else { "card" };
    view! {
        <article class=class>
            <CardCover cover=article.cover slug=article.slug.clone() is_hero />
            <p class="meta">
                <Date at=article.published_at />
                <span class="meta-parts">
                    <span>{format_minutes(article.reading_minutes)}</span>
                    <span data-total-of=article.id.0>{views_in_words(article.id, article.views)}</span>
                </span>
            </p>
            <h2 class="card-title" dir="auto" lang=article.language.clone()>
                <a href=format!("/articles/{}", article.slug)>{article.title}</a>
            </h2>
            <p class="card-summary" dir="auto" lang=article.language>{article.summary}</p>
            <div class="card-foot">
                <CardAuthors authors=article.authors />
                <Tags tags=article.tags />
            </div>
        </article>
    }
}

/// One page of a list of articles, with links to the other pages.
#[component]
pub fn ArticleList(
    articles: Page<ArticleSummary>,
    /// The list's URL with its query parameters except `page`, ending in `?` or `&`.
    path: String,
    /// Whether the first article stands out.
    #[prop(optional)]
    has_hero: bool,
) -> impl IntoView {
    let Page { items, page, pages, .. } = articles;
    let cards = items
        .into_iter()
        .enumerate()
        .map(|(index, article)| view! { <ArticleCard article is_hero=has_hero && index == 0 /> })
        .collect_view();
    view! {
        <div class="cards">{cards}</div>
        {(pages > 1).then(|| view! { <Pagination page pages path /> })}
    }
}

/// Links to the previous and the next page.
#[component]
pub fn Pagination(
    /// The current page, from 1.
    page: i64,
    /// The number of pages.
    pages: i64,
    /// The list's URL with its query parameters except `page`, ending in `?` or `&`.
    path: String,
    /// The words of the links to the previous and the next page, if they are not about the time.
    #[prop(optional)]
    words: Option<(String, String)>,
) -> impl IntoView {
    let language = language();
    let (previous, next) =
        words.unwrap_or_else(|| (language.text("newer"), language.text("older")));
    let place = language.with("page-of", [("page", page.into()), ("pages", pages.into())]);
    let address = |page: i64| format!("{path}page={page}");
    view! {
        <nav class="pagination" aria-label=language.text("pages")>
            {(page > 1).then(|| view! { <a class="button" rel="prev" href=address(page - 1)>{previous}</a> })}
            <span class="pagination-here">{place}</span>
            {(page < pages).then(|| view! { <a class="button" rel="next" href=address(page + 1)>{next}</a> })}
        </nav>
    }
}
