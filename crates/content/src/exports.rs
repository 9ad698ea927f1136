//! Whole blogs in one file, as other programs export them: WordPress (WXR) and Ghost (JSON).

pub mod ghost;
mod notes;
pub mod wordpress;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use crate::characters::without_unstorable;
use crate::front_matter::{
    Fate, Found, LONGEST_ALIAS, LONGEST_COVER, LONGEST_MARKDOWN, LONGEST_SUMMARY, LONGEST_TITLE,
    MOST_ALIASES, Names, Note, Source, is_picture_address, normalize_path, one_line_end,
};
use crate::slug::{slugify, tag_slug};
use crate::to_markdown::{plain_text, to_markdown_with};
use crate::whitespace::one_line;

/// Maximum number of posts, pages and everything else in a file.
pub const MOST_ITEMS: usize = 200_000;

/// Maximum size of one text in a file, in bytes.
pub const LONGEST_FIELD: usize = 16 << 20;

/// The program that wrote an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// <https://wordpress.org>: WXR, which is RSS with more in it.
    WordPress,
    /// <https://ghost.org>: JSON.
    Ghost,
}

impl Program {
    /// Its name, as it writes it.
    pub fn name(self) -> &'static str {
        match self {
            Program::WordPress => "WordPress",
            Program::Ghost => "Ghost",
        }
    }

    /// Recognizes a file by how it begins. A few thousand bytes are enough.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(beginning);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if let Some(inner) = text.strip_prefix('{') {
            let has = |key: &str| text.contains(&format!("\"{key}\""));
            let key = inner.trim_start().strip_prefix('"');
            let is_ghost = match key.and_then(|rest| rest.split_once('"')) {
                Some(("db", rest)) => {
                    let value = rest.trim_start().strip_prefix(':').map(str::trim_start);
                    value.is_some_and(|value| value.starts_with('['))
                }
                // Older files are not in a list named "db", and so are those that are made to be
                // imported into Ghost.
                Some(("meta", _)) => has("data"),
                // "meta" may stand behind all posts.
                Some(("data", _)) => has("meta") || (has("posts") && has("published_at")),
                _ => false,
            };
            return is_ghost.then_some(Program::Ghost);
        }
        let is_feed = text.contains("<rss");
        // The oldest have no address of their own for the names that begin with "wp:".
        let is_wordpress = text.contains("wordpress.org/export/") || text.contains("xmlns:wp=");
        (is_feed && is_wordpress).then_some(Program::WordPress)
    }
}

/// A blog in a file.
#[derive(Clone, Debug)]
pub struct Blog {
    /// The program that wrote the file.
    pub program: Program,
    /// The blog's address, such as `https://a.example/blog`, if the file names it.
    pub address: Option<String>,
    /// Its posts and pages, in the order of the file.
    pub posts: Vec<Post>,
    /// Addresses of files that belong to the blog, without scheme.
    pub files: Vec<String>,
    /// How many comments there are. They are not read.
    pub comments: usize,
    /// What else there is that somebody wrote, by its type, with the number. It is not read.
    pub others: BTreeMap<String, usize>,
    /// What the program needs for itself, by its type, with the number.
    pub machinery: BTreeMap<String, usize>,
    /// What holds for the whole blog: one line each.
    pub notes: Vec<String>,
}

impl Blog {
    fn new(program: Program) -> Self {
        Self {
            program,
            address: None,
            posts: vec![],
            files: vec![],
            comments: 0,
            others: BTreeMap::new(),
            machinery: BTreeMap::new(),
            notes: vec![],
        }
    }
}

/// A post or a page of a blog.
#[derive(Clone, Debug)]
pub struct Post {
    /// What names it among all posts of all blogs, whatever becomes of its title and its address.
    pub identity: String,
    /// What the report calls it.
    pub name: String,
    /// The line of the file at which it begins, from 1, if the format has lines.
    pub line: Option<usize>,
    /// A hash of everything in it that is taken.
    pub hash: String,
    /// How often it was viewed, if the file says so.
    pub views: Option<u64>,
    /// Whether it is in the bin there.
    pub is_deleted: bool,
    /// The article, or why it can't be read.
    pub found: Result<Found, String>,
}

/// Who may see a post there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Status {
    /// Everybody, or everybody from its date on.
    Published,
    #[default]
    Draft,
    /// Only some, which can't be done here: who.
    Hidden(&'static str),
    Deleted,
}

/// A post as its program has it, with its text as HTML.
#[derive(Clone, Debug, Default)]
struct Raw {
    identity: String,
    /// The ID that people see there.
    id: String,
    line: Option<usize>,
    title: String,
    slug: String,
    status: Status,
    /// Whether it is a page such as About.
    is_page: bool,
    html: String,
    /// Its text instead of `html`, if the file has it as Markdown.
    markdown: Option<String>,
    /// HTML or text.
    summary: String,
    published_at: Option<i64>,
    authors: Vec<String>,
    tags: Vec<String>,
    cover: Option<String>,
    /// Full ones or paths, the one it was known by first.
    addresses: Vec<String>,
    views: Option<u64>,
    /// The ids to which links in any text of the blog lead.
    named: Rc<HashSet<String>>,
    /// What has changed on the way here.
    notes: Vec<Note>,
    /// Whether a text was longer than [`LONGEST_FIELD`].
    is_too_long: bool,
}

impl Raw {
    fn name(&self) -> String {
        let slug: String = self.slug.chars().filter(|one| !one.is_control()).take(80).collect();
        let title: String = self.title.chars().filter(|one| !one.is_control()).take(60).collect();
        let called = if slug.is_empty() { title } else { slug };
        let kind = if self.is_page { "page" } else { "post" };
        match self.id.as_str() {
            "" => format!("{kind} ({called})"),
            id => format!("{kind} {id} ({called})"),
        }
    }

    fn note(&mut self, fate: Fate, text: impl Into<String>) {
        let text: String = text.into();
        self.notes.push(Note { line: self.line.unwrap_or(1), fate, text: one_line(&text) });
    }

    /// A hash of all that becomes part of the article.
    fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&part.len().to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add(&format!("{:?} {:?}", self.status, self.published_at));
        if self.is_page {
            add("page");
        }
        if let Some(markdown) = &self.markdown {
            add("markdown");
            add(markdown);
        }
        for part in [&self.title, &self.slug, &self.html, &self.summary] {
            add(part);
        }
        for list in [&self.authors, &self.tags, &self.addresses] {
            add(&list.len().to_string());
            list.iter().for_each(|part| add(part));
        }
        add(self.cover.as_deref().unwrap_or_default());
        hasher.finalize().to_hex().to_string()
    }

    /// The post. `to_html` turns its text into plain HTML, and adds notes.
    fn finish(mut self, to_html: impl FnOnce(&str, &mut Vec<(Fate, String)>) -> String) -> Post {
        let (hash, name) = (self.hash(), self.name());
        let (identity, line, views) = (self.identity.clone(), self.line, self.views);
        let is_deleted = self.status == Status::Deleted;
        // What is in the bin is not looked at.
        let found = if is_deleted { Err(String::new()) } else { self.found(to_html) };
        Post { identity, name, line, hash, views, is_deleted, found }
    }

    fn found(
        &mut self,
        to_html: impl FnOnce(&str, &mut Vec<(Fate, String)>) -> String,
    ) -> Result<Found, String> {
        if self.is_too_long {
            return Err(format!("a text in it has more than {} MiB", LONGEST_FIELD >> 20));
        }
        let markdown = match &self.markdown {
            Some(markdown) => without_unstorable(&one_line_end(markdown)).into_owned(),
            None => {
                let mut notes = Vec::new();
                let html = to_html(&without_unstorable(&self.html), &mut notes);
                let turned = to_markdown_with(&html, &self.named);
                let left = turned.left.into_iter().map(|text| (Fate::Left, text));
                notes.extend(left);
                for (fate, text) in notes {
                    self.note(fate, text);
                }
                turned.markdown
            }
        };
        if markdown.chars().nth(LONGEST_MARKDOWN).is_some() {
            return Err(format!("the text has more than {LONGEST_MARKDOWN} characters"));
        }
        let title = self.title();
        let slug = [self.slug.as_str(), title.as_str()]
            .into_iter()
            .map(slugify)
            .find(|slug| !slug.is_empty())
            .unwrap_or_else(|| slugify(&format!("post {}", self.id)));
        if self.is_page && self.status == Status::Published {
            // A page has no date that readers see.
            self.published_at.get_or_insert(0);
        }
        let draft = self.is_draft();
        let summary = self.summary();
        let tags = std::mem::take(&mut self.tags);
        let tags = self.names(tags, "tag", tag_slug);
        let authors = std::mem::take(&mut self.authors);
        let authors = self.names(authors, "author", slugify);
        let aliases = self.aliases(&slug);
        let cover = self.cover.take().map(|cover| (self.line.unwrap_or(1), cover));
        let line = self.line.unwrap_or(1);
        Ok(Found {
            source: Source {
                slug: slug.clone(),
                title,
                summary,
                published_at: self.published_at,
                updated_at: None,
                draft,
                authors,
                tags,
                aliases,
                series: None,
                cover: cover.as_ref().map(|(_, cover)| cover.clone()).filter(|cover| {
                    is_picture_address(cover) && cover.chars().nth(LONGEST_COVER).is_none()
                }),
                language: None,
                is_page: self.is_page,
                markdown,
            },
            notes: std::mem::take(&mut self.notes),
            unused: vec![],
            address: None,
            pattern: None,
            names_itself: true,
            own_slug: Some(slug.clone()),
            stem: slug,
            categories: vec![],
            values: vec![],
            cover,
            body_line: line,
        })
    }

    fn title(&mut self) -> String {
        let title = plain_text(&without_unstorable(&self.title));
        if title.is_empty() {
            self.note(Fate::Changed, "there is no title, so it is called by its number");
            return format!("Post {}", self.id);
        }
        if title.chars().nth(LONGEST_TITLE).is_none() {
            return title;
        }
        let text = format!("the title has more than {LONGEST_TITLE} characters, so it was cut");
        self.note(Fate::Changed, text);
        cut(&title, LONGEST_TITLE)
    }

    fn is_draft(&mut self) -> bool {
        match self.status {
            Status::Published if self.published_at.is_none() => {
                let text = "it has no date, so it is a draft until it is published here";
                self.note(Fate::Left, text);
                true
            }
            Status::Published => false,
            Status::Draft | Status::Deleted => true,
            Status::Hidden(who) => {
                let text = format!("it was {who}, which is not done here; it is a draft");
                self.note(Fate::Left, text);
                true
            }
        }
    }

    fn summary(&mut self) -> Option<String> {
        let summary = plain_text(&without_unstorable(&self.summary));
        if summary.chars().nth(LONGEST_SUMMARY).is_none() {
            return (!summary.is_empty()).then_some(summary);
        }
        let text = format!("the summary has more than {LONGEST_SUMMARY} characters, so it was cut");
        self.note(Fate::Changed, text);
        Some(cut(&summary, LONGEST_SUMMARY))
    }

    /// Names of tags or authors, without what can't be kept.
    fn names(&mut self, given: Vec<String>, what: &str, key: fn(&str) -> String) -> Vec<String> {
        let mut names = Names::default();
        for name in given {
            let name = plain_text(&without_unstorable(&name));
            let slug = key(&name);
            if let Err(why) = names.add(what, name, slug) {
                self.note(Fate::Left, why);
            }
        }
        names.kept
    }

    fn aliases(&mut self, slug: &str) -> Vec<String> {
        let mut aliases = Vec::<String>::new();
        let mut is_cut = false;
        for address in std::mem::take(&mut self.addresses) {
            let alias = normalize_path(&address);
            let alias = without_unstorable(&alias).into_owned();
            if alias == "/" || alias == format!("/articles/{slug}") || aliases.contains(&alias) {
                continue;
            }
            if alias.chars().nth(LONGEST_ALIAS).is_some() || aliases.len() == MOST_ALIASES {
                is_cut = true;
            } else {
                aliases.push(alias);
            }
        }
        if is_cut {
            let text = format!(
                "only {MOST_ALIASES} addresses of at most {LONGEST_ALIAS} characters can be kept"
            );
            self.note(Fate::Left, text);
        }
        aliases
    }
}

/// The beginning of a text that is too long, up to a word.
fn cut(text: &str, most: usize) -> String {
    let start: String = text.chars().take(most).collect();
    let end = start.rfind(char::is_whitespace).filter(|end| *end > 0).unwrap_or(start.len());
    start[..end].trim_end().to_owned()
}

/// An address without scheme, `www.` and slash at the end: what is the same of `http` and `https`.
pub fn without_scheme(address: &str) -> &str {
    let rest = address.trim();
    let rest = rest.strip_prefix("https:").or(rest.strip_prefix("http:")).unwrap_or(rest);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    rest.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

/// Things by their type, in the order of their names.
fn count(types: &mut BTreeMap<String, usize>, name: &str) {
    let name: String = name.chars().filter(|one| !one.is_control()).take(60).collect();
    // A broken file must not fill the report.
    if types.len() < 100 || types.contains_key(&name) {
        *types.entry(name).or_default() += 1;
    }
}

/// Pictures and their descriptions, by the ID of the attachment.
type Attachments = HashMap<String, Attachment>;

/// A file that was uploaded there.
#[derive(Clone, Debug, Default)]
struct Attachment {
    address: String,
    description: String,
    /// The post that it was uploaded for.
    parent: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognized_by_what_it_holds() {
        for (beginning, program) in [
            ("{\"db\":[{\"meta\":{}", Some(Program::Ghost)),
            ("\u{feff} {\"meta\":{\"version\":\"000\"},\"data\":{}}", Some(Program::Ghost)),
            ("{ \"data\": {\"posts\":[{\"html\":\"…\",\"published_at\":1", Some(Program::Ghost)),
            ("{\"title\":\"x\"}", None),
            ("{\"title\":\"x\",\"db\":[],\"meta\":{},\"data\":{}}", None),
            ("{\"db\":{\"host\":\"localhost\"}}", None),
            ("{\"data\":{\"posts\":[{\"html\":\"a\"}]}}", None),
            ("{\"meta\":{}}", None),
            ("{", None),
            (
                "\n<?xml version=\"1.0\"?><rss xmlns:wp=\"http://wordpress.org/export/1.2/\">",
                Some(Program::WordPress),
            ),
            ("<rss version=\"2.0\"><channel>", None),
            ("<feed xmlns=\"http://www.w3.org/2005/Atom\">", None),
            ("", None),
        ] {
            assert_eq!(Program::of(beginning.as_bytes()), program, "{beginning}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_named() {
        let long = "word ".repeat(300);
        let raw = Raw {
            id: "7".into(),
            title: long.clone(),
            summary: long,
            status: Status::Published,
            published_at: Some(1),
            tags: vec!["x".repeat(101), "a".into(), "A".into(), "!".into()],
            addresses: vec!["/a/".into(), format!("/{}", "b".repeat(800))],
            ..Raw::default()
        };
        let found = raw.finish(|html, _| html.to_owned()).found.unwrap();
        let source = &found.source;
        assert!(source.title.chars().count() <= LONGEST_TITLE && source.title.ends_with("word"));
        assert!(source.summary.as_ref().unwrap().chars().count() <= LONGEST_SUMMARY);
        assert_eq!((&*source.tags, &*source.aliases), (&["a".into()][..], &["/a".into()][..]));
        assert_eq!(found.notes.len(), 5, "{:?}", found.notes);
    }

    #[test]
    fn the_hash_follows_everything_that_is_taken_and_nothing_else() {
        let raw = Raw { html: "a".into(), ..Raw::default() };
        assert_eq!(raw.hash(), Raw { views: Some(3), ..raw.clone() }.hash());
        assert_ne!(raw.hash(), Raw { html: "b".into(), ..raw.clone() }.hash());
        assert_ne!(raw.hash(), Raw { markdown: Some("b".into()), ..raw.clone() }.hash());
        assert_ne!(
            raw.hash(),
            Raw { title: "a".into(), html: String::new(), ..raw.clone() }.hash()
        );
        assert_ne!(raw.hash(), Raw { status: Status::Published, ..raw }.hash());
    }
}
