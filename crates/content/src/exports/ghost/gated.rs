//! Parts of a text that Ghost shows to members only.

/// The text without the parts that readers who are no members don't see, or `None` if there are
/// none. Ghost stores them with all others, between comments, and takes them out of each page.
pub(super) fn without_gated(html: &str) -> Option<String> {
    let mut kept = String::with_capacity(html.len());
    // For each part that is open, whether everybody may read it.
    let mut open: Vec<bool> = Vec::new();
    let mut is_cut = false;
    let mut rest = html;
    while let Some(start) = rest.find("<!--") {
        let (before, comment) = rest.split_at(start);
        let end = comment.find("-->").map(|end| end + "-->".len());
        let inner = &comment[..end.unwrap_or(comment.len())];
        let is_shown = !open.contains(&false);
        if is_shown {
            kept.push_str(before);
        }
        match mark(inner) {
            Some(Mark::Begin { is_public }) => open.push(is_public),
            Some(Mark::End) => {
                open.pop();
            }
            None if is_shown => kept.push_str(inner),
            None => {}
        }
        is_cut |= open.contains(&false);
        rest = &comment[inner.len()..];
    }
    // A part that does not end lasts to the end: nothing that was hidden may be seen.
    if !open.contains(&false) {
        kept.push_str(rest);
    }
    is_cut.then_some(kept)
}

enum Mark {
    Begin { is_public: bool },
    End,
}

/// Reads a comment that begins or ends a part for some readers.
fn mark(comment: &str) -> Option<Mark> {
    let plain: String = comment.chars().filter(|one| !one.is_whitespace()).collect();
    let plain = plain.to_ascii_lowercase();
    let plain = plain.strip_prefix("<!--")?.strip_prefix("kg-gated-block:")?;
    if let Some(parameters) = plain.strip_prefix("begin") {
        // Quotes are around names of groups of members.
        let mut unquoted = parameters.split('"').step_by(2);
        return Some(Mark::Begin { is_public: unquoted.any(|one| one.contains("nonmember:true")) });
    }
    plain.starts_with("end").then_some(Mark::End)
}
