//! The settings. Later layers override earlier ones: the built-in `Leptos.toml`, the settings file,
//! the environment.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Case, Environment, File, FileFormat};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use tidemark_content::address;
use tidemark_counting::rules::Caps;
use tidemark_stream::settings::{self as stream, Mechanism, Security};

use super::jobs::schedule::Schedule;
use super::pictures::Quota;
use super::pictures::store::{AwsEnvironment, Place};
use crate::model::language::Language;

/// The defaults come from the file that documents every setting, so the two can't differ.
const DEFAULTS: &str = include_str!("../../Leptos.toml");

/// The settings file unless `--config` names another.
const FILE: &str = "Leptos.toml";

/// All settings, validated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The blog as readers see it.
    pub site: Site,
    /// The server process.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// Redis, for the server profile.
    pub redis: Redis,
    /// Kafka, for the server profile.
    pub kafka: Kafka,
    /// Counting.
    pub views: Views,
    /// Schedules of background jobs.
    pub jobs: Jobs,
    /// Backups.
    pub backup: Backup,
    /// Accounts.
    pub accounts: Accounts,
    /// Pictures.
    pub pictures: Pictures,
    /// Imports in the browser.
    pub import: Import,
    /// Revisions of articles.
    pub revisions: Revisions,
    /// Page cache.
    pub pages: Pages,
    /// OpenSearch, for the server profile.
    pub search: Search,
    /// Traces.
    pub traces: Traces,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignUp {
    /// Nobody: administrators create accounts.
    Closed,
    /// Anyone with an invitation.
    Invite,
    /// Anyone, as a reader.
    Open,
}

/// `[accounts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Accounts {
    /// Who may sign up.
    pub sign_up: SignUp,
}

/// `[site]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Site {
    /// The blog's name.
    pub title: String,
    /// One line about the blog.
    pub description: String,
    /// The language of the interface for readers who prefer none that it speaks.
    #[serde(deserialize_with = "interface_language")]
    pub language: Language,
    /// The public address, without a trailing slash.
    #[serde(deserialize_with = "base_url")]
    pub base_url: String,
    /// The address to listen on.
    pub addr: SocketAddr,
    /// The folder with the browser's files; empty for those inside the program.
    pub root: PathBuf,
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Server {
    /// Proxies whose `X-Forwarded-For` is trusted.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Maximum number of concurrent connections; 0 derives it from the limit of open files.
    #[serde(deserialize_with = "in_range::<_, 0, 1_000_000>")]
    pub connections: usize,
    /// How long the server waits for a client to send a request or to read an answer.
    #[serde(deserialize_with = "waiting_time")]
    pub timeout: Duration,
    /// How long an idle connection is kept open.
    #[serde(deserialize_with = "waiting_time")]
    pub keep_alive: Duration,
    /// Log format.
    pub log: Log,
    /// Answers that take longer are logged as a warning; `None` for none.
    #[serde(deserialize_with = "slow")]
    pub slow_page: Option<Duration>,
}

/// Log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// Lines of text for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Database {
    /// `sqlite:` and a path, or a `mysql:` URL.
    pub url: String,
    /// Maximum number of connections; 0 uses the default for the kind of database.
    #[serde(deserialize_with = "in_range::<_, 0, 1_000>")]
    pub connections: usize,
    /// Statements that take longer are logged as a warning; `None` for none.
    #[serde(deserialize_with = "slow")]
    pub slow_query: Option<Duration>,
}

/// `[redis]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Redis {
    /// URL of the server, or the URLs of a Cluster's nodes separated by commas. Empty in the
    /// embedded profile.
    pub url: String,
    /// Number of shards that articles are spread over.
    #[serde(deserialize_with = "in_range::<_, 1, 1_024>")]
    pub shards: usize,
}

/// `[kafka]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Kafka {
    /// Brokers to start with; empty if batches go straight to SQL.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// How the connection is protected.
    pub security: Security,
    /// The user name, with SASL.
    pub username: String,
    /// The password, with SASL.
    pub password: String,
    /// How the password is shown.
    pub mechanism: Mechanism,
    /// A file with the certificates that are trusted.
    pub ca: PathBuf,
    /// How long a batch may be on its way.
    #[serde(deserialize_with = "waiting_time")]
    pub patience: Duration,
}

// Not derived, because of the password.
impl std::fmt::Debug for Kafka {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.settings(), formatter)
    }
}

/// A batch that was sent and has not come to SQL is sent again after this time.
const RESEND: Duration = Duration::from_secs(10);

impl Kafka {
    /// The settings of the stream; `None` if batches go straight to SQL.
    pub fn settings(&self) -> Option<stream::Settings> {
        (!self.brokers.is_empty()).then(|| stream::Settings {
            brokers: self.brokers.clone(),
            topic: self.topic.clone(),
            security: self.security,
            username: self.username.clone(),
            password: self.password.clone(),
            mechanism: self.mechanism,
            ca: self.ca.clone(),
            patience: self.patience,
            // At least once before patience ends.
            resend: RESEND.min(self.patience / 2),
        })
    }
}

/// The set of stores the program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// One SQLite file.
    Embedded,
    /// MySQL or MariaDB, and Redis.
    Server,
}

impl Profile {
    /// Name and stores, for a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Profile::Embedded => "embedded (SQLite, one process)",
            Profile::Server => "server (MySQL or MariaDB, and Redis; any number of replicas)",
        }
    }
}

/// How anonymous visitors are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnonymousVisitor {
    /// By address and User-Agent, without a cookie.
    Address,
    /// By a random session cookie, which article pages set. Requests without the cookie fall back
    /// to address and User-Agent.
    Session,
}

/// `[views]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Views {
    /// The window within which a visitor counts once (rule C2).
    #[serde(deserialize_with = "window")]
    pub window: Duration,
    /// How anonymous visitors are identified (rule C3).
    pub visitor: AnonymousVisitor,
    /// Whether views by authors in the byline count (rule C4).
    pub count_authors: bool,
    /// Cap of anonymous visitors per address (rule C3).
    #[serde(deserialize_with = "in_range::<_, 1, 10_000>")]
    pub per_ip_cap: usize,
    /// Cap of anonymous visitors per IPv6 /48 (rule C3).
    #[serde(deserialize_with = "in_range::<_, 1, 10_000>")]
    pub per_network_cap: usize,
    /// Cap of signed-in readers per IPv4 address or IPv6 /48 (rule C3).
    #[serde(deserialize_with = "in_range::<_, 1, 10_000>")]
    pub signed_in_cap: usize,
    /// How many views may wait to be recorded.
    #[serde(deserialize_with = "in_range::<_, 1, 1_000_000>")]
    pub queue: usize,
}

/// `[jobs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Jobs {
    /// When views are moved from Redis to SQL.
    pub flush: Schedule,
    /// When caches are compared with their source and corrected.
    pub reconcile: Schedule,
    /// When expired data is deleted.
    #[serde(deserialize_with = "prune")]
    pub prune: Schedule,
    /// When rankings are refreshed to end with the current hour.
    pub ranking: Schedule,
    /// When changed articles and counts are sent to OpenSearch.
    pub search: Schedule,
    /// When a backup is made.
    pub backup: Schedule,
}

/// `[backup]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Backup {
    /// The folder that the job writes to.
    pub folder: PathBuf,
    /// How many backups the job keeps there.
    #[serde(deserialize_with = "in_range::<_, 1, 10_000>")]
    pub keep: usize,
}

/// `[pictures]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pictures {
    /// A folder or an S3 bucket.
    pub url: Place,
    /// Maximum number of pictures per user.
    #[serde(deserialize_with = "in_range::<_, 1, 1_000_000_000>")]
    pub per_user: usize,
    /// Maximum total size of a user's pictures, in MiB.
    #[serde(deserialize_with = "in_range::<_, 1, 1_000_000_000>")]
    pub mib_per_user: usize,
    /// Whether pages may load images, video and audio from other hosts.
    pub elsewhere: bool,
    /// Credentials and options for S3, from the environment.
    #[serde(skip)]
    pub aws: AwsEnvironment,
}

impl Pictures {
    /// The limits per user.
    pub fn quota(&self) -> Quota {
        let number = |setting: usize| i64::try_from(setting).unwrap_or(i64::MAX);
        Quota {
            pictures: number(self.per_user),
            bytes: number(self.mib_per_user).saturating_mul(1024 * 1024),
        }
    }
}

/// `[import]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Import {
    /// The folder for uploads.
    pub folder: PathBuf,
    /// Maximum size of an upload, in MiB.
    #[serde(deserialize_with = "in_range::<_, 1, 102_400>")]
    pub mib: usize,
    /// Timeout of an examination or an import.
    #[serde(deserialize_with = "import_timeout")]
    pub timeout: Duration,
}

impl Import {
    /// Maximum size of an upload, in bytes.
    pub fn most(&self) -> u64 {
        u64::try_from(self.mib).unwrap_or(u64::MAX).saturating_mul(1 << 20)
    }
}

/// `[revisions]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Revisions {
    /// Maximum number of revisions per article.
    #[serde(deserialize_with = "in_range::<_, 2, 1_000_000>")]
    pub per_article: usize,
    /// Maximum number of revisions saved by one user.
    #[serde(deserialize_with = "in_range::<_, 2, 1_000_000_000>")]
    pub per_user: usize,
}

/// `[pages]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pages {
    /// Size limit of the page cache, in MiB; 0 disables it.
    #[serde(deserialize_with = "in_range::<_, 0, 1_048_576>")]
    pub cache: usize,
}

/// `[traces]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Traces {
    /// The address of an OpenTelemetry collector; empty if no traces are sent.
    #[serde(deserialize_with = "collector_url")]
    pub url: String,
    /// The part of all traces that is sent, from 0 to 1.
    #[serde(deserialize_with = "ratio")]
    pub ratio: f64,
}

/// `[search]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Search {
    /// The address of OpenSearch; empty if SQL answers searches.
    #[serde(deserialize_with = "open_search_url")]
    pub url: String,
    /// What the names of indexes begin with.
    #[serde(deserialize_with = "index_name")]
    pub index: String,
    /// The user for HTTP Basic authentication; may be empty.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The `Authorization` header instead of a user; may be empty.
    pub authorization: String,
}

impl Search {
    /// Whether OpenSearch answers searches.
    pub fn is_on(&self) -> bool {
        !self.url.is_empty()
    }

    fn check(&self, profile: Profile) -> Result<(), String> {
        let has_credentials = !self.user.is_empty() || !self.authorization.is_empty();
        let problem = if self.is_on() && profile == Profile::Embedded {
            "search.url is set, but database.url is a SQLite file, in which searches need no other server: leave search.url empty, or \
             set database.url and redis.url for the server profile"
        } else if has_credentials && !self.is_on() {
            "search.user or search.authorization is set, but search.url is empty: set search.url to the address of OpenSearch"
        } else if !self.user.is_empty() && !self.authorization.is_empty() {
            "search.user and search.authorization are both set: set one of them"
        } else if self.user.is_empty() != self.password.is_empty() {
            "search.user and search.password belong together: set both or neither"
        } else {
            return Ok(());
        };
        Err(problem.into())
    }
}

impl std::fmt::Debug for Search {
    /// Leaves out what is secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut fields = formatter.debug_struct("Search");
        fields.field("url", &self.url).field("index", &self.index).finish_non_exhaustive()
    }
}

impl Views {
    /// The caps of rule C3.
    pub fn caps(&self) -> Caps {
        Caps {
            address: self.per_ip_cap,
            network: self.per_network_cap,
            signed_in: self.signed_in_cap,
        }
    }
}

impl Config {
    /// Loads the settings. `file` is the argument of `--config`; without it, `Leptos.toml` is read
    /// if it exists.
    ///
    /// # Errors
    /// One line that names the key, where the value came from, and what is wrong with it.
    pub fn load(file: Option<&Path>, environment: HashMap<String, String>) -> Result<Self, String> {
        let standard = [
            ("DATABASE_URL", "database.url"),
            ("REDIS_URL", "redis.url"),
            ("LEPTOS_SITE_ADDR", "site.addr"),
            ("LEPTOS_SITE_ROOT", "site.root"),
        ];
        let mut builder = config::Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(match file {
                Some(path) => File::from(path).format(FileFormat::Toml),
                None => File::from(Path::new(FILE)).format(FileFormat::Toml).required(false),
            });
        for (name, key) in standard {
            builder = builder
                .set_override_option(key, environment.get(name).cloned())
                .map_err(|error| format!("{name}: {error}"))?;
        }
        let aws = AwsEnvironment::of(&environment);
        builder = builder.add_source(
            Environment::with_prefix("TIDEMARK")
                .prefix_separator("_")
                .separator("__")
                .convert_case(Case::Kebab)
                .source(Some(environment)),
        );
        let mut config: Config = builder
            .build()
            .and_then(|all| all.try_deserialize())
            .map_err(|error| explain(&error.to_string()))?;
        config.pictures.aws = aws;
        let profile = config.profile()?;
        if let Some(settings) = config.kafka.settings() {
            if profile == Profile::Embedded {
                return Err("kafka.brokers is set, but in the embedded profile no batch travels: \
                            set database.url and redis.url for the server profile, or leave \
                            kafka.brokers (TIDEMARK_KAFKA__BROKERS) empty"
                    .into());
            }
            settings.check()?;
        }
        config.search.check(profile)?;
        Ok(config)
    }

    /// The profile that the settings select.
    ///
    /// # Errors
    /// One line that says what to set, if they fit neither profile.
    pub fn profile(&self) -> Result<Profile, String> {
        let scheme = self.database.url.split(':').next().unwrap_or_default();
        match (scheme, self.redis.url.is_empty()) {
            ("sqlite", true) => Ok(Profile::Embedded),
            ("mysql" | "mariadb", false) => Ok(Profile::Server),
            ("sqlite", false) => Err("redis.url is set, but database.url is a SQLite file: for the server profile set \
                 database.url (DATABASE_URL) to mysql://USER:PASSWORD@HOST/DATABASE; for the embedded one leave redis.url \
                 (REDIS_URL) empty"
                .into()),
            ("mysql" | "mariadb", true) => Err("database.url is a MySQL server, but redis.url is empty: for the server \
                 profile set redis.url (REDIS_URL) to redis://HOST:6379; for the embedded one set database.url \
                 (DATABASE_URL) to sqlite: and a path"
                .into()),
            _ => Err("database.url must be sqlite: and a path, as in sqlite:data/tidemark.db, or \
                 mysql://USER:PASSWORD@HOST/DATABASE"
                .into()),
        }
    }

    /// Whether readers use HTTPS, so that cookies must be `Secure`.
    pub fn is_secure(&self) -> bool {
        self.site.base_url.starts_with("https://")
    }
}

/// Puts an error of the configuration library on one line.
fn explain(error: &str) -> String {
    let line = error.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("Invalid settings: {line}")
}

fn interface_language<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Language, D::Error> {
    let name = String::deserialize(deserializer)?;
    let names = Language::ALL.map(Language::name).join(", ");
    Language::from_name(&name).ok_or_else(|| de::Error::custom(format!("must be one of {names}")))
}

fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    address::base_url(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

/// The address of OpenSearch, or nothing. The message does not repeat it: it may hold a password.
fn open_search_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.is_empty() || is_bare_url(&text) {
        true => Ok(text),
        false => Err(de::Error::custom(
            "it must be an address such as https://search.example:9200, without a user, which goes into search.user and \
             search.password",
        )),
    }
}

/// Whether a text is an address of the web without a user, a query and an anchor.
fn is_bare_url(text: &str) -> bool {
    text.parse().is_ok_and(|url: url::Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

/// The address of an OpenTelemetry collector, or nothing.
fn collector_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.is_empty() || is_bare_url(&text) {
        true => Ok(text),
        false => {
            Err(de::Error::custom("it must be an address such as http://localhost:4318, or empty"))
        }
    }
}

/// A part of a whole, from 0 to 1.
fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(deserializer)?;
    match (0.0..=1.0).contains(&ratio) {
        true => Ok(ratio),
        false => Err(de::Error::custom("it must be a number from 0 to 1")),
    }
}

/// The beginning of OpenSearch's index names: what it allows, and no character with a meaning in a
/// URL or pattern.
fn index_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_allowed = |char: char| {
        char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, '-' | '_')
    };
    let is_good = text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(is_allowed);
    match is_good {
        true => Ok(text),
        false => Err(de::Error::custom(format!(
            "{text:?} is not 1 to 100 lower-case letters, digits, hyphens and underscores that begin with a letter"
        ))),
    }
}

/// A list of networks, or a comma-separated text, because environment variables can't hold lists.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        List(Vec<String>),
        Text(String),
    }
    let texts = match Form::deserialize(deserializer)? {
        Form::List(list) => list,
        Form::Text(text) => text.split(',').map(str::to_owned).collect(),
    };
    texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(|text| {
            text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(
                |_| {
                    de::Error::custom(format!(
                        "{text:?} is neither an address nor a network such as 10.0.0.0/8"
                    ))
                },
            )
        })
        .collect()
}

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse = || {
        de::Error::custom(format!(
            "{text:?} is not a time span of at least 1s, such as 90s, 10m or 1h"
        ))
    };
    let span: jiff::SignedDuration = text.parse().map_err(|_| refuse())?;
    Duration::try_from(span).ok().filter(|span| *span >= Duration::from_secs(1)).ok_or_else(refuse)
}

/// A client timeout, at most 1 h. A longer one would only keep dead connections open.
fn waiting_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let span = interval(deserializer)?;
    if span > Duration::from_secs(60 * 60) {
        return Err(de::Error::custom("the time span must be from 1s to 1h"));
    }
    Ok(span)
}

/// From when on something is slow: 1 ms to 1 h, or `off`.
fn slow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "off" {
        return Ok(None);
    }
    let (least, most) = (Duration::from_millis(1), Duration::from_secs(60 * 60));
    let span =
        text.parse().ok().and_then(|span: jiff::SignedDuration| Duration::try_from(span).ok());
    span.filter(|span| (least..=most).contains(span)).map(Some).ok_or_else(|| {
        de::Error::custom(format!("{text:?} is neither a time span from 1ms to 1h nor \"off\""))
    })
}

/// How long an import may take: 1 ms to 168 h.
fn import_timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (least, most) = (Duration::from_millis(1), Duration::from_secs(168 * 60 * 60));
    let span =
        text.parse().ok().and_then(|span: jiff::SignedDuration| Duration::try_from(span).ok());
    span.filter(|span| (least..=most).contains(span))
        .ok_or_else(|| de::Error::custom(format!("{text:?} is no time span from 1ms to 168h")))
}

/// A window, at most 24 h, because its salt is destroyed after two days (rule C3).
fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let span = interval(deserializer)?;
    if span > Duration::from_secs(24 * 60 * 60) {
        return Err(de::Error::custom("the time span must be from 1s to 24h"));
    }
    Ok(span)
}

/// The schedule of the prune job, at most 24 h apart, because the job destroys salts after two days
/// (rule C3). It may be off where another process runs the job.
fn prune<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Schedule, D::Error> {
    match Schedule::deserialize(deserializer)? {
        Schedule::Every(span) if span > Duration::from_secs(24 * 60 * 60) => {
            Err(de::Error::custom("the time span must be from 10ms to 24h"))
        }
        schedule => Ok(schedule),
    }
}

fn in_range<'de, D: Deserializer<'de>, const LEAST: usize, const MOST: usize>(
    deserializer: D,
) -> Result<usize, D::Error> {
    let number = i64::deserialize(deserializer)?;
    usize::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number)).ok_or_else(|| {
        de::Error::custom(format!("{number} is not a number from {LEAST} to {MOST}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let environment =
            pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Config::load(None, environment)
    }

    #[test]
    fn the_documented_settings_file_has_the_defaults() {
        let config = load(&[]).unwrap();
        assert_eq!(config.views.window, Duration::from_secs(600));
        assert_eq!(config.views.caps(), Caps { address: 5, network: 50, signed_in: 20 });
        assert_eq!(
            (config.views.visitor, config.views.count_authors),
            (AnonymousVisitor::Address, false)
        );
        assert_eq!(config.site.addr, "127.0.0.1:3000".parse().unwrap());
        assert_eq!((config.backup.keep, config.jobs.backup.is_off()), (7, true));
        assert_eq!(
            (config.import.mib, config.import.folder, config.import.timeout.as_secs()),
            (512, "data/imports".into(), 6 * 60 * 60)
        );
        let second = Some(Duration::from_secs(1));
        assert_eq!((config.server.slow_page, config.database.slow_query), (second, second));
        assert_eq!(config.site.root.as_os_str(), "");
        assert!(config.server.trusted_proxies.is_empty());
        assert_eq!(config.server.connections, 0);
        assert_eq!(
            [config.server.timeout, config.server.keep_alive].map(|span| span.as_secs()),
            [30, 75]
        );
    }

    #[test]
    fn the_environment_overrides_each_setting() {
        let config = load(&[
            ("TIDEMARK_VIEWS__WINDOW", "30s"),
            ("TIDEMARK_VIEWS__VISITOR", "session"),
            ("TIDEMARK_VIEWS__COUNT_AUTHORS", "true"),
            ("TIDEMARK_VIEWS__PER_IP_CAP", "7"),
            ("TIDEMARK_VIEWS__PER_NETWORK_CAP", "70"),
            ("TIDEMARK_VIEWS__SIGNED_IN_CAP", "17"),
            ("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/"),
            ("TIDEMARK_SITE__TITLE", "2026"),
            ("DATABASE_URL", "sqlite:/tmp/other.db"),
            ("LEPTOS_SITE_ADDR", "0.0.0.0:8080"),
            ("TIDEMARK_BACKUP__FOLDER", "/backups"),
            ("TIDEMARK_BACKUP__KEEP", "30"),
            ("TIDEMARK_IMPORT__FOLDER", "/uploads"),
            ("TIDEMARK_IMPORT__MIB", "2048"),
            ("TIDEMARK_SERVER__SLOW_PAGE", "250ms"),
            ("TIDEMARK_DATABASE__SLOW_QUERY", "off"),
            ("TIDEMARK_JOBS__BACKUP", "0 2 * * *"),
            ("LEPTOS_SITE_ROOT", "/srv/site"),
            ("HOME", "/home/jo"),
        ])
        .unwrap();
        assert_eq!(config.views.window, Duration::from_secs(30));
        assert_eq!(
            (config.views.visitor, config.views.count_authors),
            (AnonymousVisitor::Session, true)
        );
        assert_eq!(config.views.caps(), Caps { address: 7, network: 70, signed_in: 17 });
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.site.base_url, "https://blog.example");
        assert_eq!(config.site.title, "2026");
        assert_eq!(
            (config.backup.folder.as_path(), config.backup.keep),
            (Path::new("/backups"), 30)
        );
        assert_eq!(
            (config.import.folder.as_path(), config.import.most()),
            (Path::new("/uploads"), 2 << 30)
        );
        assert_eq!(config.jobs.backup.to_string(), "0 2 * * *");
        assert_eq!(config.server.slow_page, Some(Duration::from_millis(250)));
        assert_eq!(config.database.slow_query, None);
        assert_eq!(config.database.url, "sqlite:/tmp/other.db");
        assert_eq!(config.site.addr.port(), 8080);
        assert_eq!(config.site.root.as_os_str(), "/srv/site");
        assert!(config.is_secure());
    }

    #[test]
    fn kafka_belongs_to_the_server_profile_and_is_checked_at_the_start() {
        let with = |name: &str, value: &str| {
            load(&[
                ("DATABASE_URL", "mysql://localhost/blog"),
                ("REDIS_URL", "redis://localhost"),
                ("TIDEMARK_KAFKA__BROKERS", "one:9092,two:9092"),
                ("TIDEMARK_KAFKA__PASSWORD", "secret"),
                ("TIDEMARK_KAFKA__USERNAME", "jo"),
                ("TIDEMARK_KAFKA__SECURITY", "sasl-plaintext"),
                (name, value),
            ])
        };
        let config = with("TIDEMARK_KAFKA__TOPIC", "views").unwrap();
        let settings = config.kafka.settings().unwrap();
        assert_eq!(
            (settings.brokers.as_str(), settings.topic.as_str()),
            ("one:9092,two:9092", "views")
        );
        assert_eq!((settings.patience.as_secs(), settings.resend.as_secs()), (30, 10));
        assert!(!format!("{config:?}").contains("secret"));
        assert_eq!(load(&[]).unwrap().kafka.settings(), None);
        for (name, value, said) in [
            ("TIDEMARK_KAFKA__BROKERS", "here", "kafka.brokers"),
            ("TIDEMARK_KAFKA__TOPIC", "a b", "kafka.topic"),
            ("TIDEMARK_KAFKA__USERNAME", "", "kafka.username"),
            ("TIDEMARK_KAFKA__SECURITY", "plaintext", "kafka.security"),
        ] {
            let error = with(name, value).unwrap_err();
            assert!(error.contains(said) && !error.contains("secret"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn open_search_is_for_the_server_profile_and_its_credentials_are_never_printed() {
        let server =
            [("DATABASE_URL", "mysql://localhost/blog"), ("REDIS_URL", "redis://localhost")];
        let with = |more: &[(&str, &str)]| load(&[&server[..], more].concat());
        let url = ("TIDEMARK_SEARCH__URL", "https://search.example:9200/os");
        let (user, password) =
            (("TIDEMARK_SEARCH__USER", "me"), ("TIDEMARK_SEARCH__PASSWORD", "secret"));
        let authorization = ("TIDEMARK_SEARCH__AUTHORIZATION", "ApiKey secret");
        assert!(!with(&[]).unwrap().search.is_on());
        for good in [&[url][..], &[url, user, password], &[url, authorization]] {
            let search = with(good).unwrap().search;
            assert!(search.is_on());
            assert!(!format!("{search:?}").contains("secret"));
        }
        for bad in [&[url, user][..], &[url, user, password, authorization]] {
            let error = with(bad).unwrap_err();
            assert!(error.contains("search.user") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_bad_setting_is_reported_in_one_line() {
        for (name, value, said) in [
            ("TIDEMARK_VIEWS__WINDOW", "soon", "views.window"),
            ("TIDEMARK_VIEWS__WINDOW", "25h", "views.window"),
            ("TIDEMARK_VIEWS__WINDWO", "1m", "windwo"),
            ("TIDEMARK_VIEW__WINDOW", "1m", "view"),
            ("TIDEMARK_VIEWS__VISITOR", "cookie", "views.visitor"),
            ("TIDEMARK_VIEWS__COUNT_AUTHORS", "sometimes", "count-authors"),
            ("TIDEMARK_VIEWS__PER_IP_CAP", "0", "per-ip-cap"),
            ("TIDEMARK_VIEWS__PER_IP_CAP", "many", "per-ip-cap"),
            ("TIDEMARK_VIEWS__PER_NETWORK_CAP", "0", "per-network-cap"),
            ("TIDEMARK_VIEWS__SIGNED_IN_CAP", "10001", "signed-in-cap"),
            ("TIDEMARK_SERVER__LOG", "xml", "server.log"),
            ("TIDEMARK_SERVER__TRUSTED_PROXIES", "nobody", "trusted-proxies"),
            ("TIDEMARK_SERVER__CONNECTIONS", "-1", "connections"),
            ("TIDEMARK_SERVER__SLOW_PAGE", "0ms", "slow-page"),
            ("TIDEMARK_DATABASE__SLOW_QUERY", "sometimes", "slow-query"),
            ("TIDEMARK_SERVER__TIMEOUT", "0s", "timeout"),
            ("TIDEMARK_SERVER__KEEP_ALIVE", "2h", "keep-alive"),
            ("TIDEMARK_SITE__BASE_URL", "blog", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/?a=1&b=2", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/#a", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://me:secret@blog.example", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://me@blog.example", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/?", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/it's", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/\"", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example/a b", "base-url"),
            ("TIDEMARK_SITE__BASE_URL", "https://blog.example ", "base-url"),
            ("TIDEMARK_SITE__ADDR", "here", "site.addr"),
            ("TIDEMARK_JOBS__FLUSH", "often", "jobs.flush"),
            ("TIDEMARK_JOBS__PRUNE", "25h", "jobs.prune"),
            ("TIDEMARK_JOBS__RECONCILE", "0 25 * * *", "jobs.reconcile"),
            ("TIDEMARK_REDIS__SHARDS", "0", "redis.shards"),
            ("TIDEMARK_ACCOUNTS__SIGN_UP", "anyone", "sign-up"),
            ("TIDEMARK_PICTURES__URL", "ftp://pictures", "pictures.url"),
            ("TIDEMARK_PICTURES__URL", "file:", "pictures.url"),
            ("TIDEMARK_PICTURES__URL", "s3://B", "pictures.url"),
            ("TIDEMARK_PICTURES__URL", "s3://bucket/a//b", "pictures.url"),
            ("TIDEMARK_JOBS__SEARCH", "often", "jobs.search"),
            ("TIDEMARK_JOBS__BACKUP", "nightly", "jobs.backup"),
            ("TIDEMARK_BACKUP__KEEP", "0", "backup.keep"),
            ("TIDEMARK_IMPORT__MIB", "0", "import.mib"),
            ("TIDEMARK_IMPORT__TIMEOUT", "0ms", "import.timeout"),
            ("TIDEMARK_IMPORT__TIMEOUT", "169h", "import.timeout"),
            ("TIDEMARK_SEARCH__URL", "http://localhost:9200", "search.url"),
            ("TIDEMARK_SEARCH__URL", "localhost:9200", "search.url"),
            ("TIDEMARK_SEARCH__URL", "ftp://localhost", "search.url"),
            ("TIDEMARK_SEARCH__URL", "http://me:secret@localhost:9200", "search.url"),
            ("TIDEMARK_SEARCH__URL", "http://localhost:9200/?pretty", "search.url"),
            ("TIDEMARK_TRACES__URL", "localhost:4318", "traces.url"),
            ("TIDEMARK_TRACES__URL", "http://me:secret@localhost:4318", "traces.url"),
            ("TIDEMARK_TRACES__RATIO", "1.1", "traces.ratio"),
            ("TIDEMARK_TRACES__RATIO", "all", "traces.ratio"),
            ("TIDEMARK_SEARCH__INDEX", "", "search.index"),
            ("TIDEMARK_SEARCH__INDEX", "Blog", "search.index"),
            ("TIDEMARK_SEARCH__INDEX", "_all", "search.index"),
            ("TIDEMARK_SEARCH__INDEX", "a*", "search.index"),
            ("TIDEMARK_SEARCH__INDEX", "a/b", "search.index"),
            ("TIDEMARK_SEARCH__USER", "me", "search.url"),
            ("TIDEMARK_SEARCH__PASSWORD", "secret", "search.user"),
            ("TIDEMARK_SEARCH__AUTHORIZATION", "ApiKey secret", "search.url"),
            ("DATABASE_URL", "postgres://localhost/blog", "database.url"),
            ("DATABASE_URL", "mysql://localhost/blog", "redis.url"),
            ("REDIS_URL", "redis://localhost", "database.url"),
            ("TIDEMARK_KAFKA__BROKERS", "localhost:9092", "embedded profile"),
            ("TIDEMARK_KAFKA__SECURITY", "ssl", "kafka.security"),
            ("TIDEMARK_KAFKA__MECHANISM", "md5", "kafka.mechanism"),
            ("TIDEMARK_KAFKA__PATIENCE", "2h", "kafka.patience"),
        ] {
            let error = load(&[(name, value)]).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
            assert!(
                error.contains(said),
                "{name}={value} says {error:?}, which does not name {said}"
            );
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
