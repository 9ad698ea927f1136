//! What Obsidian adds to Markdown: links by name, comments, highlights and callouts.

use super::Converter;
use super::embeds::spaced;
use crate::front_matter::Fate;

/// How much of a word is read backwards, in bytes.
const LONGEST_WORD: usize = 200;

impl Converter<'_> {
    pub(super) fn obsidian(&mut self) -> bool {
        let rest = self.rest();
        if self.mark_end == Some(self.at) {
            self.mark_end = None;
            self.out.push_str("</mark>");
            self.at += 2;
            return true;
        }
        if self.text[..self.at].ends_with('\\') {
            return false;
        }
        match rest.as_bytes() {
            [b'[', b'[', ..] | [b'!', b'[', b'[', ..] => self.wiki_link(),
            [b'[', b'!', ..] => self.callout(),
            [b'%', b'%', ..] => self.comment(),
            [b'=', ..] => self.highlight(),
            [b'$', ..] => self.formula(),
            _ => false,
        }
    }

    /// `[[Note|text]]` and `![[picture.png]]`. In a table, `|` is written as `\|`.
    fn wiki_link(&mut self) -> bool {
        let rest = self.rest();
        let is_embedded = rest.starts_with('!');
        let start = if is_embedded { 3 } else { 2 };
        let line_end = self.line_rest();
        let Some(end) = self.find("]]").filter(|end| (start..line_end).contains(end)) else {
            return false;
        };
        let inner = rest[start..end].replace("\\|", "|");
        let (target, text) = inner.split_once('|').unwrap_or((inner.as_str(), ""));
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let has_ending = file.rsplit_once('.').is_some_and(|(_, ending)| {
            ["png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp"]
                .contains(&ending.to_lowercase().as_str())
        });
        // A bar that is left would be the border of a cell.
        if is_embedded && has_ending {
            let is_size = |text: &str| text.chars().all(|one| one.is_ascii_digit() || one == 'x');
            let words = match text.rsplit_once('|') {
                Some((words, size)) if is_size(size) => words,
                _ if is_size(text) => "",
                _ => text,
            };
            let words = words.replace('|', "\\|");
            self.out.push_str(&format!("![{words}]({})", spaced(file)));
        } else {
            let shown = if text.is_empty() { target.trim_start_matches('#') } else { text };
            let shown = shown.replace('|', "\\|");
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
                    self.out.push_str(&shown);
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

    /// `==text==`.
    fn highlight(&mut self) -> bool {
        let rest = self.rest();
        let run = rest.bytes().take_while(|byte| *byte == b'=').count();
        let word = &self.text
            [self.text.floor_char_boundary(self.at.saturating_sub(LONGEST_WORD))..self.at];
        let word = word.rsplit(char::is_whitespace).next().unwrap_or_default();
        let is_address = ["://", "](", "=\""].iter().any(|part| word.contains(part));
        let end = if run == 2 && !is_address { self.find_from("==", 2) } else { None };
        let Some(end) = end.filter(|end| *end < self.line_rest()) else {
            self.copy(run);
            return true;
        };
        let inner = &rest[2..end];
        let is_paired = |sign: char| inner.matches(sign).count().is_multiple_of(2);
        let is_text = !inner.starts_with(char::is_whitespace)
            && !inner.ends_with(char::is_whitespace)
            && !rest[end + 2..].starts_with('=')
            // Otherwise its end could be in code, in a formula or in a link.
            && is_paired('`')
            && is_paired('$')
            && inner.matches("[[").count() == inner.matches("]]").count()
            && !inner.contains("%%");
        if !is_text {
            self.copy(run);
            return true;
        }
        self.mark_end = Some(self.at + end);
        self.out.push_str("<mark>");
        self.at += run;
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

    /// `[!type]- title` at the beginning of a quote becomes the nearest of GitHub's five kinds.
    fn callout(&mut self) -> bool {
        if !self.text[..self.at].trim_end_matches([' ', '\t']).ends_with('>') {
            return false;
        }
        let place = self.place();
        if !place.is_first || !place.begins_quote {
            return false;
        }
        let rest = self.rest();
        let line_end = self.line_rest();
        let Some(end) = self.find("]").filter(|end| *end < line_end) else { return false };
        // What follows a bar says how it looks.
        let name = rest[2..end].split('|').next().unwrap_or_default().trim().to_lowercase();
        if name.is_empty() {
            return false;
        }
        let kind = match name.as_str() {
            "tip" | "hint" | "success" | "check" | "done" => "TIP",
            "important" => "IMPORTANT",
            "warning" | "attention" => "WARNING",
            "caution" | "danger" | "error" | "bug" | "failure" | "fail" | "missing" => "CAUTION",
            _ => "NOTE",
        };
        let mut marker = format!("[!{kind}]");
        let after = rest[end + 1..line_end].trim_start_matches(['+', '-']);
        let title = after.trim();
        if !title.is_empty() {
            marker.push(' ');
        } else if name != kind.to_lowercase() {
            // Its title is its type, which the kind doesn't say.
            let mut letters = name.chars();
            marker.push(' ');
            marker.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            marker.push_str(letters.as_str());
        }
        // The title may have links.
        let length = line_end - after.trim_start_matches([' ', '\t']).len();
        self.put_marker(&place, &marker, length);
        true
    }
}
