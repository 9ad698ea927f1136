//! The catalogue of each language: its texts from `locales/`, and how it forms plurals and dates.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use icu_calendar::Gregorian;
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::{YM, YMD};
use icu_locale_core::{Locale, locale};
use icu_plurals::{PluralCategory, PluralRules};

use super::numbers::number_of;
use crate::model::language::Language;

/// What one language needs.
pub(super) struct Speech {
    pub texts: FluentBundle<FluentResource>,
    pub plurals: PluralRules,
    pub day: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    pub month: FixedCalendarDateTimeFormatter<Gregorian, YM>,
    pub views: Forms,
    pub followers: Forms,
}

/// The plural forms of a count: what stands before and after the number. A page has many counts,
/// and looking each up in the texts took longer than sending the page.
#[derive(Default)]
pub(super) struct Forms(pub Vec<(PluralCategory, String, String)>);

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

    pub(super) fn of(&self, category: PluralCategory, number: &str) -> String {
        let form = self.0.iter().find(|(one, ..)| *one == category).or_else(|| self.0.last());
        form.map_or_else(
            || number.to_owned(),
            |(_, before, after)| [before.as_str(), number, after].concat(),
        )
    }
}

pub(super) fn format(
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
            include_str!(concat!("../../locales/", $language, "/reading.ftl")),
            include_str!(concat!("../../locales/", $language, "/account.ftl")),
            include_str!(concat!("../../locales/", $language, "/studio.ftl")),
            include_str!(concat!("../../locales/", $language, "/settings.ftl")),
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

pub(super) fn locale(language: Language) -> Locale {
    match language {
        Language::English => locale!("en"),
        Language::Chinese => locale!("zh"),
        Language::Russian => locale!("ru"),
    }
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

impl Language {
    pub(super) fn speech(self) -> Option<&'static Speech> {
        match self {
            Language::English => ENGLISH.as_ref(),
            Language::Chinese => CHINESE.as_ref(),
            Language::Russian => RUSSIAN.as_ref(),
        }
    }
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
}
