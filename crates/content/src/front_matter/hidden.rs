//! Whether readers may see an article. What its program kept from readers, or showed only to those
//! who had its address, must not be published here by moving it.

use super::conventions::Generator;
use super::date::parse_date;
use super::keys::{CREATED, DATES, INNER};
use super::notes::Fate;
use super::parse::Reading;
use super::value::Node;

const YES: [&str; 4] = ["true", "yes", "on", "1"];
const NO: [&str; 4] = ["false", "no", "off", "0"];

/// Keys by which a file says that it is not to be seen at all.
const DRAFTS: [&str; 3] = ["draft", "isdraft", "private"];
/// Keys by which it says the same with `false`.
const PUBLISHED: [&str; 2] = ["published", "publish"];
/// Keys of articles that only those find who know their address.
const UNLISTED: [&str; 3] = ["unlisted", "hidden", "eleventyexcludefromcollections"];
/// Hugo's keys for the time from which on an article is no longer shown.
const EXPIRIES: [&str; 2] = ["expirydate", "unpublishdate"];

/// Values that an article has from another file, such as that of its section.
#[derive(Debug)]
pub struct Inherited {
    /// What gives them, as the report calls it.
    pub(crate) from: String,
    pub(crate) values: Node,
    /// Whether they win over what the article says itself.
    pub(crate) wins: bool,
}

/// A value that decides whether readers may see an article.
struct Said<'a> {
    line: usize,
    text: String,
    /// Where it comes from, if not from the article's own file.
    from: Option<&'a str>,
}

impl Said<'_> {
    fn is(&self, words: &[&str]) -> bool {
        words.contains(&self.text.to_ascii_lowercase().as_str())
    }
}

impl<'a> Reading<'a> {
    /// What a key has, or a key of the table there. The article's own value counts more than an
    /// inherited one, unless that wins.
    fn said(&self, path: &[&str]) -> Option<Said<'a>> {
        let conventions = self.conventions;
        let (winning, usual): (Vec<_>, Vec<_>) =
            conventions.inherited.iter().map(|one| &**one).partition(|one| one.wins);
        let inherited = |all: Vec<&'a Inherited>| {
            all.into_iter().find_map(|one| {
                let (_, text) = text_at(&one.values, path)?;
                Some(Said { line: 1, text, from: Some(one.from.as_str()) })
            })
        };
        inherited(winning)
            .or_else(|| {
                let (line, text) = text_at(self.front, path)?;
                Some(Said { line, text, from: None })
            })
            .or_else(|| inherited(usual))
    }

    /// Whether it is a draft. If its file doesn't say so itself, there is a note.
    pub(super) fn is_draft(&mut self, is_page: bool) -> bool {
        if let Some((line, _)) = self.text("password") {
            self.note(line, Fate::Left, NEEDS_PASSWORD);
            return true;
        }
        let drafts = DRAFTS.map(|key| (key, YES)).into_iter();
        let said: Vec<Said> = drafts
            .chain(PUBLISHED.map(|key| (key, NO)))
            .filter_map(|(key, words)| self.said(&[key]).filter(|said| said.is(&words)))
            .collect();
        let states = ["draft", "private", "pending", "trash"];
        let is_own = said.iter().any(|said| said.from.is_none())
            || self.said(&["status"]).is_some_and(|said| said.from.is_none() && said.is(&states))
            || self.name.split('/').any(|part| part == "_drafts");
        if is_own {
            return true;
        }
        if let Some(from) = said.first().and_then(|said| said.from) {
            self.note(1, Fate::Changed, format!("it is a draft, because {from} makes it one"));
            return true;
        }
        let found = self
            .locked_by_tag()
            .or_else(|| self.never_shown())
            .or_else(|| self.expired())
            .or_else(|| self.unlisted().filter(|_| !is_page))
            .or_else(|| self.private_note());
        match found {
            Some((line, fate, text)) => {
                self.note(line, fate, text);
                true
            }
            None => false,
        }
    }

    /// hexo-blog-encrypt: a tag may have a password in the site's settings. An empty one in the
    /// file itself lifts it.
    fn locked_by_tag(&self) -> Option<(usize, Fate, String)> {
        let locked = &self.conventions.locked_tags;
        if locked.is_empty() || self.get("password").is_some() {
            return None;
        }
        let mut tags = ["tags", "tag"].into_iter().filter_map(|key| self.get(key));
        let tags = tags.find(|node| node.texts().iter().any(|tag| locked.contains(tag.trim())))?;
        Some((tags.line, Fate::Left, NEEDS_PASSWORD.to_owned()))
    }

    /// What its program makes no page of.
    fn never_shown(&self) -> Option<(usize, Fate, String)> {
        let never: [(&[&str], &[&str]); 4] = [
            (&["headless"], &YES),
            // Also written `_build`.
            (&["build", "render"], &["never", "link", "false"]),
            (&["render"], &NO),
            (&["permalink"], &["false"]),
        ];
        let found = never.into_iter().find_map(|(path, words)| {
            let said = self.said(path).filter(|said| said.is(words))?;
            Some((path.join("."), said))
        });
        found.map(|(key, Said { line, text, from })| {
            let from = from.map(|from| format!(" in {from}")).unwrap_or_default();
            let text =
                format!("it has no page at its source ({key}: {text}{from}), so it is a draft");
            (line, Fate::Changed, text)
        })
    }

    fn expired(&mut self) -> Option<(usize, Fate, String)> {
        let Said { line, text, .. } = EXPIRIES.into_iter().find_map(|key| self.said(&[key]))?;
        let short: String = text.chars().take(60).collect();
        match parse_date(&text, &self.conventions.zones) {
            Some(end) if end > self.conventions.now => {
                let text = format!("it is to be shown until {short}, which is not done here");
                self.note(line, Fate::Left, text);
                None
            }
            Some(_) => {
                Some((line, Fate::Changed, format!("it expired on {short}, so it is a draft")))
            }
            None => {
                let text = format!("it expires on {short:?}, which is no date, so it is a draft");
                Some((line, Fate::Left, text))
            }
        }
    }

    /// What is in no list at its source. Pages are in none here.
    fn unlisted(&self) -> Option<(usize, Fate, String)> {
        let own = |key| self.said(&[key]).filter(|said| said.is(&YES));
        let said = UNLISTED.into_iter().find_map(own).or_else(|| {
            self.said(&["build", "list"]).filter(|said| said.is(&["never", "local", "false"]))
        })?;
        let text = "it is in no list at its source, which is not done here, so it is a draft";
        Some((said.line, Fate::Left, text.into()))
    }

    /// Obsidian: a vault is private, and the date of a note is the day on which it was written.
    fn private_note(&self) -> Option<(usize, Fate, String)> {
        if self.conventions.generator != Some(Generator::Obsidian) {
            return None;
        }
        // The last one is Digital Garden's.
        let mut keys = PUBLISHED.into_iter().chain(["dgpublish"]);
        let is_public = keys.any(|key| self.said(&[key]).is_some_and(|said| said.is(&YES)));
        let dates = DATES.into_iter().filter(|key| !CREATED.contains(key));
        let is_dated = dates.chain(["published"]).any(|key| {
            let text = self.text(key).map(|(_, text)| text);
            text.is_some_and(|text| parse_date(&text, &self.conventions.zones).is_some())
        });
        let text = "it has neither `publish: true` nor a `date`, so it is a draft until it is \
                    published here";
        (!is_public && !is_dated).then(|| (1, Fate::Left, text.into()))
    }
}

const NEEDS_PASSWORD: &str = "it asks for a password, which is not done here; it is a draft";

/// Whether a plain key is read only here.
pub(super) fn is_known(key: &str) -> bool {
    UNLISTED.contains(&key)
        || EXPIRIES.contains(&key)
        || matches!(key, "isdraft" | "headless" | "build" | "render" | "dgpublish")
}

/// The text at the end of a path of keys, in a table or in the tables that hold more of it.
fn text_at(table: &Node, path: &[&str]) -> Option<(usize, String)> {
    let within = |table: &Node| {
        let mut node = table;
        for key in path {
            node = node.get(key)?;
        }
        let text = node.as_text()?.trim();
        (!text.is_empty()).then(|| (node.line, text.to_owned()))
    };
    within(table).or_else(|| INNER.iter().find_map(|key| within(table.get(key)?)))
}

#[cfg(test)]
mod tests {
    use super::super::{Conventions, Note, read};
    use super::*;
    use std::sync::Arc;

    /// Whether a file with this front matter is a draft, and what is said about it.
    fn draft(name: &str, front: &str, conventions: &Conventions) -> (bool, Vec<Note>) {
        let found = read(name, &format!("---\ntitle: A\n{front}\n---\ntext"), conventions);
        let found = found.unwrap();
        (found.source.draft, found.notes)
    }

    #[test]
    fn what_its_program_hides_is_a_draft_and_the_line_is_named() {
        let now = parse_date("2026-01-31", &Default::default()).unwrap();
        let conventions = Conventions { now, ..Conventions::default() };
        for (line, fate) in [
            ("headless: true", Fate::Changed),
            ("build: {render: never}", Fate::Changed),
            ("_build: {render: link, list: always}", Fate::Changed),
            ("build: {render: false}", Fate::Changed),
            ("render: false", Fate::Changed),
            ("permalink: false", Fate::Changed),
            ("expiryDate: 2026-01-30", Fate::Changed),
            ("unpublishdate: 2020-01-01", Fate::Changed),
            ("expiryDate: soon", Fate::Left),
            ("unlisted: true", Fate::Left),
            ("params: {hidden: true}", Fate::Left),
            ("eleventyExcludeFromCollections: true", Fate::Left),
            ("build: {list: never}", Fate::Left),
            ("password: x", Fate::Left),
        ] {
            let (is_draft, notes) =
                draft("a.md", &format!("date: 2020-01-02\n{line}"), &conventions);
            let found: Vec<_> = notes.iter().map(|note| (note.line, note.fate)).collect();
            assert!(is_draft && found == [(4, fate)], "{line}: {notes:?}");
        }
        for line in ["isDraft: true", "draft: yes", "published: false", "status: private"] {
            let (is_draft, notes) =
                draft("a.md", &format!("date: 2020-01-02\n{line}\nunlisted: true"), &conventions);
            assert!(is_draft && notes.is_empty(), "{line}: it says so itself: {notes:?}");
        }
        for line in [
            "headless: false",
            "build: {render: always, list: always}",
            "render: true",
            "unlisted: false",
            "isDraft: false",
            "password: ''",
            "hidden:",
        ] {
            let found = draft("a.md", &format!("date: 2020-01-02\n{line}"), &conventions);
            assert_eq!(found, (false, vec![]), "{line}");
        }
        let (is_draft, notes) =
            draft("a.md", "date: 2020-01-02\nexpiryDate: 2027-01-01", &conventions);
        assert!(!is_draft && notes.len() == 1 && notes[0].text.contains("2027"), "{notes:?}");
        let page = "type: page\nunlisted: true";
        assert_eq!(draft("a.md", page, &conventions), (false, vec![]), "pages are in no list here");
    }

    #[test]
    fn a_note_of_obsidian_is_a_draft_unless_it_says_that_it_is_public() {
        let conventions =
            Conventions { generator: Some(Generator::Obsidian), ..Conventions::default() };
        for (name, front, expected) in [
            ("2024-05-01.md", "tags: [diary]", true),
            ("2024/05/01/a.md", "tags: [diary]", true),
            ("a.md", "created: 2024-05-01", true),
            ("2024-05-01.md", "date created: 2024-05-01\ncreation-date: 2024-05-01", true),
            ("a.md", "type: page", true),
            ("2024-05-01.md", "publish: false\ndate: 2024-05-01", true),
            ("2024-05-01.md", "publish: true", false),
            ("a.md", "created: 2024-05-01\npublish: true", false),
            ("a.md", "created: 2024-05-01\ndg-publish: true", false),
            ("a.md", "date: 2024-05-01", false),
            ("a.md", "published: 2024-05-01", false),
            ("a.md", "type: page\npublish: true", false),
        ] {
            let (is_draft, notes) = draft(name, front, &conventions);
            assert_eq!(is_draft, expected, "{name}: {front}: {notes:?}");
            let is_said = front.contains("publish: false");
            assert_eq!(notes.len(), usize::from(expected && !is_said), "{front}: {notes:?}");
        }
        let text = "Met my therapist.";
        let found = read("2024-05-01.md", text, &conventions).unwrap();
        assert!(found.source.draft, "a note without front matter");
        let undated = draft("a.md", "publish: true", &conventions);
        assert!(undated.0 && undated.1.len() == 1, "there is no date: {undated:?}");
    }

    #[test]
    fn an_article_with_a_tag_that_has_a_password_is_a_draft() {
        let locked_tags = Arc::new(["diary".to_owned()].into());
        let conventions = Conventions { locked_tags, ..Conventions::default() };
        for (front, expected) in [
            ("tags: [sea, diary]", true),
            ("tags: diary", true),
            ("tags:\n- sea", false),
            ("tags: [diary]\npassword: ''", false),
        ] {
            let (is_draft, notes) =
                draft("a.md", &format!("date: 2020-01-02\n{front}"), &conventions);
            assert_eq!((is_draft, notes.len()), (expected, usize::from(expected)), "{front}");
            assert!(notes.iter().all(|note| note.line == 4 && note.fate == Fate::Left));
        }
    }
}
