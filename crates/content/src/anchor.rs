//! The anchors that authors give to headings.

/// The longest anchor that an author may give to a heading, in characters.
pub(crate) const LONGEST_ANCHOR: usize = 100;

/// Splits `{#an-anchor .class}` off the text of a heading, as in Hugo, Zola and kramdown, and returns
/// the rest and the anchor. Braces that hold anything but an anchor, classes and attributes are
/// text.
pub(crate) fn split_anchor(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_end().strip_suffix('}')?;
    let (before, inner) = inner.rsplit_once('{')?;
    // kramdown also writes `{: #an-anchor}`.
    let inner = inner.strip_prefix(':').unwrap_or(inner);
    let is_part = |part: &str| match part.strip_prefix(['#', '.']) {
        Some(name) => name.chars().all(may_be_in_anchor),
        None => part.contains('='),
    };
    if !inner.split_whitespace().all(is_part) {
        return None;
    }
    let anchor = inner.split_whitespace().find_map(|part| part.strip_prefix('#'))?;
    let is_fine = !anchor.is_empty() && anchor.chars().nth(LONGEST_ANCHOR).is_none();
    is_fine.then(|| (before.trim_end(), anchor))
}

/// Whether an anchor may have this character: none that would end an attribute or a word.
fn may_be_in_anchor(one: char) -> bool {
    !one.is_control() && !one.is_whitespace() && !"\"'<>&{}\\`#".contains(one)
}
