//! Parses a file into an article. Knows the field names and the habits of Hugo, Zola, Jekyll, Hexo,
//! Eleventy, Astro and Obsidian.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::date::{Zones, parse_date};
use super::hidden::{self, Inherited};
use super::path::{
    date_in_path, file_stem, is_picture_address, normalize_path, split_dated_stem, without_ending,
};
use super::split::{Split, split};
use super::value::{Node, Value, plain_key};
use super::{LONGEST_ALIAS, LONGEST_SERIES, MOST_ALIASES, Source, SourceError, one_line_end};
use crate::anchor::split_anchor;
use crate::characters::without_unstorable;
use crate::language::short_code;
use crate::slug::{slugify, tag_slug};
use crate::whitespace::one_line;

/// Maximum length of a title, in characters. As all lengths here, it is the studio's, so that
/// whatever is read can be edited.
pub(crate) const LONGEST_TITLE: usize = 200;
/// Maximum length of a summary, in characters.
pub(crate) const LONGEST_SUMMARY: usize = 500;
/// Maximum length of a text, in characters.
pub(crate) const LONGEST_MARKDOWN: usize = 1_000_000;
/// Maximum number of keys of a table in the front matter. Each field is looked for among all of
/// them.
pub(crate) const MOST_KEYS: usize = 1_000;
/// Maximum length of the address of a cover, in characters.
pub(crate) const LONGEST_COVER: usize = 1_000;
/// Maximum length of a tag's or an author's name, in characters.
pub(crate) const LONGEST_NAME: usize = 100;
/// Maximum number of tags, and of authors.
pub(crate) const MOST_NAMES: usize = 50;

/// The program whose files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// <https://gohugo.io>
    Hugo,
    /// <https://www.getzola.org>
    Zola,
    /// <https://jekyllrb.com>
    Jekyll,
    /// <https://hexo.io>
    Hexo,
    /// <https://www.11ty.dev>
    Eleventy,
    /// <https://astro.build>
    Astro,
    /// <https://obsidian.md>
    Obsidian,
}

impl Generator {
    /// Its name, as it writes it.
    pub fn name(self) -> &'static str {
        match self {
            Generator::Hugo => "Hugo",
            Generator::Zola => "Zola",
            Generator::Jekyll => "Jekyll",
            Generator::Hexo => "Hexo",
            Generator::Eleventy => "Eleventy",
            Generator::Astro => "Astro",
            Generator::Obsidian => "Obsidian",
        }
    }
}

/// What a file means beyond its text.
#[derive(Clone, Debug, Default)]
pub struct Conventions {
    /// The program it was written for, if known.
    pub generator: Option<Generator>,
    /// What a date without a zone means.
    pub zones: Zones,
    /// The language that the file's name says, as in `post.de.md`.
    pub language: Option<String>,
    /// The folder that aliases without a leading slash are relative to (Hugo), such as `/posts`.
    pub alias_base: String,
    /// Whether the program takes the file for a page such as About, because of where it is.
    pub page: PageRule,
    /// What the file has from others. The first one that has a value counts.
    pub inherited: Vec<Arc<Inherited>>,
    /// Tags whose articles ask for a password (Hexo).
    pub locked_tags: Arc<HashSet<String>>,
    /// The time, in milliseconds since 1970. What expired before is not shown.
    pub now: i64,
}

/// Whether a file is a page, if it doesn't say so itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageRule {
    /// It is an article.
    #[default]
    Never,
    /// It is a page if it has no date.
    Undated,
    /// It is a page.
    Always,
}

/// What became of a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in the article, in another form.
    Changed,
    /// It is not in the article, or not as its author meant it.
    Left,
}

/// Something that a person should know about a file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line, from 1.
    pub line: usize,
    /// What became of it.
    pub fate: Fate,
    /// What is the matter, in one line.
    pub text: String,
}

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Found {
    /// The article.
    pub source: Source,
    /// What is different from the file.
    pub notes: Vec<Note>,
    /// The keys of the front matter that mean nothing here.
    pub unused: Vec<String>,
    /// The article's own address at its source, if the file names one.
    pub address: Option<String>,
    /// The pattern of that address (`/:year/:title/`) or its name (`pretty`), if the file has one.
    pub pattern: Option<String>,
    /// Whether the file names its slug or address.
    pub names_itself: bool,
    /// The slug in the front matter, as it was written.
    pub own_slug: Option<String>,
    /// The file's name without date, language and ending.
    pub stem: String,
    /// The categories, as they were written.
    pub categories: Vec<String>,
    /// All values that are a text, by their key in small letters.
    pub values: Vec<(String, String)>,
    /// What the file gives as its cover, as it was written, and its line.
    pub cover: Option<(usize, String)>,
    /// The line of the file at which the text begins, from 1.
    pub body_line: usize,
}

/// Keys for the date, the one that counts most first. They are plain keys, as all below.
pub(super) const DATES: [&str; 14] = [
    "publishdate",
    "pubdatetime",
    "pubdate",
    "publishedat",
    "publisheddate",
    "publishedon",
    "datepublished",
    "date",
    "posted",
    "created",
    "createdat",
    "datecreated",
    "createddate",
    "creationdate",
];
/// Those of them that say when a text was begun, not when it was published.
pub(super) const CREATED: [&str; 5] =
    ["created", "createdat", "datecreated", "createddate", "creationdate"];
/// Eleventy: dates that stand for those of the file, which no copy of it has.
const DATES_OF_FILE: [&str; 4] = ["created", "last modified", "git created", "git last modified"];
/// Keys for the time of the last change.
const UPDATES: [&str; 7] = [
    "updated",
    "lastmod",
    "lastmodified",
    "lastmodifiedat",
    "modified",
    "updatedat",
    "updateddate",
];
const SUMMARIES: [&str; 5] = ["description", "summary", "excerpt", "abstract", "desc"];
const COVERS: [&str; 17] = [
    "cover",
    "image",
    "coverimage",
    "featuredimage",
    "featureimage",
    "featured",
    "heroimage",
    "hero",
    "thumbnail",
    "banner",
    "bannerimg",
    "indeximg",
    "ogimage",
    "socialimage",
    "img",
    "images",
    "header",
];
/// Keys in a table that stands for a picture.
const PICTURES: [&str; 8] =
    ["image", "path", "src", "url", "relative", "teaser", "overlayimage", "feature"];
const LANGUAGES: [&str; 3] = ["lang", "language", "locale"];
/// Tables that hold more of the fields.
pub(super) const INNER: [&str; 2] = ["extra", "params"];
const OTHERS: [&str; 19] = [
    "title",
    "slug",
    "path",
    "url",
    "permalink",
    "draft",
    "published",
    "publish",
    "status",
    "private",
    "password",
    "author",
    "authors",
    "tags",
    "tag",
    "category",
    "categories",
    "aliases",
    "redirectfrom",
];

/// Makes an error whose reason is one line.
pub(super) fn error(line: usize, reason: impl Into<String>) -> SourceError {
    let reason: String = reason.into();
    SourceError { line, reason: one_line(&reason) }
}

/// Parses a file. `name` is its path within the import. It supplies the slug and the date if the
/// front matter has none, as in Jekyll's `2026-01-31-a-title`.
///
/// # Errors
/// What is wrong, and on which line.
pub fn parse(name: &str, text: &str) -> Result<Source, SourceError> {
    read(name, text, &Conventions::default()).map(|found| found.source)
}

/// Like [`parse`], with everything that the file says and with the habits of a program.
///
/// # Errors
/// What is wrong, and on which line.
pub fn read(name: &str, text: &str, conventions: &Conventions) -> Result<Found, SourceError> {
    let name = &*without_unstorable(name);
    let text = one_line_end(&without_unstorable(text.trim_start_matches('\u{feff}')));
    let Split { front, body, body_line } = split(&text, conventions.generator)?;
    if let Some(Node { line, .. }) = front.beyond(MOST_KEYS) {
        let reason = format!("the front matter, or a table in it, has more than {MOST_KEYS} keys");
        return Err(error(*line, reason));
    }
    if body.chars().nth(LONGEST_MARKDOWN).is_some() {
        return Err(error(
            body_line,
            format!("the text has more than {LONGEST_MARKDOWN} characters"),
        ));
    }
    Reading { name, front: &front, conventions, notes: Vec::new() }.article(body, body_line)
}

/// The names of tags or authors that are kept, in their order.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) kept: Vec<String>,
    slugs: Vec<String>,
}

impl Names {
    /// Keeps the name of a `what`, which is known by `slug`, unless it is empty or there already.
    ///
    /// # Errors
    /// Why it can't be kept.
    pub(crate) fn add(&mut self, what: &str, name: String, slug: String) -> Result<(), String> {
        if name.is_empty() || self.slugs.contains(&slug) {
            return Ok(());
        }
        let why = if slug.is_empty() {
            "has no letter or digit".to_owned()
        } else if name.chars().nth(LONGEST_NAME).is_some() {
            format!("has more than {LONGEST_NAME} characters")
        } else if self.kept.len() == MOST_NAMES {
            format!("is one more than {MOST_NAMES}")
        } else {
            self.slugs.push(slug);
            self.kept.push(name);
            return Ok(());
        };
        let start: String = name.chars().take(40).collect();
        Err(format!("the {what} {start:?} {why}"))
    }
}

/// A file that is being read.
pub(super) struct Reading<'a> {
    pub(super) name: &'a str,
    pub(super) front: &'a Node,
    pub(super) conventions: &'a Conventions,
    notes: Vec<Note>,
}

impl<'a> Reading<'a> {
    pub(super) fn note(&mut self, line: usize, fate: Fate, text: impl Into<String>) {
        let text: String = text.into();
        self.notes.push(Note { line, fate, text: one_line(&text) });
    }

    /// The value of a key, wherever the programs look for it.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.front
            .get(key)
            .or_else(|| INNER.iter().find_map(|table| self.front.get(table)?.get(key)))
    }

    /// The text of a key, if it has one.
    pub(super) fn text(&self, key: &str) -> Option<(usize, String)> {
        let node = self.get(key)?;
        let text = without_unstorable(node.as_text()?).trim().to_owned();
        (!text.is_empty()).then_some((node.line, text))
    }

    /// What the values of these keys name, without what can't be kept.
    fn names(&mut self, keys: &[&str], what: &str, key: fn(&str) -> String) -> Vec<String> {
        let mut names = Names::default();
        // Zola has its tags in a table of their own.
        let tables = [self.get("taxonomies")];
        let inner = tables.into_iter().flatten();
        let nodes: Vec<&Node> = keys
            .iter()
            .filter_map(|key| self.get(key))
            .chain(inner.flat_map(|table| keys.iter().filter_map(|key| table.get(key))))
            .collect();
        for node in nodes {
            let parts: Vec<String> = match &node.value {
                Value::Text(text) if what == "tag" => self.split_tags(text),
                _ => node.texts(),
            };
            if parts.is_empty() && matches!(node.value, Value::Table(_)) {
                let text = format!("it names no {what}: it is a table without a name");
                self.note(node.line, Fate::Left, text);
            }
            for name in parts {
                let name = without_unstorable(&name).trim().to_owned();
                let slug = key(&name);
                if let Err(why) = names.add(what, name, slug) {
                    self.note(node.line, Fate::Left, why);
                }
            }
        }
        names.kept
    }

    /// The tags in a text. Jekyll splits at spaces; everybody understands commas.
    fn split_tags(&self, text: &str) -> Vec<String> {
        let is_dated = split_dated_stem(file_stem(without_ending(self.name))).0.is_some();
        let is_jekyll = match self.conventions.generator {
            Some(generator) => generator == Generator::Jekyll,
            None => is_dated || self.name.split('/').any(|part| part == "_posts"),
        };
        let text = text.trim().trim_start_matches('[').trim_end_matches(']');
        if text.contains([',', '，', '、']) {
            text.split([',', '，', '、']).map(str::to_owned).collect()
        } else if is_jekyll {
            text.split_whitespace().map(str::to_owned).collect()
        } else {
            vec![text.to_owned()]
        }
    }

    fn title(
        &mut self,
        stem: &str,
        body: &mut String,
        body_line: usize,
    ) -> Result<String, SourceError> {
        if let Some((line, title)) = self.text("title") {
            if title.chars().nth(LONGEST_TITLE).is_some() {
                let most = format!("the title has more than {LONGEST_TITLE} characters");
                return Err(error(line, most));
            }
            return Ok(title);
        }
        if let Some(heading) = first_heading(body) {
            let Heading { start, end, line, text, is_first } = heading;
            let title: String = text.chars().take(LONGEST_TITLE).collect();
            let line = body_line + line;
            self.note(line, Fate::Changed, "there is no title, so it is the first heading");
            if is_first && title == text {
                // It would be shown twice.
                body.replace_range(start..end, "");
            }
            return Ok(title);
        }
        let words: String =
            stem.chars().map(|one| if matches!(one, '-' | '_') { ' ' } else { one }).collect();
        let title: String = one_line(&words).chars().take(LONGEST_TITLE).collect();
        if title.is_empty() {
            return Err(error(1, "it has no title, and none can be made of its name"));
        }
        self.note(1, Fate::Changed, "there is no title, so it is the name of the file");
        Ok(title)
    }

    /// When it is published, in milliseconds since 1970.
    fn date(
        &self,
        address: Option<&str>,
        stem: Option<String>,
    ) -> Result<Option<i64>, SourceError> {
        let zones = &self.conventions.zones;
        for key in DATES {
            if let Some((line, text)) = self.text(key) {
                if DATES_OF_FILE.contains(&text.to_ascii_lowercase().as_str()) {
                    continue;
                }
                let date = parse_date(&text, zones).ok_or_else(|| {
                    let short: String = text.chars().take(60).collect();
                    let form = "is not a date such as 2026-01-31 or 2026-01-31T12:00:00Z";
                    error(line, format!("{short:?} {form}"))
                })?;
                return Ok(Some(date));
            }
        }
        // Jekyll's `published: false` is no date; dev.to's `published_at` and others are.
        let published = self.text("published").and_then(|(_, text)| parse_date(&text, zones));
        let in_path = || address.and_then(date_in_path).or(stem);
        Ok(published.or_else(|| parse_date(&in_path()?, zones)))
    }

    /// When the text was changed last. A date that can't be read is left out: nothing depends on
    /// it.
    fn updated_at(&mut self) -> Option<i64> {
        let (line, text) = UPDATES.iter().find_map(|key| self.text(key))?;
        let date = parse_date(&text, &self.conventions.zones);
        if date.is_none() {
            let short: String = text.chars().take(60).collect();
            self.note(
                line,
                Fate::Left,
                format!("the time of its last change is no date: {short:?}"),
            );
        }
        date
    }

    /// The series. If the file names several, it is the first.
    fn series(&mut self) -> Option<String> {
        let node = self.get("series").or_else(|| self.get("taxonomies")?.get("series"))?;
        let name = without_unstorable(node.texts().first()?).trim().to_owned();
        if name.chars().nth(LONGEST_SERIES).is_some() {
            let text = format!("the name of its series has more than {LONGEST_SERIES} characters");
            self.note(node.line, Fate::Left, text);
            return None;
        }
        (!name.is_empty()).then_some(name)
    }

    fn summary(&mut self) -> Option<String> {
        let (line, text) = SUMMARIES.iter().find_map(|key| self.text(key))?;
        if text.chars().nth(LONGEST_SUMMARY).is_none() {
            return Some(text);
        }
        let start: String = text.chars().take(LONGEST_SUMMARY).collect();
        let end = start.rfind(char::is_whitespace).unwrap_or(start.len());
        self.note(
            line,
            Fate::Changed,
            format!("the summary has more than {LONGEST_SUMMARY} characters, so it was cut"),
        );
        Some(start[..end].trim_end().to_owned())
    }

    fn aliases(&mut self, address: Option<&(usize, String)>, slug: &str) -> Vec<String> {
        let mut given: Vec<(usize, String)> = address.cloned().into_iter().collect();
        if self.conventions.generator != Some(Generator::Obsidian) {
            for key in ["aliases", "alias", "redirectfrom"] {
                let Some(node) = self.get(key) else { continue };
                for text in node.texts() {
                    let is_relative = !text.starts_with('/') && !text.contains("://");
                    let base = &self.conventions.alias_base;
                    let text = if is_relative { format!("{base}/{text}") } else { text };
                    given.push((node.line, text));
                }
            }
        }
        let mut aliases = Vec::new();
        for (line, text) in given {
            let alias = normalize_path(&text);
            let alias = format!("/{}", without_unstorable(&alias).trim_matches('/'));
            if alias == "/" || alias == format!("/articles/{slug}") || aliases.contains(&alias) {
                continue;
            }
            if alias.chars().nth(LONGEST_ALIAS).is_some() {
                let text =
                    format!("an address of more than {LONGEST_ALIAS} characters can't be kept");
                self.note(line, Fate::Left, text);
            } else if aliases.len() == MOST_ALIASES {
                let text = format!("an article can have {MOST_ALIASES} other addresses, not more");
                self.note(line, Fate::Left, text);
                break;
            } else {
                aliases.push(alias);
            }
        }
        aliases
    }

    fn is_page(&self, date: Option<i64>) -> bool {
        let kinds = ["type", "layout"].iter().filter_map(|key| self.text(key));
        let mut kinds = kinds.map(|(_, kind)| kind.to_lowercase());
        match kinds.find(|kind| matches!(kind.as_str(), "page" | "post")) {
            Some(kind) => kind == "page",
            None => match self.conventions.page {
                PageRule::Never => false,
                PageRule::Undated => date.is_none(),
                PageRule::Always => true,
            },
        }
    }

    fn cover(&self) -> Option<(usize, String)> {
        COVERS.iter().find_map(|key| picture(self.get(key)?))
    }

    fn article(mut self, body: &str, body_line: usize) -> Result<Found, SourceError> {
        let mut markdown = body.to_owned();
        let mut stem = file_stem(without_ending(self.name));
        if let Some(language) = &self.conventions.language {
            stem = stem.strip_suffix(&format!(".{language}")).unwrap_or(stem);
        }
        let (stem_date, stem) = split_dated_stem(stem);
        let written = ["path", "url", "permalink"].iter().find_map(|key| self.text(key));
        let (pattern, address): (Option<_>, Option<_>) = match written {
            Some((_, text)) if is_pattern(&text) => (Some(text), None),
            // Eleventy: a file that becomes no page.
            Some((_, text)) if text == "false" => (None, None),
            address => (None, address),
        };
        let title = self.title(stem, &mut markdown, body_line)?;
        let markdown = markdown.trim_start_matches('\n').to_owned();
        let lines = |text: &str| text.matches('\n').count();
        let body_line = body_line + lines(body).saturating_sub(lines(&markdown));
        let own_slug = self.text("slug").map(|(_, slug)| slug);
        let last = address.as_ref().and_then(|(_, address)| {
            let parts = address.split(['?', '#']).next().unwrap_or_default().rsplit('/');
            let mut parts = parts.filter(|part| !part.is_empty());
            parts.find(|part| !matches!(*part, "index.html" | "index.htm" | "index.php"))
        });
        let slug =
            [own_slug.as_deref(), last.map(without_ending), Some(stem), Some(title.as_str())]
                .into_iter()
                .flatten()
                .map(slugify)
                .find(|slug| !slug.is_empty())
                .ok_or_else(|| {
                    error(1, "no slug can be made from the title; add one: slug = \"a-name\"")
                })?;
        let date = self.date(address.as_ref().map(|(_, address)| address.as_str()), stem_date)?;
        let is_page = self.is_page(date);
        let mut draft = self.is_draft(is_page);
        // A page has no date that readers see.
        let published_at = date.or(is_page.then_some(0));
        if published_at.is_none() && !draft {
            draft = true;
            self.note(1, Fate::Left, "it has no date, so it is a draft until it is published here");
        }
        let tags = self.names(&["tags", "tag", "category", "categories"], "tag", tag_slug);
        let authors = self.names(&["authors", "author"], "author", slugify);
        let updated_at = self.updated_at();
        let series = self.series();
        let categories =
            ["category", "categories"].iter().filter_map(|key| self.get(key)).flat_map(Node::texts);
        let cover = self.cover();
        let known = |key: &str| {
            DATES.contains(&key)
                || UPDATES.contains(&key)
                || SUMMARIES.contains(&key)
                || COVERS.contains(&key)
                || LANGUAGES.contains(&key)
                || INNER.contains(&key)
                || OTHERS.contains(&key)
                || hidden::is_known(key)
                || matches!(key, "taxonomies" | "alias" | "series")
        };
        // These said that it is a page.
        let says_page = |key: &str| is_page && matches!(key, "type" | "layout");
        // As in [`Node::get`], the last value counts if a key comes twice.
        let last: HashMap<String, &Node> =
            self.front.entries().iter().map(|(key, node)| (plain_key(key), node)).collect();
        let values = self.front.keys().filter_map(|key| {
            Some((key.to_lowercase(), last.get(&plain_key(key))?.as_text()?.to_owned()))
        });
        let language = LANGUAGES
            .iter()
            .find_map(|key| self.text(key))
            .map(|(_, language)| language)
            .or_else(|| self.conventions.language.clone())
            .filter(|language| is_language(language))
            .map(|language| short_code(&language).map_or(language, str::to_owned));
        let names_itself = own_slug.is_some() || address.is_some();
        Ok(Found {
            unused: self
                .front
                .keys()
                .filter(|key| !known(&plain_key(key)) && !says_page(&plain_key(key)))
                .map(str::to_owned)
                .collect(),
            categories: categories.collect(),
            values: values.collect(),
            stem: stem.to_owned(),
            source: Source {
                title,
                summary: self.summary(),
                published_at,
                updated_at,
                draft,
                authors,
                tags,
                series,
                aliases: self.aliases(address.as_ref(), &slug),
                cover: cover.as_ref().map(|(_, cover)| cover.clone()).filter(|cover| {
                    is_picture_address(cover) && cover.chars().nth(LONGEST_COVER).is_none()
                }),
                language,
                is_page,
                markdown,
                slug,
            },
            address: address.map(|(_, address)| address),
            pattern,
            names_itself,
            own_slug,
            cover,
            body_line,
            notes: self.notes,
        })
    }
}

/// Whether a permalink is a pattern, or the name of one, instead of an address.
fn is_pattern(text: &str) -> bool {
    let named = matches!(text, "pretty" | "date" | "ordinal" | "weekdate" | "none");
    let starts_word = |text: &str| text.starts_with(|one: char| one.is_ascii_alphabetic());
    let has_word = text.match_indices(':').any(|(at, _)| {
        text[..at].chars().next_back().is_none_or(|one| "/-_.".contains(one))
            && starts_word(&text[at + 1..])
    });
    named || text.contains("{{") || (has_word && !text.contains("://"))
}

/// Whether a text has the form of a BCP 47 tag.
fn is_language(text: &str) -> bool {
    let mut parts = text.split(['-', '_']);
    let first = parts.next().unwrap_or_default();
    (2..=3).contains(&first.len())
        && first.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && text.len() <= 35
}

/// The picture that a value names. Themes write it in many forms; unknown ones are no picture.
fn picture(node: &Node) -> Option<(usize, String)> {
    match &node.value {
        Value::Text(text) => {
            let text = without_unstorable(text).trim().to_owned();
            let ending = text.rsplit(['/', '\\']).next().unwrap_or_default().contains('.');
            (ending || text.starts_with("https:")).then_some((node.line, text))
        }
        Value::Table(_) => PICTURES.iter().find_map(|key| picture(node.get(key)?)),
        Value::List(nodes) => nodes.first().and_then(picture),
        Value::Null => None,
    }
}

/// A heading of a text: its bytes, its line, from 0, and whether nothing stands before it.
struct Heading {
    start: usize,
    end: usize,
    line: usize,
    text: String,
    is_first: bool,
}

/// The first heading that is written with `#`, outside code.
fn first_heading(body: &str) -> Option<Heading> {
    let (mut at, mut is_code, mut is_first) = (0, false, true);
    for (number, line) in body.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            is_code = !is_code;
        }
        let marks = trimmed.len() - trimmed.trim_start_matches('#').len();
        let rest = &trimmed[marks..];
        if !is_code && (1..=6).contains(&marks) && rest.starts_with(' ') {
            let text = one_line(rest.trim_end_matches('#'));
            let text = split_anchor(&text).map_or(text.as_str(), |(text, _)| text).to_owned();
            if !text.is_empty() {
                return Some(Heading { start, end: at, line: number, text, is_first });
            }
        }
        is_first &= trimmed.is_empty();
    }
    None
}
