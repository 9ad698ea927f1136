//! The sign-up page.

use leptos::prelude::*;

use super::query::query;
use crate::components::form::{Field, FormErrors, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::accounts::passwords::SHORTEST_PASSWORD;
use crate::server::state::AppState;
use crate::text::language;

/// `/sign-up?invitation=&next=&intent=`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let sent = sent_form("/sign-up");
    let invitation = query("invitation").unwrap_or_default();
    // What to do and where to go afterwards.
    let [next, intent] = ["next", "intent"]
        .map(|name| sent.value(name).map(str::to_owned).or_else(|| query(name)))
        .map(|value| value.filter(|value| !value.is_empty()));
    let title = format!("{} · {}", language().text("sign-up"), site().title);
    let content = async move {
        let role =
            state.accounts.role_of_sign_up(state.config.accounts.sign_up, &invitation).await?;
        let role = language().role_in_sentence(role);
        let you_will_be = language()
            .with("you-will-be", [("role", role.into()), ("title", (&site().title).into())]);
        Ok(Content::new(
            Head::hidden(title),
            view! {
                <div class="narrow">
                <h1>{language().text("sign-up")}</h1>
                <p>{you_will_be}</p>
                <FormErrors sent=sent.clone() />
                <form class="form" method="post" action="/sign-up">
                    <input type="hidden" name="invitation" value=invitation />
                    {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
                    {intent.map(|intent| view! { <input type="hidden" name="intent" value=intent /> })}
                    <Field
                        sent=sent.clone()
                        name="username"
                        label=language().text("user-name")
                        autocomplete="username"
                        hint=language().text("user-name-hint")
                    />
                    <Field sent=sent.clone() name="name" label=language().text("display-name") autocomplete="name" hint=language().text("display-name-hint") />
                    <Field
                        sent
                        name="new_password"
                        label=language().text("password")
                        kind="password"
                        autocomplete="new-password"
                        hint=language().with("password-hint", [("count", SHORTEST_PASSWORD.into())])
                    />
                    <button type="submit" class="button button-primary">{language().text("sign-up")}</button>
                </form>
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}
