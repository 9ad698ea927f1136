//! Adds articles: from files, and samples.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use futures_util::future::BoxFuture;
use tidemark_counting::UserId;
use tidemark_store::clock::Clock;

use super::super::content::import::{Fate, Fetcher, Import, Options, Report, is_public};
use super::super::db::Database;
use super::super::pictures::Pictures;
use super::super::seed::seed;

/// Arguments of `tidemark import`.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The folder of the site or a folder with articles in it, or a file that WordPress (WXR) or
    /// Ghost (JSON) has exported
    source: PathBuf,
    /// Change nothing and report what would happen
    #[arg(long)]
    dry_run: bool,
    /// Let files win over what was changed here since, articles in the bin and the site's settings
    /// included
    #[arg(long)]
    overwrite: bool,
    /// The addresses at the source, such as /:year/:month/:title/, instead of what its settings say
    #[arg(long, value_name = "PATTERN")]
    permalink: Option<String>,
    /// The folder with the pictures of an export, such as wp-content/uploads; otherwise one beside
    /// it
    #[arg(long, value_name = "FOLDER")]
    uploads: Option<PathBuf>,
    /// Fetch the pictures of an export that are in no folder from their old addresses
    #[arg(long)]
    fetch_pictures: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Imports a folder, shows how far it is, and prints the report. Fails if anything was left or
/// refused.
pub(super) async fn import(
    database: &Database,
    clock: &Clock,
    pictures: &Pictures,
    arguments: ImportArguments,
) -> Result<(), String> {
    let ImportArguments { source, dry_run, overwrite, permalink, uploads, fetch_pictures, json } =
        arguments;
    let fetcher = fetch_pictures.then(|| Fetcher::new(is_public, None)).transpose();
    let fetcher = fetcher.map_err(|error| error.to_string())?;
    let keep = |owner: UserId, name: String, bytes: Vec<u8>| -> BoxFuture<'_, _> {
        Box::pin(pictures.keep_import(dry_run, owner, name, bytes))
    };
    let is_watched = std::io::stderr().is_terminal();
    let progress = |done: usize, total: usize| {
        if is_watched {
            let end = if done == total { "\n" } else { "" };
            let _ = write!(std::io::stderr(), "\r{done} of {total} articles{end}");
        }
    };
    let import = Import {
        options: Options {
            is_dry_run: dry_run,
            overwrite,
            permalink,
            uploads,
            ..Options::default()
        },
        fetcher: fetcher.as_ref(),
        keep_picture: Some(&keep),
        progress: &progress,
        ..Import::new(database, clock)
    };
    let report = import.source(&source).await.map_err(|error| error.to_string())?;
    if json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        say!("{text}");
    } else {
        print(&report, &source.display().to_string());
    }
    let (left, refused) = (report.with(Fate::Left).len(), report.with(Fate::Refused).len());
    if !report.is_whole() {
        return Err(format!(
            "The import is incomplete: {refused} files refused, {left} items left out. The report above names them."
        ));
    }
    match report.created + report.updated + report.unchanged {
        0 => Err(format!("There are no articles in {}.", source.display())),
        _ => Ok(()),
    }
}

/// Prints a report for people. What went in without a change is only counted.
fn print(report: &Report, source: &str) {
    for fate in [Fate::Skipped, Fate::Changed, Fate::Left, Fate::Refused] {
        let entries = report.with(fate);
        if !entries.is_empty() {
            say!("{}:", fate.heading());
        }
        for entry in entries {
            say!("  {entry}");
        }
    }
    for remark in report.remarks() {
        say!("{remark}");
    }
    say!("{}", report.summary(source));
}

pub(super) async fn seed_samples(database: &Database, clock: &Clock) -> Result<(), String> {
    match seed(database, clock).await.map_err(|error| error.to_string())? {
        None => say!("The blog already has articles, so nothing was added."),
        Some(seeded) => {
            say!("Added {} sample articles.", seeded.articles);
            if let Some(password) = seeded.password {
                say!(
                    "Their author can sign in at /login with the user name {} and the password",
                    seeded.username
                );
                say!("    {password}");
                say!(
                    "It won't be shown again; `tidemark user passwd {}` sets a new one.",
                    seeded.username
                );
            }
        }
    }
    Ok(())
}
