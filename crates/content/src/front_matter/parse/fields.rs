//! The other fields of an article, each from whatever key has it.

use super::super::SourceError;
use super::super::conventions::{Generator, PageRule};
use super::super::date::parse_date;
use super::super::keys::{COVERS, DATES, SUMMARIES, UPDATES};
use super::super::limits::{LONGEST_ALIAS, LONGEST_SERIES, LONGEST_SUMMARY, MOST_ALIASES};
use super::super::names::Names;
use super::super::notes::Fate;
use super::super::path::{
    date_in_path, file_stem, normalize_path, split_dated_stem, without_ending,
};
use super::super::value::{Node, Value};
use super::{Reading, error};
use crate::characters::without_unstorable;

/// Eleventy: dates that stand for those of the file, which no copy of it has.
const DATES_OF_FILE: [&str; 4] = ["created", "last modified", "git created", "git last modified"];

/// Keys in a table that stands for a picture.
const PICTURES: [&str; 8] =
    ["image", "path", "src", "url", "relative", "teaser", "overlayimage", "feature"];

impl Reading<'_> {
    /// What the values of these keys name, without what can't be kept.
    pub(super) fn names(
        &mut self,
        keys: &[&str],
        what: &str,
        key: fn(&str) -> String,
    ) -> Vec<String> {
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

    /// When it is published, in milliseconds since 1970.
    pub(super) fn date(
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
    pub(super) fn updated_at(&mut self) -> Option<i64> {
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
    pub(super) fn series(&mut self) -> Option<String> {
        let node = self.get("series").or_else(|| self.get("taxonomies")?.get("series"))?;
        let name = without_unstorable(node.texts().first()?).trim().to_owned();
        if name.chars().nth(LONGEST_SERIES).is_some() {
            let text = format!("the name of its series has more than {LONGEST_SERIES} characters");
            self.note(node.line, Fate::Left, text);
            return None;
        }
        (!name.is_empty()).then_some(name)
    }

    pub(super) fn summary(&mut self) -> Option<String> {
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

    pub(super) fn aliases(&mut self, address: Option<&(usize, String)>, slug: &str) -> Vec<String> {
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

    pub(super) fn is_page(&self, date: Option<i64>) -> bool {
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

    pub(super) fn cover(&self) -> Option<(usize, String)> {
        COVERS.iter().find_map(|key| picture(self.get(key)?))
    }
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
