//! Numbers, and counts with their nouns, as each language writes them.

use std::sync::LazyLock;

use fluent_bundle::types::FluentValue;
use icu_decimal::DecimalFormatter;

use super::catalog::{self, Forms, Speech};
use crate::model::article::Baseline;
use crate::model::language::Language;

/// What stands between thousands, in the order of [`Language::ALL`].
static SEPARATORS: LazyLock<[String; 3]> = LazyLock::new(|| {
    Language::ALL.map(|language| {
        let numbers =
            DecimalFormatter::try_new(catalog::locale(language).into(), Default::default());
        let thousand = numbers.map(|numbers| numbers.format(&1_000.into()).to_string());
        let is_digit = |char: char| char.is_ascii_digit();
        thousand.unwrap_or_default().trim_matches(is_digit).to_owned()
    })
});

/// A number in a text. Fluent has floating-point numbers, which are exact up to 2⁵³.
pub(super) fn number_of(language: Language, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let number = format!("{:.0}", number.value).parse().ok()?;
    Some(language.number(number))
}

impl Language {
    pub(super) fn separator(self) -> &'static str {
        SEPARATORS.get(self as usize).map_or(",", String::as_str)
    }

    /// A whole number: `1,234`.
    pub fn number(self, number: i64) -> String {
        let separator = self.separator();
        let digits = number.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() * 2);
        if number < 0 {
            text.push('-');
        }
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push_str(separator);
            }
            text.push(digit);
        }
        text
    }

    /// A count with its noun in the right form.
    fn in_form(self, count: i64, forms: fn(&Speech) -> &Forms) -> String {
        let number = self.number(count);
        match self.speech() {
            Some(speech) => {
                forms(speech).of(speech.plurals.category_for(count.unsigned_abs()), &number)
            }
            None => number,
        }
    }

    /// `1 view`.
    pub fn views(self, count: i64) -> String {
        self.in_form(count, |speech| &speech.views)
    }

    /// `1 view`, or that the number could not be read.
    pub fn views_if_known(self, count: Option<i64>) -> String {
        count.map_or_else(|| self.text("not-known-now"), |count| self.views(count))
    }

    /// `1 follower`.
    pub fn followers(self, count: i64) -> String {
        self.in_form(count, |speech| &speech.followers)
    }

    /// `1 article`.
    pub fn articles(self, count: i64) -> String {
        self.with("articles", [("count", count.into())])
    }

    /// Which part of a total was counted elsewhere: `1,234 from WordPress until November 27, 2026`.
    /// `None` if nothing was.
    pub fn baselines(self, baselines: &[Baseline]) -> Option<String> {
        let parts = baselines.iter().map(|Baseline { source, views, until }| {
            let (count, source) = (("count", (*views).into()), ("source", source.into()));
            match until {
                Some(day) => {
                    let day = self.date(*day);
                    self.with("count-from-until", [count, source, ("day", (&day).into())])
                }
                None => self.with("count-from", [count, source]),
            }
        });
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plural_forms_follow_the_language() {
        for (count, english, russian, chinese) in [
            (0, "0 views", "0 просмотров", "0 次浏览"),
            (1, "1 view", "1 просмотр", "1 次浏览"),
            (2, "2 views", "2 просмотра", "2 次浏览"),
            (11, "11 views", "11 просмотров", "11 次浏览"),
            (21, "21 views", "21 просмотр", "21 次浏览"),
            (1_234, "1,234 views", "1\u{a0}234 просмотра", "1,234 次浏览"),
        ] {
            assert_eq!(Language::English.views(count), english);
            assert_eq!(Language::Russian.views(count), russian);
            assert_eq!(Language::Chinese.views(count), chinese);
        }
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (i64::MIN, "-9,223,372,036,854,775,808")]
        {
            assert_eq!(Language::English.number(number), text);
        }
    }

    #[test]
    fn views_from_elsewhere_are_named_by_source() {
        let baseline = |source: &str, views, until: Option<&str>| Baseline {
            source: source.into(),
            views,
            until: until.map(|day| day.parse().unwrap()),
        };
        assert_eq!(Language::English.baselines(&[]), None);
        let both =
            [baseline("WordPress", 12_345, Some("2026-11-27")), baseline("busuanzi", 1, None)];
        assert_eq!(
            Language::English.baselines(&both).unwrap(),
            "12,345 from WordPress until November 27, 2026; 1 from busuanzi"
        );
    }
}
