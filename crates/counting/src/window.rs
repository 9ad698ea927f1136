//! The time spans of rankings.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize, Serializer};
use tidemark_store::clock::Millis;

use crate::ids::number;

/// The time span of a ranking. In JSON it is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum Window {
    /// All time.
    All,
    /// The current hour and the 23 before it.
    Day,
    /// The current hour and the 167 before it.
    Week,
    /// The current hour and the 719 before it.
    Month,
}

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = Window::ALL.into_iter().find(|window| window.name() == name);
        known.ok_or_else(|| {
            let names = Window::ALL.map(Window::name).join(", ");
            format!("{name:?} is not a window; there are {names}")
        })
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Window {
    /// All windows, shortest first.
    pub const ALL: [Window; 4] = [Window::Day, Window::Week, Window::Month, Window::All];

    /// The name in Redis keys, in addresses and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Window::All => "all",
            Window::Day => "24h",
            Window::Week => "7d",
            Window::Month => "30d",
        }
    }

    /// How many hours the window spans, including the current one; `None` for all time.
    pub fn hours(self) -> Option<i64> {
        match self {
            Window::All => None,
            Window::Day => Some(24),
            Window::Week => Some(7 * 24),
            Window::Month => Some(30 * 24),
        }
    }
}

number! {
    /// An hour, counted from 1970.
    #[derive(Default)]
    Hour
}

impl Add<i64> for Hour {
    type Output = Self;

    /// The hour this many hours after, or the last one that there is.
    fn add(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours))
    }
}

impl Sub<i64> for Hour {
    type Output = Self;

    /// The hour this many hours before, or the first one that there is.
    fn sub(self, hours: i64) -> Self {
        Self(self.0.saturating_sub(hours))
    }
}

impl Sub for Hour {
    type Output = i64;

    /// The number of hours between the two, as far as they can be counted.
    fn sub(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The hour of a time.
pub fn hour_of(time: Millis) -> Hour {
    Hour(time.0.div_euclid(3_600_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_spans_the_hours_that_its_name_says() {
        let windows = Window::ALL.map(|window| (window.name(), window.hours()));
        let expected = [("24h", Some(24)), ("7d", Some(168)), ("30d", Some(720)), ("all", None)];
        assert_eq!(windows, expected);
        for window in Window::ALL {
            assert_eq!(Window::try_from(window.name().to_owned()), Ok(window));
        }
        let error = Window::try_from("8d".to_owned()).unwrap_err();
        assert_eq!(error, "\"8d\" is not a window; there are 24h, 7d, 30d, all");
    }

    #[test]
    fn hours_are_counted_from_1970_in_both_directions() {
        let [before, first] = [-1, 3_600_000].map(|time| hour_of(Millis(time)));
        assert_eq!((before, first), (Hour(-1), Hour(1)));
        assert_eq!((first - before, first - 2, before + 2), (2, Hour(-1), Hour(1)));
    }
}
