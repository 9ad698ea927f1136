//! Shortcodes of Hugo.

use super::embeds::{embedded, figure};
use super::{Arguments, Converter, Outcome};

impl Converter<'_> {
    /// `{{< name … >}}` and `{{% name … %}}`.
    pub(super) fn shortcode(&mut self) -> bool {
        let rest = self.rest();
        let close = if rest.starts_with("{{<") { ">}}" } else { "%}}" };
        let Some(length) = self.find(close) else { return false };
        let Some(inner) = rest.get(3..length).map(str::trim) else { return false };
        let whole = length + 3;
        if let Some(text) = inner.strip_prefix("/*").and_then(|text| text.strip_suffix("*/")) {
            self.out.push_str(&format!("{}{text}{close}", &rest[..3]));
            self.at += whole;
            return true;
        }
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        let arguments = Arguments::parse(inner);
        let outcome = match arguments.name() {
            "highlight" => Outcome::Code {
                end: "highlight",
                language: arguments.at(0).unwrap_or_default().to_owned(),
            },
            "figure" | "img" | "image" => figure(&arguments),
            "ref" | "relref" => self.reference(arguments.at(0).or(arguments.get("path"))),
            "rawhtml" | "raw-html" | "html" => Outcome::Raw("rawhtml"),
            "blockquote" | "quote" => Outcome::Quote {
                end: "blockquote",
                from: arguments.get("author").unwrap_or_default().to_owned(),
            },
            "comment" => Outcome::Nothing("comment"),
            _ => embedded(&arguments),
        };
        let end = |name: &str| end_of(rest, whole, [name, arguments.name()]);
        self.apply(outcome, whole, &end, arguments.name())
    }
}

/// Where the first end of a shortcode is from a place on, and where that ends: any of
/// `{{< /name >}}` and `{{% /name %}}`, with or without spaces.
fn end_of(text: &str, mut from: usize, names: [&str; 2]) -> Option<(usize, usize)> {
    while let Some(at) = text[from..].find("{{").map(|at| from + at) {
        let inner = text[at + 2..].trim_start_matches(['<', '%', ' ']);
        let name = inner.strip_prefix('/').map(str::trim_start);
        let is_end = |name: &str, wanted: &str| {
            name.strip_prefix(wanted).is_some_and(|after| after.starts_with([' ', '>', '%', '\n']))
        };
        if name.is_some_and(|name| names.iter().any(|wanted| is_end(name, wanted))) {
            let length = text[at..].find("}}")?;
            return Some((at, at + length + 2));
        }
        from = at + 2;
    }
    None
}
