//! Runs background jobs, once or until it is stopped, and shows how they went.

use tidemark_store::clock::{Clock, Millis};
use tokio_util::task::TaskTracker;

use super::super::db::Database;
use super::super::jobs::consume::CONSUME;
use super::super::jobs::reconcile::describe;
use super::super::jobs::{Job, Jobs};
use super::super::lifecycle::{LAST_FLUSH, LAST_WRITES};
use super::signals::stop_at_signals;

pub(super) async fn flush(jobs: &Jobs) -> Result<(), String> {
    if !jobs.needs_flush() {
        say!("Nothing to flush: the embedded profile writes each view to SQL directly.");
        return Ok(());
    }
    say!("{}", jobs.flush_step().await?.unwrap_or_else(|| "Nothing to flush.".into()));
    Ok(())
}

pub(super) async fn reconcile(jobs: &Jobs) -> Result<(), String> {
    let drifts = jobs.reconcile_step().await?;
    if drifts.is_empty() {
        say!("{}", describe(&drifts));
    }
    for drift in drifts {
        say!("Corrected {drift}.");
    }
    Ok(())
}

/// Runs the background jobs until a signal arrives, then flushes once more.
pub(super) async fn work(jobs: &Jobs) -> Result<(), String> {
    let stop = stop_at_signals()?;
    say!("Tidemark is running its background jobs. Press Ctrl-C to stop.");
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

pub(super) async fn show_jobs(
    jobs: &Jobs,
    database: &Database,
    clock: &Clock,
) -> Result<(), String> {
    let runs = database.job_runs().await.map_err(|error| error.to_string())?;
    let at = |time: Millis| match jiff::Timestamp::from_millisecond(time.0) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => time.to_string(),
    };
    say!(
        "{:<10} {:<14} {:<20} {:<20} {:>8}  result",
        "job",
        "runs (UTC)",
        "next run",
        "last run with work",
        "took"
    );
    let mut rows: Vec<(&str, String, String)> = Job::ALL
        .into_iter()
        .map(|job| {
            let schedule = jobs.schedule(job);
            let next = schedule.next_after(clock.now()).map_or_else(|| "never".into(), at);
            (job.name(), schedule.to_string(), next)
        })
        .collect();
    if jobs.consumer().is_some() {
        rows.insert(1, (CONSUME, "always".into(), "-".into()));
    }
    for (job, schedule, next) in rows {
        let run = runs.iter().find(|run| run.job == job);
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
        say!("{job:<10} {schedule:<14} {next:<20} {last:<20} {took:>8}  {result}");
    }
    Ok(())
}
