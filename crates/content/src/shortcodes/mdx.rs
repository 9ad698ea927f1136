//! MDX: imports and exports go; components stay and are named.

use super::Converter;
use super::embeds::short;
use crate::front_matter::Fate;

/// The longest statement that may have blank lines, in bytes. A bracket that is never closed must
/// not take the article with it.
const LONGEST_STATEMENT: usize = 64 * 1024;

impl Converter<'_> {
    pub(super) fn mdx(&mut self) -> bool {
        let rest = self.rest();
        let is_whole_line = self.starts[self.line()] == self.at;
        if is_whole_line && (rest.starts_with("import ") || rest.starts_with("export ")) {
            let first = rest.lines().next().unwrap_or_default();
            let is_import = rest.starts_with("export ")
                || first.contains('\'')
                || first.contains('"')
                || first.contains('{');
            if !is_import {
                return false;
            }
            let length = self.statement();
            let lines = rest[..length].trim_end().matches('\n').count() + 1;
            let what = if lines > 1 { format!(" ({lines} lines)") } else { String::new() };
            self.note(
                Fate::Changed,
                format!("{}{what} is code of MDX, so it was left out", short(first)),
            );
            self.at += length;
            return true;
        }
        if rest.starts_with("{/*")
            && let Some(length) = self.find("*/}")
        {
            self.note(Fate::Changed, "a comment was left out".into());
            self.leave_out(length + 3);
            return true;
        }
        let is_component =
            rest.starts_with('<') && rest[1..].starts_with(|one: char| one.is_ascii_uppercase());
        if is_component {
            let tag = self.find(">").map_or(rest, |at| &rest[..=at]);
            let tag = short(tag);
            self.note(Fate::Left, format!("{tag} is a component, which means nothing here"));
        }
        false
    }

    /// The length of the statement that begins here. It ends before a blank line outside of all
    /// brackets.
    fn statement(&mut self) -> usize {
        let rest = self.rest();
        let open = "a bracket of a statement";
        if !self.missing.contains(open) {
            if let Some(length) = balanced(rest) {
                return length;
            }
            // It isn't what this takes it for, so what follows isn't either. And each such search
            // would read as much again.
            self.missing.insert(open.to_owned());
        }
        self.find("\n\n").map_or(rest.len(), |at| at + 1)
    }
}

/// The length of a statement with all of its brackets closed, if it is not too long.
fn balanced(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut quote) = (0, 0_usize, None);
    while at < bytes.len().min(LONGEST_STATEMENT) {
        let (byte, next) = (bytes[at], bytes.get(at + 1));
        at += 1;
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), _) if byte == open => quote = None,
            // Only a template goes on behind the line. In a component's text, it's an apostrophe.
            (Some(b'"' | b'\''), b'\n') => {
                quote = None;
                at -= 1;
            }
            (Some(_), _) => {}
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'/') if next == Some(&b'/') => {
                at += bytes[at..].iter().take_while(|byte| **byte != b'\n').count();
            }
            (None, b'/') if next == Some(&b'*') => {
                at += text.get(at..)?.find("*/")? + 2;
            }
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b'\n') if depth == 0 && next == Some(&b'\n') => return Some(at),
            _ => {}
        }
    }
    (at >= bytes.len() && depth == 0 && quote != Some(b'`')).then_some(bytes.len())
}
