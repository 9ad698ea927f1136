//! MDX: imports and exports go; components stay and are named.

use super::Converter;
use super::embeds::short;
use crate::front_matter::Fate;

impl Converter<'_> {
    pub(super) fn mdx(&mut self) -> bool {
        let rest = self.rest();
        let is_whole_line = self.starts[self.line()] == self.at;
        if is_whole_line && (rest.starts_with("import ") || rest.starts_with("export ")) {
            // A statement ends before a blank line.
            let length = rest.find("\n\n").map_or(rest.len(), |at| at + 1);
            let first = rest.lines().next().unwrap_or_default();
            let is_import = rest.starts_with("export ")
                || first.contains('\'')
                || first.contains('"')
                || first.contains('{');
            if !is_import {
                return false;
            }
            self.note(
                Fate::Changed,
                format!("{} is code of MDX, so it was left out", short(first)),
            );
            self.at += length;
            return true;
        }
        if rest.starts_with("{/*")
            && let Some(length) = rest.find("*/}")
        {
            self.at += length + 3;
            return true;
        }
        let is_component =
            rest.starts_with('<') && rest[1..].starts_with(|one: char| one.is_ascii_uppercase());
        if is_component {
            let tag = rest.find('>').map_or(rest, |at| &rest[..=at]);
            let tag = short(tag);
            self.note(Fate::Left, format!("{tag} is a component, which means nothing here"));
        }
        false
    }
}
