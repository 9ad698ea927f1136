//! Tags and values of Liquid and Nunjucks, which Jekyll, Hexo and Eleventy have.

use super::embeds::{embedded, figure, link, spaced, youtube};
use super::{Arguments, Converter, Outcome};

impl Converter<'_> {
    /// `{% name … %}` of Jekyll, Hexo and Eleventy.
    pub(super) fn liquid_tag(&mut self) -> bool {
        let rest = self.rest();
        let Some(length) = self.find("%}") else { return false };
        let Some(inner) = rest.get(2..length) else { return false };
        let inner = inner.trim_matches(['-', ' ', '\t', '\n']);
        let whole = length + 2;
        let arguments = Arguments::parse(inner);
        let outcome = match arguments.name() {
            "raw" => Outcome::Raw("endraw"),
            "verbatim" => Outcome::Raw("endverbatim"),
            "comment" => Outcome::Nothing("endcomment"),
            "highlight" => Outcome::Code {
                end: "endhighlight",
                language: arguments.at(0).unwrap_or_default().to_owned(),
            },
            "codeblock" | "code" => {
                let language = arguments.all().iter().find_map(|one| one.strip_prefix("lang:"));
                Outcome::Code {
                    end: if arguments.name() == "code" { "endcode" } else { "endcodeblock" },
                    language: language.unwrap_or_default().to_owned(),
                }
            }
            "blockquote" | "quote" => Outcome::Quote {
                end: if arguments.name() == "quote" { "endquote" } else { "endblockquote" },
                from: arguments.all().join(" "),
            },
            "post_url" | "link" | "post_path" => self.reference(arguments.at(0)),
            "post_link" => match (self.origin.reference)(arguments.at(0).unwrap_or_default()) {
                Some(address) => {
                    let title = arguments.all().get(1..).unwrap_or_default().join(" ");
                    let name = arguments.at(0).unwrap_or_default();
                    let title = if title.is_empty() { name.to_owned() } else { title };
                    Outcome::Text(format!("[{title}]({address})"))
                }
                None => Outcome::Unknown,
            },
            "asset_path" => Outcome::Text(arguments.at(0).unwrap_or_default().to_owned()),
            "asset_img" | "img" | "image" => {
                let is_picture = |one: &&String| one.contains('.') && !one.starts_with("http:");
                match arguments.all().iter().position(|one| is_picture(&one)) {
                    Some(at) => {
                        let words = arguments.all().get(at + 1..).unwrap_or_default().iter();
                        let words = words.filter(|word| word.parse::<f64>().is_err());
                        let text = words.cloned().collect::<Vec<_>>().join(" ");
                        Outcome::Text(format!("![{text}]({})", spaced(&arguments.all()[at])))
                    }
                    None => Outcome::Unknown,
                }
            }
            "include" | "include_relative" | "render" => self.include(&arguments),
            _ => embedded(&arguments),
        };
        let end = |name: &str| end_tag(rest, whole, name);
        self.apply(outcome, whole, &end, arguments.name())
    }

    /// An include: of a video, of a picture, or of what is nothing in an article, such as a table
    /// of contents or comments.
    fn include(&self, arguments: &Arguments) -> Outcome {
        let file = arguments.at(0).unwrap_or_default().to_lowercase();
        let stem = file.rsplit('/').next().unwrap_or_default();
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let id = ["id", "video", "video_id", "youtubeId", "url"]
            .iter()
            .find_map(|key| arguments.get(key));
        let is_picture = ["figure", "image", "img", "picture", "caption"];
        if stem.contains("youtube")
            && let Some(id) = id
        {
            return link("Video on YouTube", &youtube(id));
        }
        if is_picture.iter().any(|word| stem.contains(word)) {
            return figure(arguments);
        }
        let nothing =
            ["toc", "comments", "disqus", "share", "ads", "analytics", "mathjax", "katex"];
        if stem.split(['-', '_']).any(|word| nothing.contains(&word)) {
            return Outcome::Text(String::new());
        }
        Outcome::Unknown
    }

    /// `{{ … }}` of Jekyll and Eleventy: an address, a text, or something that is not known here.
    pub(super) fn liquid_value(&mut self) -> bool {
        let rest = self.rest();
        let Some(end) = self.find("}}") else { return false };
        let Some(length) = end_of_value(rest, end) else { return false };
        let inner = rest[2..length].trim_matches(['-', ' ', '\t', '\n']);
        let quoted = ['"', '\''].iter().find_map(|quote| {
            let (text, filters) = inner.strip_prefix(*quote)?.split_once(*quote)?;
            Some((text, filters.trim()))
        });
        let (value, filters) = match quoted {
            Some((_, filters)) => ("", filters.strip_prefix('|').unwrap_or(filters)),
            None => inner.split_once('|').unwrap_or((inner, "")),
        };
        let is_of_site = |value: &str| {
            matches!(value, "site.baseurl" | "site.url" | "site.base_url" | "site.github.url")
        };
        let filters_are_known = filters.split('|').all(|filter| {
            let (name, argument) = filter.split_once(':').unwrap_or((filter, ""));
            match name.trim() {
                "relative_url" | "absolute_url" | "url" => true,
                "prepend" => is_of_site(argument.trim()),
                _ => false,
            }
        });
        match quoted {
            None if is_of_site(value.trim()) => {}
            Some((text, "")) => self.out.push_str(text),
            Some((text, _)) if filters_are_known => {
                // A path of the site.
                let slash = if text.starts_with('/') || text.contains("://") { "" } else { "/" };
                self.out.push_str(&format!("{slash}{text}"));
            }
            _ => return self.apply(Outcome::Unknown, length + 2, &|_| None, inner),
        }
        self.at += length + 2;
        true
    }
}

/// Where the first end tag with a name is from a place on, and where it ends.
pub(super) fn end_tag(text: &str, mut from: usize, name: &str) -> Option<(usize, usize)> {
    while let Some(at) = text[from..].find("{%").map(|at| from + at) {
        let inner = text[at + 2..].trim_start_matches(['-', ' ', '\t', '\n']);
        // Only in a tag with that name is its end looked for, so every byte is read once.
        if let Some(after) = inner.strip_prefix(name)
            && after.starts_with(['-', ' ', '%', '\t', '\n'])
        {
            let length = text[at..].find("%}")?;
            return Some((at, at + length + 2));
        }
        from = at + 2;
    }
    None
}

/// Where a value ends of which the first `}}` is at `first`: that may be in a quoted text.
fn end_of_value(text: &str, first: usize) -> Option<usize> {
    let value = text.get(2..first)?;
    let mut open = None;
    for one in value.chars() {
        match open {
            None if matches!(one, '"' | '\'') => open = Some(one),
            Some(quote) if quote == one => open = None,
            _ => {}
        }
    }
    let end = open.and_then(|quote| {
        let from = first + text[first..].find(quote)? + 1;
        let end = from + text[from..].find("}}")?;
        // A text and what follows it are on one line. Otherwise it is only an apostrophe.
        (!text[first..end].contains('\n')).then_some(end)
    });
    Some(end.unwrap_or(first))
}
