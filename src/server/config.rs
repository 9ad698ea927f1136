//! The settings. Later layers override earlier ones: the built-in `Leptos.toml`, the settings file,
//! the environment.

mod values;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Case, Environment, File, FileFormat};
use ipnet::IpNet;
use serde::Deserialize;
use tidemark_counting::rules::Caps;
use tidemark_stream::settings::{self as stream, Mechanism, Security};

use self::values::{
    base_url, collector_url, import_timeout, in_range, index_name, interface_language, networks,
    open_search_url, prune, ratio, slow, waiting_time, window,
};
use super::pictures::Quota;
use super::pictures::store::{AwsEnvironment, Place};
use super::schedule::Schedule;
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
            .and_then(config::Config::try_deserialize)
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

#[cfg(test)]
mod tests;
