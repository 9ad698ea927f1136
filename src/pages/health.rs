//! What `tidemark doctor` finds, for administrators. What it finds is in English.

use leptos::prelude::*;

use super::settings::Tabs;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::doctor::{Finding, Level};
use crate::server::state::AppState;
use crate::text::language;

/// `/settings/health`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("{} · {}", language().text("settings-health"), site().title);
    let content = async move {
        let mut findings = state.doctor.examine_all(&state.config).await;
        // Those that need somebody come first. The sort is stable.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level()));
        let count = |level| findings.iter().filter(|finding| finding.level() == level).count();
        let summary = match (count(Level::Problem), count(Level::Warning)) {
            (0, 0) => language().text("health-nothing-wrong"),
            (problems, warnings) => language().with(
                "health-counts",
                [("problems", problems.into()), ("warnings", warnings.into())],
            ),
        };
        let summary = [("summary", summary.into())];
        let (before, after) = language().around_with("health-source", "command", summary);
        let items = findings.into_iter().map(|finding| view! { <Item finding /> }).collect_view();
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="settings-wide">
                <h1>{language().text("settings-health")}</h1>
                <Tabs here="/settings/health" />
                <p>{before}<code>"tidemark doctor"</code>{after}</p>
                <ul class="findings">{items}</ul>
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

#[component]
fn Item(finding: Finding) -> impl IntoView {
    let (class, label) = match finding.level() {
        Level::Fact => ("status status-fine", "health-fine"),
        Level::Warning => ("status status-warning", "health-warning"),
        Level::Problem => ("status status-problem", "health-problem"),
    };
    view! {
        <li>
            <span class=class>{language().text(label)}</span>
            <span lang="en">{finding.text().to_owned()}</span>
        </li>
    }
}
