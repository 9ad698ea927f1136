//! The page where users manage their own account.

use axum::http::request::Parts;
use leptos::prelude::*;
use tower_sessions::Session;

use super::query::query;
use crate::components::article_list::Time;
use crate::components::form::{Field, FormErrors, Notice, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::components::profile_forms::{AboutForm, AvatarForm, TimeZoneForm};
use crate::server::accounts::passwords::SHORTEST_PASSWORD;
use crate::server::db::users::User;
use crate::server::request::identity::current_user;
use crate::server::sessions::{SessionName, SignedIn};
use crate::server::state::AppState;
use crate::text::language;

/// `/account`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let title = format!("{} · {}", language().text("your-account"), site().title);
    let notice = query("changed").and_then(|changed| match changed.as_str() {
        "name" => Some(language().text("name-changed")),
        "about" => Some(language().text("about-changed")),
        "time-zone" => Some(language().text("time-zone-changed")),
        "avatar" => Some(language().text("avatar-changed")),
        "no-avatar" => Some(language().text("avatar-removed")),
        "password" => Some(language().text("password-changed")),
        "sessions" => Some(language().text("session-ended")),
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
                <h1>{language().text("your-account")}</h1>
                <p class="meta">
                    <span>{user.username.clone()}</span>
                    <span>{language().role(user.role)}</span>
                </p>
                {notice.map(|text| view! { <Notice text /> })}
                <NameForm user=user.clone() />
                <AboutForm user=user.clone() />
                <AvatarForm user=user.clone() />
                <TimeZoneForm user />
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
        <h2>{language().text("display-name")}</h2>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/account/name">
            <Field sent name="name" label=language().text("your-name") value=user.name autocomplete="name" hint=language().text("byline-hint") />
            <button type="submit" class="button">{language().text("change-name")}</button>
        </form>
    }
}

#[component]
fn PasswordForm() -> impl IntoView {
    let sent = sent_form("/account/password");
    view! {
        <h2>{language().text("password")}</h2>
        <FormErrors sent=sent.clone() />
        <form class="form" method="post" action="/account/password">
            <Field
                sent=sent.clone()
                name="password"
                label=language().text("current-password")
                kind="password"
                autocomplete="current-password"
            />
            <Field
                sent
                name="new_password"
                label=language().text("new-password")
                kind="password"
                autocomplete="new-password"
                hint=language().with("new-password-hint", [("count", SHORTEST_PASSWORD.into())])
            />
            <button type="submit" class="button">{language().text("change-password")}</button>
        </form>
    }
}

#[component]
fn Sessions(this: Vec<SignedIn>, others: Vec<SignedIn>) -> impl IntoView {
    let all_others = (others.len() > 1).then(|| {
        view! {
            <form method="post" action="/account/sessions/end">
                <input type="hidden" name="session" value="others" />
                <button type="submit" class="button">{language().text("end-other-sessions")}</button>
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
        <h2>{language().text("where-signed-in")}</h2>
        <ul class="sessions">{this} {others}</ul>
        {all_others}
    }
}

#[component]
fn SessionItem(session: SignedIn, is_this: bool) -> impl IntoView {
    let handle = session.handle();
    let browser = if session.user_agent.is_empty() {
        language().text("unknown-browser")
    } else {
        session.user_agent
    };
    let end = (!is_this).then(|| {
        view! {
            <form method="post" action="/account/sessions/end">
                <input type="hidden" name="session" value=handle.clone() />
                <button type="submit" class="link-button" aria-describedby=format!("session-{handle}")>
                    {language().text("end-session")}
                </button>
            </form>
        }
    });
    let (before, after) = language().around("signed-in-since", "time");
    view! {
        <li>
            <p class="session-browser" id=format!("session-{handle}")>{browser}</p>
            <p class="meta">
                {is_this.then(|| view! { <strong>{language().text("this-browser")}</strong> })}
                <span>{before} <Time at=session.started_at /> {after}</span>
            </p>
            {end}
        </li>
    }
}
