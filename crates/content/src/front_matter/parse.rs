//! Parses a file into an article. Knows the field names and the habits of Hugo, Zola, Jekyll, Hexo,
//! Eleventy, Astro and Obsidian.

mod fields;
mod title;

use std::collections::HashMap;

use super::conventions::Conventions;
use super::keys::{INNER, LANGUAGES, is_known};
use super::limits::{LONGEST_COVER, LONGEST_MARKDOWN, MOST_KEYS};
use super::notes::{Fate, Note};
use super::path::{file_stem, is_picture_address, split_dated_stem, without_ending};
use super::split::{Split, split};
use super::value::{Node, plain_key};
use super::{Source, SourceError, one_line_end};
use crate::characters::without_unstorable;
use crate::language::short_code;
use crate::slug::{slugify, tag_slug};
use crate::whitespace::one_line;

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
                .filter(|key| !is_known(&plain_key(key)) && !says_page(&plain_key(key)))
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
