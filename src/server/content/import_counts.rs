//! Takes over the view counts of other counters, as baselines: parts of a total that were counted
//! elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;
use tidemark_content::counts::{
    self, Counts, Entry, Format, LARGEST_FILE, LONGEST_SOURCE, MOST_VIEWS, Tally,
};
use tidemark_content::front_matter::{forms_of_address, normalize_path};
use tidemark_counting::ArticleId;

use crate::model::article::Baseline;
use crate::server::db::Database;

/// The most sources that a blog has counts from. An article's page names all of its own.
pub const MOST_SOURCES: usize = 20;

/// How an import of counts works.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format of the files. `None`: whichever it is.
    pub format: Option<Format>,
    /// Where the views were counted, as readers see it. `None`: the name of the format's program.
    pub source: Option<String>,
    /// The last day to count.
    pub until: Option<Date>,
    /// Change nothing, and report what would happen.
    pub is_dry_run: bool,
}

/// Why counts were not imported, in one line.
#[derive(Debug, thiserror::Error)]
pub enum ImportCountsError {
    /// A file or an option is invalid.
    #[error("{0}")]
    Refused(String),
    /// The database failed.
    #[error("The articles could not be read or written: {0}")]
    Database(#[from] sqlx::Error),
}

/// What an import of counts did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing was changed.
    pub is_dry_run: bool,
    /// The format of the files.
    pub format: String,
    /// What each source now has, by its name.
    pub sources: BTreeMap<String, SourceReport>,
    /// Addresses that belong to no article, those with the most views first.
    pub unmatched: Vec<Unmatched>,
    /// Rows that can't be read.
    pub refused: Vec<Refused>,
    /// Rows that are no views of pages, by what they are.
    pub skipped: BTreeMap<String, u64>,
}

/// What a source now has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SourceReport {
    /// Articles that the files have counts of.
    pub articles: usize,
    /// Those of them that had exactly this count before.
    pub unchanged: usize,
    /// The views of these articles.
    pub views: i64,
    /// The last day of the counts.
    pub until: Option<Date>,
}

/// An address that belongs to no article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// The address.
    pub address: String,
    /// Its views.
    pub views: i64,
}

/// A row that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The file's name.
    pub file: String,
    /// The line, or the entry of a JSON document, from 1.
    pub line: usize,
    /// What is wrong, with the line.
    pub problem: String,
}

/// Reads files and sets the counts in them. Counts of the same article are summed; what an article
/// had from the same source before is replaced, so importing again changes nothing.
///
/// # Errors
/// [`ImportCountsError`]. Then nothing was changed.
pub async fn import_counts(
    database: &Database,
    files: &[(String, Vec<u8>)],
    options: Options,
) -> Result<Report, ImportCountsError> {
    let mut tally = Tally::new(counts::Options { format: options.format, until: options.until });
    let mut refused = Vec::new();
    for (name, bytes) in files {
        let faults = tally.add(bytes).map_err(|fault| refusal(&format!("{name}, {fault}")))?;
        refused.extend(faults.into_iter().map(|fault| Refused {
            file: name.clone(),
            line: fault.line,
            problem: fault.to_string(),
        }));
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let counts = tally
        .finish()
        .map_err(|fault| refusal(&format!("{}: {}", names.join(", "), fault.problem)))?;
    let source = match options.source {
        Some(source) => checked_source(&source).map_err(|problem| refusal(&problem))?,
        None => counts.format.source().to_owned(),
    };
    let addresses = Addresses::of(database).await?;
    let Matched { baselines, unmatched } = addresses.matched(&counts, &source, options.until);
    let known = database.all_baselines().await?;
    let known: HashMap<(ArticleId, &str), &Baseline> = known
        .iter()
        .map(|(article, baseline)| ((*article, baseline.source.as_str()), baseline))
        .collect();
    let sources: BTreeSet<&str> = known
        .keys()
        .map(|(_, source)| *source)
        .chain(baselines.iter().map(|(_, baseline)| baseline.source.as_str()))
        .collect();
    if sources.len() > MOST_SOURCES {
        return Err(refusal(&format!(
            "A blog can have counts from {MOST_SOURCES} sources. Remove one with --remove --source NAME, or use --source \
             with a name that is there."
        )));
    }
    let mut report = Report {
        is_dry_run: options.is_dry_run,
        format: counts.format.name().to_owned(),
        unmatched,
        refused,
        skipped: counts.skipped.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect(),
        ..Report::default()
    };
    let mut changed = Vec::new();
    for (article, baseline) in baselines {
        let of_source = report.sources.entry(baseline.source.clone()).or_default();
        of_source.articles += 1;
        of_source.views = of_source.views.saturating_add(baseline.views);
        of_source.until = baseline.until;
        match known.get(&(article, baseline.source.as_str())) {
            Some(known) if **known == baseline => of_source.unchanged += 1,
            _ => changed.push((article, baseline)),
        }
    }
    if !changed.is_empty() && !options.is_dry_run {
        database.set_baselines(&changed).await?;
    }
    Ok(report)
}

/// Reads a file with counts. Returns its name and its bytes.
///
/// # Errors
/// One line that names the file.
pub fn read_counts(path: &Path) -> Result<(String, Vec<u8>), String> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if usize::try_from(length).unwrap_or(usize::MAX) > LARGEST_FILE {
        return Err(format!("{name}: the file is larger than {} MB", LARGEST_FILE >> 20));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    Ok((name, bytes))
}

/// A source's name as it is stored.
///
/// # Errors
/// What is wrong with it.
pub fn checked_source(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty()
        || name.chars().count() > LONGEST_SOURCE
        || name.chars().any(char::is_control)
    {
        return Err(format!(
            "The source must be a name of 1 to {LONGEST_SOURCE} characters, such as WordPress."
        ));
    }
    Ok(name.to_owned())
}

fn refusal(problem: &str) -> ImportCountsError {
    // A problem inside a file may quote it.
    ImportCountsError::Refused(problem.replace(['\n', '\r'], " "))
}

/// Which article an address belongs to.
#[derive(Debug, Default)]
struct Addresses {
    slugs: HashMap<String, ArticleId>,
    aliases: HashMap<String, ArticleId>,
}

/// What belongs to articles, and what does not.
struct Matched {
    /// By article and source.
    baselines: Vec<(ArticleId, Baseline)>,
    unmatched: Vec<Unmatched>,
}

impl Addresses {
    async fn of(database: &Database) -> sqlx::Result<Self> {
        let articles = database.known_articles().await?;
        let slugs = articles.into_iter().map(|article| (article.slug, article.id)).collect();
        Ok(Self { slugs, aliases: database.all_aliases().await? })
    }

    /// The article at an address, as the site would find it: by its own address or by one that it
    /// had before, with and without `index.html` and `.html`. An article without any of these may
    /// be found by its slug.
    fn find(&self, entry: &Entry) -> Option<ArticleId> {
        let at = |path: &String| {
            let slug = path.strip_prefix("/articles/");
            slug.and_then(|slug| self.slugs.get(slug)).or_else(|| self.aliases.get(path)).copied()
        };
        let by_slug = || {
            let slug = normalize_path(entry.slug.as_deref()?);
            self.slugs.get(slug.trim_start_matches('/')).copied()
        };
        forms_of_address(&entry.address).iter().find_map(at).or_else(by_slug)
    }

    /// Sums the counts by article and source. `source` is that of counts that name none.
    fn matched(&self, counts: &Counts, source: &str, until: Option<Date>) -> Matched {
        let (mut views, mut last_days) =
            (BTreeMap::<(ArticleId, &str), i64>::new(), HashMap::<&str, Option<Date>>::new());
        let mut unmatched = Vec::new();
        for entry in &counts.entries {
            let source = entry.source.as_deref().unwrap_or(source);
            let last_day = last_days.entry(source).or_default();
            *last_day = (*last_day).max(entry.until);
            match self.find(entry) {
                Some(article) => {
                    let sum = views.entry((article, source)).or_default();
                    *sum = sum.saturating_add(entry.views).min(MOST_VIEWS);
                }
                None => {
                    unmatched
                        .push(Unmatched { address: entry.address.clone(), views: entry.views });
                }
            }
        }
        unmatched.sort_by(|one, other| {
            other.views.cmp(&one.views).then_with(|| one.address.cmp(&other.address))
        });
        let baselines = views.into_iter().map(|((article, source), views)| {
            let of_rows = last_days.get(source).copied().flatten();
            let until = until.or(of_rows).or(counts.until);
            (article, Baseline { source: source.to_owned(), views, until })
        });
        Matched { baselines: baselines.collect(), unmatched }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(address: &str) -> Entry {
        let slug = (!address.contains('/')).then(|| address.to_owned());
        let address = normalize_path(address);
        Entry { address, slug, source: None, views: 1, until: None, line: 1 }
    }

    #[test]
    fn an_address_is_matched_as_the_site_would() {
        let addresses = Addresses {
            slugs: HashMap::from([
                ("low-tide".into(), ArticleId(1)),
                ("flood".into(), ArticleId(2)),
                ("café".into(), ArticleId(3)),
            ]),
            aliases: HashMap::from([
                ("/2020/03/low".into(), ArticleId(1)),
                ("/blog/flood.html".into(), ArticleId(2)),
                ("/articles/ebb".into(), ArticleId(1)),
                ("/old/index.html".into(), ArticleId(3)),
            ]),
        };
        for (address, article) in [
            ("/articles/low-tide", Some(1)),
            ("/articles/low-tide/", Some(1)),
            ("https://www.a.example/articles/low-tide/?utm=x#part", Some(1)),
            ("/articles/ebb", Some(1)),
            ("/2020/03/low/index.html", Some(1)),
            ("/2020/03/low.html", Some(1)),
            ("/blog/flood/", Some(2)),
            ("/old/", Some(3)),
            ("/articles/caf%C3%A9", Some(3)),
            ("caf%C3%A9", Some(3)),
            ("flood", Some(2)),
            ("/flood", None),
            ("/", None),
            ("/articles/", None),
        ] {
            assert_eq!(addresses.find(&entry(address)), article.map(ArticleId), "{address}");
        }
    }

    #[test]
    fn a_source_has_a_name_that_fits_into_a_line() {
        assert_eq!(checked_source(" My old blog "), Ok("My old blog".into()));
        for name in ["", " ", "a\nb", &"x".repeat(65)] {
            assert!(checked_source(name).is_err(), "{name:?}");
        }
    }
}
