//! Adds articles: from files, and samples.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use tidemark_counting::UserId;
use tidemark_store::clock::Clock;

use super::super::content::import::{Fate, Fetcher, Import, Options, Report, is_public};
use super::super::db::Database;
use super::super::pictures::{NotTaken, Pictures};
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
    /// Let files win over what was changed here since, articles in the bin included
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
    let fetcher = fetch_pictures.then(|| Fetcher::new(is_public)).transpose();
    let fetcher = fetcher.map_err(|error| error.to_string())?;
    let keep =
        |owner: UserId, name: String, bytes: Vec<u8>| -> futures_util::future::BoxFuture<'_, _> {
            Box::pin(async move {
                let kept = match dry_run {
                    true => pictures.rehearse_import(&name, bytes).await,
                    false => pictures.import(owner, &name, bytes).await,
                };
                match kept {
                    Ok(address) => Ok(Ok(address)),
                    Err(NotTaken::Failed(error)) => Err(error),
                    Err(refused) => Ok(Err(format!("the picture {refused}"))),
                }
            })
        };
    let is_watched = std::io::stderr().is_terminal();
    let progress = |done: usize, total: usize| {
        if is_watched {
            eprint!("\r{done} of {total} articles");
            if done == total {
                eprintln!();
            }
            let _ = std::io::stderr().flush();
        }
    };
    let import = Import {
        options: Options { is_dry_run: dry_run, overwrite, permalink, uploads },
        fetcher: fetcher.as_ref(),
        keep_picture: Some(&keep),
        progress: &progress,
        ..Import::new(database, clock)
    };
    let report = import.source(&source).await.map_err(|error| error.to_string())?;
    if json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        println!("{text}");
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
    for (fate, heading) in [
        (Fate::Skipped, "No articles"),
        (Fate::Changed, "Changed"),
        (Fate::Left, "Left"),
        (Fate::Refused, "Refused"),
    ] {
        let entries = report.with(fate);
        if !entries.is_empty() {
            println!("{heading}:");
        }
        for entry in entries {
            println!("  {entry}");
        }
    }
    let list = |counted: &BTreeMap<String, usize>| {
        let parts: Vec<String> =
            counted.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        parts.join(", ")
    };
    if !report.unused_keys.is_empty() {
        println!("Keys that mean nothing here: {}", list(&report.unused_keys));
    }
    if !report.other_files.is_empty() {
        println!("Files that are no articles: {}", list(&report.other_files));
    }
    for note in &report.notes {
        println!("Of the site: {note}");
    }
    if report.with_views > 0 {
        println!(
            "Articles with a number of views, which `tidemark import-counts` takes: {}",
            report.with_views
        );
    }
    let generator = report.generator.map(|name| format!(", made with {name}")).unwrap_or_default();
    let verb = if report.is_dry_run { "Would import" } else { "Imported" };
    println!(
        "{verb} from {source}{generator}: {} new, {} updated, {} unchanged, {} left, {} refused.",
        report.created,
        report.updated,
        report.unchanged,
        report.with(Fate::Left).len(),
        report.with(Fate::Refused).len()
    );
}

pub(super) async fn seed_samples(database: &Database, clock: &Clock) -> Result<(), String> {
    match seed(database, clock).await.map_err(|error| error.to_string())? {
        None => println!("The blog already has articles, so nothing was added."),
        Some(seeded) => {
            println!("Added {} sample articles.", seeded.articles);
            if let Some(password) = seeded.password {
                println!(
                    "Their author can sign in at /login with the user name {} and the password",
                    seeded.username
                );
                println!("    {password}");
                println!(
                    "It won't be shown again; `tidemark user passwd {}` sets a new one.",
                    seeded.username
                );
            }
        }
    }
    Ok(())
}
