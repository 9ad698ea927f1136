//! What `tidemark doctor` finds, for administrators.

use leptos::prelude::*;

use super::settings::Tabs;
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::doctor::{Finding, Level};
use crate::server::state::AppState;

/// `/settings/health`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("Health · {}", site().title);
    let content = async move {
        let mut findings = state.doctor.examine_all(&state.config).await;
        // Those that need somebody come first. The sort is stable.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level()));
        let count = |level| findings.iter().filter(|finding| finding.level() == level).count();
        let summary = match (count(Level::Problem), count(Level::Warning)) {
            (0, 0) => "Nothing is wrong.".to_owned(),
            (problems, warnings) => format!("Problems: {problems}. Warnings: {warnings}."),
        };
        let items = findings.into_iter().map(|finding| view! { <Item finding /> }).collect_view();
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="settings-wide">
                <h1>"Health"</h1>
                <Tabs here="/settings/health" />
                <p>{summary}" This is what "<code>"tidemark doctor"</code>" says on this server now."</p>
                <ul class="findings">{items}</ul>
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

#[component]
fn Item(finding: Finding) -> impl IntoView {
    let label = match finding.level() {
        Level::Fact => "Fine",
        Level::Warning => "Warning",
        Level::Problem => "Problem",
    };
    view! {
        <li>
            <span class=format!("status status-{}", label.to_lowercase())>{label}</span>
            <span>{finding.text().to_owned()}</span>
        </li>
    }
}
