//! What the page of a section (`_index.md`) says about all articles below it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Site;
use crate::front_matter::value::{Node, Value};
use crate::front_matter::{
    Generator, Inherited, MOST_KEYS, SourceError, has_front_matter, one_line_end, split,
    without_ending,
};

/// Maximum number of cascades of a section. Each is looked through for each article below it.
const MOST_CASCADES: usize = 100;

/// Hugo: values for the articles below.
#[derive(Clone, Debug)]
pub(super) struct Cascade {
    /// What the path of an article begins with. Of a pattern, it is the part before the first
    /// wildcard: it is better to hide too much than too little.
    path: String,
    values: Arc<Inherited>,
}

/// The sections of a site that say something about the articles below them.
#[derive(Debug, Default)]
pub struct Sections {
    /// By folder, with the language in the file's name.
    by_folder: HashMap<String, Vec<(Option<String>, Cascade)>>,
}

/// Whether a file is the page of a section: `_index.md` or `_index.de.md`.
pub fn is_section(path: &str) -> bool {
    language_of(path).is_some()
}

/// The language in the name of a section's page; `None` if it is another file.
fn language_of(path: &str) -> Option<Option<&str>> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = Some(without_ending(name)).filter(|stem| *stem != name)?;
    let rest = stem.get(..6).filter(|start| start.eq_ignore_ascii_case("_index"))?;
    let rest = &stem[rest.len()..];
    match rest.strip_prefix('.') {
        Some(language) => Some(Some(language)),
        None => rest.is_empty().then_some(None),
    }
}

impl Sections {
    /// Adds the page of a section.
    ///
    /// # Errors
    /// Why what it says is not known.
    pub fn add(
        &mut self,
        path: &str,
        text: &str,
        generator: Option<Generator>,
    ) -> Result<(), SourceError> {
        if !has_front_matter(text) {
            return Ok(());
        }
        let text = one_line_end(text.trim_start_matches('\u{feff}'));
        let front = split(&text, generator)?.front;
        let mut found = Vec::new();
        if generator != Some(Generator::Zola)
            && let Some(cascade) = front.get("cascade")
        {
            found.extend(cascades(path, cascade));
        }
        let is_draft = front.get("draft").and_then(Node::as_text) == Some("true");
        if is_draft && generator != Some(Generator::Hugo) {
            // Zola reads nothing below a draft.
            let draft =
                vec![("draft".to_owned(), Node { line: 1, value: Value::Text("true".into()) })];
            let values = Node { line: 1, value: Value::Table(draft) };
            found.push(Cascade {
                path: String::new(),
                values: Arc::new(Inherited { from: path.to_owned(), values, wins: true }),
            });
        }
        if found.len() > MOST_CASCADES || front.beyond(MOST_KEYS).is_some() {
            let reason = format!("it has more than {MOST_CASCADES} cascades or {MOST_KEYS} keys");
            return Err(SourceError { line: 1, reason });
        }
        if !found.is_empty() {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let language = language_of(path).flatten().map(str::to_owned);
            let all = self.by_folder.entry(folder).or_default();
            all.extend(found.into_iter().map(|one| (language.clone(), one)));
        }
        Ok(())
    }

    /// What the article at `path` has from the sections above it and from the site's settings, the
    /// nearest first. `language` is the one in its name.
    pub fn over(&self, site: &Site, path: &str, language: Option<&str>) -> Vec<Arc<Inherited>> {
        let logical = format!("/{}", without_ending(site.below_content(path)).to_lowercase());
        let mut found = Vec::new();
        let mut folder = path;
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
            for (own, cascade) in self.by_folder.get(folder).into_iter().flatten() {
                let is_own = own.as_deref().is_none_or(|own| Some(own) == language);
                if is_own && logical.starts_with(&cascade.path) {
                    found.push(cascade.values.clone());
                }
            }
        }
        let of_site = site.cascades.iter().filter(|one| logical.starts_with(&one.path));
        found.extend(of_site.map(|one| one.values.clone()));
        found
    }
}

/// Hugo: what `cascade` in the file `from` says about articles. It is a table or a list of tables,
/// each for the pages at its `target`.
pub(super) fn cascades(from: &str, cascade: &Node) -> Vec<Cascade> {
    let tables = match &cascade.value {
        Value::List(tables) => tables.as_slice(),
        _ => std::slice::from_ref(cascade),
    };
    let of = |table: &Node| {
        // Also written `_target`.
        let target = |key: &str| table.get("target")?.get(key)?.as_text();
        if target("kind").is_some_and(|kind| !kind.eq_ignore_ascii_case("page")) {
            return None;
        }
        let path = target("path").unwrap_or_default().to_lowercase();
        let plain = path.split(['*', '?', '[', '{']).next().unwrap_or_default();
        let path = match plain.trim_start_matches('/') {
            "" => String::new(),
            plain => format!("/{plain}"),
        };
        let values = Inherited { from: from.to_owned(), values: table.clone(), wins: false };
        Some(Cascade { path, values: Arc::new(values) })
    };
    tables.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front_matter::{Conventions, read};

    fn site(settings: &str, text: &str) -> Site {
        Site::read(&[(settings.to_owned(), text.to_owned())], |path| path == "content", None)
    }

    /// Whether the article at `path` is a draft, and what is said about that.
    fn draft(
        site: &Site,
        sections: &[(&str, &str)],
        path: &str,
        front: &str,
        language: Option<&str>,
    ) -> (bool, String) {
        let mut all = Sections::default();
        for (path, text) in sections {
            all.add(path, text, site.generator).unwrap();
        }
        let conventions = Conventions {
            generator: site.generator,
            inherited: all.over(site, path, language),
            ..Conventions::default()
        };
        let text = format!("---\ntitle: A\ndate: 2020-01-02\n{front}---\ntext");
        let found = read(path, &text, &conventions).unwrap();
        let notes: Vec<String> = found.notes.into_iter().map(|note| note.text).collect();
        (found.source.draft, notes.join("; "))
    }

    #[test]
    fn a_section_of_hugo_hides_what_is_below_it_unless_that_says_otherwise() {
        let site = site("hugo.toml", "baseURL = 'https://a.example/'");
        let table = "---\ncascade:\n  draft: true\n---\n";
        let list = "+++\n[[cascade]]\n[cascade.build]\nrender = 'never'\n\
                    [cascade._target]\npath = '/diary/old/**'\n+++\n";
        let kinds = "---\ncascade: [{draft: true, target: {kind: section}}]\n---\n";
        let plain = "---\ntitle: Diary\ndraft: true\n---\n";
        let path = "content/diary/old/a.md";
        for (text, front, expected) in [
            (table, "", true),
            (table, "draft: false\n", false),
            (list, "", true),
            (kinds, "", false),
            (plain, "", false),
            ("Only a text.\n", "", false),
        ] {
            let sections = [("content/diary/_index.md", text)];
            let (is_draft, note) = draft(&site, &sections, path, front, None);
            assert_eq!(is_draft, expected, "{text}: {note}");
            assert_eq!(note.contains("content/diary/_index.md"), expected, "{note}");
        }
        let sections = [("content/diary/_index.md", list), ("content/_index.de.md", table)];
        assert!(!draft(&site, &sections, "content/diary/new/a.md", "", None).0);
        assert!(draft(&site, &sections, "content/posts/a.de.md", "", Some("de")).0);
        let nearer = [
            ("content/_index.md", table),
            ("content/diary/_index.md", "---\ncascade: {params: {draft: false}}\n---\n"),
        ];
        assert!(!draft(&site, &nearer, path, "", None).0, "the nearest section counts");
    }

    #[test]
    fn the_settings_of_hugo_hide_articles_too() {
        let settings = "baseURL: https://a.example/\ncascade:\n- draft: true\n  target:\n    path: \
                        '{/diary/**}'\n- unlisted: true\n  _target: {path: /posts/b}\n";
        let site = site("hugo.yaml", settings);
        let (is_draft, note) = draft(&site, &[], "content/diary/a.md", "", None);
        assert!(is_draft && note.contains("hugo.yaml"), "{note}");
        assert!(draft(&site, &[], "content/posts/b.md", "", None).0);
    }

    #[test]
    fn a_section_of_zola_that_is_a_draft_hides_all_below_it() {
        let site = site("config.toml", "base_url = 'https://a.example/'");
        let sections = [("content/diary/_index.md", "+++\ndraft = true\n+++\n")];
        for (path, front, expected) in [
            ("content/diary/a.md", "", true),
            ("content/diary/deep/a.md", "draft: false\n", true),
            ("content/posts/a.md", "", false),
        ] {
            assert_eq!(draft(&site, &sections, path, front, None).0, expected, "{path}");
        }
    }

    #[test]
    fn a_section_that_cant_be_read_is_an_error_with_its_line() {
        let error = Sections::default().add("_index.md", "---\na: [\n---\n", None).unwrap_err();
        assert!(error.line >= 2, "{error}");
        let many = "- {draft: true}\n".repeat(MOST_CASCADES + 1);
        let text = format!("---\ncascade:\n{many}---\n");
        assert!(Sections::default().add("_index.md", &text, None).is_err());
    }

    #[test]
    fn only_pages_of_sections_are_taken_for_such() {
        for (path, expected) in [
            ("content/_index.md", true),
            ("_Index.html", true),
            ("posts/_index.de.md", true),
            ("posts/_indexes.md", false),
            ("posts/index.md", false),
            ("posts/_index.css", false),
            ("_index", false),
        ] {
            assert_eq!(is_section(path), expected, "{path}");
        }
    }
}
