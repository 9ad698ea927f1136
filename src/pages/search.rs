//! The search page.

use leptos::prelude::*;
use tidemark_content::search::query::LONGEST_QUERY;
use url::form_urlencoded;

use super::query::query;
use crate::api::pages::search;
use crate::components::article_list::{
    CardAuthors, CardCover, Date, Pagination, Tags, format_minutes,
};
use crate::components::hole::views_in_words;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::article::Tag;
use crate::model::page::Page;
use crate::model::search::{SearchData, SearchFilter, SearchHit, Segment, Since, Sort};
use crate::server::state::AppState;
use crate::text::language;

/// `/search?q=&tag=&author=&since=&sort=&page=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let [text, tag, author, since, sort, page] =
        ["q", "tag", "author", "since", "sort", "page"].map(query);
    LoadedPage::reading(search(text, tag, author, since, sort, page), |data: SearchData| {
        let heading = language().text("search");
        let title = match data.text.as_str() {
            "" => format!("{heading} · {}", site().title),
            text => format!("{text} · {heading} · {}", site().title),
        };
        // Tags in place of hits may be missing because too many searches were waiting.
        let found_nothing = data.hits.as_ref().is_some_and(|hits| hits.total == 0);
        // Views, time and an engine that is away or behind change what is found; the content does
        // not.
        let is_passing = data.sort == Sort::Views
            || data.filter.since.is_some()
            || data.is_fallback
            || state.search.may_be_behind()
            || (found_nothing && data.tags.is_empty());
        let content = Content::new(
            Head::hidden(title),
            view! {
                <header class="intro">
                    <h1>{heading}</h1>
                </header>
                <SearchForm text=data.text.clone() filter=data.filter.clone() sort=data.sort />
                <Results data />
            },
        );
        if is_passing { content.passing() } else { content }
    })
    .await
}

/// The form. Its script adds suggestions to the field.
#[component]
fn SearchForm(text: String, filter: SearchFilter, sort: Sort) -> impl IntoView {
    let language = language();
    let (before_quotes, after_quotes) = language.around("search-help-quotes", "example");
    let (before_minus, after_minus) = language.around("search-help-minus", "example");
    let SearchFilter { tag, author, since } = filter.clone();
    let periods = Since::ALL.map(|period| {
        let is_chosen = since == Some(period);
        view! { <option value=period.name() selected=is_chosen>{language.since(period)}</option> }
    });
    let orders = Sort::ALL.map(|order| {
        view! { <option value=order.name() selected=order == sort>{language.sort(order)}</option> }
    });
    let without = |filter: SearchFilter| address(&text, &filter, sort, "");
    let only = [
        tag.map(|tag| ("tag", tag, without(SearchFilter { tag: None, ..filter.clone() }))),
        author.map(|author| {
            ("author", author, without(SearchFilter { author: None, ..filter.clone() }))
        }),
    ];
    let only = only.map(|only| {
        only.map(|(name, value, without)| {
            let (any, (before, after)) = match name {
                "tag" => ("any-tag", language.around("only-with-tag", "tag")),
                _ => ("any-author", language.around("only-by-author", "author")),
            };
            view! {
                <p class="search-only">
                    <input type="hidden" name=name value=value.clone() />
                    {before} <strong>{value}</strong> {after} " · "
                    <a href=without>{language.text(any)}</a>
                </p>
            }
        })
    });
    view! {
        <form class="search" role="search" action="/search" data-search="">
            <label for="q">{language.text("search-articles")}</label>
            <div class="search-row">
                <div class="search-field">
                    <input
                        type="text"
                        enterkeyhint="search"
                        id="q"
                        name="q"
                        value=text.clone()
                        maxlength=LONGEST_QUERY.to_string()
                        aria-describedby="search-help"
                        required
                    />
                </div>
                <button type="submit" class="button">{language.text("search")}</button>
            </div>
            <p class="search-help" id="search-help">
                {before_quotes} <code>{language.text("in-quotes")}</code> {after_quotes} " " {before_minus}
                <code>{language.text("minus-word")}</code> {after_minus}
            </p>
            {only.collect_view()}
            <div class="search-options">
                <label>
                    {language.text("published")}
                    <select name="since">
                        <option value="">{language.text("any-time")}</option>
                        {periods.collect_view()}
                    </select>
                </label>
                <label>{language.text("order")} " " <select name="sort">{orders.collect_view()}</select></label>
            </div>
            // Its script shows it. Without the script, the key does nothing.
            <label class="search-key" data-slash="" hidden>
                <input type="checkbox" autocomplete="off" />
                {language.text("slash-opens-search")}
            </label>
        </form>
    }
}

#[component]
fn Results(data: SearchData) -> impl IntoView {
    let SearchData { text, filter, sort, hits, is_more, corrected, is_fallback, tags } = data;
    let Some(hits) = hits else {
        let nothing = (!text.is_empty()).then(
            || view! { <p class="search-found">{language().with("no-word-to-look-for", [("text", (&text).into())])}</p> },
        );
        return nothing.into_any();
    };
    let Page { items, page, pages, total } = hits;
    let is_filtered = filter != SearchFilter::default();
    let found = match corrected {
        Some(other) => {
            let path = address(&other, &filter, sort, "");
            let none = language().with("no-article-contains", [("text", (&text).into())]);
            let some = contain(total, is_more, &other);
            view! { <p class="search-found">{none} " " <a href=path>{some}</a></p> }
            .into_any()
        }
        None if total == 0 => {
            view! { <Nothing text=text.clone() anywhere=is_filtered.then(|| address(&text, &SearchFilter::default(), sort, "")) tags /> }
                .into_any()
        }
        None => view! { <p class="search-found">{contain(total, is_more, &text)}</p> }.into_any(),
    };
    let away = is_fallback.then(|| {
        view! { <p class="search-found">{language().text("simpler-search")}</p> }
    });
    let path = address(&text, &filter, sort, "&");
    let words = (language().text("previous-page"), language().text("next-page"));
    view! {
        {found}
        {away}
        <div class="cards">{items.into_iter().map(|hit| view! { <Hit hit /> }).collect_view()}</div>
        {(pages > 1).then(|| view! { <Pagination page pages path words /> })}
    }
    .into_any()
}

/// How many articles contain a text, as a sentence.
fn contain(total: i64, is_more: bool, text: &str) -> String {
    let name = if is_more { "more-articles-contain" } else { "articles-contain" };
    language().with(name, [("count", total.into()), ("text", text.into())])
}

/// What to try when nothing was found.
#[component]
fn Nothing(
    text: String,
    /// The address of the same search without a filter, if there is one.
    anywhere: Option<String>,
    tags: Vec<Tag>,
) -> impl IntoView {
    let (before, after) = language().around("try-other-words", "ranking");
    view! {
        <p class="search-found">{language().with("no-article-contains", [("text", (&text).into())])}</p>
        {anywhere.map(|path| view! { <p><a href=path>{language().text("look-in-all-articles")}</a></p> })}
        <p>{before} <a href="/most-viewed">{language().text("most-viewed-in-sentence")}</a> {after}</p>
        {(!tags.is_empty()).then(|| view! { <p>{language().text("popular-tags")}</p> })}
        <Tags tags />
    }
}

#[component]
fn Hit(hit: SearchHit) -> impl IntoView {
    let SearchHit { article, title_segments, excerpt } = hit;
    view! {
        <article class="card">
            <CardCover cover=article.cover slug=article.slug.clone() />
            <p class="meta">
                <Date at=article.published_at />
                <span class="meta-parts">
                    <span>{format_minutes(article.reading_minutes)}</span>
                    <span>{views_in_words(article.id, article.views)}</span>
                </span>
            </p>
            <h2 class="card-title" dir="auto" lang=article.language.clone()>
                <a href=format!("/articles/{}", article.slug)>{marked(title_segments)}</a>
            </h2>
            <p class="card-summary" dir="auto" lang=article.language>{marked(excerpt)}</p>
            <div class="card-foot">
                <CardAuthors authors=article.authors />
                <Tags tags=article.tags />
            </div>
        </article>
    }
}

/// A text with its hits in `<mark>`.
fn marked(segments: Vec<Segment>) -> impl IntoView {
    let segments = segments.into_iter().map(|Segment { text, is_hit }| match is_hit {
        true => view! { <mark>{text}</mark> }.into_any(),
        false => text.into_any(),
    });
    segments.collect_view()
}

/// The address of a search, ending in `end`.
fn address(text: &str, filter: &SearchFilter, sort: Sort, end: &str) -> String {
    let mut parameters = form_urlencoded::Serializer::new(String::new());
    parameters.append_pair("q", text);
    let SearchFilter { tag, author, since } = filter;
    for (name, value) in [("tag", tag), ("author", author)] {
        if let Some(value) = value {
            parameters.append_pair(name, value);
        }
    }
    if let Some(since) = since {
        parameters.append_pair("since", since.name());
    }
    if sort != Sort::default() {
        parameters.append_pair("sort", sort.name());
    }
    format!("/search?{}{end}", parameters.finish())
}
