//! What an import did, file by file.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What became of a file, or of something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The file is no article of the site.
    Skipped,
    /// The file became a new article.
    Created,
    /// The file changed its article.
    Updated,
    /// Something of it is in the article, in another form.
    Changed,
    /// Something of it is not in the article, or the article was left as it is here.
    Left,
    /// The file was not taken.
    Refused,
}

/// How whoever reads a report does what it advises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Advice {
    /// By options of the command.
    #[default]
    Command,
    /// On the page where the file was uploaded.
    Page,
}

impl Advice {
    /// Lets files win over what was changed here.
    pub(super) fn overwrite(self) -> &'static str {
        match self {
            Advice::Command => "let files win with --overwrite",
            Advice::Page => "upload it again and let files win",
        }
    }

    /// Names the addresses at the source.
    pub(super) fn permalink(self) -> &'static str {
        match self {
            Advice::Command => "give the addresses with --permalink",
            Advice::Page => "give the addresses with `tidemark import --permalink` on the server",
        }
    }

    /// Brings missing pictures in.
    pub(super) fn pictures(self) -> &'static str {
        match self {
            Advice::Command => "name that with --uploads, or have it fetched with --fetch-pictures",
            Advice::Page => {
                "add that to the zip file, or upload it again and let missing pictures be fetched"
            }
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The file's path below the imported folder.
    pub file: String,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// What became of it.
    pub fate: Fate,
    /// What is the matter, in one line.
    pub text: String,
}

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The program that made the site, if it was recognized.
    pub generator: Option<&'static str>,
    /// Whether nothing was written.
    pub is_dry_run: bool,
    /// How whoever reads it does what it advises.
    #[serde(skip)]
    pub advice: Advice,
    /// Articles that were new.
    pub created: usize,
    /// Articles that had changed.
    pub updated: usize,
    /// Articles that were the same already, or whose file had not changed.
    pub unchanged: usize,
    /// What of which file was taken, changed, left or refused, in order.
    pub entries: Vec<Entry>,
    /// Keys of front matter that mean nothing here, with the number of files that have them.
    pub unused_keys: BTreeMap<String, usize>,
    /// Files that are no articles, by their ending.
    pub other_files: BTreeMap<String, usize>,
    /// What of the site's settings could not be followed.
    pub notes: Vec<String>,
    /// Posts of an export that have a number of views.
    pub with_views: usize,
    /// The settings of the site that were taken over.
    pub settings: Vec<String>,
}

impl Fate {
    /// The heading of the lines with this fate.
    pub fn heading(self) -> &'static str {
        match self {
            Fate::Skipped => "Not articles",
            Fate::Created => "New",
            Fate::Updated => "Updated",
            Fate::Changed => "Changed",
            Fate::Left => "Left",
            Fate::Refused => "Refused",
        }
    }
}

impl Report {
    /// Adds a line.
    pub(super) fn add(
        &mut self,
        file: &str,
        line: Option<usize>,
        fate: Fate,
        text: impl Into<String>,
    ) {
        self.entries.push(Entry { file: file.to_owned(), line, fate, text: text.into() });
    }

    /// Puts the lines in order.
    pub(super) fn finish(&mut self) {
        self.entries.sort_by(|one, other| {
            (&one.file, one.line, one.fate).cmp(&(&other.file, other.line, other.fate))
        });
        self.entries.dedup();
    }

    /// The lines with this fate.
    pub fn with(&self, fate: Fate) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.fate == fate).collect()
    }

    /// The files that were not taken: where and why.
    pub fn refused(&self) -> Vec<String> {
        self.with(Fate::Refused).into_iter().map(Entry::to_string).collect()
    }

    /// What concerns no single line: a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let list = |counted: &BTreeMap<String, usize>| {
            let parts: Vec<String> =
                counted.iter().map(|(name, count)| format!("{name} ({count})")).collect();
            parts.join(", ")
        };
        let mut remarks = Vec::new();
        if !self.settings.is_empty() {
            let verb = if self.is_dry_run { "Would be taken" } else { "Taken" };
            remarks.push(format!("{verb} from the site's settings: {}", self.settings.join(", ")));
        }
        if !self.unused_keys.is_empty() {
            remarks.push(format!("Keys that mean nothing here: {}", list(&self.unused_keys)));
        }
        if !self.other_files.is_empty() {
            remarks.push(format!("Files that are no articles: {}", list(&self.other_files)));
        }
        remarks.extend(self.notes.iter().map(|note| format!("Of the site: {note}")));
        if self.with_views > 0 {
            remarks.push(format!(
                "Articles with a number of views, which `tidemark import-counts` takes: {}",
                self.with_views
            ));
        }
        remarks
    }

    /// All of it in one sentence. `source` is what was imported.
    pub fn summary(&self, source: &str) -> String {
        let generator = self.generator.map(|name| format!(", made with {name}"));
        format!(
            "{} from {source}{}: {} new, {} updated, {} unchanged, {} left, {} refused.",
            if self.is_dry_run { "Would import" } else { "Imported" },
            generator.unwrap_or_default(),
            self.created,
            self.updated,
            self.unchanged,
            self.with(Fate::Left).len(),
            self.with(Fate::Refused).len()
        )
    }

    /// Whether every file is in whole, or was no article.
    pub fn is_whole(&self) -> bool {
        !self.entries.iter().any(|entry| matches!(entry.fate, Fate::Left | Fate::Refused))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let Entry { file, line, text, .. } = self;
        match line {
            Some(line) => write!(formatter, "{file}: line {line}: {text}"),
            None => write!(formatter, "{file}: {text}"),
        }
    }
}
