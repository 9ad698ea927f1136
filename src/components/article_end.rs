//! What surrounds an article's text: the box of its series, sharing, and what to read next.

use leptos::prelude::*;

use super::article_list::Date;
use crate::model::article::{Around, ArticleLink, Series, Tag};
use crate::text::language;

fn address(link: &ArticleLink) -> String {
    format!("/articles/{}", link.slug)
}

/// The parts of the series that an article is in.
#[component]
pub fn SeriesBox(
    series: Series,
    /// The article's slug.
    slug: String,
) -> impl IntoView {
    let Series { name, parts } = series;
    let count = parts.len();
    let number = parts.iter().position(|part| part.slug == slug).map(|index| index + 1);
    let place = match number {
        Some(number) => {
            let (number, count) = (i64::try_from(number), i64::try_from(count));
            let (number, count) = (number.unwrap_or_default(), count.unwrap_or_default());
            language().with("part-of", [("number", number.into()), ("count", count.into())])
        }
        None => language().text("series"),
    };
    let items = parts
        .into_iter()
        .map(|part| {
            let address = address(&part);
            if part.slug == slug {
                view! { <li aria-current="page" lang=part.language>{part.title}</li> }.into_any()
            } else {
                view! { <li><a href=address dir="auto" lang=part.language>{part.title}</a></li> }
                    .into_any()
            }
        })
        .collect_view();
    view! {
        <nav class="series" aria-label=language().text("series")>
            <details>
                <summary><span lang=language().tag()>{place} " "</span> <strong dir="auto">{name}</strong></summary>
                <ol>{items}</ol>
            </details>
        </nav>
    }
}

/// Links to share an article. The script offers what the browser has for it, and copying.
#[component]
pub fn Share(
    title: String,
    /// The article's absolute address.
    address: String,
) -> impl IntoView {
    let mail = format!("mailto:?subject={}&body={}", encoded(&title), encoded(&address));
    view! {
        <div class="share">
            <a class="reaction" data-share=address.clone() data-title=title href=mail>{language().text("share-by-email")}</a>
            <button type="button" class="reaction" data-copy=address hidden>{language().text("copy-link")}</button>
        </div>
    }
}

/// A text in a `mailto` address.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Related articles, and the ones before and after this.
#[component]
pub fn ReadNext(around: Around) -> impl IntoView {
    let Around { previous, next, related, tag, .. } = around;
    let related = (!related.is_empty()).then(|| {
        let items = related
            .into_iter()
            .map(|link| {
                let address = address(&link);
                view! {
                    <li>
                        <a href=address dir="auto" lang=link.language>{link.title}</a>
                        <span class="related-date"><Date at=link.published_at /></span>
                    </li>
                }
            })
            .collect_view();
        let title = match tag {
            Some(Tag { slug, name }) => {
                let (before, after) = language().around("more-about", "tag");
                view! { {before} <a href=format!("/tags/{slug}")>{name}</a> {after} }.into_any()
            }
            None => language().text("related").into_any(),
        };
        view! {
            <section class="related" aria-labelledby="site-related" lang=language().tag()>
                <h2 id="site-related">{title}</h2>
                <ul>{items}</ul>
            </section>
        }
    });
    let is_alone = previous.is_none() && next.is_none();
    let neighbour = |link: Option<ArticleLink>, rel: &'static str, label: String| {
        link.map(|link| {
            let address = address(&link);
            view! {
                <a class=format!("neighbour neighbour-{rel}") rel=rel href=address>
                    <span class="neighbour-label" lang=language().tag()>{label}</span>
                    " "
                    <span dir="auto" lang=link.language>{link.title}</span>
                </a>
            }
        })
    };
    let neighbours = (!is_alone).then(|| {
        view! {
            <nav class="neighbours" aria-label=language().text("previous-and-next")>
                {neighbour(previous, "prev", language().text("previous-article"))}
                {neighbour(next, "next", language().text("next-article"))}
            </nav>
        }
    });
    view! {
        {neighbours}
        {related}
    }
}
