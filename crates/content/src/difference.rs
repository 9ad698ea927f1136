//! A diff of two texts for people to read.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use similar::{ChangeTag, DiffOp, TextDiff};

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The timeout for comparing lines. After it, the diff becomes less exact.
const TIMEOUT: Duration = Duration::from_millis(500);

/// The words of a change are compared only if its lines have at most this many bytes in total.
const LONGEST_COMPARED: usize = 4_000;

/// The limit of bytes whose words are compared, for the whole diff.
const MOST_COMPARED: usize = 64_000;

/// The maximum number of lines shown.
const MOST_LINES: usize = 2_000;

/// How much of a line is shown, in characters.
const LONGEST_LINE: usize = 2_000;

/// How many characters are shown before the first difference in a line that is cut.
const BEFORE_DIFFERENCE: usize = 40;

/// The maximum number of bytes shown.
const MOST_SHOWN: usize = 200_000;

/// The differing lines of two texts, with the lines around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Groups of adjacent lines.
    pub groups: Vec<Vec<Line>>,
    /// How many more lines there would be to show.
    pub left_out: usize,
    /// Whether some lines are cut.
    pub has_cut_lines: bool,
}

/// One line of the diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which text it is in.
    pub side: Side,
    /// Its parts. True marks the parts that differ.
    pub words: Vec<(bool, String)>,
}

/// Which of the two texts a line is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// In both.
    Both,
    /// Only in the old one.
    Old,
    /// Only in the new one.
    New,
}

impl From<ChangeTag> for Side {
    fn from(tag: ChangeTag) -> Self {
        match tag {
            ChangeTag::Equal => Side::Both,
            ChangeTag::Delete => Side::Old,
            ChangeTag::Insert => Side::New,
        }
    }
}

/// Compares two texts line by line. For small changes, also compares the words. The work and the
/// size of the output are bounded. Once `is_stopped` is true, it ends soon.
pub fn compare(old: &str, new: &str, is_stopped: &AtomicBool) -> Differences {
    let mut found = Differences::default();
    if old == new {
        return found;
    }
    let diff = TextDiff::configure().timeout(TIMEOUT).diff_lines(old, new);
    let (mut compared, mut shown, mut lines) = (0, 0, 0);
    for operations in diff.grouped_ops(CONTEXT) {
        let mut group = Vec::new();
        for operation in operations {
            let count = match operation {
                DiffOp::Equal { len, .. } => len,
                other => other.old_range().len() + other.new_range().len(),
            };
            if lines >= MOST_LINES || shown >= MOST_SHOWN || is_stopped.load(Ordering::Relaxed) {
                found.left_out += count;
                continue;
            }
            let bytes = bytes_of(&diff, operation.old_range(), operation.new_range());
            let before = group.len();
            if matches!(operation, DiffOp::Replace { .. })
                && bytes <= LONGEST_COMPARED
                && compared + bytes <= MOST_COMPARED
                && lines + count <= MOST_LINES
            {
                compared += bytes;
                shown += bytes;
                for change in diff.iter_inline_changes(&operation) {
                    let words = change
                        .iter_strings_lossy()
                        .map(|(differs, text)| (differs, text.trim_end_matches('\n').to_owned()));
                    group.push(Line { side: change.tag().into(), words: words.collect() });
                }
            } else {
                // If one long line was changed, show it from where it differs.
                let start = match operation {
                    DiffOp::Replace { old_index, old_len: 1, new_index, new_len: 1 } => same_start(
                        line_of(diff.old_slice(old_index)),
                        line_of(diff.new_slice(new_index)),
                    ),
                    _ => 0,
                };
                for change in diff.iter_changes(&operation).take(MOST_LINES - lines) {
                    let (text, is_cut) = part_of(change.value().trim_end_matches('\n'), start);
                    found.has_cut_lines |= is_cut;
                    shown += text.len();
                    group.push(Line { side: change.tag().into(), words: vec![(false, text)] });
                    if shown >= MOST_SHOWN {
                        break;
                    }
                }
            }
            let added = group.len() - before;
            lines += added;
            found.left_out += count.saturating_sub(added);
        }
        if !group.is_empty() {
            found.groups.push(group);
        }
    }
    found
}

fn line_of(line: Option<&str>) -> &str {
    line.unwrap_or_default()
}

fn bytes_of(diff: &TextDiff<'_, '_, str>, old: Range<usize>, new: Range<usize>) -> usize {
    let old = old.filter_map(|index| diff.old_slice(index)).map(str::len);
    let new = new.filter_map(|index| diff.new_slice(index)).map(str::len);
    old.chain(new).sum()
}

/// How many leading characters two lines share.
fn same_start(old: &str, new: &str) -> usize {
    old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count()
}

/// The part of a line that is shown, given that it differs from the character `difference` on, and
/// whether it was cut.
fn part_of(line: &str, difference: usize) -> (String, bool) {
    if line.chars().nth(LONGEST_LINE).is_none() {
        return (line.to_owned(), false);
    }
    let skipped = if difference < LONGEST_LINE { 0 } else { difference - BEFORE_DIFFERENCE };
    let mut part: String = line.chars().skip(skipped).take(LONGEST_LINE).collect();
    if skipped > 0 {
        part.insert(0, '…');
    }
    if line.chars().nth(skipped + LONGEST_LINE).is_some() {
        part.push('…');
    }
    (part, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(old: &str, new: &str) -> Differences {
        compare(old, new, &AtomicBool::new(false))
    }

    fn size(found: &Differences) -> usize {
        found.groups.iter().flatten().flat_map(|line| &line.words).map(|(_, text)| text.len()).sum()
    }

    #[test]
    fn a_changed_word_is_marked_in_its_line() {
        let found = differences("one\ntwo small words\nthree\n", "one\ntwo large words\nthree\n");
        let lines: Vec<&Line> = found.groups.iter().flatten().collect();
        let sides: Vec<Side> = lines.iter().map(|line| line.side).collect();
        assert_eq!(sides, [Side::Both, Side::Old, Side::New, Side::Both]);
        assert!(lines[1].words.contains(&(true, "small".into())), "{lines:?}");
        assert_eq!((found.left_out, found.has_cut_lines), (0, false));
        assert_eq!(differences("a", "a"), Differences::default());
    }

    /// Work and output are bounded, whatever the texts look like.
    #[test]
    fn comparing_large_texts_stays_within_a_budget_and_counts_what_is_omitted() {
        let lines = |salt: usize| {
            (0..60_000).map(|number| format!("{} a b\n", number * salt)).collect::<String>()
        };
        let found = differences(&lines(7), &lines(11));
        assert!(found.groups.iter().flatten().count() <= MOST_LINES && found.left_out > 10_000);
        let words = |word: &str| format!("{word} ").repeat(200_000);
        let found = differences(&words("sea"), &words("land"));
        assert!(found.has_cut_lines && size(&found) < 3 * LONGEST_LINE + 100, "{}", size(&found));
        let long = "a".repeat(500_000);
        let found = differences(&format!("{long}x{long}"), &format!("{long}y{long}"));
        let parts: Vec<&String> = found
            .groups
            .iter()
            .flatten()
            .flat_map(|line| &line.words)
            .map(|(_, text)| text)
            .collect();
        assert!(
            parts[0].contains('x') && parts[1].contains('y'),
            "a long line is shown where it differs"
        );
        let blocks =
            |word: &str| format!("{word} and more words in a line\nthe same\n").repeat(5_000);
        let found = differences(&blocks("a"), &blocks("b"));
        assert!(size(&found) <= MOST_SHOWN + 2 * LONGEST_COMPARED + 4 * LONGEST_LINE);
        assert!(found.left_out > 0);
    }

    #[test]
    fn comparing_stops_when_it_is_cancelled() {
        let found = compare("a\nb\n", "a\nc\n", &AtomicBool::new(true));
        assert!(found.groups.is_empty() && found.left_out > 0);
    }
}
