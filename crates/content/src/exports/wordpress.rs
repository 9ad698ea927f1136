//! Reads WXR, the export of WordPress: RSS 2.0 with more in it, in the versions 1.0 to 1.2.
//!
//! The file is read once from start to end. Comments and everything else that is not taken are
//! skipped on the way.

mod item;
mod lines;
mod markup;
mod paragraphs;
mod posts;

use std::cell::Cell;
use std::collections::HashMap;
use std::io::BufRead;
use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use self::item::{ELEMENTS, FIELDS, Item, Term, VIEWS, is_for_members};
use self::lines::Lines;
use super::{Attachment, Attachments, Blog, LONGEST_FIELD, MOST_ITEMS, count};
use crate::front_matter::SourceError;
use crate::whitespace::one_line;

/// Elements whose content is not taken.
const SKIPPED: [&str; 6] =
    ["wp:comment", "wp:category", "wp:tag", "wp:term", "image", "wp:termmeta"];

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
}

#[cfg(test)]
mod tests;
