//! Schedules: at intervals, by a cron expression, or never.

use std::cmp::Ordering;
use std::time::Duration;

use croner::errors::CronError;
use croner::{CivilDate, CivilDateTime, CivilTime, Cron, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, de};
use tidemark_store::clock::Millis;

/// When a job runs.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// At the start, and then this long after the end of each run.
    Every(Duration),
    /// By a cron expression, in UTC.
    Cron(Box<Cron>),
    /// Never.
    Off,
}

impl Schedule {
    /// Parses `off`, an interval such as `10s` or `300ms`, or a cron expression such as `0 4 * *
    /// *`.
    /// A cron expression has five fields, or six if it starts with seconds.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Schedule::Off);
        }
        if text.split_whitespace().count() >= 5 {
            let cron = text
                .parse::<Cron>()
                .map_err(|error| format!("{text:?} is not a cron expression: {error}"))?;
            let schedule = Schedule::Cron(Box::new(cron));
            if schedule.next_after(Millis(0)).is_none() {
                return Err(format!(
                    "{text:?} never matches any time, like 30 February; use \"off\" to switch the \
                     job off"
                ));
            }
            return Ok(schedule);
        }
        let span: Option<SignedDuration> = text.parse().ok();
        let span = span
            .and_then(|span| Duration::try_from(span).ok())
            .filter(|span| *span >= Duration::from_millis(10));
        span.map(Schedule::Every).ok_or_else(|| {
            format!(
                "{text:?} is neither a time span of at least 10ms, such as 10s, nor a cron expression such as \"0 4 * * *\", \
                 nor \"off\""
            )
        })
    }

    /// Whether it is [`Schedule::Off`].
    pub fn is_off(&self) -> bool {
        matches!(self, Schedule::Off)
    }

    /// When a run that is due at `at` is due, seen from `now`: at `at`, or earlier if the clock was
    /// set back in the meantime. Otherwise the job would pause until the clock has caught up.
    pub fn due_at(&self, at: Millis, now: Millis) -> Millis {
        self.next_after(now).map_or(at, |next| next.min(at))
    }

    /// The next time after `now`. `None` if there is none, as after the year of an expression that
    /// names one.
    pub fn next_after(&self, now: Millis) -> Option<Millis> {
        match self {
            Schedule::Off => None,
            Schedule::Every(span) => {
                Some(now + i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
            }
            Schedule::Cron(cron) => {
                let now =
                    UtcTime(Offset::UTC.to_datetime(Timestamp::from_millisecond(now.0).ok()?));
                let next = cron.find_next_occurrence(&now, false).ok()?;
                Offset::UTC.to_timestamp(next.0).ok().map(|next| Millis(next.as_millisecond()))
            }
        }
    }
}

/// A time in UTC that implements croner's trait. Croner's own jiff support needs an older version
/// of jiff.
#[derive(Clone, Debug)]
struct UtcTime(DateTime);

impl CronDateTime for UtcTime {
    fn to_civil(&self) -> CivilDateTime {
        let part = |part: i8| u32::from(part.unsigned_abs());
        let date = self.0.date();
        let time = self.0.time();
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(
                i32::from(date.year()),
                part(date.month()),
                part(date.day()),
            ),
            CivilTime::from_parts_unchecked(
                part(time.hour()),
                part(time.minute()),
                part(time.second()),
            ),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(u32::from(
            self.0.weekday().to_sunday_zero_offset().unsigned_abs(),
        ))
    }

    /// Every civil time exists exactly once in UTC.
    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |part: u32| i8::try_from(part).map_err(|_| CronError::InvalidTime);
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        let (month, day) = (part(civil.month())?, part(civil.day())?);
        let (hour, minute, second) =
            (part(civil.hour())?, part(civil.minute())?, part(civil.second())?);
        let time = DateTime::new(year, month, day, hour, minute, second, 0)
            .map_err(|_| CronError::InvalidDate)?;
        Ok(Resolution::Single(Self(time)))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Schedule::Every(span) => match SignedDuration::try_from(*span) {
                Ok(span) => write!(formatter, "every {span:#}"),
                Err(_) => write!(formatter, "every {span:?}"),
            },
            Schedule::Cron(cron) => write!(formatter, "{}", cron.pattern),
            Schedule::Off => formatter.write_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Schedule::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Millis = Millis(1_795_521_600_000);

    #[test]
    fn a_schedule_is_an_interval_or_a_cron_expression() {
        assert_eq!(Schedule::parse("10s").unwrap().next_after(NOON), Some(NOON + 10_000));
        assert_eq!(Schedule::parse("300ms").unwrap().next_after(NOON), Some(NOON + 300));
        assert_eq!(
            Schedule::parse("0 4 * * *").unwrap().next_after(NOON),
            Some(NOON + 16 * 3_600_000)
        );
        assert_eq!(Schedule::parse("*/5 * * * *").unwrap().next_after(NOON), Some(NOON + 300_000));
    }

    #[test]
    fn setting_the_clock_back_pauses_no_job() {
        const HOUR: i64 = 3_600_000;
        for (text, at) in [("10s", NOON + 10_000), ("0 13 * * *", NOON + HOUR)] {
            let schedule = Schedule::parse(text).unwrap();
            assert_eq!(schedule.due_at(at, NOON), at, "{text}");
            assert_eq!(schedule.due_at(at, NOON + 5_000), at, "{text}");
            let before = NOON - 48 * HOUR;
            assert_eq!(schedule.due_at(at, before), at - 48 * HOUR, "{text}");
        }
    }

    #[test]
    fn a_job_that_is_off_never_runs() {
        let off = Schedule::parse("off").unwrap();
        assert!(off.is_off() && !Schedule::parse("10s").unwrap().is_off());
        assert_eq!((off.next_after(NOON), off.to_string().as_str()), (None, "off"));
    }

    #[test]
    fn a_cron_expression_may_have_seconds_and_day_names() {
        let next = |text: &str, now: &str| {
            let now = Millis(now.parse::<Timestamp>().unwrap().as_millisecond());
            let next = Schedule::parse(text).unwrap().next_after(now)?;
            Some(Timestamp::from_millisecond(next.0).unwrap().to_string())
        };
        for (text, now, then) in [
            ("30 0 4 * * *", "2026-11-24T12:00:00Z", "2026-11-25T04:00:30Z"),
            ("0 4 * * *", "2026-11-24T03:59:59.999Z", "2026-11-24T04:00:00Z"),
            ("0 4 * * *", "2026-11-24T04:00:00Z", "2026-11-25T04:00:00Z"),
            ("0 4 * * SUN", "2026-11-24T12:00:00Z", "2026-11-29T04:00:00Z"),
            ("0 0 29 2 *", "2026-11-24T12:00:00Z", "2028-02-29T00:00:00Z"),
            ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
            ("*/20 * * * *", "1969-12-31T23:50:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(next(text, now).as_deref(), Some(then), "{text} after {now}");
        }
        assert_eq!(next("0 0 4 1 1 * 2026", "2026-11-24T12:00:00Z"), None, "that year is over");
    }

    #[test]
    fn an_invalid_cron_expression_is_explained_in_one_line() {
        for text in ["61 4 * * *", "0 25 * * *", "0 4 * * NEVER", "0 4 32 * *", "a b c d e"] {
            let error = Schedule::parse(text).unwrap_err();
            assert!(
                error.contains("not a cron expression") && error.lines().count() == 1,
                "{error}"
            );
        }
    }

    #[test]
    fn a_cron_expression_that_never_matches_is_refused() {
        for text in ["0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
            let error = Schedule::parse(text).unwrap_err();
            assert!(error.contains("never matches") && error.lines().count() == 1, "{error}");
        }
        assert!(Schedule::parse("0 0 29 2 *").is_ok(), "every four years");
    }

    #[test]
    fn anything_else_is_refused_and_both_forms_are_shown() {
        for text in
            ["", "soon", "Off", "none", "0s", "-1s", "4 * *", "61 4 * * *", "0 4 * * * * * *"]
        {
            let error = Schedule::parse(text).unwrap_err();
            assert!(error.contains("cron"), "{text:?}: {error}");
        }
    }
}
