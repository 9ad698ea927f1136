//! View counts from elsewhere: what other counters export, and how many views each address had.
//!
//! A format is recognised by its content: the names of its columns, the shape of its JSON. Nothing
//! here knows which article an address belongs to. Views of the same address are summed, over all
//! files of one [`Tally`].

mod json;
mod table;
mod value;
mod wxr;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::civil::Date;

use crate::front_matter::{encode_path, normalize_path};

/// The largest file that is read, in bytes, after it is unpacked.
pub const LARGEST_FILE: usize = 256 << 20;

/// The most different addresses in all files together.
pub const MOST_ADDRESSES: usize = 1_000_000;

/// The longest address that is read, in bytes. Browsers and servers take no longer ones.
pub const LONGEST_ADDRESS: usize = 8_192;

/// The longest name of a source, in characters.
pub const LONGEST_SOURCE: usize = 64;

/// The most views of an address. A browser's numbers are exact that far, sums included.
pub const MOST_VIEWS: i64 = 1_000_000_000_000;

/// How many rows that can't be read are named.
const MOST_FAULTS: usize = 100;

/// A format that counts come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Lines of `address,count` or `address,count,day`.
    Plain,
    /// The `counts.csv` of `tidemark export`.
    Tidemark,
    /// WordPress' export (WXR), with the fields in which plugins and themes keep views.
    WordPress,
    /// GoatCounter's CSV of page views, or the statistics of its JSON export.
    GoatCounter,
    /// `imported_pages_….csv` of Plausible's export.
    Plausible,
    /// Matomo's report of page URLs, as CSV.
    Matomo,
    /// The report of pages of Google Analytics, as CSV.
    GoogleAnalytics,
    /// Waline's export, or its table of counters as CSV.
    Waline,
    /// The class `Counter` of LeanCloud, which Valine and themes of Hexo count with.
    LeanCloud,
    /// What scripts keep of busuanzi, which has no export: addresses with their `page_pv`.
    Busuanzi,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 10] = [
        Format::Plain,
        Format::Tidemark,
        Format::WordPress,
        Format::GoatCounter,
        Format::Plausible,
        Format::Matomo,
        Format::GoogleAnalytics,
        Format::Waline,
        Format::LeanCloud,
        Format::Busuanzi,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Plain => "plain",
            Format::Tidemark => "tidemark",
            Format::WordPress => "wordpress",
            Format::GoatCounter => "goatcounter",
            Format::Plausible => "plausible",
            Format::Matomo => "matomo",
            Format::GoogleAnalytics => "google-analytics",
            Format::Waline => "waline",
            Format::LeanCloud => "leancloud",
            Format::Busuanzi => "busuanzi",
        }
    }

    /// The name that readers see: "12,345 from WordPress".
    pub fn source(self) -> &'static str {
        match self {
            Format::Plain => "elsewhere",
            Format::Tidemark => "Tidemark",
            Format::WordPress => "WordPress",
            Format::GoatCounter => "GoatCounter",
            Format::Plausible => "Plausible",
            Format::Matomo => "Matomo",
            Format::GoogleAnalytics => "Google Analytics",
            Format::Waline => "Waline",
            Format::LeanCloud => "LeanCloud",
            Format::Busuanzi => "busuanzi",
        }
    }
}

/// What can't be read, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// Whether `line` counts the entries of a JSON document instead.
    pub is_entry: bool,
    /// What is wrong, and what to do about it.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if self.is_entry { "entry" } else { "line" };
        write!(formatter, "{unit} {}: {}", self.line, self.problem)
    }
}

fn fault(line: usize, problem: impl Into<String>) -> Fault {
    Fault { line, is_entry: false, problem: problem.into() }
}

/// What an operator says about the files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Their format. `None`: whichever it is.
    pub format: Option<Format>,
    /// The last day to count. Rows of later days are left out.
    pub until: Option<Date>,
}

/// The views of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The address, as [`normalize_path`] makes it: a path, decoded. The slug if there is no path.
    pub address: String,
    /// The slug, if the file says one.
    pub slug: Option<String>,
    /// Where the views were counted, if the file says it.
    pub source: Option<String>,
    /// How many views.
    pub views: i64,
    /// The last day that has any, if the file says days.
    pub until: Option<Date>,
    /// The line that names it first.
    pub line: usize,
}

/// What the files say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Their format.
    pub format: Format,
    /// The views by address, in the order of addresses.
    pub entries: Vec<Entry>,
    /// The last day that the files speak of.
    pub until: Option<Date>,
    /// Rows that are no views of pages, by what they are.
    pub skipped: BTreeMap<&'static str, u64>,
}

/// A row of a file.
#[derive(Clone, Copy, Debug)]
struct Row<'a> {
    line: usize,
    address: &'a str,
    slug: Option<&'a str>,
    source: Option<&'a str>,
    views: i64,
    /// The day of the views. `None`: they are those of all days.
    day: Option<Date>,
}

/// Sums the counts of files.
#[derive(Debug, Default)]
pub struct Tally {
    options: Options,
    format: Option<Format>,
    entries: HashMap<(String, Option<String>), Entry>,
    /// The last day that a file names without saying which views are of that day.
    declared: Option<Date>,
    skipped: BTreeMap<&'static str, u64>,
    /// Of the current file.
    faults: Vec<Fault>,
    /// Whether the current file is a JSON document, whose entries are counted instead of lines.
    has_entries: bool,
    /// GoatCounter's statistics: the paths, and the views by the number of their path.
    paths: HashMap<i64, Option<String>>,
    by_path: HashMap<i64, (i64, Option<Date>, usize)>,
}

impl Tally {
    /// Nothing yet.
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    /// Adds a file. Returns the rows that can't be read, at most the first hundred. The others are
    /// counted.
    ///
    /// # Errors
    /// Why the file can't be read at all. Then the tally is no good any more.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Vec<Fault>, Fault> {
        self.has_entries = false;
        let text = value::text(bytes)?;
        let start = text.trim_start();
        // LeanCloud's files begin with a line that says so.
        let is_stream = start.starts_with("#filetype:JSON-streaming");
        if start.starts_with('<') {
            wxr::read(self, &text)?;
        } else if is_stream || start.starts_with(['{', '[']) {
            json::read(self, &text)?;
        } else {
            table::read(self, &text)?;
        }
        Ok(std::mem::take(&mut self.faults))
    }

    /// The sums.
    ///
    /// # Errors
    /// That there are no counts.
    pub fn finish(mut self) -> Result<Counts, Fault> {
        if self.paths.is_empty() && !self.by_path.is_empty() {
            return Err(fault(
                1,
                "GoatCounter's hit_stats.jsonl names no paths; give paths.jsonl of the same export too",
            ));
        }
        for (path, (views, until, line)) in std::mem::take(&mut self.by_path) {
            match self.paths.get(&path).cloned() {
                Some(Some(address)) => {
                    let (slug, source) = (None, None);
                    let row = Row { line, address: &address, slug, source, views, day: until };
                    self.count(row)?;
                }
                Some(None) => self.skip("events"),
                None => self.skip("paths without a name"),
            }
        }
        let Some(format) = self.format.filter(|_| !self.entries.is_empty()) else {
            return Err(fault(1, "there are no counts of addresses in this file"));
        };
        let mut entries: Vec<Entry> = self.entries.into_values().collect();
        entries.sort_by(|one, other| {
            (&one.address, &one.source).cmp(&(&other.address, &other.source))
        });
        let counted = entries.iter().filter_map(|entry| entry.until).max();
        let until = self.options.until.or(counted.max(self.declared));
        Ok(Counts { format, entries, until, skipped: self.skipped })
    }

    /// Sets the format of the current file.
    fn is(&mut self, format: Format, line: usize) -> Result<(), Fault> {
        let before = *self.format.get_or_insert(format);
        if before == format {
            return Ok(());
        }
        let (one, other) = (before.source(), format.source());
        Err(fault(
            line,
            format!(
                "this comes from {other} and the file before from {one}; import one after the other"
            ),
        ))
    }

    /// Counts a row.
    fn count(&mut self, row: Row<'_>) -> Result<(), Fault> {
        let Row { line, address, slug, source, views, day } = row;
        let address = address.trim();
        if address.is_empty() && slug.is_none() {
            self.skip("rows without an address");
            return Ok(());
        }
        if address.len() > LONGEST_ADDRESS || slug.is_some_and(|slug| slug.len() > LONGEST_ADDRESS)
        {
            self.fault(line, format!("the address is longer than {LONGEST_ADDRESS} bytes"));
            return Ok(());
        }
        if !(0..=MOST_VIEWS).contains(&views) {
            self.fault(line, format!("{views} is no number of views"));
            return Ok(());
        }
        if source.is_some_and(|source| source.chars().count() > LONGEST_SOURCE) {
            self.fault(line, format!("the source is longer than {LONGEST_SOURCE} characters"));
            return Ok(());
        }
        if let (Some(day), Some(until)) = (day, self.options.until)
            && day > until
        {
            self.skip("rows of later days");
            return Ok(());
        }
        // A word without a slash is a slug.
        let slug = slug.or((!address.contains('/')).then_some(address)).map(str::to_owned);
        let path = match (normalize_path(address), &slug) {
            // WordPress' addresses of pages without permalinks differ only in their query, which is
            // dropped. Their views must not be summed.
            (path, Some(slug)) if path == "/" => normalize_path(&format!("/{slug}")),
            (path, _) => path,
        };
        let key = (path, source.map(str::to_owned));
        let is_full = self.entries.len() >= MOST_ADDRESSES;
        match self.entries.get_mut(&key) {
            Some(entry) => {
                entry.views = entry.views.saturating_add(views).min(MOST_VIEWS);
                entry.until = entry.until.max(day);
                entry.slug = entry.slug.take().or(slug);
            }
            None if is_full => {
                return Err(fault(line, format!("there are more than {MOST_ADDRESSES} addresses")));
            }
            None => {
                let (address, source) = key.clone();
                let entry = Entry { address, slug, source, views, until: day, line };
                self.entries.insert(key, entry);
            }
        }
        Ok(())
    }

    /// Notes a row that can't be read.
    fn fault(&mut self, line: usize, problem: impl Into<String>) {
        if self.faults.len() < MOST_FAULTS {
            let is_entry = self.has_entries;
            self.faults.push(Fault { is_entry, ..fault(line, problem) });
        }
    }

    /// Notes a row that is no view of a page.
    fn skip(&mut self, what: &'static str) {
        *self.skipped.entry(what).or_default() += 1;
    }

    /// Notes a day on which the file was made, or that it speaks of.
    fn declare(&mut self, day: Option<Date>) {
        self.declared = self.declared.max(day);
    }
}

/// A line of `counts.csv`: what an export says of an article and a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The article's address.
    pub address: String,
    /// How many views.
    pub views: i64,
    /// Where they were counted; `None`: here.
    pub source: Option<String>,
    /// The last day that they cover.
    pub until: Option<Date>,
}

/// Writes `counts.csv`, which [`Tally`] reads as [`Format::Tidemark`].
pub fn write(lines: &[Line]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["address", "views", "source", "until"].map(str::to_owned);
    let rows = lines.iter().map(|Line { address, views, source, until }| {
        let until = until.map(|day| day.to_string()).unwrap_or_default();
        [encode_path(address), views.to_string(), source.clone().unwrap_or_default(), until]
    });
    for record in std::iter::once(header).chain(rows) {
        // Writing to memory can't fail.
        let _ = writer.write_record(&record);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The header of `likes.csv`.
const LIKES: [&str; 2] = ["address", "likes"];

/// Writes `likes.csv`: the addresses of articles and how many readers like them.
pub fn write_likes(likes: &[(String, i64)]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = likes.iter().map(|(address, likes)| [encode_path(address), likes.to_string()]);
    for record in std::iter::once(LIKES.map(str::to_owned)).chain(rows) {
        // Writing to memory can't fail.
        let _ = writer.write_record(&record);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// How many likes `likes.csv` has in all. `None` if it is another file.
pub fn read_likes(text: &str) -> Option<i64> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    if reader.headers().ok()? != LIKES[..] {
        return None;
    }
    let mut sum = 0_i64;
    for record in reader.records() {
        sum = sum.checked_add(record.ok()?.get(1)?.parse().ok()?)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests;
