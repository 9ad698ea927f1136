//! Reports what is configured, what that guarantees, and what is wrong.

use std::time::Duration;

use tidemark_counting::ViewError;
use tidemark_counting::store::redis::files::Files;
use tidemark_counting::store::redis::{RedisStore, Unflushed};
use tidemark_store::clock::{Clock, Millis};
use tidemark_store::redis::Info;
use tidemark_stream::admin::{self, Remark};
use tidemark_stream::road::{Road, Stream};

use super::clients::Clients;
use super::config::{AnonymousVisitor, Config, Jobs};
use super::db::search_queue::Waiting;
use super::db::{AnyDatabase, Database};
use super::jobs::Job;
use super::pictures::store::PictureStore;
use super::search::open_search::{Condition, OpenSearch};
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
                findings.push(Finding::Fact(format!("Profile: {}.", profile.in_words())))
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

/// Up to how many articles a search in MySQL or MariaDB is fast enough (docs/SEARCH.md).
const MOST_IN_SQL: i64 = 1_000;

/// Says that SQL looks words up, and whether that is fine for so many articles.
fn found_in_sql(articles: i64) -> Finding {
    let text = format!("Search: each search reads the words of all {articles} articles in SQL");
    match articles > MOST_IN_SQL {
        true => Finding::Warning(format!(
            "{text}, which is fine for up to {MOST_IN_SQL}. Set search.url to an OpenSearch."
        )),
        false => Finding::Fact(format!("{text}, and two run at a time.")),
    }
}

/// Whether Redis may evict data. Every policy but `noeviction` loses something: `allkeys-*` drops
/// counts, `volatile-*` drops the dedup log, so that repeats would count.
fn evicts(node: &Info) -> bool {
    !matches!(node.get("maxmemory_policy"), "noeviction" | "")
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Fact,
    /// A guarantee is weaker than it could be.
    Warning,
    /// Something does not work.
    Problem,
}

impl Finding {
    /// How serious it is.
    pub fn level(&self) -> Level {
        match self {
            Finding::Fact(_) => Level::Fact,
            Finding::Warning(_) => Level::Warning,
            Finding::Wrong(_) => Level::Problem,
        }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        let (Finding::Fact(text) | Finding::Warning(text) | Finding::Wrong(text)) = self;
        text
    }
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Information.
    Fact(String),
    /// A guarantee is weaker than it could be. Says what that costs and what to set.
    Warning(String),
    /// Something does not work, or a guarantee does not hold.
    Wrong(String),
}

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

/// How long an article may wait for OpenSearch before something is wrong, in milliseconds.
const LONG_WAIT: i64 = 5 * 60 * 1000;

/// Whether OpenSearch can be searched, for `/readyz`.
pub async fn search_health(open_search: &OpenSearch) -> &'static str {
    match open_search.condition().await {
        Ok(condition) if condition.has_index => "ok",
        Ok(_) => "has no index yet; SQL answers searches",
        Err(_) => "can't be used; SQL answers searches",
    }
}

/// Checks OpenSearch, and what waits for it at `now`.
pub async fn examine_open_search(
    config: &Config,
    open_search: &OpenSearch,
    now: Millis,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let waiting = match open_search.condition().await {
        Ok(Condition { version, has_index, is_rebuilding, waiting }) => {
            findings.push(match is_known_open_search(&version) {
                true => Finding::Fact(format!("OpenSearch: answers; version {version}.")),
                false => Finding::Warning(format!(
                    "OpenSearch: answers; version {version}. Tidemark is made for 2.19 and 3."
                )),
            });
            if is_rebuilding {
                findings.push(Finding::Fact("OpenSearch: its index is being rebuilt.".into()));
            }
            if !has_index {
                findings.push(Finding::Warning(
                    "OpenSearch: it has no index of this blog yet, so SQL answers searches. The job search makes one, or tidemark search \
                     rebuild does."
                        .into(),
                ));
            }
            Some(waiting)
        }
        Err(error) => {
            findings.push(Finding::Wrong(format!(
                "{error}. SQL answers searches until it does; pages, saves and counts do not need it."
            )));
            open_search.waiting().await.ok()
        }
    };
    if let Some(Waiting { articles, since, counts }) = waiting {
        let age = now - since.unwrap_or(now);
        let text = format!(
            "OpenSearch: {articles} articles and {counts} counts are still to be sent to it"
        );
        findings.push(match age > LONG_WAIT {
            true => Finding::Warning(format!(
                "{text}; the oldest has waited for {} minutes. `tidemark jobs` shows why.",
                age / 60_000
            )),
            false => Finding::Fact(format!("{text}.")),
        });
    }
    if config.jobs.search.is_off() {
        findings.push(Finding::Warning(
            "jobs.search is off: what is changed here can't be found in OpenSearch until another process sends it. Let one run the job."
                .into(),
        ));
    }
    if config.search.url.starts_with("http://")
        && !config.search.url.contains("127.0.0.1")
        && !config.search.url.contains("localhost")
    {
        findings.push(Finding::Warning(
            "search.url is not https: scheduled articles, what readers search for, and the password travel in the clear.".into(),
        ));
    }
    findings
}

/// Whether searches were tried with this version of OpenSearch.
fn is_known_open_search(version: &str) -> bool {
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    matches!((parts.next(), parts.next()), (Some(2), Some(19..)) | (Some(3), _))
}

async fn examine_redis(store: &RedisStore) -> Vec<Finding> {
    let nodes = match store.nodes().await {
        Ok(nodes) => nodes,
        Err(error) => {
            return vec![Finding::Wrong(format!(
                "Redis does not answer ({error}). Pages show the counts from SQL, and views get 503 until it is back."
            ))];
        }
    };
    let mut findings = Vec::new();
    let versions: Vec<&str> = nodes.iter().map(|node| node.get("redis_version")).collect();
    findings.push(Finding::Fact(format!(
        "Redis: answers; {} server(s), version {}.",
        nodes.len(),
        versions.join(", ")
    )));
    for node in &nodes {
        let name = format!("Redis on port {}", node.get("tcp_port"));
        if evicts(node) {
            findings.push(Finding::Wrong(format!(
                "{name}: maxmemory-policy is {}, which evicts counts or the dedup log when Redis runs out of memory. Set it to \
                 noeviction.",
                node.get("maxmemory_policy")
            )));
        }
        if node.get("aof_enabled") != "1" {
            findings.push(Finding::Warning(format!(
                "{name}: it has no append-only file. Worst case: a crash loses every view that was not flushed, and the dedup log since \
                 the last snapshot. Set appendonly yes."
            )));
        } else if node.get("aof_last_write_status") != "ok" {
            findings.push(Finding::Wrong(format!(
                "{name}: it can't write its append-only file. Check its log and its disk."
            )));
        }
    }
    if nodes.iter().any(|node| node.get("aof_enabled") == "1") {
        findings.push(match store.redis.setting("appendfsync").await {
            Ok(Some(policy)) if policy == "always" => Finding::Fact(
                "Redis: appendfsync always. Each acknowledged view is on disk. Worst case after a power cut: no acknowledged view is lost.".into(),
            ),
            Ok(Some(policy)) if policy == "no" => Finding::Warning(
                "Redis: appendfsync no. Worst case after a crash of the machine: the views of about the last 30 seconds are lost, and \
                 repeats of other views may count again. Set everysec or always."
                    .into(),
            ),
            Ok(Some(_)) => Finding::Fact(
                "Redis: appendfsync everysec. Worst case after a crash of Redis: the views of the last second, or up to three seconds with \
                 a slow disk, are lost; none is counted twice. appendfsync always loses none but is slower."
                    .into(),
            ),
            Ok(None) => Finding::Warning(
                "Redis does not report appendfsync, or has several nodes. Assuming everysec: a crash may lose the views of the last second, \
                 or up to three seconds with a slow disk. Check each node."
                    .into(),
            ),
            Err(error) => Finding::Wrong(format!("Redis does not answer: {error}")),
        });
        if store.redis.setting("no-appendfsync-on-rewrite").await.ok().flatten().as_deref()
            == Some("yes")
        {
            findings.push(Finding::Warning(
                "Redis: no-appendfsync-on-rewrite is yes, so nothing is synced during a rewrite. Worst case after a power cut at that time: \
                 all views since the rewrite began are lost. Set it to no."
                    .into(),
            ));
        }
    }
    findings.push(examine_files(store).await);
    let is_cluster = store.redis.is_cluster().await.unwrap_or(false);
    if is_cluster && nodes.len() == 1 {
        findings.push(Finding::Warning(
            "Redis: a Cluster in which one node has all counts, because redis.shards is too small. To change it, stop every server, run \
             tidemark flush, empty Redis, and set redis.shards to 16; that ends all sessions and windows."
                .into(),
        ));
    }
    if is_cluster {
        findings.push(Finding::Fact(
            "Redis: a Cluster. After a failover, views that the master had not yet replicated are lost; none is counted twice."
                .into(),
        ));
    }
    // Registers the name of this Redis in SQL. A Redis that lost its data has a new name, so losses
    // show up there.
    if let Err(error) = store.register_origin().await {
        findings
            .push(Finding::Wrong(format!("Can't tell whether Redis has lost its data: {error}")));
    }
    match store.unflushed().await {
        Ok(unflushed) => findings.push(Finding::Fact(format!(
            "Redis: {} views wait for the next flush; {} batches are in an unfinished flush.",
            unflushed.pending, unflushed.batches
        ))),
        Err(error) => findings.push(Finding::Wrong(format!("Redis does not answer: {error}"))),
    }
    findings
}

/// Checks whether destroyed salts are gone from Redis' files (rule C3).
async fn examine_files(store: &RedisStore) -> Finding {
    match store.files().await {
        Ok(Files::Off) => Finding::Fact("Redis: no append-only file, so none keeps destroyed salts.".into()),
        Ok(Files::Fresh) => Finding::Fact(
            "Redis: destroyed salts are gone from its append-only file, which was rewritten today.".into(),
        ),
        Ok(Files::Due) => Finding::Fact(
            "Redis: destroyed salts leave its append-only file with the next prune, which rewrites the file once a day."
                .into(),
        ),
        Ok(Files::Failed) => Finding::Wrong(
            "Redis could not rewrite its append-only file, so destroyed salts are still in it: anyone with the file could tell who read \
             what. Check its log and its disk."
                .into(),
        ),
        Ok(Files::Refused(reason)) => Finding::Warning(format!(
            "Redis refuses BGREWRITEAOF ({reason}), so destroyed salts stay in its append-only file until it is rewritten: anyone with \
             the file could tell who read what. Allow this user the command, or run it daily."
        )),
        Err(error) => Finding::Wrong(format!("Redis does not answer: {error}")),
    }
}

async fn examine_mysql(store: &RedisStore) -> Vec<Finding> {
    let mut findings = Vec::new();
    let durability = match store.ledger.durability().await {
        Ok(durability) => durability,
        Err(error) => {
            return vec![Finding::Wrong(format!(
                "SQL does not answer ({error}). Views are accepted and wait in Redis; pages can't be served until it is back."
            ))];
        }
    };
    findings.push(Finding::Fact(format!("SQL: answers; {}.", durability.version)));
    if durability.flush_log_at_commit != 1 {
        findings.push(Finding::Warning(format!(
            "SQL: innodb_flush_log_at_trx_commit is {}. Worst case after a crash of its machine: the last second of flushed views is lost, \
             because Redis has already deleted them. Set it to 1.",
            durability.flush_log_at_commit
        )));
    }
    if durability.is_galera {
        findings.push(Finding::Warning(
            "SQL: this is a Galera cluster. Flushes that conflict on different nodes are refused at commit and retried; with a node that \
             lags behind (wsrep_sync_wait 0), a total that Redis loads from SQL may be stale until the next reconcile. Let Tidemark \
             use one node."
                .into(),
        ));
    }
    match store.ledger.origins().await {
        Ok(origins) if origins.len() > 1 => {
            let last =
                origins.last().and_then(|last| jiff::Timestamp::from_millisecond(*last).ok());
            findings.push(Finding::Warning(format!(
                "Redis lost its data, or was replaced, {} time(s), last before {}. Views that were not flushed are lost; totals and rankings \
                 were rebuilt from SQL.",
                origins.len() - 1,
                last.map(|last| last.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
            )));
        }
        Ok(_) => {}
        Err(error) => findings.push(Finding::Wrong(format!("SQL does not answer: {error}"))),
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_articles_without_a_search_engine_are_a_warning() {
        assert!(matches!(found_in_sql(MOST_IN_SQL), Finding::Fact(_)));
        assert!(matches!(found_in_sql(MOST_IN_SQL + 1), Finding::Warning(_)));
    }
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
    fn other_versions_of_open_search_are_warned_of() {
        for (version, is_known) in [
            ("2.19.0", true),
            ("2.20.1", true),
            ("3.8.0", true),
            ("2.18.9", false),
            ("1.3.20", false),
            ("4.0.0", false),
            ("unknown", false),
        ] {
            assert_eq!(is_known_open_search(version), is_known, "{version}");
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
