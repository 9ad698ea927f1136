//! Dates as people write them in front matter.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// What a date without a zone means.
#[derive(Clone, Debug, PartialEq)]
pub struct Zones {
    /// The zone of a date that names none.
    pub zone: TimeZone,
    /// Jekyll: a date with a time to the second is a YAML timestamp, and without a zone it is UTC,
    /// whatever the site's zone.
    pub full_times_are_utc: bool,
}

impl Default for Zones {
    fn default() -> Self {
        Self { zone: TimeZone::UTC, full_times_are_utc: false }
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// The zones of RFC 822, in hours.
const NAMED_ZONES: [(&str, i8); 11] = [
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
];

/// Returns milliseconds since 1970. A date without a time means midnight.
pub(crate) fn parse_date(text: &str, zones: &Zones) -> Option<i64> {
    let (date, zone, has_seconds) = parts(text.trim())?;
    let zone = zone.unwrap_or_else(|| match has_seconds && zones.full_times_are_utc {
        true => TimeZone::UTC,
        false => zones.zone.clone(),
    });
    let timestamp: Timestamp = zone.to_timestamp(date).ok()?;
    // TOML, the format of `write`, allows only these years.
    (1..=9999)
        .contains(&TimeZone::UTC.to_datetime(timestamp).year())
        .then(|| timestamp.as_millisecond())
}

/// The date and time, the zone if there is one, and whether there are seconds.
fn parts(text: &str) -> Option<(DateTime, Option<TimeZone>, bool)> {
    let (year, month, day, rest) = numbers(text).or_else(|| words(text))?;
    let rest = rest.trim_start_matches(',').trim_start();
    let rest = rest.strip_prefix("at ").unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim();
    let (time, rest) = match rest.as_bytes().first() {
        Some(byte) if byte.is_ascii_digit() => clock(rest)?,
        _ => (Clock::default(), rest),
    };
    let date = DateTime::new(
        year,
        month,
        day,
        time.hour,
        time.minute,
        time.second.unwrap_or(0),
        time.nanosecond,
    );
    Some((date.ok()?, zone(rest.trim())?, time.second.is_some()))
}

/// `2026-1-31`, `2026/01/31`, `2026.1.31` or `20260131`, and the rest.
fn numbers(text: &str) -> Option<(i16, i8, i8, &str)> {
    let (year, rest) = number(text, 8)?;
    let length = text.len() - rest.len();
    let ends = |rest: &str| !rest.starts_with(|one: char| one.is_ascii_digit());
    if length == 8 {
        let part = |from: usize, to: usize| text.get(from..to);
        let date =
            (part(0, 4)?.parse().ok()?, part(4, 6)?.parse().ok()?, part(6, 8)?.parse().ok()?);
        return ends(rest).then_some((date.0, date.1, date.2, rest));
    }
    if length != 4 {
        return None;
    }
    let between = rest.chars().next().filter(|one| matches!(one, '-' | '/' | '.'))?;
    let (month, rest) = number(rest.strip_prefix(between)?, 2)?;
    let (day, rest) = number(rest.strip_prefix(between)?, 2)?;
    let date = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    ends(rest).then_some((date.0, date.1, date.2, rest))
}

/// `Jan 2, 2020`, `2 January 2020`, `Thu, 02 Jan 2020`, `Thu Jan 02 2020`, and the rest.
fn words(text: &str) -> Option<(i16, i8, i8, &str)> {
    let name = |text: &str, names: &[&str]| -> Option<(i8, usize)> {
        let letters = text.find(|one: char| !one.is_alphabetic()).unwrap_or(text.len());
        let word = text[..letters].to_lowercase();
        let found = names.iter().position(|name| word.get(..3) == Some(*name))?;
        Some((i8::try_from(found).ok()? + 1, letters))
    };
    let mut rest = text;
    if let Some((_, length)) = name(rest, &DAYS) {
        rest = after_separators(&rest[length..]);
    }
    let (month, day);
    if let Some((found, length)) = name(rest, &MONTHS) {
        let (found_day, after) = number(after_separators(&rest[length..]), 2)?;
        (month, day, rest) = (found, found_day, after);
    } else {
        let (found_day, after) = number(rest, 2)?;
        let after = after_separators(ordinal(after));
        let (found, length) = name(after, &MONTHS)?;
        (month, day, rest) = (found, found_day, &after[length..]);
    }
    rest = after_separators(ordinal(rest));
    let (year, after) = number(rest, 4)?;
    let is_whole = rest.len() - after.len() == 4;
    is_whole.then_some((i16::try_from(year).ok()?, month, i8::try_from(day).ok()?, after))
}

fn after_separators(text: &str) -> &str {
    text.trim_start_matches(['.', ',', ' ', '-'])
}

fn ordinal(text: &str) -> &str {
    ["st", "nd", "rd", "th"].iter().find_map(|ending| text.strip_prefix(ending)).unwrap_or(text)
}

/// A number of at most `most` digits at the start of `text`, and the rest.
fn number(text: &str, most: usize) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).take(most).count();
    Some((text[..digits].parse().ok()?, &text[digits..]))
}

#[derive(Default)]
struct Clock {
    hour: i8,
    minute: i8,
    second: Option<i8>,
    nanosecond: i32,
}

/// `13:46`, `1:46 pm`, `13:46:05.123`, and the rest.
fn clock(text: &str) -> Option<(Clock, &str)> {
    let small = |number: u32| i8::try_from(number).ok();
    let (hour, rest) = number(text, 2)?;
    let (minute, mut rest) = number(rest.strip_prefix(':')?, 2)?;
    let mut time = Clock { hour: small(hour)?, minute: small(minute)?, ..Clock::default() };
    if let Some(after) = rest.strip_prefix(':') {
        let (second, after) = number(after, 2)?;
        // A leap second is no second of its own here.
        time.second = Some(small(second.min(if second == 60 { 59 } else { second }))?);
        rest = after;
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            let digits: String =
                after[..length].chars().chain("000000000".chars()).take(9).collect();
            time.nanosecond = digits.parse().ok()?;
            rest = &after[length..];
        }
    }
    let half = rest.trim_start().get(..2).map(str::to_ascii_lowercase);
    if let Some(half @ ("am" | "pm")) = half.as_deref() {
        if !(1..=12).contains(&time.hour) {
            return None;
        }
        time.hour = time.hour % 12 + if half == "pm" { 12 } else { 0 };
        rest = rest.trim_start().get(2..)?;
    }
    Some((time, rest))
}

/// The zone that the rest of a date names: `Some(None)` if there is none, `None` if it is no zone.
fn zone(text: &str) -> Option<Option<TimeZone>> {
    // JavaScript: `GMT+0800 (China Standard Time)`; RFC 9557: `+01:00[Europe/Berlin]`.
    let text = text.split(['(', '[']).next().unwrap_or_default().trim();
    if text.is_empty() {
        return Some(None);
    }
    let lower = text.to_ascii_lowercase();
    let named = NAMED_ZONES.iter().find(|(name, _)| *name == lower);
    if let Some((_, hours)) = named {
        return Some(Some(TimeZone::fixed(Offset::from_hours(*hours).ok()?)));
    }
    let offset = lower.strip_prefix("utc").or(lower.strip_prefix("gmt")).unwrap_or(&lower).trim();
    if let Some(sign) = offset.chars().next().filter(|one| matches!(one, '+' | '-')) {
        let digits: String = offset[1..].chars().filter(|one| *one != ':').collect();
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes) = match digits.len() {
            1 | 2 => (digits.parse::<i32>().ok()?, 0),
            4 => (digits[..2].parse().ok()?, digits[2..].parse::<i32>().ok()?),
            _ => return None,
        };
        let seconds = (hours * 60 + minutes) * 60 * if sign == '-' { -1 } else { 1 };
        return Some(Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?)));
    }
    // `2026-01-31 12:00 Europe/Berlin`
    text.contains('/').then(|| TimeZone::get(text).ok()).flatten().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let milliseconds = parse_date(text, &Zones::default())?;
        Some(Timestamp::from_millisecond(milliseconds).unwrap().to_string())
    }

    #[test]
    fn every_form_of_a_date_is_read() {
        for (text, date) in [
            ("2014-10-01", "2014-10-01T00:00:00Z"),
            ("2014-10-1 12:00:00", "2014-10-01T12:00:00Z"),
            ("2014-10-01T12:00:00.250Z", "2014-10-01T12:00:00.25Z"),
            ("2014-10-01T12:00:00+02:00", "2014-10-01T10:00:00Z"),
            ("2014-10-01T12:00", "2014-10-01T12:00:00Z"),
            ("2016-02-29 13:46 +0400", "2016-02-29T09:46:00Z"),
            ("2014-10-01 12:00:00 UTC", "2014-10-01T12:00:00Z"),
            ("2014-10-01 12:00:00 -0500", "2014-10-01T17:00:00Z"),
            ("2013/12/24 18:05", "2013-12-24T18:05:00Z"),
            ("2013/12/24", "2013-12-24T00:00:00Z"),
            ("2013.1.4", "2013-01-04T00:00:00Z"),
            ("20130104", "2013-01-04T00:00:00Z"),
            ("Jan 2, 2020", "2020-01-02T00:00:00Z"),
            ("January 2nd, 2020 3:04 PM", "2020-01-02T15:04:00Z"),
            ("2 January 2020", "2020-01-02T00:00:00Z"),
            ("Sept 12 2021", "2021-09-12T00:00:00Z"),
            ("Thu, 02 Jan 2020 15:04:05 GMT", "2020-01-02T15:04:05Z"),
            ("Thu, 02 Jan 2020 15:04:05 +0100", "2020-01-02T14:04:05Z"),
            ("Thu Jan 02 2020 15:04:05 GMT+0800 (China Standard Time)", "2020-01-02T07:04:05Z"),
            ("2020-01-02T15:04:05+01:00[Europe/Berlin]", "2020-01-02T14:04:05Z"),
            ("2020-07-02 15:04 Europe/Berlin", "2020-07-02T13:04:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(date), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-02-30",
            "12:00",
            "2026",
            "1/2/2020",
            "2026-01-31 25:00",
            "2026-01-31 12:00 someday",
            "-2027-01-31 12:00:00 +0100",
            "-000001-01-31T12:00:00Z",
            "2026-01-311",
            "2026-01-31 12:00 +99",
            "0000-01-01",
            "Janu",
            "潮 2, 2020",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_without_a_zone_has_the_sites() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let hugo = Zones { zone: zone.clone(), full_times_are_utc: false };
        let jekyll = Zones { zone, full_times_are_utc: true };
        let at = |text: &str| read(text).unwrap().parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(parse_date("2020-01-02 15:04:05", &hugo), Some(at("2020-01-02 07:04:05")));
        assert_eq!(parse_date("2020-01-02 15:04:05", &jekyll), Some(at("2020-01-02 15:04:05")));
        assert_eq!(parse_date("2020-01-02 15:04", &jekyll), Some(at("2020-01-02 07:04")));
        assert_eq!(parse_date("2020-01-02", &jekyll), Some(at("2020-01-01 16:00")));
        assert_eq!(parse_date("2020-01-02 15:04 +0000", &jekyll), Some(at("2020-01-02 15:04")));
    }
}
