//! The texts of the interface in its languages, and counts and dates as each language writes them.
//!
//! The texts are in `locales/`, in the format of [Fluent](https://projectfluent.org/). Plural
//! forms, numbers and dates follow the Unicode CLDR.

mod catalog;
mod dates;
mod labels;
mod numbers;
mod script;

use fluent_bundle::FluentArgs;
use leptos::prelude::use_context;

use self::catalog::format;
use crate::error::Error;
use crate::message::Message;
pub use crate::message::Variable;
use crate::model::language::Language;

/// The language of the page that is being rendered.
pub fn language() -> Language {
    use_context::<Language>().unwrap_or_default()
}

/// Stands for a variable where [`Language::around`] splits the text. No text has this character.
const SPLIT: &str = "\u{1}";

impl Language {
    /// The text with this name.
    pub fn text(self, name: &str) -> String {
        self.with(name, [])
    }

    /// The text with this name and these variables.
    pub fn with<'a, const N: usize>(
        self,
        name: &str,
        variables: [(&'static str, Variable<'a>); N],
    ) -> String {
        self.formatted(name, variables)
    }

    fn formatted<'a>(
        self,
        name: &str,
        variables: impl IntoIterator<Item = (&'static str, Variable<'a>)>,
    ) -> String {
        let mut arguments = FluentArgs::new();
        for (variable, value) in variables {
            match value {
                Variable::Count(count) => arguments.set(variable, count),
                Variable::Text(text) => arguments.set(variable, text),
                Variable::Message(message) => arguments.set(variable, self.say(&message)),
            }
        }
        let text = self.speech().and_then(|speech| format(&speech.texts, name, &arguments));
        debug_assert!(text.is_some(), "{name} has no text in {self:?}");
        text.unwrap_or_else(|| name.to_owned())
    }

    /// A message in words.
    pub fn say(self, message: &Message) -> String {
        match message {
            Message::Words(words) => words.clone().into_owned(),
            Message::Text(name, variables) => self.formatted(name, variables.iter().cloned()),
        }
    }

    /// Why a request failed, in words. Parts that are for programs are in English.
    pub fn error(self, error: &Error) -> String {
        match error {
            Error::NotFound(Message::Words(_)) if self != Language::English => {
                self.text("error-not-found")
            }
            error => self.say(&Message::of(error)),
        }
    }

    /// A heading for an error.
    pub fn error_heading(self, status: u16) -> String {
        self.text(match status {
            404 | 410 => "nothing-here",
            ..500 => "did-not-work",
            _ => "something-broke",
        })
    }

    /// What stands before and after the variable of the text with this name, for a variable that is
    /// an element, such as a link.
    pub fn around(self, name: &str, variable: &'static str) -> (String, String) {
        self.around_with(name, variable, [])
    }

    /// As [`Language::around`], for a text with more variables.
    pub fn around_with<'a, const N: usize>(
        self,
        name: &str,
        variable: &'static str,
        variables: [(&'static str, Variable<'a>); N],
    ) -> (String, String) {
        let variables = variables.into_iter().chain([(variable, SPLIT.into())]);
        let text = self.formatted(name, variables);
        let (before, after) = text.split_once(SPLIT).unwrap_or((&text, ""));
        (before.to_owned(), after.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_where_the_language_puts_it() {
        assert_eq!(
            Language::Chinese.around("first-article-soon", "feed"),
            ("第一篇文章很快就来。用".into(), "可以及时知道。".into())
        );
    }
}
