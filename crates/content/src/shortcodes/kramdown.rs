//! What kramdown, Jekyll's Markdown, says in braces.

use super::Converter;
use super::embeds::short;
use crate::front_matter::Fate;

impl Converter<'_> {
    /// `{: .class #id}`, which says how something looks.
    pub(super) fn attributes(&mut self) -> bool {
        let rest = self.rest();
        let line_end = self.line_rest();
        let Some(end) = self.find("}").filter(|end| *end < line_end).map(|at| at + 1) else {
            return false;
        };
        let inner = rest[2..end - 1].trim();
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
}
