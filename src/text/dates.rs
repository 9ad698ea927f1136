//! Dates, times and durations, as each language writes them.

use std::time::Duration;

use icu_calendar::Gregorian;
use icu_datetime::input::Date;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::language::Language;

impl Language {
    /// A day, in UTC: `November 27, 2026`.
    pub fn day(self, time: Timestamp) -> String {
        self.date(TimeZone::UTC.to_datetime(time).date())
    }

    /// A time to the minute in a time zone: `November 24, 2026, 18:30 CET`.
    pub fn time(self, time: Timestamp, zone: &TimeZone) -> String {
        let time = time.to_zoned_datetime(zone.clone());
        let (day, clock) = (self.date(time.date()), time.strftime("%H:%M").to_string());
        let zone = time.strftime("%Z").to_string();
        let parts = [("day", (&day).into()), ("time", (&clock).into()), ("zone", (&zone).into())];
        self.with("day-and-time", parts)
    }

    /// A month, in UTC: `November 2026`.
    pub fn month(self, time: Timestamp) -> String {
        let date = TimeZone::UTC.to_datetime(time).date();
        match (self.speech(), gregorian(date)) {
            (Some(speech), Some(date)) => speech.month.format(&date).to_string(),
            _ => date.strftime("%Y-%m").to_string(),
        }
    }

    pub(super) fn date(self, date: jiff::civil::Date) -> String {
        match (self.speech(), gregorian(date)) {
            (Some(speech), Some(date)) => speech.day.format(&date).to_string(),
            _ => date.to_string(),
        }
    }

    /// A duration, for after the word "every": `1 hour 30 minutes`. In Russian, it is in the
    /// accusative.
    pub fn every(self, duration: Duration) -> String {
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let parts = [
            ("every-days", seconds / 86_400),
            ("every-hours", seconds / 3_600 % 24),
            ("every-minutes", seconds / 60 % 60),
            ("every-seconds", seconds % 60),
        ];
        let parts = parts.into_iter().filter(|(_, count)| *count > 0);
        let parts: Vec<String> =
            parts.map(|(name, count)| self.with(name, [("count", count.into())])).collect();
        parts.join(" ")
    }
}

fn gregorian(date: jiff::civil::Date) -> Option<Date<Gregorian>> {
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    Date::try_new_gregorian(date.year().into(), month, day).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_durations_follow_the_language() {
        let time: Timestamp = "2026-11-05T23:59:00Z".parse().unwrap();
        let said = Language::ALL.map(|language| (language.day(time), language.month(time)));
        assert_eq!(said[0], ("November 5, 2026".into(), "November 2026".into()));
        assert_eq!(said[1], ("2026年11月5日".into(), "2026年11月".into()));
        assert_eq!(said[2], ("5 ноября 2026\u{202f}г.".into(), "ноябрь 2026\u{202f}г.".into()));
        let every = Language::ALL.map(|language| language.every(Duration::from_secs(5_400)));
        assert_eq!(every, ["1 hour 30 minutes", "1 小时 30 分钟", "1 час 30 минут"]);
    }
}
