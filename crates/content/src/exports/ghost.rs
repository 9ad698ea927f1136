//! Reads Ghost's export: JSON, from version 0.x to the current ones.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{Blog, LONGEST_FIELD, MOST_ITEMS, Program, Raw, Status, count, ghost_editor};
use crate::front_matter::{Fate, SourceError, Zones, normalize_path, parse_date};

/// What Ghost writes instead of the blog's address.
const PLACE: &str = "__GHOST_URL__";

/// The address of a page, and of a post if no other pattern is known.
const PERMALINK: &str = "/:slug/";

/// What some programs put before a text in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A text, a number or a truth value, as a text. Versions differ in what they write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Loose(String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Loose;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Loose, E> {
                Ok(Loose(text))
            }
            fn visit_bool<E>(self, is: bool) -> Result<Loose, E> {
                Ok(Loose(if is { "1".into() } else { "0".into() }))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_unit<E>(self) -> Result<Loose, E> {
                Ok(Loose::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Loose, A::Error> {
                while all.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Loose, A::Error> {
                while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A list of rows. Anything else, such as `null`, is an empty one.
#[derive(Clone, Debug)]
struct Rows<T>(Vec<T>);

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// Tags or authors that stand in a post itself instead of in tables: rows, or only their names.
fn inline<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Named>, D::Error> {
    let Value::Array(all) = Value::deserialize(deserializer)? else { return Ok(vec![]) };
    let row = |one| match one {
        Value::String(name) => Named { name: Loose(name), ..Named::default() },
        // Nothing of a row can be wrong.
        other => serde_json::from_value(other).unwrap_or_default(),
    };
    Ok(all.into_iter().map(row).filter(|row| !row.shown().is_empty()).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    db: Vec<Database>,
    data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Database {
    data: Data,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data {
    posts: Rows<Row>,
    posts_meta: Rows<Meta>,
    tags: Rows<Named>,
    users: Rows<Named>,
    posts_tags: Rows<Join>,
    posts_authors: Rows<Join>,
    settings: Rows<Setting>,
    comments: Rows<IgnoredAny>,
    members: Rows<IgnoredAny>,
}

/// A row of the table of posts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Loose,
    uuid: Loose,
    title: Loose,
    slug: Loose,
    html: Loose,
    /// Up to version 0.11.
    markdown: Loose,
    /// A document of the editor, in versions 1 to 5.
    mobiledoc: Loose,
    /// A document of the editor, since version 5.
    lexical: Loose,
    plaintext: Loose,
    feature_image: Loose,
    /// The same, up to version 0.11.
    image: Loose,
    /// Up to version 2.
    page: Loose,
    r#type: Loose,
    status: Loose,
    visibility: Loose,
    custom_excerpt: Loose,
    meta_description: Loose,
    author_id: Loose,
    published_at: Loose,
    email_only: Loose,
    codeinjection_head: Loose,
    codeinjection_foot: Loose,
    #[serde(deserialize_with = "inline")]
    tags: Vec<Named>,
    #[serde(deserialize_with = "inline")]
    authors: Vec<Named>,
}

impl Row {
    /// What names the post among all posts of all blogs. An ID is the same for ever; a short one is
    /// counted in each blog from 1.
    fn identity(&self) -> Option<String> {
        let own =
            [("", &self.uuid), ("", &self.id), ("slug ", &self.slug), ("title ", &self.title)];
        let (kind, own) = own.into_iter().find(|(_, one)| !one.0.trim().is_empty())?;
        let own: String = own.0.chars().take(100).collect();
        Some(format!("ghost:{kind}{own}"))
    }
}

/// A row of the table of what belongs to a post.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    post_id: Loose,
    meta_description: Loose,
    feature_image_caption: Loose,
    email_only: Loose,
    codeinjection_head: Loose,
    codeinjection_foot: Loose,
}

/// A tag or a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    id: Loose,
    name: Loose,
    slug: Loose,
    visibility: Loose,
    /// Of a user.
    bio: Loose,
}

impl Named {
    /// Whether it is a tag that readers see. What begins with # is for the theme only.
    fn is_seen(&self) -> bool {
        self.visibility.0 != "internal" && !self.name.0.starts_with('#')
    }

    /// What readers see.
    fn shown(&self) -> String {
        match self.name.0.trim() {
            "" => self.slug.0.clone(),
            name => name.to_owned(),
        }
    }
}

/// Which tag or author a post has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Join {
    post_id: Loose,
    tag_id: Loose,
    author_id: Loose,
    sort_order: Loose,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Setting {
    key: Loose,
    value: Loose,
}

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

/// Puts the text in, from the first of the fields that has one.
fn fill(raw: &mut Raw, row: &Row) {
    let has = |field: &Loose| !field.0.trim().is_empty();
    let documents = [
        (&row.lexical, ghost_editor::lexical as fn(&str) -> _),
        (&row.mobiledoc, ghost_editor::mobiledoc),
    ];
    let is_long = |field: &Loose| field.0.len() > LONGEST_FIELD;
    // Whether there is a text, but nothing of it could be taken.
    let mut is_lost = false;
    if has(&row.html) {
        raw.is_too_long = is_long(&row.html);
        raw.html = row.html.0.replace(PLACE, "");
        if let Some(public) = without_gated(&raw.html) {
            raw.html = public;
            raw.note(Fate::Left, GATED);
            is_lost = raw.html.trim().is_empty();
        }
    } else if let Some((field, read)) = documents.into_iter().find(|(field, _)| has(field)) {
        raw.is_too_long = is_long(field);
        match (!raw.is_too_long).then(|| read(&field.0)).flatten() {
            Some(text) => {
                raw.is_too_long = text.html.len() > LONGEST_FIELD;
                raw.html = text.html.replace(PLACE, "");
                if text.is_gated {
                    raw.note(Fate::Left, GATED);
                }
                let is_empty = raw.html.is_empty();
                is_lost = is_empty && (text.is_gated || !text.left.is_empty());
                if is_empty && !is_lost && raw.status != Status::Draft {
                    raw.note(Fate::Left, NO_TEXT);
                }
                for what in text.left {
                    raw.note(Fate::Left, what);
                }
            }
            None => is_lost = !raw.is_too_long,
        }
    } else if has(&row.markdown) {
        raw.is_too_long = is_long(&row.markdown);
        raw.markdown = Some(row.markdown.0.replace(PLACE, ""));
    } else if has(&row.plaintext) {
        raw.is_too_long = is_long(&row.plaintext);
        let part = |part: &str| format!("<p>{}</p>", escaped(part).replace('\n', "<br>"));
        raw.html = row.plaintext.0.split("\n\n").map(part).collect();
        raw.note(Fate::Left, "the file has it as plain text only");
    } else if raw.status != Status::Draft {
        raw.note(Fate::Left, NO_TEXT);
    }
    if is_lost {
        if raw.status == Status::Published {
            raw.status = Status::Draft;
        }
        raw.note(Fate::Left, LOST);
    }
}

const NO_TEXT: &str = "the file has no text for it";

/// Said of a text without the parts that only members see.
pub(super) const GATED: &str = "a part of it was for members only and was left out";

/// Said of a post without a text here, although it has one there.
pub(super) const LOST: &str = "nothing of its text could be taken, so it is an empty draft";

/// Said of who may see a post.
pub(super) const FOR_MEMBERS: &str = "for members only";

/// The text without the parts that readers who are no members don't see, or `None` if there are
/// none. Ghost stores them with all others, between comments, and takes them out of each page.
fn without_gated(html: &str) -> Option<String> {
    let mut kept = String::with_capacity(html.len());
    // For each part that is open, whether everybody may read it.
    let mut open: Vec<bool> = Vec::new();
    let mut is_cut = false;
    let mut rest = html;
    while let Some(start) = rest.find("<!--") {
        let (before, comment) = rest.split_at(start);
        let end = comment.find("-->").map(|end| end + "-->".len());
        let inner = &comment[..end.unwrap_or(comment.len())];
        let is_shown = !open.contains(&false);
        if is_shown {
            kept.push_str(before);
        }
        match mark(inner) {
            Some(Mark::Begin { is_public }) => open.push(is_public),
            Some(Mark::End) => {
                open.pop();
            }
            None if is_shown => kept.push_str(inner),
            None => {}
        }
        is_cut |= open.contains(&false);
        rest = &comment[inner.len()..];
    }
    // A part that does not end lasts to the end: nothing that was hidden may be seen.
    if !open.contains(&false) {
        kept.push_str(rest);
    }
    is_cut.then_some(kept)
}

enum Mark {
    Begin { is_public: bool },
    End,
}

/// Reads a comment that begins or ends a part for some readers.
fn mark(comment: &str) -> Option<Mark> {
    let plain: String = comment.chars().filter(|one| !one.is_whitespace()).collect();
    let plain = plain.to_ascii_lowercase();
    let plain = plain.strip_prefix("<!--")?.strip_prefix("kg-gated-block:")?;
    if let Some(parameters) = plain.strip_prefix("begin") {
        // Quotes are around names of groups of members.
        let mut unquoted = parameters.split('"').step_by(2);
        return Some(Mark::Begin { is_public: unquoted.any(|one| one.contains("nonmember:true")) });
    }
    plain.starts_with("end").then_some(Mark::End)
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

/// The pattern of the collection that has all posts, or else of the first one.
fn permalink_of_routes(text: &str) -> Option<String> {
    let mut patterns = text.lines().filter_map(|line| {
        let pattern = line.trim().strip_prefix("permalink:")?;
        Some(pattern.trim().trim_matches(['"', '\'']).to_owned())
    });
    patterns.next_back().filter(|pattern| pattern.contains("slug"))
}

/// The redirects of `redirects.json` or `redirects.yaml`: paths from and to. Patterns can't be
/// followed and are in `notes`.
fn redirects(text: &str, notes: &mut Vec<String>) -> Vec<(String, String)> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Redirect {
        from: Loose,
        to: Loose,
    }
    let given: Vec<(String, String)> = match text.trim_start().starts_with('[') {
        true => match serde_json::from_str::<Vec<Redirect>>(text) {
            Ok(all) => all.into_iter().map(|one| (one.from.0, one.to.0)).collect(),
            Err(error) => {
                notes.push(format!("the redirects can't be read: {error}"));
                vec![]
            }
        },
        false => text
            .lines()
            .filter(|line| line.starts_with([' ', '\t']) && !line.trim().starts_with('#'))
            .filter_map(|line| {
                let (from, to) = line.trim().split_once(": ")?;
                let plain = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
                Some((plain(from), plain(to)))
            })
            .collect(),
    };
    let mut found = Vec::new();
    let mut patterns = 0;
    for (from, to) in given.into_iter().take(MOST_ITEMS) {
        let from = from.trim_start_matches('^').trim_end_matches('$').replace("\\/", "/");
        let from = from.trim_end_matches("/?").replace("\\.", ".").replace("\\-", "-");
        let is_pattern = from.contains(['*', '(', ')', '[', '+', '|', '\\', '^', '$', '?'])
            || !from.starts_with('/')
            || to.contains('$');
        match is_pattern {
            true => patterns += 1,
            false => found.push((normalize_path(&from), normalize_path(&to))),
        }
    }
    if patterns > 0 {
        notes.push(format!("{patterns} redirects are patterns, which can't be followed here"));
    }
    found
}

#[cfg(test)]
mod tests;
