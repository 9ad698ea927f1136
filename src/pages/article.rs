//! The page of an article. This is the page that records views.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::*;
use tidemark_content::front_matter::is_picture_address;
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::query::param;
use crate::api::pages::article;
use crate::components::article_body::ArticleBody;
use crate::components::article_end::{ReadNext, SeriesBox, Share};
use crate::components::article_list::Time;
use crate::components::avatar::AuthorCards;
use crate::components::hole::{self, views, views_in_words};
use crate::components::metadata::article_head;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::reaction_button::ReactionButton;
use crate::components::tide_mark::{HowCounted, TideMark};
use crate::components::view_counter::ViewCounter;
use crate::model::article::{Article, ArticleContent};
use crate::model::pages::{ArticleData, OwnReactions};
use crate::model::reaction::Reaction;
use crate::server::request::identity::sign_in_to_react;
use crate::server::state::AppState;
use crate::text;

/// `/articles/{slug}`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let slug = param("slug");
    LoadedPage::reading(article(slug), |data| show(data, &state)).await
}

fn show(data: ArticleData, state: &AppState) -> Content {
    let ArticleData { article, last_day, around, own, follows, would_count, is_scheduled } = data;
    let head = article_head(&state.config.site.base_url, &site(), &article);
    let Article { summary, html, contents, updated_at, .. } = article;
    // Older versions of the program accepted cover URLs that browsers reject.
    let cover = summary.cover.filter(|cover| is_picture_address(cover));
    let content = ArticleContent {
        title: summary.title.clone(),
        cover,
        authors: summary.authors.clone(),
        published_at: summary.published_at,
        updated_at: Some(updated_at).filter(|at| is_on_later_day(*at, summary.published_at)),
        reading_minutes: summary.reading_minutes,
        contents,
        html,
        language: summary.language,
        tags: summary.tags,
        is_page: false,
    };
    if is_scheduled {
        return show_scheduled(summary.id, content);
    }
    let path = format!("/articles/{}", summary.slug);
    let address = format!("{}{path}", state.config.site.base_url);
    let (id, likes, collects) = (summary.id, summary.likes, summary.collects);
    let window_ms = u64::try_from(state.config.views.window.as_millis()).unwrap_or(u64::MAX);
    let (views, words) =
        (views(summary.id, summary.views), views_in_words(summary.id, summary.views));
    let would_count = hole::would_count(summary.id, would_count);
    let elsewhere = text::language().baselines(&summary.baselines);
    let reactions = view! {
        <p class="end-count">
            <span data-total-of=id.0>{words.clone()}</span>
            <TideMark />
        </p>
        <div class="reactions">
            <Like id likes own path=path.clone() />
            <Collect id collects own path=path.clone() />
        </div>
    }
    .into_any();
    let like = view! {
        <div class="reactions">
            <Like id likes own path=path.clone() />
        </div>
    }
    .into_any();
    let last_day = hole::last_day(id, last_day);
    let counts_authors = state.config.views.count_authors;
    let count = view! {
        <span class="counted">
            <ViewCounter article=summary.id views words window_ms would_count />
            <TideMark />
            <HowCounted window=state.config.views.window counts_authors last_day />
        </span>
        {elsewhere.map(|part| view! { <span class="elsewhere">{text::language().with("including", [("counts", (&part).into())])}</span> })}
    }
    .into_any();
    let series = around.series.clone().map(|series| {
        let slug = summary.slug.clone();
        view! { <SeriesBox series slug /> }.into_any()
    });
    let end = view! {
        <AuthorCards authors=summary.authors follows path />
        <Share title=summary.title address />
        <ReadNext around />
    }
    .into_any();
    let view = match series {
        Some(series) => {
            view! { <ArticleBody content count like series reactions end /> }.into_any()
        }
        None => view! { <ArticleBody content count like reactions end /> }.into_any(),
    };
    Content::new(head, view)
}

/// Whether a time is on a later day in UTC, as the dates on the page are.
fn is_on_later_day(time: Timestamp, than: Timestamp) -> bool {
    let day = |time| TimeZone::UTC.to_datetime(time).date();
    day(time) > day(than)
}

/// An article or a page before its time: what readers will see, without counts and buttons.
pub(super) fn show_scheduled(id: ArticleId, content: ArticleContent) -> Content {
    let head = Head::hidden(format!("{} · {}", content.title, site().title));
    let at = Millis(content.published_at.as_millisecond());
    let (before, after) = text::language().around("scheduled-for", "time");
    Content::new(
        head,
        view! {
            <p class="notice">
                {before} <Time at /> {after} " "
                <a href=format!("/studio/{id}")>{text::language().text("edit-this-article")}</a>
            </p>
            <ArticleBody content />
        },
    )
}

/// The like button with its count. It stands above and below the text, and the script keeps both
/// the same.
#[component]
fn Like(id: ArticleId, likes: i64, own: Option<OwnReactions>, path: String) -> impl IntoView {
    let Some(own) = own else {
        let count = hole::likes(id, likes);
        return view! { <SignIn label="like" intent="like" path count /> }.into_any();
    };
    view! {
        <ReactionButton
            reaction=Reaction::Like(id)
            action=format!("{path}/like")
            next=String::new()
            name=String::new()
            is_on=own.is_liked
            count=Some(likes)
        />
    }
    .into_any()
}

/// The collect button with its count.
#[component]
fn Collect(id: ArticleId, collects: i64, own: Option<OwnReactions>, path: String) -> impl IntoView {
    let Some(own) = own else {
        let count = hole::collects(id, collects);
        return view! { <SignIn label="save" intent="collect" path count /> }.into_any();
    };
    view! {
        <ReactionButton
            reaction=Reaction::Collect(id)
            action=format!("{path}/collect")
            next=String::new()
            name=String::new()
            is_on=own.is_collected
            count=Some(collects)
        />
    }
    .into_any()
}

/// In place of a button, the link to sign in for readers who are not.
#[component]
fn SignIn(
    /// The name of the text on the link.
    label: &'static str,
    intent: &'static str,
    path: String,
    count: String,
) -> impl IntoView {
    view! {
        <a class="reaction" href=sign_in_to_react(&path, intent) rel="nofollow">
            <span>{text::language().text(label)}</span>
            " "
            <span class="reaction-count">{count}</span>
        </a>
    }
}
