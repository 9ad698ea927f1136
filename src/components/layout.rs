//! What is around every page's content.

use axum::http::StatusCode;
use axum::http::request::Parts;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

use super::sidebar::Sidebar;
use super::theme_toggle::ThemeToggle;
use crate::error::Error;
use crate::server::db::users::Role;
use crate::server::http::identity::signed_in_user;
use crate::server::state::AppState;

/// The mark: a tide line on a staff.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <path d="M16 3v26M10 7h6M10 13h6M10 25h6" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" />
            <path
                class="mark-wave"
                d="M2 19c3-3 6-3 9 0s6 3 9 0 6-3 10 0"
                fill="none"
                stroke="currentColor"
                stroke-width="3"
                stroke-linecap="round"
            />
        </svg>
    }
}

/// The page's title. leptos_meta writes a title into the page as it is, so what an author called an article has to be escaped.
#[component]
pub fn PageTitle(
    /// Plain text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <Title text=text.replace('&', "&amp;").replace('<', "&lt;") /> }
}

/// Header, content, sidebar and footer.
#[component]
pub fn Layout(
    /// Whether the most viewed articles are beside the content: on every page that is for reading.
    #[prop(default = true)]
    sidebar: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    let state = expect_context::<AppState>();
    let site = state.config.site.clone();
    view! {
        <a class="skip-link" href="#content">"Skip to the content"</a>
        <header class="site-header">
            <div class="site-header-inner">
                <a class="site-name" href="/">
                    <Mark />
                    <span>{site.title.clone()}</span>
                </a>
                <nav class="site-nav" aria-label="Site">
                    <a href="/most-viewed">"Most viewed"</a>
                    <a href="/search">"Search"</a>
                    <UserMenu />
                </nav>
                <ThemeToggle />
            </div>
        </header>
        <div class=if sidebar { "columns" } else { "columns columns-single" }>
            <main id="content" tabindex="-1">{children()}</main>
            {sidebar.then(|| view! { <aside class="sidebar" aria-label="Most viewed articles"><Sidebar /></aside> })}
        </div>
        <footer class="site-footer">
            <p>
                {site.description.clone()}
                " · "
                <a href="/feed.xml">"Feed"</a>
            </p>
        </footer>
    }
}

/// Sign in, or who is signed in and the way out.
#[component]
fn UserMenu() -> impl IntoView {
    let state = expect_context::<AppState>();
    let parts = expect_context::<Parts>();
    let menu = Suspend::new(async move {
        // Whether or not it can be told who it is, the page can be read.
        match signed_in_user(&parts, &state).await.ok().flatten() {
            None => view! { <a href="/login">"Sign in"</a> }.into_any(),
            Some(user) => view! {
                <a href="/collects">"Collected"</a>
                <a href="/following">"Following"</a>
                {(user.role >= Role::Author).then(|| view! { <a href="/studio">"Studio"</a> })}
                {(user.role >= Role::Admin).then(|| view! { <a href="/users">"Users"</a> })}
                <form class="sign-out" method="post" action="/logout">
                    <a href="/account">{user.name}</a>
                    <button type="submit" class="link-button">"Sign out"</button>
                </form>
            }
            .into_any(),
        }
    });
    view! { <Suspense>{menu}</Suspense> }
}

/// Content that has to be loaded, or the page that says why there is none. Sets the status.
///
/// `Suspense` looks superfluous in a page that is sent whole, but without it what the future makes is rendered outside its
/// owner, and titles and meta tags get lost whenever the database does not answer at once.
pub fn loaded(content: impl Future<Output = Result<AnyView, Error>> + Send + 'static) -> impl IntoView {
    let response = expect_context::<ResponseOptions>();
    let content = Suspend::new(async move {
        match content.await {
            Ok(view) => view,
            Err(error) => {
                let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                response.set_status(status);
                view! { <ErrorMessage error /> }.into_any()
            }
        }
    });
    view! { <Suspense>{content}</Suspense> }
}

/// Why there is no content.
#[component]
pub fn ErrorMessage(
    /// The reason.
    error: Error,
) -> impl IntoView {
    let title = match &error {
        Error::NotFound(_) => "Nothing here",
        Error::BadRequest(_) | Error::TooLarge | Error::Unauthorized | Error::Forbidden(_) => "That did not work",
        Error::Unavailable | Error::Internal => "Something broke",
    };
    view! {
        <PageTitle text=title />
        <div class="message">
            <p class="message-status">{error.status()}</p>
            <h1>{title}</h1>
            <p>{error.to_string()}</p>
            <p>
                <a class="button" href="/">"To the front page"</a>
            </p>
        </div>
    }
}
