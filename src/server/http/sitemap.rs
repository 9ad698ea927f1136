//! The sitemap (<https://www.sitemaps.org/protocol.html>), and robots.txt, which names it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tidemark_content::characters::without_unstorable;

use super::feeds::{document, sent};
use crate::error::Error;
use crate::server::db::sitemap::Listed;
use crate::server::request::cache::CachePolicy;
use crate::server::request::problem::Query;
use crate::server::state::AppState;

/// The largest number of a part. It only bounds the length of what is asked for.
const LAST_PART: i64 = 1_000_000_000;

/// The pages of the blog that are in no other part.
const PAGES: [&str; 2] = ["/", "/most-viewed"];

/// The name of the part with [`PAGES`].
const BLOG: &str = "blog";

/// The parameters of the address.
#[derive(Deserialize)]
pub struct MapQuery {
    /// Which part, such as `articles-0`. Without it, the answer is the index of all parts.
    part: Option<String>,
}

/// A part of the sitemap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Index,
    Blog,
    Of(Listed, i64),
}

impl Part {
    fn parse(name: Option<&str>) -> Option<Self> {
        let name = match name {
            None => return Some(Part::Index),
            Some(BLOG) => return Some(Part::Blog),
            Some(name) => name,
        };
        let (listed, number) = name.split_once('-')?;
        let listed = Listed::ALL.into_iter().find(|one| one.name() == listed)?;
        let number: i64 = number.parse().ok()?;
        let part = Part::Of(listed, number);
        // One address for each part.
        ((0..=LAST_PART).contains(&number) && part.name() == name).then_some(part)
    }

    fn name(self) -> String {
        match self {
            Part::Index => String::new(),
            Part::Blog => BLOG.into(),
            Part::Of(listed, number) => format!("{}-{number}", listed.name()),
        }
    }

    fn address(self) -> String {
        match self {
            Part::Index => "/sitemap.xml".into(),
            part => format!("/sitemap.xml?part={}", part.name()),
        }
    }
}

/// `GET /sitemap.xml`: an index of parts, for search engines. Parts have the same path, because a
/// sitemap may only list what is below its own folder.
pub async fn sitemap(
    State(state): State<AppState>,
    Query(MapQuery { part }): Query<MapQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let nothing = || Error::NotFound("The sitemap has no such part.".into());
    let part = Part::parse(part.as_deref()).ok_or_else(nothing)?;
    let document = document(&state, &part.address(), make(state.clone(), part)).await?;
    Ok(sent(&headers, &document, "application/xml; charset=utf-8"))
}

async fn make(state: AppState, part: Part) -> Result<String, Error> {
    let now = state.clock.now();
    let base_url = escaped(&state.config.site.base_url);
    let mut xml = String::new();
    match part {
        Part::Index => {
            let mut parts = vec![Part::Blog];
            for listed in Listed::ALL {
                let numbers = state.database.map_parts(listed, now).await?;
                parts.extend(numbers.into_iter().map(|number| Part::Of(listed, number)));
            }
            for part in parts {
                let address = part.address();
                xml.push_str(&format!("<sitemap><loc>{base_url}{address}</loc></sitemap>\n"));
            }
        }
        Part::Blog => {
            for path in PAGES {
                xml.push_str(&format!("<url><loc>{base_url}{path}</loc></url>\n"));
            }
        }
        Part::Of(listed, number) => {
            let entries = state.database.map_part(listed, number, now).await?;
            if entries.is_empty() {
                return Err(Error::NotFound("The sitemap has no such part.".into()));
            }
            for entry in entries {
                let (path, changed_at) = (escaped(&entry.path), entry.changed_at);
                xml.push_str(&format!(
                    "<url><loc>{base_url}{path}</loc><lastmod>{changed_at}</lastmod></url>\n"
                ));
            }
        }
    }
    let element = if part == Part::Index { "sitemapindex" } else { "urlset" };
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{element} xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{xml}</{element}>\n"
    ))
}

/// Escapes text for use between two XML tags.
fn escaped(text: &str) -> String {
    let text =
        without_unstorable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

/// `GET /robots.txt`: keeps crawlers out of the API and the search, and names the sitemap.
pub async fn robots(State(state): State<AppState>) -> impl IntoResponse {
    let text = format!(
        "User-agent: *\nDisallow: /api/\nDisallow: /search\n\nSitemap: {}/sitemap.xml\n",
        state.config.site.base_url
    );
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], [CachePolicy::Feed.header()], text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_one_address() {
        for (name, expected) in [
            (None, Some(Part::Index)),
            (Some("blog"), Some(Part::Blog)),
            (Some("articles-0"), Some(Part::Of(Listed::Articles, 0))),
            (Some("tags-12"), Some(Part::Of(Listed::Tags, 12))),
            (Some("articles-00"), None),
            (Some("articles-+1"), None),
            (Some("articles--1"), None),
            (Some("articles-99999999999"), None),
            (Some("users-1"), None),
            (Some(""), None),
        ] {
            assert_eq!(Part::parse(name), expected, "{name:?}");
        }
    }
}
