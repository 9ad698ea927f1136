//! Traces: where the time of requests and jobs goes, sent to an OpenTelemetry collector if
//! `traces.url` is set.
//!
//! A trace is a request, a run of a job, or a batch of views that was recorded. In it are the
//! commands that Redis got, the SQL statements, and what was logged as a warning or an error
//! meanwhile. Nothing in it says who a reader is (rule C3): it has no address, no `User-Agent`, no
//! user and no search text. Statements have placeholders where values were.

use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tidemark_store::TRACES;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use super::config;

/// How long the collector may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long the last traces may take when the program ends.
const LAST: Duration = Duration::from_secs(1);

/// Marks an internal request that belongs to another request. Only the other one is logged.
#[derive(Clone, Copy, Debug)]
pub struct LoggedElsewhere;

/// Sends traces until it is stopped.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Prepares to send traces; `None` if the settings name no collector. Does not connect yet.
    ///
    /// # Errors
    /// Why they can't be sent, in one line.
    pub fn new(settings: &config::Traces) -> Result<Option<Self>, String> {
        if settings.url.is_empty() {
            return Ok(None);
        }
        // Does nothing if another part has done it before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", settings.url.trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()
            .map_err(|error| format!("Traces can't be sent to {}: {error}", settings.url))?;
        let resource = Resource::builder()
            .with_service_name("tidemark")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::TraceIdRatioBased(settings.ratio))
            .with_resource(resource)
            .build();
        Ok(Some(Self(provider)))
    }

    /// Makes traces of what the program does.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        // Where in the code something is says nothing to an operator, and takes room.
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("tidemark"))
            .with_location(false)
            .with_threads(false)
            .with_target(false);
        let kept = Targets::new()
            .with_default(LevelFilter::WARN)
            .with_target(TRACES, LevelFilter::DEBUG)
            .with_target("sqlx::query", LevelFilter::DEBUG)
            // It would send a trace of each trace that it can't send.
            .with_target("opentelemetry", LevelFilter::OFF);
        layer.with_filter(kept)
    }

    /// Sends what is left. Blocks for up to a second.
    pub fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST) {
            tracing::warn!(error = %error, "the last traces could not be sent");
        }
    }
}

/// The span of a request for `route`, such as `/articles/{slug}`. The rendering of a page to be
/// kept is a request within the reader's, and has its span.
pub fn request(request: &Request, route: Option<&str>) -> Span {
    if request.extensions().get::<LoggedElsewhere>().is_some() {
        return Span::current();
    }
    let method = request.method().as_str();
    let span = tracing::info_span!(
        target: TRACES,
        parent: None,
        "request",
        otel.name = tracing::field::Empty,
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
        url.path = request.uri().path(),
        http.response.status_code = tracing::field::Empty,
        otel.status_code = tracing::field::Empty,
    );
    if !span.is_disabled() {
        span.record("otel.name", format!("{method} {}", route.unwrap_or_default()).trim_end());
    }
    span
}

/// Adds what was answered to the span of a request.
pub fn answered(span: &Span, response: &Response) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}
