//! Turns the shortcodes and tags of other programs into Markdown that means the same. What has no
//! counterpart stays as it is and is named.

pub(crate) mod arguments;
mod code;
mod embeds;
mod hugo;
mod kramdown;
mod liquid;
mod mdx;
mod obsidian;
mod place;
mod zola;

use std::collections::{HashMap, HashSet};

use arguments::Arguments;
use code::{Marks, fenced};
use place::Containers;

use crate::front_matter::{Fate, Generator, Note};
use crate::whitespace::one_line;

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
        found: HashMap::new(),
        missing: HashSet::new(),
        paragraph_end: 0,
        missing_spans: HashSet::new(),
        containers: Containers::default(),
        lines_read: 0,
        mark_end: None,
    };
    converter.run();
    (converter.out, converter.notes)
}

/// What a tag becomes.
enum Outcome {
    /// This text.
    Text(String),
    /// A picture with a caption under it.
    Figure { picture: String, caption: String },
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
    /// From where something was looked for last, and where it is. Without this, a text that begins
    /// many things and ends one, or none, would take the square of its length.
    found: HashMap<&'static str, (usize, Option<usize>)>,
    /// What has no end, and so will have none in the rest either.
    missing: HashSet<String>,
    /// Where the current paragraph ends, and which runs of backticks do not come again in it.
    paragraph_end: usize,
    missing_spans: HashSet<usize>,
    /// The quotes and items that are open, and how many lines were read for them.
    containers: Containers,
    lines_read: usize,
    /// Where a highlight of Obsidian ends that has begun.
    mark_end: Option<usize>,
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
    fn find(&mut self, what: &'static str) -> Option<usize> {
        self.find_from(what, 0)
    }

    /// Where the rest has `what`, at `offset` or later.
    fn find_from(&mut self, what: &'static str, offset: usize) -> Option<usize> {
        let from = self.at + offset;
        let found = match self.found.get(what) {
            Some((start, found)) if *start <= from && found.is_none_or(|at| from <= at) => *found,
            _ => {
                let found = self.text[from..].find(what).map(|at| from + at);
                self.found.insert(what, (from, found));
                found
            }
        };
        found.map(|at| at - self.at)
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

    fn run(&mut self) {
        let generator = self.origin.generator;
        let is = |one| generator == Some(one);
        let (is_jekyll, is_obsidian) = (is(Generator::Jekyll), is(Generator::Obsidian));
        let has_tags = is_jekyll || is(Generator::Hexo) || is(Generator::Eleventy);
        let has_values = is_jekyll || is(Generator::Eleventy);
        let (marks, is_mdx) = (Marks::of(generator), self.origin.is_mdx);
        let is_sign = |one: char| {
            matches!(one, '{' | '`' | '~' | '[' | '!' | '<')
                || (is_mdx && matches!(one, 'i' | 'e'))
                || (is_obsidian && matches!(one, '%' | '=' | '$'))
        };
        while self.at < self.text.len() {
            let rest = self.rest();
            let next = rest.find(is_sign).unwrap_or(rest.len());
            self.copy(next);
            let rest = self.rest();
            let is_shortcode = rest.starts_with("{{<") || rest.starts_with("{{%");
            let is_fence = rest.starts_with("```") || rest.starts_with("~~~");
            let taken = if is_fence && self.fence(marks) {
                true
            } else if rest.starts_with('`') {
                self.code_span(marks)
            } else if is(Generator::Hugo) && is_shortcode {
                self.shortcode()
            } else if has_tags && rest.starts_with("{%") {
                self.liquid_tag()
            } else if has_values && rest.starts_with("{{") {
                self.liquid_value()
            } else if is(Generator::Zola) && (rest.starts_with("{{") || rest.starts_with("{%")) {
                self.zola()
            } else if is_jekyll && rest.starts_with("{:") {
                self.attributes()
            } else if is_obsidian && self.obsidian() {
                true
            } else if generator.is_none() && is_shortcode {
                let text = "this looks like a shortcode of Hugo; import the whole site, so that \
                            its settings say what it is";
                self.note(Fate::Left, text.into());
                false
            } else if is_mdx {
                self.mdx()
            } else {
                false
            };
            if !taken {
                let length = self.rest().chars().next().map_or(0, char::len_utf8);
                self.copy(length);
            }
        }
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
        let tag = match &outcome {
            Outcome::Text(text) => {
                self.put_text(text, whole);
                return true;
            }
            Outcome::Figure { picture, caption } => {
                if self.is_in_cell(whole) {
                    // A cell is one line, and ends at a bar.
                    let figure = format!("{picture}<br>{caption}").replace('|', "\\|");
                    self.out.push_str(&figure);
                    self.at += whole;
                } else {
                    let place = self.place();
                    self.put_block(place, &format!("{picture}\n\n{caption}"), whole);
                }
                return true;
            }
            Outcome::Unknown => {
                self.leave_tag(whole, name);
                return true;
            }
            Outcome::Raw(tag)
            | Outcome::Nothing(tag)
            | Outcome::Quote { end: tag, .. }
            | Outcome::Code { end: tag, .. } => tag,
        };
        let rest = self.rest();
        let name_of_end = format!("end of {name}");
        let found = if self.missing.contains(&name_of_end) { None } else { end(tag) };
        let Some((inner_end, length)) = found else {
            self.missing.insert(name_of_end);
            self.note(Fate::Left, format!("{name} has no end, so it stays in the text"));
            self.copy(whole);
            return true;
        };
        let inner = &rest[whole..inner_end];
        match outcome {
            Outcome::Code { language, .. } => {
                let place = self.place();
                let code = fenced(&place.dedented(inner), &language);
                self.put_block(place, &code, length);
            }
            Outcome::Quote { from, .. } => {
                let place = self.place();
                let quote = self.quotation(&place.dedented(inner), whole, inner, &from);
                self.put_block(place, &quote, length);
            }
            Outcome::Nothing(_) => {
                self.note(Fate::Changed, "a comment was left out".into());
                self.leave_out(length);
            }
            _ => {
                self.out.push_str(inner);
                self.at += length;
            }
        }
        true
    }

    /// Leaves a tag that means nothing here, and names it.
    fn leave_tag(&mut self, whole: usize, name: &str) {
        // An end tag was named with its start.
        if !name.starts_with('/') && !name.starts_with("end") {
            let tag = embeds::short(&self.rest()[..whole]);
            self.note(Fate::Left, format!("{tag} means nothing here and stays in the text"));
        }
        self.copy(whole);
    }

    /// A quotation of what stands between a tag and its end.
    fn quotation(&mut self, text: &str, whole: usize, inner: &str, from: &str) -> String {
        // It may have tags as well. Quotations of one kind do not nest, so this never goes deep.
        let before = whole + inner.len() - inner.trim_start().len();
        let lines = self.line() + self.rest()[..before].matches('\n').count();
        let origin = Origin { first_line: self.origin.first_line + lines, ..*self.origin };
        let (text, notes) = convert(text.trim(), &origin);
        self.notes.extend(notes);
        let mark = |line: &str| if line.is_empty() { ">".into() } else { format!("> {line}") };
        let mut quote = text.lines().map(mark).collect::<Vec<String>>().join("\n");
        if !from.is_empty() {
            quote.push_str(&format!("\n>\n> — {}", one_line(from)));
        }
        quote
    }
}

#[cfg(test)]
mod tests;
