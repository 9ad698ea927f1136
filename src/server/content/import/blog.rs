//! A blog in one file, as WordPress and Ghost export it, and the folder with its pictures.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

use tidemark_content::exports::{Blog, Program, ghost, without_scheme, wordpress};
use tidemark_content::front_matter::{self, normalize_path};
use url::Url;

use super::plan::Planned;
use super::read::taken_by_tidemark;
use super::report::{Fate, Report};
use super::{ImportError, Options};

/// Maximum size of an export, in bytes. It is held in memory.
const MOST_EXPORT: u64 = 512 << 20;

/// Maximum size of a file with redirects or routes, in bytes.
const MOST_NEIGHBOUR: u64 = 4 << 20;

/// How much of a file is looked at to recognize it, in bytes.
const BEGINNING: u64 = 64 << 10;

/// Where pictures may be beside an export, below its folder and the one above.
const UPLOADS: [&str; 8] = [
    "uploads",
    "wp-content/uploads",
    "content/images",
    "images",
    "../content/images",
    "../wp-content/uploads",
    "../uploads",
    "../images",
];

/// What stands in an address before the path that a picture has below the folder of uploads.
const BEFORE: [&str; 3] = ["/wp-content/uploads/", "/content/images/", "/files/"];

/// Hosts that serve pictures of other blogs, with the blog's own host in the path.
const RELAYS: [&str; 4] = ["i0.wp.com/", "i1.wp.com/", "i2.wp.com/", "i3.wp.com/"];

/// A blog in a file.
pub(super) struct Export {
    blog: Blog,
    /// The file's name.
    name: String,
    /// The blog's address without scheme.
    host: String,
    files: HashSet<String>,
    uploads: Option<PathBuf>,
}

/// Where an address in an export leads.
pub(super) enum Place {
    /// To another blog.
    Elsewhere,
    /// To a picture of the blog, in the folder of uploads.
    File(PathBuf),
    /// To a picture of the blog that is not in the folder: its full address.
    Missing(String),
    /// To something else of the blog: its path.
    Own(String),
}

fn failed(path: &Path, reason: impl ToString) -> ImportError {
    ImportError::Folder { path: path.display().to_string(), reason: reason.to_string() }
}

/// Reads a small file, if it is there.
fn small(path: &Path) -> Option<String> {
    let is_small = fs::metadata(path).ok()?.len() <= MOST_NEIGHBOUR;
    is_small.then(|| fs::read_to_string(path).ok()).flatten()
}

/// Whether a file is an export of WordPress or Ghost, by what it begins with.
pub fn is_export(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    read.is_ok() && Program::of(&beginning).is_some()
}

impl Export {
    /// Opens a file that WordPress or Ghost has exported.
    pub fn open(path: &Path, options: &Options) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|error| failed(path, error))?;
        let size = file.metadata().map_err(|error| failed(path, error))?.len();
        let mut beginning = Vec::new();
        let read = (&file).take(BEGINNING).read_to_end(&mut beginning);
        read.map_err(|error| failed(path, error))?;
        let Some(program) = Program::of(&beginning) else {
            let reason = "this is neither a folder with articles nor an export of WordPress \
                          (WXR) or Ghost (JSON)";
            return Err(failed(path, reason));
        };
        if size > MOST_EXPORT {
            let reason = format!(
                "it has more than {} MiB; export the blog in parts, such as year by year",
                MOST_EXPORT >> 20
            );
            return Err(failed(path, reason));
        }
        let input = BufReader::new(std::io::Cursor::new(beginning).chain(file));
        let folder = path.parent().unwrap_or(Path::new(""));
        let blog = match program {
            Program::WordPress => wordpress::read(input),
            Program::Ghost => {
                let beside = |names: &[&str]| {
                    let inner = ["settings", "data", "content/settings", "content/data"];
                    let above = folder.join("..");
                    let folders = std::iter::once(folder.to_owned())
                        .chain(inner.map(|inner| folder.join(inner)))
                        .chain(inner.map(|inner| above.join(inner)));
                    let paths =
                        folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
                    paths.into_iter().find_map(|path| small(&path))
                };
                let neighbours = ghost::Neighbours {
                    permalink: options.permalink.clone(),
                    routes: beside(&["routes.yaml", "routes.yml"]),
                    redirects: beside(&["redirects.yaml", "redirects.yml", "redirects.json"]),
                };
                ghost::read(input, &neighbours)
            }
        };
        let blog = blog.map_err(|error| failed(path, error))?;
        let uploads = match &options.uploads {
            Some(uploads) => {
                let folder = fs::canonicalize(uploads).map_err(|error| failed(uploads, error))?;
                if !folder.is_dir() {
                    return Err(failed(uploads, "this is no folder"));
                }
                Some(folder)
            }
            None => UPLOADS.iter().find_map(|name| {
                let uploads = fs::canonicalize(folder.join(name)).ok()?;
                uploads.is_dir().then_some(uploads)
            }),
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self {
            name: name.unwrap_or_default(),
            host: without_scheme(blog.address.as_deref().unwrap_or_default()).to_ascii_lowercase(),
            files: blog.files.iter().map(|address| address.to_ascii_lowercase()).collect(),
            uploads,
            blog,
        })
    }

    /// The program that wrote the file.
    pub fn program(&self) -> &'static str {
        self.blog.program.name()
    }

    /// The posts and pages. What is not taken is in the report.
    pub fn articles(&mut self, report: &mut Report) -> Vec<Planned> {
        let program = self.blog.program.name();
        report.notes.append(&mut self.blog.notes);
        report.other_files.append(&mut self.blog.machinery);
        for (kind, number) in &self.blog.others {
            let text = format!("{number} of the type {kind:?} are neither posts nor pages");
            report.add(&self.name, None, Fate::Left, text);
        }
        if self.blog.comments > 0 {
            let text = format!("{} comments: there are none here", self.blog.comments);
            report.add(&self.name, None, Fate::Left, text);
        }
        let posts = std::mem::take(&mut self.blog.posts);
        report.with_views = posts.iter().filter(|post| post.views.is_some()).count();
        let mut known = HashSet::new();
        let mut planned = Vec::with_capacity(posts.len());
        for post in posts {
            let name = format!("{}, {}", self.name, post.name);
            if post.is_deleted {
                let text = format!("it is in the bin of {program}, or was never saved");
                report.add(&name, post.line, Fate::Skipped, text);
                continue;
            }
            if !known.insert(post.identity.clone()) {
                report.add(&name, post.line, Fate::Refused, "the file has its number twice");
                continue;
            }
            match post.found {
                Err(reason) => report.add(&name, post.line, Fate::Refused, reason),
                Ok(mut found) => {
                    if let Some(reason) = taken_by_tidemark(&found.source) {
                        report.add(&name, post.line, Fate::Refused, reason);
                        continue;
                    }
                    for note in found.notes.drain(..) {
                        let fate = match note.fate {
                            front_matter::Fate::Changed => Fate::Changed,
                            front_matter::Fate::Left => Fate::Left,
                        };
                        report.add(&name, post.line, fate, note.text);
                    }
                    planned.push(Planned::of_export(
                        post.identity,
                        name,
                        post.line,
                        found,
                        post.hash,
                    ));
                }
            }
        }
        planned
    }

    /// Where an address leads.
    pub fn place(&self, url: &str) -> Place {
        let is_relative = !url.starts_with("//") && {
            let scheme = url.split(['/', '?', '#']).next().unwrap_or_default();
            !scheme.contains(':')
        };
        if url.is_empty() || url.starts_with('#') {
            return Place::Elsewhere;
        }
        let plain = without_scheme(url);
        let relayed = RELAYS.iter().find_map(|relay| plain.strip_prefix(relay));
        let plain = relayed.map_or(plain, without_scheme);
        // In ASCII only, so that both have the same length.
        let lower = plain.to_ascii_lowercase();
        let is_file = self.files.contains(&lower) || self.files.contains(&unsized_name(&lower));
        let path = match lower.strip_prefix(self.host.as_str()) {
            _ if is_relative => url,
            Some(rest) if !self.host.is_empty() && (rest.is_empty() || rest.starts_with('/')) => {
                &plain[self.host.len()..]
            }
            // The pictures of a blog may be at a host of their own.
            _ if is_file => plain.find('/').map_or("/", |at| &plain[at..]),
            _ if BEFORE[..2].iter().any(|before| lower.contains(before))
                && host_of(&lower) == host_of(&self.host) =>
            {
                plain.find('/').map_or("/", |at| &plain[at..])
            }
            _ => return Place::Elsewhere,
        };
        let ending = path.split(['?', '#']).next().unwrap_or_default();
        let ending = ending.rsplit('/').next().unwrap_or_default();
        let ending = ending.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
        let is_picture = ending.is_some_and(|ending| super::convert::is_picture(&ending));
        if !is_picture && !is_file {
            // An address with a number has it in its query.
            let query = url.find('?').map_or("", |at| &url[at..]);
            let path = path.split(['?', '#']).next().unwrap_or_default();
            return Place::Own(normalize_path(&format!("{path}{query}")));
        }
        match self.find(path) {
            Some(file) => Place::File(file),
            None => {
                let base = self.blog.address.as_deref().and_then(|base| Url::parse(base).ok());
                let address = match base {
                    _ if !is_relative && !url.starts_with("//") => url.to_owned(),
                    Some(base) => base.join(url).map_or_else(|_| url.to_owned(), String::from),
                    // Its scheme is that of the page, which is not known.
                    None if !is_relative => format!("https:{url}"),
                    None => url.to_owned(),
                };
                Place::Missing(address)
            }
        }
    }

    /// The file of a picture below the folder of uploads.
    fn find(&self, path: &str) -> Option<PathBuf> {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
        let below = BEFORE.iter().find_map(|before| path.split_once(before)).map(|(_, rest)| rest);
        let below = below.unwrap_or(path.trim_start_matches('/'));
        // Ghost keeps smaller ones in `size/w600/`, and others of another kind below that.
        let below = match below.strip_prefix("size/").and_then(|rest| rest.split_once('/')) {
            Some((_, rest)) => {
                let format = rest.strip_prefix("format/").and_then(|rest| rest.split_once('/'));
                format.map_or(rest, |(_, rest)| rest)
            }
            None => below,
        };
        let largest = unsized_name(below);
        // The picture as it was uploaded, and otherwise in the size that the text shows.
        [largest.as_str(), below].into_iter().find_map(|name| self.inside(name))
    }

    /// A file at a path below the folder. Neither `..` nor a link leads out of it.
    fn inside(&self, path: &str) -> Option<PathBuf> {
        let uploads = self.uploads.as_ref()?;
        let path = Path::new(path);
        if path.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return None;
        }
        let found = fs::canonicalize(uploads.join(path)).ok()?;
        (found.starts_with(uploads) && found.is_file()).then_some(found)
    }
}

fn host_of(address: &str) -> &str {
    address.split('/').next().unwrap_or_default()
}

/// The name of a picture without the size that WordPress puts behind it: `a-300x200.png`.
fn unsized_name(path: &str) -> String {
    let Some((stem, ending)) = path.rsplit_once('.') else { return path.to_owned() };
    let is_size = |size: &str| {
        size.split_once('x').is_some_and(|(width, height)| {
            [width, height].iter().all(|part| {
                (1..=5).contains(&part.len()) && part.bytes().all(|one| one.is_ascii_digit())
            })
        })
    };
    match stem.rsplit_once('-') {
        Some((stem, size)) if is_size(size) => format!("{stem}.{ending}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_no_part_of_a_pictures_name() {
        for (name, plain) in [
            ("2020/01/a-300x200.png", "2020/01/a.png"),
            ("a-b-1024x768.jpeg", "a-b.jpeg"),
            ("a-300.png", "a-300.png"),
            ("a-x200.png", "a-x200.png"),
            ("a", "a"),
        ] {
            assert_eq!(unsized_name(name), plain);
        }
    }
}
