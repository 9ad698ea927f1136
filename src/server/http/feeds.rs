//! Documents for programs: the Atom feed, the sitemap, robots.txt, the web manifest.

use std::borrow::Cow;

use atom_syndication::{Category, Content, Entry, Feed, Generator, Link, Person, Text};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::json;
use tidemark_content::characters::without_unstorable;
use tidemark_content::markdown;

use crate::error::Error;
use crate::model::article::Article;
use crate::server::request::cache::CachePolicy;
use crate::server::state::AppState;

/// How many articles the feed has.
const ENTRIES: i64 = 20;

/// `GET /feed.xml`: the newest articles with their full text, as Atom (RFC 4287).
pub async fn feed(State(state): State<AppState>) -> Result<impl IntoResponse, Error> {
    let version = state.database.content_version().current();
    let feed = state.feed.get(version, while_it_answers(&state, make_feed(&state))).await?;
    Ok((
        [(CONTENT_TYPE, "application/atom+xml; charset=utf-8")],
        [CachePolicy::Feed.header()],
        feed,
    ))
}

/// Fails at once when the database is known to be unavailable. The caller then sends the last
/// version.
async fn while_it_answers(
    state: &AppState,
    make: impl Future<Output = Result<String, Error>>,
) -> Result<String, Error> {
    tokio::select! {
        biased;
        () = state.database.outage().begins() => Err(Error::Unavailable),
        made = make => made,
    }
}

async fn make_feed(state: &AppState) -> Result<String, Error> {
    let now = state.clock.now_ms();
    let newest = state.database.newest(ENTRIES, now).await?;
    let entries: Vec<Entry> =
        newest.iter().map(|article| entry(&state.config.site.base_url, article)).collect();
    let (site, base_url) = (state.site.current().await, &state.config.site.base_url);
    let feed = Feed {
        title: Text::plain(text(&site.title)),
        subtitle: Some(Text::plain(text(&site.description))),
        id: format!("{base_url}/"),
        updated: entries.iter().map(|entry| entry.updated).max().unwrap_or_default(),
        links: vec![
            Link { href: format!("{base_url}/"), rel: "alternate".into(), ..Link::default() },
            Link { href: format!("{base_url}/feed.xml"), rel: "self".into(), ..Link::default() },
        ],
        generator: Some(Generator { value: "Tidemark".into(), ..Generator::default() }),
        entries,
        ..Feed::default()
    };
    Ok(feed.to_string())
}

fn entry(base_url: &str, article: &Article) -> Entry {
    let summary = &article.summary;
    let address = format!("{base_url}/articles/{}", summary.slug);
    // Both come from jiff, whose RFC 3339 format the feed's date type can always parse.
    let date = |time: jiff::Timestamp| time.to_string().parse().unwrap_or_default();
    Entry {
        title: Text::plain(text(&summary.title)),
        id: address.clone(),
        updated: date(article.updated_at),
        published: Some(date(summary.published_at)),
        authors: summary
            .authors
            .iter()
            .map(|author| Person { name: text(&author.name), ..Person::default() })
            .collect(),
        categories: summary
            .tags
            .iter()
            .map(|tag| Category { term: text(&tag.name), ..Category::default() })
            .collect(),
        links: vec![Link { href: address.clone(), rel: "alternate".into(), ..Link::default() }],
        summary: Some(Text::plain(text(&summary.summary))),
        content: Some(Content {
            base: Some(address),
            content_type: Some("html".into()),
            value: Some(content(&article.html)),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

/// Text without characters that XML can't hold.
fn text(text: &str) -> String {
    without_unstorable(text).into_owned()
}

/// HTML without characters that XML can't hold. Removing one can make an address executable
/// (`java&#8;script:`), so the result is sanitised again. Only HTML rendered by an older version
/// has such characters.
fn content(html: &str) -> String {
    match without_unstorable(html) {
        Cow::Borrowed(html) => html.to_owned(),
        Cow::Owned(html) => markdown::sanitize(&html),
    }
}

/// Escapes text for use between two XML tags.
fn escaped(text: &str) -> String {
    let text =
        without_unstorable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

/// `GET /sitemap.xml`: all articles and pages, for search engines (<https://www.sitemaps.org/protocol.html>).
pub async fn sitemap(State(state): State<AppState>) -> Result<impl IntoResponse, Error> {
    let version = state.database.content_version().current();
    let sitemap =
        state.sitemap.get(version, while_it_answers(&state, make_sitemap(&state))).await?;
    Ok(([(CONTENT_TYPE, "application/xml; charset=utf-8")], [CachePolicy::Feed.header()], sitemap))
}

async fn make_sitemap(state: &AppState) -> Result<String, Error> {
    let base_url = escaped(&state.config.site.base_url);
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    xml.push_str(&format!("<url><loc>{base_url}/</loc></url>\n"));
    for (address, updated_at) in state.database.sitemap(state.clock.now_ms()).await? {
        // Slugs need no escaping: see `slugify`.
        xml.push_str(&format!(
            "<url><loc>{base_url}{address}</loc><lastmod>{updated_at}</lastmod></url>\n"
        ));
    }
    xml.push_str("</urlset>\n");
    Ok(xml)
}

/// `GET /robots.txt`: keeps crawlers out of the API and the search, and names the sitemap.
pub async fn robots(State(state): State<AppState>) -> impl IntoResponse {
    let text = format!(
        "User-agent: *\nDisallow: /api/\nDisallow: /search\n\nSitemap: {}/sitemap.xml\n",
        state.config.site.base_url
    );
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], [CachePolicy::Feed.header()], text)
}

/// `GET /site.webmanifest`: the blog's name and icons, for readers who install it as an app.
pub async fn manifest(State(state): State<AppState>) -> impl IntoResponse {
    let site = state.site.current().await;
    let icon = |size: u32, purpose: &str| {
        let address = format!("/icon-{size}.png");
        json!({ "src": address, "sizes": format!("{size}x{size}"), "type": "image/png", "purpose": purpose })
    };
    let manifest = json!({
        "name": site.title,
        "description": site.description,
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#fbfaf7",
        "theme_color": "#fbfaf7",
        "icons": [icon(192, "any"), icon(512, "any"), icon(512, "maskable")],
    });
    (
        [(CONTENT_TYPE, "application/manifest+json")],
        [CachePolicy::Feed.header()],
        manifest.to_string(),
    )
}
