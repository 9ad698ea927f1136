//! Writes an article to a file.

use jiff::Timestamp;
use toml_writer::{ToTomlValue, TomlStringBuilder};

use super::Source;
use super::path::encode_path;

/// Writes the file that [`parse`](super::parse()) reads back as `source`.
pub fn write(source: &Source) -> String {
    // Always a single-line string: in a multi-line one, a line could look like the closing fence.
    let text = |text: &str| TomlStringBuilder::new(text).as_basic().to_toml_value();
    let list = |texts: &[String]| {
        format!("[{}]", texts.iter().map(|one| text(one)).collect::<Vec<_>>().join(", "))
    };
    let mut lines =
        vec![format!("title = {}", text(&source.title)), format!("slug = {}", text(&source.slug))];
    if let Some(date) = source.published_at.and_then(|time| Timestamp::from_millisecond(time).ok())
    {
        lines.push(format!("date = {date}"));
    }
    if let Some(date) = source.updated_at.and_then(|time| Timestamp::from_millisecond(time).ok()) {
        lines.push(format!("updated = {date}"));
    }
    if source.is_page {
        lines.push("type = \"page\"".into());
    }
    if source.draft {
        lines.push("draft = true".into());
    }
    if let Some(summary) = &source.summary {
        lines.push(format!("description = {}", text(summary)));
    }
    lines.push(format!("authors = {}", list(&source.authors)));
    if !source.tags.is_empty() {
        lines.push(format!("tags = {}", list(&source.tags)));
    }
    if !source.aliases.is_empty() {
        let aliases: Vec<String> = source.aliases.iter().map(|path| encode_path(path)).collect();
        lines.push(format!("aliases = {}", list(&aliases)));
    }
    if let Some(series) = &source.series {
        lines.push(format!("series = {}", text(series)));
    }
    if let Some(cover) = &source.cover {
        lines.push(format!("cover = {}", text(cover)));
    }
    if let Some(language) = &source.language {
        lines.push(format!("lang = {}", text(language)));
    }
    format!("+++\n{}\n+++\n\n{}", lines.join("\n"), source.markdown)
}
