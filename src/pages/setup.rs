//! The page that makes the administrator of a new blog.

use leptos::prelude::*;

use super::query::query;
use crate::components::form::{Field, FormErrors, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::accounts::passwords::SHORTEST_PASSWORD;
use crate::server::accounts::setup::no_setup;
use crate::server::state::AppState;
use crate::text::language;

/// `/setup?token=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("{} · {}", language().text("setup"), site().title);
    let form = view! { <div class="narrow"><SetupForm /></div> };
    let content = async move {
        if !state.accounts.is_setup_open().await? {
            return Err(no_setup());
        }
        Ok(Content::new(Head::hidden(title), form))
    };
    LoadedPage::of(false, content).await
}

/// The form for the administrator's account and the token.
#[component]
pub fn SetupForm() -> impl IntoView {
    let sent = sent_form("/setup");
    let token = query("token").unwrap_or_default();
    view! {
        <h1>{language().text("make-administrator")}</h1>
        <p>{language().text("nobody-can-sign-in")}</p>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/setup">
            <Field
                sent=sent.clone()
                name="token"
                label=language().text("setup-token")
                value=token
                hint=language().text("setup-token-hint")
            />
            <Field
                sent=sent.clone()
                name="username"
                label=language().text("user-name")
                autocomplete="username"
                hint=language().text("setup-user-name-hint")
            />
            <Field
                sent=sent.clone()
                name="name"
                label=language().text("display-name")
                autocomplete="name"
                hint=language().text("byline-or-user-name-hint")
                optional=true
            />
            <Field
                sent
                name="new_password"
                label=language().text("password")
                kind="password"
                autocomplete="new-password"
                hint=language().with("password-hint", [("count", SHORTEST_PASSWORD.into())])
            />
            <button type="submit" class="button button-primary">{language().text("make-administrator")}</button>
        </form>
    }
}
