//! Metrics for the operator, in the OpenMetrics text format that Prometheus scrapes.
//!
//! Counters cover what this process did since it started. The counts of the blog itself are in the
//! stores.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tidemark_counting::store::redis::Unflushed;
use tidemark_store::clock::Millis;
use tidemark_stream::status::Numbers;

use super::db::search_queue::Waiting;
use crate::error::Error;
use crate::model::view::ViewOutcome;

/// The media type of [`Metrics::encode`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = [(&'static str, &'static str); 1];
type Labels2 = [(&'static str, &'static str); 2];

/// The metrics of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    views: Family<Labels, Counter>,
    job_runs: Family<Labels2, Counter>,
    job_success: Family<Labels, Gauge<f64, AtomicU64>>,
    waiting: Gauge,
    pending: Gauge,
    batches: Gauge,
    up: Family<Labels, Gauge>,
    kafka_lag: Gauge,
    kafka_batches: Family<Labels, Counter>,
    kafka_replays: Counter,
    search_queue: Gauge,
    search_age: Gauge<f64, AtomicU64>,
    search_counts: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tidemark");
        let views = Family::<Labels, Counter>::default();
        registry.register("views", "Requests to count a view, by outcome", views.clone());
        let job_runs = Family::<Labels2, Counter>::default();
        registry.register(
            "job_runs",
            "Runs of background jobs, by job and result",
            job_runs.clone(),
        );
        let job_success = Family::<Labels, Gauge<f64, AtomicU64>>::default();
        registry.register_with_unit(
            "job_last_success_timestamp",
            "When a background job last succeeded, in seconds since 1970",
            Unit::Seconds,
            job_success.clone(),
        );
        let waiting = Gauge::default();
        registry.register(
            "views_waiting",
            "Views of this process waiting to be recorded",
            waiting.clone(),
        );
        let pending = Gauge::default();
        registry.register(
            "views_pending",
            "Views in Redis that no flush has taken",
            pending.clone(),
        );
        let batches = Gauge::default();
        registry.register("view_batches", "Batches of unfinished flushes", batches.clone());
        let up = Family::<Labels, Gauge>::default();
        registry.register("store_up", "Whether a store answers (1) or not (0)", up.clone());
        let kafka_lag = Gauge::default();
        registry.register(
            "kafka_lag",
            "Records of the topic that were not read when this process last looked",
            kafka_lag.clone(),
        );
        let kafka_batches = Family::<Labels, Counter>::default();
        registry.register(
            "kafka_batches",
            "Batches, by what this process did with them: relayed to Kafka, read from it, known among these, skipped among these, \
             brought to SQL directly because Kafka could not",
            kafka_batches.clone(),
        );
        let kafka_replays = Counter::default();
        registry.register(
            "kafka_replays",
            "How often the topic was read from its start, because it was another log",
            kafka_replays.clone(),
        );
        let search_queue = Gauge::default();
        registry.register(
            "search_queue",
            "Articles waiting to be sent to OpenSearch",
            search_queue.clone(),
        );
        let search_age = Gauge::<f64, AtomicU64>::default();
        registry.register_with_unit(
            "search_queue_age",
            "How long the oldest of them has waited",
            Unit::Seconds,
            search_age.clone(),
        );
        let search_counts = Gauge::default();
        registry.register(
            "search_counts_waiting",
            "Counts waiting to be sent to OpenSearch",
            search_counts.clone(),
        );
        Self {
            registry: Arc::new(registry),
            views,
            job_runs,
            job_success,
            waiting,
            pending,
            batches,
            up,
            kafka_lag,
            kafka_batches,
            kafka_replays,
            search_queue,
            search_age,
            search_counts,
        }
    }

    /// Counts a view request by its outcome.
    pub fn view(&self, outcome: &Result<ViewOutcome, Error>) {
        let name = match outcome {
            Ok(ViewOutcome { reason: None, .. }) => "counted",
            Ok(ViewOutcome { reason: Some(reason), .. }) => reason.name(),
            Err(Error::NotFound(_)) => "not-found",
            Err(_) => "unavailable",
        };
        self.views.get_or_create(&[("outcome", name)]).inc();
    }

    /// Counts a run of the job of this name that ended at `now`.
    pub fn job(&self, job: &'static str, succeeded: bool, now: Millis) {
        let result = if succeeded { "success" } else { "failure" };
        self.job_runs.get_or_create(&[("job", job), ("result", result)]).inc();
        if succeeded {
            self.job_success.get_or_create(&[("job", job)]).set(now.0 as f64 / 1000.0);
        }
    }

    /// Sets the gauges: views waiting in this process, which stores answer, and what is not
    /// flushed.
    pub fn now(
        &self,
        waiting: usize,
        stores: &[(&'static str, bool)],
        unflushed: Option<Unflushed>,
    ) {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        for (store, is_up) in stores {
            self.up.get_or_create(&[("store", store)]).set(i64::from(*is_up));
        }
        if let Some(Unflushed { pending, batches }) = unflushed {
            self.pending.set(pending);
            self.batches.set(i64::try_from(batches).unwrap_or(i64::MAX));
        }
    }

    /// Sets what this process has done with Kafka.
    pub fn kafka(&self, numbers: &Numbers) {
        let Numbers { relayed, read, known, skipped, direct, replays, lag } = *numbers;
        self.kafka_lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
        for (did, count) in [
            ("relayed", relayed),
            ("read", read),
            ("known", known),
            ("skipped", skipped),
            ("direct", direct),
        ] {
            let counter = self.kafka_batches.get_or_create(&[("did", did)]);
            counter.inner().store(count, Ordering::Relaxed);
        }
        self.kafka_replays.inner().store(replays, Ordering::Relaxed);
    }

    /// Sets what waits for OpenSearch at `now`.
    pub fn search(&self, waiting: Waiting, now: Millis) {
        self.search_queue.set(waiting.articles);
        let age = waiting.since.map_or(0, |since| (now - since).max(0));
        self.search_age.set(age as f64 / 1000.0);
        self.search_counts.set(waiting.counts);
    }

    /// Encodes all metrics as text.
    ///
    /// # Errors
    /// If encoding fails, which is a bug.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry).map(|()| text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::model::view::Reason;
    use crate::server::jobs::Job;
    use tidemark_counting::ArticleId;

    /// Metrics, each with its labels, and those with their values.
    type Described = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

    /// The table in the page for operators.
    fn documented() -> Described {
        let page = include_str!("../../docs/OPERATING.md");
        let rows = page.lines().filter(|line| line.starts_with("| `tidemark_"));
        rows.map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let labels = cells[3].split(';').filter(|label| !label.is_empty()).map(|label| {
                let mut names = label.split('`').skip(1).step_by(2).map(str::to_owned);
                (names.next().unwrap(), names.collect())
            });
            (cells[1].trim_matches('`').to_owned(), labels.collect())
        })
        .collect()
    }

    /// What is there once everything has a value.
    fn encoded() -> Described {
        let metrics = Metrics::new();
        let outcome =
            |reason| Ok(ViewOutcome { article: ArticleId(1), views: 1, counted: false, reason });
        for reason in Reason::ALL {
            metrics.view(&outcome(Some(reason)));
        }
        metrics.view(&outcome(None));
        metrics.view(&Err(Error::NotFound("".into())));
        metrics.view(&Err(Error::Unavailable));
        for job in Job::ALL {
            metrics.job(job.name(), true, Millis(0));
            metrics.job(job.name(), false, Millis(0));
        }
        let stores = ["database", "redis", "kafka", "opensearch"].map(|store| (store, true));
        metrics.now(0, &stores, Some(Unflushed::default()));
        metrics.kafka(&Numbers::default());
        metrics.search(Waiting { articles: 0, since: None, counts: 0 }, Millis(0));
        let mut described = Described::new();
        for line in metrics.encode().unwrap().lines().filter(|line| !line.starts_with('#')) {
            let sample = line.split(' ').next().unwrap();
            let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
            let known = described.entry(name.to_owned()).or_default();
            for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
                let (label, value) = label.split_once('=').unwrap();
                let values = known.entry(label.to_owned()).or_default();
                values.insert(value.trim_matches('"').to_owned());
            }
        }
        described
    }

    #[test]
    fn the_documented_metrics_are_those_that_there_are() {
        assert_eq!(documented(), encoded());
    }

    /// The metrics that a text names, without the endings that belong to a kind of metric.
    fn named(text: &str) -> BTreeSet<&str> {
        let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
        text.split(|char: char| !is_part(char))
            .filter(|word| word.starts_with("tidemark_"))
            .map(|word| {
                ["_total", "_bucket", "_sum", "_count"]
                    .iter()
                    .find_map(|ending| word.strip_suffix(ending))
                    .unwrap_or(word)
            })
            .collect()
    }

    #[test]
    fn dashboard_and_alerts_use_metrics_that_exist() {
        let metrics = Metrics::new();
        metrics.view(&Err(Error::Internal));
        metrics.job("flush", true, Millis(0));
        metrics.now(0, &[("database", true)], Some(Unflushed::default()));
        metrics.kafka(&Numbers::default());
        metrics.search(Waiting::default(), Millis(0));
        let encoded = metrics.encode().unwrap();
        let known = named(&encoded);
        for (file, text) in [
            ("dashboard.json", include_str!("../../deploy/grafana/dashboard.json")),
            ("alerts.yaml", include_str!("../../deploy/prometheus/alerts.yaml")),
        ] {
            let used = named(text);
            assert!(used.len() > 3, "{file}: {used:?}");
            let unknown: Vec<_> = used.difference(&known).collect();
            assert!(unknown.is_empty(), "{file}: {unknown:?} are not among {known:?}");
        }
    }
}
