//! What Obsidian adds to Markdown: links by name and comments.

use super::Converter;
use super::embeds::spaced;
use crate::front_matter::Fate;

impl Converter<'_> {
    pub(super) fn obsidian(&mut self) -> bool {
        let rest = self.rest();
        if self.text[..self.at].ends_with('\\') {
            return false;
        }
        match rest.as_bytes() {
            [b'[', b'[', ..] | [b'!', b'[', b'[', ..] => self.wiki_link(),
            [b'%', b'%', ..] => self.comment(),
            [b'$', ..] => self.formula(),
            _ => false,
        }
    }

    /// Obsidian's `[[Note|text]]` and `![[picture.png]]`.
    fn wiki_link(&mut self) -> bool {
        let rest = self.rest();
        let is_embedded = rest.starts_with('!');
        let start = if is_embedded { 3 } else { 2 };
        let line_end = self.line_rest();
        let Some(end) = self.find("]]").filter(|end| (start..line_end).contains(end)) else {
            return false;
        };
        let (target, text) = rest[start..end].split_once('|').unwrap_or((&rest[start..end], ""));
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let has_ending = file.rsplit_once('.').is_some_and(|(_, ending)| {
            ["png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp"]
                .contains(&ending.to_lowercase().as_str())
        });
        if is_embedded && has_ending {
            let words =
                if text.chars().all(|one| one.is_ascii_digit() || one == 'x') { "" } else { text };
            self.out.push_str(&format!("![{words}]({})", spaced(file)));
        } else {
            let shown = if text.is_empty() { target.trim_start_matches('#') } else { text };
            let address = (self.origin.reference)(file);
            let address = address.or((file.is_empty() && !anchor.is_empty()).then(String::new));
            match address {
                Some(address) => {
                    let anchor = crate::slug::slugify(anchor);
                    let anchor = if anchor.is_empty() { anchor } else { format!("#{anchor}") };
                    self.out.push_str(&format!("[{shown}]({address}{anchor})"));
                }
                None => {
                    self.note(
                        Fate::Left,
                        format!("{} leads nowhere, so it is text", &rest[..end + 2]),
                    );
                    self.out.push_str(shown);
                }
            }
        }
        self.at += end + 2;
        true
    }

    /// `%%…%%`, which nobody but the author sees. One that begins a line may have blank lines.
    fn comment(&mut self) -> bool {
        let place = self.place();
        let rest = self.rest();
        let end = match self.find_from("%%", 2) {
            Some(end) if place.is_first || self.at + end < self.end_of_paragraph() => end + 2,
            _ if place.is_first && rest[2..self.line_rest()].trim().is_empty() => {
                // Obsidian shows nothing from here on.
                let text = "a comment has no end, so all that follows was left out";
                self.note(Fate::Left, text.into());
                self.leave_out(rest.len());
                return true;
            }
            _ => {
                let text = "this looks like a comment, but has no end, so it stays in the text";
                self.note(Fate::Left, text.into());
                self.copy(2);
                return true;
            }
        };
        self.note(Fate::Changed, "a comment was left out".into());
        self.leave_out(end);
        true
    }

    /// `$…$` and `$$…$$` stay as they are: signs mean something else in them.
    fn formula(&mut self) -> bool {
        let rest = self.rest();
        if rest.starts_with("$$") {
            let length = self.find_from("$$", 2).map_or(2, |end| end + 2);
            self.copy(length);
            return true;
        }
        let end = self.find_from("$", 1).filter(|end| *end < self.line_rest());
        let is_formula = |end: &usize| {
            let inner = &rest[1..*end];
            !inner.starts_with(char::is_whitespace)
                && !inner.ends_with(char::is_whitespace)
                && !rest[end + 1..].starts_with(|one: char| one.is_ascii_digit())
        };
        let length = end.filter(is_formula).map_or(1, |end| end + 1);
        self.copy(length);
        true
    }
}
