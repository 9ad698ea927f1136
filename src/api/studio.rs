//! What the editor calls while an author types.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::draft::{KeptDraft, Typed};
use crate::error::Error;

/// Renders the article (0: a new one) as readers would see it and returns the HTML.
///
/// # Errors
/// [`Error::Unauthorized`], [`Error::Forbidden`]; [`Error::NotFound`] if the user may not edit the
/// article; [`Error::TooLarge`] if the text is too long; database errors.
#[server(prefix = "/api/islands", endpoint = "studio-preview", output = Json)]
pub async fn preview(article: i64, typed: Typed) -> Result<String, Error> {
    use axum::http::request::Parts;
    use tidemark_counting::ArticleId;

    use crate::components::article_body::ArticleBody;
    use crate::server::request::identity::current_user;
    use crate::server::state::AppState;
    use crate::text::language;
    let user = current_user(&expect_context::<Parts>())?;
    let preview =
        expect_context::<AppState>().studio.preview(&user, ArticleId(article), &typed).await;
    let (content, notes) = super::answer_reader(preview)?;
    let notes = notes.into_iter().map(|note| language().note(note));
    let notes = notes.map(|text| view! { <p class="notice">{text}</p> }).collect_view();
    Ok(view! { {notes} <ArticleBody content /> }.to_html())
}

/// Stores the typed text as the draft of the form `key` of an article (0: a new one) that was
/// opened at `version`. Returns `None`, and stores nothing, if that form was saved or discarded
/// since.
///
/// # Errors
/// [`Error::BadRequest`] if the key is none; otherwise same as [`preview`].
#[server(prefix = "/api/islands", endpoint = "studio-keep-draft", output = Json)]
pub async fn keep_draft(
    article: i64,
    version: i64,
    #[server(default)] key: String,
    typed: Typed,
) -> Result<Option<KeptDraft>, Error> {
    use axum::http::request::Parts;
    use tidemark_counting::ArticleId;

    use crate::server::request::identity::current_user;
    use crate::server::state::AppState;
    use crate::text::language;
    let user = current_user(&expect_context::<Parts>())?;
    let state = expect_context::<AppState>();
    let kept = state.studio.keep_draft(&user, ArticleId(article), version, &key, &typed).await;
    let kept = super::answer_reader(kept)?;
    // In words, because the browser has no texts.
    Ok(kept.map(|KeptDraft { saved_at, changed }| KeptDraft {
        saved_at,
        changed: changed.map(|change| language().say(&change).into()),
    }))
}
