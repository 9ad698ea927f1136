//! The outcome of each background job's last run that had something to do.

use tidemark_store::clock::Millis;

use super::{AnyDatabase, Database};

/// A job's last run.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct JobRun {
    /// Name of the job.
    pub job: String,
    /// When it started, in milliseconds since 1970.
    pub started_at: Millis,
    /// How long it took, in milliseconds.
    pub milliseconds: i64,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// What it did, or the error.
    pub result: String,
}

impl Database {
    /// Stores the outcome of a run of `job`, replacing that of the run before.
    pub async fn write_job_run(
        &self,
        job: &str,
        started_at: Millis,
        milliseconds: i64,
        succeeded: bool,
        result: &str,
    ) -> sqlx::Result<()> {
        macro_rules! write {
            ($pool:expr) => {
                sqlx::query(
                    "REPLACE INTO job_runs (job, started_at, milliseconds, succeeded, result) VALUES (?, ?, ?, ?, ?)",
                )
                .bind(job)
                .bind(started_at)
                .bind(milliseconds)
                .bind(succeeded)
                .bind(result)
                .execute($pool)
                .await
                .map(drop)
            };
        }
        match self.any() {
            AnyDatabase::Sqlite(database) => write!(database.writer()),
            AnyDatabase::MySql(database) => write!(database.pool()),
        }
    }

    /// Returns the last run of every job that had something to do.
    pub async fn job_runs(&self) -> sqlx::Result<Vec<JobRun>> {
        const SQL: &str = "SELECT job, started_at, milliseconds, succeeded, result FROM job_runs";
        match self.any() {
            AnyDatabase::Sqlite(database) => sqlx::query_as(SQL).fetch_all(database.reader()).await,
            AnyDatabase::MySql(database) => sqlx::query_as(SQL).fetch_all(database.pool()).await,
        }
    }
}
