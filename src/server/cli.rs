//! The command line: its arguments, and which command runs. Each command has a module below, but
//! for those of a few lines.

/// Prints a line, as `println!` does, which panics if it can't.
macro_rules! say {
    ($($line:tt)*) => { $crate::server::cli::print_line(format_args!($($line)*)) };
}

mod backup;
mod doctor;
mod draw_diagram;
mod health;
mod import;
mod import_counts;
mod jobs;
mod kafka;
mod search;
mod serve;
mod signals;
mod user;

use std::collections::HashMap;
use std::fmt;
use std::io::{ErrorKind, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Once;

use backup::{RestoreArguments, restore_backup};
use clap::{Parser, Subcommand};
use doctor::doctor;
use health::health;
use import::{ImportArguments, import, seed_samples};
use import_counts::{ImportCountsArguments, take_counts};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use jobs::{flush, reconcile, show_jobs, work};
use kafka::{KafkaCommand, kafka};
use serve::serve;
use tidemark_content::diagram;
use tidemark_store::clock::Clock;
use user::{UserCommand, user};

use super::config::Config;
use super::content::export::{ExportError, export_folder};
use super::content::export_counts::export_counts;
use super::content::export_site::{export_pictures, export_site};
use super::content::rerender::rerender;
use super::content::search_index::index_older;
use super::db::pictures::Picture;
use super::schedule::Schedule;
use super::state::Parts;
use super::stores::Stores;
use super::telemetry;
use super::traces::Traces;

/// A self-hosted blog whose read counts can be trusted
///
/// Without a command, it serves the blog.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Read the settings from FILE instead of Leptos.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    // cargo-leptos runs the program without a command.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the blog until SIGTERM or Ctrl-C
    Serve {
        /// Don't run background jobs; another process must, such as `tidemark flush --every 1m`
        #[arg(long)]
        no_jobs: bool,
    },
    /// Move the views in Redis to SQL once, and report what was moved
    Flush {
        /// Keep running until SIGTERM or Ctrl-C: flush at this interval (or cron expression), and
        /// run all other background jobs too
        #[arg(long, value_name = "TIME", value_parser = running)]
        every: Option<Schedule>,
    },
    /// Compare every cached count with its source, correct it, and report what differed
    Reconcile,
    /// Show the background jobs: their schedules, next runs and last results
    Jobs,
    /// Check the configuration and the stores, and show what they guarantee
    ///
    /// The exit status is 0 if nothing is wrong, even if there are warnings, and 1 if there are
    /// problems.
    Doctor {
        /// Print JSON: version, problems and warnings (how many), and findings (level and text)
        #[arg(long)]
        json: bool,
    },
    /// Ask the server with these settings whether it is up, for the health check of a container
    Health,
    /// Migrate the database, render articles of older versions again, and exit
    Migrate,
    /// Add sample articles and a demo author to a blog that has no articles
    Seed,
    /// Import a blog from WordPress or Ghost, or from the files of Hugo, Zola, Jekyll, Hexo,
    /// Eleventy, Astro or Obsidian
    ///
    /// Articles, pictures and old addresses are taken; counts stay. A file that has not changed
    /// since it was imported changes nothing. The exit status is 1 if anything was left or refused.
    Import(ImportArguments),
    /// Take over view counts from WordPress, GoatCounter, Plausible, Matomo, Google Analytics,
    /// Waline, LeanCloud, busuanzi or a list of address,count
    ///
    /// They become a part of each article's total that names its source. What was counted here
    /// stays as it is, and so do the rankings of the last days. Importing again replaces what came
    /// from the same source. The exit status is 1 if a line could not be read.
    ImportCounts(ImportCountsArguments),
    /// Write every article and page to a Markdown file that `import` reads, with the pictures, the
    /// counts, the likes, the menu, the redirects and the site's settings
    Export {
        /// The folder to write to; created if missing, existing files are replaced
        folder: PathBuf,
    },
    /// Write everything to one file: articles, users, counts, settings and pictures
    ///
    /// Servers may run meanwhile. It has nothing that says who read what, no sessions and no
    /// invitations, but it has the hashes of passwords, so only its owner may read it. It is read
    /// back before it replaces a file of that name.
    Backup {
        /// The file to write, such as tidemark.tar.gz
        file: PathBuf,
    },
    /// Put what a backup has in place of an empty blog, on SQLite or on a server
    ///
    /// The file is checked before anything changes, and the database is replaced in one step.
    /// Everybody has to sign in again.
    Restore(RestoreArguments),
    /// Manage the index that searches use
    #[command(subcommand)]
    Search(SearchCommand),
    /// Prepare Kafka
    #[command(subcommand)]
    Kafka(KafkaCommand),
    /// Manage who can sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Draw the diagram on standard input
    #[command(name = draw_diagram::NAME, hide = true)]
    DrawDiagram,
}

#[derive(Debug, Subcommand)]
enum SearchCommand {
    /// Index the words of all articles again; searches keep working meanwhile
    Rebuild,
}

/// Parses a schedule that is not `off`: a process for background jobs is started for its flush.
fn running(text: &str) -> Result<Schedule, String> {
    match Schedule::parse(text)? {
        Schedule::Off => Err("this must be a time span or a cron expression".into()),
        schedule => Ok(schedule),
    }
}

/// Runs the command line. Exit status 0: success; 1: failure, with one line on standard error; 2:
/// wrong usage.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::DrawDiagram) = arguments.command {
        return draw_diagram::draw_diagram();
    }
    diagram::draw_with(draw_diagram::drawing);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let result = runtime.block_on(run(arguments));
    // A question to Kafka that was cut off goes on for seconds, and nobody waits for the answer.
    runtime.shutdown_background();
    match result {
        Ok(()) if UNWRITTEN.is_completed() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    let _ = writeln!(stderr(), "tidemark: {error}");
    ExitCode::FAILURE
}

/// Done once a line of output could not be written.
static UNWRITTEN: Once = Once::new();

/// What `say!` does. That nobody reads on, as behind `tidemark jobs | head -1`, is no failure.
fn print_line(line: fmt::Arguments<'_>) {
    match writeln!(stdout(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => UNWRITTEN.call_once(|| {
            let _ = writeln!(stderr(), "tidemark: The output can't be written: {error}.");
        }),
        _ => {}
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    // Not `vars`, which panics on names and values that are not UTF-8.
    let environment: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let config = Config::load(arguments.config.as_deref(), environment)?;
    let command = arguments.command.unwrap_or(Command::Serve { no_jobs: false });
    let is_server = matches!(command, Command::Serve { .. } | Command::Flush { every: Some(_) });
    let traces = Traces::new(&config.traces)?;
    telemetry::start(config.server.log, if is_server { "info" } else { "warn" }, traces.as_ref());
    let result = obey(config, command).await;
    if let Some(traces) = traces {
        let _ = tokio::task::spawn_blocking(|| traces.finish()).await;
    }
    result
}

async fn obey(mut config: Config, command: Command) -> Result<(), String> {
    let clock = Clock::System;
    if let Command::Serve { no_jobs } = command {
        return serve(config, clock, !no_jobs).await;
    }
    if let Command::Health = command {
        return health(config.site.addr);
    }
    if let Command::Kafka(command) = command {
        return kafka(&config, command).await;
    }
    if let Command::Flush { every: Some(schedule) } = &command {
        config.jobs.flush = schedule.clone();
    }
    let (parts, _) = Parts::assemble(config, clock).await.map_err(|error| error.to_string())?;
    let Stores { database, author_counts, .. } = &parts.stores;
    let (jobs, clock) = (&parts.jobs, &parts.clock);
    let result = match command {
        Command::Serve { .. } | Command::Health | Command::Kafka(_) | Command::DrawDiagram => {
            Ok(())
        }
        Command::Flush { every: None } => flush(jobs).await,
        Command::Flush { every: Some(_) } => work(jobs).await,
        Command::Reconcile => reconcile(jobs).await,
        Command::Jobs => show_jobs(jobs, database, clock).await,
        Command::Doctor { json } => doctor(&parts.doctor, &parts.config, json).await,
        Command::Migrate => {
            say!("The database is up to date: {}", database.address());
            let indexed = index_older(database).await.map_err(|error| error.to_string())?;
            if indexed > 0 {
                say!("Indexed the words of {indexed} articles for the search.");
            }
            let changed = rerender(database).await.map_err(|error| error.to_string())?;
            if changed > 0 {
                say!("Rendered {changed} articles of older versions again.");
            }
            Ok(())
        }
        Command::Seed => {
            let seeded = seed_samples(database, clock).await;
            author_counts.articles_changed().await;
            seeded
        }
        Command::Import(arguments) => {
            let imported = import(database, clock, &parts.pictures, arguments).await;
            author_counts.articles_changed().await;
            imported
        }
        Command::ImportCounts(arguments) => take_counts(database, arguments).await,
        Command::Export { folder } => {
            let exported = async {
                let count = export_folder(database, &folder).await?;
                let now = Timestamp::from_millisecond(clock.now().0).unwrap_or_default();
                let today = TimeZone::UTC.to_datetime(now).date();
                export_counts(database, &parts.stores.views, today, &folder).await?;
                export_site(database, &folder).await?;
                let body = async |picture: &Picture| parts.pictures.body(picture).await;
                let pictures = export_pictures(database, body, &folder).await?;
                Ok::<_, ExportError>((count, pictures))
            };
            match exported.await {
                Ok((count, pictures)) => {
                    say!(
                        "Exported {count} articles and pages, their counts and {} pictures to {}.\n\
                         For Hugo or Zola, move the .md files to content/ and keep static/ beside it.",
                        pictures.written,
                        folder.display()
                    );
                    match pictures.lost.is_empty() {
                        true => Ok(()),
                        false => Err(format!(
                            "The store has lost the files of these pictures: {}",
                            pictures.lost.join(", ")
                        )),
                    }
                }
                Err(error) => Err(error.to_string()),
            }
        }
        Command::Backup { file } => jobs.backup_step(&file).await.map(|made| say!("{made}")),
        Command::Restore(arguments) => restore_backup(&parts.stores, jobs, clock, arguments).await,
        Command::Search(SearchCommand::Rebuild) => {
            search::rebuild(database, parts.stores.open_search.as_ref()).await
        }
        Command::User(command) => user(&parts.stores, clock, command).await,
    };
    database.close().await;
    result
}
