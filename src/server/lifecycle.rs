//! The server from start to stop.
//!
//! Shutdown stops accepting connections, finishes open requests, writes and flushes acknowledged
//! views, and closes the database. Each step has a timeout. Together they stay below 10 s, after
//! which a supervisor would kill the process.

use std::net::SocketAddr;
use std::time::Duration;

use tidemark_store::clock::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::Config;
use super::content::rerender::rerender;
use super::content::search_index::index_older;
use super::db::Database;
use super::http::remember::Site;
use super::http::router::{reading, router};
use super::http::serve::{Limits, serve};
use super::jobs::Job;
use super::parts::Tasks;
use super::state::{AppState, Parts};
use super::stores::StoresError;

/// How long open requests may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Timeout of each later step: running jobs, the last batches, closing the database.
pub const LAST_WRITES: Duration = Duration::from_secs(1);

/// Timeout of the last flush. Redis may have to sync first.
pub const LAST_FLUSH: Duration = Duration::from_millis(3_500);

/// Why the server did not start or stopped early, in one line for a person.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The stores can't be opened.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// The address is in use or does not belong to this machine.
    #[error(
        "Can't listen on {address}: {reason}. Stop the program that uses it, or set site.addr (or LEPTOS_SITE_ADDR) to another address."
    )]
    Address {
        /// The configured address.
        address: SocketAddr,
        /// The system's message.
        reason: String,
    },
    /// The socket's address can't be read.
    #[error("The server's address can't be determined: {0}")]
    Socket(#[from] std::io::Error),
    /// A task that writes views or reads for pages ended unexpectedly.
    #[error("Counting stopped unexpectedly, so the server stopped too; see the log")]
    Counting,
}

/// A server that is bound to its address but does not serve yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    state: AppState,
    tasks: Tasks,
}

impl Server {
    /// Opens the stores, migrates the database and binds the address.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn build(config: Config, clock: Clock) -> Result<Self, ServeError> {
        let address = config.site.addr;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| ServeError::Address { address, reason: error.to_string() })?;
        let (state, mut tasks) = Parts::assemble(config, clock).await?;
        tasks.look_once().await;
        // Find the browser's files now, so that the log says at the start if they don't fit.
        state.assets.options();
        if let Some(obstacle) = state.pictures.obstacle() {
            tracing::warn!(
                obstacle,
                "pictures can't be stored; fix the place, or set pictures.url to another one"
            );
        }
        Ok(Self { listener, state, tasks })
    }

    /// The bound address, with the actual port if the setting is port 0.
    ///
    /// # Errors
    /// [`ServeError::Socket`]
    pub fn address(&self) -> Result<SocketAddr, ServeError> {
        Ok(self.listener.local_addr()?)
    }

    /// The parts that the server runs on. Whoever keeps a clone keeps the server from stopping.
    pub fn parts(&self) -> &AppState {
        &self.state
    }

    /// Serves until `stop` is cancelled and all accepted work is done. With `run_jobs`, runs the
    /// background jobs as well; without it, another process must.
    ///
    /// # Errors
    /// [`ServeError::Counting`] if counting died.
    pub async fn run_until_stopped(
        self,
        stop: CancellationToken,
        run_jobs: bool,
    ) -> Result<(), ServeError> {
        let Self { listener, state, tasks: needed } = self;
        let database = state.database.clone();
        let jobs = state.jobs.clone();
        let tasks = TaskTracker::new();
        if run_jobs {
            jobs.spawn_all(&tasks, &stop);
            tasks.spawn(renew_until_stopped(database.clone(), stop.clone()));
            tasks.spawn(state.pictures.clone().make_copies_until_stopped(stop.clone()));
        }
        let mut counting = needed.spawn(&tasks, &stop);
        tasks.close();

        let limits = Limits::of(&state.config);
        state.live.share(limits.connections);
        let trusted_proxies = state.config.server.trusted_proxies.clone();
        let site = Site::new(state.clone(), reading(state.clone()), router(state));
        let mut server = tokio::spawn(serve(listener, site, limits, trusted_proxies, stop.clone()));
        // Before `stop`, a worker ends only by a panic, or because the server died and dropped all
        // batchers.
        let is_failure = tokio::select! {
            biased;
            () = stop.cancelled() => false,
            _ = counting.join_next() => true,
        };
        stop.cancel();
        if tokio::time::timeout(GRACE, &mut server).await.is_err() {
            server.abort();
        }
        // A job that is cut off here is continued after the next start.
        let _ = tokio::time::timeout(LAST_WRITES, tasks.wait()).await;
        // The last batcher was dropped with the last request, so the workers end once they have
        // written the rest.
        let last_batches = async { while counting.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_WRITES, last_batches).await.is_err() {
            tracing::warn!(
                "stopped with requests still open; views among them were not acknowledged"
            );
        }
        if run_jobs {
            // The next flush of any process takes what is left.
            match tokio::time::timeout(LAST_FLUSH, jobs.last_flush()).await {
                Ok(Ok(Some(did))) => tracing::info!(job = Job::Flush.name(), "{did}"),
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(
                        error,
                        "the last flush failed; Redis keeps the views for the next one"
                    );
                }
                Err(_) => tracing::warn!(
                    "the last flush took too long; Redis keeps the views for the next one"
                ),
            }
        }
        let _ = tokio::time::timeout(LAST_WRITES, database.close()).await;
        if is_failure { Err(ServeError::Counting) } else { Ok(()) }
    }
}

/// Brings what older versions made of texts up to date: the words that searches find, and then the
/// rendering. Readers see the old rendering until then.
async fn renew_until_stopped(database: Database, stop: CancellationToken) {
    match stop.run_until_cancelled(index_older(&database)).await {
        Some(Ok(indexed)) if indexed > 0 => {
            tracing::info!(indexed, "the words of all articles were indexed for the search");
        }
        Some(Err(error)) => {
            tracing::warn!(error = %error, "articles could not be indexed for the search; the next start retries it");
        }
        _ => {}
    }
    match stop.run_until_cancelled(rerender(&database)).await {
        Some(Ok(changed)) if changed > 0 => {
            tracing::info!(changed, "articles of an older version were rendered again");
        }
        Some(Err(error)) => {
            tracing::warn!(error = %error, "articles could not be rendered again; the next start retries it");
        }
        _ => {}
    }
}
