//! The sign-up page.

use leptos::prelude::*;

use super::query::query;
use crate::components::form::{Field, FormErrors, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::accounts::SHORTEST_PASSWORD;
use crate::server::state::AppState;

/// `/sign-up?invitation=&next=&intent=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let sent = sent_form("/sign-up");
    let invitation = query("invitation").unwrap_or_default();
    // What to do and where to go afterwards.
    let [next, intent] = ["next", "intent"]
        .map(|name| sent.value(name).map(str::to_owned).or_else(|| query(name)))
        .map(|value| value.filter(|value| !value.is_empty()));
    let title = format!("Sign up · {}", site().title);
    let content = async move {
        let role =
            state.accounts.role_of_sign_up(state.config.accounts.sign_up, &invitation).await?;
        Ok(Content::new(
            Head::hidden(title),
            view! {
                <div class="narrow">
                <h1>"Sign up"</h1>
                <p>{format!("You will be {} of {}.", role.with_article(), site().title)}</p>
                <FormErrors sent=sent.clone() />
                <form class="form" method="post" action="/sign-up">
                    <input type="hidden" name="invitation" value=invitation />
                    {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
                    {intent.map(|intent| view! { <input type="hidden" name="intent" value=intent /> })}
                    <Field
                        sent=sent.clone()
                        name="username"
                        label="User name"
                        autocomplete="username"
                        hint="For signing in: lower-case letters, digits and hyphens."
                    />
                    <Field sent=sent.clone() name="name" label="Name" autocomplete="name" hint="Shown to others." />
                    <Field
                        sent
                        name="new_password"
                        label="Password"
                        kind="password"
                        autocomplete="new-password"
                        hint=format!("At least {SHORTEST_PASSWORD} characters.")
                    />
                    <button type="submit" class="button button-primary">"Sign up"</button>
                </form>
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}
