//! The three formats of front matter, read into one tree. Scalars keep the text as it was written
//! and every value its line: front matter is typed by hand, and `version: 1.10` is no number.

use granit_parser::{Event, Parser, ScalarStyle};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::SourceError;
use super::parse::error;

/// How deep values may nest.
const DEEPEST: usize = 32;

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

    /// The keys of a table.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let entries = match &self.value {
            Value::Table(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, _)| key.as_str())
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
    }
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(source) {
        let (event, span) = event.map_err(|problem| {
            let line = first_line + problem.marker().line().saturating_sub(1);
            let message = problem.to_string();
            // Only the first line says what is wrong.
            error(line, message.lines().next().unwrap_or("the YAML can't be read"))
        })?;
        let line = first_line + span.start.line().saturating_sub(1);
        let node = |value| Node { line, value };
        let done = match event {
            Event::Scalar(text, style, ..) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                node(if is_null { Value::Null } else { Value::Text(text.into_owned()) })
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() == DEEPEST {
                    return Err(error(line, "its values nest too deep"));
                }
                let is_list = matches!(event, Event::SequenceStart(..));
                let value =
                    if is_list { Value::List(Vec::new()) } else { Value::Table(Vec::new()) };
                open.push(Open { node: node(value), key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(done) => done.node,
                None => continue,
            },
            Event::Alias(_) => return Err(error(line, "references such as *name are not read")),
            _ => continue,
        };
        match open.last_mut() {
            None => root = root.or(Some(done)),
            Some(Open { node: Node { value: Value::List(nodes), .. }, .. }) => nodes.push(done),
            Some(Open { node: Node { value: Value::Table(entries), .. }, key }) => {
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
    for (key, value) in table.iter() {
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
