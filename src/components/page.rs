//! A page when it is loaded and not yet rendered.
//!
//! Each page is one future that loads everything the page shows. What is below it is a pure
//! function of what was loaded: nothing there waits, so no reader sits on a connection while
//! waiting for another one.

use axum::http::request::Parts;
use futures_util::future::join;
use leptos::prelude::*;

use crate::error::Error;
use crate::model::pages::{Frame, Framed};
use crate::server::page_cache::hole::Marks;
use crate::server::state::AppState;

/// What programs learn of a page: browsers, search engines, and whatever shows a preview of a link.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// What stands in the browser's tab.
    pub title: String,
    /// What it is about, in a sentence or two.
    pub description: Option<String>,
    /// The whole address under which search engines should know it.
    pub canonical: Option<String>,
    /// Whether search engines should leave it out.
    pub is_hidden: bool,
    /// What a preview of a link to it shows.
    pub preview: Option<Preview>,
}

/// An article as a preview of a link shows it (the Open Graph protocol).
#[derive(Clone, Debug)]
pub struct Preview {
    /// The article's title.
    pub title: String,
    /// The site's title.
    pub site: String,
    /// When it was published (RFC 3339).
    pub published_at: String,
    /// The whole address of a picture.
    pub image: Option<String>,
}

impl Head {
    /// The head of a page with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// The head of a page with this title that search engines should leave out.
    pub fn hidden(title: impl Into<String>) -> Self {
        Self { is_hidden: true, ..Self::new(title) }
    }
}

/// What a page shows.
pub struct Content {
    /// To programs.
    pub head: Head,
    /// To people.
    pub view: AnyView,
    /// Whether it has islands, so that the browser has to load the library that they are in.
    pub has_islands: bool,
}

impl Content {
    /// A page's content, without islands.
    pub fn new(head: Head, view: impl IntoView + 'static) -> Self {
        Self { head, view: view.into_any(), has_islands: false }
    }

    /// The same content, which has islands.
    pub fn with_islands(self) -> Self {
        Self { has_islands: true, ..self }
    }
}

/// A page with everything that it shows.
pub struct LoadedPage {
    /// What is around the content.
    pub frame: Frame,
    /// The content, or why there is none.
    pub content: Result<Content, Error>,
}

impl LoadedPage {
    /// A page for reading: loaded by its server function, with the most viewed articles beside it.
    pub async fn reading<T>(
        load: impl Future<Output = Result<Framed<T>, Error>>,
        show: impl FnOnce(T) -> Content,
    ) -> Self {
        match load.await {
            Ok(Framed { frame, content }) => Self { frame, content: Ok(show(content)) },
            Err(error) => {
                let (state, mut parts) = (expect_context::<AppState>(), expect_context::<Parts>());
                // Nobody remembers the page of an error, so it can't leave anything open.
                parts.extensions.remove::<Marks>();
                Self { frame: state.frame(&parts, true).await, content: Err(error) }
            }
        }
    }

    /// Any other page: `content` loads what it needs.
    pub async fn of(
        has_sidebar: bool,
        content: impl Future<Output = Result<Content, Error>>,
    ) -> Self {
        let (state, parts) = (expect_context::<AppState>(), expect_context::<Parts>());
        let (frame, content) = join(state.frame(&parts, has_sidebar), content).await;
        Self { frame, content }
    }
}

/// What stands in place of content that can't be had.
pub fn failure(error: &Error) -> Content {
    let title = match error {
        Error::NotFound(_) => "Nothing here",
        Error::BadRequest(_) | Error::TooLarge | Error::Unauthorized | Error::Forbidden(_) => {
            "That did not work"
        }
        Error::Unavailable | Error::Internal => "Something broke",
    };
    let view = view! {
        <div class="message">
            <p class="message-status">{error.status()}</p>
            <h1>{title}</h1>
            <p>{error.to_string()}</p>
            <p>
                <a class="button" href="/">"To the front page"</a>
            </p>
        </div>
    };
    Content::new(Head::new(title), view)
}
