//! Background jobs and their schedules. A job is a single step, which tests and the command line
//! run too. The loop around it only waits.

use std::time::Duration;

use tidemark_counting::ViewError;
use tidemark_counting::flush::{Flushed, Flusher, LEDGER_KEEPS};
use tidemark_counting::store::{Drift, ViewStore};
use tidemark_counting::visitor::day_of;
use tidemark_store::clock::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::DEVICE_LASTS;
use super::author_counts::AuthorCounts;
use super::config;
use super::db::{AnyDatabase, Database, sessions};
use super::metrics::Metrics;
use super::reactions;
use super::schedule::Schedule;

/// Maximum time to sleep before checking the clock again, so that a changed clock or a suspended
/// machine is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// A background job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Moves views from Redis to SQL.
    Flush,
    /// Compares caches with their source and corrects them.
    Reconcile,
    /// Deletes expired data.
    Prune,
    /// Makes rankings end with the current hour.
    Ranking,
}

impl Job {
    /// Every job.
    pub const ALL: [Job; 4] = [Job::Flush, Job::Ranking, Job::Reconcile, Job::Prune];

    /// Name in settings, logs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Job::Flush => "flush",
            Job::Reconcile => "reconcile",
            Job::Prune => "prune",
            Job::Ranking => "ranking",
        }
    }

    /// Timeout of one run.
    fn longest(self) -> Duration {
        match self {
            Job::Flush | Job::Prune => Duration::from_secs(60),
            Job::Reconcile | Job::Ranking => Duration::from_secs(60 * 60),
        }
    }
}

/// Runs jobs.
#[derive(Clone, Debug)]
pub struct Jobs {
    database: Database,
    store: ViewStore,
    clock: Clock,
    settings: config::Jobs,
    metrics: Metrics,
}

/// What a step did, as text; `None` if there was nothing to do.
type Summary = Option<String>;

impl Jobs {
    /// Jobs that work on these parts.
    pub fn new(
        database: Database,
        store: ViewStore,
        clock: Clock,
        settings: config::Jobs,
        metrics: Metrics,
    ) -> Self {
        Self { database, store, clock, settings, metrics }
    }

    /// The store of views.
    pub fn store(&self) -> &ViewStore {
        &self.store
    }

    /// The schedule of a job.
    pub fn schedule(&self, job: Job) -> &Schedule {
        match job {
            Job::Flush => &self.settings.flush,
            Job::Reconcile => &self.settings.reconcile,
            Job::Prune => &self.settings.prune,
            Job::Ranking => &self.settings.ranking,
        }
    }

    /// The final flush at shutdown. Does nothing if `jobs.flush` is off.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn last_flush(&self) -> Result<Summary, String> {
        if self.settings.flush.is_off() {
            return Ok(None);
        }
        self.step(Job::Flush).await
    }

    /// Runs a job once. Stores the result in SQL, unless there was nothing to do.
    ///
    /// # Errors
    /// What went wrong, in one line. The next run continues from there.
    pub async fn step(&self, job: Job) -> Result<Summary, String> {
        self.noted(job, self.run(job), Summary::clone).await
    }

    /// Runs [`Job::Reconcile`] once, like [`Jobs::step`]. Returns the counts that were corrected.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn reconcile_step(&self) -> Result<Vec<Drift>, String> {
        self.noted(Job::Reconcile, self.reconcile(), |drifts| Some(describe(drifts))).await
    }

    /// Runs `work` with the job's timeout and stores what `describe` makes of the result.
    async fn noted<T>(
        &self,
        job: Job,
        work: impl Future<Output = Result<T, ViewError>>,
        describe: impl Fn(&T) -> Summary,
    ) -> Result<T, String> {
        let started_at = self.clock.now_ms();
        // Don't connect during an outage: a stopped server would be handed all queued attempts when
        // it resumes. Rankings rarely need the database.
        if job != Job::Ranking && self.database.outage().is_now() {
            self.metrics.job(job, false, started_at);
            return Err("The database does not answer.".into());
        }
        let step = async { work.await.map_err(|error| error.to_string()) };
        // A server that accepts connections but never answers would block a job for many minutes.
        // The next run continues where this one stopped.
        let result = tokio::time::timeout(job.longest(), step).await;
        let result = result.unwrap_or_else(|_| {
            Err(format!("It took longer than {:?} and was cut off.", job.longest()))
        });
        self.metrics.job(job, result.is_ok(), self.clock.now_ms());
        let (succeeded, text) = match &result {
            Ok(done) => match describe(done) {
                None => return result,
                Some(text) => (true, text),
            },
            Err(error) => (false, error.clone()),
        };
        let took = self.clock.now_ms() - started_at;
        let written =
            self.database.write_job_run(job.name(), started_at, took, succeeded, &text).await;
        if let Err(error) = written {
            tracing::warn!(job = job.name(), error = %error, "the result of a job could not be written down");
        }
        result
    }

    async fn run(&self, job: Job) -> Result<Summary, ViewError> {
        match job {
            Job::Flush => self.flush().await.map(|flushed| {
                Some(flushed)
                    .filter(|flushed| *flushed != Flushed::default())
                    .map(|flushed| flushed.to_string())
            }),
            Job::Reconcile => self.reconcile().await.map(|drifts| Some(describe(&drifts))),
            Job::Prune => self.prune().await,
            Job::Ranking => self.refresh_rankings().await,
        }
    }

    /// Runs every job on its schedule until `stop` is cancelled.
    pub fn spawn_all(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        for job in Job::ALL {
            tasks.spawn(self.clone().run_until_stopped(job, stop.clone()));
        }
    }

    /// Runs a job on its schedule until `stop` is cancelled. A job with an interval also runs at
    /// once.
    pub async fn run_until_stopped(self, job: Job, stop: CancellationToken) {
        let schedule = self.schedule(job);
        let mut due = match schedule {
            Schedule::Every(_) => Some(self.clock.now_ms()),
            Schedule::Cron(_) | Schedule::Off => schedule.next_after(self.clock.now_ms()),
        };
        while let Some(at) = due {
            let left = u64::try_from(at - self.clock.now_ms()).unwrap_or(0);
            if left > 0 {
                let sleep = tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP));
                if stop.run_until_cancelled(sleep).await.is_none() {
                    return;
                }
                // A manual clock of a test does not advance during the sleep; then the sleep alone
                // counts.
                if matches!(self.clock, Clock::System) && self.clock.now_ms() < at {
                    continue;
                }
            }
            if stop.is_cancelled() {
                return;
            }
            match self.step(job).await {
                Ok(Some(did)) => tracing::info!(job = job.name(), "{did}"),
                Ok(None) => {}
                Err(error) => tracing::error!(
                    job = job.name(),
                    error,
                    "a job failed; it is tried again next time"
                ),
            }
            due = schedule.next_after(self.clock.now_ms());
        }
        stop.cancelled().await;
    }

    /// Flushes once. Does nothing in the embedded profile, which writes each view to SQL directly.
    ///
    /// # Errors
    /// [`ViewError::Store`]; nothing is lost.
    pub async fn flush(&self) -> Result<Flushed, ViewError> {
        match &self.store {
            ViewStore::Sqlite(_) => Ok(Flushed::default()),
            ViewStore::Redis(store) => {
                store.register_origin().await?;
                Flusher::new(store.clone(), self.clock.clone()).step().await
            }
        }
    }

    /// Compares all cached counts with their source, corrects them, and returns what differed.
    ///
    /// # Errors
    /// [`ViewError::Store`]. Counts that were not reached stay as they are.
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        let mut drifts = match &self.store {
            ViewStore::Sqlite(store) => store.reconcile().await?,
            ViewStore::Redis(store) => store.reconcile().await?,
        };
        drifts.extend(reactions::reconcile(&self.database).await?);
        let author_counts =
            AuthorCounts::new(self.database.clone(), &self.store, self.clock.clone());
        drifts.extend(author_counts.reconcile().await.map_err(ViewError::Store)?);
        for Drift { cache, of, cached, correct } in &drifts {
            tracing::warn!(
                cache,
                of,
                cached,
                correct,
                "a cached count had drifted; it is corrected"
            );
        }
        Ok(drifts)
    }

    /// Prunes once: deletes expired windows, sessions, invitations and known browsers, old ledger
    /// batches, and the salts of all days but today and yesterday (rule C3), from the stores' files
    /// too.
    ///
    /// # Errors
    /// Any database error. The next run deletes the rest.
    async fn prune(&self) -> Result<Summary, ViewError> {
        let now = self.clock.now_ms();
        let mut did = Vec::new();
        let mut tell = |count: u64, what: &str| {
            if count > 0 {
                did.push(format!("{count} {what}"));
            }
        };
        match &self.store {
            ViewStore::Sqlite(store) => {
                // Prune sessions first: the store's prune then removes all deleted data from the
                // file.
                if let AnyDatabase::Sqlite(database) = self.database.any() {
                    tell(sessions::prune(database, now).await?, "sessions");
                }
                let pruned = store.prune(day_of(now) - 1).await?;
                tell(pruned.seen, "windows");
                tell(pruned.salts, "salts");
            }
            ViewStore::Redis(store) => {
                tell(store.ledger.prune(now - LEDGER_KEEPS).await?, "batches of the ledger");
                // Redis expires sessions by itself.
                tell(store.prune().await?, "windows");
                store.destroy_salts().await?;
            }
        }
        tell(self.database.prune_invitations(now).await?, "invitations");
        tell(self.database.prune_devices(now - DEVICE_LASTS).await?, "known browsers");
        Ok((!did.is_empty()).then(|| format!("Deleted {}.", did.join(", "))))
    }

    async fn refresh_rankings(&self) -> Result<Summary, ViewError> {
        match &self.store {
            ViewStore::Sqlite(store) => {
                let is_changed = store.refresh_rankings().await?;
                Ok(is_changed.then(|| "Rankings end with the current hour now.".into()))
            }
            ViewStore::Redis(store) => {
                let built = store.refresh_rankings().await?;
                Ok((built > 0).then(|| format!("Built the rankings of {built} shards.")))
            }
        }
    }
}

/// Sums up a reconcile in one line.
pub fn describe(drifts: &[Drift]) -> String {
    let Some(first) = drifts.first() else { return "Everything that is cached is right.".into() };
    let others = match drifts.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more; the log has each)"),
    };
    format!("Corrected {first}{others}.")
}
