//! The layout around every page's content.

use axum::http::request::Parts;
use leptos::prelude::*;
use tidemark_content::menu::MenuItem;

use super::page::site;
use super::sidebar::SidebarColumn;
use super::theme_toggle::ThemeToggle;
use crate::model::language::Language;
use crate::model::pages::{Frame, MenuUser, Sidebar};
use crate::model::site::Logo;
use crate::server::request::language::is_translated;
use crate::text::language;

/// The logo: a tide line on a tide staff.
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

/// Header, content, sidebar and footer.
#[component]
pub fn Layout(
    /// The signed-in user and the sidebar.
    frame: Frame,
    children: Children,
) -> impl IntoView {
    let site = site();
    let Frame { user, sidebar } = frame;
    let mark = match site.logo.clone() {
        Some(Logo { address, width, height }) => view! {
            <img class="site-logo" src=address width=width.to_string() height=height.to_string() alt="" />
        }
        .into_any(),
        None => view! { <Mark /> }.into_any(),
    };
    let footer = match site.footer.clone() {
        Some(html) => view! {
            <div class="site-footer-text" inner_html=html></div>
        }
        .into_any(),
        None => view! {
            <p>{site.description.clone()}</p>
        }
        .into_any(),
    };
    let links = view! {
        <p class="site-footer-links">
            <a href="/archive">{language().text("archive")}</a>
            <a href="/tags">{language().text("tags")}</a>
            <a href="/authors">{language().text("authors")}</a>
            <a href="/counting">{language().text("how-views-are-counted")}</a>
            <a href="/feed.xml">{language().text("feed")}</a>
        </p>
    };
    // Elsewhere, a choice would change nothing.
    let is_translated =
        with_context(|parts: &Parts| is_translated(parts.uri.path())).unwrap_or_default();
    let columns = if sidebar == Sidebar::Absent { "columns columns-single" } else { "columns" };
    view! {
        <a class="skip-link" href="#site-content">{language().text("skip-to-content")}</a>
        <header class="site-header">
            <div class="site-header-inner">
                <a class="site-name" href="/">
                    {mark}
                    <span>{site.title.clone()}</span>
                </a>
                // On narrow screens, it opens the navigation, without a script.
                <button type="button" class="menu-button" popovertarget="site-nav">{language().text("menu")}</button>
                <nav class="site-nav" id="site-nav" aria-label=language().text("site-navigation") popover>
                    <SiteMenu items=site.menu.clone() />
                    <a href="/most-viewed">{language().text("most-viewed")}</a>
                    <a href="/search">{language().text("search")}</a>
                    <Menu user />
                </nav>
                <ThemeToggle />
            </div>
        </header>
        <div class=columns>
            <main id="site-content" tabindex="-1">{children()}</main>
            <SidebarColumn sidebar />
        </div>
        <footer class="site-footer">
            {footer} {links} {is_translated.then(|| view! { <Languages /> })}
        </footer>
    }
}

/// The buttons to choose the language of the interface.
#[component]
fn Languages() -> impl IntoView {
    let current = language();
    let buttons = Language::ALL.map(|one| {
        view! {
            <button
                type="submit"
                class="link-button"
                name="language"
                value=one.name()
                lang=one.tag()
                aria-current=(one == current).then_some("true")
            >
                {one.own_name()}
            </button>
        }
    });
    view! {
        <form class="languages" method="post" action="/language" aria-label=current.text("language")>
            {buttons.collect_view()}
        </form>
    }
}

/// The links that administrators have set.
#[component]
fn SiteMenu(items: Vec<MenuItem>) -> impl IntoView {
    let here = with_context(|parts: &Parts| parts.uri.path().to_owned()).unwrap_or_default();
    items
        .into_iter()
        .map(|MenuItem { label, target }| {
            let path = target.split(['?', '#']).next().unwrap_or_default();
            let current = (path == here).then_some("page");
            view! { <a href=target.clone() aria-current=current>{label}</a> }
        })
        .collect_view()
}

/// The link to sign in or, for signed-in users, their links and the sign-out button.
#[component]
fn Menu(user: Option<MenuUser>) -> impl IntoView {
    match user {
        None => view! { <a href="/login">{language().text("sign-in")}</a> }.into_any(),
        Some(MenuUser { name, is_author, is_admin }) => view! {
            <a href="/collects">{language().text("saved")}</a>
            <a href="/following">{language().text("following")}</a>
            {is_author.then(|| view! { <a href="/studio">{language().text("studio")}</a> })}
            {is_admin.then(|| view! { <a href="/users">{language().text("users")}</a> <a href="/settings">{language().text("settings")}</a> })}
            <form class="sign-out" method="post" action="/logout">
                <a href="/account">{name}</a>
                <button type="submit" class="link-button">{language().text("sign-out")}</button>
            </form>
        }
        .into_any(),
    }
}
