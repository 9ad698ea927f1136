//! When something runs: at intervals, or at the times of a cron expression.

use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use serde::{Deserialize, Deserializer, de};

/// When a job runs.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// At the start and then so long after each run ended.
    Every(Duration),
    /// At the times (UTC) of a cron expression.
    Cron(Box<Cron>),
}

impl Schedule {
    /// Reads an interval such as `10s` or `300ms`, or a cron expression of five fields such as `0 4 * * *`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.split_whitespace().count() >= 5 {
            let cron = text.parse::<Cron>().map_err(|error| format!("{text:?} is no cron expression: {error}"))?;
            return Ok(Schedule::Cron(Box::new(cron)));
        }
        let span: Option<jiff::SignedDuration> = text.parse().ok();
        let span =
            span.and_then(|span| Duration::try_from(span).ok()).filter(|span| *span >= Duration::from_millis(10));
        span.map(Schedule::Every).ok_or_else(|| {
            format!(
                "{text:?} is neither a time span from 10ms up, such as 10s, nor a cron expression such as \"0 4 * * *\""
            )
        })
    }

    /// When it is due next after `now`, both in milliseconds. `None` if never, such as on 30 February.
    pub fn next_after(&self, now: i64) -> Option<i64> {
        match self {
            Schedule::Every(span) => Some(now.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))),
            Schedule::Cron(cron) => {
                let now: DateTime<Utc> = DateTime::from_timestamp_millis(now)?;
                cron.find_next_occurrence(&now, false).ok().map(|next| next.timestamp_millis())
            }
        }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Schedule::Every(span) => match jiff::SignedDuration::try_from(*span) {
                Ok(span) => write!(formatter, "every {span:#}"),
                Err(_) => write!(formatter, "every {span:?}"),
            },
            Schedule::Cron(cron) => write!(formatter, "{}", cron.pattern),
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

    const NOON: i64 = 1_795_521_600_000;

    #[test]
    fn a_schedule_is_an_interval_or_a_cron_expression() {
        assert_eq!(Schedule::parse("10s").unwrap().next_after(NOON), Some(NOON + 10_000));
        assert_eq!(Schedule::parse("300ms").unwrap().next_after(NOON), Some(NOON + 300));
        assert_eq!(Schedule::parse("0 4 * * *").unwrap().next_after(NOON), Some(NOON + 16 * 3_600_000));
        assert_eq!(Schedule::parse("*/5 * * * *").unwrap().next_after(NOON), Some(NOON + 300_000));
    }

    #[test]
    fn what_is_neither_is_refused_with_both_forms_shown() {
        for text in ["", "soon", "0s", "-1s", "4 * *", "61 4 * * *", "0 4 * * * * * *"] {
            let error = Schedule::parse(text).unwrap_err();
            assert!(error.contains("cron"), "{text:?}: {error}");
        }
    }
}
