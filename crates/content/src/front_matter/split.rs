//! Tells a file's front matter from its text, by the fences that the programs know.

use super::SourceError;
use super::conventions::Generator;
use super::parse::error;
use super::value::{Node, Value, toml, yaml};

/// A file's front matter and its text, and the line of the file at which the text begins, from 1.
pub(crate) struct Split<'a> {
    pub front: Node,
    pub body: &'a str,
    pub body_line: usize,
}

/// The format that Eleventy and others name behind the first fence, as in `---json`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    /// JSON is YAML too.
    Yaml,
    Toml,
    JavaScript,
}

impl Format {
    fn named(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "yaml" | "yml" | "json" => Some(Format::Yaml),
            "toml" => Some(Format::Toml),
            "js" | "javascript" => Some(Format::JavaScript),
            _ => None,
        }
    }
}

/// Whether a text begins as one with front matter does.
pub fn has_front_matter(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["---", "+++", "{", ";;;"].iter().any(|fence| text.starts_with(fence))
}

/// Finds the front matter at the start of a text and reads it.
pub(crate) fn split(text: &str, generator: Option<Generator>) -> Result<Split<'_>, SourceError> {
    let start = text.len() - text.trim_start().len();
    // Spaces before the first line would be part of it.
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let blank_lines = text[..start].matches('\n').count();
    let rest = &text[start..];
    let first = rest.lines().next().unwrap_or_default().trim_end();
    let is_dashes = |line: &str| line.len() >= 3 && line.bytes().all(|byte| byte == b'-');
    let named = first.strip_prefix("---").and_then(Format::named);
    if named == Some(Format::JavaScript) {
        return Err(error(
            blank_lines + 1,
            "the front matter is JavaScript, which is not run here; write it in YAML, TOML or JSON",
        ));
    }
    if rest.starts_with('{') && !rest.starts_with("{{") && !rest.starts_with("{%") {
        let end = end_of_object(rest).ok_or_else(|| {
            error(blank_lines + 1, "the front matter is not closed: a } is missing")
        })?;
        let front = yaml(&rest[..end], blank_lines + 1)?;
        let after = &rest[end..];
        let line_end = after.find('\n').map_or(after.len(), |at| at + 1);
        let after_line = after[..line_end].trim();
        if !matches!(after_line, "" | ";;;") {
            return Err(error(blank_lines + 1, "the front matter has more than one object"));
        }
        return Ok(with_body(text, start + end + line_end, front));
    }
    let (fence, opening) = match first {
        "+++" => ("+++", true),
        ";;;" => (";;;", true),
        line if is_dashes(line) || named.is_some() => ("---", true),
        // Hexo allows leaving out the first fence.
        line if generator == Some(Generator::Hexo) && starts_with_key(line) => ("---", false),
        _ if generator == Some(Generator::Obsidian) => {
            return Ok(with_body(text, 0, Node { line: 1, value: Value::Null }));
        }
        _ => {
            return Err(error(
                1,
                "the file does not start with front matter (+++ for TOML, --- for YAML, { for JSON)",
            ));
        }
    };
    let inner = start + if opening { rest.find('\n').map_or(rest.len(), |at| at + 1) } else { 0 };
    let mut at = inner;
    let end = text[inner..].split_inclusive('\n').find_map(|line| {
        let begins = at;
        at += line.len();
        let line = line.trim_end();
        let is_end = if fence == "---" { is_dashes(line) || line == "..." } else { line == fence };
        is_end.then_some((begins, at))
    });
    let Some((end, body)) = end else {
        let missing = format!("the front matter is not closed: a {fence} line is missing");
        return Err(error(blank_lines + 1, missing));
    };
    let source = &text[inner..end];
    let first_line = blank_lines + 1 + usize::from(opening);
    let front = match fence {
        "+++" => toml(source, first_line)?,
        ";;;" => yaml(&format!("{{{source}}}"), first_line)?,
        _ if named == Some(Format::Toml) => toml(source, first_line)?,
        _ => yaml(source, first_line)?,
    };
    if !matches!(front.value, Value::Table(_) | Value::Null) {
        return Err(error(first_line, "the front matter is no list of keys and values"));
    }
    Ok(with_body(text, body, front))
}

fn with_body(text: &str, at: usize, front: Node) -> Split<'_> {
    let rest = &text[at..];
    let body = rest.trim_start_matches('\n');
    let before = &text[..at + rest.len() - body.len()];
    Split { front, body, body_line: before.matches('\n').count() + 1 }
}

/// Whether a line begins with a key and a colon.
fn starts_with_key(line: &str) -> bool {
    let letters = line.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let length = letters.count();
    length > 0 && line[length..].starts_with(':')
}

/// Where the JSON object at the start of a text ends.
fn end_of_object(text: &str) -> Option<usize> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' if !is_text => depth += 1,
            b'}' if !is_text => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::{Conventions, parse, read};

    #[test]
    fn the_first_fence_may_name_the_format() {
        for text in [
            "---json\n{\n  \"title\": \"Tide\",\n  \"draft\": true\n}\n---\ntext",
            "---toml\ntitle = \"Tide\"\ndraft = true\n---\ntext",
            "---yaml\ntitle: Tide\ndraft: true\n---\ntext",
            "--- yml\ntitle: Tide\ndraft: true\n---\ntext",
        ] {
            let source = parse("a.md", text).unwrap();
            assert_eq!((source.title.as_str(), source.draft), ("Tide", true), "{text}");
            assert_eq!(source.markdown, "text", "{text}");
        }
        for fence in ["---js", "---javascript"] {
            let text = format!("\n{fence}\n{{ title: \"Tide\" }}\n---\ntext");
            let error = parse("a.md", &text).unwrap_err();
            assert!(error.line == 2 && error.reason.contains("JavaScript"), "{error}");
        }
        assert!(parse("a.md", "---xml\n<a/>\n---\ntext").is_err());
    }

    #[test]
    fn a_date_that_stands_for_that_of_the_file_is_none() {
        for date in ["Created", "Last Modified", "git Created", "git last modified"] {
            let text = format!("---\ntitle: Tide\ndate: {date}\n---\ntext");
            let found = read("a.md", &text, &Conventions::default()).unwrap();
            assert!(found.source.draft && found.notes.len() == 1, "{date}: {:?}", found.notes);
            let dated = read("2020-01-02-a.md", &text, &Conventions::default()).unwrap();
            assert_eq!(dated.source.published_at, Some(1_577_923_200_000), "{date}");
        }
    }
}
