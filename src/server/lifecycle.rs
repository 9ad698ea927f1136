//! The server from start to stop.
//!
//! Stopping: no new connections; the requests that are under way are answered; the views that were taken are written; the
//! database is closed. Each has a limit, and together they stay below the 10 s after which a supervisor kills.

use std::net::SocketAddr;
use std::time::Duration;

use leptos::prelude::LeptosOptions;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::Accounts;
use super::clock::Clock;
use super::config::Config;
use super::db::pruning::Pruned;
use super::db::sessions::DatabaseSessionStore;
use super::db::{Database, OpenError, SqliteDatabase};
use super::http::router::router;
use super::state::{AppState, Services};
use super::views::Views;
use super::views::batcher::{Worker, batcher};
use super::views::store::ViewStore;
use super::views::store::sqlite::SqliteStore;
use super::views::visitor::{Identifier, day_of};
use super::visibility::Visibility;

/// How long requests that are under way may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(6);

/// How long each may take after that: the step of a job, the last batches, closing the database.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// Why the server did not start or did not go on, in one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database can't be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The address is taken or is not this machine's.
    #[error(
        "Can't listen on {address}: {reason}. Stop what uses it, or set site.addr (or LEPTOS_SITE_ADDR) to another."
    )]
    Address {
        /// What was to be listened on.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// The accepting socket failed.
    #[error("The server stopped: {0}")]
    Serve(#[from] std::io::Error),
    /// The worker that writes views ended before it should.
    #[error("Counting stopped unexpectedly, so the server stopped too; the log says why")]
    Counting,
}

/// A server that is bound to its address and not yet serving.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    state: AppState,
    worker: Worker,
}

impl Server {
    /// Opens the database, migrates it and binds the address.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn build(config: Config, clock: Clock) -> Result<Self, ServeError> {
        let address = config.site.addr;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| ServeError::Address { address, reason: error.to_string() })?;
        let database = Database::open(&config.database.url).await?;
        let sqlite = database.sqlite().cloned().ok_or_else(|| OpenError::Open {
            database: database.address().to_owned(),
            reason: "views can be counted in SQLite only".into(),
        })?;
        let sessions = DatabaseSessionStore::new(sqlite.clone(), clock.clone());
        let store = SqliteStore::new(sqlite, clock.clone(), config.views.window, config.views.per_ip_cap);
        let store = ViewStore::Sqlite(store);
        let (batcher, worker) = batcher(store.clone(), config.views.queue);
        let views = Views::new(Identifier::new(store.clone(), clock.clone()), batcher, store);
        let leptos_options = LeptosOptions::builder()
            .output_name(env!("CARGO_PKG_NAME"))
            .site_root(config.site.root.display().to_string())
            .site_pkg_dir("pkg")
            .site_addr(address)
            .build();
        let accounts = Accounts::new(database.clone());
        let visibility = Visibility::new(database.clone(), clock.clone());
        let state =
            AppState::new(Services { config, clock, database, sessions, accounts, visibility, views, leptos_options });
        Ok(Self { listener, state, worker })
    }

    /// The address that it is bound to, with the port that was found if the setting is port 0.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> Result<SocketAddr, ServeError> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until `stop` is cancelled, and then until everything that was accepted is done.
    ///
    /// # Errors
    /// [`ServeError::Counting`] if counting died, [`ServeError::Serve`] if the socket did.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> Result<(), ServeError> {
        let Self { listener, state, worker } = self;
        let database = state.database.clone();
        let tasks = TaskTracker::new();
        if let Some(jobs) = state.clone_for_jobs() {
            tasks.spawn(prune_until_stopped(jobs, stop.clone()));
        }
        tasks.close();
        let mut counting: JoinHandle<()> = tokio::spawn(worker.run());

        let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
        let mut server = tokio::spawn(server.into_future());
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            _ = &mut counting => {}
        }
        // Without a request to stop, the worker ends only by dying, or because the server did and took all batchers with it.
        let is_failure = counting.is_finished() && !stop.is_cancelled();
        stop.cancel();
        let served = tokio::time::timeout(GRACE, &mut server).await;
        if served.is_err() {
            server.abort();
        }
        // A job that is in the middle of a step may be cut off: what it did not do, it does after the next start.
        let _ = tokio::time::timeout(LAST_WRITES, tasks.wait()).await;
        // The last batcher went with the last request, so the worker ends when it has written what is left.
        if !counting.is_finished() && tokio::time::timeout(LAST_WRITES, counting).await.is_err() {
            tracing::warn!("stopped with requests still open; a view among them was not acknowledged");
        }
        let _ = tokio::time::timeout(LAST_WRITES, database.close()).await;
        match served {
            _ if is_failure => Err(ServeError::Counting),
            Ok(Ok(result)) => Ok(result?),
            _ => Ok(()),
        }
    }
}

/// What a background job needs. It holds no batcher: the worker ends only when all of them are gone.
#[derive(Clone, Debug)]
pub struct Jobs {
    database: SqliteDatabase,
    clock: Clock,
    every: Duration,
}

impl AppState {
    /// `None` where there is nothing to prune: what expires in the server profile is in Redis, which sees to that itself.
    fn clone_for_jobs(&self) -> Option<Jobs> {
        let database = self.database.sqlite()?.clone();
        Some(Jobs { database, clock: self.clock.clone(), every: self.config.jobs.prune })
    }
}

async fn prune_until_stopped(jobs: Jobs, stop: CancellationToken) {
    loop {
        match prune(&jobs.database, &jobs.clock).await {
            Ok(pruned) => tracing::debug!(?pruned, "pruned"),
            Err(error) => tracing::error!(error = %error, "pruning failed; it is tried again next time"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(jobs.every)).await.is_none() {
            return;
        }
    }
}

/// One prune: deletes windows and sessions that are over, and the salts of all days but today and yesterday (rule C3).
///
/// # Errors
/// The database's; what was not deleted is deleted the next time.
pub async fn prune(database: &SqliteDatabase, clock: &Clock) -> sqlx::Result<Pruned> {
    let now = clock.now_ms();
    database.prune(now, day_of(now) - 1).await
}
