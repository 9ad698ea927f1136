//! Logging: one line per request, without addresses (rule C3) and without search texts.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use tidemark_store::TRACES;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::config::Log;
use super::traces::{LoggedElsewhere, Traces};

/// Starts logging to standard error, and making traces if there are any to make. The filter of the
/// log is `RUST_LOG`, or `default` if that is not set.
pub fn start(log: Log, default: &str, traces: Option<&Traces>) {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // html5ever warns about every error in an author's HTML, which could fill the log.
    // tower-sessions warns about every expired session, and logs an error for each request while
    // Redis is away, which the circuit breaker logs once.
    let spans = format!("{TRACES}=off");
    for quieter in ["html5ever=error", "tower_sessions_core=off", &spans] {
        if let Ok(directive) = quieter.parse() {
            filter = filter.add_directive(directive);
        }
    }
    // In tests, a second start keeps the first logger.
    let _ = match traces {
        // One filter for everything costs less than one for each layer.
        None => tracing_subscriber::registry().with(filter).with(lines(log)).try_init(),
        Some(traces) => tracing_subscriber::registry()
            .with(lines(log).with_filter(filter))
            .with(traces.layer())
            .try_init(),
    };
}

/// What writes the lines of the log.
fn lines<S>(log: Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // It would tell standard error that standard error is closed, and panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal());
    match log {
        Log::Text => lines.boxed(),
        Log::Json => lines.json().flatten_event(true).boxed(),
    }
}

/// Data for a request's log line.
pub struct RequestLog {
    method: Method,
    path: String,
    start: Instant,
    slow: Option<Duration>,
}

impl RequestLog {
    /// Starts the clock for a request. If it takes longer than `slow`, its line is a warning.
    /// Returns `None` if it is not logged: the log level is too low, or it is marked
    /// [`LoggedElsewhere`].
    pub fn start(request: &Request, slow: Option<Duration>) -> Option<Self> {
        let may_be_slow = || slow.is_some() && tracing::enabled!(tracing::Level::WARN);
        let is_logged = (tracing::enabled!(tracing::Level::INFO) || may_be_slow())
            && request.extensions().get::<LoggedElsewhere>().is_none();
        is_logged.then(|| Self {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            start: Instant::now(),
            slow,
        })
    }

    /// Logs the request with its status and duration.
    pub fn end(self, response: &Response) {
        let Self { method, path, start, slow } = self;
        let duration = start.elapsed();
        // To the microsecond. More digits are only noise.
        let duration_ms = duration.as_micros() as f64 / 1000.0;
        let status = response.status().as_u16();
        if slow.is_some_and(|slow| duration > slow) {
            tracing::warn!(http.method = %method, http.path = path, http.status = status, duration_ms, "slow request");
            return;
        }
        tracing::info!(http.method = %method, http.path = path, http.status = status, duration_ms, "request");
    }
}
