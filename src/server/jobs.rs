//! What runs in the background, and when. Each job is one step that tests and the command line run
//! too; a loop around it only waits.

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

/// The longest sleep until a job: a clock that is set, or a machine that was suspended, is noticed
/// after that.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What runs in the background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Brings views from Redis to SQL.
    Flush,
    /// Compares what is cached with what it was made from, and corrects it.
    Reconcile,
    /// Deletes what has expired.
    Prune,
    /// Lets rankings end with the current hour.
    Ranking,
}

impl Job {
    /// All of them.
    pub const ALL: [Job; 4] = [Job::Flush, Job::Ranking, Job::Reconcile, Job::Prune];

    /// Its name in settings, logs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Job::Flush => "flush",
            Job::Reconcile => "reconcile",
            Job::Prune => "prune",
            Job::Ranking => "ranking",
        }
    }

    /// How long one run may take.
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

/// What a step did, in words; `None` if there was nothing to do.
type Summary = Option<String>;

impl Jobs {
    /// The jobs of a program with these parts.
    pub fn new(
        database: Database,
        store: ViewStore,
        clock: Clock,
        settings: config::Jobs,
        metrics: Metrics,
    ) -> Self {
        Self { database, store, clock, settings, metrics }
    }

    /// Where views are kept.
    pub fn store(&self) -> &ViewStore {
        &self.store
    }

    /// When a job runs.
    pub fn schedule(&self, job: Job) -> &Schedule {
        match job {
            Job::Flush => &self.settings.flush,
            Job::Reconcile => &self.settings.reconcile,
            Job::Prune => &self.settings.prune,
            Job::Ranking => &self.settings.ranking,
        }
    }

    /// The last flush, before the process ends. With `jobs.flush` off there is none.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn last_flush(&self) -> Result<Summary, String> {
        if self.settings.flush.is_off() {
            return Ok(None);
        }
        self.step(Job::Flush).await
    }

    /// One run of a job, with its result written down where it had something to do.
    ///
    /// # Errors
    /// What went wrong, in one line. The next run goes on from there.
    pub async fn step(&self, job: Job) -> Result<Summary, String> {
        self.noted(job, self.run(job), Summary::clone).await
    }

    /// One run of [`Job::Reconcile`], as [`Jobs::step`] does it. Returns each count that was
    /// corrected.
    ///
    /// # Errors
    /// As for [`Jobs::step`].
    pub async fn reconcile_step(&self) -> Result<Vec<Drift>, String> {
        self.noted(Job::Reconcile, self.reconcile(), |drifts| Some(describe(drifts))).await
    }

    /// Does what a job does, within its time, and writes down what `describe` makes of the result.
    async fn noted<T>(
        &self,
        job: Job,
        work: impl Future<Output = Result<T, ViewError>>,
        describe: impl Fn(&T) -> Summary,
    ) -> Result<T, String> {
        let started_at = self.clock.now_ms();
        // Nobody is let in, and a server that was stopped finds all who tried. Rankings seldom ask
        // it.
        if job != Job::Ranking && self.database.outage().is_now() {
            self.metrics.job(job, false, started_at);
            return Err("The database does not answer.".into());
        }
        let step = async { work.await.map_err(|error| error.to_string()) };
        // A server that is there and says nothing would hold a job for many minutes. Each goes on
        // from where it was.
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

    /// Runs every job whenever it is due, until `stop` is cancelled.
    pub fn spawn_all(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        for job in Job::ALL {
            tasks.spawn(self.clone().run_until_stopped(job, stop.clone()));
        }
    }

    /// Runs a job whenever it is due, until `stop` is cancelled.
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
                // A clock that a test has stopped gets no further; then the sleep alone counts.
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

    /// One flush. In the embedded profile there is nothing to do: each view is in SQL at once.
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

    /// One comparison of everything cached with what it was made from. What differed is corrected
    /// and returned.
    ///
    /// # Errors
    /// [`ViewError::Store`]; what was not reached is left as it was.
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

    /// One prune: deletes windows and sessions that are over, the salts of all days but today and
    /// yesterday (rule C3), from the files too, and what the ledger no longer needs.
    ///
    /// # Errors
    /// The database's; what was not deleted is deleted the next time.
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
                // First: the other ends with taking what was deleted out of the file.
                if let AnyDatabase::Sqlite(database) = self.database.any() {
                    tell(sessions::prune(database, now).await?, "sessions");
                }
                let pruned = store.prune(day_of(now) - 1).await?;
                tell(pruned.seen, "windows");
                tell(pruned.salts, "salts");
            }
            ViewStore::Redis(store) => {
                tell(store.ledger.prune(now - LEDGER_KEEPS).await?, "batches of the ledger");
                // Sessions Redis drops by itself.
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

/// What a reconcile found, in one line.
pub fn describe(drifts: &[Drift]) -> String {
    let Some(first) = drifts.first() else { return "Everything that is cached is right.".into() };
    let others = match drifts.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more; the log has each)"),
    };
    format!("Corrected {first}{others}.")
}
