//! Imports articles from files.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tidemark_content::front_matter::{self, Source};
use tidemark_content::markdown;
use tidemark_content::slug::slugify;
use tidemark_store::clock::Clock;

use crate::model::article::{Author, Heading, Tag};
use crate::server::db::Database;
use crate::server::db::articles::{self, ArticleFields, Status, Written};

/// The author of articles whose file names none.
const NOBODY: &str = "Anonymous";

/// The result of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Articles that were new.
    pub created: usize,
    /// Articles that had changed.
    pub updated: usize,
    /// Articles that were the same already.
    pub unchanged: usize,
    /// Files that were not imported: where and why.
    pub failed: Vec<String>,
}

/// Why an import failed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder can't be read.
    #[error("{path}: {reason}")]
    Folder {
        /// Its path.
        path: String,
        /// The system's message.
        reason: String,
    },
    /// The database failed.
    #[error("The articles could not be written, and nothing was changed: {0}")]
    Database(#[from] sqlx::Error),
}

/// A file to import.
pub struct SourceFile {
    /// Path below the imported folder.
    pub path: String,
    /// The file's text.
    pub text: String,
}

/// Imports every Markdown file below `folder`. Files that can't be read are listed in the report;
/// the others are imported.
///
/// # Errors
/// [`ImportError`]; nothing was changed.
pub async fn import_folder(
    database: &Database,
    clock: &Clock,
    folder: &Path,
) -> Result<Report, ImportError> {
    let mut report = Report::default();
    let mut files = Vec::new();
    for path in markdown_files(folder)? {
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push(SourceFile { path: name, text }),
            Err(error) => report.failed.push(format!("{name}: {error}")),
        }
    }
    import(database, clock, files, report).await
}

/// Imports files from memory and adds the results to `report`.
///
/// # Errors
/// [`ImportError`]; nothing was changed.
pub async fn import(
    database: &Database,
    clock: &Clock,
    files: Vec<SourceFile>,
    mut report: Report,
) -> Result<Report, ImportError> {
    let mut sources = Vec::new();
    for file in files {
        let name = file
            .path
            .strip_suffix(".markdown")
            .or(file.path.strip_suffix(".md"))
            .unwrap_or(&file.path);
        match front_matter::parse(name, &file.text) {
            Ok(source) => sources.push((file.path, source)),
            Err(error) => report.failed.push(format!("{}: {error}", file.path)),
        }
    }
    let dates = database.dates_of_slugs().await?;
    tell_apart(&mut sources, &dates, &mut report);
    let rendered = tokio::task::spawn_blocking(move || render_all(&sources)).await;
    let rendered = rendered.map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    let mut articles = Vec::with_capacity(rendered.len());
    for (path, article) in rendered {
        match article {
            Some(article) => articles.push(article),
            None => report.failed.push(format!(
                "{path}: line 1: the text can't be rendered; this is a bug in Tidemark"
            )),
        }
    }
    // Insert older articles first, so that among articles of one day the later one gets the higher
    // id.
    articles.sort_by_key(|article| article.published_at);

    let now = clock.now_ms();
    let mut transaction = database.begin_content().await?;
    for article in &articles {
        match articles::write(&mut transaction, article, now).await? {
            Written::Created => report.created += 1,
            Written::Updated => report.updated += 1,
            Written::Unchanged => report.unchanged += 1,
        }
    }
    transaction.commit().await?;
    report.failed.sort();
    Ok(report)
}

/// Makes slugs unique. If several articles share a slug (a yearly "survey"), one keeps it and the
/// others get their date appended. The article that already has the slug in the database keeps it,
/// because its count and its links belong to it (rule C7); otherwise the oldest does. Files with
/// the same date too are refused, except the first.
///
/// `dates`: the slugs in the database, with their dates.
fn tell_apart(
    sources: &mut Vec<(String, Source)>,
    dates: &HashMap<String, Option<i64>>,
    report: &mut Report,
) {
    let mut keepers = HashMap::<String, Option<i64>>::new();
    for (_, source) in sources.iter() {
        let keeper = keepers.entry(source.slug.clone()).or_insert(source.published_at);
        let has_it_already = dates.get(&source.slug) == Some(&source.published_at);
        let keeper_has_it_already = dates.get(&source.slug) == Some(&*keeper);
        if has_it_already || (!keeper_has_it_already && source.published_at < *keeper) {
            *keeper = source.published_at;
        }
    }
    for (_, source) in sources.iter_mut() {
        let Some(date) =
            source.published_at.and_then(|time| Timestamp::from_millisecond(time).ok())
        else {
            continue;
        };
        let dated =
            format!("{}-{}", source.slug, TimeZone::UTC.to_datetime(date).strftime("%Y-%m-%d"));
        if keepers.get(&source.slug) != Some(&source.published_at) || dates.contains_key(&dated) {
            source.slug = dated;
        }
    }
    let mut owners = HashMap::<String, String>::new();
    sources.retain(|(path, source)| match owners.get(&source.slug) {
        Some(owner) => {
            report.failed.push(format!(
                "{path}: line 1: the slug {:?} is also that of {owner}; change one of them",
                source.slug
            ));
            false
        }
        None => {
            owners.insert(source.slug.clone(), path.clone());
            true
        }
    });
}

/// Renders on all cores, because highlighting takes nearly all of an import's time. `None` for a
/// text that makes the renderer panic.
fn render_all(sources: &[(String, Source)]) -> Vec<(String, Option<ArticleFields>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results: Vec<OnceLock<ArticleFields>> = sources.iter().map(|_| OnceLock::new()).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some((_, source)) = sources.get(index) else { return };
            if let Ok(article) = std::panic::catch_unwind(|| render(source)) {
                let _ = results[index].set(article);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    sources
        .iter()
        .zip(results)
        .map(|((path, _), result)| (path.clone(), result.into_inner()))
        .collect()
}

fn render(source: &Source) -> ArticleFields {
    let rendered = markdown::render(&source.markdown);
    let mut authors: Vec<Author> = source
        .authors
        .iter()
        .map(|name| Author { username: slugify(name), name: name.clone() })
        .collect();
    if authors.is_empty() {
        authors.push(Author { username: slugify(NOBODY), name: NOBODY.into() });
    }
    ArticleFields {
        slug: source.slug.clone(),
        title: source.title.clone(),
        summary: source.summary.clone().unwrap_or(rendered.summary),
        markdown: source.markdown.clone(),
        html: rendered.html,
        contents: rendered.contents.into_iter().map(Heading::from).collect(),
        reading_minutes: rendered.reading_minutes,
        language: rendered.language,
        status: if source.draft { Status::Draft } else { Status::Published },
        published_at: source.published_at,
        authors,
        tags: source
            .tags
            .iter()
            .map(|name| Tag { slug: slugify(name), name: name.clone() })
            .collect(),
        aliases: source.aliases.clone(),
        cover: source.cover.clone(),
    }
}

/// The Markdown files below a folder, sorted by path, without the section pages of Zola and Hugo
/// (`_index.md`).
fn markdown_files(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let failed = |path: &Path, error: std::io::Error| ImportError::Folder {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
            let entry = entry.map_err(|error| failed(&folder, error))?;
            let path = entry.path();
            // Don't follow links to folders, which could form a cycle.
            if entry.file_type().map_err(|error| failed(&path, error))?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md" || ending == "markdown")
                && path.file_stem().is_some_and(|stem| stem != "_index")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
