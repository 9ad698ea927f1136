//! The title: from its field, the first heading or the name of the file.

use super::super::SourceError;
use super::super::limits::LONGEST_TITLE;
use super::super::notes::Fate;
use super::{Reading, error};
use crate::anchor::split_anchor;
use crate::whitespace::one_line;

impl Reading<'_> {
    pub(super) fn title(
        &mut self,
        stem: &str,
        body: &mut String,
        body_line: usize,
    ) -> Result<String, SourceError> {
        if let Some((line, title)) = self.text("title") {
            if title.chars().nth(LONGEST_TITLE).is_some() {
                let most = format!("the title has more than {LONGEST_TITLE} characters");
                return Err(error(line, most));
            }
            return Ok(title);
        }
        if let Some(heading) = first_heading(body) {
            let Heading { start, end, line, text, is_first } = heading;
            let title: String = text.chars().take(LONGEST_TITLE).collect();
            let line = body_line + line;
            self.note(line, Fate::Changed, "there is no title, so it is the first heading");
            if is_first && title == text {
                // It would be shown twice.
                body.replace_range(start..end, "");
            }
            return Ok(title);
        }
        let words: String =
            stem.chars().map(|one| if matches!(one, '-' | '_') { ' ' } else { one }).collect();
        let title: String = one_line(&words).chars().take(LONGEST_TITLE).collect();
        if title.is_empty() {
            return Err(error(1, "it has no title, and none can be made of its name"));
        }
        self.note(1, Fate::Changed, "there is no title, so it is the name of the file");
        Ok(title)
    }
}

/// A heading of a text: its bytes, its line, from 0, and whether nothing stands before it.
struct Heading {
    start: usize,
    end: usize,
    line: usize,
    text: String,
    is_first: bool,
}

/// The first heading that is written with `#`, outside code.
fn first_heading(body: &str) -> Option<Heading> {
    let (mut at, mut is_code, mut is_first) = (0, false, true);
    for (number, line) in body.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            is_code = !is_code;
        }
        let marks = trimmed.len() - trimmed.trim_start_matches('#').len();
        let rest = &trimmed[marks..];
        if !is_code && (1..=6).contains(&marks) && rest.starts_with(' ') {
            let text = one_line(rest.trim_end_matches('#'));
            let text = split_anchor(&text).map_or(text.as_str(), |(text, _)| text).to_owned();
            if !text.is_empty() {
                return Some(Heading { start, end: at, line: number, text, is_first });
            }
        }
        is_first &= trimmed.is_empty();
    }
    None
}
