//! WordPress' export (WXR): the views that plugins and themes keep in an article's fields.

use jiff::civil::Date;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::{Fault, Format, LONGEST_ADDRESS, Row, Tally, fault, value};

/// An article of the export.
#[derive(Debug, Default)]
struct Item {
    link: String,
    slug: String,
    /// The greatest of its counts: some themes keep those of today and of the week too.
    views: Option<i64>,
    /// The field that is being read.
    key: String,
    value: String,
    line: usize,
}

/// Whether a field has views: `views` (WP-PostViews), `post_views_count` (most themes, with their
/// name in front) and the like.
fn has_views(key: &str) -> bool {
    let key = key.trim().trim_start_matches('_').to_lowercase();
    let names = ["views", "post_views", "view_count", "views_count", "page_views", "post_view"];
    names.contains(&key.as_str()) || key.ends_with("post_views_count") || key == "count-views_all"
}

/// Reads an export.
pub(super) fn read(tally: &mut Tally, text: &str) -> Result<(), Fault> {
    // Its namespace says so, and stands in the first element.
    let start: String = text.chars().take(8_192).collect();
    if !start.contains("wordpress.org/export") {
        return Err(fault(1, "this is XML, but not an export of WordPress"));
    }
    if let Some(format) = tally.options.format.filter(|format| *format != Format::WordPress) {
        return Err(fault(
            1,
            format!("this is an export of WordPress, not of {}", format.source()),
        ));
    }
    tally.is(Format::WordPress, 1)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    reader.config_mut().check_end_names = false;
    let (mut item, mut field): (Option<Item>, String) = (None, String::new());
    // Lines are counted as the text is read.
    let (mut line, mut seen) = (1, 0);
    loop {
        let event = reader.read_event();
        let position = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let read = text.as_bytes().get(seen..position).unwrap_or_default();
        line += read.iter().filter(|byte| **byte == b'\n').count();
        seen = position.max(seen);
        let event = event.map_err(|error| {
            fault(line, format!("this is not XML ({error}); export the file again"))
        })?;
        // Longer texts are none of these fields.
        let mut push = |text: &str| {
            if field.len() + text.len() <= LONGEST_ADDRESS + 1 {
                field.push_str(text);
            }
        };
        match event {
            Event::Eof => return Ok(()),
            Event::Start(start) => {
                field.clear();
                if start.name().as_ref() == b"item" {
                    item = Some(Item { line, ..Item::default() });
                }
            }
            Event::Text(text) => push(&text.decode().unwrap_or_default()),
            Event::CData(text) => push(&text.decode().unwrap_or_default()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => push(character.encode_utf8(&mut [0; 4])),
                _ => push(
                    resolve_xml_entity(&reference.decode().unwrap_or_default()).unwrap_or_default(),
                ),
            },
            Event::End(end) => {
                let text = std::mem::take(&mut field);
                close(tally, &mut item, end.name().as_ref(), text.trim())?;
            }
            _ => {}
        }
    }
}

/// An element ends.
fn close(tally: &mut Tally, item: &mut Option<Item>, name: &[u8], text: &str) -> Result<(), Fault> {
    let Some(open) = item else {
        if name == b"pubDate" {
            tally.declare(published(text));
        }
        return Ok(());
    };
    match name {
        b"link" => open.link = text.to_owned(),
        b"wp:post_name" => open.slug = text.to_owned(),
        b"wp:meta_key" => open.key = text.to_owned(),
        b"wp:meta_value" => open.value = text.to_owned(),
        b"wp:postmeta" => {
            let (key, text) = (std::mem::take(&mut open.key), std::mem::take(&mut open.value));
            if has_views(&key) {
                open.views = open.views.max(value::count(&text));
            }
        }
        b"item" => {
            let Item { link, slug, views, line, .. } = std::mem::take(open);
            *item = None;
            if let Some(views) = views {
                let slug = Some(slug.as_str()).filter(|slug| !slug.is_empty());
                let (source, day) = (None, None);
                tally.count(Row { line, address: &link, slug, source, views, day })?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// When the export was made.
fn published(text: &str) -> Option<Date> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.date())
}
