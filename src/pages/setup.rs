//! The page that makes the administrator of a new blog.

use leptos::prelude::*;

use super::query::query;
use crate::components::form::{Field, FormErrors, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::accounts::SHORTEST_PASSWORD;
use crate::server::accounts::setup::no_setup;
use crate::server::state::AppState;

/// `/setup?token=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let title = format!("Setup · {}", site().title);
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
        <h1>"Make the administrator"</h1>
        <p>"Nobody can sign in to this blog yet. This account will be able to do everything."</p>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/setup">
            <Field
                sent=sent.clone()
                name="token"
                label="Token"
                value=token
                hint="Tidemark prints it on the terminal when it starts."
            />
            <Field
                sent=sent.clone()
                name="username"
                label="User name"
                autocomplete="username"
                hint="For signing in: lower-case letters, digits and hyphens. If your articles were imported, take the name that they give you."
            />
            <Field
                sent=sent.clone()
                name="name"
                label="Name"
                autocomplete="name"
                hint="Shown in bylines. If empty, the user name is used."
                optional=true
            />
            <Field
                sent
                name="new_password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                hint=format!("At least {SHORTEST_PASSWORD} characters.")
            />
            <button type="submit" class="button button-primary">"Make the administrator"</button>
        </form>
    }
}
