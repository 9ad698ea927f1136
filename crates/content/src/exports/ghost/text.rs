//! The text of a post, from the first of the fields that has one.

use super::super::notes::{GATED, LOST};
use super::super::{LONGEST_FIELD, Raw, Status};
use super::editor;
use super::gated::without_gated;
use super::schema::{Loose, Row};
use super::{PLACE, escaped};
use crate::front_matter::Fate;

const NO_TEXT: &str = "the file has no text for it";

/// Puts the text in, from the first of the fields that has one.
pub(super) fn fill(raw: &mut Raw, row: &Row) {
    let has = |field: &Loose| !field.0.trim().is_empty();
    let documents =
        [(&row.lexical, editor::lexical as fn(&str) -> _), (&row.mobiledoc, editor::mobiledoc)];
    let is_long = |field: &Loose| field.0.len() > LONGEST_FIELD;
    // Whether there is a text, but nothing of it could be taken.
    let mut is_lost = false;
    if has(&row.html) {
        raw.is_too_long = is_long(&row.html);
        raw.html = row.html.0.replace(PLACE, "");
        if let Some(public) = without_gated(&raw.html) {
            raw.html = public;
            raw.note(Fate::Left, GATED);
            is_lost = raw.html.trim().is_empty();
        }
    } else if let Some((field, read)) = documents.into_iter().find(|(field, _)| has(field)) {
        raw.is_too_long = is_long(field);
        match (!raw.is_too_long).then(|| read(&field.0)).flatten() {
            Some(text) => {
                raw.is_too_long = text.html.len() > LONGEST_FIELD;
                raw.html = text.html.replace(PLACE, "");
                if text.is_gated {
                    raw.note(Fate::Left, GATED);
                }
                let is_empty = raw.html.is_empty();
                is_lost = is_empty && (text.is_gated || !text.left.is_empty());
                if is_empty && !is_lost && raw.status != Status::Draft {
                    raw.note(Fate::Left, NO_TEXT);
                }
                for what in text.left {
                    raw.note(Fate::Left, what);
                }
            }
            None => is_lost = !raw.is_too_long,
        }
    } else if has(&row.markdown) {
        raw.is_too_long = is_long(&row.markdown);
        raw.markdown = Some(row.markdown.0.replace(PLACE, ""));
    } else if has(&row.plaintext) {
        raw.is_too_long = is_long(&row.plaintext);
        let part = |part: &str| format!("<p>{}</p>", escaped(part).replace('\n', "<br>"));
        raw.html = row.plaintext.0.split("\n\n").map(part).collect();
        raw.note(Fate::Left, "the file has it as plain text only");
    } else if raw.status != Status::Draft {
        raw.note(Fate::Left, NO_TEXT);
    }
    if is_lost {
        if raw.status == Status::Published {
            raw.status = Status::Draft;
        }
        raw.note(Fate::Left, LOST);
    }
}
