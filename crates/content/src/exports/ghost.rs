//! Reads Ghost's export: JSON, from version 0.x to the current ones.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Blog, LONGEST_FIELD, MOST_ITEMS, Program, Raw, Status, count};
use crate::front_matter::{Fate, SourceError, Zones, normalize_path, parse_date};

/// What Ghost writes instead of the blog's address.
const PLACE: &str = "__GHOST_URL__";

/// The address of a post if no other pattern is known.
const PERMALINK: &str = "/:slug/";

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
    markdown: Loose,
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
}

/// A row of the table of what belongs to a post.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    post_id: Loose,
    meta_description: Loose,
    feature_image_caption: Loose,
    email_only: Loose,
}

/// A tag or a user.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    id: Loose,
    name: Loose,
    slug: Loose,
    visibility: Loose,
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
pub fn read(input: impl Read, neighbours: &Neighbours) -> Result<Blog, SourceError> {
    let file: File = serde_json::from_reader(input).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default().to_owned();
        let reason = format!("this can't be read as an export of Ghost: {reason}");
        SourceError { line: error.line().max(1), reason }
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
            // What begins with # is for the theme only.
            .filter(|tag| tag.visibility.0 != "internal" && !tag.name.0.starts_with('#'))
            .map(|tag| (tag.id.clone(), tag.name.0.clone()))
            .collect();
        let name = |user: &Named| match user.name.0.trim() {
            "" => user.slug.0.clone(),
            name => name.to_owned(),
        };
        let users: HashMap<Loose, String> =
            data.users.0.iter().map(|user| (user.id.clone(), name(user))).collect();
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
        for row in rows {
            let is_page = matches!(row.r#type.0.as_str(), "page") || row.page.0 == "1";
            match row.r#type.0.as_str() {
                kind if is_page || matches!(kind, "" | "post") => {
                    let raw = Raw { is_page, ..self.raw(row) };
                    blog.posts.push(raw.finish(|html, _| html.to_owned()));
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

    fn raw(&mut self, row: Row) -> Raw {
        let meta = self.meta.get(&row.id).cloned().unwrap_or_default();
        // Both are the same for ever; short ones are counted in each blog from 1.
        let own = [&row.uuid.0, &row.id.0].into_iter().find(|one| !one.is_empty());
        let own: String = own.map_or("", String::as_str).chars().take(100).collect();
        let mut raw = Raw {
            identity: format!("ghost:{own}"),
            id: row.id.0.chars().take(40).collect(),
            title: row.title.0.clone(),
            slug: row.slug.0.clone(),
            published_at: milliseconds(&row.published_at.0),
            authors: match self.authors.get(&row.id) {
                Some(names) => names.clone(),
                None => self.users.get(&row.author_id).cloned().into_iter().collect(),
            },
            tags: self.tags.get(&row.id).cloned().unwrap_or_default(),
            ..Raw::default()
        };
        raw.is_too_long = row.html.0.len().max(row.markdown.0.len()) > LONGEST_FIELD;
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
            ("published" | "scheduled", _) => Status::Hidden("for members only"),
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
        if raw.status == Status::Published {
            raw.addresses = self.addresses(&raw);
        }
        raw.html = row.html.0.replace(PLACE, "");
        if raw.html.trim().is_empty() {
            let text =
                [&row.plaintext.0, &row.markdown.0].into_iter().find(|one| !one.trim().is_empty());
            if let Some(text) = text {
                raw.html = text
                    .split("\n\n")
                    .map(|part| format!("<p>{}</p>", escaped(part).replace('\n', "<br>")))
                    .collect();
                raw.note(Fate::Left, "the file has it as plain text only");
            } else {
                raw.note(Fate::Left, "the file has no text for it");
            }
        }
        raw
    }

    /// The address of a post, and those that redirect there.
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
        values.iter().fold(self.permalink.clone(), |pattern, (name, value)| {
            pattern.replace(&format!("{{{name}}}"), value).replace(&format!(":{name}"), value)
        })
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A date, or milliseconds since 1970 as in the oldest files.
fn milliseconds(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(number) if number.abs() > 100_000_000 => Some(number),
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ghost(posts: &str, neighbours: &Neighbours) -> Blog {
        let text = format!(
            "{{\"db\":[{{\"meta\":{{\"version\":\"5.75.0\"}},\"data\":{{\"posts\":[{posts}],\
             \"tags\":[{{\"id\":\"t1\",\"name\":\"C & C++\"}},{{\"id\":\"t2\",\"name\":\"#hidden\",\"visibility\":\"internal\"}}],\
             \"users\":[{{\"id\":1,\"name\":\"Jo Ebb\"}},{{\"id\":\"u2\",\"name\":\"\",\"slug\":\"al\"}}],\
             \"posts_tags\":[{{\"post_id\":\"p1\",\"tag_id\":\"t2\",\"sort_order\":0}},{{\"post_id\":\"p1\",\"tag_id\":\"t1\",\"sort_order\":1}}],\
             \"posts_authors\":[{{\"post_id\":\"p1\",\"author_id\":1,\"sort_order\":1}},{{\"post_id\":\"p1\",\"author_id\":\"u2\",\"sort_order\":0}}],\
             \"posts_meta\":null,\"settings\":[{{\"key\":\"timezone\",\"value\":\"Asia/Tokyo\"}}]}}}}]}}"
        );
        read(text.as_bytes(), neighbours).unwrap()
    }

    const POST: &str = "{\"id\":\"p1\",\"uuid\":\"0a-b\",\"title\":\"A <b> & c\",\"slug\":\"low-tide\",\"type\":\"post\",\
        \"html\":\"<p>Hi <img src=\\\"__GHOST_URL__/content/images/a.png\\\"></p>\",\"lexical\":\"{}\",\"status\":\"published\",\
        \"visibility\":\"public\",\"published_at\":\"2020-01-01T16:00:00.000Z\",\
        \"feature_image\":\"__GHOST_URL__/content/images/b.png\",\"custom_excerpt\":\"Short\"}";

    #[test]
    fn a_post_is_read_with_everything_that_belongs_to_it() {
        let neighbours = Neighbours {
            permalink: Some("/{year}/{month}/{day}/{slug}/".into()),
            redirects: Some(
                "301:\n  /older: /old/\n  /old: /2020/01/02/low-tide/\n  /^a(.*)$/: /b\n  /x: /y\n"
                    .into(),
            ),
            ..Neighbours::default()
        };
        let blog = ghost(POST, &neighbours);
        let post = &blog.posts[0];
        assert_eq!(
            (post.identity.as_str(), post.name.as_str()),
            ("ghost:0a-b", "post p1 (low-tide)")
        );
        let source = &post.found.as_ref().unwrap().source;
        assert_eq!(source.title, "A <b> & c");
        assert_eq!(source.markdown, "Hi ![](/content/images/a.png)\n");
        assert_eq!(source.cover.as_deref(), Some("/content/images/b.png"));
        assert_eq!(
            (&*source.tags, &*source.authors),
            (&["C & C++".into()][..], &["al".into(), "Jo Ebb".into()][..])
        );
        assert_eq!(source.aliases, ["/2020/01/02/low-tide", "/old", "/older"]);
        assert_eq!((source.summary.as_deref(), source.draft), (Some("Short"), false));
        assert_eq!(
            blog.notes,
            [
                "1 redirects are patterns, which can't be followed here",
                "1 redirects lead to no post: /x"
            ]
        );
        assert_eq!(
            ghost(POST, &Neighbours::default()).posts[0].found.as_ref().unwrap().source.aliases,
            ["/low-tide"]
        );
    }

    #[test]
    fn only_what_everybody_could_read_is_published() {
        for (from, to, is_draft, notes) in [
            ("\"status\":\"published\"", "\"status\":\"scheduled\"", false, 0),
            ("\"status\":\"published\"", "\"status\":\"draft\"", true, 0),
            ("\"status\":\"published\"", "\"status\":\"sent\"", true, 1),
            ("\"visibility\":\"public\"", "\"visibility\":\"paid\"", true, 1),
            ("\"visibility\":\"public\"", "\"email_only\":true", true, 1),
        ] {
            let blog = ghost(&POST.replace(from, to), &Neighbours::default());
            let found = blog.posts[0].found.as_ref().unwrap();
            assert_eq!((found.source.draft, found.notes.len()), (is_draft, notes), "{to}");
        }
    }

    #[test]
    fn the_oldest_form_is_read_with_its_pages() {
        let text = "{\"meta\":{\"exported_on\":1,\"version\":\"003\"},\"data\":{\"posts\":[\
            {\"id\":5,\"title\":\"Old\",\"slug\":\"old\",\"markdown\":\"*a*\",\"html\":\"<p><em>a</em></p>\",\"image\":\"/content/images/a.png\",\
            \"page\":0,\"status\":\"published\",\"author_id\":1,\"published_at\":1388318400000},\
            {\"id\":6,\"title\":\"About\",\"slug\":\"about\",\"page\":true,\"html\":\"\"}],\
            \"users\":[{\"id\":1,\"name\":\"Jo\"}],\"tags\":[{\"id\":2,\"name\":\"Sea\"}],\"posts_tags\":[{\"id\":1,\"post_id\":5,\"tag_id\":2}],\
            \"settings\":[{\"key\":\"permalinks\",\"value\":\"/:year/:slug/\"}]}}";
        let blog = read(text.as_bytes(), &Neighbours::default()).unwrap();
        let page = &blog.posts[1].found.as_ref().unwrap().source;
        assert_eq!((page.title.as_str(), page.is_page), ("About", true));
        let source = &blog.posts[0].found.as_ref().unwrap().source;
        assert!(!source.is_page);
        assert_eq!((source.markdown.as_str(), &*source.tags), ("*a*\n", &["Sea".into()][..]));
        assert_eq!(
            (source.published_at, &*source.authors),
            (Some(1_388_318_400_000), &["Jo".into()][..])
        );
        assert_eq!(source.aliases, ["/2013/old"]);
    }

    #[test]
    fn what_is_no_export_is_refused_with_the_line() {
        for (text, line, said) in [
            ("{\"db\":\n[", 2, "EOF"),
            ("{}", 1, "no data"),
            ("{\"db\":[{\"data\":{\"posts\":\n7}}]}", 2, "invalid type"),
            ("", 1, "EOF"),
        ] {
            let error = read(text.as_bytes(), &Neighbours::default()).unwrap_err();
            assert!(error.line == line && error.reason.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn redirects_are_read_from_json_and_the_pattern_from_the_routes() {
        let mut notes = Vec::new();
        let json = "[{\"from\":\"^\\\\/old\\\\/?$\",\"to\":\"/new/\",\"permanent\":true},{\"from\":\"/a(.*)\",\"to\":\"/b\"}]";
        assert_eq!(redirects(json, &mut notes), [("/old".to_owned(), "/new".to_owned())]);
        assert_eq!(notes.len(), 1);
        let routes =
            "routes:\n\ncollections:\n  /:\n    permalink: /blog/{slug}/\n    template: index\n";
        assert_eq!(permalink_of_routes(routes).as_deref(), Some("/blog/{slug}/"));
    }

    proptest! {
        #[test]
        fn no_values_make_it_panic(values in prop::collection::vec(prop::sample::select(vec![
            "null", "1", "-1", "true", "\"\"", "\"p1\"", "[]", "{}", "1e300", "\"2020-13-01\"", "\"<p>a\"",
        ]), 16)) {
            let keys = ["id", "uuid", "title", "slug", "html", "markdown", "feature_image", "page", "type", "status",
                "visibility", "custom_excerpt", "author_id", "published_at", "plaintext", "email_only"];
            let fields: Vec<String> =
                keys.iter().zip(&values).map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let blog = ghost(&format!("{{{}}}", fields.join(",")), &Neighbours::default());
            prop_assert!(blog.posts.len() + blog.others.len() == 1);
        }
    }
}
