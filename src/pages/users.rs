//! User management, for administrators.

use axum::http::request::Parts;
use leptos::prelude::*;

use super::query::{page_number, query};
use crate::components::article_list::{Pagination, Time};
use crate::components::form::{Confirm, Field, FormErrors, Notice, sent_form};
use crate::components::page::{Content, Head, LoadedPage, site};
use crate::server::config::SignUp;
use crate::server::db::invitations::Invitation;
use crate::server::db::users::{Role, User};
use crate::server::request::forms::Secret;
use crate::server::request::identity::current_user;
use crate::server::state::AppState;

/// Users per page.
const PER_PAGE: i64 = 50;

/// `/users`
pub async fn page() -> LoadedPage {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let secret = use_context::<Secret>();
    let number = page_number();
    let title = format!("Users · {}", site().title);
    let notice = query("changed").and_then(|changed| match changed.as_str() {
        "role" => Some("Role changed."),
        "blocked" => {
            Some("User blocked. They can't sign in any more and are signed out everywhere.")
        }
        "invitation" => Some("Invitation revoked."),
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
                <h1>"Users"</h1>
                {notice.map(|text| view! { <Notice text /> })}
                {secret.map(|secret| view! { <SecretNote secret /> })}
                <div class="table-frame" tabindex="0" role="region" aria-label="Users">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"User name"</th>
                                <th scope="col">"Name"</th>
                                <th scope="col">"Role"</th>
                                <th scope="col">"Sign-in"</th>
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
        .map(|role| view! { <option value=role.as_str() selected=role == chosen>{role.as_str()}</option> })
        .collect_view()
}

#[component]
fn UserRow(user: User, is_self: bool) -> impl IntoView {
    let User { username, name, role, password_hash, .. } = user;
    let action = |what: &str| format!("/users/{username}/{what}");
    let can_sign_in = password_hash.is_some();
    let role_cell = if is_self {
        view! { <span>{role.as_str()} " (you)"</span> }.into_any()
    } else {
        view! {
            <form method="post" action=action("role") class="row-form">
                <select name="role" aria-label=format!("Role of {username}")>
                    <RoleOptions chosen=role />
                </select>
                <button type="submit" class="link-button" aria-label=format!("Change the role of {username}")>
                    "Change"
                </button>
            </form>
        }
        .into_any()
    };
    let password = (!is_self).then(|| {
        if !can_sign_in {
            return view! {
                <form method="post" action=action("password")>
                    <button type="submit" class="link-button" aria-label=format!("Set a password for {username}")>
                        "Set a password"
                    </button>
                </form>
            }
            .into_any();
        }
        view! {
            <Confirm
                action=action("password")
                label="New password"
                of=format!("for {username}")
                text="The old password stops working at once, and all of the user's sessions end."
                button=format!("Replace the password of {username}")
            />
        }
        .into_any()
    });
    let block = (can_sign_in && !is_self).then(|| {
        view! {
            <Confirm
                action=action("block")
                label="Block"
                of=username.clone()
                text="The user is signed out everywhere and can't sign in until you set a new password."
                button=format!("Block {username}")
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
                    {(!can_sign_in).then(|| view! { <span>"can't"</span> })}
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
            (format!("{username} can sign in with this password. It won't be shown again:"), password)
        }
        Secret::Invitation { address } => {
            ("Anyone with this link can create one account within seven days. It won't be shown again:".into(), address)
        }
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
            <h2>"Add a user"</h2>
            <FormErrors sent=sent.clone() />
            <form class="form" method="post" action="/users">
                <Field
                    sent=sent.clone()
                    name="username"
                    label="User name"
                    hint="For signing in: lower-case letters, digits and hyphens."
                />
                <Field sent name="name" label="Name" hint="Shown in bylines. If empty, the user name is used." optional=true />
                <label for="role">"Role"</label>
                <select id="role" name="role">
                    <RoleOptions chosen />
                </select>
                <button type="submit" class="button button-primary">"Add user"</button>
            </form>
        </section>
    }
}

#[component]
fn Invitations(invitations: Vec<Invitation>) -> impl IntoView {
    let items = invitations
        .into_iter()
        .map(|invitation| {
            view! {
                <li>
                    <form method="post" action="/users/invitations/delete" class="row-form">
                        <span>
                            {format!("For {} by {}, until ", invitation.role.with_article(), invitation.inviter)}
                            <Time at=invitation.expires_at />
                        </span>
                        <input type="hidden" name="invitation" value=invitation.token_hash />
                        <button type="submit" class="link-button">"Revoke"</button>
                    </form>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="narrow-start">
            <h2>"Invitations"</h2>
            <p>"Each invitation works once, within seven days, and until the password of the person who created it changes."</p>
            <ul>{items}</ul>
            <form class="form" method="post" action="/users/invitations">
                <label for="invitation-role">"Invite someone as"</label>
                <select id="invitation-role" name="role">
                    <RoleOptions chosen=Role::Author />
                </select>
                <button type="submit" class="button">"Create invitation"</button>
            </form>
        </section>
    }
}
