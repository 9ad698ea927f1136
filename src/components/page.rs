//! A page that is loaded but not yet rendered.
//!
//! Each page is one future that loads everything the page shows. Rendering is a pure function of
//! what was loaded and never waits, so no request holds a database connection while it waits for
//! another one.

use std::sync::Arc;

use axum::http::request::Parts;
use futures_util::future::join;
use leptos::prelude::*;
use tidemark_counting::Window;
use url::form_urlencoded;

use crate::error::Error;
use crate::model::pages::{Frame, Framed};
use crate::model::site::SiteInfo;
use crate::server::page_cache::hole::Marks;
use crate::server::state::AppState;
use crate::text::language;

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
    /// The canonical URL, absolute. Without one, it is made from the request ([`canonical`]).
    pub canonical: Option<String>,
    /// Whether to ask search engines not to index the page.
    pub is_hidden: bool,
    /// The data for link previews, if the page has more than others.
    pub preview: Option<Preview>,
    /// The path of the page whose own feeds this one names, and their title.
    pub feed: Option<(String, String)>,
    /// The address that other sites can embed by oEmbed, and its title.
    pub embed: Option<(String, String)>,
    /// Structured data for search engines (JSON-LD), escaped for a script element.
    pub json_ld: Option<String>,
    /// After how many seconds the browser loads the page again.
    pub refresh: Option<u32>,
    /// Whether the page is mainly a text, without being an article, so that the font of texts is
    /// loaded early.
    pub is_text: bool,
}

/// An article's data for link previews (the Open Graph protocol).
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// The title, without the site's.
    pub title: String,
    /// The time of publication (RFC 3339); `None` for a page.
    pub published_at: Option<String>,
    /// The time of the last change (RFC 3339); `None` for a page.
    pub modified_at: Option<String>,
    /// The authors, in byline order.
    pub authors: Vec<Profile>,
    /// The names of the tags.
    pub tags: Vec<String>,
    /// The picture.
    pub image: Option<PreviewImage>,
}

impl Preview {
    /// Whether it is of an article, not of a page.
    pub fn is_article(&self) -> bool {
        self.published_at.is_some()
    }
}

/// An author, for link previews.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The display name.
    pub name: String,
    /// The absolute address of the author's page.
    pub address: String,
    /// The absolute address of the author's picture.
    pub image: Option<String>,
}

/// A picture for link previews.
#[derive(Clone, Debug)]
pub struct PreviewImage {
    /// The absolute address.
    pub address: String,
    /// Width and height in pixels, if they are known.
    pub size: Option<(i64, i64)>,
    /// What it shows, for those who can't see it.
    pub alt: String,
}

/// The canonical address of the page that was asked for: its path, with those parameters that
/// choose what it shows.
pub fn canonical(base_url: &str, parts: &Parts) -> String {
    let query = parts.uri.query().unwrap_or_default();
    let parameters = form_urlencoded::parse(query.as_bytes()).filter_map(|(name, value)| {
        let value = match &*name {
            // A page that is shown has a valid number.
            "page" => value.parse::<i64>().ok().filter(|page| *page > 1)?.to_string(),
            "window" => Window::ALL
                .into_iter()
                .find(|window| *window != Window::All && window.name() == value)?
                .name()
                .to_owned(),
            _ => return None,
        };
        Some(format!("{name}={value}"))
    });
    let parameters: Vec<String> = parameters.collect();
    let path = format!("{base_url}{}", parts.uri.path());
    if parameters.is_empty() { path } else { format!("{path}?{}", parameters.join("&")) }
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
    let language = language();
    let title = language.error_heading(error.status());
    let view = view! {
        <div class="message">
            <p class="message-status">{error.status()}</p>
            <h1>{title.clone()}</h1>
            <p>{language.error(error)}</p>
            <p>
                <a class="button" href="/">{language.text("back-to-home")}</a>
            </p>
        </div>
    };
    Content::new(Head::hidden(title), view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canonical_address_has_only_what_chooses_the_content() {
        for (asked, expected) in [
            ("/", "https://blog.example/"),
            ("/?utm_source=x&page=2", "https://blog.example/?page=2"),
            ("/tags/sea?page=1", "https://blog.example/tags/sea"),
            ("/tags/sea?page=02", "https://blog.example/tags/sea?page=2"),
            ("/tags/sea?page=%22%3E", "https://blog.example/tags/sea"),
            ("/most-viewed?window=7d", "https://blog.example/most-viewed?window=7d"),
            ("/most-viewed?window=all", "https://blog.example/most-viewed"),
        ] {
            let (parts, ()) = axum::http::Request::get(asked).body(()).unwrap().into_parts();
            assert_eq!(canonical("https://blog.example", &parts), expected);
        }
    }
}
