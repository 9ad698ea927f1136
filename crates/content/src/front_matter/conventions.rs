//! The habits of the programs whose files are read.

use std::collections::HashSet;
use std::sync::Arc;

use super::date::Zones;
use super::hidden::Inherited;

/// The program whose files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// <https://gohugo.io>
    Hugo,
    /// <https://www.getzola.org>
    Zola,
    /// <https://jekyllrb.com>
    Jekyll,
    /// <https://hexo.io>
    Hexo,
    /// <https://www.11ty.dev>
    Eleventy,
    /// <https://astro.build>
    Astro,
    /// <https://obsidian.md>
    Obsidian,
}

impl Generator {
    /// Its name, as it writes it.
    pub fn name(self) -> &'static str {
        match self {
            Generator::Hugo => "Hugo",
            Generator::Zola => "Zola",
            Generator::Jekyll => "Jekyll",
            Generator::Hexo => "Hexo",
            Generator::Eleventy => "Eleventy",
            Generator::Astro => "Astro",
            Generator::Obsidian => "Obsidian",
        }
    }
}

/// What a file means beyond its text.
#[derive(Clone, Debug, Default)]
pub struct Conventions {
    /// The program it was written for, if known.
    pub generator: Option<Generator>,
    /// What a date without a zone means.
    pub zones: Zones,
    /// The language that the file's name says, as in `post.de.md`.
    pub language: Option<String>,
    /// The folder that aliases without a leading slash are relative to (Hugo), such as `/posts`.
    pub alias_base: String,
    /// Whether the program takes the file for a page such as About, because of where it is.
    pub page: PageRule,
    /// What the file has from others. The first one that has a value counts.
    pub inherited: Vec<Arc<Inherited>>,
    /// Tags whose articles ask for a password (Hexo).
    pub locked_tags: Arc<HashSet<String>>,
    /// The time, in milliseconds since 1970. What expired before is not shown.
    pub now: i64,
}

/// Whether a file is a page, if it doesn't say so itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageRule {
    /// It is an article.
    #[default]
    Never,
    /// It is a page if it has no date.
    Undated,
    /// It is a page.
    Always,
}
