//! The language of the interface.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use super::choice::chosen;
use crate::model::language::{LANGUAGE_COOKIE, Language};

/// The longest `Accept-Language` that is read, in bytes. Browsers send less than 100.
const LONGEST: usize = 512;

/// The language chosen in this browser, else the one that the browser prefers, else `default`.
pub fn chosen_language(headers: &HeaderMap, default: Language) -> Language {
    let chosen = chosen(headers, LANGUAGE_COOKIE).and_then(Language::from_name);
    let preferred = || {
        let languages = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
        preferred(languages.get(..languages.len().min(LONGEST))?)
    };
    chosen.or_else(preferred).unwrap_or(default)
}

/// Whether the page at `path` is there in every language. The others are in English.
pub fn is_translated(path: &str) -> bool {
    let rest = path.strip_prefix("/docs");
    !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The language of the page at `path` for whoever sent `headers`.
pub fn language_of(path: &str, headers: &HeaderMap, default: Language) -> Language {
    match is_translated(path) {
        true => chosen_language(headers, default),
        false => Language::English,
    }
}

/// The language with the highest quality, the first among equals; `None` if there is none of ours.
fn preferred(languages: &str) -> Option<Language> {
    let mut best: Option<(Language, f32)> = None;
    for range in languages.split(',') {
        let (range, parameter) = range.split_once(';').unwrap_or((range, "q=1"));
        let subtag = range.trim().split('-').next().unwrap_or_default();
        let language =
            Language::ALL.into_iter().find(|one| subtag.eq_ignore_ascii_case(one.name()));
        let quality = parameter.trim().strip_prefix("q=").and_then(|value| value.parse().ok());
        let quality = quality.filter(|quality| *quality <= 1.0);
        if let (Some(language), Some(quality)) = (language, quality)
            && quality > best.map_or(0.0, |(_, quality)| quality)
        {
            best = Some((language, quality));
        }
    }
    best.map(|(language, _)| language)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    use super::*;

    #[test]
    fn the_cookie_goes_before_what_the_browser_prefers_and_that_before_the_default() {
        let long = format!("{}ru", "de,".repeat(1_000));
        for (cookie, accepted, expected) in [
            ("", "", Language::Chinese),
            ("", "ru", Language::Russian),
            ("", "de, ru;q=0.5, en;q=0.7", Language::English),
            ("", "ZH-tw,en;q=0.9", Language::Chinese),
            ("", "en;q=0, ru;q=0.1", Language::Russian),
            ("", "en;q=0", Language::Chinese),
            ("", "en;q=x, ;;;, *", Language::Chinese),
            ("", "en;q=NaN", Language::Chinese),
            ("", "ru;q=9, en;q=0.1", Language::English),
            ("", &long, Language::Chinese),
            ("theme=dark; language=en", "ru", Language::English),
            ("language=tlh", "ru", Language::Russian),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accepted).unwrap());
            let language = chosen_language(&headers, Language::Chinese);
            assert_eq!(language, expected, "{cookie} {accepted:.40}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_bytes(b"\xff, ru").unwrap());
        assert_eq!(chosen_language(&headers, Language::English), Language::English);
    }
}
