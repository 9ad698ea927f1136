//! Feeds of the newest articles: of the blog, of each tag and of each author, as Atom (RFC 4287),
//! RSS 2.0 and JSON Feed 1.1.

mod atom;
mod json;
mod rss;

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use tidemark_content::characters::without_unstorable;
use tidemark_content::{diagram, sanitizer};
use tidemark_counting::ArticleId;
use url::Url;

use crate::error::Error;
use crate::model::article::Author;
use crate::server::db::articles::{Filter, RecentArticle};
use crate::server::documents::Document;
use crate::server::request::cache::CachePolicy;
use crate::server::request::negotiation::{is_among, takes_gzip};
use crate::server::state::AppState;

/// How many articles a feed has at most.
const ENTRIES: i64 = 20;

/// The largest stored text that is looked at, in bytes. With colours of code it may be several
/// times as long as in the feed, and the feed has no pictures of diagrams.
const LARGEST_STORED: i64 = (128 << 10) + diagram::MOST_BYTES as i64;

/// The largest text in a feed, in bytes. Of a longer article, the feed has the summary.
const LARGEST_TEXT: usize = 32 << 10;

/// How many bytes the texts of a feed have at most. Older articles that would exceed it are left
/// out. Shortening them instead would make readers replace the text that they have.
const LARGEST_TEXTS: usize = 96 << 10;

/// What a feed is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Blog,
    /// The tag with this slug.
    Tag(String),
    /// The author with this user name.
    Author(String),
}

/// How a feed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Atom,
    Rss,
    Json,
}

/// A feed's content, whatever its format.
#[derive(Clone, Debug)]
struct Feed {
    title: String,
    description: String,
    /// The address of the page with these articles.
    page: String,
    /// The feed's own address.
    address: String,
    /// When an entry was last changed.
    updated: Timestamp,
    entries: Vec<Entry>,
}

/// An article in a feed. All texts are storable in XML.
#[derive(Clone, Debug)]
struct Entry {
    /// Stays the same when the title or the address changes.
    id: String,
    address: String,
    title: String,
    summary: String,
    /// The text; `None` if it is too long.
    html: Option<String>,
    published: Timestamp,
    updated: Timestamp,
    authors: Vec<Person>,
    tags: Vec<String>,
    language: String,
    /// The address of the cover picture.
    image: Option<String>,
}

/// An author of an entry.
#[derive(Clone, Debug)]
struct Person {
    name: String,
    /// The address of the author's page.
    page: String,
    /// The address of the author's picture.
    avatar: Option<String>,
}

impl Format {
    const ALL: [Format; 3] = [Format::Atom, Format::Rss, Format::Json];

    /// The last part of a feed's address.
    fn file(self) -> &'static str {
        match self {
            Format::Atom => "feed.xml",
            Format::Rss => "feed.rss",
            Format::Json => "feed.json",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Format::Atom => "application/atom+xml; charset=utf-8",
            Format::Rss => "application/rss+xml; charset=utf-8",
            Format::Json => "application/feed+json; charset=utf-8",
        }
    }

    fn write(self, feed: &Feed) -> String {
        match self {
            Format::Atom => atom::write(feed),
            Format::Rss => rss::write(feed),
            Format::Json => json::write(feed),
        }
    }
}

impl Scope {
    /// The path of the page with these articles, without a slash at its end.
    fn page(&self) -> String {
        match self {
            Scope::Blog => String::new(),
            Scope::Tag(slug) => format!("/tags/{slug}"),
            Scope::Author(username) => format!("/authors/{username}"),
        }
    }
}

/// The feed at `path`; `None` if that is not the address of one.
fn asked(path: &str) -> Option<(Scope, Format)> {
    let (page, file) = path.rsplit_once('/')?;
    let format = Format::ALL.into_iter().find(|format| format.file() == file)?;
    let scope = match page.split('/').collect::<Vec<_>>().as_slice() {
        [""] => Scope::Blog,
        ["", "tags", slug] if !slug.is_empty() => Scope::Tag((*slug).to_owned()),
        ["", "authors", name] if !name.is_empty() => Scope::Author((*name).to_owned()),
        _ => return None,
    };
    Some((scope, format))
}

/// Whether `path` is a document that is sent from memory while the database is away.
pub fn falls_back(path: &str) -> bool {
    path == "/sitemap.xml" || asked(path).is_some()
}

/// The feed that programs often look for at `path`, such as `/rss.xml`.
pub fn usual_address(path: &str) -> Option<String> {
    let (page, file) = path.rsplit_once('/')?;
    let format = match file {
        "feed" | "atom" | "atom.xml" | "feed.atom" | "index.xml" => Format::Atom,
        "rss" | "rss.xml" => Format::Rss,
        _ => return None,
    };
    let address = format!("{page}/{}", format.file());
    asked(&address).map(|_| address)
}

/// `GET /feed.xml`, `/feed.rss`, `/feed.json`, and the same below a tag's or an author's page.
pub async fn feed(State(state): State<AppState>, request: Request) -> Result<Response, Error> {
    let path = request.uri().path();
    let Some((scope, format)) = asked(path) else {
        return Err(Error::NotFound("There is no feed at this address.".into()));
    };
    let making = make(state.clone(), scope, format);
    let document = document(&state, path, making).await?;
    Ok(sent(request.headers(), &document, format.content_type()))
}

/// The document at `address`, from memory or made with `make`.
///
/// # Errors
/// Those of `make`.
pub(super) async fn document(
    state: &AppState,
    address: &str,
    make: impl Future<Output = Result<String, Error>> + Send + 'static,
) -> Result<Arc<Document>, Error> {
    let version = state.database.content_version().current();
    let now = Timestamp::from_millisecond(state.clock.now().0).unwrap_or_default();
    let outage = state.database.outage().clone();
    // Fails at once when the database is known to be away. Then the last version is sent.
    let make = async move {
        tokio::select! {
            biased;
            () = outage.begins() => Err(Error::Unavailable),
            made = make => made,
        }
    };
    state.documents.get(address, version, now, make).await
}

/// The answer with a document: 304 if the client has it.
pub(super) fn sent(asked: &HeaderMap, document: &Document, content_type: &'static str) -> Response {
    let is_known = match asked.get(IF_NONE_MATCH) {
        Some(known) => is_among(known, &document.etag),
        None => {
            let since = asked.get(IF_MODIFIED_SINCE).and_then(|since| since.to_str().ok());
            let since = since.and_then(|since| DateTimeParser::new().parse_timestamp(since).ok());
            since.is_some_and(|since| document.modified <= since)
        }
    };
    let content_type = (CONTENT_TYPE, content_type);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else if takes_gzip(asked) {
        ([content_type, (CONTENT_ENCODING, "gzip")], document.gzip.clone()).into_response()
    } else {
        ([content_type], document.bytes.clone()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from(ACCEPT_ENCODING));
    let (name, value) = CachePolicy::Feed.header();
    headers.insert(name, value);
    let modified = DateTimePrinter::new().timestamp_to_rfc9110_string(&document.modified);
    for (name, value) in [(ETAG, Some(document.etag.clone())), (LAST_MODIFIED, modified.ok())] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

async fn make(state: AppState, scope: Scope, format: Format) -> Result<String, Error> {
    let now = state.clock.now();
    let nothing = || Error::NotFound("There is no feed at this address.".into());
    let (about, filter) = match &scope {
        Scope::Blog => (None, Filter::default()),
        Scope::Tag(slug) => {
            let tag = state.database.tag(slug, now).await?.ok_or_else(nothing)?;
            (Some(tag.name), Filter { tag: Some(slug.clone()), ..Filter::default() })
        }
        Scope::Author(name) => {
            let author = state.database.author(name, now).await?.ok_or_else(nothing)?;
            (Some(author.name), Filter { author: Some(name.clone()), ..Filter::default() })
        }
    };
    let recent = state.database.recent(&filter, ENTRIES, LARGEST_STORED, now).await?;
    // Otherwise the feed would be remembered with an old title.
    let site = state.site.newest().await.map_err(|_| Error::Unavailable)?;
    let base_url = state.config.site.base_url.clone();
    let page = scope.page();
    // Texts are parsed once more, which is too much for the runtime's threads.
    let written = state.documents.work().run(move |_| {
        let entries = entries(&base_url, recent);
        let title = match about {
            Some(about) => format!("{about} · {}", site.title),
            None => site.title.clone(),
        };
        let feed = Feed {
            title: text(&title),
            description: text(&site.description),
            page: if page.is_empty() {
                format!("{base_url}/")
            } else {
                format!("{base_url}{page}")
            },
            address: format!("{base_url}{page}/{}", format.file()),
            updated: entries.iter().map(|entry| entry.updated).max().unwrap_or_default(),
            entries,
        };
        format.write(&feed)
    });
    written.await
}

/// The entries, newest first, as far as their texts fit into a feed.
fn entries(base_url: &str, recent: Vec<RecentArticle>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(recent.len());
    let mut bytes = 0;
    for article in recent {
        let entry = entry(base_url, article);
        bytes += entry.html.as_ref().map_or(entry.summary.len(), String::len);
        if bytes > LARGEST_TEXTS {
            break;
        }
        entries.push(entry);
    }
    entries
}

fn entry(base_url: &str, article: RecentArticle) -> Entry {
    let RecentArticle { summary, updated_at, html } = article;
    let address = format!("{base_url}/articles/{}", summary.slug);
    let parsed = Url::parse(&address).ok();
    let html = parsed.zip(html).map(|(address, html)| content(&html, &address));
    let absolute = |picture: &String| match picture.starts_with('/') {
        true => format!("{base_url}{picture}"),
        false => picture.clone(),
    };
    let person = |author: &Author| Person {
        name: text(&author.name),
        page: format!("{base_url}/authors/{}", author.username),
        avatar: author.avatar.as_ref().map(absolute),
    };
    Entry {
        id: entry_id(base_url, summary.id),
        address,
        title: text(&summary.title),
        summary: text(&summary.summary),
        html: html.filter(|html| html.len() <= LARGEST_TEXT),
        published: summary.published_at,
        updated: updated_at,
        authors: summary.authors.iter().map(person).collect(),
        tags: summary.tags.iter().map(|tag| text(&tag.name)).collect(),
        image: summary.cover.as_ref().map(absolute),
        language: summary.language,
    }
}

/// The id of an article's entry (RFC 4151). It has the article's number, which never changes, and
/// not its address. It also stays the same when a blog moves to https.
fn entry_id(base_url: &str, article: ArticleId) -> String {
    let url = Url::parse(base_url).ok();
    let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or("localhost");
    let host = host.replace(|one: char| !one.is_ascii_alphanumeric() && one != '.', "-");
    let port = url.as_ref().and_then(Url::port).map(|port| format!("{port}/"));
    let path = url.as_ref().map_or("", |url| url.path().trim_matches('/'));
    let path = if path.is_empty() { String::new() } else { format!("{path}/") };
    format!("tag:{host},2026:{}{path}articles/{article}", port.unwrap_or_default())
}

/// Text without characters that XML can't hold.
fn text(text: &str) -> String {
    without_unstorable(text).into_owned()
}

/// An article's HTML for a feed. Removing characters that XML can't hold can make an address
/// executable (`java&#8;script:`), so the result is sanitised again. Only HTML rendered by an older
/// version has such characters.
fn content(html: &str, address: &Url) -> String {
    let html = match without_unstorable(html) {
        Cow::Borrowed(html) => html.into(),
        Cow::Owned(html) => Cow::from(sanitizer::sanitize(&html)),
    };
    sanitizer::for_feed(&html, address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_feeds_are_recognised() {
        let tag = |slug: &str| Scope::Tag(slug.into());
        for (path, expected) in [
            ("/feed.xml", Some((Scope::Blog, Format::Atom))),
            ("/feed.json", Some((Scope::Blog, Format::Json))),
            ("/tags/sea/feed.rss", Some((tag("sea"), Format::Rss))),
            ("/authors/jo/feed.xml", Some((Scope::Author("jo".into()), Format::Atom))),
            ("/tags//feed.xml", None),
            ("/tags/feed.xml", None),
            ("/a/b/c/feed.xml", None),
            ("//feed.xml", None),
            ("/articles/x/feed.xml", None),
            ("/feed", None),
            ("", None),
        ] {
            assert_eq!(asked(path), expected, "{path}");
        }
        for (path, expected) in [
            ("/feed", Some("/feed.xml")),
            ("/rss.xml", Some("/feed.rss")),
            ("/tags/sea/index.xml", Some("/tags/sea/feed.xml")),
            ("/authors/jo/rss", Some("/authors/jo/feed.rss")),
            ("/articles/feed", None),
            ("/feed.xml", None),
            ("/x/y/feed", None),
        ] {
            assert_eq!(usual_address(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn an_entry_has_the_same_id_whatever_its_address() {
        for (base_url, expected) in [
            ("https://blog.example", "tag:blog.example,2026:articles/7"),
            ("http://blog.example", "tag:blog.example,2026:articles/7"),
            ("http://127.0.0.1:3000", "tag:127.0.0.1,2026:3000/articles/7"),
            ("https://a.example/blog", "tag:a.example,2026:blog/articles/7"),
            ("http://[::1]:80", "tag:---1-,2026:articles/7"),
        ] {
            assert_eq!(entry_id(base_url, ArticleId(7)), expected);
        }
    }
}
