//! The revisions of an article: its state after each save.

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
use crate::error::Error;
use crate::model::draft::Typed;
use crate::server::db::revisions::ListedRevision;
use crate::server::request::identity::current_user;
use crate::server::state::AppState;

fn number<T: FromStr>(name: &str) -> Result<T, Error> {
    param(name)
        .parse()
        .map_err(|_| Error::NotFound("There is no such article, or it is not yours.".into()))
}

/// `/studio/{id}/revisions`
pub async fn list_page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let id = number("id");
    let title = format!("Revisions · {}", site().title);
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
            view! { <p class="empty">"No revisions yet. The first save in the studio creates the first two."</p> }
                .into_any()
        } else {
            view! { <ol class="revisions">{items}</ol> }.into_any()
        };
        Ok(Content::new(
            Head::new(title),
            view! {
                <p class="intro-kind">
                    <a href=format!("/studio/{id}")>{article.fields.title}</a>
                </p>
                <h1>"Revisions"</h1>
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
    let editor = editor.unwrap_or_else(|| "not saved in the studio".into());
    view! {
        <li>
            <a href=format!("/studio/{article}/revisions/{version}")>{format!("Version {version}")}</a>
            <p class="meta">
                {is_current.then(|| view! { <strong>"Current"</strong> })}
                <Time at=created_at />
                <span>{editor}</span>
                <span>{what}</span>
            </p>
        </li>
    }
}

/// Summarises what a save changed, in a few words.
fn what_changed(revision: &ListedRevision) -> String {
    let characters = revision.characters;
    let Some(before) = revision.characters_before else {
        return format!("{characters} characters");
    };
    let mut changed = Vec::new();
    for (name, is_changed) in [
        ("title", revision.changed_title),
        ("address", revision.changed_slug),
        ("summary", revision.changed_summary),
        ("tags", revision.changed_tags),
        ("cover", revision.changed_cover),
    ] {
        if is_changed {
            changed.push(name.to_owned());
        }
    }
    if revision.changed_text {
        changed.push(match characters.cmp(&before) {
            std::cmp::Ordering::Greater => format!("text (+{} characters)", characters - before),
            std::cmp::Ordering::Less => format!("text (−{} characters)", before - characters),
            std::cmp::Ordering::Equal => "text".into(),
        });
    }
    if changed.is_empty() { "status".into() } else { changed.join(", ") }
}

/// `/studio/{id}/revisions/{version}`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let (id, version) = (number("id"), number("version"));
    let title = format!("Revision · {}", site().title);
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
                Some(state.studio.differences(before, then.clone()).await?)
            }
            None => None,
        };
        let differences = state.studio.differences(then, current).await?;
        let sent = sent_form(&format!("/studio/{id}/revisions/{version}/restore"));
        let restore = (!differences.is_empty()).then(|| {
            view! {
                <form method="post" action=format!("/studio/{id}/revisions/{version}/restore")>
                    <input type="hidden" name="version" value=article.version />
                    <button type="submit" class="button button-primary">"Restore this revision"</button>
                    <p class="field-hint">"This creates a new version. Nothing is lost."</p>
                </form>
            }
        });
        let since = changed.map(|differences| {
            view! {
                <h2>{format!("Changes in version {version}")}</h2>
                <FieldDifferences differences />
            }
        });
        Ok(Content::new(
            Head::new(title),
            view! {
                <p class="intro-kind">
                    <a href=format!("/studio/{id}/revisions")>{format!("Revisions of “{}”", article.fields.title)}</a>
                </p>
                <h1>{format!("Version {version}")}</h1>
                <p class="meta">
                    <Time at=revision.created_at />
                    <span>{revision.editor.unwrap_or_else(|| "not saved in the studio".into())}</span>
                </p>
                <FormErrors sent />
                {restore}
                {since}
                <h2>"Changes from this version to the current one"</h2>
                <FieldDifferences differences />
            },
        ))
    };
    LoadedPage::of(false, content).await
}

/// The diff of each field that differs.
#[component]
fn FieldDifferences(differences: Vec<(&'static str, Differences)>) -> impl IntoView {
    if differences.is_empty() {
        return view! { <p class="diff-same">"No difference."</p> }.into_any();
    }
    differences
        .into_iter()
        .map(|(label, differences)| view! { <h3>{label}</h3> <Diff differences /> })
        .collect_view()
        .into_any()
}
