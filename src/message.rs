//! Messages that are put into words when somebody reads them, in that person's language.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(feature = "ssr")]
use crate::model::language::Language;

/// What to tell a person. Programs, the log and the command line get it in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The same words in every language.
    Words(Cow<'static, str>),
    /// A text of `locales/`, with its variables.
    Text(&'static str, Vec<(&'static str, Variable<'static>)>),
}

impl Message {
    /// The text with this name.
    pub fn text(name: &'static str) -> Self {
        Self::Text(name, Vec::new())
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

/// A variable of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable<'a> {
    /// A number, which may choose the plural form.
    Count(i64),
    /// A text.
    Text(Cow<'a, str>),
    /// Another message, such as the name of a role.
    Message(Message),
}

impl From<i64> for Variable<'_> {
    fn from(count: i64) -> Self {
        Variable::Count(count)
    }
}

impl From<usize> for Variable<'_> {
    fn from(count: usize) -> Self {
        Variable::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Variable<'a> {
    fn from(text: &'a str) -> Self {
        Variable::Text(text.into())
    }
}

impl<'a> From<&'a String> for Variable<'a> {
    fn from(text: &'a String) -> Self {
        Variable::Text(text.into())
    }
}

impl From<Message> for Variable<'_> {
    fn from(message: Message) -> Self {
        Variable::Message(message)
    }
}

impl From<String> for Variable<'_> {
    fn from(text: String) -> Self {
        Variable::Text(text.into())
    }
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => formatter.write_str(words),
            #[cfg(feature = "ssr")]
            Self::Text(..) => formatter.write_str(&Language::English.say(self)),
            // Only the server makes these.
            #[cfg(not(feature = "ssr"))]
            Self::Text(name, _) => formatter.write_str(name),
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
