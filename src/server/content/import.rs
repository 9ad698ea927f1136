//! Imports articles from files.
//!
//! An import reads all files first, finds out which of the stored articles they are (`plan`), and
//! then takes them in small groups: converts a group, renders it, and writes it in one or a few
//! short transactions. In between it leaves the database to others, so that views and saves don't
//! wait. An import that is cut off can be repeated.

mod blog;
mod convert;
mod fetch;
mod folder;
mod plan;
mod read;
mod report;
mod settings;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tidemark_content::front_matter::Source;
use tidemark_content::markdown;
use tidemark_content::site::Site;
use tidemark_content::slug::{slugify, tag_slug};
use tidemark_counting::UserId;
use tidemark_store::clock::{Clock, Millis};
use tokio::time::Instant;

use self::blog::Export;
pub use self::blog::is_export;
use self::convert::{Files, Library};
pub use self::fetch::{Fetched, Fetcher, MayAsk, NoFetcher, is_public};
use self::folder::Folder;
use self::plan::{Planned, Verdict, plan};
use self::read::Reader;
pub use self::report::{Advice, Entry, Fate, Report};
use crate::error::Error;
use crate::model::article::{Author, Heading, Tag};
use crate::server::db::articles::{ArticleFields, Kind, Status};
use crate::server::db::imports::{Outcome, take};
use crate::server::db::{Database, is_unavailable};

/// The author of articles whose file names none.
const NOBODY: &str = "Anonymous";

/// How many articles are converted and rendered together. It bounds the memory of an import.
const GROUP: usize = 32;

/// How long one transaction writes before it lets others write. Half of the time is theirs.
const SLICE: Duration = Duration::from_millis(50);

/// The largest article with everything that is made of it, in bytes. MariaDB takes no statement of
/// more than 16 MiB unless it is told to, and both profiles take the same.
const MOST_BYTES: usize = 15 * 1024 * 1024;

/// Why an import stopped. What was imported before stays; importing again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder can't be read. Nothing was changed.
    #[error("{path}: {reason}")]
    Folder {
        /// Its path.
        path: String,
        /// The system's message.
        reason: String,
    },
    /// The folder holds too much. Nothing was changed.
    #[error("There are more than {0} files; import the folders below one by one")]
    TooMany(usize),
    /// The texts in the folder are too large. Nothing was changed.
    #[error("The articles have more than {0} MiB of text; import the folders below one by one")]
    TooLarge(u64),
    /// Whoever asked for it wants it no longer.
    #[error("The import was stopped. Run it again to continue from there")]
    Stopped,
    /// The database failed.
    #[error("The import stopped: {0}. Run it again to continue from there")]
    Database(#[from] sqlx::Error),
    /// The store of pictures, or the database, failed.
    #[error("The import stopped: {0}. Run it again to continue from there")]
    Pictures(#[from] Error),
}

/// A file to import.
pub struct SourceFile {
    /// Path below the imported folder.
    pub path: String,
    /// The file's text.
    pub text: String,
}

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only say what would happen.
    pub is_dry_run: bool,
    /// Let files win over changes that were made here since, the bin included.
    pub overwrite: bool,
    /// The pattern of the addresses at the source, instead of the one in its settings.
    pub permalink: Option<String>,
    /// The folder with the pictures of an export, instead of one beside it.
    pub uploads: Option<PathBuf>,
    /// Whether nothing above the folder belongs to the site, not even its settings.
    pub is_whole: bool,
    /// How whoever reads the report does what it advises.
    pub advice: Advice,
}

/// Keeps a picture for the user with this ID: its name and its bytes. Returns its address, or why
/// it can't be kept.
pub type KeepPicture<'a> = dyn Fn(UserId, String, Vec<u8>) -> BoxFuture<'a, Result<Result<String, String>, Error>>
    + Sync
    + 'a;

/// An import.
pub struct Import<'a> {
    /// Where the articles go.
    pub database: &'a Database,
    /// The time.
    pub clock: &'a Clock,
    /// How to import.
    pub options: Options,
    /// Keeps pictures. Without it, they stay where they are.
    pub keep_picture: Option<&'a KeepPicture<'a>>,
    /// Fetches the pictures of an export that are not in its folder. Without it, they are missing.
    pub fetcher: Option<&'a Fetcher>,
    /// Hears how many of how many articles are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
    /// Whether to stop. Reading and converting never wait, so nobody can stop them from outside.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
    /// How many texts are rendered at once. Rendering takes nearly all of an import's time.
    pub threads: usize,
}

/// Imports the articles below `folder`, without their pictures.
///
/// # Errors
/// [`ImportError`]
pub async fn import_folder(
    database: &Database,
    clock: &Clock,
    folder: &Path,
) -> Result<Report, ImportError> {
    Import::new(database, clock).folder(folder).await
}

/// Imports files from memory and adds the results to `report`.
///
/// # Errors
/// [`ImportError`]
pub async fn import(
    database: &Database,
    clock: &Clock,
    files: Vec<SourceFile>,
    report: Report,
) -> Result<Report, ImportError> {
    Import::new(database, clock).files(files, report).await
}

impl<'a> Import<'a> {
    /// An import with the usual options and without pictures.
    pub fn new(database: &'a Database, clock: &'a Clock) -> Self {
        let (options, keep_picture, fetcher) = (Options::default(), None, None);
        // All cores but one.
        let threads = std::thread::available_parallelism().map_or(1, usize::from) - 1;
        Self {
            database,
            clock,
            options,
            keep_picture,
            fetcher,
            progress: &|_, _| {},
            is_stopped: &|| false,
            threads,
        }
    }

    /// Imports the folder or the file at `path`.
    ///
    /// # Errors
    /// [`ImportError`]
    pub async fn source(&self, path: &Path) -> Result<Report, ImportError> {
        match path.is_dir() {
            true => self.folder(path).await,
            false => self.file(path).await,
        }
    }

    /// Imports a blog that WordPress or Ghost has exported to a file.
    ///
    /// # Errors
    /// [`ImportError`]
    pub async fn file(&self, path: &Path) -> Result<Report, ImportError> {
        let (path, options) = (path.to_owned(), self.options.clone());
        let opened = tokio::task::spawn_blocking(move || Export::open(&path, &options)).await;
        let mut export = opened.map_err(|error| sqlx::Error::Protocol(error.to_string()))??;
        let mut report = Report { generator: Some(export.program()), ..Report::default() };
        let articles = export.articles(&mut report);
        self.run(articles, &Site::default(), Files::Export(&export), report).await
    }

    /// Imports the articles below `folder`. Files that can't be read are listed in the report.
    ///
    /// # Errors
    /// [`ImportError`]
    pub async fn folder(&self, folder: &Path) -> Result<Report, ImportError> {
        let mut report = Report::default();
        let folder = Folder::open(folder, &self.options)?;
        let files = folder.files(&mut report, self.is_stopped)?;
        report.generator =
            folder.site.generator.map(tidemark_content::front_matter::Generator::name);
        let is_export = folder.site.generator.is_none() && settings::is_export(&folder);
        let articles = self.reader(&folder.site, is_export).read_all(files, &mut report)?;
        let mut report = self.run(articles, &folder.site, Files::Folder(&folder), report).await?;
        self.settings(&folder, &mut report).await?;
        report.finish();
        Ok(report)
    }

    async fn files(
        &self,
        files: Vec<SourceFile>,
        mut report: Report,
    ) -> Result<Report, ImportError> {
        let site = Site::read(&[], |_| false, self.options.permalink.as_deref());
        let articles = self.reader(&site, false).read_all(files, &mut report)?;
        self.run(articles, &site, Files::None, report).await
    }

    fn reader<'b>(&'b self, site: &'b Site, is_export: bool) -> Reader<'b> {
        Reader { site, is_export, now: self.clock.now(), is_stopped: self.is_stopped }
    }

    async fn run(
        &self,
        articles: Vec<Planned>,
        site: &Site,
        files: Files<'_>,
        mut report: Report,
    ) -> Result<Report, ImportError> {
        report.is_dry_run = self.options.is_dry_run;
        report.advice = self.options.advice;
        report.notes.extend(site.notes.iter().cloned());
        let known = self.database.known_articles().await?;
        let aliases = self.database.all_aliases().await?;
        let planned = plan(articles, known, &aliases, &self.options, &mut report);
        let library = Library::new(&planned, site, files, self.fetcher.is_some(), report.advice);
        let total = planned.len();
        let mut done = 0;
        let mut claimed = HashSet::new();
        for group in planned.chunks(GROUP) {
            let mut ready = Vec::with_capacity(group.len());
            for article in group {
                if (self.is_stopped)() {
                    return Err(ImportError::Stopped);
                }
                let source = match article.verdict {
                    // It may get addresses, but its text stays.
                    Verdict::Leave => article.found.source.clone(),
                    Verdict::Take | Verdict::Compare => {
                        self.converted(article, &library, &mut report).await?
                    }
                };
                ready.push((article, Source { slug: article.slug.clone(), ..source }));
            }
            let ready = rendered(ready, self.threads, &mut report).await?;
            self.write(&ready, &mut claimed, &mut report).await?;
            done += group.len();
            (self.progress)(done, total);
        }
        report.finish();
        Ok(report)
    }

    /// The article with its shortcodes, links and pictures turned into what they are here.
    async fn converted(
        &self,
        article: &Planned,
        library: &Library<'_>,
        report: &mut Report,
    ) -> Result<Source, ImportError> {
        let mut converted = library.convert(article);
        let mut kept = Vec::new();
        for picture in std::mem::take(&mut converted.pictures) {
            let address = match self.keep_picture {
                // Without a place for pictures, their addresses stay as they are.
                None => continue,
                Some(keep) => {
                    let bytes = match picture.read(self.fetcher).await {
                        Ok(bytes) => bytes,
                        Err(reason) => {
                            converted.left(picture.line, reason);
                            continue;
                        }
                    };
                    // A rehearsal adds no user.
                    let owner = if self.options.is_dry_run {
                        UserId(0)
                    } else {
                        let owner = byline(&article.found.source).swap_remove(0);
                        self.database.byline_user(&owner, self.clock.now()).await?
                    };
                    keep(owner, picture.name(), bytes).await?
                }
            };
            match address {
                Ok(address) => kept.push((picture, address)),
                Err(reason) => converted.left(picture.line, reason),
            }
        }
        Ok(converted.finish(kept, report))
    }

    /// Writes articles in short transactions. `claimed` are the old addresses of those before: a
    /// rehearsal keeps nothing, so the database can't tell which of them are taken.
    async fn write(
        &self,
        articles: &[(&Planned, ArticleFields)],
        claimed: &mut HashSet<String>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        let mut rest = articles;
        let mut most = usize::MAX;
        while !rest.is_empty() {
            let began = Instant::now();
            let now = self.clock.now();
            let mut transaction = self.database.begin_content().await?;
            let mut outcomes = Vec::new();
            let mut failure = None;
            for (article, fields) in rest {
                if outcomes.len() == most || (!outcomes.is_empty() && began.elapsed() > SLICE) {
                    break;
                }
                match take(&mut transaction, article.incoming(fields), now).await {
                    Ok(outcome) => outcomes.push(outcome),
                    Err(error) if is_unavailable(&error) => return Err(error.into()),
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                }
            }
            // What failed may be written in part, so all of the transaction goes, and what comes
            // before the failure is written again by itself.
            let (written, refused) = match failure {
                Some(error) if outcomes.is_empty() => {
                    drop(transaction);
                    (1, Some(error))
                }
                Some(_) => {
                    drop(transaction);
                    most = outcomes.len();
                    continue;
                }
                None if self.options.is_dry_run => {
                    drop(transaction);
                    (outcomes.len(), None)
                }
                None => {
                    let is_seen = outcomes
                        .iter()
                        .any(|(outcome, _)| matches!(outcome, Outcome::Created | Outcome::Updated));
                    if is_seen {
                        transaction.commit().await?;
                    } else {
                        transaction.commit_unseen().await?;
                    }
                    (outcomes.len(), None)
                }
            };
            if let Some(error) = refused {
                let name = &rest[0].0.name;
                report.add(name, None, Fate::Refused, format!("the database refused it: {error}"));
            }
            for ((article, fields), (outcome, mut lost)) in rest.iter().zip(outcomes) {
                if self.options.is_dry_run {
                    let taken = fields.aliases.iter().filter(|alias| claimed.contains(*alias));
                    let taken: Vec<String> =
                        taken.filter(|one| !lost.contains(one)).cloned().collect();
                    lost.extend(taken);
                    claimed.extend(fields.aliases.iter().cloned());
                }
                article.tell(outcome, &lost, report);
            }
            rest = &rest[written..];
            most = usize::MAX;
            if !rest.is_empty() {
                tokio::time::sleep(began.elapsed().min(SLICE)).await;
            }
        }
        Ok(())
    }
}

/// Renders a group. What can't be rendered, or is too large, is refused.
async fn rendered<'a>(
    ready: Vec<(&'a Planned, Source)>,
    threads: usize,
    report: &mut Report,
) -> Result<Vec<(&'a Planned, ArticleFields)>, ImportError> {
    let (articles, sources): (Vec<&Planned>, Vec<Source>) = ready.into_iter().unzip();
    let rendered = tokio::task::spawn_blocking(move || render_all(&sources, threads)).await;
    let rendered = rendered.map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    let mut fields = Vec::with_capacity(articles.len());
    for (article, rendered) in articles.into_iter().zip(rendered) {
        let line = article.line_of(article.found.body_line);
        match rendered {
            // The text is stored twice, the second time for searches.
            Some(one) if 2 * one.markdown.len() + one.html.len() > MOST_BYTES => {
                let text = format!("its text and its page have more than {MOST_BYTES} bytes");
                report.add(&article.name, line, Fate::Refused, text);
            }
            Some(one) => fields.push((article, one)),
            None => {
                let text = "the text can't be rendered; this is a bug in Tidemark";
                report.add(&article.name, line, Fate::Refused, text);
            }
        }
    }
    Ok(fields)
}

/// Renders on `threads` threads, at least one. `None` for a text that makes the renderer panic.
fn render_all(sources: &[Source], threads: usize) -> Vec<Option<ArticleFields>> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results: Vec<OnceLock<ArticleFields>> = sources.iter().map(|_| OnceLock::new()).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(source) = sources.get(index) else { return };
            if let Ok(article) = std::panic::catch_unwind(|| render(source)) {
                let _ = results[index].set(article);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    results.into_iter().map(OnceLock::into_inner).collect()
}

fn author(name: &str) -> Author {
    Author::named(slugify(name), name)
}

/// The authors of a file, at least one.
fn byline(source: &Source) -> Vec<Author> {
    match source.authors.as_slice() {
        [] => vec![author(NOBODY)],
        names => names.iter().map(|name| author(name)).collect(),
    }
}

fn render(source: &Source) -> ArticleFields {
    let rendered = markdown::render(&source.markdown);
    let kind = Kind::of(source.is_page);
    // A page may have the address here that it had there.
    let own = kind.address(&source.slug);
    ArticleFields {
        kind,
        slug: source.slug.clone(),
        title: source.title.clone(),
        summary: source.summary.clone().unwrap_or(rendered.summary),
        markdown: source.markdown.clone(),
        html: rendered.html,
        contents: rendered.contents.into_iter().map(Heading::from).collect(),
        reading_minutes: rendered.reading_minutes,
        language: source.language.clone().unwrap_or(rendered.language),
        status: if source.draft { Status::Draft } else { Status::Published },
        published_at: source.published_at.map(Millis),
        updated_at: source.updated_at.map(Millis),
        authors: byline(source),
        tags: source
            .tags
            .iter()
            .map(|name| Tag { slug: tag_slug(name), name: name.clone() })
            .collect(),
        aliases: source.aliases.iter().filter(|alias| **alias != own).cloned().collect(),
        series: source.series.clone(),
        cover: source.cover.clone(),
    }
}
