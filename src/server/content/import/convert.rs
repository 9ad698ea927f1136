//! Turns a file's text into one that means the same here: shortcodes, links to other articles, and
//! pictures.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use tidemark_content::front_matter::{
    self, Note, Source, is_picture_address, normalize_path, without_ending,
};
use tidemark_content::links::{links, replace};
use tidemark_content::shortcodes::{self, Origin};
use tidemark_content::site::Site;

use super::blog::{Export, Place};
use super::fetch::Fetcher;
use super::folder::{Folder, read_picture};
use super::plan::Planned;
use super::report::{Advice, Fate, Report};

/// Endings of pictures that can be kept.
const PICTURES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Endings of other files that a link may lead to.
const FILES: [&str; 26] = [
    "pdf", "zip", "gz", "tgz", "mp3", "mp4", "webm", "ogg", "wav", "mov", "svg", "avif", "bmp",
    "ico", "tiff", "heic", "txt", "csv", "json", "ipynb", "py", "js", "css", "doc", "docx", "pptx",
];

/// Whether a file with this ending is a picture that can be kept.
pub(super) fn is_picture(ending: &str) -> bool {
    PICTURES.contains(&ending)
}

/// Where the articles come from, with everything that is not text.
#[derive(Clone, Copy)]
pub(super) enum Files<'a> {
    /// Nowhere. There is nothing that an address could lead to.
    None,
    /// A folder with a file for each article.
    Folder(&'a Folder),
    /// An export of a whole blog.
    Export(&'a Export),
}

/// Everything that an article may refer to.
pub(super) struct Library<'a> {
    origin: Files<'a>,
    /// Whether pictures that are missing are fetched.
    fetches: bool,
    advice: Advice,
    /// Addresses by what names an article in its site: paths and names of files.
    files: HashMap<String, String>,
    /// Addresses by old addresses.
    addresses: HashMap<&'a str, String>,
}

/// A picture that has to be kept.
pub(super) struct Picture {
    at: At,
    /// The line of the article's file that shows it.
    pub line: usize,
    /// Where its address stands in the text. `None`: it is the cover.
    place: Option<Range<usize>>,
}

/// Where a picture is.
#[derive(Clone)]
pub(super) enum At {
    /// In a file.
    File(PathBuf),
    /// At its old address.
    Web(String),
}

impl Picture {
    /// The file's name.
    pub fn name(&self) -> String {
        let name = match &self.at {
            At::File(path) => path.file_name().and_then(|name| name.to_str()).map(str::to_owned),
            At::Web(address) => {
                let path = address.split(['?', '#']).next().unwrap_or_default();
                let name = path.rsplit('/').next().unwrap_or_default();
                Some(percent_decode_str(name).decode_utf8_lossy().into_owned())
            }
        };
        name.unwrap_or_else(|| "picture".into())
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// Why it can't be read, in one line.
    pub async fn read(&self, fetcher: Option<&Fetcher>) -> Result<Vec<u8>, String> {
        match (&self.at, fetcher) {
            (At::File(path), _) => read_picture(path)
                .map_err(|reason| format!("the picture {}: {reason}", self.name())),
            (At::Web(address), Some(fetcher)) => {
                let fetched = fetcher.fetch(address).await;
                fetched.map_err(|reason| format!("the picture {address}: {reason}"))
            }
            (At::Web(address), None) => Err(format!("the picture {address} is not in the folder")),
        }
    }
}

/// An article on its way.
pub(super) struct Converted<'a> {
    article: &'a Planned,
    source: Source,
    /// What has to be kept before the article is finished.
    pub pictures: Vec<Picture>,
    replacements: Vec<(Range<usize>, String)>,
    notes: Vec<Note>,
}

/// Where an address leads.
enum Destination {
    /// It stays as it is.
    Stays,
    /// To an article of the import, by its slug.
    Article(String),
    /// To a picture.
    Picture(At),
    /// Nowhere here: why.
    Nowhere(String),
}

impl<'a> Library<'a> {
    /// `fetches`: whether pictures of an export that are missing are fetched.
    pub fn new(
        planned: &'a [Planned],
        site: &Site,
        origin: Files<'a>,
        fetches: bool,
        advice: Advice,
    ) -> Self {
        let (mut files, mut addresses) = (HashMap::new(), HashMap::new());
        for one in planned {
            let here = one.address();
            let path = without_ending(&one.path).to_lowercase();
            let below = without_ending(site.below_content(&one.path)).to_lowercase();
            let last = path.rsplit('/').next().unwrap_or_default().to_owned();
            let parent = path.strip_suffix("/index").map(str::to_owned);
            let parent_below = below.strip_suffix("/index").map(str::to_owned);
            let folder_name =
                parent.as_deref().and_then(|one| one.rsplit('/').next()).map(str::to_owned);
            let stem = one.found.stem.to_lowercase();
            let keys = [Some(path), Some(below), parent, parent_below, folder_name];
            for key in keys.into_iter().flatten().chain([last, stem]) {
                if key != "index" {
                    files.entry(key).or_insert_with(|| here.clone());
                }
            }
            for address in &one.addresses {
                addresses.entry(address.as_str()).or_insert_with(|| here.clone());
            }
        }
        Self { origin, fetches, advice, files, addresses }
    }

    /// The address of the article that a text in `own` names by its file.
    fn article(&self, own: &str, name: &str) -> Option<&str> {
        let name = name.split(['?', '#']).next().unwrap_or_default();
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        let name = name.trim().to_lowercase();
        let below = without_ending(name.trim_start_matches('@').trim_start_matches('/'));
        let below = below.trim_end_matches('/');
        if below.is_empty() {
            return None;
        }
        let folder = Path::new(own).parent().unwrap_or(Path::new("")).to_string_lossy();
        let relative = joined(&folder.to_lowercase(), below);
        let last = below.rsplit('/').next().unwrap_or_default();
        [relative.as_str(), below, last]
            .iter()
            .find_map(|key| self.files.get(*key))
            .map(String::as_str)
    }

    /// Converts an article. Its pictures have to be kept then.
    pub fn convert(&self, article: &'a Planned) -> Converted<'a> {
        let mut source = article.found.source.clone();
        if article.is_export {
            // Its text is Markdown already, and no shortcode of another program.
            let mut converted = Converted {
                article,
                source,
                pictures: vec![],
                replacements: vec![],
                notes: vec![],
            };
            self.follow_links(&mut converted);
            self.follow_cover(&mut converted);
            return converted;
        }
        let lower = article.path.to_ascii_lowercase();
        if lower.ends_with(".html") || lower.ends_with(".htm") {
            source.markdown = flat(&source.markdown);
        }
        let reference = |name: &str| self.article(&article.path, name).map(str::to_owned);
        let origin = Origin {
            generator: article.generator,
            is_mdx: lower.ends_with(".mdx"),
            first_line: article.found.body_line,
            reference: &reference,
        };
        let (markdown, notes) = shortcodes::convert(&source.markdown, &origin);
        source.markdown = markdown;
        let mut converted =
            Converted { article, source, pictures: vec![], replacements: vec![], notes };
        self.follow_links(&mut converted);
        self.follow_cover(&mut converted);
        converted
    }

    fn follow_links(&self, converted: &mut Converted<'_>) {
        if matches!(self.origin, Files::None) {
            return;
        }
        let markdown = converted.source.markdown.clone();
        for link in links(&markdown) {
            let line = converted.article.found.body_line + link.line - 1;
            match self.destination(converted.article, &link.address, link.is_shown) {
                Destination::Stays => {}
                Destination::Article(address) => {
                    converted.replacements.push((link.range, address));
                }
                Destination::Picture(at) => {
                    converted.pictures.push(Picture { at, line, place: Some(link.range) });
                }
                Destination::Nowhere(reason) => converted.left(line, reason),
            }
        }
    }

    fn follow_cover(&self, converted: &mut Converted<'_>) {
        if matches!(self.origin, Files::None) {
            return;
        }
        let Some((line, cover)) = converted.article.found.cover.clone() else { return };
        match self.destination(converted.article, &cover, true) {
            Destination::Picture(at) => {
                converted.pictures.push(Picture { at, line, place: None });
            }
            Destination::Nowhere(reason) => {
                converted.source.cover = None;
                converted.left(line, reason);
            }
            Destination::Stays | Destination::Article(_) => {
                if converted.source.cover.is_none() && !is_picture_address(&cover) {
                    converted.left(line, format!("the cover {cover:?} can't be shown here"));
                }
            }
        }
    }

    fn destination(&self, article: &Planned, url: &str, is_shown: bool) -> Destination {
        let folder = match self.origin {
            Files::None => return Destination::Stays,
            Files::Export(export) => return self.destination_in_blog(export, url, is_shown),
            Files::Folder(folder) => folder,
        };
        let is_elsewhere = url.starts_with("//") || url.starts_with('#') || {
            let scheme = url.split(['/', '?', '#']).next().unwrap_or_default();
            scheme.contains(':')
        };
        if is_elsewhere || url.is_empty() || url.starts_with("/articles/") {
            return Destination::Stays;
        }
        // What was kept before, or came out of an export.
        if url.starts_with("/pictures/") && folder.find(&article.path, url).is_none() {
            return Destination::Stays;
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let anchor = anchor(url);
        let last = path.rsplit('/').next().unwrap_or_default();
        let ending =
            last.rsplit_once('.').map_or(String::new(), |(_, ending)| ending.to_lowercase());
        let is_file = FILES.contains(&ending.as_str());
        if PICTURES.contains(&ending.as_str()) || is_file || is_shown {
            return match folder.find(&article.path, url) {
                Some(_) if is_file => Destination::Nowhere(format!(
                    "the file {url} is of a kind that is not kept here"
                )),
                Some(path) => Destination::Picture(At::File(path)),
                None => Destination::Nowhere(format!("the file {url} is not in the folder")),
            };
        }
        if ["md", "markdown", "mdx"].contains(&ending.as_str()) || url.starts_with("@/") {
            return match self.article(&article.path, path) {
                Some(address) => Destination::Article(format!("{address}{anchor}")),
                None => Destination::Nowhere(format!("the link {url} leads to no article")),
            };
        }
        if path.starts_with('/') {
            // If it is an old address, it redirects.
            return Destination::Stays;
        }
        // A relative address, which is another one here.
        let base = article.addresses.first().map_or("", String::as_str);
        let beside = base.rsplit_once('/').map_or("", |(folder, _)| folder);
        let absolute = [joined(base, path), joined(beside, path)].map(|one| normalize_path(&one));
        let known = absolute.iter().find_map(|one| self.addresses.get(one.as_str()));
        match known.map(String::as_str).or_else(|| self.article(&article.path, path)) {
            Some(address) => Destination::Article(format!("{address}{anchor}")),
            None => Destination::Nowhere(format!("the link {url} leads nowhere here")),
        }
    }
}

impl Library<'_> {
    /// Where an address in an export leads.
    fn destination_in_blog(&self, export: &Export, url: &str, is_shown: bool) -> Destination {
        let url = url.replace("&amp;", "&");
        // What was kept before.
        if url.starts_with("/pictures/") || url.starts_with("/articles/") {
            return Destination::Stays;
        }
        match export.place(&url) {
            Place::Elsewhere => Destination::Stays,
            Place::File(path) => {
                let ending = path.extension().and_then(|ending| ending.to_str());
                match ending.is_some_and(|ending| is_picture(&ending.to_lowercase())) {
                    true => Destination::Picture(At::File(path)),
                    false => Destination::Nowhere(format!(
                        "the file {url} is of a kind that is not kept here"
                    )),
                }
            }
            Place::Missing(address) => {
                let path = address.split(['?', '#']).next().unwrap_or_default().to_lowercase();
                let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
                match is_picture(ending) {
                    false => Destination::Nowhere(format!(
                        "the file {url} is of a kind that is not kept here"
                    )),
                    true if self.fetches => Destination::Picture(At::Web(address)),
                    true => Destination::Nowhere(format!(
                        "the picture {url} is not in the folder of uploads; {}",
                        self.advice.pictures()
                    )),
                }
            }
            Place::Own(path) => {
                let anchor = anchor(&url);
                match self.addresses.get(path.as_str()) {
                    Some(address) => Destination::Article(format!("{address}{anchor}")),
                    // Ghost keeps there what is no picture.
                    None if ["/content/files/", "/content/media/"]
                        .iter()
                        .any(|folder| path.starts_with(folder)) =>
                    {
                        Destination::Nowhere(format!(
                            "the file {url} is of a kind that is not kept here"
                        ))
                    }
                    // A picture without an ending, perhaps.
                    None if is_shown => {
                        Destination::Nowhere(format!("the file {url} is not known here"))
                    }
                    None => Destination::Stays,
                }
            }
        }
    }
}

impl Converted<'_> {
    /// Notes that something is not as its author meant it.
    pub fn left(&mut self, line: usize, text: String) {
        self.notes.push(Note { line, fate: front_matter::Fate::Left, text });
    }

    /// Puts the addresses of the kept pictures in place, and the notes into the report.
    pub fn finish(mut self, kept: Vec<(Picture, String)>, report: &mut Report) -> Source {
        for (picture, address) in kept {
            match picture.place {
                Some(place) => self.replacements.push((place, address)),
                None => self.source.cover = Some(address),
            }
        }
        self.replacements.sort_by_key(|(range, _)| range.start);
        self.source.markdown = replace(&self.source.markdown, &self.replacements);
        for Note { line, fate, text } in self.notes {
            let fate = match fate {
                front_matter::Fate::Changed => Fate::Changed,
                front_matter::Fate::Left => Fate::Left,
            };
            report.add(&self.article.name, self.article.line_of(line), fate, text);
        }
        self.source
    }
}

/// What would end an address, or be an escape in it, in Markdown or in HTML.
const NOT_IN_ADDRESS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'&')
    .add(b'\'')
    .add(b'(')
    .add(b')')
    .add(b'<')
    .add(b'>')
    .add(b'\\');

/// The anchor of an address, in a form that may stand in any text.
fn anchor(url: &str) -> String {
    let anchor = url.find('#').map_or("", |at| &url[at..]);
    utf8_percent_encode(anchor, NOT_IN_ADDRESS).to_string()
}

/// A relative path put behind a folder.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Elements in which white space counts.
const ELEMENTS: [&str; 2] = ["pre", "textarea"];

/// Tags of templates around code, or around what is no template.
const TAGS: [&str; 5] = ["highlight", "codeblock", "code", "raw", "verbatim"];

/// HTML without the indentation that Markdown takes for code. That of code stays.
fn flat(html: &str) -> String {
    // What is open: code, and what is no template.
    let (mut code, mut literal) = (None, None);
    let mut text = String::with_capacity(html.len());
    for line in html.split_inclusive('\n') {
        let is_kept = code.is_some();
        text.push_str(if is_kept { line } else { line.trim_start_matches([' ', '\t']) });
        for (at, _) in line.match_indices(['<', '{']) {
            let Some(Tag { name, is_end, is_template }) = tag(&line[at..]) else { continue };
            match (code, literal) {
                (Some(opened), _) if is_end && opened == name => code = None,
                (Some(_), _) => {}
                (None, Some(opened)) if is_template => {
                    literal = Some(opened).filter(|_| !is_end || opened != name);
                }
                (None, _) if is_end => {}
                (None, _) if matches!(name, "raw" | "verbatim") => literal = Some(name),
                (None, _) => code = Some(name),
            }
        }
    }
    text
}

/// The start or the end of one of the [`ELEMENTS`] or [`TAGS`].
struct Tag {
    name: &'static str,
    is_end: bool,
    is_template: bool,
}

/// Reads `<pre`, `{% highlight`, `{{< highlight` and the like at the start of a text.
fn tag(text: &str) -> Option<Tag> {
    let template = ["{{<", "{{%", "{%"].iter().find_map(|start| text.strip_prefix(start));
    let (inner, names): (&str, &[&'static str]) = match template {
        Some(inner) => (inner.trim_start_matches('-').trim_start(), &TAGS),
        None => (text.strip_prefix('<')?, &ELEMENTS),
    };
    let end = inner.strip_prefix('/').map(str::trim_start).or(inner.strip_prefix("end"));
    let inner = end.unwrap_or(inner);
    let name = names.iter().copied().find(|name| {
        let start = inner.as_bytes().get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            && !inner[name.len()..].starts_with(|one: char| one.is_alphanumeric() || one == '_')
    })?;
    Some(Tag { name, is_end: end.is_some(), is_template: template.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_stays_in_code_and_goes_elsewhere() {
        for (html, expected) in [
            ("  <p>\n    a\n  </p>", "<p>\na\n</p>"),
            ("  <pre>\n  a\n  </pre>\n  b", "<pre>\n  a\n  </pre>\nb"),
            ("<PRE>a</PRE>\n  b<pre>\n  c", "<PRE>a</PRE>\nb<pre>\n  c"),
            (
                "  {% highlight python %}\ndef a():\n    b\n{%- endhighlight -%}\n  c",
                "{% highlight python %}\ndef a():\n    b\n{%- endhighlight -%}\nc",
            ),
            (
                "{%highlight c%}\n  <pre>\n  {% raw %}\n  a\n{% endraw %}\n{%endhighlight%}\n  b",
                "{%highlight c%}\n  <pre>\n  {% raw %}\n  a\n{% endraw %}\n{%endhighlight%}\nb",
            ),
            (
                "{{< highlight go >}}\n\ta\n{{< /highlight >}}\n\tb",
                "{{< highlight go >}}\n\ta\n{{< /highlight >}}\nb",
            ),
            (
                "{% codeblock lang:js %}\n  a\n{% endcodeblock %}\n  b",
                "{% codeblock lang:js %}\n  a\n{% endcodeblock %}\nb",
            ),
            // What is literal is HTML all the same, but no tag of a template.
            (
                "{% raw %}{% highlight c %}\n  a\n<pre>\n  b</pre>\n{% endraw %}\n  c",
                "{% raw %}{% highlight c %}\na\n<pre>\n  b</pre>\n{% endraw %}\nc",
            ),
            ("<preface>\n  {% highlighter %}\n  é<", "<preface>\n{% highlighter %}\né<"),
        ] {
            assert_eq!(flat(html), expected, "{html}");
        }
    }

    #[test]
    fn what_begins_often_takes_no_square_of_the_length() {
        for part in ["<pre>", "<pre></pre>", "{% raw %}", "{% ", "{%-", "<", "{{<   "] {
            let text = part.repeat(20_000);
            assert_eq!(flat(&text).len(), text.len());
        }
    }
}
