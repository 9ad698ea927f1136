//! Logs: one line a request, at the boundary, without addresses (rule C3) and without what a reader
//! searched for.

use std::io::IsTerminal;
use std::time::Instant;

use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use tracing_subscriber::EnvFilter;

use super::config::Log;

/// Starts logging to standard error. RUST_LOG chooses what; `default` where it is not set.
pub fn start(log: Log, default: &str) {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // html5ever warns of each slip in the HTML of an author, which could fill the log;
    // tower-sessions suspects everybody whose session is over.
    for quieter in ["html5ever=error", "tower_sessions_core=error"] {
        if let Ok(directive) = quieter.parse() {
            filter = filter.add_directive(directive);
        }
    }
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start, in a test, leaves the first in place.
    let _ = match log {
        Log::Text => logger.try_init(),
        Log::Json => logger.json().flatten_event(true).try_init(),
    };
}

/// Marks a request that was made of another one, whose line in the log is the one that counts: this
/// one gets none.
#[derive(Clone, Copy, Debug)]
pub struct LoggedElsewhere;

/// What a request's line in the log is made of.
pub struct RequestLog {
    method: Method,
    path: String,
    start: Instant,
}

impl RequestLog {
    /// A request has come. `None` if nobody wants to know, or knows it already
    /// ([`LoggedElsewhere`]).
    pub fn start(request: &Request) -> Option<Self> {
        let is_logged = tracing::enabled!(tracing::Level::INFO)
            && request.extensions().get::<LoggedElsewhere>().is_none();
        is_logged.then(|| Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            start: Instant::now(),
        })
    }

    /// Logs what it was answered with and how long that took.
    pub fn end(self, response: &Response) {
        let Self { method, path, start } = self;
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        let status = response.status().as_u16();
        tracing::info!(http.method = %method, http.path = path, http.status = status, duration_ms, "request");
    }
}
