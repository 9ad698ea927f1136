//! Links by name, which Obsidian adds to Markdown.

use super::Converter;
use super::embeds::spaced;
use crate::front_matter::Fate;

impl Converter<'_> {
    /// Obsidian's `[[Note|text]]` and `![[picture.png]]`.
    pub(super) fn wiki_link(&mut self) -> bool {
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
}
