//! The three formats of front matter, read into one tree. Scalars keep the text as it was written
//! and every value its line: front matter is typed by hand, and `version: 1.10` is no number.

use std::collections::HashMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use granit_parser::{Event, Parser, ScalarStyle};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SourceError;
use super::parse::error;

/// How deep values may nest.
const DEEPEST: usize = 32;

/// How much YAML's references may copy in one file, in bytes. A few lines of them could otherwise
/// stand for more than any memory holds.
const MOST_COPIED: usize = 1 << 20;

/// What a value takes besides its text, in bytes.
const AROUND_VALUE: usize = 64;

/// The key that takes the entries of other tables over (YAML 1.1).
const MERGE: &str = "<<";

/// The tag of values in base64: `!!binary`, or `!binary` as older programs write it. Ruby wrote all
/// texts in other letters than English ones like this, so many blogs have such titles.
const BINARY: &str = "binary";

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The line of the file, from 1.
    pub line: usize,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// No value: `draft:`, `~` or `null`.
    Null,
    /// A text, a number, a date or a truth value, as it was written.
    Text(String),
    List(Vec<Node>),
    /// Keys and values, in order. A key may come twice.
    Table(Vec<(String, Node)>),
}

impl Node {
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What a key of a table has, whatever the case of its letters and whether it is written with
    /// `_`, with `-` or without. The last value counts if a key comes twice.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Value::Table(entries) = &self.value else { return None };
        let found = entries.iter().rev().find(|(name, _)| plain_key(name) == key);
        found.map(|(_, node)| node).filter(|node| node.value != Value::Null)
    }

    /// The texts of a text, of a list, and of lists in it. A table gives its `name`.
    pub fn texts(&self) -> Vec<String> {
        match &self.value {
            Value::Null => vec![],
            Value::Text(text) => vec![text.clone()],
            Value::List(nodes) => nodes.iter().flat_map(Node::texts).collect(),
            Value::Table(_) => {
                ["name", "title"].iter().find_map(|key| self.get(key)).map_or(vec![], Node::texts)
            }
        }
    }

    /// About how much memory it takes, in bytes, and how deep its values nest.
    fn size(&self) -> (usize, usize) {
        let (own, inner): (usize, Vec<(usize, usize)>) = match &self.value {
            Value::Null => (0, vec![]),
            Value::Text(text) => (text.len(), vec![]),
            Value::List(nodes) => (0, nodes.iter().map(Node::size).collect()),
            Value::Table(entries) => (
                entries.iter().map(|(key, _)| key.len()).sum(),
                entries.iter().map(|(_, node)| node.size()).collect(),
            ),
        };
        let bytes = inner.iter().map(|(bytes, _)| bytes).sum::<usize>();
        let deepest = inner.iter().map(|(_, depth)| depth + 1).max().unwrap_or(0);
        (AROUND_VALUE + own + bytes, deepest)
    }

    /// The keys and values of a table, in order.
    pub fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The keys of a table.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries().iter().map(|(key, _)| key.as_str())
    }

    /// The first value of a table, here or within, that has `most` keys before it.
    pub fn beyond(&self, most: usize) -> Option<&Node> {
        let inner = match &self.value {
            Value::List(nodes) => nodes.iter().find_map(|node| node.beyond(most)),
            Value::Table(entries) => entries.iter().find_map(|(_, node)| node.beyond(most)),
            Value::Null | Value::Text(_) => None,
        };
        self.entries().get(most).map(|(_, node)| node).or(inner)
    }
}

/// A key in small letters, without `_` and `-`: `publish_date` is `publishDate`.
pub(crate) fn plain_key(key: &str) -> String {
    key.chars().filter(|one| !matches!(one, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Reads YAML, and JSON, which is YAML too. `first_line` is the line of the file at which `source`
/// begins.
pub(crate) fn yaml(source: &str, first_line: usize) -> Result<Node, SourceError> {
    match strict_yaml(source, first_line) {
        // YAML forbids most tabs, but many programs don't.
        Err(_) if source.contains('\t') => strict_yaml(&source.replace('\t', "    "), first_line),
        read => read,
    }
}

fn strict_yaml(source: &str, first_line: usize) -> Result<Node, SourceError> {
    /// A list or table that has not ended. `key` is the one that waits for its value.
    struct Open {
        node: Node,
        key: Option<(String, usize)>,
        anchor: Option<usize>,
    }
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut anchors: HashMap<usize, Node> = HashMap::new();
    let mut may_copy = MOST_COPIED;
    let mut copy = |node: &Node, line: usize, depth: usize| {
        let (bytes, deepest) = node.size();
        if depth + deepest >= DEEPEST {
            return Err(error(line, "its values nest too deep"));
        }
        may_copy = may_copy.checked_sub(bytes).ok_or_else(|| {
            let most = MOST_COPIED >> 20;
            error(line, format!("references such as *name copy more than {most} MiB"))
        })?;
        Ok(node.clone())
    };
    for event in Parser::new_from_str(source) {
        let (event, span) = event.map_err(|problem| {
            let line = first_line + problem.marker().line().saturating_sub(1);
            let message = problem.to_string();
            // Only the first line says what is wrong.
            error(line, message.lines().next().unwrap_or("the YAML can't be read"))
        })?;
        let line = first_line + span.start.line().saturating_sub(1);
        let node = |value| Node { line, value };
        let mut anchor = event.anchor_id();
        let done = match event {
            Event::Scalar(text, style, _, tag) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let is_binary = tag.is_some_and(|tag| tag.suffix() == BINARY);
                node(match is_binary.then(|| decoded(&text)).flatten() {
                    Some(text) => Value::Text(text),
                    None if is_null => Value::Null,
                    None => Value::Text(text.into_owned()),
                })
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() == DEEPEST {
                    return Err(error(line, "its values nest too deep"));
                }
                let is_list = matches!(event, Event::SequenceStart(..));
                let value =
                    if is_list { Value::List(Vec::new()) } else { Value::Table(Vec::new()) };
                open.push(Open { node: node(value), key: None, anchor });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(done) => {
                    anchor = done.anchor;
                    merged(done.node)?
                }
                None => continue,
            },
            Event::Alias(name) => {
                let Some(known) = anchors.get(&name) else {
                    return Err(error(line, "a reference such as *name stands inside of &name"));
                };
                Node { line, ..copy(known, line, open.len())? }
            }
            _ => continue,
        };
        if let Some(anchor) = anchor {
            anchors.insert(anchor, copy(&done, done.line, 0)?);
        }
        match open.last_mut() {
            None => root = root.or(Some(done)),
            Some(Open { node: Node { value: Value::List(nodes), .. }, .. }) => nodes.push(done),
            Some(Open { node: Node { value: Value::Table(entries), .. }, key, .. }) => {
                match key.take() {
                    Some((key, line)) => {
                        // A list begins on its own line, but its key is what one looks for.
                        let line = if done.line > line { line } else { done.line };
                        entries.push((key, Node { line, ..done }));
                    }
                    None => *key = Some((done.as_text().unwrap_or_default().to_owned(), done.line)),
                }
            }
            Some(_) => {}
        }
    }
    Ok(root.unwrap_or(Node { line: first_line, value: Value::Null }))
}

/// The text that a value in base64 stands for; `None` if it stands for no text.
fn decoded(value: &str) -> Option<String> {
    let packed: String = value.split_ascii_whitespace().collect();
    String::from_utf8(BASE64_STANDARD.decode(packed).ok()?).ok()
}

/// A table with the entries that its key `<<` names, before its own, which win. Of several tables
/// in a list, the first one wins.
fn merged(node: Node) -> Result<Node, SourceError> {
    let entries = match node.value {
        Value::Table(entries) if entries.iter().any(|(key, _)| key == MERGE) => entries,
        value => return Ok(Node { value, ..node }),
    };
    let (merges, own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key == MERGE);
    let mut all = Vec::new();
    for (_, Node { line, value }) in merges {
        let tables = match value {
            Value::List(tables) => tables,
            value => vec![Node { line, value }],
        };
        for table in tables.into_iter().rev() {
            match table.value {
                Value::Table(entries) => all.extend(entries),
                Value::Null => {}
                _ => return Err(error(line, "<< takes over tables only, such as *name")),
            }
        }
    }
    all.extend(own);
    Ok(Node { line: node.line, value: Value::Table(all) })
}

/// Reads TOML. `first_line` is the line of the file at which `source` begins.
pub(crate) fn toml(source: &str, first_line: usize) -> Result<Node, SourceError> {
    let starts: Vec<usize> = source.match_indices('\n').map(|(at, _)| at + 1).collect();
    let line = |at: usize| first_line + starts.partition_point(|start| *start <= at);
    let table = DeTable::parse(source).map_err(|problem| {
        error(problem.span().map_or(first_line, |span| line(span.start)), problem.message())
    })?;
    of_table(table.get_ref(), first_line, &line, 0)
}

fn of_table(
    table: &DeTable<'_>,
    at: usize,
    line: &impl Fn(usize) -> usize,
    depth: usize,
) -> Result<Node, SourceError> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let place = line(key.span().start);
        entries.push((key.get_ref().to_string(), of_value(value, place, line, depth + 1)?));
    }
    // The parser sorts keys; the lines bring them back into their order.
    entries.sort_by_key(|(_, node)| node.line);
    Ok(Node { line: at, value: Value::Table(entries) })
}

fn of_value(
    value: &Spanned<DeValue<'_>>,
    place: usize,
    line: &impl Fn(usize) -> usize,
    depth: usize,
) -> Result<Node, SourceError> {
    if depth > DEEPEST {
        return Err(error(place, "its values nest too deep"));
    }
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Text(number.to_string()),
        DeValue::Float(number) => Value::Text(number.to_string()),
        DeValue::Boolean(truth) => Value::Text(truth.to_string()),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(values) => {
            let of = |value| of_value(value, place, line, depth + 1);
            Value::List(values.iter().map(of).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => return of_table(table, place, line, depth),
    };
    Ok(Node { line: place, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
        node.get(key)?.as_text()
    }

    #[test]
    fn a_reference_has_the_value_of_its_anchor() {
        let source = "author: &me Jo\neditor: *me\ntags: &tags [sea, land]\nkeywords: *tags\n\
                      deep: &deep {a: {b: c}}\nsame: *deep\nme: &me Ann\nlast: *me\n";
        let node = yaml(source, 1).unwrap();
        assert_eq!((text(&node, "editor"), text(&node, "last")), (Some("Jo"), Some("Ann")));
        assert_eq!(node.get("keywords").unwrap().texts(), ["sea", "land"]);
        assert_eq!(node.get("keywords").unwrap().line, 4, "the line is that of the reference");
        let inner = node.get("same").and_then(|same| same.get("a")).unwrap();
        assert_eq!(text(inner, "b"), Some("c"));
    }

    #[test]
    fn a_text_in_base64_is_decoded_and_other_bytes_stay_as_they_are() {
        let source = "title: !binary |-\n  5L2g\n  5aW9\ntags:\n- !!binary |\n  5rW3\n- sea\n\
                      picture: !!binary /9j/4A==\nwrong: !binary \"5L2\"\nplain: 5L2g5aW9\n\
                      empty: !binary \"\"\n";
        let node = yaml(source, 1).unwrap();
        assert_eq!(text(&node, "title"), Some("你好"));
        assert_eq!(node.get("tags").unwrap().texts(), ["海", "sea"]);
        let others = ["picture", "wrong", "plain", "empty"].map(|key| text(&node, key));
        assert_eq!(others, [Some("/9j/4A=="), Some("5L2"), Some("5L2g5aW9"), Some("")]);
    }

    #[test]
    fn a_merge_key_takes_entries_over_and_the_tables_own_win() {
        let source = "one: &one {title: One, lang: de}\ntwo: &two {title: Two, series: Sea}\n\
                      both:\n  <<: [*one, *two]\n  lang: en\nlater: {Lang: fr, <<: *one}\n\
                      none: {<<: }\n<<: *two\n";
        let node = yaml(source, 1).unwrap();
        let both = node.get("both").unwrap();
        let values = ["title", "lang", "series"].map(|key| text(both, key));
        assert_eq!(values, [Some("One"), Some("en"), Some("Sea")]);
        assert_eq!(text(node.get("later").unwrap(), "lang"), Some("fr"));
        assert_eq!(text(&node, "title"), Some("Two"), "the whole front matter, too");
        let refused = yaml("a: &a text\nb:\n  <<: *a\n", 5).unwrap_err();
        assert!(refused.line == 7 && refused.reason.contains("<<"), "{refused}");
    }

    #[test]
    fn references_that_would_copy_too_much_or_themselves_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let inner = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
        }
        let refused = yaml(&bomb, 1).unwrap_err();
        assert!(refused.reason.contains("more than 1 MiB"), "{refused}");
        let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(20));
        assert!(yaml(&long, 1).unwrap_err().reason.contains("more than 1 MiB"));
        let refused = yaml("title: x\na: &a [*a]\n", 1).unwrap_err();
        assert!(refused.line == 2 && refused.reason.contains("inside"), "{refused}");
        assert!(yaml("a: *unknown\n", 1).is_err());
        let mut deep = String::from("a0: &a0 [x]\n");
        for level in 1..40 {
            deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(yaml(&deep, 1).unwrap_err().reason.contains("too deep"));
        let fine: String = (0..2_000).map(|number| format!("b{number}: *a\n")).collect();
        assert!(yaml(&format!("a: &a Jo\n{fine}"), 1).is_ok());
    }
}
