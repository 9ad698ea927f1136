//! The settings of a site that moves in: which program made it, where its articles are, what its
//! dates mean, and which address it gave to each article.

mod permalink;
mod sections;
mod settings;

use std::collections::HashSet;
use std::sync::Arc;

use self::sections::Cascade;
pub use self::sections::{Sections, is_section};
use crate::front_matter::{Found, Generator, Zones};

/// Files with settings that tell one program from another, below the site's root.
pub const SETTINGS: [&str; 26] = [
    "hugo.toml",
    "hugo.yaml",
    "hugo.yml",
    "hugo.json",
    "config/_default/hugo.toml",
    "config/_default/hugo.yaml",
    "config/_default/hugo.yml",
    "config/_default/config.toml",
    "config/_default/config.yaml",
    "config/_default/config.yml",
    "config/_default/permalinks.toml",
    "config/_default/permalinks.yaml",
    "config.toml",
    "config.yaml",
    "config.yml",
    "config.json",
    "_config.yml",
    "_config.yaml",
    "eleventy.config.js",
    "eleventy.config.mjs",
    "eleventy.config.cjs",
    ".eleventy.js",
    "astro.config.mjs",
    "astro.config.ts",
    "astro.config.js",
    ".obsidian",
];

/// A site that moves in.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// The program that made it, if known.
    pub generator: Option<Generator>,
    /// The folder that holds its articles, without slashes at its ends. Empty: all folders do.
    pub content: String,
    /// What a date without a zone means.
    pub zones: Zones,
    /// The path of its address, such as `/blog`. Empty at the root of a host.
    pub base: String,
    /// The languages that it names, besides the one of files without a language in their name.
    pub languages: Vec<String>,
    /// Hugo: the folders of single languages, with the language. The default one is `None`.
    folders: Vec<(String, Option<String>)>,
    /// Hexo: tags whose articles ask for a password.
    pub locked_tags: Arc<HashSet<String>>,
    /// Hugo: what the settings say about all articles.
    cascades: Vec<Cascade>,
    /// What of its settings can't be followed: one line each.
    pub notes: Vec<String>,
    /// The default language.
    language: Option<String>,
    /// The patterns of addresses with the section, collection or folder that they are for. An empty
    /// one is for all.
    permalinks: Vec<(String, String)>,
    /// Given by the operator; wins over everything.
    permalink: Option<String>,
    /// Hexo: whether file names begin with a date that is no part of the title.
    has_dated_names: bool,
}

/// An article that has an address at its source.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The path of its file below the site's root.
    pub path: &'a str,
    /// What the file holds.
    pub found: &'a Found,
    /// The language that the file's name says.
    pub language: Option<&'a str>,
}

impl Site {
    /// Reads the settings. `files`: those of [`SETTINGS`] that are there, with their texts; `has`
    /// says whether there is a file or folder at a path below the root. `permalink` wins over what
    /// the settings say.
    pub fn read(
        files: &[(String, String)],
        has: impl Fn(&str) -> bool,
        permalink: Option<&str>,
    ) -> Self {
        let mut site = settings::read(files, &has);
        site.permalink = permalink.map(str::to_owned);
        site
    }

    /// The path of a file below the folder that holds articles.
    pub fn below_content<'a>(&self, path: &'a str) -> &'a str {
        let own = self.folders.iter().map(|(folder, _)| folder).chain([&self.content]);
        let below = own
            .filter(|folder| !folder.is_empty())
            .find_map(|folder| path.strip_prefix(folder.as_str())?.strip_prefix('/'));
        below.unwrap_or(path)
    }

    /// The language of the folder that a file is in, if it is not the default one.
    pub fn language_of_folder(&self, path: &str) -> Option<&str> {
        let own = self.folders.iter().find(|(folder, _)| path.starts_with(&format!("{folder}/")));
        own.and_then(|(_, language)| language.as_deref())
    }

    /// The addresses that the site gave to an article, the one it was known by first. Empty if the
    /// site's program gives none that can be known, or the article was not public there.
    ///
    /// # Errors
    /// The word of the permalink that is not known.
    pub fn addresses(&self, article: Placed<'_>) -> Result<Vec<String>, String> {
        let own = permalink::addresses(self, article)?;
        let based = own.iter().filter(|_| !self.base.is_empty());
        let based: Vec<String> = based.map(|address| format!("{}{address}", self.base)).collect();
        Ok(own.into_iter().chain(based).collect())
    }
}
