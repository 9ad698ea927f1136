//! The page where users manage their own account.

use axum::http::request::Parts;
use leptos::prelude::*;
use tower_sessions::Session;

use super::query::query;
use crate::components::article_list::Time;
use crate::components::form::{Field, FormErrors, Notice, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::accounts::SHORTEST_PASSWORD;
use crate::server::db::users::User;
use crate::server::request::identity::current_user;
use crate::server::sessions::{SessionName, SignedIn};
use crate::server::state::AppState;

/// `/account`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let title = format!("Your account · {}", site().title);
    let notice = query("changed").and_then(|changed| match changed.as_str() {
        "name" => Some("Name changed."),
        "password" => Some("Password changed. You are signed out everywhere else."),
        "sessions" => Some("Done. That session has ended."),
        _ => None,
    });
    let content = async move {
        let user = current_user(&parts)?;
        let current =
            parts.extensions.get::<Session>().and_then(Session::id).as_ref().map(SessionName::of);
        let sessions = state.accounts.sessions(&user).await?;
        let (this, others): (Vec<_>, Vec<_>) =
            sessions.into_iter().partition(|session| Some(&session.name) == current.as_ref());
        Ok(Content::new(
            Head::new(title),
            view! {
                <div class="narrow">
                <h1>"Your account"</h1>
                <p class="meta">
                    <span>{user.username.clone()}</span>
                    <span>{user.role.as_str()}</span>
                </p>
                {notice.map(|text| view! { <Notice text /> })}
                <NameForm user />
                <PasswordForm />
                <Sessions this others />
                </div>
            },
        ))
    };
    LoadedPage::of(false, content).await
}

#[component]
fn NameForm(user: User) -> impl IntoView {
    let sent = sent_form("/account/name");
    view! {
        <h2>"Name"</h2>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/account/name">
            <Field sent name="name" label="Your name" value=user.name autocomplete="name" hint="Shown in bylines." />
            <button type="submit" class="button">"Change name"</button>
        </form>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let sent = sent_form("/account/password");
    view! {
        <h2>"Password"</h2>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/account/password">
            <Field
                sent=sent.clone()
                name="password"
                label="Current password"
                kind="password"
                autocomplete="current-password"
            />
            <Field
                sent
                name="new_password"
                label="New password"
                kind="password"
                autocomplete="new-password"
                hint=format!("At least {SHORTEST_PASSWORD} characters. Signs you out everywhere else.")
            />
            <button type="submit" class="button">"Change password"</button>
        </form>
    }
}

#[component]
fn Sessions(this: Vec<SignedIn>, others: Vec<SignedIn>) -> impl IntoView {
    let all_others = (others.len() > 1).then(|| {
        view! {
            <form method="post" action="/account/sessions/end">
                <input type="hidden" name="session" value="others" />
                <button type="submit" class="button">"End all other sessions"</button>
            </form>
        }
    });
    let this = this
        .into_iter()
        .map(|session| view! { <SessionItem session is_this=true /> })
        .collect_view();
    let others = others
        .into_iter()
        .map(|session| view! { <SessionItem session is_this=false /> })
        .collect_view();
    view! {
        <h2>"Where you are signed in"</h2>
        <ul class="sessions">{this} {others}</ul>
        {all_others}
    }
}

#[component]
fn SessionItem(session: SignedIn, is_this: bool) -> impl IntoView {
    let handle = session.handle();
    let browser = if session.user_agent.is_empty() {
        "Unknown browser".to_owned()
    } else {
        session.user_agent
    };
    let end = (!is_this).then(|| {
        view! {
            <form method="post" action="/account/sessions/end">
                <input type="hidden" name="session" value=handle.clone() />
                <button type="submit" class="link-button" aria-describedby=format!("session-{handle}")>
                    "End session"
                </button>
            </form>
        }
    });
    view! {
        <li>
            <p class="session-browser" id=format!("session-{handle}")>{browser}</p>
            <p class="meta">
                {is_this.then(|| view! { <strong>"This browser"</strong> })}
                <span>"since " <Time at=session.started_at /></span>
            </p>
            {end}
        </li>
    }
}
