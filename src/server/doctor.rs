//! Reports what is configured, what that guarantees, and what is wrong.

mod finding;
mod redis;
mod search;
mod sql;

use std::time::Duration;

pub use finding::{Finding, Level};
use redis::{evicts, examine_redis};
use search::found_in_sql;
pub use search::{examine_open_search, search_health};
use sql::examine_mysql;
use tidemark_counting::ViewError;
use tidemark_counting::store::redis::{RedisStore, Unflushed};
use tidemark_store::clock::Clock;
use tidemark_stream::admin::{self, Remark};
use tidemark_stream::road::{Road, Stream};

use super::clients::Clients;
use super::config::{AnonymousVisitor, Config, Jobs};
use super::db::{AnyDatabase, Database};
use super::jobs::Job;
use super::pictures::store::PictureStore;
use super::search::open_search::OpenSearch;
use super::stores::Stores;
use crate::model::article::may_be_page;

/// How long a store may take to answer before it counts as down.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A day in milliseconds, and how many make a backup old.
const OLD_BACKUP: (i64, i64) = (24 * 60 * 60 * 1000, 8);

/// The state of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Answers.
    Good,
    /// Does not answer.
    Away,
    /// Answers, but may evict data when it runs out of memory.
    Evicts,
}

impl Health {
    /// Description for `/readyz`.
    pub fn in_words(self) -> &'static str {
        match self {
            Health::Good => "ok",
            Health::Away => "does not answer",
            Health::Evicts => {
                "may evict counts when it runs out of memory; set maxmemory-policy to noeviction"
            }
        }
    }
}

/// Examines the stores. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Doctor {
    database: Database,
    /// `None` in the embedded profile.
    redis: Option<RedisStore>,
    road: Road,
    pictures: PictureStore,
    open_search: Option<OpenSearch>,
    clients: Clients,
    clock: Clock,
}

impl Doctor {
    /// Examines `stores`, and says what `clients` has noticed.
    pub fn new(stores: &Stores, clients: Clients, clock: Clock) -> Self {
        let Stores { database, redis, road, pictures, open_search, .. } = stores.clone();
        Self { database, redis, road, pictures, open_search, clients, clock }
    }

    /// Checks each store.
    pub async fn health(&self) -> Vec<(&'static str, Health)> {
        let answers = tokio::time::timeout(TIMEOUT, self.database.ping()).await;
        let is_up = matches!(answers, Ok(Ok(())));
        let mut stores = vec![("database", if is_up { Health::Good } else { Health::Away })];
        if let Some(store) = &self.redis {
            let nodes = tokio::time::timeout(TIMEOUT, store.nodes()).await;
            stores.push((
                "redis",
                match nodes {
                    Ok(Ok(nodes)) if nodes.iter().any(evicts) => Health::Evicts,
                    Ok(Ok(_)) => Health::Good,
                    _ => Health::Away,
                },
            ));
        }
        stores
    }

    /// OpenSearch, if it answers searches.
    pub fn open_search(&self) -> Option<&OpenSearch> {
        self.open_search.as_ref()
    }

    /// What Redis has that no flush has brought to SQL; `None` in the embedded profile.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn unflushed(&self) -> Result<Option<Unflushed>, ViewError> {
        match &self.redis {
            None => Ok(None),
            Some(store) => store.unflushed().await.map(Some),
        }
    }

    /// Checks the configuration, the stores and the jobs.
    pub async fn examine(&self, config: &Config) -> Vec<Finding> {
        let mut findings = Vec::new();
        let window = jiff::SignedDuration::try_from(config.views.window)
            .unwrap_or(jiff::SignedDuration::MAX);
        match config.profile() {
            Ok(profile) => {
                findings.push(Finding::Fact(format!("Profile: {}.", profile.in_words())));
            }
            Err(error) => findings.push(Finding::Wrong(error)),
        }
        findings.push(Finding::Fact(format!(
            "A visitor counts once per article every {window:#}. In that time, at most {} anonymous visitors count per address, {} per \
             IPv6 /48, and {} signed-in readers per address or /48.",
            config.views.per_ip_cap, config.views.per_network_cap, config.views.signed_in_cap
        )));
        if config.views.visitor == AnonymousVisitor::Session {
            findings.push(Finding::Fact(
                "Article pages set a cookie for readers who are not signed in (views.visitor = \"session\"). Many countries require their \
                 consent for that; Tidemark does not ask for it."
                    .into(),
            ));
        }
        if !config.is_secure()
            && !config.site.base_url.contains("127.0.0.1")
            && !config.site.base_url.contains("localhost")
        {
            findings.push(Finding::Warning(
                "site.base-url is not https: session cookies are sent unencrypted. Put a TLS proxy in front and set it to https://…".into(),
            ));
        }
        match &self.redis {
            None => {
                match self.database.ping().await {
                    Ok(()) => findings.push(Finding::Fact(
                        "SQLite: answers. Each acknowledged view is in a committed and synced transaction. Worst case after a power cut: \
                         no acknowledged view is lost."
                            .into(),
                    )),
                    Err(error) => findings.push(Finding::Wrong(format!("SQLite does not answer: {error}"))),
                }
            }
            Some(store) => {
                findings.extend(examine_redis(store).await);
                findings.extend(examine_mysql(store).await);
            }
        }
        if self.open_search.is_none() {
            findings.extend(self.examine_search().await);
        }
        if let Some(stream) = self.road.stream() {
            findings.extend(examine_kafka(stream).await);
        }
        findings.extend(examine_jobs(&config.jobs, self.redis.is_some()));
        findings.extend(self.examine_backups(config).await);
        findings.extend(self.examine_static_pages().await);
        let notices = self.clients.notices().await.into_iter().flatten();
        findings.extend(notices.map(|notice| Finding::Warning(notice.to_string())));
        findings
    }

    /// As [`Doctor::examine`], and checks pictures and OpenSearch too.
    pub async fn examine_all(&self, config: &Config) -> Vec<Finding> {
        let mut findings = self.examine(config).await;
        findings.push(self.examine_pictures().await);
        if let Some(open_search) = &self.open_search {
            let now = self.clock.now();
            findings.extend(examine_open_search(config, open_search, now).await);
        }
        findings
    }

    /// Says when the last backup was made. Says nothing if the database does not answer; others do.
    async fn examine_backups(&self, config: &Config) -> Option<Finding> {
        let runs = self.database.job_runs().await.ok()?;
        let Some(run) = runs.into_iter().find(|run| run.job == Job::Backup.name()) else {
            return Some(Finding::Warning(
                "Backup: none was made yet. Set jobs.backup and backup.folder, or run tidemark backup FILE regularly. If something else \
                 backs up the stores, all is well."
                    .into(),
            ));
        };
        let time = jiff::Timestamp::from_millisecond(run.started_at.0).unwrap_or_default();
        let time = time.strftime("%Y-%m-%d %H:%M:%S UTC");
        let age = (self.clock.now() - run.started_at) / OLD_BACKUP.0;
        Some(if !run.succeeded {
            Finding::Wrong(format!("Backup: the last one failed at {time}: {}", run.result))
        } else if age >= OLD_BACKUP.1 {
            let off = match config.jobs.backup.is_off() {
                true => " jobs.backup is off.",
                false => "",
            };
            Finding::Warning(format!("Backup: the last one is {age} days old ({time}).{off}"))
        } else {
            Finding::Fact(format!("Backup: the last one was made at {time}. {}", run.result))
        })
    }

    /// Warns of pages that nobody can read, because a later version took their address for itself.
    async fn examine_static_pages(&self) -> Option<Finding> {
        let pages = self.database.pages(MOST_PAGES, self.clock.now()).await.ok()?;
        let addresses = pages.into_iter().map(|page| page.target);
        let hidden: Vec<String> =
            addresses.filter(|address| !may_be_page(address.trim_start_matches('/'))).collect();
        (!hidden.is_empty()).then(|| {
            Finding::Warning(format!(
                "Pages: {} can't be read, because Tidemark has something else at that address. Give the page another one in the studio.",
                hidden.join(", ")
            ))
        })
    }

    /// Says what searches look words up in, and how many articles are in it. Says nothing if the
    /// database does not answer; others do.
    async fn examine_search(&self) -> Option<Finding> {
        let articles = self.database.searchable().await.ok()?;
        Some(match self.database.any() {
            AnyDatabase::Sqlite(_) => Finding::Fact(format!(
                "Search: the full-text index of SQLite has {articles} articles."
            )),
            AnyDatabase::MySql(_) => found_in_sql(articles),
        })
    }

    /// Checks the picture store by writing and deleting an object.
    pub async fn examine_pictures(&self) -> Finding {
        let place = self.pictures.place();
        match self.pictures.probe().await {
            Ok(()) => Finding::Fact(format!("Pictures: stored in {place}, which is writable.")),
            Err(error) => Finding::Wrong(format!(
                "Pictures: {place} is not writable: {}. Give this user write access, or set pictures.url to another place.",
                error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
            )),
        }
    }
}

/// How many pages are examined at most.
const MOST_PAGES: i64 = 10_000;

/// Warns about jobs that are off. `has_redis`: whether views wait in Redis for a flush.
fn examine_jobs(jobs: &Jobs, has_redis: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut warn = |is_off: bool, costs: &str| {
        if is_off {
            findings.push(Finding::Warning(costs.into()));
        }
    };
    warn(
        jobs.flush.is_off() && has_redis,
        "jobs.flush is off: this process moves no views to SQL, so Redis has the only copy of them. Run tidemark flush --every 10s on \
         another machine, or tidemark flush regularly.",
    );
    warn(
        jobs.reconcile.is_off(),
        "jobs.reconcile is off: a wrong cached count stays wrong. Run tidemark reconcile regularly.",
    );
    warn(
        jobs.prune.is_off(),
        "jobs.prune is off: expired data accumulates, and salts are not destroyed after two days, so anyone with access to the data \
         could tell who read what. Let another process run it.",
    );
    warn(
        jobs.ranking.is_off(),
        "jobs.ranking is off: views older than 24 hours, 7 days or 30 days stay in the rankings. Let another process run it.",
    );
    findings
}

/// Checks Kafka and the topic.
async fn examine_kafka(stream: &Stream) -> Vec<Finding> {
    match admin::look(stream.settings()).await {
        Ok(topic) => {
            admin::judge(&stream.settings().topic, &topic).into_iter().map(kafka_finding).collect()
        }
        Err(error) => vec![Finding::Warning(format!(
            "Kafka does not answer ({error}). Batches go to SQL directly after kafka.patience, so no view is lost; programs that read the \
             topic miss these."
        ))],
    }
}

/// What is said of a topic, as a finding.
pub fn kafka_finding(remark: Remark) -> Finding {
    match remark {
        Remark::Fact(text) => Finding::Fact(text),
        Remark::Warning(text) => Finding::Warning(text),
        Remark::Wrong(text) => Finding::Wrong(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::schedule::Schedule;

    fn jobs(off: &[&str]) -> Jobs {
        let schedule = |name| {
            if off.contains(&name) {
                Schedule::Off
            } else {
                Schedule::Every(Duration::from_secs(1))
            }
        };
        Jobs {
            flush: schedule("flush"),
            reconcile: schedule("reconcile"),
            prune: schedule("prune"),
            ranking: schedule("ranking"),
            search: schedule("search"),
            backup: schedule("backup"),
        }
    }

    #[test]
    fn disabled_jobs_that_would_do_something_get_a_warning() {
        assert_eq!(examine_jobs(&jobs(&[]), true), []);
        for name in ["flush", "reconcile", "prune", "ranking"] {
            let findings = examine_jobs(&jobs(&[name]), true);
            let is_named = |text: &str| text.starts_with(&format!("jobs.{name} is off: "));
            assert!(
                matches!(&findings[..], [Finding::Warning(text)] if is_named(text)),
                "{findings:?}"
            );
        }
        assert_eq!(
            examine_jobs(&jobs(&["flush"]), false),
            [],
            "without Redis there is nothing to flush"
        );
    }
}
