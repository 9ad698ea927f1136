//! The sign-in page.

use leptos::prelude::*;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::query::query;
use super::setup::SetupForm;
use crate::components::form::{Field, FormErrors, sent_form, textarea_text};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::error::Error;
use crate::server::config::SignUp;
use crate::server::reactions::Wish;
use crate::server::request::forms::KeptForm;
use crate::server::state::AppState;
use crate::text::language;

/// `/login?next=&intent=`. `intent` is the reaction that is set after the sign-in. While nobody can
/// sign in, it shows the form that makes the administrator.
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let sent = sent_form("/login");
    let next = sent.value("next").map(str::to_owned).or_else(|| query("next")).unwrap_or_default();
    let intent =
        sent.value("intent").map(str::to_owned).or_else(|| query("intent")).unwrap_or_default();
    let wish = Wish::parse(&intent, &next);
    let (title, button) = match &wish {
        Some(wish) => sign_in_to(&state, wish).await,
        None => None,
    }
    .unwrap_or_else(|| (language().text("sign-in"), "sign-in"));
    let sign_up = match &wish {
        Some(_) => format!(
            "/sign-up?next={}&intent={intent}",
            utf8_percent_encode(&next, NON_ALPHANUMERIC)
        ),
        None => "/sign-up".to_owned(),
    };
    let is_open = state.config.accounts.sign_up == SignUp::Open;
    let kept = use_context::<KeptForm>();
    let is_setup = state.accounts.is_setup_open().await.unwrap_or(false);
    let content = match kept {
        Some(kept) => view! { <SendAgain kept /> }.into_any(),
        None if is_setup => view! { <SetupForm /> }.into_any(),
        None => view! {
            <h1>{title}</h1>
            <FormErrors sent=sent.clone() />
            <form class="form" method="post" action="/login">
                <input type="hidden" name="next" value=next />
                {wish.map(|_| view! { <input type="hidden" name="intent" value=intent /> })}
                <Field sent=sent.clone() name="username" label=language().text("user-name") autocomplete="username" />
                <Field sent name="password" label=language().text("password") kind="password" autocomplete="current-password" />
                <button type="submit" class="button button-primary">{language().text(button)}</button>
            </form>
            {is_open.then(|| view! { <p>{language().text("no-account-yet")} " " <a href=sign_up>{language().text("sign-up")}</a></p> })}
        }
        .into_any(),
    };
    let head = Head::hidden(format!("{} · {}", language().text("sign-in"), site().title));
    let content = Content::new(head, view! { <div class="narrow">{content}</div> });
    LoadedPage::of(false, async move { Ok(content) }).await
}

/// The title of the page and its button, for somebody who wants to set a reaction; `None` if there
/// is no such article or author.
async fn sign_in_to(state: &AppState, wish: &Wish) -> Option<(String, &'static str)> {
    let language = language();
    let article = async |slug: &str| {
        let article = state.articles.one_as_stored(slug).await.ok().flatten()?;
        Some(article.summary.title)
    };
    Some(match wish {
        Wish::Like(slug) => {
            let title = article(slug).await?;
            (language.with("sign-in-to-like", [("title", (&title).into())]), "sign-in-and-like")
        }
        Wish::Collect(slug) => {
            let title = article(slug).await?;
            (language.with("sign-in-to-save", [("title", (&title).into())]), "sign-in-and-save")
        }
        Wish::Follow(username) => {
            let now = state.clock.now();
            let author = state.database.author(username, now).await.ok().flatten()?;
            let title = language.with("sign-in-to-follow", [("name", (&author.name).into())]);
            (title, "sign-in-and-follow")
        }
    })
}

/// Holds a form that could not be accepted, for example because the session has ended, so that the
/// user can submit it again.
#[component]
fn SendAgain(kept: KeptForm) -> impl IntoView {
    let fields = kept
        .fields
        .into_iter()
        .map(
            |(name, value)| view! { <textarea name=name hidden>{textarea_text(&value)}</textarea> },
        )
        .collect_view();
    let (title, advice) = match &kept.reason {
        Error::Unauthorized => {
            let (before, after) = language().around("sign-in-then-send-again", "link");
            let advice = view! {
                {before}
                <a href="/login" target="_blank">{language().text("sign-in-in-new-tab")}</a>
                {after}
            };
            (language().text("signed-out"), advice.into_any())
        }
        reason => {
            let reason = language().error(reason);
            let advice = language().with("then-send-again", [("reason", reason.into())]);
            (language().text("did-not-work"), advice.into_any())
        }
    };
    view! {
        <h1>{title}</h1>
        <p role="alert">{language().text("nothing-typed-is-lost")} " " {advice}</p>
        <form class="form" method="post" action=kept.action>
            {fields}
            <button type="submit" class="button button-primary">{language().text("send-again")}</button>
        </form>
    }
}
