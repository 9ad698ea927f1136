//! Articles as files: Markdown with TOML or YAML front matter, as used by Zola, Hugo and Jekyll.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use toml_writer::{ToTomlValue, TomlStringBuilder};

use super::characters::without_unstorable;
use super::slug::slugify;

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

/// Whether a text can be the address of a picture: a path on this site, or an `https:` URL, as the
/// content security policy requires.
pub fn is_picture_address(text: &str) -> bool {
    // Browsers treat a backslash as a slash, so `/\host` names a host.
    let is_path = text.starts_with('/') && !text.starts_with("//");
    let is_elsewhere =
        url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    let is_odd =
        |character: char| character.is_control() || character.is_whitespace() || character == '\\';
    (is_path || is_elsewhere) && !text.chars().any(is_odd)
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

/// An article as read from a file, before it is rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The last part of its address.
    pub slug: String,
    /// Plain text.
    pub title: String,
    /// Plain text, if the file has a summary.
    pub summary: Option<String>,
    /// Milliseconds since 1970. Only a draft may have none.
    pub published_at: Option<i64>,
    /// Whether it is hidden from readers.
    pub draft: bool,
    /// Names, in order. May be empty.
    pub authors: Vec<String>,
    /// Names, in order.
    pub tags: Vec<String>,
    /// Other addresses of the article, with a leading slash and without a trailing one.
    pub aliases: Vec<String>,
    /// The address of the cover picture.
    pub cover: Option<String>,
    /// The body.
    pub markdown: String,
}

/// Why a file can't be read, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct SourceError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in one line.
    pub reason: String,
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
    .ok_or_else(|| error(1, "no slug can be made of the title; add one: slug = \"a-name\""))?;

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

/// Converts all line endings to `\n`. Markdown allows three: `\n`, `\r\n` and `\r`.
pub fn one_line_end(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Writes the file that [`parse`] reads back as `source`.
pub fn write(source: &Source) -> String {
    // Always a single-line string: in a multi-line one, a line could look like the closing fence.
    let text = |text: &str| TomlStringBuilder::new(text).as_basic().to_toml_value();
    let list = |texts: &[String]| {
        format!("[{}]", texts.iter().map(|one| text(one)).collect::<Vec<_>>().join(", "))
    };
    let mut lines =
        vec![format!("title = {}", text(&source.title)), format!("slug = {}", text(&source.slug))];
    if let Some(date) = source.published_at.and_then(|time| Timestamp::from_millisecond(time).ok())
    {
        lines.push(format!("date = {date}"));
    }
    if source.draft {
        lines.push("draft = true".into());
    }
    if let Some(summary) = &source.summary {
        lines.push(format!("description = {}", text(summary)));
    }
    lines.push(format!("authors = {}", list(&source.authors)));
    if !source.tags.is_empty() {
        lines.push(format!("tags = {}", list(&source.tags)));
    }
    if !source.aliases.is_empty() {
        let aliases: Vec<String> = source.aliases.iter().map(|path| encode_path(path)).collect();
        lines.push(format!("aliases = {}", list(&aliases)));
    }
    if let Some(cover) = &source.cover {
        lines.push(format!("cover = {}", text(cover)));
    }
    format!("+++\n{}\n+++\n\n{}", lines.join("\n"), source.markdown)
}

/// The form in which aliases are stored and looked up: only the path, decoded, with a leading slash
/// and without a trailing one.
pub fn normalize_path(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = match url::Url::parse(path) {
        Ok(url) if url.has_host() => url.path().to_owned(),
        _ => path.to_owned(),
    };
    let decoded = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
    format!("/{}", decoded.trim_matches('/'))
}

/// Encodes a path so that [`normalize_path`] decodes it to `path` again.
fn encode_path(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
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
        return Err(error(1, format!("the front matter has no end: a line {fence} is missing")));
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

/// The part of a path that names the article. For `a-title/index`, that is the folder.
fn file_stem(name: &str) -> &str {
    let mut parts = name.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some("index"), Some(folder)) => folder,
        (Some(stem), _) => stem,
        (None, _) => name,
    }
}

/// Splits Jekyll's `2026-01-31-a-title` into the date and the rest.
fn split_dated_stem(stem: &str) -> (Option<String>, &str) {
    let is_date = stem.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    match stem.get(10..).and_then(|rest| rest.strip_prefix('-')) {
        Some(rest) if is_date => (Some(stem[..10].to_owned()), rest),
        _ => (None, stem),
    }
}

/// Finds a date such as `2014/12/12` anywhere in a path.
fn date_in_path(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    parts.windows(3).find_map(|window| {
        let date = format!("{}-{}-{}", window[0], window[1], window[2]);
        date.parse::<jiff::civil::Date>().is_ok().then_some(date)
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_of_any_kind_are_read_back_the_same() {
        let source =
            parse("x", "+++\r\ntitle = \"x\"\rdraft = true\n+++\none\r\r\r\ntwo\rthree").unwrap();
        assert_eq!(source.markdown, "one\n\n\ntwo\nthree");
        assert_eq!(parse("x", &write(&source)), Ok(source));
    }

    #[test]
    fn a_date_that_could_not_be_written_back_is_refused() {
        for date in ["-2027-01-31 12:00:00 +0100", "-000001-01-31T12:00:00Z"] {
            let error = parse("x", &format!("---\ntitle: x\ndate: {date}\n---\n")).unwrap_err();
            assert!(error.line == 3 && error.reason.contains("is not a date"), "{error}");
        }
    }

    #[test]
    fn a_cover_has_many_forms_and_one_that_is_not_known_is_none() {
        for (line, cover) in [
            ("cover = \"/a.png\"", Some("/a.png")),
            ("image = \"https://example.com/a.png\"", Some("https://example.com/a.png")),
            ("cover = { image = \"/a.png\", alt = \"x\" }", Some("/a.png")),
            ("cover = { hidden = true }", None),
            ("cover = 1", None),
            ("cover = \"a.png\"", None),
            ("image = \"javascript:alert(1)\"", None),
            ("image = \"//example.com/a.png\"", None),
            ("image = '/\\example.com/a.png'", None),
            ("image = 'https:\\\\example.com\\a.png'", None),
        ] {
            let text = format!("+++\ntitle = \"x\"\ndraft = true\n{line}\n+++\n");
            assert_eq!(parse("x", &text).unwrap().cover.as_deref(), cover, "{line}");
        }
    }

    #[test]
    fn zola_hugo_and_jekyll_files_are_read() {
        let zola = parse(
            "Cargo",
            "+++\npath = \"2014/11/20/Cargo\"\ntitle = \"Cargo\"\nauthors = [\"Alex Crichton\"]\n\
             description = \"A tool\"\naliases = [\"2014/11/20/Cargo.html\"]\n[taxonomies]\ntags = [\"Tools\"]\n+++\n\ntext\n",
        )
        .unwrap();
        assert_eq!(zola.slug, "cargo");
        assert_eq!(zola.published_at, Some(1_416_441_600_000));
        assert_eq!(zola.aliases, ["/2014/11/20/Cargo", "/2014/11/20/Cargo.html"]);
        assert_eq!(zola.tags, ["Tools"]);
        assert_eq!(zola.markdown, "text\n");

        let hugo = parse(
            "posts/my-post/index",
            "---\ntitle: My post\ndate: 2026-01-31T12:00:00+01:00\ntags: [a, b]\nauthor: Jo\ndraft: true\n---\ntext",
        )
        .unwrap();
        assert_eq!((hugo.slug.as_str(), hugo.draft), ("my-post", true));
        assert_eq!(hugo.published_at, Some(1_769_857_200_000));
        assert_eq!(
            (hugo.tags, hugo.authors),
            (vec!["a".to_owned(), "b".into()], vec!["Jo".to_owned()])
        );

        let jekyll = parse(
            "_posts/2026-01-31-hello",
            "---\nlayout: post\ntitle: \"Hello\"\nredirect_from:\n  - /old/\n---\n\ntext",
        )
        .unwrap();
        assert_eq!((jekyll.slug.as_str(), jekyll.published_at), ("hello", Some(1_769_817_600_000)));
        assert_eq!(jekyll.aliases, ["/old"]);
        let twofold = parse(
            "x",
            "---\ntitle: x\ndate: 2026-01-30\npublishDate: 2026-01-31\ndescription: d\nsummary: s\naliases: [/a/]\n\
             redirect_from: /b\n---\n",
        )
        .unwrap();
        assert_eq!(
            (twofold.summary.as_deref(), twofold.published_at),
            (Some("d"), Some(1_769_817_600_000))
        );
        assert_eq!(twofold.aliases, ["/a", "/b"]);
        let spaced = parse("x", "---\ntitle: x\ndate: 2026-01-31 12:00:00 +0100\n---\n").unwrap();
        assert_eq!(spaced.published_at, Some(1_769_857_200_000));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused_with_its_line() {
        for (text, line, said) in [
            ("text", 1, "front matter"),
            ("+++\ntitle = \"x\"\n", 1, "no end"),
            ("+++\ntitle = \"x\"\ndate = 2026-13-01\n+++\n", 3, ""),
            ("+++\ntitle = 7\n+++\n", 2, "string"),
            ("+++\ndate = 2026-01-01\n+++\n", 1, "title"),
            ("+++\ntitle = \"x\"\n+++\n", 1, "date"),
            ("+++\ntitle = \"x\"\ndate = \"soon\"\n+++\n", 3, "soon"),
            ("---\ntitle: x\ntags: {a: b}\n---\n", 3, ""),
            ("---\ntitle: x\n  bad: [\n---\n", 3, ""),
        ] {
            let error = parse("file", text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.reason.contains(said), "{text:?}: {error}");
            assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let source = Source {
            slug: "a-b".into(),
            title: "\"A\" = 'b' \\ 潮".into(),
            summary: Some("three\n+++\nlines".into()),
            published_at: Some(1_769_857_200_123),
            draft: true,
            authors: vec!["Жанна".into(), "B".into()],
            tags: vec!["one two".into()],
            aliases: vec!["/2014/a b.html".into(), "/c#/100% sure?".into()],
            cover: Some("/pictures/a.png".into()),
            markdown: "text\n\n+++\n\nmore".into(),
        };
        assert_eq!(parse("other", &write(&source)).unwrap(), source);
    }
}
