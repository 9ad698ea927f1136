//! Turns the shortcodes and tags of other programs into Markdown that means the same. What has no
//! counterpart stays as it is and is named.

pub(crate) mod arguments;

use std::collections::HashSet;

use arguments::Arguments;

use crate::front_matter::{Fate, Generator, Note};

/// Where a text comes from.
pub struct Origin<'a> {
    /// The program that it was written for, if known.
    pub generator: Option<Generator>,
    /// Whether it is MDX.
    pub is_mdx: bool,
    /// The line of the file at which the text begins, from 1.
    pub first_line: usize,
    /// The address of the article that a text names by its file (`posts/a.md`,
    /// `2026-01-31-a-title`), if there is one.
    pub reference: &'a dyn Fn(&str) -> Option<String>,
}

/// Returns the text without what only its program understands, and what a person should know.
pub fn convert(markdown: &str, origin: &Origin<'_>) -> (String, Vec<Note>) {
    let mut converter = Converter {
        text: markdown,
        starts: std::iter::once(0)
            .chain(markdown.match_indices('\n').map(|(at, _)| at + 1))
            .collect(),
        at: 0,
        out: String::with_capacity(markdown.len()),
        notes: vec![],
        origin,
        missing: HashSet::new(),
        paragraph_end: 0,
        missing_spans: HashSet::new(),
    };
    converter.run();
    (converter.out, converter.notes)
}

/// What a tag becomes.
enum Outcome {
    /// This text.
    Text(String),
    /// A block of code: what stands up to the end tag with this name.
    Code { end: &'static str, language: String },
    /// What stands up to the end tag with this name, as it is.
    Raw(&'static str),
    /// Nothing, together with what stands up to the end tag with this name.
    Nothing(&'static str),
    /// A quotation: what stands up to the end tag with this name.
    Quote { end: &'static str, from: String },
    /// It stays, and is named.
    Unknown,
}

struct Converter<'a> {
    text: &'a str,
    /// Where its lines start.
    starts: Vec<usize>,
    at: usize,
    out: String,
    notes: Vec<Note>,
    origin: &'a Origin<'a>,
    /// What was looked for in vain and so is not in the rest either. Without this, a text that
    /// begins many things and ends none would take the square of its length.
    missing: HashSet<String>,
    /// Where the current paragraph ends, and which runs of backticks do not come again in it.
    paragraph_end: usize,
    missing_spans: HashSet<usize>,
}

impl<'a> Converter<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The line, from 0, at which the rest begins.
    fn line(&self) -> usize {
        self.starts.partition_point(|start| *start <= self.at) - 1
    }

    fn note(&mut self, fate: Fate, text: String) {
        let line = self.origin.first_line + self.line();
        self.notes.push(Note { line, fate, text });
    }

    /// Where the rest has `what`.
    fn find(&mut self, what: &str) -> Option<usize> {
        if self.missing.contains(what) {
            return None;
        }
        let found = self.rest().find(what);
        if found.is_none() {
            self.missing.insert(what.to_owned());
        }
        found
    }

    /// The length of the rest of this line.
    fn line_rest(&self) -> usize {
        let next = self.starts.get(self.line() + 1);
        next.map_or(self.text.len(), |next| next - 1) - self.at
    }

    /// Copies what comes up to `length` bytes further on.
    fn copy(&mut self, length: usize) {
        self.out.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    fn is_line_start(&self) -> bool {
        self.text[self.starts[self.line()]..self.at].trim_start().is_empty()
    }

    fn run(&mut self) {
        let generator = self.origin.generator;
        let is = |one| generator == Some(one);
        let has_shortcodes = is(Generator::Hugo);
        let has_liquid = is(Generator::Jekyll) || is(Generator::Hexo) || is(Generator::Eleventy);
        while self.at < self.text.len() {
            let rest = self.rest();
            let is_sign = |one: char| {
                matches!(one, '{' | '`' | '~' | '[' | '!' | '<')
                    || (self.origin.is_mdx && matches!(one, 'i' | 'e'))
            };
            let next = rest.find(is_sign).unwrap_or(rest.len());
            self.copy(next);
            let rest = self.rest();
            let is_line_start = self.is_line_start();
            let is_fence = rest.starts_with("```") || rest.starts_with("~~~");
            let taken = if is_fence && is_line_start {
                self.fence(has_shortcodes, has_liquid)
            } else if rest.starts_with('`') {
                self.code_span(has_shortcodes, has_liquid)
            } else if has_shortcodes && (rest.starts_with("{{<") || rest.starts_with("{{%")) {
                self.shortcode()
            } else if has_liquid && rest.starts_with("{%") {
                self.liquid_tag()
            } else if (is(Generator::Jekyll) || is(Generator::Eleventy)) && rest.starts_with("{{") {
                self.liquid_value()
            } else if is(Generator::Zola) && (rest.starts_with("{{") || rest.starts_with("{%")) {
                self.zola()
            } else if is(Generator::Jekyll) && rest.starts_with("{:") {
                self.attributes()
            } else if is(Generator::Obsidian) && (rest.starts_with("[[") || rest.starts_with("![["))
            {
                self.wiki_link()
            } else if generator.is_none() && (rest.starts_with("{{<") || rest.starts_with("{{%")) {
                let text = "this looks like a shortcode of Hugo; import the whole site, so that its \
                            settings say what it is";
                self.note(Fate::Left, text.into());
                false
            } else if self.origin.is_mdx {
                self.mdx(is_line_start)
            } else {
                false
            };
            if !taken {
                let length = self.rest().chars().next().map_or(0, char::len_utf8);
                self.copy(length);
            }
        }
    }

    /// A block of code stays as it is, but for marks that only say so.
    fn fence(&mut self, has_shortcodes: bool, has_liquid: bool) -> bool {
        let rest = self.rest();
        let mark = rest.as_bytes()[0];
        let length = rest.bytes().take_while(|byte| *byte == mark).count();
        let mut at = 0;
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            at += line.len();
            let trimmed = line.trim();
            let is_end = trimmed.len() >= length && trimmed.bytes().all(|byte| byte == mark);
            if number > 0 && is_end {
                break;
            }
        }
        let code = shown(&rest[..at], has_shortcodes, has_liquid);
        self.out.push_str(&code);
        self.at += at;
        true
    }

    fn code_span(&mut self, has_shortcodes: bool, has_liquid: bool) -> bool {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| *byte == b'`').count();
        let marks = &rest[..length];
        if self.paragraph_end <= self.at {
            self.paragraph_end = rest.find("\n\n").map_or(self.text.len(), |at| self.at + at + 1);
            self.missing_spans.clear();
        }
        let paragraph = &self.text[self.at..self.paragraph_end.max(self.at + length)];
        let mut from = length;
        while !self.missing_spans.contains(&length)
            && let Some(at) = paragraph[from..].find(marks).map(|at| from + at)
        {
            let run = paragraph[at..].bytes().take_while(|byte| *byte == b'`').count();
            if run == length {
                let code = shown(&paragraph[..at + run], has_shortcodes, has_liquid);
                self.out.push_str(&code);
                self.at += at + run;
                return true;
            }
            from = at + run;
        }
        self.missing_spans.insert(length);
        self.copy(length);
        true
    }

    /// `{{< name … >}}` and `{{% name … %}}`.
    fn shortcode(&mut self) -> bool {
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
        let end = |name: &str| -> Option<(usize, usize)> {
            // Any of `{{< /name >}}` and `{{% /name %}}`, with or without spaces.
            let mut from = whole;
            while let Some(at) = rest[from..].find("{{").map(|at| from + at) {
                let after = rest[at + 2..].trim_start_matches(['<', '%', ' ']);
                let own = after.strip_prefix('/').map(str::trim_start);
                if own.is_some_and(|own| own.starts_with(name) || own.starts_with(arguments.name()))
                {
                    let length = rest[at..].find("}}")?;
                    return Some((at, at + length + 2));
                }
                from = at + 2;
            }
            None
        };
        self.apply(outcome, whole, &end, arguments.name())
    }

    /// `{% name … %}` of Jekyll, Hexo and Eleventy.
    fn liquid_tag(&mut self) -> bool {
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
        let end = |name: &str| -> Option<(usize, usize)> {
            let mut from = whole;
            while let Some(at) = rest[from..].find("{%").map(|at| from + at) {
                let length = rest[at..].find("%}")?;
                let inner = rest.get(at + 2..at + length)?.trim_matches(['-', ' ']);
                if inner.split_whitespace().next() == Some(name) {
                    return Some((at, at + length + 2));
                }
                from = at + 2;
            }
            None
        };
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

    fn reference(&self, file: Option<&str>) -> Outcome {
        let (file, anchor) = match file.unwrap_or_default().split_once('#') {
            Some((file, anchor)) => (file, format!("#{anchor}")),
            None => (file.unwrap_or_default(), String::new()),
        };
        if file.is_empty() && !anchor.is_empty() {
            return Outcome::Text(anchor);
        }
        match (self.origin.reference)(file) {
            Some(address) => Outcome::Text(format!("{address}{anchor}")),
            None => Outcome::Unknown,
        }
    }

    /// Puts what a tag becomes in its place. `whole` is the tag's length; `end` finds its end tag.
    fn apply(
        &mut self,
        outcome: Outcome,
        whole: usize,
        end: &dyn Fn(&str) -> Option<(usize, usize)>,
        name: &str,
    ) -> bool {
        let rest = self.rest();
        let (text, length) = match outcome {
            Outcome::Text(text) => (text, whole),
            Outcome::Unknown => {
                // An end tag was named with its start.
                if !name.starts_with('/') && !name.starts_with("end") {
                    let tag: String = rest[..whole].chars().take(80).collect();
                    let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
                    self.note(
                        Fate::Left,
                        format!("{tag} means nothing here and stays in the text"),
                    );
                }
                self.copy(whole);
                return true;
            }
            Outcome::Raw(tag)
            | Outcome::Nothing(tag)
            | Outcome::Quote { end: tag, .. }
            | Outcome::Code { end: tag, .. } => {
                let name_of_end = format!("end of {name}");
                let found = if self.missing.contains(&name_of_end) { None } else { end(tag) };
                let Some((inner_end, length)) = found else {
                    self.missing.insert(name_of_end);
                    self.note(Fate::Left, format!("{name} has no end, so it stays in the text"));
                    self.copy(whole);
                    return true;
                };
                let inner = &rest[whole..inner_end];
                let text = match outcome {
                    Outcome::Code { language, .. } => {
                        let before = if self.is_line_start() { "" } else { "\n\n" };
                        format!("{before}{}", fenced(inner, &language))
                    }
                    Outcome::Quote { from, .. } => {
                        let lines = inner.trim().lines().map(|line| format!("> {line}"));
                        let mut quote = lines.collect::<Vec<_>>().join("\n");
                        if !from.is_empty() {
                            quote.push_str(&format!("\n>\n> — {from}"));
                        }
                        quote
                    }
                    Outcome::Raw(_) => inner.to_owned(),
                    _ => String::new(),
                };
                (text, length)
            }
        };
        self.out.push_str(&text);
        self.at += length;
        true
    }

    /// `{{ … }}` of Jekyll and Eleventy: an address, or something that is not known here.
    fn liquid_value(&mut self) -> bool {
        let rest = self.rest();
        let Some(length) = self.find("}}") else { return false };
        let Some(inner) = rest.get(2..length).map(str::trim) else { return false };
        let mut parts = inner.split('|').map(str::trim);
        let value = parts.next().unwrap_or_default();
        let is_of_site = |value: &str| {
            matches!(value, "site.baseurl" | "site.url" | "site.base_url" | "site.github.url")
        };
        let quoted = ['"', '\''].iter().find_map(|quote| {
            value.strip_prefix(*quote).and_then(|value| value.strip_suffix(*quote))
        });
        let filters_are_known = parts.all(|filter| {
            let (name, argument) = filter.split_once(':').unwrap_or((filter, ""));
            match name.trim() {
                "relative_url" | "absolute_url" | "url" => true,
                "prepend" => is_of_site(argument.trim()),
                _ => false,
            }
        });
        match quoted {
            _ if is_of_site(value) => {}
            Some(text) if filters_are_known => {
                // A path of the site.
                let slash = if text.starts_with('/') || text.contains("://") { "" } else { "/" };
                self.out.push_str(&format!("{slash}{text}"));
            }
            _ => return self.apply(Outcome::Unknown, length + 2, &|_| None, inner),
        }
        self.at += length + 2;
        true
    }

    /// `{{ name(…) }}` and `{% name(…) %}` of Zola.
    fn zola(&mut self) -> bool {
        let rest = self.rest();
        let is_block = rest.starts_with("{%");
        let Some(length) = self.find(if is_block { "%}" } else { "}}" }) else { return false };
        let Some(inner) = rest.get(2..length).map(str::trim) else { return false };
        if let Some(text) = inner.strip_prefix("/*").and_then(|text| text.strip_suffix("*/")) {
            let (open, close) = if is_block { ("{%", "%}") } else { ("{{", "}}") };
            self.out.push_str(&format!("{open}{text}{close}"));
            self.at += length + 2;
            return true;
        }
        if !is_block && !inner.contains('(') {
            return false;
        }
        let arguments = Arguments::parse(&inner.replacen('(', " ", 1).replace(')', " "));
        let outcome = match arguments.name() {
            "figure" | "image" | "img" | "resize_image" => figure(&arguments),
            "quote" if is_block => Outcome::Quote {
                end: "end",
                from: arguments.get("author").unwrap_or_default().to_owned(),
            },
            _ => embedded(&arguments),
        };
        let end = |_: &str| {
            let at = rest[length..].find("{% end %}")? + length;
            Some((at, at + "{% end %}".len()))
        };
        self.apply(outcome, length + 2, &end, arguments.name())
    }

    /// Kramdown's `{: .class #id}`, which says how something looks.
    fn attributes(&mut self) -> bool {
        let rest = self.rest();
        let line_end = self.line_rest();
        let Some(end) = rest[..line_end].find('}').map(|at| at + 1) else { return false };
        let inner = rest[2..end - 1].trim();
        if inner.split_whitespace().any(|word| word == "toc") {
            // A table of contents stands in place of the list before it.
            let before = self.out.trim_end();
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            let line = before[start..].trim_start();
            if line.starts_with("* ") || line.starts_with("- ") || line.starts_with("1. ") {
                self.out.truncate(start);
            }
        } else {
            self.note(
                Fate::Changed,
                format!("{} says how it looks, so it was left out", &rest[..end]),
            );
        }
        self.at += end;
        true
    }

    /// Obsidian's `[[Note|text]]` and `![[picture.png]]`.
    fn wiki_link(&mut self) -> bool {
        let rest = self.rest();
        let is_embedded = rest.starts_with('!');
        let start = if is_embedded { 3 } else { 2 };
        let line_end = self.line_rest();
        let Some(end) = rest[..line_end].find("]]") else { return false };
        let (target, text) = rest[start..end].split_once('|').unwrap_or((&rest[start..end], ""));
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let has_ending = file.rsplit_once('.').is_some_and(|(_, ending)| {
            ["png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "bmp"]
                .contains(&ending.to_lowercase().as_str())
        });
        if is_embedded && has_ending {
            let words =
                if text.chars().all(|one| one.is_ascii_digit() || one == 'x') { "" } else { text };
            self.out.push_str(&format!("![{words}]({})", spaced(file)));
        } else {
            let shown = if text.is_empty() { target.trim_start_matches('#') } else { text };
            let address = (self.origin.reference)(file);
            let address = address.or((file.is_empty() && !anchor.is_empty()).then(String::new));
            match address {
                Some(address) => {
                    let anchor = crate::slug::slugify(anchor);
                    let anchor = if anchor.is_empty() { anchor } else { format!("#{anchor}") };
                    self.out.push_str(&format!("[{shown}]({address}{anchor})"));
                }
                None => {
                    self.note(
                        Fate::Left,
                        format!("{} leads nowhere, so it is text", &rest[..end + 2]),
                    );
                    self.out.push_str(shown);
                }
            }
        }
        self.at += end + 2;
        true
    }

    /// MDX: imports and exports go; components stay and are named.
    fn mdx(&mut self, is_line_start: bool) -> bool {
        let rest = self.rest();
        let is_whole_line = is_line_start && !self.text[..self.at].ends_with([' ', '\t']);
        if is_whole_line && (rest.starts_with("import ") || rest.starts_with("export ")) {
            // A statement ends before a blank line.
            let length = rest.find("\n\n").map_or(rest.len(), |at| at + 1);
            let first = rest.lines().next().unwrap_or_default();
            let is_import = rest.starts_with("export ")
                || first.contains('\'')
                || first.contains('"')
                || first.contains('{');
            if !is_import {
                return false;
            }
            self.note(
                Fate::Changed,
                format!("{} is code of MDX, so it was left out", short(first)),
            );
            self.at += length;
            return true;
        }
        if rest.starts_with("{/*")
            && let Some(length) = rest.find("*/}")
        {
            self.at += length + 3;
            return true;
        }
        let is_component =
            rest.starts_with('<') && rest[1..].starts_with(|one: char| one.is_ascii_uppercase());
        if is_component {
            let tag = rest.find('>').map_or(rest, |at| &rest[..=at]);
            let tag = short(tag);
            self.note(Fate::Left, format!("{tag} is a component, which means nothing here"));
        }
        false
    }
}

fn short(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    short.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Code as it was shown: without the marks that say that what is in it is not to be run.
fn shown(code: &str, has_shortcodes: bool, has_liquid: bool) -> String {
    let mut code = code.to_owned();
    if has_shortcodes {
        for (written, shown) in
            [("{{</*", "{{<"), ("*/>}}", ">}}"), ("{{%/*", "{{%"), ("*/%}}", "%}}")]
        {
            code = code.replace(written, shown);
        }
    }
    if has_liquid {
        for mark in ["{% raw %}", "{% endraw %}", "{%raw%}", "{%endraw%}"] {
            code = code.replace(mark, "");
        }
    }
    code
}

/// A block of code, fenced by more backticks than are in it.
fn fenced(code: &str, language: &str) -> String {
    let code = code.strip_prefix('\n').unwrap_or(code).trim_end();
    let longest = code.split(|one| one != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language = language.split(|one: char| one.is_whitespace() || one == '`').next();
    format!("{fence}{}\n{code}\n{fence}\n", language.unwrap_or_default())
}

/// An address in a link: in `<>` if it has spaces.
fn spaced(address: &str) -> String {
    let is_odd = address.contains([' ', '(', ')']);
    if is_odd { format!("<{address}>") } else { address.to_owned() }
}

fn link(text: &str, address: &str) -> Outcome {
    Outcome::Text(format!("[{text}]({})", spaced(address)))
}

fn youtube(id: &str) -> String {
    if id.contains("://") { id.to_owned() } else { format!("https://www.youtube.com/watch?v={id}") }
}

/// A picture with a caption and a link.
fn figure(arguments: &Arguments) -> Outcome {
    let get = |keys: &[&str]| keys.iter().find_map(|key| arguments.get(key)).map(str::to_owned);
    let positional = || arguments.at(0).filter(|one| one.contains('.')).map(str::to_owned);
    let source = get(&["src", "image_path", "url", "path", "image", "file"]).or_else(positional);
    let Some(source) = source.filter(|source| !source.contains("{{")) else {
        return Outcome::Unknown;
    };
    let caption = get(&["caption", "title", "attr"]).unwrap_or_default();
    let alt = get(&["alt"]).unwrap_or_else(|| caption.clone());
    let alt = alt.replace(['[', ']'], "");
    let mut picture = format!("![{alt}]({})", spaced(&source));
    if let Some(link) = get(&["link", "href"]) {
        picture = format!("[{picture}]({})", spaced(&link));
    }
    if !caption.is_empty() {
        picture.push_str(&format!("\n\n*{}*", caption.trim().replace('*', "\\*")));
    }
    Outcome::Text(picture)
}

/// What is embedded from elsewhere becomes a link to it: pages here load nothing from others.
fn embedded(arguments: &Arguments) -> Outcome {
    let keys = ["id", "video", "url", "src"];
    let named = keys.iter().find_map(|key| arguments.get(key));
    let first = named.or(arguments.at(0));
    let is_id = |id: &str| !id.is_empty() && !id.contains([' ', '"', '<', '>', ')', '{']);
    let Some(id) = first.filter(|id| is_id(id)) else { return Outcome::Unknown };
    let elsewhere = |start: &str| {
        if id.contains("://") { id.to_owned() } else { format!("{start}{id}") }
    };
    match arguments.name() {
        "youtube" | "youtube_embed" | "youtubeid" => link("Video on YouTube", &youtube(id)),
        "vimeo" => link("Video on Vimeo", &elsewhere("https://vimeo.com/")),
        "bilibili" => link("Video on Bilibili", &elsewhere("https://www.bilibili.com/video/")),
        "gist" => {
            let path = match (named, arguments.at(1)) {
                (None, Some(second)) if !second.contains('.') => format!("{id}/{second}"),
                _ => id.to_owned(),
            };
            let address =
                if path.contains("://") { path } else { format!("https://gist.github.com/{path}") };
            link("Code on GitHub Gist", &address)
        }
        "tweet" | "x" | "twitter" => {
            let user = arguments
                .get("user")
                .or((named.is_none() && arguments.at(1).is_some()).then_some(id));
            let status = arguments.get("id").or(arguments.at(1)).unwrap_or(id);
            let address = match user {
                _ if id.contains("://") => id.to_owned(),
                Some(user) => format!("https://x.com/{user}/status/{status}"),
                None => format!("https://x.com/i/status/{status}"),
            };
            link("Post on X", &address)
        }
        "instagram" => link("Post on Instagram", &elsewhere("https://www.instagram.com/p/")),
        "jsfiddle" => link("Code on JSFiddle", &elsewhere("https://jsfiddle.net/")),
        "codepen" => link("Code on CodePen", &elsewhere("https://codepen.io/")),
        "asciinema" => link("Recording on asciinema", &elsewhere("https://asciinema.org/a/")),
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests;
