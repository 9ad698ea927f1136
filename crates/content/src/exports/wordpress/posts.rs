//! Makes posts of the items of a WXR file, once all of it was read.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::notes::{FOR_MEMBERS, LOST};
use super::super::{Blog, Post, Program, Raw, Status, count, without_scheme};
use super::item::Item;
use super::markup::{Plain, Surroundings, to_html};
use super::{DEEPEST, Reading};
use crate::characters::without_unstorable;
use crate::front_matter::{Fate, Zones, parse_date};
use crate::to_markdown::{ids_in, plain_text};

/// The most old slugs of a post that are looked at.
const MOST_OLD_SLUGS: usize = 50;

/// The longest address in which an id is looked for, in bytes.
const LONGEST_LINK: usize = 2_000;

impl Reading {
    pub(super) fn blog(mut self) -> Blog {
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
