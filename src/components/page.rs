//! A page that is loaded but not yet rendered.
//!
//! Each page is one future that loads everything the page shows. Rendering is a pure function of
//! what was loaded and never waits, so no request holds a database connection while it waits for
//! another one.

use std::sync::Arc;

use axum::http::request::Parts;
use futures_util::future::join;
use leptos::prelude::*;

use crate::error::Error;
use crate::model::pages::{Frame, Framed};
use crate::model::site::SiteInfo;
use crate::server::page_cache::hole::Marks;
use crate::server::state::AppState;

/// What the page shows of the blog: its name and so on.
pub fn site() -> Arc<SiteInfo> {
    expect_context()
}

/// A page's metadata, for browsers, search engines and link previews.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The title in the browser's tab.
    pub title: String,
    /// A description of one or two sentences.
    pub description: Option<String>,
    /// The canonical URL, absolute.
    pub canonical: Option<String>,
    /// Whether to ask search engines not to index the page.
    pub is_hidden: bool,
    /// The data for link previews.
    pub preview: Option<Preview>,
}

/// An article's data for link previews (the Open Graph protocol).
#[derive(Clone, Debug)]
pub struct Preview {
    /// The article's title.
    pub title: String,
    /// The site's title.
    pub site: String,
    /// The time of publication (RFC 3339); `None` for a page.
    pub published_at: Option<String>,
    /// The absolute URL of the cover picture.
    pub image: Option<String>,
}

impl Head {
    /// A head with just a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// A head with just a title, for a page that search engines should not index.
    pub fn hidden(title: impl Into<String>) -> Self {
        Self { is_hidden: true, ..Self::new(title) }
    }
}

/// A page's metadata and its content.
pub struct Content {
    /// The metadata for the `<head>`.
    pub head: Head,
    /// The visible content.
    pub view: AnyView,
    /// Whether the page has islands, so that the browser needs the WebAssembly library.
    pub has_islands: bool,
    /// Whether the page may be remembered until the content changes.
    pub may_be_kept: bool,
}

impl Content {
    /// The content of a page without islands.
    pub fn new(head: Head, view: impl IntoView + 'static) -> Self {
        Self { head, view: view.into_any(), has_islands: false, may_be_kept: true }
    }

    /// Marks the content as having islands.
    pub fn with_islands(self) -> Self {
        Self { has_islands: true, ..self }
    }

    /// Marks the content as depending on more than what authors write, such as the time or how
    /// often an article was viewed.
    pub fn passing(self) -> Self {
        Self { may_be_kept: false, ..self }
    }
}

/// A page with everything it shows.
pub struct LoadedPage {
    /// The menu and the sidebar.
    pub frame: Frame,
    /// The content, or the error to show in its place.
    pub content: Result<Content, Error>,
}

impl LoadedPage {
    /// A public page: `load` is its server function, and `show` renders the result. The sidebar has
    /// the rankings.
    pub async fn reading<T>(
        load: impl Future<Output = Result<Framed<T>, Error>>,
        show: impl FnOnce(T) -> Content,
    ) -> Self {
        match load.await {
            Ok(Framed { frame, content }) => Self { frame, content: Ok(show(content)) },
            Err(error) => {
                let (state, mut parts) = (expect_context::<AppState>(), expect_context::<Parts>());
                // Error pages aren't cached, so they can't leave holes open.
                parts.extensions.remove::<Marks>();
                Self { frame: state.reading.frame(&parts, true).await, content: Err(error) }
            }
        }
    }

    /// Any other page. `content` loads and renders it; `has_sidebar` adds the rankings.
    pub async fn of(
        has_sidebar: bool,
        content: impl Future<Output = Result<Content, Error>>,
    ) -> Self {
        let (state, parts) = (expect_context::<AppState>(), expect_context::<Parts>());
        let (frame, content) = join(state.reading.frame(&parts, has_sidebar), content).await;
        Self { frame, content }
    }
}

/// The content of an error page.
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
                <a class="button" href="/">"Back to home"</a>
            </p>
        </div>
    };
    Content::new(Head::new(title), view)
}
