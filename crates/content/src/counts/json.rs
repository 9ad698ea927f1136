//! JSON: a document, or one on each line.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{Fault, Format, MOST_ADDRESSES, Row, Tally, fault, value};

/// The largest document that is read, in bytes. In memory it is several times as large.
const LARGEST_DOCUMENT: usize = 64 << 20;

/// Where an address may stand.
const ADDRESSES: [&str; 8] =
    ["url", "path", "address", "page", "page_key", "permalink", "link", "pathname"];

/// Where a number of views may stand.
const VIEWS: [&str; 8] = ["time", "page_pv", "pv", "views", "pageviews", "count", "hits", "total"];

/// Where an array of counters may stand in a document.
const LISTS: [&str; 6] = ["Counter", "counter", "results", "hits", "data", "counts"];

/// Reads JSON.
pub(super) fn read(tally: &mut Tally, text: &str) -> Result<(), Fault> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let first = lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    // A document on one line is read as a document.
    let has_more = lines.any(|(_, line)| !line.is_empty());
    let is_stream = text.trim_start().starts_with('#')
        || has_more
            && first
                .is_some_and(|(_, line)| serde_json::from_str::<Map<String, Value>>(line).is_ok());
    if is_stream { read_lines(tally, text) } else { read_document(tally, text) }
}

fn read_lines(tally: &mut Tally, text: &str) -> Result<(), Fault> {
    let is_marked = text.trim_start().starts_with('#');
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Ok(Value::Object(entry)) = serde_json::from_str(line) else {
            tally.fault(number, "this is not a JSON object");
            continue;
        };
        if entry.contains_key("path_id") || is_path(&entry) {
            tally.is(tally.options.format.unwrap_or(Format::GoatCounter), number)?;
            statistics(tally, number, &entry)?;
            continue;
        }
        let format = if is_marked { Format::LeanCloud } else { format_of(&entry) };
        tally.is(tally.options.format.unwrap_or(format), number)?;
        count(tally, number, None, &entry)?;
    }
    Ok(())
}

fn read_document(tally: &mut Tally, text: &str) -> Result<(), Fault> {
    if text.len() > LARGEST_DOCUMENT {
        let megabytes = LARGEST_DOCUMENT >> 20;
        return Err(fault(
            1,
            format!("a JSON file may have {megabytes} MB, unless each line is a document"),
        ));
    }
    let document: Value = serde_json::from_str(text).map_err(|error| {
        fault(error.line(), format!("this is not JSON ({error}); export the file again"))
    })?;
    tally.has_entries = true;
    let is_waline = document.get("type").and_then(Value::as_str) == Some("waline")
        || document.pointer("/data/Counter").is_some();
    let is_goat = document.get("hits").is_some();
    let list = match &document {
        Value::Array(list) => Some(list),
        Value::Object(object) => list_in(object),
        _ => None,
    };
    if let Some(list) = list {
        let first = list.iter().find_map(Value::as_object);
        let format = match first {
            _ if is_waline => Format::Waline,
            _ if is_goat => Format::GoatCounter,
            Some(first) => format_of(first),
            None => Format::Plain,
        };
        tally.is(tally.options.format.unwrap_or(format), 1)?;
        for (index, entry) in list.iter().enumerate() {
            match entry.as_object() {
                Some(entry) => count(tally, index + 1, None, entry)?,
                None => tally.fault(index + 1, "this entry is not a JSON object"),
            }
        }
        return Ok(());
    }
    let Value::Object(by_address) = &document else {
        return Err(fault(1, "there is no list of counters in this JSON file"));
    };
    tally.is(tally.options.format.unwrap_or(Format::Busuanzi), 1)?;
    for (index, (address, entry)) in by_address.iter().enumerate() {
        let line = index + 1;
        match (entry, views_of(entry)) {
            (_, Some(views)) => {
                let (slug, source, day) = (None, None, None);
                tally.count(Row { line, address, slug, source, views, day })?;
            }
            (Value::Object(entry), None) => count(tally, line, Some(address), entry)?,
            _ => tally.fault(line, "this entry is no number of views"),
        }
    }
    Ok(())
}

/// The list of counters in a document, which may be one level further down.
fn list_in(object: &Map<String, Value>) -> Option<&Vec<Value>> {
    let found = |object: &'_ Map<String, Value>| -> Option<usize> {
        LISTS.iter().position(|name| object.get(*name).is_some_and(Value::is_array))
    };
    if let Some(index) = found(object) {
        return object.get(LISTS[index])?.as_array();
    }
    let inner = object.get("data")?.as_object()?;
    inner.get(LISTS[found(inner)?])?.as_array()
}

/// Whether an object is a line of GoatCounter's `paths.jsonl`.
fn is_path(entry: &Map<String, Value>) -> bool {
    entry.get("id").is_some_and(Value::is_i64)
        && entry.get("path").is_some_and(Value::is_string)
        && VIEWS.iter().all(|name| !entry.contains_key(*name))
}

/// A line of GoatCounter's statistics.
fn statistics(tally: &mut Tally, line: usize, entry: &Map<String, Value>) -> Result<(), Fault> {
    let number = |name: &str| entry.get(name).and_then(Value::as_i64);
    if let (Some(id), Some(path)) = (number("id"), entry.get("path").and_then(Value::as_str)) {
        let is_event = entry.get("event").is_some_and(|event| {
            event.as_bool().unwrap_or(false) || event.as_i64().is_some_and(|event| event != 0)
        });
        tally.paths.insert(id, (!is_event).then(|| path.to_owned()));
    } else if let (Some(id), Some(views), Some(hour)) =
        (number("path_id"), number("count"), entry.get("hour").and_then(Value::as_str))
    {
        let Some(day) = value::day(hour) else {
            tally.fault(line, "the hour is none; it has to look like 2026-11-27T19:00:00Z");
            return Ok(());
        };
        if tally.options.until.is_some_and(|until| day > until) {
            tally.skip("rows of later days");
            return Ok(());
        }
        let (sum, until, _) = tally.by_path.entry(id).or_insert((0, None, line));
        *sum = sum.saturating_add(views.max(0));
        *until = (*until).max(Some(day));
    } else {
        // Browsers, places, sizes: the same views once more.
        tally.skip("other statistics");
    }
    match tally.paths.len().max(tally.by_path.len()) > MOST_ADDRESSES {
        true => Err(fault(line, format!("there are more than {MOST_ADDRESSES} addresses"))),
        false => Ok(()),
    }
}

fn format_of(entry: &Map<String, Value>) -> Format {
    let has = |names: &[&str]| names.iter().any(|name| entry.contains_key(*name));
    match () {
        () if has(&["page_pv"]) => Format::Busuanzi,
        () if has(&["ACL", "__type", "xid"]) => Format::LeanCloud,
        () if has(&["time"]) && has(&["objectId", "createdAt", "updatedAt"]) => Format::Waline,
        () => Format::Plain,
    }
}

/// Counts an entry. `address`: where it stands, if it is not in the entry.
fn count(
    tally: &mut Tally,
    line: usize,
    address: Option<&str>,
    entry: &Map<String, Value>,
) -> Result<(), Fault> {
    let found = ADDRESSES.iter().find_map(|name| entry.get(*name).and_then(Value::as_str));
    let Some(address) = found.or(address) else {
        tally.skip("rows without an address");
        return Ok(());
    };
    let Some(views) = VIEWS.iter().find_map(|name| entry.get(*name)).and_then(views_of) else {
        tally.fault(line, "the entry has no number of views");
        return Ok(());
    };
    // The views are those of all days until then.
    tally.declare(["updatedAt", "updated"].iter().find_map(|name| day_of(entry.get(*name)?)));
    let day = ["day", "date"].iter().find_map(|name| day_of(entry.get(*name)?));
    tally.count(Row { line, address, slug: None, source: None, views, day })
}

fn views_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| value::count(&number.as_f64()?.to_string()))
        }
        Value::String(text) => value::count(text),
        _ => None,
    }
}

/// A day as text, or as LeanCloud writes it.
fn day_of(value: &Value) -> Option<Date> {
    value::day(value.as_str().or_else(|| value.get("iso")?.as_str())?)
}
