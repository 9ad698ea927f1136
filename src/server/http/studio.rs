//! Handlers for the forms of the studio.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::tz::TimeZone;
use leptos::prelude::provide_context;
use tidemark_counting::ArticleId;

use super::form_page::render_again;
use crate::draft::Typed;
use crate::error::Error;
use crate::message::Message;
use crate::server::db::articles::Kind;
use crate::server::db::drafts::{EditorForm, NEW_ARTICLE};
use crate::server::db::users::User;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::{Conflict, Form};
use crate::server::request::identity::CurrentUser;
use crate::server::state::AppState;
use crate::server::studio::drafts::{is_form_key, recovered_in};
use crate::server::studio::{CreateOutcome, Done, Intent, SaveOutcome};

fn typed_in(form: &Form) -> Typed {
    Typed {
        title: form.line("title"),
        slug: form.line("slug"),
        summary: form.line("summary"),
        tags: form.line("tags"),
        series: form.line("series"),
        cover: form.line("cover"),
        is_page: form.line("kind") == "page",
        markdown: form.text("markdown"),
    }
}

/// What the form is sent for, by `user`. Its times are in the time zone in which it showed them,
/// even if the user has chosen another one since.
fn intent(form: &Form, user: &User) -> Intent {
    match form.line("intent").as_str() {
        "publish" => Intent::Publish,
        "schedule" => Intent::Schedule {
            time: form.line("published_at"),
            zone: TimeZone::get(&form.line("time_zone")).unwrap_or_else(|_| user.zone()),
        },
        "unpublish" => Intent::Unpublish,
        _ => Intent::Save,
    }
}

/// What the form says of itself. Anything else than a key that this program made counts as none.
fn editor_form(form: &Form) -> EditorForm {
    let key = form.line("form_key");
    EditorForm {
        key: if is_form_key(&key) { key } else { String::new() },
        recovered: recovered_in(&form.line("recovered")),
    }
}

/// The page of an article after a save.
fn after(id: ArticleId, done: Done) -> Response {
    let done = match done {
        Done::Saved => "saved",
        Done::Published => "published",
        Done::Scheduled => "scheduled",
        Done::Dated => "dated",
        Done::Unpublished => "unpublished",
        Done::Unscheduled => "unscheduled",
    };
    Redirect::to(&format!("/studio/{id}?done={done}")).into_response()
}

/// Stores what was typed in a form that could not be saved as its draft, so that it stays even if
/// the page in answer to it is closed.
async fn keep(state: &AppState, user: &User, id: ArticleId, version: i64, form: &Form) {
    let EditorForm { key, .. } = editor_form(form);
    if key.is_empty() {
        return;
    }
    // The form is shown again in any case.
    if let Err(error) = state.studio.keep_draft(user, id, version, &key, &typed_in(form)).await {
        tracing::debug!(error = %error, "a refused form was not kept as a draft");
    }
}

/// `POST /studio/new`: saves a new article. The same form makes one article, however often it is
/// sent.
pub async fn create(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    let (typed, intent) = (typed_in(&form), intent(&form, &user));
    match state.studio.create_article(&user, &editor_form(&form), &typed, &intent).await {
        Ok(CreateOutcome::Saved(id, done)) => after(id, done),
        Ok(CreateOutcome::SavedBefore(id)) => {
            let page = format!("/studio/{id}");
            match form.sent_to(&page) {
                Ok(form) => show_conflict(&state, form, &page, Conflict::SavedBefore).await,
                Err(error) => error_page(&error),
            }
        }
        Ok(CreateOutcome::Invalid(errors)) => {
            keep(&state, &user, NEW_ARTICLE, 0, &form).await;
            form.again(&state, "/studio/new", errors).await
        }
        Err(error) => form.keep(&state, error).await,
    }
}

/// `POST /studio/{id}`: saves an article, unless it was changed since the form was opened. In that
/// case both texts are shown, so nothing is lost.
pub async fn save(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<ArticleId>,
    form: Form,
) -> Response {
    let page = format!("/studio/{id}");
    let (typed, intent) = (typed_in(&form), intent(&form, &user));
    let version = version_in(&form);
    let saved =
        state.studio.save_article(&user, id, version, &editor_form(&form), &typed, &intent).await;
    match saved {
        Ok(SaveOutcome::Saved(done)) => after(id, done),
        Ok(SaveOutcome::Unchanged) => {
            Redirect::to(&format!("{page}?done=unchanged")).into_response()
        }
        Ok(SaveOutcome::Conflict) => {
            keep(&state, &user, id, version, &form).await;
            show_conflict(&state, form, &page, Conflict::Changed).await
        }
        Ok(SaveOutcome::Invalid(errors)) => {
            keep(&state, &user, id, version, &form).await;
            form.again(&state, &page, errors).await
        }
        Err(error) => form.keep(&state, error).await,
    }
}

async fn show_conflict(state: &AppState, form: Form, page: &str, conflict: Conflict) -> Response {
    let context = move || provide_context(conflict);
    render_again(state, form, page, StatusCode::CONFLICT, vec![], context).await
}

/// The version that the form's page showed. Versions start at 1, so a form without one is always a
/// conflict.
fn version_in(form: &Form) -> i64 {
    form.number("version").unwrap_or(0)
}

/// `POST /studio/{id}/bin`: moves an article to the bin, unless it was changed since its page was
/// opened.
pub async fn bin(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<ArticleId>,
    form: Form,
) -> Response {
    match state.studio.bin_article(&user, id, version_in(&form), true).await {
        Ok(Ok(())) => Redirect::to("/studio?done=bin").into_response(),
        Ok(Err(change)) => look_again(&state, form, id, "look-again-before-bin", change).await,
        Err(error) => error_page(&error),
    }
}

/// `POST /studio/{id}/restore`: takes an article out of the bin, unless it was changed since its
/// page was opened.
pub async fn restore(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<ArticleId>,
    form: Form,
) -> Response {
    match state.studio.bin_article(&user, id, version_in(&form), false).await {
        Ok(Ok(())) => Redirect::to(&format!("/studio/{id}?done=restored")).into_response(),
        Ok(Err(change)) => look_again(&state, form, id, "look-again-before-restore", change).await,
        Err(error) => error_page(&error),
    }
}

/// The article's page as it is now, in answer to an action that was meant for an older version.
/// `name` is the text that says so.
async fn look_again(
    state: &AppState,
    form: Form,
    id: ArticleId,
    name: &'static str,
    change: Message,
) -> Response {
    let error = Message::text(name).with("change", change);
    let page = format!("/studio/{id}");
    form.again_with_status(state, &page, StatusCode::CONFLICT, vec![("", error)]).await
}

/// `POST /studio/{id}/revisions/{version}/restore`: saves a revision's content as a new version.
pub async fn restore_revision(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path((id, version)): Path<(ArticleId, i64)>,
    form: Form,
) -> Response {
    let restored = async {
        let (revision, _) = state.studio.revision(&user, id, version).await?;
        let (current, own) = (version_in(&form), EditorForm::default());
        let fields = state.studio.editable(&user, id).await?.fields;
        let (is_page, series) = (fields.kind == Kind::Page, fields.series.unwrap_or_default());
        let typed = Typed { is_page, series, ..state.studio.typed_of_revision(&revision).await? };
        state.studio.save_article(&user, id, current, &own, &typed, &Intent::Save).await
    };
    let page = format!("/studio/{id}/revisions/{version}");
    match restored.await {
        Ok(SaveOutcome::Saved(_) | SaveOutcome::Unchanged) => {
            Redirect::to(&format!("/studio/{id}?done=revision")).into_response()
        }
        Ok(SaveOutcome::Conflict) => match last_change(&state, &user, id).await {
            Ok(change) => {
                let error = Message::text("look-again-before-revision").with("change", change);
                form.again_with_status(&state, &page, StatusCode::CONFLICT, vec![("", error)]).await
            }
            Err(error) => error_page(&error),
        },
        Ok(SaveOutcome::Invalid(errors)) => {
            let errors = errors.into_iter().map(|(_, error)| ("", error)).collect();
            form.again(&state, &page, errors).await
        }
        Err(error) => error_page(&error),
    }
}

async fn last_change(state: &AppState, user: &User, id: ArticleId) -> Result<Message, Error> {
    let article = state.studio.editable(user, id).await?;
    state.studio.last_change(user, &article).await
}

/// `POST /studio/new/discard`: discards the unsaved text of a new article.
pub async fn discard_new(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    discard_of(&state, &user, NEW_ARTICLE, "/studio/new", &form).await
}

/// `POST /studio/{id}/discard`: discards the unsaved changes to an article.
pub async fn discard(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<ArticleId>,
    form: Form,
) -> Response {
    discard_of(&state, &user, id, &format!("/studio/{id}"), &form).await
}

/// Discards what the page showed. What was typed in another tab since then is kept.
async fn discard_of(
    state: &AppState,
    user: &User,
    id: ArticleId,
    page: &str,
    form: &Form,
) -> Response {
    match state.studio.discard(user, id, &editor_form(form)).await {
        Ok(true) => Redirect::to(&format!("{page}?done=discarded")).into_response(),
        Ok(false) => Redirect::to(&format!("{page}?done=kept")).into_response(),
        Err(error) => error_page(&error),
    }
}
