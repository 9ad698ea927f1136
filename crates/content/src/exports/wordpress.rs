//! Reads WXR, the export of WordPress: RSS 2.0 with more in it, in the versions 1.0 to 1.2.
//!
//! The file is read once from start to end. Comments and everything else that is not taken are
//! skipped on the way.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::markup::{Surroundings, to_html};
use super::{
    Attachment, Attachments, Blog, LONGEST_FIELD, MOST_ITEMS, Post, Program, Raw, Status, count,
    without_scheme,
};
use crate::front_matter::{Fate, SourceError, Zones, parse_date};

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

/// How deep elements may be in each other. An export needs five.
const DEEPEST: usize = 100;

/// The most old slugs of a post that are looked at.
const MOST_OLD_SLUGS: usize = 50;

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
        let failed = |reason: String| {
            let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
            SourceError { line: lines.get() + 1, reason }
        };
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
        let posts = std::mem::take(&mut self.posts);
        blog.posts = posts.into_iter().map(|item| self.post(item, &blog)).collect();
        blog
    }

    fn post(&self, item: Item, blog: &Blog) -> Post {
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
            raw.addresses = addresses(&item, blog);
        }
        let footnotes = item.meta("footnotes").map(str::to_owned);
        raw.html = item.fields.get("content:encoded").cloned().unwrap_or_default();
        let surroundings = Surroundings {
            attachments: &self.attachments,
            blocks: &self.blocks,
            id: item.get("wp:post_id"),
            footnotes: footnotes.as_deref(),
        };
        raw.finish(|html, notes| to_html(html, &surroundings, notes))
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "\n<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!-- generator -->\n<rss version=\"2.0\"\n\
        xmlns:wp=\"http://wordpress.org/export/1.2/\">\n<channel><title>Sea</title><link>https://a.example/blog</link>\n\
        <wp:author><wp:author_login><![CDATA[jo]]></wp:author_login><wp:author_display_name><![CDATA[Jo Ebb]]></wp:author_display_name></wp:author>\n";

    fn file(items: &str) -> String {
        format!("{HEAD}{items}\n</channel></rss>\n")
    }

    fn item(inner: &str) -> String {
        format!(
            "<item><wp:post_type>post</wp:post_type><wp:status>publish</wp:status>{inner}</item>"
        )
    }

    fn only(text: &str) -> Post {
        let mut blog = read(text.as_bytes()).unwrap();
        assert_eq!(blog.posts.len(), 1);
        blog.posts.remove(0)
    }

    #[test]
    fn a_post_is_read_with_everything_that_belongs_to_it() {
        let text = file(&format!(
            "<item><wp:post_id>9</wp:post_id><wp:post_type>attachment</wp:post_type>\
             <wp:attachment_url>https://a.example/blog/wp-content/uploads/9.png</wp:attachment_url></item>\n{}",
            item(
                "<title>Low &amp; &lt;b&gt;high&lt;/b&gt; tide</title><link>https://a.example/blog/2020/01/low-tide/</link>\
                 <guid isPermaLink=\"false\">https://a.example/blog/?p=12</guid><dc:creator><![CDATA[jo]]></dc:creator>\
                 <content:encoded><![CDATA[One\n\ntwo ]]]]><![CDATA[> & three]]></content:encoded>\
                 <excerpt:encoded><![CDATA[<p>Short</p>]]></excerpt:encoded><wp:post_id>12</wp:post_id>\
                 <wp:post_date>2020-01-02 12:00:00</wp:post_date><wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt>\
                 <wp:post_name>low-tide</wp:post_name>\
                 <category domain=\"category\" nicename=\"uncategorized\"><![CDATA[Uncategorized]]></category>\
                 <category domain=\"post_tag\" nicename=\"c\"><![CDATA[C++]]></category>\
                 <category domain=\"category\" nicename=\"a\"><![CDATA[A & B]]></category>\
                 <category domain=\"series\" nicename=\"a\"><![CDATA[S]]></category>\
                 <wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value></wp:postmeta>\
                 <wp:postmeta><wp:meta_key>_wp_old_slug</wp:meta_key><wp:meta_value>ebb</wp:meta_value></wp:postmeta>\
                 <wp:postmeta><wp:meta_key>views</wp:meta_key><wp:meta_value>1,234</wp:meta_value></wp:postmeta>\
                 <wp:comment><wp:comment_id>1</wp:comment_id><wp:comment_content>no</wp:comment_content></wp:comment>"
            )
        ));
        let blog = read(text.as_bytes()).unwrap();
        assert_eq!(blog.address.as_deref(), Some("https://a.example/blog"));
        assert_eq!((blog.comments, blog.machinery["attachment"]), (1, 1));
        let post = &blog.posts[0];
        assert_eq!(post.identity, "wordpress:a.example/blog?p=12");
        assert_eq!((post.name.as_str(), post.line), ("post 12 (low-tide)", Some(9)));
        assert_eq!(post.views, Some(1234));
        let found = post.found.as_ref().unwrap();
        let source = &found.source;
        assert_eq!((source.title.as_str(), source.slug.as_str()), ("Low & high tide", "low-tide"));
        assert_eq!(source.markdown, "One\n\ntwo \\]\\]\\> & three\n");
        assert_eq!(source.summary.as_deref(), Some("Short"));
        assert_eq!(source.published_at, Some(1_577_962_800_000));
        assert_eq!(
            (&*source.authors, &*source.tags),
            (&["Jo Ebb".into()][..], &["C++".into(), "A & B".into()][..])
        );
        assert_eq!(
            source.cover.as_deref(),
            Some("https://a.example/blog/wp-content/uploads/9.png")
        );
        assert_eq!(
            source.aliases,
            [
                "/blog/2020/01/low-tide",
                "/?p=12",
                "/blog/2020/01/ebb",
                "/2020/01/low-tide",
                "/2020/01/ebb"
            ]
        );
        assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    }

    #[test]
    fn only_what_everybody_could_read_is_published() {
        for (inner, is_draft, notes, is_deleted) in [
            ("<wp:status>publish</wp:status>", false, 0, false),
            ("<wp:status>future</wp:status>", false, 0, false),
            ("<wp:status>draft</wp:status>", true, 0, false),
            ("<wp:status>pending</wp:status>", true, 0, false),
            ("<wp:status>private</wp:status>", true, 1, false),
            ("<wp:status>made-up</wp:status>", true, 0, false),
            ("<wp:post_password>x</wp:post_password>", true, 1, false),
            ("<wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt>", true, 1, false),
            ("<wp:status>trash</wp:status>", true, 0, true),
        ] {
            let date = "<wp:post_date_gmt>2020-01-02 11:00:00</wp:post_date_gmt>";
            let post = only(&file(&item(&format!(
                "<title>x</title><wp:post_id>1</wp:post_id>{date}{inner}"
            ))));
            assert_eq!(post.is_deleted, is_deleted, "{inner}");
            if let Ok(found) = post.found {
                assert_eq!(found.source.draft, is_draft, "{inner}");
                assert_eq!(found.notes.len(), notes, "{inner}: {:?}", found.notes);
            }
        }
    }

    #[test]
    fn the_date_is_that_of_greenwich_or_the_local_one() {
        let at = |inner: &str| only(&file(&item(inner))).found.unwrap().source.published_at;
        let zero = "<wp:post_date_gmt>0000-00-00 00:00:00</wp:post_date_gmt>";
        let local = "<wp:post_date>2020-01-02 00:00:00</wp:post_date>";
        let feed = "<pubDate>Thu, 02 Jan 2020 01:00:00 +0000</pubDate>";
        assert_eq!(at(&format!("{zero}{local}")), Some(1_577_923_200_000));
        assert_eq!(at(&format!("{zero}{local}{feed}")), Some(1_577_926_800_000));
        assert_eq!(at("<pubDate>Wed, 30 Nov -0001 00:00:00 +0000</pubDate>"), None);
    }

    #[test]
    fn a_file_that_is_broken_or_not_whole_is_refused_with_the_line() {
        let whole = file(&item("<title>x</title>"));
        for (text, line, said) in [
            (&whole[..whole.len() - 18], 8, "not whole"),
            (&*whole.replace("</title></item>", "</tite></item>"), 8, "broken"),
            ("<rss><b/></rss>", 1, "channel"),
            ("", 1, "channel"),
            (&"<a>".repeat(1_000), 1, "nest"),
            ("<?xml version=\"1.0\"?>\n<rss><channel><a b=\"</channel></rss>", 2, ""),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.reason.contains(said), "{error}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn other_encodings_and_entities_of_html_are_read() {
        let text = file(&item("<title>caf\u{e9} &eacute; &#8211; a & b</title>"))
            .replace("UTF-8", "ISO-8859-1");
        let latin: Vec<u8> =
            text.chars().map(|one| u8::try_from(u32::from(one)).unwrap()).collect();
        let blog = read(latin.as_slice()).unwrap();
        assert_eq!(blog.posts[0].found.as_ref().unwrap().source.title, "café é – a & b");
    }

    #[test]
    fn pages_are_taken_as_pages_and_other_types_are_counted() {
        let kind =
            |kind: &str| item(&format!("<title>x</title><wp:post_type>{kind}</wp:post_type>"));
        let text =
            file(&[kind("page"), kind("product"), kind("product"), kind("nav_menu_item")].concat());
        let blog = read(text.as_bytes()).unwrap();
        let pages: Vec<bool> =
            blog.posts.iter().map(|post| post.found.as_ref().unwrap().source.is_page).collect();
        assert_eq!(pages, [true]);
        assert_eq!((blog.others["product"], blog.machinery["nav_menu_item"]), (2, 1));
    }

    proptest! {
        #[test]
        fn no_input_makes_it_panic(parts in prop::collection::vec(prop::sample::select(vec![
            "<item>", "</item>", "<title>", "</title>", "<![CDATA[", "]]>", "&amp;", "&#0;", "&x;", "&",
            "<wp:post_type>post</wp:post_type>", "<content:encoded>", "</content:encoded>", "<wp:comment>",
            "</wp:comment>", "<category domain=\"", "\">", "</category>", "<wp:postmeta>", "[caption]",
            "<!-- wp:block {} /-->", "text\n\n", "<", ">", "\u{1}", "<?", "?>", "<!DOCTYPE a [<!ENTITY b \"c\">]>",
        ]), 0..40)) {
            let text = file(&parts.concat());
            if let Ok(blog) = read(text.as_bytes()) {
                prop_assert!(blog.posts.len() <= parts.len());
            }
        }
    }
}
