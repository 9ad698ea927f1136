//! Reads Ghost's export: JSON, from version 0.x to the current ones.

mod editor;
mod gated;
mod routing;
mod schema;
mod text;

use std::collections::HashMap;
use std::io::Read;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::routing::{permalink_of_routes, redirects};
use self::schema::{Data, File, Join, Loose, Meta, Named, Row};
use self::text::fill;
use super::notes::FOR_MEMBERS;
use super::{Blog, MOST_ITEMS, Program, Raw, Status, count};
use crate::front_matter::{Fate, SourceError, Zones, normalize_path, parse_date};

/// What Ghost writes instead of the blog's address.
const PLACE: &str = "__GHOST_URL__";

/// The address of a page, and of a post if no other pattern is known.
const PERMALINK: &str = "/:slug/";

/// What some programs put before a text in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What the export's file does not say.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    /// The pattern of the posts' addresses, such as `/:year/:slug/` or `/{year}/{slug}/`.
    pub permalink: Option<String>,
    /// The text of `routes.yaml`.
    pub routes: Option<String>,
    /// The text of `redirects.yaml` or `redirects.json`.
    pub redirects: Option<String>,
}

/// Reads an export.
///
/// # Errors
/// What is wrong with the file, and on which line.
pub fn read(mut input: impl Read, neighbours: &Neighbours) -> Result<Blog, SourceError> {
    let mut start = Vec::new();
    input.by_ref().take(MARK.len() as u64).read_to_end(&mut start).map_err(|error| {
        SourceError { line: 1, reason: format!("the file can't be read: {error}") }
    })?;
    let start = start.strip_prefix(MARK).unwrap_or(&start);
    let file: File = serde_json::from_reader(start.chain(input)).map_err(|error| {
        let line = error.line().max(1);
        if error.is_eof() {
            let reason = "the file ends in the middle; it was cut off".to_owned();
            return SourceError { line, reason };
        }
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let column = error.column();
        let reason = format!("this is no export of Ghost: {reason} (column {column})");
        SourceError { line, reason }
    })?;
    let data = file.db.into_iter().next().map(|one| one.data).or(file.data);
    let Some(data) = data else {
        let reason = "this is no export of Ghost: it has no data".to_owned();
        return Err(SourceError { line: 1, reason });
    };
    if data.posts.0.len() > MOST_ITEMS {
        let reason = format!("there are more than {MOST_ITEMS} posts");
        return Err(SourceError { line: 1, reason });
    }
    Ok(Reading::new(data, neighbours).blog())
}

struct Reading {
    data: Data,
    tags: HashMap<Loose, Vec<String>>,
    authors: HashMap<Loose, Vec<String>>,
    users: HashMap<Loose, String>,
    meta: HashMap<Loose, Meta>,
    permalink: String,
    zone: TimeZone,
    /// Old addresses with the paths that they lead to.
    redirects: Vec<(String, String)>,
    notes: Vec<String>,
}

impl Reading {
    fn new(mut data: Data, neighbours: &Neighbours) -> Self {
        let setting = |key: &str| {
            let found = data.settings.0.iter().find(|one| one.key.0 == key);
            found.map(|one| one.value.0.clone()).filter(|value| !value.is_empty())
        };
        let mut notes = Vec::new();
        let zone = setting("timezone").or(setting("active_timezone")).or(setting("activeTimezone"));
        let zone = zone.and_then(|name| TimeZone::get(&name).ok()).unwrap_or(TimeZone::UTC);
        let routes = neighbours.routes.as_deref().and_then(permalink_of_routes);
        let permalink = neighbours.permalink.clone().or(routes).or(setting("permalinks"));
        let names: HashMap<Loose, String> = data
            .tags
            .0
            .iter()
            .filter(|tag| tag.is_seen())
            .map(|tag| (tag.id.clone(), tag.name.0.clone()))
            .collect();
        let users: HashMap<Loose, String> =
            data.users.0.iter().map(|user| (user.id.clone(), user.shown())).collect();
        let joined = |rows: &mut Vec<Join>, id: fn(&Join) -> &Loose, names: &HashMap<_, String>| {
            rows.sort_by_key(|row| row.sort_order.0.parse::<i64>().unwrap_or(0));
            let mut found: HashMap<Loose, Vec<String>> = HashMap::new();
            for row in rows {
                if let Some(name) = names.get(id(row)) {
                    found.entry(row.post_id.clone()).or_default().push(name.clone());
                }
            }
            found
        };
        let tags = joined(&mut data.posts_tags.0, |row| &row.tag_id, &names);
        let authors = joined(&mut data.posts_authors.0, |row| &row.author_id, &users);
        let meta = std::mem::take(&mut data.posts_meta.0);
        let meta = meta.into_iter().map(|row| (row.post_id.clone(), row)).collect();
        let redirects = neighbours.redirects.as_deref().map(|text| redirects(text, &mut notes));
        notes.extend(not_taken(&data));
        Self {
            data,
            tags,
            authors,
            users,
            meta,
            permalink: permalink.unwrap_or_else(|| PERMALINK.into()),
            zone,
            redirects: redirects.unwrap_or_default(),
            notes,
        }
    }

    fn blog(mut self) -> Blog {
        let mut blog = Blog::new(Program::Ghost);
        blog.comments = self.data.comments.0.len();
        let rows = std::mem::take(&mut self.data.posts.0);
        for (index, row) in rows.into_iter().enumerate() {
            let is_page = matches!(row.r#type.0.as_str(), "page") || row.page.0 == "1";
            match row.r#type.0.as_str() {
                kind if is_page || matches!(kind, "" | "post") => {
                    let identity = row.identity();
                    let raw = Raw {
                        identity: identity.clone().unwrap_or_else(|| format!("ghost:at {index}")),
                        ..self.raw(row, is_page)
                    };
                    let mut post = raw.finish(|html, _| html.to_owned());
                    if identity.is_none() {
                        let reason = "it has no ID, no address and no title";
                        post.found = Err(reason.to_owned());
                    }
                    blog.posts.push(post);
                }
                other => count(&mut blog.others, other),
            }
        }
        let unused: Vec<&str> = self
            .redirects
            .iter()
            .filter(|(_, to)| !to.is_empty())
            .map(|(from, _)| from.as_str())
            .collect();
        if !unused.is_empty() {
            let number = unused.len();
            let first = unused.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            self.notes.push(format!("{number} redirects lead to no post: {first}"));
        }
        blog.notes = self.notes;
        blog
    }

    fn raw(&mut self, row: Row, is_page: bool) -> Raw {
        // Rows without an ID have nothing in the other tables.
        let own = Some(&row.id).filter(|id| !id.0.is_empty());
        let meta = own.and_then(|id| self.meta.get(id)).cloned().unwrap_or_default();
        let tags = own.and_then(|id| self.tags.get(id)).cloned();
        let authors = own.and_then(|id| self.authors.get(id)).cloned();
        let own_tags = row.tags.iter().filter(|tag| tag.is_seen()).map(Named::shown);
        let mut raw = Raw {
            is_page,
            id: row.id.0.chars().take(40).collect(),
            title: row.title.0.clone(),
            slug: row.slug.0.clone(),
            published_at: milliseconds(&row.published_at.0),
            authors: authors.unwrap_or_else(|| match row.authors.is_empty() {
                true => self.users.get(&row.author_id).cloned().into_iter().collect(),
                false => row.authors.iter().map(Named::shown).collect(),
            }),
            tags: tags.unwrap_or_else(|| own_tags.collect()),
            ..Raw::default()
        };
        // Titles and excerpts are text, not HTML.
        raw.title = escaped(&raw.title);
        let summaries = [&row.custom_excerpt, &row.meta_description, &meta.meta_description];
        let summary = summaries.into_iter().find(|one| !one.0.trim().is_empty());
        raw.summary = summary.map(|one| escaped(&one.0)).unwrap_or_default();
        raw.tags.iter_mut().chain(&mut raw.authors).for_each(|name| *name = escaped(name));
        let is_email =
            row.status.0 == "sent" || row.email_only.0 == "1" || meta.email_only.0 == "1";
        raw.status = match (row.status.0.as_str(), row.visibility.0.as_str()) {
            _ if is_email => Status::Hidden("only sent by e-mail"),
            ("published" | "scheduled", "" | "public") => Status::Published,
            ("published" | "scheduled", _) => Status::Hidden(FOR_MEMBERS),
            _ => Status::Draft,
        };
        if raw.status == Status::Draft {
            raw.published_at = None;
        }
        let cover = [&row.feature_image.0, &row.image.0].into_iter().find(|one| !one.is_empty());
        raw.cover = cover.map(|cover| cover.replace(PLACE, ""));
        if raw.cover.is_some() && !meta.feature_image_caption.0.trim().is_empty() {
            raw.note(Fate::Left, "the caption of its cover was left out");
        }
        // Old addresses of drafts don't answer. They do once somebody publishes the post here.
        if raw.status != Status::Draft {
            raw.addresses = self.addresses(&raw);
        }
        let code = [
            &row.codeinjection_head,
            &row.codeinjection_foot,
            &meta.codeinjection_head,
            &meta.codeinjection_foot,
        ];
        if code.into_iter().any(|one| !one.0.trim().is_empty()) {
            raw.note(Fate::Left, "code for its page (code injection) was left out");
        }
        fill(&mut raw, &row);
        raw
    }

    /// The address of a post or page, and those that redirect there.
    fn addresses(&mut self, raw: &Raw) -> Vec<String> {
        let address = normalize_path(&self.address(raw));
        let mut addresses = vec![address.clone()];
        // A redirect may lead to another.
        let mut next = 0;
        while next < addresses.len() && addresses.len() < 200 {
            for (from, to) in &mut self.redirects {
                if *to == addresses[next] {
                    addresses.push(from.clone());
                    to.clear();
                }
            }
            next += 1;
        }
        addresses
    }

    fn address(&self, raw: &Raw) -> String {
        let date = raw.published_at.and_then(|date| Timestamp::from_millisecond(date).ok());
        let date = date.map(|date| self.zone.to_datetime(date));
        let first = |names: &[String], or: &str| {
            names.first().map_or(or.to_owned(), |name| crate::slug::slugify(name))
        };
        let values = [
            ("slug", raw.slug.clone()),
            ("id", raw.id.clone()),
            ("year", date.map(|date| format!("{:04}", date.year())).unwrap_or_default()),
            ("month", date.map(|date| format!("{:02}", date.month())).unwrap_or_default()),
            ("day", date.map(|date| format!("{:02}", date.day())).unwrap_or_default()),
            ("primary_author", first(&raw.authors, "all")),
            ("primary_tag", first(&raw.tags, "all")),
            ("author", first(&raw.authors, "all")),
        ];
        // The pattern is that of posts.
        let pattern = if raw.is_page { PERMALINK } else { &self.permalink };
        values.iter().fold(pattern.to_owned(), |pattern, (name, value)| {
            pattern.replace(&format!("{{{name}}}"), value).replace(&format!(":{name}"), value)
        })
    }
}

/// What of the blog itself is not taken, in one line.
fn not_taken(data: &Data) -> Option<String> {
    let has = |keys: &[&str]| {
        data.settings.0.iter().any(|one| {
            let value = one.value.0.trim();
            keys.contains(&one.key.0.as_str()) && !matches!(value, "" | "[]" | "null")
        })
    };
    let bios = data.users.0.iter().filter(|user| !user.bio.0.trim().is_empty()).count();
    let members = data.members.0.len();
    let all = [
        (has(&["title", "description"]), "its title and description".to_owned()),
        (has(&["navigation", "secondary_navigation"]), "its menus".to_owned()),
        (
            has(&["codeinjection_head", "codeinjection_foot", "ghost_head", "ghost_foot"]),
            "code for all pages".to_owned(),
        ),
        (bios > 0, format!("what {bios} of its authors say about themselves")),
        (members > 0, format!("{members} members")),
    ];
    let all: Vec<String> = all.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
    (!all.is_empty()).then(|| format!("these do not come in: {}", all.join(", ")))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A date, or milliseconds since 1970 as in the oldest files.
fn milliseconds(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(number) if number.unsigned_abs() > 100_000_000 => Some(number),
        _ => parse_date(text, &Zones::default()),
    }
    .filter(|number| (-62_135_596_800_000..253_402_300_800_000).contains(number))
}

#[cfg(test)]
mod tests;
