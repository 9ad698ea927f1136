//! Finds out which stored article each file is, and what may happen to it.
//!
//! A file is known again by its path, then by the address that it has at its source, then by its
//! slug. So an article that was renamed there or here stays one article and keeps its count.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidemark_content::front_matter::{Found, Generator, LONGEST_ALIAS};
use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;

use super::report::{Fate, Report};
use super::{Options, SourceFile};
use crate::server::db::articles::{ArticleFields, Kind};
use crate::server::db::imports::{Incoming, KnownArticle, Outcome};

/// Numbers below this are tried to make a slug unique.
const MOST_NUMBERS: usize = 1_000;

/// What may happen to an article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file is taken.
    Take,
    /// The article changed here and the file there, so the file is taken only if both say the same.
    Compare,
    /// The article changed here and the file did not, so the article stays.
    Leave,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Planned {
    /// Its path below the site's root, or what names a post of an export wherever it is.
    pub path: String,
    /// What the report calls it.
    pub name: String,
    /// Whether it came out of an export, so that its text has no shortcodes of another program.
    pub is_export: bool,
    /// Whether it is one of many posts in a file, and has no file of its own.
    is_post: bool,
    /// The line of that file at which it begins.
    line: Option<usize>,
    /// What it holds.
    pub found: Found,
    /// The program that it was written for, if known.
    pub generator: Option<Generator>,
    /// The language that its name says.
    pub language: Option<String>,
    /// The addresses that it had at its source.
    pub addresses: Vec<String>,
    /// The slug that it gets.
    pub slug: String,
    /// What may happen to the stored article.
    pub verdict: Verdict,
    target: Option<(ArticleId, i64)>,
    is_deleted: bool,
    was_imported: bool,
    hash: String,
}

impl Planned {
    /// A post of an export. `identity` names it among all posts of all blogs, and `hash` is one of
    /// everything in it that is taken.
    pub fn of_export(
        identity: String,
        name: String,
        line: Option<usize>,
        mut found: Found,
        hash: String,
    ) -> Self {
        // A plain feed without numbers has long ones.
        let path = identity.chars().take(LONGEST_ALIAS).collect();
        found.body_line = 1;
        Self {
            path,
            name,
            is_export: true,
            is_post: true,
            line,
            addresses: found.source.aliases.clone(),
            slug: found.source.slug.clone(),
            found,
            generator: None,
            language: None,
            verdict: Verdict::Take,
            target: None,
            is_deleted: false,
            was_imported: false,
            hash,
        }
    }

    /// A file with an article. `addresses` are those that it had at its source.
    pub fn of_file(
        SourceFile { path, text }: SourceFile,
        found: Found,
        generator: Option<Generator>,
        language: Option<String>,
        addresses: Vec<String>,
    ) -> Self {
        Self {
            hash: blake3::hash(text.as_bytes()).to_hex().to_string(),
            slug: found.source.slug.clone(),
            verdict: Verdict::Take,
            target: None,
            is_deleted: false,
            was_imported: false,
            name: path.clone(),
            is_export: false,
            is_post: false,
            line: None,
            path,
            found,
            generator,
            language,
            addresses,
        }
    }

    /// The line to name for something in a line of the text, from 1.
    pub fn line_of(&self, line: usize) -> Option<usize> {
        match self.is_post {
            true => self.line,
            false => Some(line),
        }
    }

    pub fn incoming<'a>(&'a self, fields: &'a ArticleFields) -> Incoming<'a> {
        Incoming {
            target: self.target,
            may_change: self.verdict == Verdict::Take,
            path: &self.path,
            hash: &self.hash,
            fields,
        }
    }

    /// The address that it gets here.
    pub fn address(&self) -> String {
        Kind::of(self.found.source.is_page).address(&self.slug)
    }

    /// Adds to the report what became of the article. `lost`: aliases that lead elsewhere.
    pub fn tell(&self, outcome: Outcome, lost: &[String], report: &mut Report) {
        let address = self.address();
        let advice = report.advice.overwrite();
        let left = |report: &mut Report, text: &str| report.add(&self.name, None, Fate::Left, text);
        match (outcome, self.verdict) {
            (Outcome::Created, _) => {
                report.created += 1;
                report.add(&self.name, None, Fate::Created, format!("it is {address}"));
            }
            (Outcome::Updated, _) => {
                report.updated += 1;
                report.add(&self.name, None, Fate::Updated, format!("it is {address}"));
            }
            (Outcome::Unchanged, _) | (Outcome::Differs, Verdict::Leave) => report.unchanged += 1,
            (Outcome::Differs, _) if self.is_deleted => {
                left(report, "its article is in the bin here, so it stays there");
            }
            (Outcome::Differs, _) if self.was_imported => left(
                report,
                &format!(
                    "the article was changed here, and the file since it was imported; nothing was \
                     changed. Bring the two together, or {advice}"
                ),
            ),
            (Outcome::Differs, _) => left(
                report,
                &format!(
                    "the article was written or changed here and differs; nothing was changed. \
                     Bring the two together, or {advice}"
                ),
            ),
            (Outcome::ChangedMeanwhile, _) => {
                left(report, "somebody saved the article just now; import again");
            }
        }
        for alias in lost {
            let text = format!("its old address {alias} leads to another article");
            report.add(&self.name, None, Fate::Left, text);
        }
    }
}

/// Finds out which articles files are, and orders them.
///
/// `known` are all stored articles, `aliases` all aliases with the IDs of their articles.
pub(super) fn plan(
    mut planned: Vec<Planned>,
    known: Vec<KnownArticle>,
    aliases: &HashMap<String, ArticleId>,
    options: &Options,
    report: &mut Report,
) -> Vec<Planned> {
    let by_id: BTreeMap<ArticleId, &KnownArticle> = known.iter().map(|one| (one.id, one)).collect();
    match_all(&mut planned, &by_id, aliases);
    name_all(&mut planned, &by_id, report);
    for one in &mut planned {
        let Some(stored) = one.target.and_then(|(id, _)| by_id.get(&id)) else { continue };
        let is_edited = match stored.imported_version {
            Some(version) => version != stored.version,
            None => stored.is_revised || stored.is_deleted,
        };
        one.is_deleted = stored.is_deleted;
        one.was_imported = stored.imported_version.is_some();
        one.verdict = match stored.hash.as_deref() {
            _ if !is_edited || options.overwrite => Verdict::Take,
            Some(hash) if hash == one.hash => Verdict::Leave,
            _ => Verdict::Compare,
        };
    }
    // Older articles first, so that among articles of one day the later one gets the higher id.
    planned.sort_by_key(|one| one.found.source.published_at);
    planned
}

/// Finds the stored article of each file.
fn match_all(
    planned: &mut [Planned],
    known: &BTreeMap<ArticleId, &KnownArticle>,
    aliases: &HashMap<String, ArticleId>,
) {
    let by_path: HashMap<&str, &KnownArticle> =
        known.values().filter_map(|one| Some((one.path.as_deref()?, *one))).collect();
    let by_slug: HashMap<&str, &KnownArticle> =
        known.values().map(|one| (one.slug.as_str(), *one)).collect();
    let mut of_article: HashMap<ArticleId, Vec<&str>> = HashMap::new();
    for (alias, id) in aliases {
        of_article.entry(*id).or_default().push(alias);
    }
    let paths: HashSet<String> = planned.iter().map(|one| one.path.clone()).collect();
    let mut taken = HashSet::new();
    let mut take = |one: &mut Planned, stored: &KnownArticle| {
        if one.target.is_none() && taken.insert(stored.id) {
            one.target = Some((stored.id, stored.version));
        }
    };
    for one in planned.iter_mut() {
        let Some(stored) = by_path.get(one.path.as_str()) else { continue };
        // Another blog may have a file of this name. Something else must be the same too. A post
        // of an export has a name that no other blog has.
        let source = &one.found.source;
        let has = |address: &String| {
            of_article.get(&stored.id).is_some_and(|own| own.contains(&address.as_str()))
        };
        let agrees = one.is_post
            || stored.hash.as_ref() == Some(&one.hash)
            || stored.title == source.title
            || is_derived(&stored.slug, &source.slug)
            || (source.published_at.is_some()
                && stored.published_at == source.published_at.map(Millis))
            || one.addresses.iter().any(has)
            || has(&Kind::of(source.is_page).address(&source.slug));
        if agrees {
            take(one, stored);
        }
    }
    // An article that another of these files is known to be, is not this one.
    let is_free =
        |stored: &KnownArticle| stored.path.as_ref().is_none_or(|path| !paths.contains(path));
    for one in planned.iter_mut() {
        let source = &one.found.source;
        let renamed = Kind::of(source.is_page).address(&source.slug);
        // Every blog of WordPress has a post with the number 1.
        let addresses = one.addresses.iter().filter(|address| !address.starts_with("/?p="));
        let stored = addresses.chain([&renamed]).find_map(|address| {
            aliases.get(address).and_then(|id| known.get(id)).filter(|stored| is_free(stored))
        });
        if let Some(stored) = stored {
            take(one, stored);
        }
    }
    // Of several files with one slug, the one with the article's date comes first.
    for needs_date in [true, false] {
        let mut wanted = HashMap::<String, usize>::new();
        for one in planned.iter().filter(|one| one.target.is_none()) {
            *wanted.entry(one.found.source.slug.clone()).or_default() += 1;
        }
        for one in planned.iter_mut() {
            let source = &one.found.source;
            let dated = dated_slug(one);
            let slugs = [Some(source.slug.as_str()), dated.as_deref()];
            let stored = slugs.into_iter().flatten().find_map(|slug| {
                by_slug.get(slug).copied().filter(|stored| {
                    let is_same_day = stored.published_at == source.published_at.map(Millis);
                    // What was written here under the same slug is another article.
                    let is_alone = wanted.get(&source.slug) == Some(&1) && !stored.is_revised;
                    let is_plain = slug == source.slug;
                    is_free(stored) && (is_same_day || (!needs_date && is_alone && is_plain))
                })
            });
            if let Some(stored) = stored {
                take(one, stored);
            }
        }
    }
}

/// Gives each article a slug that no other has. The one that has it keeps it, because its count and
/// its links belong to it (rule C7); otherwise the oldest gets it.
fn name_all(
    planned: &mut [Planned],
    known: &BTreeMap<ArticleId, &KnownArticle>,
    report: &mut Report,
) {
    let mut taken: HashSet<String> = known.values().map(|one| one.slug.clone()).collect();
    for one in planned.iter_mut() {
        let Some(stored) = one.target.and_then(|(id, _)| known.get(&id)) else { continue };
        let wanted = &one.found.source.slug;
        one.slug = stored.slug.clone();
        if !is_derived(&stored.slug, wanted) && taken.insert(wanted.clone()) {
            one.slug = wanted.clone();
        }
    }
    let mut new: Vec<&mut Planned> =
        planned.iter_mut().filter(|one| one.target.is_none()).collect();
    new.sort_by(|one, other| {
        let key = |one: &Planned| (one.language.is_some(), one.found.source.published_at);
        (key(one), &one.path).cmp(&(key(other), &other.path))
    });
    for one in new {
        let wanted = one.found.source.slug.clone();
        let translated = one
            .language
            .as_ref()
            .map(|language| format!("{wanted}-{}", language.to_lowercase().replace('_', "-")));
        let plain = match &translated {
            // A translation that does not name itself has the name of what it translates.
            Some(_) if !one.found.names_itself => None,
            _ => Some(wanted.clone()),
        };
        let dated = dated_slug(one);
        let base = translated.clone().or(dated.clone()).unwrap_or_else(|| wanted.clone());
        let numbered = (2..MOST_NUMBERS).map(|number| format!("{base}-{number}"));
        let slugs = [plain, translated.clone(), dated].into_iter().flatten().chain(numbered);
        one.slug = slugs
            .into_iter()
            .find(|slug| !taken.contains(slug))
            .unwrap_or_else(|| format!("{base}-{:.8}", one.hash));
        if one.slug != wanted && Some(&one.slug) != translated.as_ref() {
            let text =
                format!("another article is called {wanted:?}, so this one is {:?}", one.slug);
            report.add(&one.name, None, Fate::Changed, text);
        }
        taken.insert(one.slug.clone());
    }
}

/// Whether `name_all` may have made the slug `stored` of `wanted`.
fn is_derived(stored: &str, wanted: &str) -> bool {
    stored == wanted
        || stored.strip_prefix(wanted).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| {
            rest.split('-')
                .all(|part| part.len() <= 2 || part.bytes().all(|one| one.is_ascii_digit()))
        })
}

/// The slug with the date behind it.
fn dated_slug(one: &Planned) -> Option<String> {
    let source = &one.found.source;
    let date = Timestamp::from_millisecond(source.published_at?).ok()?;
    Some(format!("{}-{}", source.slug, TimeZone::UTC.to_datetime(date).strftime("%Y-%m-%d")))
}
