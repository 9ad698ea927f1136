//! Reads WXR, the export of WordPress: RSS 2.0 with more in it, in the versions 1.0 to 1.2.
//!
//! The file is read once from start to end. Comments and everything else that is not taken are
//! skipped on the way.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::markup::{Plain, Surroundings, to_html};
use super::notes::{FOR_MEMBERS, LOST};
use super::{
    Attachment, Attachments, Blog, LONGEST_FIELD, MOST_ITEMS, Post, Program, Raw, Status, count,
    without_scheme,
};
use crate::characters::without_unstorable;
use crate::front_matter::{Fate, SourceError, Zones, parse_date};
use crate::to_markdown::{ids_in, plain_text};
use crate::whitespace::one_line;

/// Elements whose content is not taken.
const SKIPPED: [&str; 6] =
    ["wp:comment", "wp:category", "wp:tag", "wp:term", "image", "wp:termmeta"];

/// Custom fields in which plugins and themes count views, the most common first.
const VIEWS: [&str; 14] = [
    "views",
    "post_views_count",
    "_post_views",
    "wpb_post_views_count",
    "post_views",
    "_views",
    "post_view_count",
    "post-views",
    "views_count",
    "_post_views_count",
    "tie_views",
    "entry_views",
    "penci_post_views_count",
    "jetpack_post_views",
];

/// Custom fields that are looked at.
const FIELDS: [&str; 5] = [
    "_thumbnail_id",
    "_wp_old_slug",
    "_wp_attachment_image_alt",
    "footnotes",
    "_yoast_wpseo_metadesc",
];

/// Types that WordPress or a plugin needs for itself.
const MACHINERY: [&str; 17] = [
    "attachment",
    "nav_menu_item",
    "revision",
    "custom_css",
    "customize_changeset",
    "oembed_cache",
    "user_request",
    "wp_block",
    "wp_template",
    "wp_template_part",
    "wp_global_styles",
    "wp_navigation",
    "wp_font_family",
    "wp_font_face",
    "amp_validated_url",
    "jetpack_migration",
    "feedback",
];

/// How deep elements may be in each other, and pages below each other. An export needs five.
const DEEPEST: usize = 100;

/// The most old slugs of a post that are looked at.
const MOST_OLD_SLUGS: usize = 50;

/// The longest address in which an id is looked for, in bytes.
const LONGEST_LINK: usize = 2_000;

/// Counts lines on the way.
struct Lines<R> {
    inner: R,
    count: Rc<Cell<usize>>,
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let lines = buffer[..length].iter().filter(|byte| **byte == b'\n').count();
        self.count.set(self.count.get() + lines);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Ok(buffer) = self.inner.fill_buf() {
            let taken = &buffer[..amount.min(buffer.len())];
            let lines = taken.iter().filter(|byte| **byte == b'\n').count();
            self.count.set(self.count.get() + lines);
        }
        self.inner.consume(amount);
    }
}

/// A `<category>` of a post.
#[derive(Clone, Debug, Default)]
struct Term {
    domain: String,
    nicename: String,
    name: String,
}

/// An `<item>`.
#[derive(Clone, Debug, Default)]
struct Item {
    line: usize,
    fields: HashMap<&'static str, String>,
    terms: Vec<Term>,
    meta: Vec<(String, String)>,
    is_for_members: bool,
    is_too_long: bool,
}

/// Elements of an item that are read.
const ELEMENTS: [&str; 17] = [
    "title",
    "link",
    "guid",
    "pubDate",
    "dc:creator",
    "content:encoded",
    "excerpt:encoded",
    "wp:post_id",
    "wp:post_date",
    "wp:post_date_gmt",
    "wp:post_name",
    "wp:status",
    "wp:post_parent",
    "wp:post_type",
    "wp:post_password",
    "wp:attachment_url",
    "description",
];

impl Item {
    fn get(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", |value| value.trim())
    }

    fn meta(&self, key: &str) -> Option<&str> {
        self.meta.iter().find(|(name, _)| name == key).map(|(_, value)| value.trim())
    }

    fn kind(&self) -> &str {
        match self.get("wp:post_type") {
            "" => "post",
            kind => kind,
        }
    }

    /// How often it was viewed. Themes write the number with separators.
    fn views(&self) -> Option<u64> {
        VIEWS.iter().filter_map(|key| self.meta(key)).find_map(|value| {
            let digits: String =
                value.chars().filter(|one| !matches!(one, ',' | '.' | ' ' | '\u{a0}')).collect();
            digits.parse().ok()
        })
    }
}

/// Reads an export.
///
/// # Errors
/// What is wrong with the file, and on which line.
pub fn read(input: impl BufRead) -> Result<Blog, SourceError> {
    let lines = Rc::new(Cell::new(0));
    let mut reader = Reader::from_reader(Lines { inner: input, count: lines.clone() });
    // Addresses are sometimes written without escaping their `&`.
    reader.config_mut().allow_dangling_amp = true;
    let mut reading = Reading::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let line = lines.get() + 1;
        let failed =
            |reason: String| SourceError { line: lines.get() + 1, reason: one_line(&reason) };
        let broken = |error: &dyn std::fmt::Display| {
            failed(format!("the XML is broken, so export the blog again: {error}"))
        };
        let event = reader.read_event_into(&mut buffer).map_err(|error| broken(&error))?;
        match event {
            Event::Start(start) => reading.start(&start, line),
            Event::Empty(start) => {
                reading.start(&start, line);
                reading.end();
            }
            Event::End(_) => reading.end(),
            Event::Text(text) => match text.decode() {
                Ok(text) => reading.text(&text),
                Err(_) => reading.text(&String::from_utf8_lossy(&text)),
            },
            Event::CData(text) => match text.decode() {
                Ok(text) => reading.text(&text),
                Err(_) => reading.text(&String::from_utf8_lossy(&text)),
            },
            Event::GeneralRef(reference) => {
                let name = String::from_utf8_lossy(&reference).into_owned();
                let character = match name.as_str() {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                match character {
                    Some(character) => reading.text(character.encode_utf8(&mut [0; 4])),
                    // An entity of HTML, which the text may hold.
                    None => reading.text(&format!("&{name};")),
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        if reading.path.len() > DEEPEST {
            return Err(failed(format!("its elements nest more than {DEEPEST} deep")));
        }
        if reading.items > MOST_ITEMS {
            return Err(failed(format!("there are more than {MOST_ITEMS} items")));
        }
    }
    if !reading.path.is_empty() {
        let reason = "the file ends in the middle, so it is not whole; export the blog again";
        return Err(SourceError { line: lines.get() + 1, reason: reason.into() });
    }
    if !reading.is_feed {
        let reason = "this is no export of WordPress: it has no channel".to_owned();
        return Err(SourceError { line: 1, reason });
    }
    Ok(reading.blog())
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    /// The names of the open elements.
    path: Vec<String>,
    /// At this depth, something is skipped.
    skipped_at: Option<usize>,
    text: String,
    is_too_long: bool,
    is_feed: bool,
    item: Item,
    items: usize,
    term: Term,
    field: (String, String),
    author: (String, String, String),
    authors: HashMap<String, String>,
    title_of_blog: String,
    addresses: HashMap<&'static str, String>,
    posts: Vec<Item>,
    attachments: Attachments,
    blocks: HashMap<String, String>,
    comments: usize,
    others: std::collections::BTreeMap<String, usize>,
    machinery: std::collections::BTreeMap<String, usize>,
}

impl Reading {
    fn start(&mut self, start: &BytesStart<'_>, line: usize) {
        let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        self.path.push(name);
        self.text.clear();
        if self.skipped_at.is_some() {
            return;
        }
        let name = self.path.last().map(String::as_str).unwrap_or_default();
        let is_in_item = self.path.iter().any(|open| open == "item");
        if SKIPPED.contains(&name) {
            self.comments += usize::from(name == "wp:comment");
            self.skipped_at = Some(self.path.len());
        } else if name == "item" {
            self.item = Item { line, ..Item::default() };
            self.is_too_long = false;
        } else if name == "channel" {
            self.is_feed = true;
        } else if name == "category" && is_in_item {
            let get = |key: &str| {
                let attribute = start.try_get_attribute(key).ok().flatten()?;
                let value = String::from_utf8_lossy(&attribute.value).into_owned();
                Some(value.replace("&amp;", "&").replace("&quot;", "\""))
            };
            self.term = Term {
                domain: get("domain").unwrap_or_default(),
                nicename: get("nicename").unwrap_or_default(),
                name: String::new(),
            };
        } else if name == "wp:postmeta" {
            self.field = (String::new(), String::new());
        } else if name == "wp:author" {
            self.author = Default::default();
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped_at.is_some() || self.path.len() < 2 {
            return;
        }
        if self.text.len() + text.len() > LONGEST_FIELD {
            self.is_too_long = true;
        } else {
            self.text.push_str(text);
        }
    }

    fn end(&mut self) {
        let depth = self.path.len();
        let Some(name) = self.path.pop() else { return };
        if let Some(skipped_at) = self.skipped_at {
            if depth == skipped_at {
                self.skipped_at = None;
            }
            return;
        }
        let text = std::mem::take(&mut self.text);
        let parent = self.path.last().map(String::as_str).unwrap_or_default();
        match (parent, name.as_str()) {
            ("channel", "item") => self.item_ended(),
            ("channel", "title") => self.title_of_blog = text,
            ("channel", "link") => drop(self.addresses.insert("link", text)),
            ("channel", "wp:base_site_url") => drop(self.addresses.insert("site", text)),
            ("channel", "wp:base_blog_url") => drop(self.addresses.insert("blog", text)),
            ("wp:author", "wp:author_login") => self.author.0 = text,
            ("wp:author", "wp:author_display_name") => self.author.1 = text,
            ("wp:author", "wp:author_first_name") => self.author.2 = text,
            ("wp:author", "wp:author_last_name") => {
                self.author.2 = format!("{} {text}", self.author.2);
            }
            (_, "wp:author") => {
                let (login, shown, full) = std::mem::take(&mut self.author);
                let name = [shown, full].into_iter().find(|name| !name.trim().is_empty());
                if let Some(name) = name.filter(|_| self.authors.len() < MOST_ITEMS) {
                    self.authors.insert(login.trim().to_owned(), name.trim().to_owned());
                }
            }
            ("item", "category") => {
                let mut term = std::mem::take(&mut self.term);
                term.name = text;
                if self.item.terms.len() < 1_000 {
                    self.item.terms.push(term);
                }
            }
            ("wp:postmeta", "wp:meta_key") => self.field.0 = text,
            ("wp:postmeta", "wp:meta_value") => self.field.1 = text,
            ("item", "wp:postmeta") => {
                let (key, value) = std::mem::take(&mut self.field);
                let key = key.trim().to_owned();
                self.item.is_for_members |= is_for_members(&key, value.trim());
                let is_read = FIELDS.contains(&key.as_str()) || VIEWS.contains(&key.as_str());
                if is_read && self.item.meta.len() < 100 {
                    self.item.meta.push((key, value));
                }
            }
            ("item", name) => {
                if let Some(element) = ELEMENTS.iter().find(|element| **element == name) {
                    self.item.fields.insert(element, text);
                }
            }
            _ => {}
        }
    }

    fn item_ended(&mut self) {
        let mut item = std::mem::take(&mut self.item);
        item.is_too_long = self.is_too_long;
        self.items += 1;
        let id = item.get("wp:post_id").to_owned();
        match item.kind() {
            "post" | "page" => self.posts.push(item),
            kind => {
                let types = match MACHINERY.contains(&kind) {
                    true => &mut self.machinery,
                    false => &mut self.others,
                };
                count(types, kind);
                match kind {
                    "attachment" => {
                        let address = match item.get("wp:attachment_url") {
                            "" => item.get("guid"),
                            address => address,
                        };
                        let description = item.meta("_wp_attachment_image_alt").unwrap_or_default();
                        let attachment = Attachment {
                            address: address.to_owned(),
                            description: description.to_owned(),
                            parent: item.get("wp:post_parent").to_owned(),
                        };
                        self.attachments.insert(id, attachment);
                    }
                    "wp_block" => {
                        let text = item.fields.remove("content:encoded").unwrap_or_default();
                        self.blocks.insert(id, text);
                    }
                    _ => {}
                }
            }
        }
    }

    fn blog(mut self) -> Blog {
        let mut blog = Blog::new(Program::WordPress);
        let addresses = ["blog", "link", "site"].iter().filter_map(|key| self.addresses.get(key));
        let address = addresses.map(|address| address.trim()).find(|address| !address.is_empty());
        blog.address = address.map(|address| address.trim_end_matches('/').to_owned());
        blog.comments = self.comments;
        (blog.others, blog.machinery) =
            (std::mem::take(&mut self.others), std::mem::take(&mut self.machinery));
        let files = self.attachments.values().map(|one| without_scheme(&one.address).to_owned());
        blog.files = files.filter(|address| !address.is_empty()).collect();
        let mut posts = std::mem::take(&mut self.posts);
        close_below(&mut posts);
        let texts = posts.iter().map(|item| item.get("content:encoded"));
        let texts = texts.chain(self.blocks.values().map(String::as_str));
        let named: Rc<HashSet<String>> = Rc::new(texts.flat_map(linked_ids).collect());
        blog.posts = posts.into_iter().map(|item| self.post(item, &blog, &named)).collect();
        blog
    }

    fn post(&self, item: Item, blog: &Blog, named: &Rc<HashSet<String>>) -> Post {
        let id = item.get("wp:post_id").to_owned();
        let site: String =
            without_scheme(blog.address.as_deref().unwrap_or_default()).chars().take(200).collect();
        let key: String = match id.as_str() {
            "" => without_scheme(item.get("link")).chars().take(300).collect(),
            id => id.chars().take(30).collect(),
        };
        let mut raw = Raw {
            identity: format!("wordpress:{}?p={key}", site.to_lowercase()),
            id,
            line: Some(item.line),
            title: item.get("title").to_owned(),
            slug: decoded(item.get("wp:post_name")),
            summary: item.get("excerpt:encoded").to_owned(),
            published_at: date(&item),
            is_page: item.kind() == "page",
            views: item.views(),
            named: named.clone(),
            is_too_long: item.is_too_long,
            ..Raw::default()
        };
        raw.status = match item.get("wp:status") {
            "trash" | "auto-draft" | "inherit" => Status::Deleted,
            "draft" | "pending" => Status::Draft,
            "private" => Status::Hidden("private"),
            _ if !item.get("wp:post_password").is_empty() => {
                Status::Hidden("readable with a password")
            }
            // Old files and plain feeds name no status.
            "publish" | "future" | "" => Status::Published,
            _ => Status::Draft,
        };
        if raw.status == Status::Draft {
            // The date of a draft is that of its last change.
            raw.published_at = None;
        }
        if item.get("wp:post_id").is_empty() && item.get("link").is_empty() {
            raw.note(Fate::Left, "it has neither a number nor an address");
        }
        if raw.summary.is_empty() {
            raw.summary = item.meta("_yoast_wpseo_metadesc").unwrap_or_default().to_owned();
        }
        self.terms(&item, &mut raw);
        let thumbnail = item.meta("_thumbnail_id").filter(|id| !id.is_empty() && *id != "0");
        match thumbnail.map(|id| (id, self.attachments.get(id))) {
            Some((_, Some(attachment))) => raw.cover = Some(attachment.address.clone()),
            Some((id, None)) => {
                let id: String = id.chars().take(20).collect();
                raw.note(Fate::Left, format!("its cover, picture {id}, is not in the file"));
            }
            None => {}
        }
        if raw.status == Status::Published {
            // Also of what is for members. Others saw there how to become one.
            raw.addresses = addresses(&item, blog);
        }
        let footnotes = item.meta("footnotes").map(str::to_owned);
        raw.html = item.fields.get("content:encoded").cloned().unwrap_or_default();
        let surroundings = Surroundings {
            attachments: &self.attachments,
            blocks: &self.blocks,
            id: item.get("wp:post_id"),
            footnotes: footnotes.as_deref(),
            is_for_members: item.is_for_members,
        };
        // What is in the bin is not looked at.
        let plain = match raw.status {
            Status::Deleted => Plain::default(),
            _ => to_html(&without_unstorable(&raw.html), &surroundings),
        };
        if raw.status == Status::Published {
            raw.status = if item.is_for_members {
                Status::Hidden(FOR_MEMBERS)
            } else if plain.has_hidden_part {
                Status::Hidden("partly for members only")
            } else if plain.is_gated && is_empty(&plain.html) {
                raw.note(Fate::Left, LOST);
                Status::Draft
            } else {
                Status::Published
            };
        }
        if plain.is_gated {
            // What is hidden is no part of the post here, so a change of it is none.
            raw.html.clone_from(&plain.html);
        }
        raw.finish(|_, notes| {
            notes.extend(plain.notes);
            plain.html
        })
    }

    /// Categories, tags and authors.
    fn terms(&self, item: &Item, raw: &mut Raw) {
        let mut others = std::collections::BTreeMap::new();
        let mut authors = Vec::new();
        for term in &item.terms {
            let name = match term.name.trim() {
                "" => term.nicename.clone(),
                name => name.to_owned(),
            };
            match term.domain.as_str() {
                // The category of what has none.
                "category" | "" if term.nicename == "uncategorized" || name == "Uncategorized" => {}
                "category" | "post_tag" | "tag" | "" => raw.tags.push(name),
                // Co-Authors Plus
                "author" => authors.push(name),
                "post_format" | "post_visibility" | "language" => {}
                other => count(&mut others, other),
            }
        }
        let creator = item.get("dc:creator");
        let creator = self.authors.get(creator).map_or(creator, String::as_str);
        raw.authors = match authors.is_empty() {
            true if creator.is_empty() => vec![],
            true => vec![creator.to_owned()],
            false => authors,
        };
        for (taxonomy, number) in others {
            raw.note(Fate::Left, format!("{number} of the taxonomy {taxonomy:?}"));
        }
    }
}

/// Whether a custom field says that not everybody may read the post: the access that Jetpack's
/// newsletter asks for, and the roles that the plugin Members lets in.
fn is_for_members(key: &str, value: &str) -> bool {
    match key {
        "_jetpack_newsletter_access" => !matches!(value, "" | "everybody"),
        "_members_access_role" => !value.is_empty(),
        "_members_access_all_logged_in" => !matches!(value, "" | "0"),
        _ => false,
    }
}

/// Hides the pages below one that is for members, as the plugin Members does.
fn close_below(posts: &mut [Item]) {
    let pages: HashMap<String, (String, bool)> = posts
        .iter()
        .map(|item| {
            let parent = item.get("wp:post_parent").to_owned();
            (item.get("wp:post_id").to_owned(), (parent, item.is_for_members))
        })
        .collect();
    for item in posts {
        let mut parent = item.get("wp:post_parent");
        let mut is_for_members = item.is_for_members;
        // A broken file may have a page below itself.
        for _ in 0..DEEPEST {
            let Some((above, is_closed)) = pages.get(parent) else { break };
            is_for_members |= is_closed;
            parent = above;
        }
        item.is_for_members = is_for_members;
    }
}

/// When it was published, in milliseconds since 1970. The local date counts as UTC: a file does not
/// say in which zone its blog is.
fn date(item: &Item) -> Option<i64> {
    let utc = Zones::default();
    ["wp:post_date_gmt", "pubDate", "wp:post_date"]
        .iter()
        .map(|key| item.get(key))
        .filter(|text| !text.starts_with("0000") && !text.contains("-0001"))
        .find_map(|text| parse_date(text, &utc))
}

/// The ids in other texts to which links in a text lead. It is not read as HTML for that: an id too
/// many only leaves an anchor that nobody sees.
fn linked_ids(text: &str) -> Vec<String> {
    let links = text.match_indices("href=").filter_map(|(at, start)| {
        let value = &text[at + start.len()..];
        let quote = *value.as_bytes().first().filter(|one| matches!(one, b'"' | b'\''))?;
        let inner = &value[1..];
        let end = inner.bytes().take(LONGEST_LINK).position(|one| one == quote)?;
        Some(&inner[..end])
    });
    let elsewhere = links.filter(|link| !link.starts_with('#'));
    elsewhere.flat_map(|link| ids_in(&link.replace("&amp;", "&"))).collect()
}

/// Whether readers see nothing of a text.
fn is_empty(html: &str) -> bool {
    let shown = ["<img", "<video", "<audio", "<iframe", "<embed", "<object"];
    plain_text(html).is_empty() && !shown.iter().any(|tag| html.contains(tag))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// All addresses that led to a post, the one it was known by first.
fn addresses(item: &Item, blog: &Blog) -> Vec<String> {
    let link = item.get("link");
    let mut addresses = vec![link.to_owned(), item.get("guid").to_owned()];
    let number = item.get("wp:post_id");
    if !number.is_empty() {
        addresses.push(format!("/?p={number}"));
    }
    // Where it was before its slug changed. WordPress redirects from there too.
    let old = item.meta.iter().filter(|(key, _)| key == "_wp_old_slug");
    let slug = item.get("wp:post_name");
    for (_, old) in old.take(MOST_OLD_SLUGS) {
        let path = link.trim_end_matches('/');
        if let Some(folder) =
            path.strip_suffix(slug).filter(|_| !slug.is_empty() && !old.is_empty())
        {
            addresses.push(format!("{folder}{}", old.trim()));
        }
    }
    // A blog below a path may come to the root of a host.
    let base = blog.address.as_deref().map(crate::front_matter::normalize_path).unwrap_or_default();
    if base.len() > 1 {
        let below: Vec<String> = addresses
            .iter()
            .map(|address| crate::front_matter::normalize_path(address))
            .filter_map(|path| path.strip_prefix(&base).map(str::to_owned))
            .filter(|path| path.starts_with('/'))
            .collect();
        addresses.extend(below);
    }
    // What has a query is the address of something else without it.
    let is_plain = |address: &String| {
        !address.contains('?') || crate::front_matter::normalize_path(address).starts_with("/?p=")
    };
    addresses.retain(|address| !address.is_empty() && is_plain(address));
    addresses
}

#[cfg(test)]
mod tests;
