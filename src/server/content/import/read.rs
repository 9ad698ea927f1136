//! Reads the files of a site: which of them are articles, and what each means because of where it
//! is.

use std::collections::HashSet;

use tidemark_content::front_matter::{
    self, Conventions, Generator, LONGEST_ALIAS, PageRule, Source, normalize_path, without_ending,
};
use tidemark_content::site::{Placed, Sections, Site, is_section};
use tidemark_store::clock::Millis;

use super::plan::Planned;
use super::report::{Fate, Report};
use super::{ImportError, SourceFile};
use crate::model::article::may_be_page;

/// How files are read.
pub(super) struct Reader<'a> {
    /// The site that they belong to.
    pub site: &'a Site,
    /// Whether another Tidemark has exported them, so that their texts have no shortcodes.
    pub is_export: bool,
    /// What is to be public only until a time before this one, is not.
    pub now: Millis,
    /// Whether to stop. It is asked before each file.
    pub is_stopped: &'a dyn Fn() -> bool,
}

impl Reader<'_> {
    /// Reads files. What can't be read is in the report.
    pub fn read_all(
        &self,
        files: Vec<SourceFile>,
        report: &mut Report,
    ) -> Result<Vec<Planned>, ImportError> {
        let site = self.site;
        let (sections, files): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| is_section(&file.path));
        let sections = read_sections(sections, site, report);
        let stems: HashSet<String> =
            files.iter().map(|file| without_ending(&file.path).to_owned()).collect();
        let bundles = bundles(&stems, site);
        let mut unknown_words = HashSet::new();
        let mut planned = Vec::with_capacity(files.len());
        for file in files {
            let SourceFile { path, text } = &file;
            if (self.is_stopped)() {
                return Err(ImportError::Stopped);
            }
            if path.chars().count() > LONGEST_ALIAS {
                let text = format!("its path has more than {LONGEST_ALIAS} characters");
                report.add(path, None, Fate::Refused, text);
                continue;
            }
            if let Some(reason) = no_article(path, site, &bundles) {
                report.add(path, None, Fate::Skipped, reason);
                continue;
            }
            let is_jekyll = path.split('/').any(|part| part == "_posts" || part == "_drafts");
            let generator = site.generator.or(is_jekyll.then_some(Generator::Jekyll));
            let language = language_of(path, site, &stems);
            let below = site.below_content(path);
            let section = below.rsplit_once('/').map_or("", |(folder, _)| folder);
            let conventions = Conventions {
                generator,
                zones: site.zones.clone(),
                language: language.clone(),
                alias_base: match generator {
                    Some(Generator::Hugo) if !section.is_empty() => format!("/{section}"),
                    _ => String::new(),
                },
                page: page_rule(path, below, generator),
                inherited: sections.over(site, path, language.as_deref()),
                locked_tags: site.locked_tags.clone(),
                now: self.now.0,
            };
            let mut found = match front_matter::read(path, text, &conventions) {
                Ok(found) => found,
                Err(error) => {
                    report.add(path, Some(error.line), Fate::Refused, error.reason);
                    continue;
                }
            };
            if let Some(reason) = taken_by_tidemark(&found.source) {
                report.add(path, None, Fate::Refused, reason);
                continue;
            }
            let lower = path.to_ascii_lowercase();
            let is_html = lower.ends_with(".html") || lower.ends_with(".htm");
            let has_text = !found.source.markdown.trim().is_empty();
            let is_undated = found.source.published_at.is_none_or(|at| at == 0);
            if is_undated && (is_html || !has_text) {
                let text = "it is a page without a date or a text of its own, so it is no article";
                report.add(path, None, Fate::Skipped, text);
                continue;
            }
            for note in found.notes.drain(..) {
                let fate = match note.fate {
                    front_matter::Fate::Changed => Fate::Changed,
                    front_matter::Fate::Left => Fate::Left,
                };
                report.add(path, Some(note.line), fate, note.text);
            }
            for key in &found.unused {
                *report.unused_keys.entry(key.clone()).or_default() += 1;
            }
            let placed = Placed { path, found: &found, language: language.as_deref() };
            let addresses = site.addresses(placed).unwrap_or_else(|word| {
                if unknown_words.insert(word.clone()) {
                    report.notes.push(format!(
                        "the site's permalinks have {word}, which is not known here; {}",
                        report.advice.permalink()
                    ));
                }
                vec![]
            });
            let addresses: Vec<String> = addresses
                .iter()
                .map(|address| normalize_path(address))
                .filter(|address| address != "/" && address.chars().count() <= LONGEST_ALIAS)
                .collect();
            let own = found.source.aliases.drain(..).collect::<Vec<_>>();
            for address in addresses.iter().cloned().chain(own) {
                if !found.source.aliases.contains(&address) {
                    found.source.aliases.push(address);
                }
            }
            let own = found.address.iter().map(|own| normalize_path(own));
            let addresses = own.chain(addresses).collect();
            let mut one = Planned::of_file(file, found, generator, language, addresses);
            one.is_export = self.is_export;
            planned.push(one);
        }
        Ok(planned)
    }
}

/// Reads the pages of sections. They are no articles, but may hide those below them.
fn read_sections(files: Vec<SourceFile>, site: &Site, report: &mut Report) -> Sections {
    let mut sections = Sections::default();
    for SourceFile { path, text } in files {
        if let Err(error) = sections.add(&path, &text, site.generator) {
            let text = format!("{}; what it says of the articles below is not known", error.reason);
            report.add(&path, Some(error.line), Fate::Left, text);
        }
        report.add(&path, None, Fate::Skipped, "it is the page of a section, no article");
    }
    sections
}

/// Hugo: the folders that are an article with everything in them, because they have an `index.md`.
fn bundles(stems: &HashSet<String>, site: &Site) -> HashSet<String> {
    if site.generator != Some(Generator::Hugo) {
        return HashSet::new();
    }
    let indices = stems.iter().filter_map(|stem| {
        let (folder, _) = stem.rsplit_once('/').filter(|(_, name)| is_index(name))?;
        // At the root, it would be the whole site.
        site.below_content(stem).contains('/').then(|| folder.to_owned())
    });
    indices.collect()
}

/// Whether a name without its ending is that of a bundle's article: `index` or `index.de`.
fn is_index(name: &str) -> bool {
    name == "index" || name.starts_with("index.")
}

/// Why a file is no article of the site, though it has the form of one. `None` if it is one.
fn no_article(path: &str, site: &Site, bundles: &HashSet<String>) -> Option<String> {
    match site.generator {
        Some(Generator::Astro) => {
            let is_hidden = site.below_content(path).split('/').any(|part| part.starts_with('_'));
            is_hidden.then(|| "a name that begins with _ makes it no article of the site".into())
        }
        Some(Generator::Hugo) => {
            let (mut folder, name) = path.rsplit_once('/')?;
            if is_index(without_ending(name)) {
                // The article of its own folder.
                folder = folder.rsplit_once('/')?.0;
            }
            loop {
                if bundles.contains(folder) {
                    return Some(format!(
                        "it belongs to the article in {folder} and is none itself"
                    ));
                }
                folder = folder.rsplit_once('/')?.0;
            }
        }
        _ => None,
    }
}

/// Why a page can't be taken: its address is one of Tidemark's own. `None` if it can.
pub(super) fn taken_by_tidemark(source: &Source) -> Option<String> {
    let slug = &source.slug;
    (source.is_page && !may_be_page(slug)).then(|| {
        format!("its address would be /{slug}, which is Tidemark's own; give it another slug")
    })
}

/// Whether the site's program takes a file for a page, because of where it is. `below` is its path
/// below the folder of all content.
fn page_rule(path: &str, below: &str, generator: Option<Generator>) -> PageRule {
    let mut parts = path.split('/');
    let is_page = match generator {
        // What is neither a post nor in a collection.
        Some(Generator::Jekyll) => !parts.any(|part| part.starts_with('_')),
        Some(Generator::Hexo) => !parts.any(|part| part == "_posts" || part == "_drafts"),
        Some(Generator::Hugo | Generator::Zola) => {
            // `about.md` and `about/index.md` are in no section.
            let stem = without_ending(below);
            return match stem.strip_suffix("/index").unwrap_or(stem).contains('/') {
                true => PageRule::Never,
                false => PageRule::Undated,
            };
        }
        _ => false,
    };
    if is_page { PageRule::Always } else { PageRule::Never }
}

/// The language in a file's name (`post.de.md`), if the site has it or the name without it, or with
/// another language, is there too.
fn language_of(path: &str, site: &Site, stems: &HashSet<String>) -> Option<String> {
    if let Some(language) = site.language_of_folder(path) {
        return Some(language.to_owned());
    }
    let (stem, language) = without_ending(path).rsplit_once('.')?;
    let (code, region) = language.split_once(['-', '_']).unwrap_or((language, ""));
    let is_language = code.len() == 2
        && code.bytes().all(|byte| byte.is_ascii_lowercase())
        && region.len() <= 8
        && region.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_translation = stem.rsplit('/').next() == Some("index")
        || stems.contains(stem)
        || site.languages.iter().any(|one| one == language);
    (is_language && is_translation).then(|| language.to_owned())
}
