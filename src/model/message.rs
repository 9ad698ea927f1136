//! Messages that are put into words when somebody reads them, in that person's language.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(feature = "ssr")]
use super::language::Language;
#[cfg(feature = "ssr")]
use crate::error::Error;
#[cfg(feature = "ssr")]
use crate::text::Variable;

/// What to tell a person. Programs, the log and the command line get it in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The same words in every language.
    Words(Cow<'static, str>),
    /// A text of `locales/`, with its variables.
    #[cfg(feature = "ssr")]
    Text(&'static str, Vec<(&'static str, Variable<'static>)>),
}

#[cfg(feature = "ssr")]
impl Message {
    /// The text with this name.
    pub fn text(name: &'static str) -> Self {
        Self::Text(name, Vec::new())
    }

    /// Why a request failed.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::NotFound(message) | Error::BadRequest(message) | Error::Forbidden(message) => {
                message.clone()
            }
            Error::Unauthorized => Self::text("error-unauthorized"),
            Error::TooLarge => Self::text("error-too-large"),
            Error::Unavailable => Self::text("error-unavailable"),
            Error::Internal => Self::text("error-internal"),
        }
    }

    /// The same text with one more variable.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Into<Variable<'static>>) -> Self {
        if let Self::Text(_, variables) = &mut self {
            variables.push((variable, value.into()));
        }
        self
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => formatter.write_str(words),
            #[cfg(feature = "ssr")]
            Self::Text(..) => formatter.write_str(&Language::English.say(self)),
        }
    }
}

impl From<&'static str> for Message {
    fn from(words: &'static str) -> Self {
        Self::Words(words.into())
    }
}

impl From<String> for Message {
    fn from(words: String) -> Self {
        Self::Words(words.into())
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
