//! Parses a file into an article. Knows the field names of Zola, Hugo and Jekyll.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::path::{date_in_path, file_stem, is_picture_address, normalize_path, split_dated_stem};
use super::{Source, SourceError, one_line_end};
use crate::characters::without_unstorable;
use crate::slug::slugify;

/// The front matter of a file, with the field names of all three programs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FrontMatter {
    title: Option<String>,
    slug: Option<String>,
    /// Zola: the full path.
    path: Option<String>,
    /// Hugo: the full path.
    url: Option<String>,
    /// Jekyll: the full path.
    permalink: Option<String>,
    date: Option<DateValue>,
    /// Hugo: the publication date, if it differs from `date`.
    #[serde(rename = "publishDate")]
    publish_date: Option<DateValue>,
    draft: bool,
    /// Jekyll: false marks a draft.
    published: Option<bool>,
    authors: OneOrMany,
    author: OneOrMany,
    description: Option<String>,
    /// Hugo's and Zola's name for the description.
    summary: Option<String>,
    /// Jekyll's name for the description.
    excerpt: Option<String>,
    tags: OneOrMany,
    taxonomies: Taxonomies,
    aliases: OneOrMany,
    /// Jekyll's name for aliases.
    redirect_from: OneOrMany,
    cover: Picture,
    /// Jekyll's name for the cover.
    image: Picture,
}

/// A cover picture. Themes write it in many forms; unknown ones are ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
enum Picture {
    #[default]
    None,
    Address(String),
    Table {
        #[serde(alias = "path", alias = "src", alias = "url")]
        image: String,
    },
    Other(serde::de::IgnoredAny),
}

impl Picture {
    fn address(self) -> Option<String> {
        match self {
            Picture::Address(address) | Picture::Table { image: address } => Some(address),
            Picture::None | Picture::Other(_) => None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Taxonomies {
    tags: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts was expected")]
enum OneOrMany {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            OneOrMany::None => vec![],
            OneOrMany::One(text) => vec![text],
            OneOrMany::Many(texts) => texts,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a date such as 2026-01-31 was expected")]
enum DateValue {
    Toml(toml::value::Datetime),
    Text(String),
}

fn error(line: usize, reason: impl Into<String>) -> SourceError {
    let reason: String = reason.into();
    SourceError { line, reason: reason.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// Parses a file. `name` is its path within the import, without the extension. It supplies the slug
/// and the date if the front matter has none, as in Jekyll's `2026-01-31-a-title`.
///
/// # Errors
/// What is wrong, and on which line.
pub fn parse(name: &str, text: &str) -> Result<Source, SourceError> {
    let text = one_line_end(&without_unstorable(text.trim_start_matches('\u{feff}')));
    let (front_matter, markdown) = split(&text)?;

    let stem = file_stem(name);
    let (stem_date, stem_slug) = split_dated_stem(stem);
    let address = front_matter
        .path
        .as_deref()
        .or(front_matter.url.as_deref())
        .or(front_matter.permalink.as_deref());

    let title = front_matter
        .title
        .as_deref()
        // Front matter can contain any character as an escape sequence.
        .map(|title| without_unstorable(title).trim().to_owned())
        .filter(|title| !title.is_empty())
        .ok_or_else(|| error(1, "the front matter has no title"))?;
    let slug = [
        front_matter.slug.as_deref(),
        address
            .and_then(|address| address.trim_matches('/').rsplit('/').next())
            .map(|last| last.trim_end_matches(".html")),
        Some(stem_slug),
        Some(title.as_str()),
    ]
    .into_iter()
    .flatten()
    .map(slugify)
    .find(|slug| !slug.is_empty())
    .ok_or_else(|| error(1, "no slug can be made from the title; add one: slug = \"a-name\""))?;

    let draft = front_matter.draft || front_matter.published == Some(false);
    let published_at = match front_matter.publish_date.as_ref().or(front_matter.date.as_ref()) {
        Some(DateValue::Toml(date)) => Some(parse_date(&date.to_string())),
        Some(DateValue::Text(text)) => Some(parse_date(text)),
        None => address.and_then(date_in_path).or(stem_date).map(|date| parse_date(&date)),
    };
    let published_at = published_at
        .transpose()
        .map_err(|reason| error(line_of(&text, &["date", "publishDate"]), reason))?;
    if published_at.is_none() && !draft {
        return Err(error(
            1,
            "the front matter has no date; add one, such as date = 2026-01-31, or draft = true",
        ));
    }

    let mut authors = front_matter.authors.into_vec();
    authors.extend(front_matter.author.into_vec());
    let mut tags = front_matter.tags.into_vec();
    tags.extend(front_matter.taxonomies.tags);
    let mut aliases = Vec::new();
    let others = front_matter
        .aliases
        .clone()
        .into_vec()
        .into_iter()
        .chain(front_matter.redirect_from.clone().into_vec());
    for alias in address.map(str::to_owned).into_iter().chain(others) {
        let alias = normalize_path(&alias);
        if alias != "/" && alias != format!("/articles/{slug}") && !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    Ok(Source {
        title,
        summary: [front_matter.description, front_matter.summary, front_matter.excerpt]
            .into_iter()
            .flatten()
            .map(|text| without_unstorable(&text).trim().to_owned())
            .find(|text| !text.is_empty()),
        published_at,
        draft,
        authors: unique(storable(authors), slugify),
        tags: unique(storable(tags), slugify),
        aliases,
        cover: [front_matter.cover, front_matter.image]
            .into_iter()
            .filter_map(Picture::address)
            .find(|address| is_picture_address(address)),
        markdown: markdown.trim_start_matches('\n').to_owned(),
        slug,
    })
}

fn storable(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(|text| without_unstorable(&text).into_owned()).collect()
}

fn split(text: &str) -> Result<(FrontMatter, &str), SourceError> {
    let (fence, rest) = match (text.strip_prefix("+++\n"), text.strip_prefix("---\n")) {
        (Some(rest), _) => ("+++", rest),
        (_, Some(rest)) => ("---", rest),
        _ => {
            return Err(error(
                1,
                "the file does not start with front matter (+++ for TOML, --- for YAML)",
            ));
        }
    };
    let mut at = 0;
    let end = rest.split_inclusive('\n').find_map(|line| {
        let start = at;
        at += line.len();
        (line.trim_end() == fence).then_some((start, at))
    });
    let Some((end, body)) = end else {
        return Err(error(1, format!("the front matter is not closed: a {fence} line is missing")));
    };
    let source = &rest[..end];
    let front_matter = if fence == "+++" {
        toml::from_str(source).map_err(|problem| {
            let before = problem
                .span()
                .map_or(0, |span| source[..span.start.min(source.len())].matches('\n').count());
            error(before + 2, problem.message())
        })?
    } else if source.trim().is_empty() {
        FrontMatter::default()
    } else {
        serde_saphyr::from_str(source).map_err(|problem| {
            let line = problem
                .location()
                .map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
            // The first line says what is wrong; the rest draws the location.
            let message = problem.to_string();
            error(line + 1, message.lines().next().unwrap_or("the YAML can't be read"))
        })?
    };
    Ok((front_matter, &rest[body..]))
}

/// The line, from 1, that sets one of `keys`.
fn line_of(text: &str, keys: &[&str]) -> usize {
    let sets = |line: &str| keys.iter().any(|key| line.trim_start().starts_with(key));
    text.lines().position(sets).map_or(1, |position| position + 1)
}

/// Returns milliseconds since 1970. A date without a time means midnight; without an offset, UTC.
fn parse_date(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let timestamp = text
        .parse::<Timestamp>()
        // Jekyll: 2026-01-31 12:00:00 +0100
        .or_else(|_| {
            jiff::fmt::strtime::parse("%Y-%m-%d %H:%M:%S %z", text)
                .and_then(|parsed| parsed.to_timestamp())
        })
        .or_else(|_| text.parse::<DateTime>().and_then(|date| TimeZone::UTC.to_timestamp(date)))
        .ok()
        // TOML, the format of `write`, allows only these years.
        .filter(|timestamp| (1..=9999).contains(&TimeZone::UTC.to_datetime(*timestamp).year()));
    let timestamp = timestamp.ok_or_else(|| {
        format!("{text:?} is not a date such as 2026-01-31 or 2026-01-31T12:00:00Z")
    })?;
    Ok(timestamp.as_millisecond())
}

fn unique(texts: Vec<String>, key: fn(&str) -> String) -> Vec<String> {
    let mut keys = Vec::new();
    let mut unique = Vec::new();
    for text in texts {
        let text = text.trim().to_owned();
        let key = key(&text);
        if !key.is_empty() && !keys.contains(&key) {
            keys.push(key);
            unique.push(text);
        }
    }
    unique
}
