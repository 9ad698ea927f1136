//! What of a report is kept for the page.

use serde::{Deserialize, Serialize};

use crate::server::content::import::{Entry, Fate, Report};

/// How many lines of a report are kept for the page, and how much of each, in characters.
const MOST_LINES: usize = 1_000;
const LONGEST_LINE: usize = 500;

/// How many remarks are kept, and how much of each, in characters.
const MOST_REMARKS: usize = 100;
pub(super) const LONGEST_REMARK: usize = 2_000;

/// A report as the page shows it: bounded, the most important lines first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReport {
    /// All of it in one sentence.
    pub summary: String,
    /// What concerns no single line.
    pub remarks: Vec<String>,
    /// How many lines have which fate.
    pub counts: Vec<(Fate, usize)>,
    /// The lines.
    pub lines: Vec<Entry>,
    /// How many more lines there are.
    pub more: usize,
    /// Whether there is anything that could be imported.
    pub has_articles: bool,
}

/// The fates in the order in which a person wants to read of them.
const ORDER: [Fate; 6] =
    [Fate::Refused, Fate::Left, Fate::Changed, Fate::Created, Fate::Updated, Fate::Skipped];

/// A text, or its beginning if it is longer.
pub(super) fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

impl KeptReport {
    /// What is kept of a report. `source` is what was imported.
    pub(super) fn of(report: &Report, source: &str) -> Self {
        let mut counts = Vec::new();
        let mut lines = Vec::new();
        for fate in ORDER {
            let own = report.with(fate);
            if !own.is_empty() {
                counts.push((fate, own.len()));
            }
            let room = MOST_LINES - lines.len();
            lines.extend(own.into_iter().take(room).map(|entry| Entry {
                file: cut(&entry.file, LONGEST_LINE),
                text: cut(&entry.text, LONGEST_LINE),
                ..entry.clone()
            }));
        }
        let remarks = report.remarks();
        let remarks = remarks.iter().take(MOST_REMARKS).map(|one| cut(one, LONGEST_REMARK));
        Self {
            summary: report.summary(source),
            remarks: remarks.collect(),
            more: report.entries.len() - lines.len(),
            counts,
            lines,
            has_articles: report.created + report.updated + report.unchanged > 0
                || !report.settings.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_report_is_cut_and_what_matters_most_stays() {
        let entry = |number: usize, fate| Entry {
            file: format!("{number}.md"),
            line: Some(number),
            fate,
            text: "x".repeat(10_000),
        };
        let mut entries: Vec<Entry> =
            (0..2_000).map(|number| entry(number, Fate::Created)).collect();
        entries.push(entry(7, Fate::Refused));
        let kept = KeptReport::of(&Report { entries, ..Report::default() }, "a.zip");
        assert_eq!((kept.lines.len(), kept.more), (MOST_LINES, 1_001));
        assert_eq!(kept.lines[0].fate, Fate::Refused);
        assert_eq!(kept.counts, [(Fate::Refused, 1), (Fate::Created, 2_000)]);
        assert!(serde_json::to_string(&kept).unwrap().len() < 2 << 20);
    }
}
