//! A count as a page shows it.

use serde::{Deserialize, Serialize};

/// A count, or the mark of where one goes: a page that is remembered is rendered with marks, and the counts of the moment are put in
/// their place each time it is sent. As JSON both are strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Count {
    /// The count.
    Known(i64),
    /// Where it goes.
    Mark(String),
}

impl Count {
    /// The count; 0 if it is not known yet.
    pub fn number(&self) -> i64 {
        match self {
            Count::Known(count) => *count,
            Count::Mark(_) => 0,
        }
    }
}

impl From<String> for Count {
    fn from(text: String) -> Self {
        text.parse().map_or(Count::Mark(text), Count::Known)
    }
}

impl From<Count> for String {
    fn from(count: Count) -> Self {
        match count {
            Count::Known(count) => count.to_string(),
            Count::Mark(mark) => mark,
        }
    }
}
