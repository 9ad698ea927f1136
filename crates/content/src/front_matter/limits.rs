//! How much an article may have of everything. All lengths are the studio's, so that whatever is
//! read can be edited.

/// Maximum length of a title, in characters.
pub(crate) const LONGEST_TITLE: usize = 200;
/// Maximum length of a summary, in characters.
pub(crate) const LONGEST_SUMMARY: usize = 500;
/// Maximum length of a text, in characters.
pub(crate) const LONGEST_MARKDOWN: usize = 1_000_000;
/// Maximum number of keys of a table in the front matter. Each field is looked for among all of
/// them.
pub(crate) const MOST_KEYS: usize = 1_000;
/// Maximum length of the address of a cover, in characters.
pub(crate) const LONGEST_COVER: usize = 1_000;

/// Maximum length of an alias, in characters: what a key of MySQL can hold.
pub const LONGEST_ALIAS: usize = 768;
/// Maximum length of a series' name, in characters.
pub const LONGEST_SERIES: usize = 200;
/// Maximum number of aliases of an article.
pub const MOST_ALIASES: usize = 100;
