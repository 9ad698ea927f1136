//! How views are counted, with this blog's settings and numbers.

use leptos::prelude::*;

use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::tide_mark::in_words;
use crate::model::numbers::format_count;
use crate::model::pages::CountingData;
use crate::server::config::{AnonymousVisitor, Views};
use crate::server::state::AppState;

/// `/counting`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let content = async { Ok(show(state.reading.counting_page().await?, &state.config.views)) };
    LoadedPage::of(true, content).await
}

fn show(data: CountingData, settings: &Views) -> Content {
    let CountingData { views, not_counted } = data;
    let rows = not_counted
        .into_iter()
        .map(|(reason, count)| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            view! {
                <tr>
                    <th scope="row">{reason_in_words(reason)}</th>
                    <td>{format_count(count)}</td>
                </tr>
            }
        })
        .collect_view();
    let reader = match settings.visitor {
        AnonymousVisitor::Address => {
            "A reader who is signed in is known by the account. Anybody else is known by the address and the browser together."
        }
        AnonymousVisitor::Session => {
            "A reader who is signed in is known by the account. Anybody else is known by a cookie that ends with the browser."
        }
    };
    let authors = match settings.count_authors {
        true => "Authors count on their own articles, like any other reader.",
        false => "Authors don't count on their own articles while they are signed in.",
    };
    let title = format!("How views are counted · {}", site().title);
    let view = view! {
        <header class="intro">
            <h1>"How views are counted"</h1>
            <p>{format!("Views counted on this blog: {}", format_count(views))}</p>
        </header>
        <div class="prose">
            <h2>"The rules"</h2>
            <ul>
                <li>{format!("Each reader counts once per article every {}.", in_words(settings.window))}</li>
                <li>{reader} " The address itself is never stored: only a keyed hash is, and its key is destroyed after two days."</li>
                <li>"An article counts when somebody has it on the screen. Loading it in the background doesn't count."</li>
                <li>"Crawlers and other programs that are not browsers don't count."</li>
                <li>{authors}</li>
                <li>
                    {format!(
                        "One address can count as at most {} readers of an article in that time, so changing the browser's name brings little.",
                        settings.per_ip_cap,
                    )}
                </li>
                <li>"A count never falls. Editing an article doesn't change it."</li>
            </ul>
            <h2>"Not counted"</h2>
            <table class="not-counted">
                <caption>"Since this server started"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Reason"</th>
                        <th scope="col">"Views"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <h2>"Check it yourself"</h2>
            <p>
                "Open an article twice: the count rises once. " <code>"GET /api/v1/articles/{id}"</code>
                " answers with the count of an article, and the answer to each view says whether it was counted and, if not, why. "
                <a href="/docs/api">"Try it."</a>
                " The program is tested by killing it at any moment while views arrive: no view that was answered as counted is lost or counted twice."
            </p>
        </div>
    };
    Content::new(Head::new(title), view)
}

/// A reason's name in the API, in words.
fn reason_in_words(reason: &str) -> &'static str {
    match reason {
        "repeat" => "The same reader again",
        "crawler" => "Crawlers and other programs",
        "prefetch" => "Loaded in the background",
        "ip-cap" => "Too many readers from one address",
        _ => "The article's own authors",
    }
}
