//! Names of tags and authors: each once, as many as can be kept.

/// Maximum length of a tag's or an author's name, in characters.
const LONGEST_NAME: usize = 100;
/// Maximum number of tags, and of authors.
const MOST_NAMES: usize = 50;

/// The names of tags or authors that are kept, in their order.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) kept: Vec<String>,
    slugs: Vec<String>,
}

impl Names {
    /// Keeps the name of a `what`, which is known by `slug`, unless it is empty or there already.
    ///
    /// # Errors
    /// Why it can't be kept.
    pub(crate) fn add(&mut self, what: &str, name: String, slug: String) -> Result<(), String> {
        if name.is_empty() || self.slugs.contains(&slug) {
            return Ok(());
        }
        let why = if slug.is_empty() {
            "has no letter or digit".to_owned()
        } else if name.chars().nth(LONGEST_NAME).is_some() {
            format!("has more than {LONGEST_NAME} characters")
        } else if self.kept.len() == MOST_NAMES {
            format!("is one more than {MOST_NAMES}")
        } else {
            self.slugs.push(slug);
            self.kept.push(name);
            return Ok(());
        };
        let start: String = name.chars().take(40).collect();
        Err(format!("the {what} {start:?} {why}"))
    }
}
