//! The folder of a site: its settings, its articles and its pictures.

use std::fs;
use std::path::{Component, Path, PathBuf};

use tidemark_content::front_matter::{Generator, has_front_matter, without_ending};
use tidemark_content::site::{SETTINGS, Site, is_section};

use super::report::{Fate, Report};
use super::{ImportError, Options, SourceFile};

/// Maximum number of files below a folder.
const MOST_FILES: usize = 200_000;

/// Maximum size of an article's file, in bytes.
const MOST_TEXT: u64 = 16 << 20;

/// Maximum size of the files of all articles together, in bytes. They are held in memory.
const MOST_TEXTS: u64 = 256 << 20;

/// Maximum size of a picture's file, in bytes.
pub(super) const MOST_PICTURE: u64 = 64 << 20;

/// How many folders above the given one may be the site's root.
const LEVELS: usize = 4;

/// Folders without articles, wherever they are.
const SKIPPED: [&str; 12] = [
    "node_modules",
    "themes",
    "layouts",
    "archetypes",
    "scaffolds",
    "vendor",
    "_site",
    "_layouts",
    "_includes",
    "_sass",
    "_data",
    "_plugins",
];

/// Folders whose files are at the root of the site's address.
const STATIC: [&str; 8] =
    ["static", "", "assets", "public", "source", "content", "src", "src/assets"];

/// Endings of texts in formats that are not read.
const OTHER_TEXTS: [&str; 9] =
    ["org", "adoc", "asciidoc", "rst", "rmd", "pandoc", "textile", "ipynb", "njk"];

/// Files that are about a repository.
const ABOUT: [&str; 8] = [
    "readme",
    "license",
    "contributing",
    "changelog",
    "code_of_conduct",
    "security",
    "authors",
    "claude",
];

/// A folder with a site, or with a part of it.
pub(super) struct Folder {
    /// The site's root, without links in it.
    root: PathBuf,
    /// The folder with the articles.
    articles: PathBuf,
    /// What the site says of itself.
    pub site: Site,
    /// All files below the root that are pictures by their ending, by their name. Obsidian refers
    /// to them by it.
    attachments: std::collections::HashMap<String, PathBuf>,
}

fn failed(path: &Path, error: &std::io::Error) -> ImportError {
    ImportError::Folder { path: path.display().to_string(), reason: error.to_string() }
}

impl Folder {
    /// Opens `folder`. The settings may be in a folder above it, unless `options` say otherwise.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, ImportError> {
        let permalink = options.permalink.as_deref();
        let levels = if options.is_whole { 1 } else { LEVELS };
        let folder = fs::canonicalize(folder).map_err(|error| failed(folder, &error))?;
        let read = |root: &Path| {
            let settings = SETTINGS.iter().filter_map(|name| {
                let path = root.join(name);
                // Some are recognized by their name alone.
                let text = fs::read_to_string(&path)
                    .or_else(|_| path.symlink_metadata().map(|_| String::new()));
                Some(((*name).to_owned(), text.ok()?))
            });
            let settings: Vec<(String, String)> = settings.collect();
            Site::read(&settings, |path| !path.is_empty() && root.join(path).exists(), permalink)
        };
        let found = folder.ancestors().take(levels).find_map(|root| {
            let site = read(root);
            let content = root.join(&site.content);
            // A folder above is the root only if this one is among its articles.
            let is_part = root == folder
                || (folder.starts_with(&content) && (!site.content.is_empty() || is_whole(&site)));
            (site.generator.is_some() && is_part).then(|| (root.to_owned(), site))
        });
        let (root, site) = found.unwrap_or_else(|| (folder.clone(), read(&folder)));
        let content = root.join(&site.content);
        let articles = if folder.starts_with(&content) { folder } else { content };
        let mut attachments = std::collections::HashMap::new();
        if site.generator == Some(Generator::Obsidian) {
            for path in walk(&root)? {
                if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                    attachments.entry(name.to_lowercase()).or_insert(path);
                }
            }
        }
        Ok(Self { root, articles, site, attachments })
    }

    /// The files that may be articles, sorted by path. Looks before each whether `is_stopped`.
    pub fn files(
        &self,
        report: &mut Report,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<SourceFile>, ImportError> {
        self.files_within(MOST_TEXTS, report, is_stopped)
    }

    fn files_within(
        &self,
        most: u64,
        report: &mut Report,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<SourceFile>, ImportError> {
        let mut files = Vec::new();
        let mut bytes = 0_u64;
        for path in self.sections_above().into_iter().chain(walk(&self.articles)?) {
            if is_stopped() {
                return Err(ImportError::Stopped);
            }
            let name = path.strip_prefix(&self.root).unwrap_or(&path).display().to_string();
            let name = name.replace('\\', "/");
            let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
            let last = name.rsplit('/').next().unwrap_or_default();
            let stem = without_ending(last).to_lowercase();
            if OTHER_TEXTS.contains(&ending.as_str()) && last.contains('.') {
                let text =
                    format!("files that end in .{ending} are not read; turn it into Markdown");
                report.add(&name, None, Fate::Refused, text);
                continue;
            }
            if without_ending(&name) == name {
                let ending =
                    if last.contains('.') { format!(".{ending}") } else { last.to_owned() };
                *report.other_files.entry(ending).or_default() += 1;
                continue;
            }
            let size = fs::metadata(&path).map(|metadata| metadata.len()).unwrap_or(0);
            if size > MOST_TEXT {
                let text = format!("it has more than {} MiB", MOST_TEXT >> 20);
                report.add(&name, None, Fate::Refused, text);
                continue;
            }
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    report.add(&name, None, Fate::Refused, "it is not in UTF-8; convert it first");
                    continue;
                }
                Err(error) => {
                    report.add(&name, None, Fate::Refused, error.to_string());
                    continue;
                }
            };
            let is_html = matches!(ending.as_str(), "html" | "htm");
            let is_odd = is_html || ABOUT.contains(&stem.as_str());
            if is_odd && !is_section(&name) && !has_front_matter(&text) {
                report.add(
                    &name,
                    None,
                    Fate::Skipped,
                    "it has no front matter, so it is no article",
                );
                continue;
            }
            bytes = bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
            if bytes > most {
                return Err(ImportError::TooLarge(most >> 20));
            }
            files.push(SourceFile { path: name, text });
        }
        Ok(files)
    }

    /// The pages of the sections that the folder with the articles is in. What they say about the
    /// articles below counts even if only a part of the site is imported.
    fn sections_above(&self) -> Vec<PathBuf> {
        let above = self.articles.ancestors().skip(1);
        let above = above.take_while(|folder| folder.starts_with(&self.root));
        let entries = above.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let mut sections: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| path.to_str().is_some_and(is_section) && path.is_file())
            .collect();
        sections.sort();
        sections
    }

    /// The file that an address in the article at `path` leads to, if it is one of the site's.
    pub fn find(&self, path: &str, address: &str) -> Option<PathBuf> {
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let address = percent_encoding::percent_decode_str(address).decode_utf8().ok()?;
        let address = address.strip_prefix(self.site.base.as_str()).unwrap_or(&address);
        // Vite's names for the folder of the sources.
        let address = match address.strip_prefix("@/").or(address.strip_prefix("~/")) {
            Some(rest) => format!("/{rest}"),
            None => address.to_owned(),
        };
        let is_absolute = address.starts_with('/');
        let own = Path::new(path);
        let own_folder = own.parent().unwrap_or(Path::new("")).to_owned();
        let stem = own.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let mut places: Vec<PathBuf> = Vec::new();
        if !is_absolute {
            places.push(own_folder.join(&address));
            // Hexo has a folder beside each post.
            places.push(own_folder.join(stem).join(&address));
        }
        let below = address.trim_start_matches('/');
        places.extend(STATIC.iter().map(|folder| Path::new(folder).join(below)));
        let found = places.iter().find_map(|place| self.inside(place));
        found.or_else(|| {
            let name = below.rsplit('/').next().unwrap_or_default().to_lowercase();
            self.attachments.get(&name).cloned()
        })
    }

    /// A file at a path below the root. Neither `..` nor a link leads out of it.
    pub fn inside(&self, path: &Path) -> Option<PathBuf> {
        let mut inside = PathBuf::new();
        for part in path.components() {
            match part {
                Component::Normal(part) => inside.push(part),
                Component::ParentDir => {
                    inside.pop();
                }
                Component::CurDir => {}
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        let found = fs::canonicalize(self.root.join(inside)).ok()?;
        (found.starts_with(&self.root) && found.is_file()).then_some(found)
    }
}

/// Whether all folders of the site are for articles.
fn is_whole(site: &Site) -> bool {
    matches!(site.generator, Some(Generator::Jekyll | Generator::Obsidian))
}

/// Reads a picture's file.
///
/// # Errors
/// Why it can't be read, in one line.
pub(super) fn read_picture(path: &Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MOST_PICTURE {
        return Err(format!("it has more than {} MiB", MOST_PICTURE >> 20));
    }
    fs::read(path).map_err(|error| error.to_string())
}

/// All files below a folder, sorted by path, without hidden ones and those of [`SKIPPED`] folders.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed(&folder, &error))? {
            let entry = entry.map_err(|error| failed(&folder, &error))?;
            let path = entry.path();
            let name = entry.file_name();
            let is_hidden = name.to_str().is_some_and(|name| name.starts_with('.'));
            // Don't follow links to folders, which could form a cycle.
            if entry.file_type().map_err(|error| failed(&path, &error))?.is_dir() {
                let is_skipped = name.to_str().is_some_and(|name| SKIPPED.contains(&name));
                if !is_hidden && !is_skipped {
                    folders.push(path);
                }
            } else if !is_hidden && path.is_file() {
                files.push(path);
            }
            if files.len() > MOST_FILES {
                return Err(ImportError::TooMany(MOST_FILES));
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_too_large_together_are_refused() {
        let place = tempfile::tempdir().unwrap();
        for number in 0..3 {
            let text = format!("---\ntitle: A\n---\n{}", "x".repeat(500_000));
            fs::write(place.path().join(format!("{number}.md")), text).unwrap();
        }
        // Neither read nor counted.
        fs::write(place.path().join("a.png"), "x".repeat(500_000)).unwrap();
        let folder = Folder::open(place.path(), &Options::default()).unwrap();
        let within = |most| folder.files_within(most, &mut Report::default(), &|| false);
        assert_eq!(within(2 << 20).unwrap().len(), 3);
        let Err(refused) = within(1 << 20) else { panic!("they are larger") };
        assert!(refused.to_string().contains("more than 1 MiB"), "{refused}");
    }
}
