//! Redis and Valkey, a single server and a Cluster.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::{
    Failure, GLANCE, PAUSE, Process, TIMEOUT, ask, chosen, current, free_port, on_a_free_port,
    on_the_same_port, program, temporary_folder,
};

/// The name and path of the Redis server that `TIDEMARK_TEST_REDIS` selects.
fn redis_program() -> (&'static str, PathBuf) {
    match chosen("TIDEMARK_TEST_REDIS").as_deref() {
        None | Some("redis") => ("redis-server", program("redis-server")),
        Some("redis-current") => ("redis-server", current("redis-server")),
        Some("valkey") => ("valkey-server", current("valkey-server")),
        Some(other) => {
            panic!("TIDEMARK_TEST_REDIS is {other:?}; it can be redis, redis-current or valkey")
        }
    }
}

/// A dedicated Redis or Valkey server. It syncs each change to its append-only file at once.
pub struct Redis {
    process: Process,
    folder: TempDir,
    ports: RedisPorts,
    settings: Vec<String>,
}

#[derive(Clone, Copy)]
struct RedisPorts {
    clients: u16,
    /// The port of the cluster bus.
    nodes: Option<u16>,
}

impl Redis {
    /// Starts a server and waits until it answers.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a server with extra arguments, such as `["--appendfsync", "everysec"]`. They override
    /// the defaults.
    pub fn with(arguments: &[&str]) -> Self {
        Self::start_on(|clients| RedisPorts { clients, nodes: None }, arguments)
    }

    /// The server's address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.ports.clients)
    }

    /// The server's folder. Redis 7 keeps its append-only files in `appendonlydir` inside it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command and returns its raw answer without the trailing newline. Panics if the answer
    /// is an error.
    #[track_caller]
    pub fn command(&self, arguments: &[&str]) -> String {
        match redis_client(self.ports.clients, arguments, TIMEOUT) {
            Ok(answer) => answer,
            Err(error) => panic!("{}: {error}", arguments.join(" ")),
        }
    }

    /// The server's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the server with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops the server with SIGSTOP: connections stay open, but get no answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Resumes a paused server.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts the server again with the same port and data, and waits until it has loaded its file.
    /// Kills it first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        self.process =
            on_the_same_port(|| Self::launch(self.folder.path(), self.ports, &self.settings));
    }

    fn start_on(ports: impl Fn(u16) -> RedisPorts, arguments: &[&str]) -> Self {
        let folder = temporary_folder("redis");
        let settings: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let (ports, process) = on_a_free_port(|port| {
            let ports = ports(port);
            Self::launch(folder.path(), ports, &settings).map(|process| (ports, process))
        });
        Self { process, folder, ports, settings }
    }

    fn launch(folder: &Path, ports: RedisPorts, settings: &[String]) -> Result<Process, Failure> {
        let (port, path) = (ports.clients.to_string(), folder.display().to_string());
        let mut arguments: Vec<String> = [
            ["--port", &port],
            ["--bind", "127.0.0.1"],
            ["--dir", &path],
            ["--daemonize", "no"],
            ["--appendonly", "yes"],
            ["--appendfsync", "always"],
            ["--save", ""],
        ]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
        if let Some(port) = ports.nodes {
            arguments.extend(["--cluster-port".into(), port.to_string()]);
        }
        arguments.extend_from_slice(settings);
        let (name, program) = redis_program();
        let mut process = Process::run(name, &program, &arguments, &folder.join("server.log"));
        // Another server may have taken the port, and would answer too.
        let ours = format!("process_id:{}", process.id());
        process.wait_until(TIMEOUT, |_| {
            redis_client(ports.clients, &["INFO"], GLANCE).is_ok_and(|answer| {
                [ours.as_str(), "loading:0"].iter().all(|line| answer.lines().any(|l| l == *line))
            })
        })?;
        Ok(process)
    }
}

fn redis_client(port: u16, arguments: &[&str], limit: Duration) -> Result<String, String> {
    // -e: exit with an error if the answer is one.
    ask(
        &program("redis-cli"),
        &[&["-h", "127.0.0.1", "-p", &port.to_string(), "--raw", "-e"], arguments].concat(),
        limit,
    )
}

/// A Redis Cluster: three masters, no replicas.
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts the nodes and waits until each one serves its slots. Takes two seconds, because a
    /// freshly started master refuses writes for that long.
    pub fn start() -> Self {
        let settings = [
            ["--cluster-enabled", "yes"],
            // Otherwise a node learns its own address from the others, too late for the first
            // client.
            ["--cluster-announce-ip", "127.0.0.1"],
            // After this long without an answer, the others consider a node dead, and none serves
            // its slots. No test waits for that, and a busy machine must not bring it about.
            ["--cluster-node-timeout", "10000"],
        ]
        .concat();
        let ports = |clients| RedisPorts { clients, nodes: Some(free_port()) };
        let nodes: Vec<Redis> = (0..3).map(|_| Redis::start_on(ports, &settings)).collect();
        let parts = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (index, (node, slots)) in nodes.iter().zip(parts).enumerate() {
            // Distinct epochs, so that the nodes need not agree on new ones first.
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            node.command(&["CLUSTER", "ADDSLOTSRANGE", slots.0, slots.1]);
        }
        for (index, node) in nodes.iter().enumerate() {
            // Introduce every pair directly; gossip would be slower.
            for other in &nodes[index + 1..] {
                let (port, bus) =
                    (other.ports.clients.to_string(), other.ports.nodes.unwrap().to_string());
                node.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
        let cluster = Self { nodes };
        cluster.wait_until_ok();
        cluster
    }

    /// The address of the first node. A client learns the others from it.
    pub fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// All nodes, in slot order.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// One node, to kill or restart. After a restart it answers at once, but serves its slots only
    /// some time later; see [`Self::wait_until_ok`].
    pub fn node(&mut self, index: usize) -> &mut Redis {
        &mut self.nodes[index]
    }

    /// Waits until every node knows all others and reports the cluster as healthy.
    pub fn wait_until_ok(&self) {
        let wanted = [
            "cluster_state:ok",
            "cluster_slots_assigned:16384",
            "cluster_known_nodes:3",
            "cluster_size:3",
        ];
        let deadline = Instant::now() + TIMEOUT;
        for node in &self.nodes {
            loop {
                let answer = redis_client(node.ports.clients, &["CLUSTER", "INFO"], GLANCE);
                if answer.as_ref().is_ok_and(|answer| {
                    wanted.iter().all(|line| answer.lines().any(|l| l == *line))
                }) {
                    break;
                }
                if Instant::now() > deadline {
                    panic!(
                        "{}{answer:?}",
                        node.process.failure("is not part of a working cluster")
                    );
                }
                thread::sleep(PAUSE);
            }
        }
    }
}
