//! What the editor does to a text, as pure functions. Positions count UTF-16 units, as browsers do.

/// A change of a text: `start..end` is replaced with `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub start: u32,
    pub end: u32,
    pub text: String,
    /// What is selected afterwards.
    pub selection: (u32, u32),
}

/// The number of UTF-16 units of a text.
pub fn units(text: &str) -> u32 {
    text.encode_utf16().count().try_into().unwrap_or(u32::MAX)
}

/// The byte at which the unit `position` begins. A position beyond the end is the end.
fn byte_at(text: &str, position: u32) -> usize {
    let mut unit = 0;
    for (byte, character) in text.char_indices() {
        if unit >= position {
            return byte;
        }
        unit += u32::try_from(character.len_utf16()).unwrap_or(0);
    }
    text.len()
}

/// Puts `mark` around the selection, or takes it away if it is there already. Without a selection,
/// the word at the cursor counts as selected.
pub fn emphasise(text: &str, start: u32, end: u32, mark: &str) -> Edit {
    let (mut from, mut to) = (byte_at(text, start), byte_at(text, end));
    let is_caret = from == to;
    if is_caret {
        let is_in_word = |character: char| character.is_alphanumeric();
        from = text[..from].trim_end_matches(is_in_word).len();
        to += text[to..].len() - text[to..].trim_start_matches(is_in_word).len();
    } else {
        // Markdown takes no mark beside a space.
        let selected = &text[from..to];
        let inner = selected.trim();
        if !inner.is_empty() {
            from += selected.len() - selected.trim_start().len();
            to = from + inner.len();
        }
    }
    let selected = &text[from..to];
    let size = units(mark);
    let is_inside =
        selected.len() >= 2 * mark.len() && selected.starts_with(mark) && selected.ends_with(mark);
    let (from_unit, to_unit) = (units(&text[..from]), units(&text[..to]));
    // How far the beginning of the words moves.
    let (edit_start, edit_end, replacement, moved) = if is_inside {
        let inner = &selected[mark.len()..selected.len() - mark.len()];
        (from_unit, to_unit, inner.to_owned(), 0)
    } else if text[..from].ends_with(mark) && text[to..].starts_with(mark) {
        (from_unit - size, to_unit + size, selected.to_owned(), 0)
    } else {
        (from_unit, to_unit, format!("{mark}{selected}{mark}"), size)
    };
    let words = if is_inside { units(selected) - 2 * size } else { units(selected) };
    let first = edit_start + moved;
    let selection = if is_caret {
        let caret = first + (start - from_unit).min(words);
        (caret, caret)
    } else {
        (first, first + words)
    };
    Edit { start: edit_start, end: edit_end, text: replacement, selection }
}

/// Puts `block` in a paragraph of its own: in place of an empty line, before a line whose beginning
/// the cursor is at, or else after the line of the cursor. So a heading stays a heading.
pub fn place_block(text: &str, cursor: u32, block: &str) -> Edit {
    let at = byte_at(text, cursor);
    let line_start = text[..at].rfind('\n').map_or(0, |byte| byte + 1);
    let line_end = text[at..].find('\n').map_or(text.len(), |byte| at + byte);
    let (from, to) = if text[line_start..line_end].trim().is_empty() {
        (line_start, line_end)
    } else if at == line_start {
        (at, at)
    } else {
        (line_end, line_end)
    };
    let (before, after) = (&text[..from], &text[to..]);
    let missing = |breaks: usize| "\n".repeat(2_usize.saturating_sub(breaks));
    let lead = if before.trim().is_empty() {
        String::new()
    } else {
        missing(before.len() - before.trim_end_matches('\n').len())
    };
    let trail = if after.trim().is_empty() {
        String::new()
    } else {
        missing(after.len() - after.trim_start_matches('\n').len())
    };
    let start = units(before);
    let caret = start + units(&lead) + units(block);
    Edit {
        start,
        end: units(&text[..to]),
        text: format!("{lead}{block}{trail}"),
        selection: (caret, caret),
    }
}

/// Where a position is after `start..end` was replaced with a text of `length` units.
pub fn moved(position: u32, start: u32, end: u32, length: u32) -> u32 {
    if position <= start {
        position
    } else if position >= end {
        position - (end - start) + length
    } else {
        position.min(start + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The position of `|` in a text, and the text without it.
    fn cursors(text: &str) -> (String, u32, u32) {
        let start = text.find('|').unwrap();
        let without = text.replacen('|', "", 1);
        let end = without.find('|').unwrap_or(start);
        let without = without.replacen('|', "", 1);
        let (start, end) = (units(&without[..start]), units(&without[..end]));
        (without, start, end)
    }

    /// The text after an edit, with `|` at the ends of the selection.
    fn applied(text: &str, edit: &Edit) -> String {
        let mut after: Vec<u16> = text.encode_utf16().collect();
        after.splice(edit.start as usize..edit.end as usize, edit.text.encode_utf16());
        let bar = u16::try_from(u32::from('|')).unwrap();
        let (start, end) = edit.selection;
        if end != start {
            after.insert(end as usize, bar);
        }
        after.insert(start as usize, bar);
        String::from_utf16(&after).unwrap()
    }

    fn bold(text: &str) -> String {
        let (text, start, end) = cursors(text);
        applied(&text, &emphasise(&text, start, end, "**"))
    }

    fn picture(text: &str) -> String {
        let (text, cursor, _) = cursors(text);
        applied(&text, &place_block(&text, cursor, "![](p)"))
    }

    #[test]
    fn words_become_bold_and_plain_again() {
        for (plain, marked) in [
            ("a |word| here", "a **|word|** here"),
            ("a wo|rd here", "a **wo|rd** here"),
            ("| at the end of nothing", "**|** at the end of nothing"),
            ("𝄞 |é漢| 🌊", "𝄞 **|é漢|** 🌊"),
            ("|all|", "**|all|**"),
        ] {
            assert_eq!(bold(plain), marked);
            assert_eq!(bold(marked), plain);
        }
        assert_eq!(bold("a| word |here"), "a **|word|** here", "spaces stay outside");
        assert_eq!(bold("a |**word**| here"), "a |word| here", "with the marks selected");
        assert_eq!(bold("|"), "**|**");
        assert_eq!(bold("**|**"), "|");
        assert_eq!(bold("a |  | b"), "a **|  |** b");
    }

    #[test]
    fn a_position_beyond_the_end_is_the_end() {
        assert_eq!(emphasise("word", 9, 9, "_").text, "_word_");
        assert_eq!(place_block("word", 9, "x").text, "\n\nx");
    }

    #[test]
    fn a_picture_gets_a_paragraph_of_its_own() {
        for (before, after) in [
            ("|", "![](p)|"),
            ("# A head|ing", "# A heading\n\n![](p)|"),
            ("|# A heading", "![](p)|\n\n# A heading"),
            ("# A heading\n|\ntext", "# A heading\n\n![](p)|\n\ntext"),
            ("# A heading\n\n|\n\ntext", "# A heading\n\n![](p)|\n\ntext"),
            ("one|\ntwo", "one\n\n![](p)|\n\ntwo"),
            ("one\n|two", "one\n\n![](p)|\n\ntwo"),
            ("one\n\ntwo|\n\nthree", "one\n\ntwo\n\n![](p)|\n\nthree"),
            ("one|\n", "one\n\n![](p)|\n"),
            ("潮🌊| a\nb", "潮🌊 a\n\n![](p)|\n\nb"),
            ("one\n  |  \ntwo", "one\n\n![](p)|\n\ntwo"),
        ] {
            assert_eq!(picture(before), after, "{before:?}");
        }
    }

    #[test]
    fn a_cursor_moves_with_the_text_around_it() {
        for (position, after) in [(0, 0), (2, 2), (3, 3), (5, 4), (6, 5)] {
            assert_eq!(moved(position, 2, 5, 2), after, "{position}");
        }
    }
}
