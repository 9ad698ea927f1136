//! Background jobs and their schedules. A job is a single step, which tests and the command line
//! run too. The loop around it ([`runner`]) only waits. Each step has a module of its own.

mod backup;
pub mod consume;
mod flush;
mod prune;
mod ranking;
pub mod reconcile;
mod runner;
mod search;

use std::time::Duration;

use tidemark_counting::store::ViewStore;
use tidemark_counting::store::redis::RedisStore;
use tidemark_store::clock::Clock;
use tidemark_stream::road::Road;

use super::author_counts::AuthorCounts;
use super::config::{self, Config};
use super::db::Database;
use super::metrics::Metrics;
use super::pictures::store::PictureStore;
use super::schedule::Schedule;
use super::search::open_search::OpenSearch;
use super::sessions::Sessions;
use super::stores::Stores;

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
    /// Sends articles and counts to OpenSearch.
    Search,
    /// Makes a backup.
    Backup,
}

impl Job {
    /// Every job.
    pub const ALL: [Job; 6] =
        [Job::Flush, Job::Ranking, Job::Search, Job::Reconcile, Job::Prune, Job::Backup];

    /// Name in settings, logs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Job::Flush => "flush",
            Job::Reconcile => "reconcile",
            Job::Prune => "prune",
            Job::Ranking => "ranking",
            Job::Search => "search",
            Job::Backup => "backup",
        }
    }

    /// Timeout of one run.
    fn longest(self) -> Duration {
        match self {
            Job::Flush | Job::Prune => Duration::from_secs(60),
            Job::Reconcile | Job::Ranking | Job::Search => Duration::from_secs(60 * 60),
            // Pictures may be many, and in a bucket.
            Job::Backup => Duration::from_secs(6 * 60 * 60),
        }
    }
}

/// Runs jobs.
#[derive(Clone, Debug)]
pub struct Jobs {
    database: Database,
    store: ViewStore,
    redis: Option<RedisStore>,
    road: Road,
    sessions: Sessions,
    author_counts: AuthorCounts,
    clock: Clock,
    settings: config::Jobs,
    metrics: Metrics,
    open_search: Option<OpenSearch>,
    pictures: PictureStore,
    backup: config::Backup,
}

/// What a step did, as text; `None` if there was nothing to do.
type Summary = Option<String>;

impl Jobs {
    /// Jobs that work on these stores. Jobs may take longer than requests, so these should not be
    /// the stores [`Stores::for_requests`].
    pub fn new(stores: &Stores, clock: Clock, config: &Config, metrics: Metrics) -> Self {
        let Stores {
            database,
            views,
            redis,
            road,
            sessions,
            author_counts,
            open_search,
            pictures,
            ..
        } = stores.clone();
        Self {
            database,
            store: views,
            redis,
            road,
            sessions,
            author_counts,
            clock,
            settings: config.jobs.clone(),
            metrics,
            open_search,
            pictures,
            backup: config.backup.clone(),
        }
    }

    /// How views come from Redis to SQL.
    pub fn road(&self) -> &Road {
        &self.road
    }

    /// The schedule of a job.
    pub fn schedule(&self, job: Job) -> &Schedule {
        match job {
            Job::Flush => &self.settings.flush,
            Job::Reconcile => &self.settings.reconcile,
            Job::Prune => &self.settings.prune,
            Job::Ranking => &self.settings.ranking,
            Job::Search => &self.settings.search,
            Job::Backup => &self.settings.backup,
        }
    }
}
