//! The command line.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use tidemark_store::clock::Clock;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts;
use super::author_counts::AuthorCounts;
use super::config::{self, Config};
use super::content::export::export_folder;
use super::content::import::import_folder;
use super::content::rerender::rerender;
use super::db::users::Role;
use super::db::{AnyDatabase, Database};
use super::doctor::{Finding, examine, examine_pictures};
use super::jobs::reconcile::describe;
use super::jobs::schedule::Schedule;
use super::jobs::{Job, Jobs};
use super::lifecycle::{LAST_FLUSH, LAST_WRITES, Server};
use super::metrics::Metrics;
use super::seed::seed;
use super::stores::Stores;
use super::telemetry;

/// A self-hosted blog whose read counts can be trusted
///
/// Without a command it serves the blog.
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
        /// Run no background jobs; then another process must, such as `tidemark flush --every 1m`
        #[arg(long)]
        no_jobs: bool,
    },
    /// Bring the views that Redis holds to SQL, once, and say what was moved
    Flush {
        /// Go on until SIGTERM or Ctrl-C, with this time between two flushes (or a cron
        /// expression), and run all other background jobs too
        #[arg(long, value_name = "TIME", value_parser = running)]
        every: Option<Schedule>,
    },
    /// Compare every cached count with what it was made from, correct it, and say what differed
    Reconcile,
    /// Show what runs in the background: when, when next, and how it ended the last time
    Jobs,
    /// Show what is configured, what it guarantees, and what is wrong
    Doctor,
    /// Bring the database, and the pages made of its texts, up to date and stop
    Migrate,
    /// Add sample articles and a demo author to a blog that has no articles
    Seed,
    /// Add or update articles from Markdown files with TOML or YAML front matter (Zola, Hugo,
    /// Jekyll)
    Import {
        /// The folder to look for *.md in, with all folders below it
        folder: PathBuf,
    },
    /// Write every article to a Markdown file that `import` reads
    Export {
        /// The folder to write to; made if it is not there, files of the same name are replaced
        folder: PathBuf,
    },
    /// Manage who can sign in
    #[command(subcommand)]
    User(UserCommand),
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a user and print a password for the first sign-in
    Add {
        /// The name to sign in with: lower-case letters, digits and hyphens
        username: String,
        /// The name in bylines; the user name if not given
        #[arg(long)]
        name: Option<String>,
        /// What the user may do
        #[arg(long, default_value = "author")]
        role: RoleArgument,
    },
    /// Give a user a new password and print it
    Passwd {
        /// The name to sign in with
        username: String,
    },
    /// Give a user another role
    Role {
        /// The name to sign in with
        username: String,
        /// What the user may do from now on
        role: RoleArgument,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArgument {
    Reader,
    Author,
    Admin,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Reader => Role::Reader,
            RoleArgument::Author => Role::Author,
            RoleArgument::Admin => Role::Admin,
        }
    }
}

/// Parses a schedule that is not `off`: a process for background jobs is started for its flush.
fn running(text: &str) -> Result<Schedule, String> {
    match Schedule::parse(text)? {
        Schedule::Off => Err("a time span or a cron expression is needed here".into()),
        schedule => Ok(schedule),
    }
}

/// Runs the command line. Exit status 0: success; 1: failure, with one line on standard error; 2:
/// wrong usage.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    match runtime.block_on(run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("tidemark: {error}");
    ExitCode::FAILURE
}

async fn run(arguments: Arguments) -> Result<(), String> {
    // Not `vars`, which panics on names and values that are not UTF-8.
    let environment: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let config = Config::load(arguments.config.as_deref(), environment)?;
    let command = arguments.command.unwrap_or(Command::Serve { no_jobs: false });
    let is_server = matches!(command, Command::Serve { .. } | Command::Flush { every: Some(_) });
    telemetry::start(config.server.log, if is_server { "info" } else { "warn" });
    let clock = Clock::System;
    if let Command::Serve { no_jobs } = command {
        return serve(config, clock, !no_jobs).await;
    }
    let stores = Stores::open(&config, &clock).await.map_err(|error| error.to_string())?;
    let database = stores.database.clone();
    let author_counts = AuthorCounts::new(database.clone(), &stores.views, clock.clone());
    let jobs = |settings| {
        Jobs::new(database.clone(), stores.views.clone(), clock.clone(), settings, Metrics::new())
    };
    let result = match command {
        Command::Serve { .. } => Ok(()),
        Command::Flush { every: None } => flush(&jobs(config.jobs), &database).await,
        Command::Flush { every: Some(schedule) } => {
            work(jobs(config::Jobs { flush: schedule, ..config.jobs })).await
        }
        Command::Reconcile => reconcile(&jobs(config.jobs)).await,
        Command::Jobs => show_jobs(&jobs(config.jobs), &database, &clock).await,
        Command::Doctor => doctor(&config, &stores).await,
        Command::Migrate => {
            println!("The database is up to date: {}", database.address());
            let changed = rerender(&database).await.map_err(|error| error.to_string())?;
            if changed > 0 {
                println!("Rendered {changed} articles of an older version again.");
            }
            Ok(())
        }
        Command::Seed => {
            let seeded = seed_samples(&database, &clock).await;
            author_counts.articles_changed().await;
            seeded
        }
        Command::Import { folder } => {
            let imported = import(&database, &clock, folder).await;
            author_counts.articles_changed().await;
            imported
        }
        Command::Export { folder } => match export_folder(&database, &folder).await {
            Ok(count) => {
                println!("Exported {count} articles to {}.", folder.display());
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        },
        Command::User(command) => user(&stores, &clock, command).await,
    };
    database.close().await;
    result
}

async fn flush(jobs: &Jobs, database: &Database) -> Result<(), String> {
    if matches!(database.any(), AnyDatabase::Sqlite(_)) {
        println!("Nothing to flush: the embedded profile writes each view to SQL at once.");
        return Ok(());
    }
    println!("{}", jobs.step(Job::Flush).await?.unwrap_or_else(|| "Nothing to flush.".into()));
    Ok(())
}

async fn reconcile(jobs: &Jobs) -> Result<(), String> {
    let drifts = jobs.reconcile_step().await?;
    if drifts.is_empty() {
        println!("{}", describe(&drifts));
    }
    for drift in drifts {
        println!("Corrected {drift}.");
    }
    Ok(())
}

/// Runs the background jobs until a signal arrives, then flushes once more.
async fn work(jobs: Jobs) -> Result<(), String> {
    let stop = stop_at_signals()?;
    println!("Tidemark is running its background jobs. Ctrl-C stops it.");
    let tasks = TaskTracker::new();
    jobs.spawn_all(&tasks, &stop);
    tasks.close();
    stop.cancelled().await;
    // A job that is cut off here is continued by the next run.
    let _ = tokio::time::timeout(LAST_WRITES, tasks.wait()).await;
    match tokio::time::timeout(LAST_FLUSH, jobs.last_flush()).await {
        Ok(result) => result.map(drop),
        Err(_) => {
            Err("The last flush took too long; Redis keeps the views for the next one.".into())
        }
    }
}

async fn show_jobs(jobs: &Jobs, database: &Database, clock: &Clock) -> Result<(), String> {
    let runs = database.job_runs().await.map_err(|error| error.to_string())?;
    let at = |milliseconds: i64| match jiff::Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => milliseconds.to_string(),
    };
    println!(
        "{:<10} {:<14} {:<20} {:<20} {:>8}  result",
        "job", "runs (UTC)", "next after now", "last with work", "took"
    );
    for job in Job::ALL {
        let schedule = jobs.schedule(job);
        let next = schedule.next_after(clock.now_ms()).map_or_else(|| "never".into(), at);
        let run = runs.iter().find(|run| run.job == job.name());
        let (last, took, result) = match run {
            Some(run) => {
                let result = if run.succeeded {
                    run.result.clone()
                } else {
                    format!("failed: {}", run.result)
                };
                (at(run.started_at), format!("{} ms", run.milliseconds), result)
            }
            None => ("-".into(), "-".into(), "-".into()),
        };
        println!(
            "{:<10} {:<14} {next:<20} {last:<20} {took:>8}  {result}",
            job.name(),
            schedule.to_string()
        );
    }
    Ok(())
}

async fn doctor(config: &Config, stores: &Stores) -> Result<(), String> {
    let mut findings = examine(config, &stores.database, &stores.views).await;
    findings.push(examine_pictures(&stores.pictures).await);
    let mut wrong = 0;
    for finding in &findings {
        match finding {
            Finding::Fact(text) => println!("  {text}"),
            Finding::Warning(text) => println!("! {text}"),
            Finding::Wrong(text) => {
                wrong += 1;
                println!("X {text}");
            }
        }
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(format!("{wrong} of these are wrong: the lines that start with X")),
    }
}

async fn serve(config: Config, clock: Clock, run_jobs: bool) -> Result<(), String> {
    let base_url = config.site.base_url.clone();
    let root = config.site.root.clone();
    let server = Server::build(config, clock).await.map_err(|error| error.to_string())?;
    let address = server.address().map_err(|error| error.to_string())?;
    if !root.join("pkg").is_dir() {
        tracing::warn!(
            site.root = %root.display(),
            "the browser's files are not there, so pages have no style and no view is counted; build the site or set site.root"
        );
    }
    // Install the handlers before announcing the server. An earlier signal would kill the process.
    let stop = stop_at_signals()?;
    println!("Tidemark is serving http://{address} (readers come to {base_url}). Ctrl-C stops it.");
    server.run_until_stopped(stop, run_jobs).await.map_err(|error| error.to_string())?;
    tracing::info!("stopped");
    Ok(())
}

/// A token that is cancelled on SIGTERM or SIGINT.
fn stop_at_signals() -> Result<CancellationToken, String> {
    let signals = signal(SignalKind::terminate())
        .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
    let (terminate, interrupt) =
        signals.map_err(|error| format!("Signals can't be received: {error}"))?;
    let stop = CancellationToken::new();
    tokio::spawn(stop_at_signal(terminate, interrupt, stop.clone()));
    Ok(stop)
}

/// Cancels `stop` on SIGTERM or SIGINT. A second signal exits at once.
async fn stop_at_signal(mut terminate: Signal, mut interrupt: Signal, stop: CancellationToken) {
    for attempt in 0.. {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if attempt > 0 {
            std::process::exit(1);
        }
        tracing::info!("stopping: finishing what was accepted");
        stop.cancel();
    }
}

async fn seed_samples(database: &Database, clock: &Clock) -> Result<(), String> {
    match seed(database, clock).await.map_err(|error| error.to_string())? {
        None => println!("The blog has articles already, so nothing was added."),
        Some(seeded) => {
            println!("Added {} sample articles.", seeded.articles);
            if let Some(password) = seeded.password {
                println!(
                    "Their author can sign in at /login, with the user name {} and the password",
                    seeded.username
                );
                println!("    {password}");
                println!(
                    "It is shown this once; `tidemark user passwd {}` makes another.",
                    seeded.username
                );
            }
        }
    }
    Ok(())
}

async fn import(database: &Database, clock: &Clock, folder: PathBuf) -> Result<(), String> {
    let report =
        import_folder(database, clock, &folder).await.map_err(|error| error.to_string())?;
    for failure in &report.failed {
        eprintln!("{failure}");
    }
    println!(
        "Imported from {}: {} new, {} updated, {} unchanged, {} not read.",
        folder.display(),
        report.created,
        report.updated,
        report.unchanged,
        report.failed.len()
    );
    match report.failed.len() {
        0 if report.created + report.updated + report.unchanged == 0 => {
            Err(format!("There are no Markdown files (*.md) in {}.", folder.display()))
        }
        0 => Ok(()),
        count => Err(format!(
            "{count} of the files could not be read; they are named above. The others went in."
        )),
    }
}

async fn user(stores: &Stores, clock: &Clock, command: UserCommand) -> Result<(), String> {
    let database = &stores.database;
    let password = accounts::random_password();
    let hash = accounts::hash_password(&password)?;
    let username = match command {
        UserCommand::Add { username, name, role } => {
            accounts::check_username(&username)?;
            let name = name.unwrap_or_else(|| username.clone());
            accounts::check_name(&name)?;
            database
                .add_user(&username, &name, role.into(), Some(&hash), clock.now_ms())
                .await
                .map_err(|error| error.to_string())?
                .ok_or_else(|| {
                    format!("There is a user {username} already; `tidemark user passwd` changes a password.")
                })?;
            username
        }
        UserCommand::Passwd { username } => {
            if !accounts::set_password(stores, &username, &hash).await? {
                return Err(format!("There is no user {username}."));
            }
            username
        }
        UserCommand::Role { username, role } => {
            let role = Role::from(role);
            if !database.set_role(None, &username, role).await.map_err(|error| error.to_string())? {
                return Err(format!("There is no user {username}."));
            }
            println!("{username} has the role {} now.", role.as_str());
            return Ok(());
        }
    };
    println!("{username} can sign in at /login with this password, which is shown this once:");
    println!("    {password}");
    Ok(())
}
