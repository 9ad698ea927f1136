//! Code: it stays as it is, but for the marks that say that what is in it is not to be run.

use super::Converter;
use crate::front_matter::Generator;

/// What may be marked in code.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    /// `{{</* name */>}}` of Hugo.
    has_shortcodes: bool,
    /// `{% raw %}` of Liquid and Nunjucks.
    has_raw: bool,
    /// `{{ "{{" }}`.
    has_values: bool,
}

impl Marks {
    pub fn of(generator: Option<Generator>) -> Self {
        use Generator::{Eleventy, Hexo, Hugo, Jekyll};
        Self {
            has_shortcodes: generator == Some(Hugo),
            has_raw: matches!(generator, Some(Jekyll | Hexo | Eleventy)),
            has_values: matches!(generator, Some(Jekyll | Eleventy)),
        }
    }

    /// Code as it was shown.
    fn shown(self, code: &str) -> String {
        if self.has_raw {
            return self.without_liquid(code);
        }
        let mut code = code.to_owned();
        if self.has_shortcodes {
            for (written, shown) in
                [("{{</*", "{{<"), ("*/>}}", ">}}"), ("{{%/*", "{{%"), ("*/%}}", "%}}")]
            {
                code = code.replace(written, shown);
            }
        }
        code
    }

    fn without_liquid(self, code: &str) -> String {
        let mut shown = String::with_capacity(code.len());
        let (mut rest, mut is_raw) = (code, false);
        while let Some(at) = rest.find('{') {
            shown.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(mark) = RawMark::at(rest) {
                rest = &rest[mark.length..];
                is_raw = mark.is_start;
                // One that trims spaces would make one line of two. It is only a line too many.
                let is_line = (shown.is_empty() || shown.ends_with('\n')) && rest.starts_with('\n');
                if mark.trims && is_line {
                    rest = &rest[1..];
                }
            } else if self.has_values
                && !is_raw
                && let Some((text, length)) = quoted_value(rest)
            {
                shown.push_str(text);
                rest = &rest[length..];
            } else {
                shown.push('{');
                rest = &rest[1..];
            }
        }
        shown.push_str(rest);
        shown
    }
}

/// `{% raw %}` or its end.
struct RawMark {
    length: usize,
    is_start: bool,
    /// Whether it has a `-`.
    trims: bool,
}

impl RawMark {
    fn at(text: &str) -> Option<Self> {
        let inner = text.strip_prefix("{%")?;
        let name = inner.trim_start_matches(['-', ' ']);
        let names = [("raw", true), ("endraw", false), ("verbatim", true), ("endverbatim", false)];
        let (after, is_start) = names
            .iter()
            .find_map(|(word, is_start)| Some((name.strip_prefix(word)?, *is_start)))?;
        let rest = after.trim_start_matches(['-', ' ']).strip_prefix("%}")?;
        let trims = inner.starts_with('-') || after.trim_start().starts_with('-');
        Some(Self { length: text.len() - rest.len(), is_start, trims })
    }
}

/// The text of `{{ "text" }}`, and the length of the whole.
fn quoted_value(text: &str) -> Option<(&str, usize)> {
    let value = text.strip_prefix("{{")?.trim_start_matches(['-', ' ']);
    let quote = value.chars().next().filter(|one| matches!(one, '"' | '\''))?;
    let (value, after) = value[1..].split_once(quote)?;
    let rest = after.trim_start_matches(['-', ' ']).strip_prefix("}}")?;
    (!value.contains('\n')).then_some((value, text.len() - rest.len()))
}

impl Converter<'_> {
    /// A fenced block of code, if one begins here, or `~` that are only text.
    pub(super) fn fence(&mut self, marks: Marks) -> bool {
        let rest = self.rest();
        let mark = rest.as_bytes()[0];
        let length = rest.bytes().take_while(|byte| *byte == mark).count();
        // Backticks between which something stands on one line are a span.
        if mark == b'`' && rest[length..self.line_rest()].contains('`') {
            return false;
        }
        let place = self.place();
        if !place.is_first {
            let is_text = mark == b'~';
            if is_text {
                self.copy(length);
            }
            return is_text;
        }
        let mut at = 0;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            if number > 0 {
                // The quote or the item around it may end, and then it ends too.
                let Some(text) = place.text_of(line) else { break };
                let text = text.trim_end();
                if text.len() >= length && text.bytes().all(|byte| byte == mark) {
                    at += line.len();
                    break;
                }
            }
            at += line.len();
        }
        self.out.push_str(&marks.shown(&rest[..at]));
        self.pass(place, at);
        true
    }

    pub(super) fn code_span(&mut self, marks: Marks) -> bool {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| *byte == b'`').count();
        let run = &rest[..length];
        let paragraph = &self.text[self.at..self.end_of_paragraph().max(self.at + length)];
        let mut from = length;
        while !self.missing_spans.contains(&length)
            && let Some(at) = paragraph[from..].find(run).map(|at| from + at)
        {
            let end = paragraph[at..].bytes().take_while(|byte| *byte == b'`').count();
            if end == length {
                self.out.push_str(&marks.shown(&paragraph[..at + end]));
                self.at += at + end;
                return true;
            }
            from = at + end;
        }
        self.missing_spans.insert(length);
        self.copy(length);
        true
    }

    /// Where the paragraph ends in which the rest begins.
    pub(super) fn end_of_paragraph(&mut self) -> usize {
        if self.paragraph_end <= self.at {
            let end = self.find("\n\n").map_or(self.text.len(), |at| self.at + at + 1);
            self.paragraph_end = end;
            self.missing_spans.clear();
        }
        self.paragraph_end
    }
}

/// A block of code, fenced by more backticks than are in it.
pub(super) fn fenced(code: &str, language: &str) -> String {
    let code = code.trim_end();
    let longest = code.split(|one| one != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language = language.split(|one: char| one.is_whitespace() || one == '`').next();
    format!("{fence}{}\n{code}\n{fence}\n", language.unwrap_or_default())
}
