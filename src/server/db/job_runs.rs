//! How each background job ended when it last had something to do.

use super::{AnyDatabase, Database};

/// The last run of a job.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct JobRun {
    /// Its name.
    pub job: String,
    /// Milliseconds since 1970.
    pub started_at: i64,
    /// How long it took.
    pub milliseconds: i64,
    /// Whether it ended well.
    pub succeeded: bool,
    /// What it did, or what went wrong.
    pub result: String,
}

impl Database {
    /// Writes down how a run of `job` ended.
    pub async fn write_job_run(
        &self,
        job: &str,
        started_at: i64,
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

    /// The last run of every job that had something to do.
    pub async fn job_runs(&self) -> sqlx::Result<Vec<JobRun>> {
        const SQL: &str = "SELECT job, started_at, milliseconds, succeeded, result FROM job_runs";
        match self.any() {
            AnyDatabase::Sqlite(database) => sqlx::query_as(SQL).fetch_all(database.reader()).await,
            AnyDatabase::MySql(database) => sqlx::query_as(SQL).fetch_all(database.pool()).await,
        }
    }
}
