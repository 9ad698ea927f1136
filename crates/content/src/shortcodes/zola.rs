//! Shortcodes of Zola.

use super::embeds::{embedded, figure};
use super::liquid::end_tag;
use super::{Arguments, Converter, Outcome};

impl Converter<'_> {
    /// `{{ name(…) }}` and `{% name(…) %}` of Zola.
    pub(super) fn zola(&mut self) -> bool {
        let rest = self.rest();
        let is_block = rest.starts_with("{%");
        let Some(length) = self.find(if is_block { "%}" } else { "}}" }) else { return false };
        let Some(inner) = rest.get(2..length) else { return false };
        let inner = inner.trim_matches(['-', ' ', '\t', '\n']);
        if let Some(text) = inner.strip_prefix("/*").and_then(|text| text.strip_suffix("*/")) {
            let (open, close) = if is_block { ("{%", "%}") } else { ("{{", "}}") };
            self.out.push_str(&format!("{open}{text}{close}"));
            self.at += length + 2;
            return true;
        }
        let after_name = inner.trim_start_matches(|one: char| one.is_alphanumeric() || one == '_');
        if !is_block && !after_name.trim_start().starts_with('(') {
            return false;
        }
        // The arguments may have brackets as well.
        let (name, values) = inner.split_once('(').unwrap_or((inner, ""));
        let values = values.rsplit_once(')').map_or(values, |(values, _)| values);
        let arguments = Arguments::parse(&format!("{name} {values}"));
        let outcome = match arguments.name() {
            "figure" | "image" | "img" | "resize_image" => figure(&arguments),
            "quote" if is_block => Outcome::Quote {
                end: "end",
                from: arguments.get("author").unwrap_or_default().to_owned(),
            },
            _ => embedded(&arguments),
        };
        let end = |name: &str| end_tag(rest, length + 2, name);
        self.apply(outcome, length + 2, &end, arguments.name())
    }
}
