//! What an import did, file by file.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What became of a file, or of something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
