//! The texts of the interface in its languages, and counts and dates as each language writes them.
//!
//! The texts are in `locales/`, in the format of [Fluent](https://projectfluent.org/). Plural
//! forms, numbers and dates follow the Unicode CLDR.

use std::sync::LazyLock;
use std::time::Duration;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentValue;
use fluent_bundle::{FluentArgs, FluentResource};
use icu_calendar::Gregorian;
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::{YM, YMD};
use icu_datetime::input::Date;
use icu_decimal::DecimalFormatter;
use icu_locale_core::{Locale, locale};
use icu_plurals::{PluralCategory, PluralRules};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use leptos::prelude::use_context;
use serde_json::{Map, Value};
use tidemark_content::markdown::Note;
use tidemark_counting::Window;

use crate::error::Error;
use crate::message::Message;
pub use crate::message::Variable;
use crate::model::article::Baseline;
use crate::model::language::Language;
use crate::model::search::{Since, Sort};

/// The language of the page that is being rendered.
pub fn language() -> Language {
    use_context::<Language>().unwrap_or_default()
}

/// What one language needs.
struct Speech {
    texts: FluentBundle<FluentResource>,
    plurals: PluralRules,
    day: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    month: FixedCalendarDateTimeFormatter<Gregorian, YM>,
    views: Forms,
    followers: Forms,
}

/// The plural forms of a count: what stands before and after the number. A page has many counts,
/// and looking each up in the texts took longer than sending the page.
#[derive(Default)]
struct Forms(Vec<(PluralCategory, String, String)>);

impl Forms {
    fn new(texts: &FluentBundle<FluentResource>, plurals: &PluralRules, name: &str) -> Self {
        let form = |category| {
            // A number below 1,000 has no separator.
            let number = (0..1_000_i64)
                .find(|number| plurals.category_for(number.unsigned_abs()) == category)?;
            let mut arguments = FluentArgs::new();
            arguments.set("count", number);
            let text = format(texts, name, &arguments)?;
            let (before, after) = text.split_once(&number.to_string())?;
            Some((category, before.to_owned(), after.to_owned()))
        };
        Self(plurals.categories().filter_map(form).collect())
    }

    fn of(&self, category: PluralCategory, number: &str) -> String {
        let form = self.0.iter().find(|(one, ..)| *one == category).or_else(|| self.0.last());
        form.map_or_else(
            || number.to_owned(),
            |(_, before, after)| [before.as_str(), number, after].concat(),
        )
    }
}

fn format(
    texts: &FluentBundle<FluentResource>,
    name: &str,
    arguments: &FluentArgs<'_>,
) -> Option<String> {
    let pattern = texts.get_message(name)?.value()?;
    // A variable that is missing shows as its name; tests find it.
    let mut errors = Vec::new();
    Some(texts.format_pattern(pattern, Some(arguments), &mut errors).into_owned())
}

static ENGLISH: LazyLock<Option<Speech>> = LazyLock::new(|| speech(Language::English));
static CHINESE: LazyLock<Option<Speech>> = LazyLock::new(|| speech(Language::Chinese));
static RUSSIAN: LazyLock<Option<Speech>> = LazyLock::new(|| speech(Language::Russian));

/// The files of a language in `locales/`, one for each part of the site.
macro_rules! files {
    ($language:literal) => {
        [
            include_str!(concat!("../locales/", $language, "/reading.ftl")),
            include_str!(concat!("../locales/", $language, "/account.ftl")),
            include_str!(concat!("../locales/", $language, "/studio.ftl")),
            include_str!(concat!("../locales/", $language, "/settings.ftl")),
        ]
    };
}

fn sources(language: Language) -> [&'static str; 4] {
    match language {
        Language::English => files!("en"),
        Language::Chinese => files!("zh"),
        Language::Russian => files!("ru"),
    }
}

fn locale(language: Language) -> Locale {
    match language {
        Language::English => locale!("en"),
        Language::Chinese => locale!("zh"),
        Language::Russian => locale!("ru"),
    }
}

/// What stands between thousands, in the order of [`Language::ALL`].
static SEPARATORS: LazyLock<[String; 3]> = LazyLock::new(|| {
    Language::ALL.map(|language| {
        let numbers = DecimalFormatter::try_new(locale(language).into(), Default::default());
        let thousand = numbers.map(|numbers| numbers.format(&1_000.into()).to_string());
        let is_digit = |char: char| char.is_ascii_digit();
        thousand.unwrap_or_default().trim_matches(is_digit).to_owned()
    })
});

/// A number in a text. Fluent has floating-point numbers, which are exact up to 2⁵³.
fn number_of(language: Language, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let number = format!("{:.0}", number.value).parse().ok()?;
    Some(language.number(number))
}

/// Texts and data are part of the program, so tests find whatever could fail here.
fn speech(language: Language) -> Option<Speech> {
    let mut texts = FluentBundle::new_concurrent(vec![language.name().parse().ok()?]);
    // Names and titles are set apart by `dir="auto"` or by quotation marks.
    texts.set_use_isolating(false);
    texts.set_formatter(Some(match language {
        Language::English => |value, _| number_of(Language::English, value),
        Language::Chinese => |value, _| number_of(Language::Chinese, value),
        Language::Russian => |value, _| number_of(Language::Russian, value),
    }));
    for source in sources(language) {
        texts.add_resource(FluentResource::try_new(source.to_owned()).ok()?).ok()?;
    }
    let locale = locale(language);
    let plurals = PluralRules::try_new_cardinal(locale.clone().into()).ok()?;
    Some(Speech {
        day: FixedCalendarDateTimeFormatter::try_new(locale.clone().into(), YMD::long()).ok()?,
        month: FixedCalendarDateTimeFormatter::try_new(locale.into(), YM::long()).ok()?,
        views: Forms::new(&texts, &plurals, "views"),
        followers: Forms::new(&texts, &plurals, "followers"),
        texts,
        plurals,
    })
}

/// Stands for a variable where [`Language::around`] splits the text. No text has this character.
const SPLIT: &str = "\u{1}";

impl Language {
    fn speech(self) -> Option<&'static Speech> {
        match self {
            Language::English => ENGLISH.as_ref(),
            Language::Chinese => CHINESE.as_ref(),
            Language::Russian => RUSSIAN.as_ref(),
        }
    }

    fn separator(self) -> &'static str {
        SEPARATORS.get(self as usize).map_or(",", String::as_str)
    }

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

    fn date(self, date: jiff::civil::Date) -> String {
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

    /// What the author of a text is told about what could not be rendered.
    pub fn note(self, note: Note) -> String {
        self.text(match note {
            Note::CodeIsPlain => "note-code-is-plain",
            Note::NestsTooDeep => "note-nests-too-deep",
            Note::TagIsTooLong => "note-tag-is-too-long",
            Note::TooMuchOutsideCells => "note-too-much-outside-cells",
            Note::TooLargeAPage => "note-too-large-a-page",
            Note::TooManyAddresses => "note-too-many-addresses",
            Note::TooManyHeadings => "note-too-many-headings",
            Note::FormulaIsSource => "note-formula-is-source",
            Note::DiagramIsSource => "note-diagram-is-source",
            Note::TooManyFootnotes => "note-too-many-footnotes",
        })
    }

    /// The name of a window of a ranking.
    pub fn window(self, window: Window) -> String {
        self.text(match window {
            Window::All => "all-time",
            Window::Day => "last-24-hours",
            Window::Week => "last-7-days",
            Window::Month => "last-30-days",
        })
    }

    /// The name of an order of search results.
    pub fn sort(self, sort: Sort) -> String {
        self.text(match sort {
            Sort::Relevance => "best-match",
            Sort::Date => "newest",
            Sort::Views => "most-viewed",
        })
    }

    /// The name of a period of a search.
    pub fn since(self, since: Since) -> String {
        self.text(match since {
            Since::Week => "since-week",
            Since::Month => "since-month",
            Since::Year => "since-year",
        })
    }

    /// What `browser/reading.js` says, as JSON for the inside of a script element; `None` for
    /// English, which the script has itself. Counts have one text for each plural form, with `#`
    /// for the number.
    pub fn script_texts(self) -> Option<String> {
        if self == Language::English {
            return None;
        }
        let mut texts = Map::new();
        for name in [
            "switch-to-dark",
            "switch-to-light",
            "not-saved",
            "suggestions",
            "share",
            "copy",
            "copied",
            "copying-failed",
            "error-unauthorized",
            "error-too-large",
            "error-unavailable",
            "error-internal",
        ] {
            texts.insert(name.into(), self.text(name).into());
        }
        let speech = self.speech()?;
        for (name, forms) in [("views", &speech.views), ("followers", &speech.followers)] {
            let forms: Map<String, Value> = forms
                .0
                .iter()
                .map(|(category, before, after)| {
                    (format!("{category:?}").to_lowercase(), format!("{before}#{after}").into())
                })
                .collect();
            texts.insert(name.into(), forms.into());
        }
        texts.insert("separator".into(), self.separator().into());
        Some(Value::Object(texts).to_string().replace('<', "\\u003c"))
    }
}

fn gregorian(date: jiff::civil::Date) -> Option<Date<Gregorian>> {
    let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
    Date::try_new_gregorian(date.year().into(), month, day).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::*;

    /// The names of the texts in all files of a language, each with its variables.
    fn names(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut name = String::new();
        let lines = sources(language).into_iter().flat_map(str::lines);
        for line in lines.filter(|line| !line.starts_with('#')) {
            if !line.starts_with([' ', '}'])
                && let Some((new, _)) = line.split_once(" =")
            {
                assert!(
                    names.insert(new.into(), BTreeSet::new()).is_none(),
                    "{new} is there twice"
                );
                name = new.into();
            }
            let variables = line.split('$').skip(1).map(|rest| {
                rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
            });
            if let Some(known) = names.get_mut(&name) {
                known.extend(variables);
            }
        }
        names
    }

    /// The sources of everything that readers see.
    fn rust(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                rust(&path, all);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                all.push_str(text.split("#[cfg(test)]").next().unwrap());
            }
        }
    }

    #[test]
    fn every_language_has_the_same_texts_with_the_same_variables() {
        let english = names(Language::English);
        assert!(english.len() > 100, "{}", english.len());
        for language in Language::ALL {
            assert_eq!(names(language), english, "{language:?}");
            let speech = language.speech().unwrap();
            for forms in [&speech.views, &speech.followers] {
                // `other` is for fractions in Russian.
                let counts = speech.plurals.categories().filter(|category| {
                    language != Language::Russian || *category != PluralCategory::Other
                });
                assert_eq!(forms.0.len(), counts.count(), "{language:?}");
            }
            // As many plural forms for each count as the language has.
            let counts = sources(language).map(|source| source.split("{ $count ->").skip(1));
            for count in counts.into_iter().flatten() {
                let forms = count.split("\n}").next().unwrap().matches("\n").count();
                assert_eq!(forms, speech.plurals.categories().count(), "{language:?}: {count:.90}");
            }
        }
    }

    #[test]
    fn every_text_is_used_and_every_text_that_is_used_exists() {
        let mut sources = String::new();
        rust(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
        let english = names(Language::English);
        for name in english.keys() {
            assert!(sources.contains(&format!("\"{name}\"")), "nothing uses {name}");
        }
        for rest in sources.split("language").skip(1) {
            let rest = rest.strip_prefix("()").unwrap_or(rest);
            for call in [".text(\"", ".with(\"", ".around(\"", ".around_with(\""] {
                let Some(rest) = rest.strip_prefix(call) else { continue };
                let name = rest.split('"').next().unwrap();
                assert!(english.contains_key(name), "there is no text {name:?}");
            }
        }
        for rest in sources.split("Message::text(\"").skip(1) {
            let name = rest.split('"').next().unwrap();
            assert!(english.contains_key(name), "there is no text {name:?}");
        }
    }

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
    fn dates_and_durations_follow_the_language() {
        let time: Timestamp = "2026-11-05T23:59:00Z".parse().unwrap();
        let said = Language::ALL.map(|language| (language.day(time), language.month(time)));
        assert_eq!(said[0], ("November 5, 2026".into(), "November 2026".into()));
        assert_eq!(said[1], ("2026年11月5日".into(), "2026年11月".into()));
        assert_eq!(said[2], ("5 ноября 2026\u{202f}г.".into(), "ноябрь 2026\u{202f}г.".into()));
        let every = Language::ALL.map(|language| language.every(Duration::from_secs(5_400)));
        assert_eq!(every, ["1 hour 30 minutes", "1 小时 30 分钟", "1 час 30 минут"]);
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

    #[test]
    fn a_link_stands_where_the_language_puts_it() {
        assert_eq!(
            Language::Chinese.around("first-article-soon", "feed"),
            ("第一篇文章很快就来。用".into(), "可以及时知道。".into())
        );
    }

    #[test]
    fn the_script_gets_each_plural_form_and_no_tag() {
        assert_eq!(Language::English.script_texts(), None);
        let texts: Value =
            serde_json::from_str(&Language::Russian.script_texts().unwrap()).unwrap();
        assert_eq!(texts["views"]["one"], "# просмотр");
        assert_eq!(texts["views"]["few"], "# просмотра");
        assert_eq!(texts["views"]["many"], "# просмотров");
    }
}
