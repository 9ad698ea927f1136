//! How views are counted, with this blog's settings and numbers.

use jiff::Timestamp;
use leptos::prelude::*;

use crate::components::page::{Content, Head, LoadedPage, site};
use crate::model::pages::CountingData;
use crate::model::view::Reason;
use crate::server::config::{AnonymousVisitor, Views};
use crate::server::state::AppState;
use crate::text::language;

/// `/counting`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let content = async { Ok(show(state.reading.counting_page().await?, &state.config.views)) };
    LoadedPage::of(true, content).await
}

fn show(data: CountingData, settings: &Views) -> Content {
    let language = language();
    let CountingData { views, not_counted, since } = data;
    let rows = not_counted
        .into_iter()
        .map(|(reason, count)| {
            view! {
                <tr>
                    <th scope="row">{language.text(reason_in_words(reason))}</th>
                    <td>{language.number(count)}</td>
                </tr>
            }
        })
        .collect_view();
    let reader = match settings.visitor {
        AnonymousVisitor::Address => "rule-reader-address",
        AnonymousVisitor::Session => "rule-reader-session",
    };
    let authors = match settings.count_authors {
        true => "rule-authors-count",
        false => "rule-authors-do-not-count",
    };
    let window = language.every(settings.window);
    let once = language.with("rule-once", [("window", (&window).into())]);
    let of_address = language.with(
        "rule-address",
        [("count", i64::try_from(settings.per_ip_cap).unwrap_or(i64::MAX).into())],
    );
    let heading = language.text("how-views-are-counted");
    let title = format!("{heading} · {}", site().title);
    let counted = language.with("views-counted-here", [("count", views.into())]);
    let (before, after) = language.around("check-twice", "address");
    let since = Timestamp::from_second(since.0.saturating_mul(24 * 60 * 60)).unwrap_or_default();
    let since = language.with("not-counted-since", [("day", language.day(since).into())]);
    let view = view! {
        <header class="intro">
            <h1>{heading}</h1>
            <p>{counted}</p>
        </header>
        <div class="prose">
            <h2>{language.text("the-rules")}</h2>
            <ul>
                <li>{once.clone()}</li>
                <li>{language.text(reader)}</li>
                <li>{language.text("rule-screen")}</li>
                <li>{language.text("rule-crawlers")}</li>
                <li>{language.text(authors)}</li>
                <li>{of_address}</li>
                <li>{language.text("rule-never-falls")}</li>
            </ul>
            <h2>{language.text("not-counted")}</h2>
            <table class="not-counted">
                <caption>{since}</caption>
                <thead>
                    <tr>
                        <th scope="col">{language.text("reason")}</th>
                        <th scope="col">{language.text("views-column")}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <h2>{language.text("check-it-yourself")}</h2>
            <p>
                {before} <code>"GET /api/v1/articles/{id}"</code> {after} " "
                <a href="/docs/api">{language.text("try-it")}</a> " "
                {language.text("tested-by-killing")}
            </p>
        </div>
    };
    let description = Some(once);
    Content::new(Head { is_text: true, description, ..Head::new(title) }, view)
}

/// The text for a reason.
fn reason_in_words(reason: Reason) -> &'static str {
    match reason {
        Reason::Repeat => "reason-repeat",
        Reason::Crawler => "reason-crawler",
        Reason::Prefetch => "reason-prefetch",
        Reason::IpCap => "reason-address",
        Reason::Author => "reason-author",
    }
}
