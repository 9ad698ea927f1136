//! The connection to Redis. It finds out whether the address is a single server or a Cluster.
//!
//! Pages can do without Redis ([`Redis::for_page`]), so they never wait for one that is slow or
//! down. Everything else waits for a slow Redis. While Redis is down it fails at once, and the
//! caller retries. One task probes until Redis is back; see [`crate::breaker`].

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ::redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use ::redis::{
    Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisFuture, RedisResult,
};
use ::redis::{ServerErrorKind, Value};
use futures_util::FutureExt;
use futures_util::future::select_ok;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::TRACES;
use crate::breaker::{Breaker, State};

/// How long Redis may take to answer. A view that waits longer gets a 503; retrying it is safe.
const ANSWER: Duration = Duration::from_secs(2);

/// The timeout for connecting.
const CONNECT: Duration = Duration::from_secs(1);

/// How long a page waits before it goes on without Redis. Redis counts as slow if it answers later
/// than this.
const FOR_PAGE: Duration = Duration::from_millis(150);

/// The timeout of a probe, connecting included. It is below a second, so that a recovered Redis is
/// in use within one.
const PROBE: Duration = Duration::from_millis(800);

/// How often reconnecting is retried before the waiting request fails.
const ATTEMPTS: usize = 1;

/// A connection to Redis. It connects at the first command and reconnects whenever the connection
/// was lost. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    nodes: Arc<[String]>,
    /// Replaced by the probe if the old connection is dead.
    link: Arc<RwLock<Option<Link>>>,
    /// Held while the first connection is made.
    connecting: Arc<Mutex<()>>,
    breaker: Breaker,
}

#[derive(Clone)]
enum Link {
    Single(ConnectionManager),
    Cluster(ClusterConnection),
}

impl std::fmt::Debug for Redis {
    /// Without the address: it may hold a password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Redis").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

/// A Lua script.
pub struct Script {
    text: &'static str,
    hash: ::redis::Script,
}

impl Script {
    /// A script with this text.
    pub fn new(text: &'static str) -> Self {
        Self { text, hash: ::redis::Script::new(text) }
    }
}

/// The parsed answer of `INFO`.
#[derive(Clone, Debug, Default)]
pub struct Info(String);

impl Info {
    /// Wraps an answer of `INFO`.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The value of a field, or an empty string if there is none.
    pub fn get(&self, name: &str) -> &str {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| *key == name).map_or("", |(_, value)| value.trim())
    }
}

impl Redis {
    /// A client for `url`: `redis://` or `rediss://` (TLS). For a Cluster, one or more of its
    /// nodes, separated by commas. Does not connect yet.
    ///
    /// # Errors
    /// A one-line message for the operator if the URL can't be parsed.
    pub fn new(url: &str) -> Result<Self, String> {
        let nodes: Arc<[String]> = url.split(',').map(|node| node.trim().to_owned()).collect();
        for node in nodes.iter() {
            Client::open(node.as_str()).map_err(|error| {
                format!("redis.url: not a Redis address such as redis://127.0.0.1:6379 ({error})")
            })?;
        }
        Ok(Self {
            nodes,
            link: Arc::default(),
            connecting: Arc::default(),
            breaker: Breaker::new("redis"),
        })
    }

    /// Whether every command but the probe fails at once. Never true of a Cluster: the nodes that
    /// are up still serve their slots.
    pub fn is_away(&self) -> bool {
        self.breaker.is_away() && !matches!(self.known_link(), Some(Link::Cluster(_)))
    }

    /// Reads something that a page can do without. Returns `None` if no answer comes in time, and
    /// at once while Redis is slow or down. The caller must not hold an SQL connection meanwhile.
    pub async fn for_page<T, E: std::fmt::Display>(
        &self,
        read: impl Future<Output = Result<T, E>>,
    ) -> Option<T> {
        if self.breaker.state() != State::Well {
            return None;
        }
        match timeout(FOR_PAGE, read).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "a page is rendered without Redis, which could not be read");
            }
            Err(_) => {}
        }
        self.note(State::Slow);
        None
    }

    /// Runs `read` with the timeout `limit`.
    ///
    /// # Errors
    /// Those of `read`, or an I/O error after the timeout.
    pub async fn within<T>(
        &self,
        limit: Duration,
        read: impl Future<Output = RedisResult<T>>,
    ) -> RedisResult<T> {
        timeout(limit, read).await.unwrap_or_else(|_| {
            self.note(State::Slow);
            Err(no_answer())
        })
    }

    fn known_link(&self) -> Option<Link> {
        self.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_link(&self, link: Link) {
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    async fn link(&self) -> RedisResult<Link> {
        let usable = || match self.known_link() {
            Some(Link::Single(_)) | None if self.breaker.is_away() => Some(Err(no_answer())),
            known => known.map(Ok),
        };
        if let Some(link) = usable() {
            return link;
        }
        // Only one caller connects. The others wait here for its result.
        let _turn = self.connecting.lock().await;
        if let Some(link) = usable() {
            return link;
        }
        let link = timeout(ANSWER, connect(&self.nodes)).await.unwrap_or_else(|_| Err(no_answer()));
        let link = self.noted(link)?;
        self.set_link(link.clone());
        Ok(link)
    }

    /// Reports Redis as down if the answer is a connection error.
    fn noted<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        if let Err(error) = &answer
            && (error.is_io_error() || error.kind() == ErrorKind::ClusterConnectionNotFound)
        {
            self.note(State::Away);
        }
        answer
    }

    fn note(&self, state: State) {
        let this = self.clone();
        self.breaker.note(state, move || {
            let this = this.clone();
            async move { this.probe().await }
        });
    }

    /// Measures the health of Redis. While it is down, also tries a new connection: if packets were
    /// lost, the server may never answer on the old one.
    async fn probe(&self) -> State {
        let known = async {
            match self.known_link() {
                Some(mut link) => ping(&mut link).await,
                None => Err(no_answer()),
            }
        };
        let fresh = async {
            if !self.breaker.is_away() {
                return Err(no_answer());
            }
            let mut link = connect(&self.nodes).await?;
            let took = ping(&mut link).await?;
            self.set_link(link);
            Ok(took)
        };
        match timeout(PROBE, select_ok([known.boxed(), fresh.boxed()])).await {
            Ok(Ok((took, _))) if took <= FOR_PAGE => State::Well,
            Ok(Ok(_)) => State::Slow,
            Ok(Err(_)) | Err(_) => State::Away,
        }
    }

    /// Sends one command.
    ///
    /// # Errors
    /// Redis's own, or that it can't be reached.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut link = self.link().await?;
        let answer = command.query_async(&mut link).instrument(waiting("command")).await;
        self.noted(answer)
    }

    /// Sends a command to every node and returns all answers.
    ///
    /// # Errors
    /// The first error of any node, or that Redis can't be reached.
    pub async fn on_every_node(&self, command: &Cmd) -> RedisResult<Vec<Value>> {
        let answer = match self.link().await? {
            Link::Single(mut connection) => command.query_async::<Value>(&mut connection).await,
            Link::Cluster(mut connection) => {
                let routing = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllNodes, None));
                connection.route_command(command.clone(), routing).await
            }
        };
        let answers = answers_of_nodes(self.noted(answer)?);
        let answer_of = |answer| match answer {
            Value::ServerError(error) => Err(RedisError::from(error)),
            answer => Ok(answer),
        };
        answers.into_iter().map(answer_of).collect()
    }

    /// Sends several commands at once. Their keys must all be in one shard.
    ///
    /// # Errors
    /// Redis's own, or that it can't be reached. Some of the commands may have run anyway.
    pub async fn pipeline<T: FromRedisValue>(&self, pipeline: &Pipeline) -> RedisResult<T> {
        let mut link = self.link().await?;
        let answer = pipeline.query_async(&mut link).instrument(waiting("pipeline")).await;
        self.noted(answer)
    }

    /// Runs a script on the node that holds `key`. If the answer is lost the script may run twice,
    /// so it must be idempotent.
    ///
    /// # Errors
    /// The script's, or that Redis can't be reached.
    pub async fn evaluate<T: FromRedisValue>(
        &self,
        script: &Script,
        key: &str,
        arguments: &[Vec<u8>],
    ) -> RedisResult<T> {
        let mut link = self.link().await?;
        let command = |name: &str, script: &str| {
            let mut command = ::redis::cmd(name);
            command.arg(script).arg(1).arg(key).arg(arguments);
            command
        };
        let call = command("EVALSHA", script.hash.get_hash());
        let answer = match call.query_async(&mut link).instrument(waiting("script")).await {
            // Redis loses its script cache when it restarts.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                command("EVAL", script.text).query_async(&mut link).await
            }
            answer => answer,
        };
        self.noted(answer)
    }

    /// Whether it is a Cluster.
    ///
    /// # Errors
    /// That Redis can't be reached.
    pub async fn is_cluster(&self) -> RedisResult<bool> {
        Ok(matches!(self.link().await?, Link::Cluster(_)))
    }

    /// Reads a Redis setting. `None` if the server refuses CONFIG, as some hosted ones do, and for
    /// a Cluster whose masters differ or do not all answer.
    ///
    /// # Errors
    /// That Redis can't be reached.
    pub async fn setting(&self, name: &str) -> RedisResult<Option<String>> {
        let mut command = ::redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        let answers = match self.link().await? {
            Link::Single(mut connection) => {
                match command.query_async::<Value>(&mut connection).await {
                    Err(error)
                        if error.is_connection_dropped()
                            || error.is_timeout()
                            || error.is_io_error() =>
                    {
                        return Err(error);
                    }
                    answer => answer.into_iter().collect(),
                }
            }
            Link::Cluster(mut connection) => {
                let routing = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let answer = connection.route_command(command, routing).await;
                answer.map_or_else(|_| vec![], answers_of_nodes)
            }
        };
        let mut values = answers.into_iter().map(|answer| {
            let pair: Option<Vec<String>> = FromRedisValue::from_redis_value(answer).ok();
            pair.and_then(|pair| pair.into_iter().nth(1))
        });
        let first = values.next().flatten();
        Ok(first.filter(|first| values.all(|value| value.as_ref() == Some(first))))
    }
}

/// A Cluster's answers come as a map keyed by node address.
fn answers_of_nodes(answer: Value) -> Vec<Value> {
    match answer {
        Value::Map(nodes) => nodes.into_iter().map(|(_, answer)| answer).collect(),
        answer => vec![answer],
    }
}

fn no_answer() -> RedisError {
    RedisError::from((ErrorKind::Io, "Redis does not answer"))
}

/// The span of a trace while Redis works on what it was sent.
fn waiting(kind: &'static str) -> Span {
    tracing::debug_span!(target: TRACES, "redis", otel.kind = "client", db.system.name = "redis", kind)
}

/// Measures the time of a round trip.
async fn ping(link: &mut Link) -> RedisResult<Duration> {
    let asked = Instant::now();
    let _: Value = ::redis::cmd("PING").query_async(link).await?;
    Ok(asked.elapsed())
}

async fn connect(nodes: &[String]) -> RedisResult<Link> {
    let mut failure = RedisError::from((ErrorKind::InvalidClientConfig, "no address"));
    for node in nodes {
        match connect_to(node, nodes).await {
            Ok(link) => return Ok(link),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn connect_to(node: &str, nodes: &[String]) -> RedisResult<Link> {
    let client = Client::open(node)?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(ANSWER))
        .set_number_of_retries(ATTEMPTS)
        .set_max_delay(Duration::from_millis(200));
    let mut connection = ConnectionManager::new_with_config(client, config).await?;
    let info = Info::new(::redis::cmd("INFO").arg("cluster").query_async(&mut connection).await?);
    if info.get("cluster_enabled") != "1" {
        return Ok(Link::Single(connection));
    }
    let cluster = ClusterClient::builder(nodes.iter().map(String::as_str))
        .connection_timeout(CONNECT)
        .response_timeout(ANSWER)
        .overall_response_timeout(Some(ANSWER * 2))
        .build()?;
    Ok(Link::Cluster(cluster.get_async_connection().await?))
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Link::Single(connection) => connection.req_packed_command(command),
            Link::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Link::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Link::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Link::Single(connection) => connection.get_db(),
            Link::Cluster(connection) => connection.get_db(),
        }
    }
}
