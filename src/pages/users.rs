//! User management, for administrators.

use axum::http::request::Parts;
use leptos::prelude::*;

use super::query::{page_number, query};
use crate::components::article_list::{Pagination, Time};
use crate::components::form::{Confirm, Field, FormErrors, Notice, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::config::SignUp;
use crate::server::db::actor::Role;
use crate::server::db::invitations::Invitation;
use crate::server::db::users::User;
use crate::server::request::forms::Secret;
use crate::server::request::identity::current_user;
use crate::server::state::AppState;
use crate::text::language;

/// Users per page.
const PER_PAGE: i64 = 50;

/// `/users`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let secret = use_context::<Secret>();
    let number = page_number();
    let title = format!("{} · {}", language().text("users"), site().title);
    let notice = query("changed").and_then(|changed| match changed.as_str() {
        "role" => Some(language().text("role-changed")),
        "blocked" => Some(language().text("user-blocked")),
        "invitation" => Some(language().text("invitation-revoked")),
        _ => None,
    });
    let content = async move {
        let admin = current_user(&parts)?;
        let users = state.database.users(number?, PER_PAGE).await?;
        let can_invite = state.config.accounts.sign_up == SignUp::Invite;
        let invitations = if can_invite { state.accounts.invitations().await? } else { vec![] };
        let rows = users
            .items
            .into_iter()
            .map(|user| {
                let is_self = user.id == admin.id;
                view! { <UserRow user is_self /> }
            })
            .collect_view();
        let pages = (users.pages > 1).then(
            || view! { <Pagination page=users.page pages=users.pages path="/users?".to_owned() /> },
        );
        Ok(Content::new(
            Head::new(title),
            view! {
                <h1>{language().text("users")}</h1>
                {notice.map(|text| view! { <Notice text /> })}
                {secret.map(|secret| view! { <SecretNote secret /> })}
                <div class="table-frame" tabindex="0" role="region" aria-label=language().text("users")>
                    <table class="table users-table">
                        <thead>
                            <tr>
                                <th scope="col">{language().text("user-name")}</th>
                                <th scope="col">{language().text("display-name")}</th>
                                <th scope="col">{language().text("role")}</th>
                                <th scope="col">{language().text("sign-in-column")}</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {pages}
                <AddForm />
                {can_invite.then(|| view! { <Invitations invitations /> })}
            },
        ))
    };
    LoadedPage::of(false, content).await
}

#[component]
fn RoleOptions(chosen: Role) -> impl IntoView {
    Role::ALL
        .into_iter()
        .map(|role| view! { <option value=role.as_str() selected=role == chosen>{language().role(role)}</option> })
        .collect_view()
}

#[component]
fn UserRow(user: User, is_self: bool) -> impl IntoView {
    let User { username, name, role, password_hash, .. } = user;
    let action = |what: &str| format!("/users/{username}/{what}");
    let about = |text: &str| language().with(text, [("name", (&username).into())]);
    let can_sign_in = password_hash.is_some();
    let role_cell = if is_self {
        let role = language().role(role);
        view! { <span>{language().with("role-of-yourself", [("role", role.into())])}</span> }
            .into_any()
    } else {
        view! {
            <form method="post" action=action("role") class="row-form">
                <select name="role" aria-label=about("role-of")>
                    <RoleOptions chosen=role />
                </select>
                <button type="submit" class="link-button" aria-label=about("change-role-of")>
                    {language().text("change-role")}
                </button>
            </form>
        }
        .into_any()
    };
    let password = (!is_self).then(|| {
        if !can_sign_in {
            return view! {
                <form method="post" action=action("password")>
                    <button type="submit" class="link-button" aria-label=about("set-password-of")>
                        {language().text("set-password")}
                    </button>
                </form>
            }
            .into_any();
        }
        view! {
            <Confirm
                action=action("password")
                label=language().text("new-password")
                of=about("for-user")
                text=language().text("replacing-password")
                button=about("replace-password-of")
            />
        }
        .into_any()
    });
    let block = (can_sign_in && !is_self).then(|| {
        view! {
            <Confirm
                action=action("block")
                label=language().text("block")
                of=username.clone()
                text=language().text("blocking")
                button=about("block-user")
            />
        }
    });
    view! {
        <tr>
            <th scope="row">{username.clone()}</th>
            <td>{name}</td>
            <td>{role_cell}</td>
            <td>
                <div class="row-form">
                    {(!can_sign_in).then(|| view! { <span>{language().text("cannot-sign-in")}</span> })}
                    {password}
                    {block}
                </div>
            </td>
        </tr>
    }
}

/// A new password or invitation link. It is shown only once.
#[component]
fn SecretNote(secret: Secret) -> impl IntoView {
    let (text, secret) = match secret {
        Secret::Password { username, password } => {
            (language().with("new-password-once", [("name", username.into())]), password)
        }
        Secret::Invitation { address } => (language().text("invitation-once"), address),
    };
    view! {
        <div class="notice" role="status">
            <p>{text}</p>
            <p><code class="secret">{secret}</code></p>
        </div>
    }
}

#[component]
fn AddForm() -> impl IntoView {
    let sent = sent_form("/users");
    let chosen = sent
        .value("role")
        .and_then(|role| Role::try_from(role.to_owned()).ok())
        .unwrap_or(Role::Author);
    view! {
        <section class="narrow-start">
            <h2>{language().text("add-user-heading")}</h2>
            <FormErrors sent=sent.clone() />
            <form class="form" method="post" action="/users">
                <Field
                    sent=sent.clone()
                    name="username"
                    label=language().text("user-name")
                    hint=language().text("user-name-hint")
                />
                <Field sent name="name" label=language().text("display-name") hint=language().text("byline-or-user-name-hint") optional=true />
                <label for="role">{language().text("role")}</label>
                <select id="role" name="role">
                    <RoleOptions chosen />
                </select>
                <button type="submit" class="button button-primary">{language().text("add-user")}</button>
            </form>
        </section>
    }
}

#[component]
fn Invitations(invitations: Vec<Invitation>) -> impl IntoView {
    let items = invitations
        .into_iter()
        .map(|invitation| {
            let role = language().role_in_sentence(invitation.role);
            let (before, after) = language().around_with(
                "invitation-of",
                "time",
                [("role", role.into()), ("inviter", invitation.inviter.into())],
            );
            view! {
                <li>
                    <form method="post" action="/users/invitations/delete" class="row-form">
                        <span>{before} <Time at=invitation.expires_at /> {after}</span>
                        <input type="hidden" name="invitation" value=invitation.token_hash />
                        <button type="submit" class="link-button">{language().text("revoke")}</button>
                    </form>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="narrow-start">
            <h2>{language().text("invitations")}</h2>
            <p>{language().text("invitations-explained")}</p>
            <ul>{items}</ul>
            <form class="form" method="post" action="/users/invitations">
                <label for="invitation-role">{language().text("invite-as")}</label>
                <select id="invitation-role" name="role">
                    <RoleOptions chosen=Role::Author />
                </select>
                <button type="submit" class="button">{language().text("create-invitation")}</button>
            </form>
        </section>
    }
}
