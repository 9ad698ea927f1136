//! The texts of `browser/reading.js`.

use serde_json::{Map, Value};

use crate::model::language::Language;

impl Language {
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

#[cfg(test)]
mod tests {
    use super::*;

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
