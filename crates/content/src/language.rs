//! Codes of languages.

/// The BCP 47 tag of a language, which is the two-letter code if there is one.
pub(crate) fn language_tag(language: whatlang::Lang) -> &'static str {
    short_code(language.code()).unwrap_or(language.code())
}

/// The two-letter code for a three-letter one, if there is one.
pub(crate) fn short_code(code: &str) -> Option<&'static str> {
    SHORT_CODES.iter().find(|(long, _)| *long == code).map(|(_, short)| *short)
}

/// Whether it is the two-letter code of a language. Case does not matter.
pub(crate) fn is_short_code(code: &str) -> bool {
    SHORT_CODES.iter().any(|(_, short)| short.eq_ignore_ascii_case(code))
}

/// The codes of ISO 639-3 that the detection knows, with those of ISO 639-1.
const SHORT_CODES: [(&str, &str); 70] = [
    ("afr", "af"),
    ("aka", "ak"),
    ("amh", "am"),
    ("ara", "ar"),
    ("aze", "az"),
    ("bel", "be"),
    ("ben", "bn"),
    ("bul", "bg"),
    ("cat", "ca"),
    ("ces", "cs"),
    ("cmn", "zh"),
    ("cym", "cy"),
    ("dan", "da"),
    ("deu", "de"),
    ("ell", "el"),
    ("eng", "en"),
    ("epo", "eo"),
    ("est", "et"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("guj", "gu"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("jav", "jv"),
    ("jpn", "ja"),
    ("kan", "kn"),
    ("kat", "ka"),
    ("khm", "km"),
    ("kor", "ko"),
    ("lat", "la"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mkd", "mk"),
    ("mya", "my"),
    ("nep", "ne"),
    ("nld", "nl"),
    ("nob", "nb"),
    ("ori", "or"),
    ("pan", "pa"),
    ("pes", "fa"),
    ("pol", "pl"),
    ("por", "pt"),
    ("ron", "ro"),
    ("rus", "ru"),
    ("sin", "si"),
    ("slk", "sk"),
    ("slv", "sl"),
    ("sna", "sn"),
    ("spa", "es"),
    ("srp", "sr"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tuk", "tk"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("uzb", "uz"),
    ("vie", "vi"),
    ("yid", "yi"),
    ("zul", "zu"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_two_letter_tags() {
        for language in whatlang::Lang::all() {
            assert_eq!(language_tag(*language).len(), 2, "{}", language.code());
        }
    }
}
