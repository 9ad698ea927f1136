//! What kramdown, Jekyll's Markdown, says in braces.

use super::embeds::short;
use super::{Converter, Outcome};
use crate::front_matter::Fate;

impl Converter<'_> {
    /// `{: .class #id}`, which says how something looks, and what [`Self::extension`] knows.
    pub(super) fn attributes(&mut self) -> bool {
        let rest = self.rest();
        let line_end = self.line_rest();
        let Some(end) = self.find("}").filter(|end| *end < line_end).map(|at| at + 1) else {
            return false;
        };
        let inner = rest[2..end - 1].trim();
        if let Some(inner) = inner.strip_prefix(':') {
            return self.extension(inner, end);
        }
        if inner.split_whitespace().any(|word| word == "toc") {
            // A table of contents stands in place of the list before it.
            let before = self.out.trim_end();
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = before[start..].trim_start();
            if line.starts_with("* ") || line.starts_with("- ") || line.starts_with("1. ") {
                self.out.truncate(start);
            }
        } else {
            self.note(
                Fate::Changed,
                format!("{} says how it looks, so it was left out", short(&rest[..end])),
            );
        }
        self.at += end;
        true
    }

    /// `{::comment}…{:/comment}`, `{::nomarkdown}…{:/}` and `{::options … /}`.
    fn extension(&mut self, inner: &str, whole: usize) -> bool {
        let rest = self.rest();
        let name = inner.split([' ', '/']).next().unwrap_or_default();
        if inner.ends_with('/') {
            let tag = short(&rest[..whole]);
            self.note(Fate::Changed, format!("{tag} tells kramdown something, so it was left out"));
            self.leave_out(whole);
            return true;
        }
        let (outcome, tag) = match name {
            "comment" => (Outcome::Nothing("{:/comment}"), "{:/comment}"),
            "nomarkdown" => (Outcome::Raw("{:/nomarkdown}"), "{:/nomarkdown}"),
            _ => (Outcome::Unknown, "{:/}"),
        };
        // The end may be without the name. It comes after the tag, which may have braces of its own.
        let ends = [tag, "{:/}"].map(|end| Some((self.find_from(end, whole)?, end.len())));
        let found = ends.into_iter().flatten().min();
        self.apply(outcome, whole, &|_| found.map(|(at, length)| (at, at + length)), name)
    }
}
