//! The revisions of an article: its state after each save.

use std::cmp::Ordering;
use std::str::FromStr;

use axum::http::request::Parts;
use leptos::prelude::*;
use tidemark_content::difference::Differences;
use tidemark_counting::ArticleId;

use super::super::query::param;
use crate::components::article_list::Time;
use crate::components::diff::Diff;
use crate::components::form::{FormErrors, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::draft::Typed;
use crate::error::Error;
use crate::server::db::revisions::ListedRevision;
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::server::studio::no_article;
use crate::text::language;

fn number<T: FromStr>(name: &str) -> Result<T, Error> {
    param(name).parse().map_err(|_| no_article())
}

/// `/studio/{id}/revisions`
pub async fn list_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let id = number("id");
    let title = format!("{} · {}", language().text("revisions"), site().title);
    let content = async move {
        let (user, id) = (current_user(&parts)?, id?);
        let article = state.studio.editable(&user, id).await?;
        let revisions = state.database.list_of_revisions(id).await?;
        let is_empty = revisions.is_empty();
        let items = revisions
            .into_iter()
            .map(|revision| {
                let is_current = revision.version == article.version;
                view! { <Item article=id revision is_current /> }
            })
            .collect_view();
        let list = if is_empty {
            view! { <p class="empty">{language().text("no-revisions")}</p> }.into_any()
        } else {
            view! { <ol class="revisions">{items}</ol> }.into_any()
        };
        Ok(Content::new(
            Head::new(title),
            view! {
                <p class="intro-kind">
                    <a href=format!("/studio/{id}")>{article.fields.title}</a>
                </p>
                <h1>{language().text("revisions")}</h1>
                {list}
            },
        ))
    };
    LoadedPage::of(false, content).await
}

#[component]
fn Item(article: ArticleId, revision: ListedRevision, is_current: bool) -> impl IntoView {
    let what = what_changed(&revision);
    let ListedRevision { version, created_at, editor, .. } = revision;
    let editor = editor.unwrap_or_else(|| language().text("not-saved-in-studio"));
    view! {
        <li>
            <a href=format!("/studio/{article}/revisions/{version}")>{version_name(version)}</a>
            <p class="meta">
                {is_current.then(|| view! { <strong>{language().text("current")}</strong> })}
                <Time at=created_at />
                <span>{editor}</span>
                <span>{what}</span>
            </p>
        </li>
    }
}

fn version_name(version: i64) -> String {
    language().with("version", [("version", version.into())])
}

/// Summarises what a save changed, in a few words.
fn what_changed(revision: &ListedRevision) -> String {
    let language = language();
    let characters = revision.characters;
    let Some(before) = revision.characters_before else {
        return language.with("characters", [("count", characters.into())]);
    };
    let fields = [
        ("changed-title", revision.changed_title),
        ("changed-address", revision.changed_slug),
        ("changed-summary", revision.changed_summary),
        ("changed-tags", revision.changed_tags),
        ("changed-cover", revision.changed_cover),
    ];
    let fields = fields.into_iter().filter(|(_, is_changed)| *is_changed);
    let mut changed: Vec<String> = fields.map(|(name, _)| language.text(name)).collect();
    if revision.changed_text {
        let by = [("count", (characters - before).abs().into())];
        changed.push(match characters.cmp(&before) {
            Ordering::Greater => language.with("changed-text-longer", by),
            Ordering::Less => language.with("changed-text-shorter", by),
            Ordering::Equal => language.text("changed-text"),
        });
    }
    match changed.is_empty() {
        true => language.text("changed-status"),
        false => changed.join(&language.text("comma")),
    }
}

/// `/studio/{id}/revisions/{version}`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let (id, version) = (number("id"), number("version"));
    let title = format!("{} · {}", language().text("revision"), site().title);
    let language = language();
    let content = async move {
        let (user, id, version) = (current_user(&parts)?, id?, version?);
        let article = state.studio.editable(&user, id).await?;
        let (revision, before) = state.studio.revision(&user, id, version).await?;
        let current = state.studio.typed_of(&article.fields).await?;
        // A revision does not say in which series it was.
        let series = current.series.clone();
        let then = state.studio.typed_of_revision(&revision).await?;
        let then = Typed { series: series.clone(), ..then };
        let changed = match before {
            Some(before) => {
                let before = state.studio.typed_of_revision(&before).await?;
                let before = Typed { series, ..before };
                Some(state.studio.differences(language, before, then.clone()).await?)
            }
            None => None,
        };
        let differences = state.studio.differences(language, then, current).await?;
        let sent = sent_form(&format!("/studio/{id}/revisions/{version}/restore"));
        let restore = (!differences.is_empty()).then(|| {
            view! {
                <form method="post" action=format!("/studio/{id}/revisions/{version}/restore")>
                    <input type="hidden" name="version" value=article.version />
                    <button type="submit" class="button button-primary">{language.text("restore-revision")}</button>
                    <p class="field-hint">{language.text("restore-revision-hint")}</p>
                </form>
            }
        });
        let since = changed.map(|differences| {
            view! {
                <h2>{language.with("changes-in-version", [("version", version.into())])}</h2>
                <FieldDifferences differences />
            }
        });
        let revisions_of =
            language.with("revisions-of", [("title", (&article.fields.title).into())]);
        let editor = revision.editor.unwrap_or_else(|| language.text("not-saved-in-studio"));
        Ok(Content::new(
            Head::new(title),
            view! {
                <p class="intro-kind">
                    <a href=format!("/studio/{id}/revisions")>{revisions_of}</a>
                </p>
                <h1>{version_name(version)}</h1>
                <p class="meta">
                    <Time at=revision.created_at />
                    <span>{editor}</span>
                </p>
                <FormErrors sent />
                {restore}
                {since}
                <h2>{language.text("changes-to-current")}</h2>
                <FieldDifferences differences />
            },
        ))
    };
    LoadedPage::of(false, content).await
}

/// The diff of each field that differs, with the name of the text that is its label.
#[component]
fn FieldDifferences(differences: Vec<(&'static str, Differences)>) -> impl IntoView {
    if differences.is_empty() {
        return view! { <p class="diff-same">{language().text("no-difference")}</p> }.into_any();
    }
    differences
        .into_iter()
        .map(
            |(label, differences)| view! { <h3>{language().text(label)}</h3> <Diff differences /> },
        )
        .collect_view()
        .into_any()
}
