//! What is around every page's content.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use futures_util::future::join;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

use super::sidebar::SidebarColumn;
use super::sign_out_button::SignOutButton;
use super::theme_toggle::ThemeToggle;
use crate::error::{Error, RETRY_AFTER_SECONDS};
use crate::model::pages::{Frame, Framed, MenuUser, Sidebar};
use crate::server::page_cache::hole::Marks;
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
    /// Who reads, and what is beside the content.
    frame: Frame,
    /// The content.
    children: Children,
) -> impl IntoView {
    let site = &expect_context::<AppState>().config.site;
    let Frame { user, sidebar } = frame;
    let columns = if sidebar == Sidebar::Absent { "columns columns-single" } else { "columns" };
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
                    <Menu user />
                </nav>
                <ThemeToggle />
            </div>
        </header>
        <div class=columns>
            <main id="content" tabindex="-1">{children()}</main>
            <SidebarColumn sidebar />
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
fn Menu(user: Option<MenuUser>) -> impl IntoView {
    match user {
        None => view! { <a href="/login">"Sign in"</a> }.into_any(),
        Some(MenuUser { name, is_author, is_admin }) => view! {
            <a href="/collects">"Collected"</a>
            <a href="/following">"Following"</a>
            {is_author.then(|| view! { <a href="/studio">"Studio"</a> })}
            {is_admin.then(|| view! { <a href="/users">"Users"</a> })}
            <form class="sign-out" method="post" action="/logout">
                <a href="/account">{name}</a>
                <SignOutButton />
            </form>
        }
        .into_any(),
    }
}

/// A page for reading: loaded by its server function, with the most viewed articles beside it, and then rendered from what was loaded.
pub fn reading_page<T: Send + 'static>(
    load: impl Future<Output = Result<Framed<T>, Error>> + Send + 'static,
    render: impl FnOnce(T) -> AnyView + Send + 'static,
) -> impl IntoView {
    let (state, mut parts) = (expect_context::<AppState>(), expect_context::<Parts>());
    whole(async move {
        match load.await {
            Ok(Framed { frame, content }) => (frame, Ok(render(content))),
            // Nobody remembers the page of an error, so it can't leave anything open.
            Err(error) => {
                parts.extensions.remove::<Marks>();
                (state.frame(&parts, true).await, Err(error))
            }
        }
    })
}

/// Any other page: `content` loads what it needs and then renders it.
pub fn page(
    has_sidebar: bool,
    content: impl Future<Output = Result<AnyView, Error>> + Send + 'static,
) -> impl IntoView {
    let (state, parts) = (expect_context::<AppState>(), expect_context::<Parts>());
    whole(async move { join(state.frame(&parts, has_sidebar), content).await })
}

/// The one future of a page, and the page that says why there is no content. Sets the status.
///
/// It has to be the only one. Leptos polls each `Suspend` of a page once and then finishes one after the other, so a second one
/// would sit on the connection that it was given while the first one waits for a connection.
///
/// `Suspense` looks superfluous in a page that is sent whole, but without it what the future makes is rendered outside its
/// owner, and titles and meta tags get lost whenever the database does not answer at once.
fn whole(page: impl Future<Output = (Frame, Result<AnyView, Error>)> + Send + 'static) -> impl IntoView {
    let response = expect_context::<ResponseOptions>();
    let page = Suspend::new(async move {
        let (frame, content) = page.await;
        let content = content.unwrap_or_else(|error| {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response.set_status(status);
            if error == Error::Unavailable {
                response.insert_header(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            view! { <ErrorMessage error /> }.into_any()
        });
        view! { <Layout frame>{content}</Layout> }
    });
    view! { <Suspense>{page}</Suspense> }
}

/// Why there is no content.
#[component]
fn ErrorMessage(
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
