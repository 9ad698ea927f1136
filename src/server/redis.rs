//! The connection to Redis: a single server or a Cluster, whichever the address leads to.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::{Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisFuture, RedisResult};
use ::redis::{ServerErrorKind, Value};
use tokio::sync::OnceCell;

/// How long Redis may take to answer. A view that waits longer gets 503, and its retry is safe.
const ANSWER: Duration = Duration::from_secs(2);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(1);

/// How often a lost connection is tried again before the request that waits for it fails.
const ATTEMPTS: usize = 1;

/// Redis, connected to when it is first asked for something, and again whenever the connection was lost. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    nodes: Vec<String>,
    link: Arc<OnceCell<Link>>,
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

/// A script in Lua.
pub struct Script {
    text: &'static str,
    hash: ::redis::Script,
}

impl Script {
    /// A script of that text.
    pub fn new(text: &'static str) -> Self {
        Self { text, hash: ::redis::Script::new(text) }
    }
}

/// What `INFO` says, by name.
#[derive(Clone, Debug, Default)]
pub struct Info(String);

impl Info {
    /// An answer of `INFO`.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The value of a name; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        let mut lines = self.0.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| *key == name).map_or("", |(_, value)| value.trim())
    }
}

impl Redis {
    /// Redis at `url`: `redis://` or `rediss://` (TLS); for a Cluster one or more of its nodes, separated by commas.
    ///
    /// # Errors
    /// One line for a person if the address can't be read. Whether anything answers there is seen later.
    pub fn new(url: &str) -> Result<Self, String> {
        let nodes: Vec<String> = url.split(',').map(|node| node.trim().to_owned()).collect();
        for node in &nodes {
            Client::open(node.as_str()).map_err(|error| {
                format!("redis.url: not an address of Redis such as redis://127.0.0.1:6379 ({error})")
            })?;
        }
        Ok(Self { nodes, link: Arc::default() })
    }

    async fn link(&self) -> RedisResult<Link> {
        let link = tokio::time::timeout(ANSWER, self.link.get_or_try_init(|| connect(&self.nodes))).await;
        link.map_err(|_| RedisError::from((ErrorKind::Io, "Redis does not answer")))?.cloned()
    }

    /// Sends one command.
    ///
    /// # Errors
    /// Redis', or that it can't be reached.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        command.query_async(&mut self.link().await?).await
    }

    /// Sends commands whose keys are all in one shard.
    ///
    /// # Errors
    /// Redis', or that it can't be reached. How many of them were done is not known then.
    pub async fn pipeline<T: FromRedisValue>(&self, pipeline: &Pipeline) -> RedisResult<T> {
        pipeline.query_async(&mut self.link().await?).await
    }

    /// Runs a script on the node that has `key`. It may run twice if the answer is lost, so it must bear that.
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
        match command("EVALSHA", script.hash.get_hash()).query_async(&mut link).await {
            // Redis forgets scripts when it starts.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                command("EVAL", script.text).query_async(&mut link).await
            }
            answer => answer,
        }
    }

    /// Whether it is a Cluster.
    ///
    /// # Errors
    /// That Redis can't be reached.
    pub async fn is_cluster(&self) -> RedisResult<bool> {
        Ok(matches!(self.link().await?, Link::Cluster(_)))
    }

    /// A setting of Redis. `None` if it keeps that to itself, as some hosted ones do, and of a Cluster, whose nodes may differ.
    ///
    /// # Errors
    /// That Redis can't be reached.
    pub async fn setting(&self, name: &str) -> RedisResult<Option<String>> {
        let mut link = self.link().await?;
        if matches!(link, Link::Cluster(_)) {
            return Ok(None);
        }
        let answer: RedisResult<Vec<String>> = ::redis::cmd("CONFIG").arg("GET").arg(name).query_async(&mut link).await;
        match answer {
            Err(error) if error.is_connection_dropped() || error.is_timeout() || error.is_io_error() => Err(error),
            answer => Ok(answer.ok().and_then(|pair| pair.into_iter().nth(1))),
        }
    }
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
