//! Runs jobs: one step, with its timeout and a record of how it went; and the loop that waits for
//! the next.

use std::fmt::Display;
use std::time::Duration;

use tidemark_counting::ViewError;
use tidemark_store::TRACES;
use tidemark_store::clock::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::flush::summary;
use super::reconcile::describe;
use super::{Job, Jobs, Summary};
use crate::server::schedule::Schedule;

/// Maximum time to sleep before checking the clock again, so that a changed clock or a suspended
/// machine is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

impl Jobs {
    /// Runs a job once. Stores the result in SQL, unless there was nothing to do.
    ///
    /// # Errors
    /// What went wrong, in one line. The next run continues from there.
    pub async fn step(&self, job: Job) -> Result<Summary, String> {
        let span = tracing::info_span!(target: TRACES, parent: None, "job", otel.name = job.name());
        self.noted(job, self.run(job), Summary::clone).instrument(span).await
    }

    /// Runs `work` with the job's timeout and stores what `describe` makes of the result.
    pub(super) async fn noted<T, E: Display>(
        &self,
        job: Job,
        work: impl Future<Output = Result<T, E>>,
        describe: impl Fn(&T) -> Summary,
    ) -> Result<T, String> {
        let started_at = self.clock.now();
        // Don't connect during an outage: a stopped server would be handed all queued attempts when
        // it resumes. Rankings rarely need the database.
        if job != Job::Ranking && self.database.outage().is_now() {
            self.metrics.job(job.name(), false, started_at);
            return Err("The database does not answer.".into());
        }
        let step = async { work.await.map_err(|error| error.to_string()) };
        // A server that accepts connections but never answers would block a job for many minutes.
        // The next run continues where this one stopped.
        let result = tokio::time::timeout(job.longest(), step).await;
        let result = result.unwrap_or_else(|_| {
            Err(format!("It took longer than {:?} and was cancelled.", job.longest()))
        });
        self.metrics.job(job.name(), result.is_ok(), self.clock.now());
        let (succeeded, text) = match &result {
            Ok(done) => match describe(done) {
                None => return result,
                Some(text) => (true, text),
            },
            Err(error) => (false, error.clone()),
        };
        let took = self.clock.now() - started_at;
        let written =
            self.database.write_job_run(job.name(), started_at, took, succeeded, &text).await;
        if let Err(error) = written {
            tracing::warn!(job = job.name(), error = %error, "the result of a job could not be stored");
        }
        result
    }

    async fn run(&self, job: Job) -> Result<Summary, String> {
        let result = match job {
            Job::Backup => {
                return self.scheduled_backup().await.map_err(|error| error.to_string());
            }
            Job::Search => return self.search().await.map_err(|error| error.to_string()),
            Job::Flush => self.flush().await.map(|flushed| summary(&flushed)),
            Job::Reconcile => self.reconcile().await.map(|drifts| Some(describe(&drifts))),
            Job::Prune => self.prune().await,
            Job::Ranking => self.refresh_rankings().await,
        };
        result.map_err(|error: ViewError| error.to_string())
    }

    /// Runs every job on its schedule until `stop` is cancelled, and reads from Kafka all the time,
    /// if views travel through it.
    pub fn spawn_all(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(self.clone().consume_until_stopped(stop.clone()));
        for job in Job::ALL {
            tasks.spawn(self.clone().run_until_stopped(job, stop.clone()));
        }
    }

    /// Runs a job on its schedule until `stop` is cancelled. A job with an interval also runs at
    /// once.
    pub async fn run_until_stopped(self, job: Job, stop: CancellationToken) {
        let schedule = self.schedule(job);
        let mut due = match schedule {
            Schedule::Every(_) => Some(self.clock.now()),
            Schedule::Cron(_) | Schedule::Off => schedule.next_after(self.clock.now()),
        };
        let mut failure = None;
        while let Some(at) = due {
            let left = u64::try_from(at - self.clock.now()).unwrap_or(0);
            if left > 0 {
                let sleep = tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP));
                if stop.run_until_cancelled(sleep).await.is_none() {
                    return;
                }
                // A manual clock of a test does not advance during the sleep; then the sleep alone
                // counts.
                let now = self.clock.now();
                if matches!(self.clock, Clock::System) && now < at {
                    due = Some(schedule.due_at(at, now));
                    continue;
                }
            }
            if stop.is_cancelled() {
                return;
            }
            let result = self.step(job).await;
            // Jobs may run every second, and an outage may last.
            let is_known = result.as_ref().err() == failure.as_ref();
            match &result {
                Ok(Some(did)) => tracing::info!(job = job.name(), "{did}"),
                Ok(None) => {}
                Err(error) if is_known => {
                    tracing::debug!(job = job.name(), error, "a job failed as it did before");
                }
                Err(error) => tracing::error!(
                    job = job.name(),
                    error,
                    "a job failed; its next runs retry it, and this is not logged again"
                ),
            }
            failure = result.err();
            due = schedule.next_after(self.clock.now());
        }
        if !schedule.is_off() {
            tracing::warn!(job = job.name(), %schedule, "a job won't run again: its schedule has ended");
        }
        stop.cancelled().await;
    }
}
