//! Tables with a header: CSV with commas, semicolons or tabs.

use csv::{ReaderBuilder, StringRecord, StringRecordsIter};

use super::{Fault, Format, Row, Tally, fault, value};

/// How many records may stand above the header. Google Analytics has a few lines there.
const MOST_ABOVE_HEADER: usize = 100;

/// What separates fields.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Where the fields are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Columns {
    format: Format,
    address: usize,
    /// `None`: each row is a view.
    views: Option<usize>,
    day: Option<usize>,
    source: Option<usize>,
    /// GoatCounter: whether the row is an event, which kind of crawler sent it, and whether it is
    /// the first visit of the session to this path. Only first visits are in its own counts.
    event: Option<usize>,
    bot: Option<usize>,
    first_visit: Option<usize>,
    /// Whether addresses have a host but no scheme.
    begins_with_host: bool,
}

/// A header's names, in lower case.
struct Header(Vec<String>);

impl Header {
    fn of(record: &StringRecord) -> Self {
        Self(record.iter().map(|field| field.trim().to_lowercase()).collect())
    }

    /// The column with one of these names, the first name that is there.
    fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.0.iter().position(|one| one == name))
    }
}

impl Columns {
    fn new(format: Format, address: usize, views: Option<usize>) -> Self {
        let (day, source, event, bot, first_visit) = (None, None, None, None, None);
        let begins_with_host = false;
        Self { format, address, views, day, source, event, bot, first_visit, begins_with_host }
    }

    /// The columns of a header; `None` if the record is no header of a format that is known.
    fn of(record: &StringRecord, wanted: Option<Format>) -> Option<Self> {
        let header = Header::of(record);
        let may_be = |format: &Format| wanted.is_none_or(|wanted| wanted == *format);
        // From the most particular to the least.
        let formats = [
            Format::GoatCounter,
            Format::Tidemark,
            Format::Plausible,
            Format::Matomo,
            Format::GoogleAnalytics,
            Format::LeanCloud,
            Format::Waline,
            Format::Busuanzi,
            Format::Plain,
        ];
        formats.into_iter().filter(may_be).find_map(|format| Self::of_format(&header, format))
    }

    fn of_format(header: &Header, format: Format) -> Option<Self> {
        let find = |names: &[&str]| header.find(names);
        let pages: &[&str] =
            &["address", "url", "path", "page", "slug", "permalink", "link", "pathname"];
        let columns = |address: &[&str], views: &[&str]| {
            Some(Self::new(format, find(address)?, Some(find(views)?)))
        };
        match format {
            Format::GoatCounter => {
                // The number of the export's version stands before the first name.
                let first = header.0.first()?;
                let version = first.strip_suffix("path").filter(|version| !version.is_empty())?;
                version.parse::<u32>().ok()?;
                let columns = Self::new(format, 0, None);
                let (event, bot) = (find(&["event"]), find(&["bot"]));
                let (first_visit, day) = (find(&["firstvisit", "first visit"]), find(&["date"]));
                Some(Self { event, bot, first_visit, day, ..columns })
            }
            Format::Tidemark => {
                let columns = columns(&["address"], &["views"])?;
                let (source, day) = (Some(find(&["source"])?), Some(find(&["until"])?));
                Some(Self { source, day, ..columns })
            }
            Format::Plausible => {
                find(&["visitors", "visits"])?;
                let day = Some(find(&["date"])?);
                Some(Self { day, ..columns(&["page"], &["pageviews"])? })
            }
            Format::Matomo => {
                find(&["label", "page url", "metadata_url", "metadata: url"])?;
                let address = ["metadata_url", "metadata: url", "url", "page url", "label"];
                let day = find(&["date"]);
                Some(Self { day, ..columns(&address, &["nb_hits", "pageviews"])? })
            }
            Format::GoogleAnalytics => {
                let day = find(&["date"]);
                let views = ["views", "pageviews", "screenpageviews"];
                let own = [
                    "page path and screen class",
                    "page path + query string and screen class",
                    "page path + query string",
                    "page path",
                    "page location",
                    "pagepath",
                    "pagelocation",
                ];
                let with_host = ["full page url", "fullpageurl"];
                let begins_with_host = find(&own).is_none() && find(&with_host).is_some();
                let found = columns(&own, &views).or(columns(&with_host, &views));
                // Universal Analytics.
                let found = found.or(columns(&["page"], &["pageviews"]))?;
                Some(Self { day, begins_with_host, ..found })
            }
            Format::LeanCloud | Format::Waline => {
                let is_lean = find(&["acl", "xid"]).is_some();
                let is_any = is_lean || find(&["createdat", "updatedat"]).is_some();
                let is_this = is_any && is_lean == (format == Format::LeanCloud);
                columns(&["url"], &["time"]).filter(|_| is_this)
            }
            Format::Busuanzi => columns(pages, &["page_pv", "busuanzi_value_page_pv", "pv"]),
            Format::Plain => {
                let views = ["count", "views", "pageviews", "visits", "hits", "time", "total"];
                let day = find(&["day", "date", "until"]);
                Some(Self { day, ..columns(pages, &views)? })
            }
            Format::WordPress => None,
        }
    }

    /// The columns of a file without a header, if this is its first row.
    fn without_header(record: &StringRecord) -> Option<Self> {
        value::count(record.get(1)?)?;
        let day = record.get(2).and_then(value::day).map(|_| 2);
        Some(Self { day, ..Self::new(Format::Plain, 0, Some(1)) })
    }
}

/// The line that a record begins in. Its own position is that of the blank lines and comments above
/// it.
fn line_of(record: &StringRecord, text: &str) -> usize {
    let Some(position) = record.position() else { return 1 };
    let mut line = usize::try_from(position.line()).unwrap_or(usize::MAX);
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let mut rest = text.as_bytes().get(start..).unwrap_or_default();
    loop {
        match rest {
            [b'\n', after @ ..] => (line, rest) = (line.saturating_add(1), after),
            [b'\r', after @ ..] => rest = after,
            [b'#', ..] => match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => rest = &rest[end..],
                None => return line,
            },
            _ => return line,
        }
    }
}

fn malformed(error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    fault(usize::try_from(line).unwrap_or(usize::MAX), "this is not a line of a table")
}

/// Reads a table.
pub(super) fn read(tally: &mut Tally, text: &str) -> Result<(), Fault> {
    let wanted = tally.options.format;
    let reader = |delimiter: u8| {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter).comment(Some(b'#'));
        builder.from_reader(text.as_bytes())
    };
    for delimiter in DELIMITERS {
        let mut reader = reader(delimiter);
        let mut records = reader.records();
        for record in records.by_ref().take(MOST_ABOVE_HEADER) {
            let record = record.map_err(|error| malformed(&error))?;
            if let Some(columns) = Columns::of(&record, wanted) {
                if columns.format == Format::GoogleAnalytics {
                    tally.declare(end_date(text));
                }
                let line = line_of(&record, text);
                return rows(tally, columns, line, text, records);
            }
        }
    }
    if wanted.is_none_or(|wanted| wanted == Format::Plain) {
        for delimiter in DELIMITERS {
            let mut reader = reader(delimiter);
            let mut records = reader.records();
            let Some(Ok(first)) = records.next() else { continue };
            if let Some(columns) = Columns::without_header(&first) {
                tally.is(columns.format, 1)?;
                row(tally, columns, &first, text)?;
                return rows(tally, columns, 1, text, records);
            }
        }
    }
    Err(fault(1, unknown(wanted)))
}

fn unknown(wanted: Option<Format>) -> String {
    match wanted {
        Some(format) => {
            format!("these are no counts from {}; try without --format", format.source())
        }
        None => "the format is not known; the first line has to name the columns, as in \
                 address,count or address,count,day"
            .into(),
    }
}

/// Counts all rows after the header or first row, which is in `line`.
fn rows(
    tally: &mut Tally,
    mut columns: Columns,
    line: usize,
    text: &str,
    records: StringRecordsIter<'_, &[u8]>,
) -> Result<(), Fault> {
    tally.is(columns.format, line)?;
    for record in records {
        let record = record.map_err(|error| malformed(&error))?;
        // Google Analytics puts several tables into one file, and joined files have a header each.
        if let Some(next) = Columns::of(&record, Some(columns.format)) {
            columns = next;
            continue;
        }
        row(tally, columns, &record, text)?;
    }
    Ok(())
}

fn row(
    tally: &mut Tally,
    columns: Columns,
    record: &StringRecord,
    file: &str,
) -> Result<(), Fault> {
    let line = line_of(record, file);
    let field = |column: Option<usize>| column.and_then(|column| record.get(column)).map(str::trim);
    let is = |column: Option<usize>, words: &[&str]| {
        field(column).is_some_and(|field| words.contains(&field.to_lowercase().as_str()))
    };
    if is(columns.event, &["true", "1"]) {
        tally.skip("events");
        return Ok(());
    }
    if field(columns.bot).is_some_and(|bot| !bot.is_empty() && bot != "0") {
        tally.skip("crawlers");
        return Ok(());
    }
    if is(columns.first_visit, &["false", "0"]) {
        tally.skip("repeated visits");
        return Ok(());
    }
    let address = field(Some(columns.address)).unwrap_or_default();
    if address.is_empty() {
        // A sum, or a folder of Matomo's.
        tally.skip("rows without an address");
        return Ok(());
    }
    let views = match columns.views {
        None => 1,
        Some(column) => {
            let text = field(Some(column)).unwrap_or_default();
            let Some(views) = value::count(text) else {
                let text: String = text.chars().take(40).collect();
                tally.fault(line, format!("{text:?} is no number of views"));
                return Ok(());
            };
            views
        }
    };
    let day = match field(columns.day).filter(|day| !day.is_empty()) {
        None => None,
        Some(text) => match value::day(text) {
            // Matomo writes months and years there too.
            None if columns.format == Format::Matomo => None,
            None => {
                let text: String = text.chars().take(40).collect();
                tally.fault(line, format!("{text:?} is no day; write it as 2026-11-27"));
                return Ok(());
            }
            day => day,
        },
    };
    let source = field(columns.source).filter(|source| !source.is_empty());
    let with_scheme;
    let address = match columns.begins_with_host {
        true => {
            with_scheme = format!("https://{address}");
            with_scheme.as_str()
        }
        false => address,
    };
    tally.count(Row { line, address, slug: None, source, views, day })
}

/// The last day of a report of Google Analytics, which a comment names.
fn end_date(text: &str) -> Option<jiff::civil::Date> {
    let comments = text.lines().take(MOST_ABOVE_HEADER).filter_map(|line| line.strip_prefix('#'));
    comments
        .filter_map(|comment| {
            let comment = comment.trim();
            let range = comment.strip_prefix("End date:").unwrap_or(comment).trim();
            value::day(range.rsplit('-').next().filter(|end| end.len() == 8).unwrap_or(range))
        })
        .max()
}
