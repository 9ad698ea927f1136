//! Handlers for the forms of the studio.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use leptos::prelude::provide_context;

use super::form_page::render_again;
use crate::model::draft::Typed;
use crate::server::request::error_page::error_page;
use crate::server::request::forms::{Conflict, Form};
use crate::server::request::identity::CurrentUser;
use crate::server::state::AppState;
use crate::server::studio::{Intent, SaveOutcome};

fn typed_in(form: &Form) -> Typed {
    Typed {
        title: form.line("title"),
        slug: form.line("slug"),
        summary: form.line("summary"),
        tags: form.line("tags"),
        cover: form.line("cover"),
        markdown: form.text("markdown"),
    }
}

fn intent(form: &Form) -> Intent {
    match form.line("intent").as_str() {
        "publish" => Intent::Publish,
        "schedule" => Intent::Schedule(form.line("published_at")),
        "unpublish" => Intent::Unpublish,
        _ => Intent::Save,
    }
}

fn done(intent: &Intent) -> &'static str {
    match intent {
        Intent::Save => "saved",
        Intent::Publish => "published",
        Intent::Schedule(_) => "scheduled",
        Intent::Unpublish => "unpublished",
    }
}

/// `POST /studio/new`: saves a new article.
pub async fn create(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    form: Form,
) -> Response {
    let intent = intent(&form);
    match state.studio.create_article(&user, &typed_in(&form), &intent).await {
        Ok(Ok(id)) => Redirect::to(&format!("/studio/{id}?done={}", done(&intent))).into_response(),
        Ok(Err(errors)) => form.again(&state, "/studio/new", errors).await,
        Err(error) => form.keep(&state, error).await,
    }
}

/// `POST /studio/{id}`: saves an article, unless somebody else has saved it since the form was
/// opened. In that case both texts are shown, so nothing is lost.
pub async fn save(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
    form: Form,
) -> Response {
    let page = format!("/studio/{id}");
    let intent = intent(&form);
    // Versions start at 1, so a form without one is always a conflict.
    let version = form.number("version").unwrap_or(0);
    match state.studio.save_article(&user, id, version, &typed_in(&form), &intent).await {
        Ok(SaveOutcome::Saved(_)) => {
            Redirect::to(&format!("{page}?done={}", done(&intent))).into_response()
        }
        Ok(SaveOutcome::Unchanged(_)) => {
            Redirect::to(&format!("{page}?done=unchanged")).into_response()
        }
        Ok(SaveOutcome::Conflict(_)) => {
            render_again(&state, form, &page, StatusCode::CONFLICT, vec![], || {
                provide_context(Conflict)
            })
            .await
        }
        Ok(SaveOutcome::Invalid(errors)) => form.again(&state, &page, errors).await,
        Err(error) => form.keep(&state, error).await,
    }
}

/// `POST /studio/{id}/bin`: moves an article to the bin.
pub async fn bin(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
) -> Response {
    match state.studio.bin_article(&user, id, true).await {
        Ok(()) => Redirect::to("/studio?done=bin").into_response(),
        Err(error) => error_page(&error),
    }
}

/// `POST /studio/{id}/restore`: takes an article out of the bin.
pub async fn restore(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
) -> Response {
    match state.studio.bin_article(&user, id, false).await {
        Ok(()) => Redirect::to(&format!("/studio/{id}?done=restored")).into_response(),
        Err(error) => error_page(&error),
    }
}

/// `POST /studio/{id}/revisions/{version}/restore`: saves a revision's content as a new version.
pub async fn restore_revision(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path((id, version)): Path<(i64, i64)>,
    form: Form,
) -> Response {
    let restored = async {
        let (revision, _) = state.studio.revision(&user, id, version).await?;
        let current = form.number("version").unwrap_or(0);
        let typed = state.studio.typed_of_revision(&revision).await?;
        state.studio.save_article(&user, id, current, &typed, &Intent::Save).await
    };
    let page = format!("/studio/{id}/revisions/{version}");
    match restored.await {
        Ok(SaveOutcome::Saved(_) | SaveOutcome::Unchanged(_)) => {
            Redirect::to(&format!("/studio/{id}?done=revision")).into_response()
        }
        Ok(SaveOutcome::Conflict(_)) => {
            let text = "This article was changed since you opened this page. Look at it again before you restore.";
            form.again_with_status(&state, &page, StatusCode::CONFLICT, vec![("", text.into())])
                .await
        }
        Ok(SaveOutcome::Invalid(errors)) => {
            let errors = errors.into_iter().map(|(_, error)| ("", error)).collect();
            form.again(&state, &page, errors).await
        }
        Err(error) => error_page(&error),
    }
}

/// `POST /studio/new/discard`: discards the unsaved text of a new article.
pub async fn discard_new(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
) -> Response {
    match state.database.delete_draft(user.actor(), 0).await {
        Ok(()) => Redirect::to("/studio/new").into_response(),
        Err(error) => error_page(&error.into()),
    }
}

/// `POST /studio/{id}/discard`: discards the unsaved changes to an article.
pub async fn discard(
    State(state): State<AppState>,
    CurrentUser(user): CurrentUser,
    Path(id): Path<i64>,
) -> Response {
    match state.database.delete_draft(user.actor(), id).await {
        Ok(()) => Redirect::to(&format!("/studio/{id}?done=discarded")).into_response(),
        Err(error) => error_page(&error.into()),
    }
}
