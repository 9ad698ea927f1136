//! What the editor asks while somebody types.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::error::Error;
use crate::model::draft::Typed;

/// The article (0: a new one) as readers would see it, as HTML.
///
/// # Errors
/// [`Error::Unauthorized`], [`Error::Forbidden`]; [`Error::NotFound`] for whoever may not edit the
/// article.
#[server(prefix = "/api/islands", endpoint = "studio-preview", output = Json)]
pub async fn preview(article: i64, typed: Typed) -> Result<String, Error> {
    use axum::http::request::Parts;

    use crate::components::article_body::ArticleBody;
    use crate::server::request::identity::current_user;
    use crate::server::state::AppState;
    let user = current_user(&expect_context::<Parts>())?;
    let preview = expect_context::<AppState>().preview(&user, article, &typed).await;
    let (content, notes) = super::answer(preview)?;
    let notes = notes.into_iter().map(|text| view! { <p class="notice">{text}</p> }).collect_view();
    Ok(view! { {notes} <ArticleBody content /> }.to_html())
}

/// Keeps what was typed for an article (0: a new one) that is at `version`. False if the same user
/// has saved since.
///
/// # Errors
/// As [`preview`].
#[server(prefix = "/api/islands", endpoint = "studio-keep-draft", output = Json)]
pub async fn keep_draft(article: i64, version: i64, typed: Typed) -> Result<bool, Error> {
    use axum::http::request::Parts;

    use crate::server::request::identity::current_user;
    use crate::server::state::AppState;
    let user = current_user(&expect_context::<Parts>())?;
    super::answer(expect_context::<AppState>().keep_draft(&user, article, version, &typed).await)
}
