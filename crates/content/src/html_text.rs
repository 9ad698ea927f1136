//! Text in HTML: how it is written, and how it is read again.

/// A text as it is written between tags and in an attribute.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The text between the tags of sanitised HTML, in which every `<` begins a tag and every `>` ends
/// one. Each end tag becomes a space, to keep the words of adjacent paragraphs apart.
pub(crate) fn text_of(sanitized: &str) -> String {
    let mut parts = sanitized.split('<');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        if tag.starts_with('/') {
            text.push(' ');
        }
        text.push_str(after);
    }
    text
}
