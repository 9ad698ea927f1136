//! Kafka.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::java;
use crate::process::{
    Failure, Process, current, free_port, on_a_free_port, on_the_same_port, temporary_folder,
};
use crate::proxy::Proxy;

/// A dedicated Kafka broker, which is its own controller. Like any other, it makes a topic that a
/// client asks for, unless the client says not to.
pub struct Kafka {
    process: Process,
    folder: TempDir,
    ports: Ports,
    proxy: Proxy,
    topics: AtomicU32,
}

#[derive(Clone, Copy)]
struct Ports {
    clients: u16,
    /// Where [`Kafka::proxy`] forwards to.
    behind_proxy: u16,
    controller: u16,
}

impl Kafka {
    /// Whether Kafka is installed. If not, says so on the standard error; the test has to return.
    pub fn is_available() -> bool {
        java::is_available("kafka")
    }

    /// Starts a broker and waits until it answers. Takes 3 to 4 seconds.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts a broker with extra settings, such as `[("log.retention.check.interval.ms", "100")]`.
    /// They override the defaults.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let folder = temporary_folder("kafka");
        for part in ["data", "tmp"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        found(&folder.path().join("data"));
        let (ports, proxy, process) = on_a_free_port(|clients| {
            let ports = Ports { clients, behind_proxy: free_port(), controller: free_port() };
            let proxy = Proxy::to(ports.behind_proxy);
            configure(folder.path(), ports, proxy.port(), settings);
            Self::launch(folder.path()).map(|process| (ports, proxy, process))
        });
        Self { process, folder, ports, proxy, topics: AtomicU32::new(0) }
    }

    /// The broker shared by all tests that neither stop it nor need other settings.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The broker's address for `bootstrap.servers`, such as `127.0.0.1:9092`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.clients)
    }

    /// The network in front of [`Self::address_through_proxy`].
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Another address of the same broker. A client that starts with it sends everything through
    /// [`Self::proxy`]. A proxy of the test's own would not do: a broker tells its clients which
    /// address to use.
    pub fn address_through_proxy(&self) -> String {
        format!("127.0.0.1:{}", self.proxy.port())
    }

    /// A name that no other test has for its topic. The topic does not exist yet.
    pub fn new_topic(&self) -> String {
        format!("topic-{}", self.topics.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Adds a user who shows a password by SCRAM, with SHA-256 or SHA-512, wherever the broker asks
    /// for one. Takes a few seconds.
    pub fn add_scram_user(&self, name: &str, password: &str) {
        // Not both at once: Kafka changes a user once a request.
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let secret = format!("{mechanism}=[iterations=4096,password={password}]");
            let mut arguments = java::options(64, self.folder.path());
            arguments.extend(
                [
                    "kafka.admin.ConfigCommand",
                    "--bootstrap-server",
                    &self.address(),
                    "--alter",
                    "--entity-type",
                    "users",
                    "--entity-name",
                    name,
                    "--add-config",
                    &secret,
                ]
                .map(str::to_owned),
            );
            let output = Command::new(current("kafka")).args(&arguments).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    }

    /// The folder with the data. A partition is the folder `TOPIC-NUMBER` inside it. While the
    /// broker is killed, a test may copy the folder, put an older copy in its place, or cut a log.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The broker's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills the broker with SIGKILL, as a crash would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Stops the broker with SIGSTOP: connections stay open, but get no answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// Resumes a paused broker.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// Starts the broker again with the same address and data, and waits until it answers. Kills it
    /// first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        self.process = on_the_same_port(|| Self::launch(self.folder.path()));
    }

    /// Starts another cluster, without any topic, at the same address. Kills the broker first if it
    /// is running.
    pub fn restart_as_another_cluster(&mut self) {
        self.kill();
        let data = self.data();
        fs::remove_dir_all(&data).unwrap();
        fs::create_dir(&data).unwrap();
        found(&data);
        self.restart();
    }

    fn launch(folder: &Path) -> Result<Process, Failure> {
        let mut arguments = java::options(128, folder);
        arguments.extend(
            ["defaultLogLevel=warn", "showDateTime=true", "log.kafka.server.KafkaRaftServer=info"]
                .map(|setting| format!("-Dorg.slf4j.simpleLogger.{setting}")),
        );
        arguments.push("kafka.Kafka".into());
        arguments.push(folder.join("server.properties").display().to_string());
        let log = folder.join("server.log");
        let mut process = Process::run("kafka", &current("kafka"), &arguments, &log);
        process
            .wait_until(java::START, |process| process.log().contains("Kafka Server started"))?;
        Ok(process)
    }
}

/// Makes an empty folder that of a new cluster. Kafka's own tool for that takes another second.
fn found(data: &Path) {
    let cluster = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
    let text = format!("version=1\nnode.id=1\ncluster.id={}\n", cluster.trim());
    fs::write(data.join("meta.properties"), text).unwrap();
}

fn configure(folder: &Path, ports: Ports, proxy: u16, more: &[(&str, &str)]) {
    let Ports { clients, behind_proxy, controller } = ports;
    let host = "127.0.0.1";
    let mut text = format!(
        "controller.quorum.voters=1@{host}:{controller}\n\
         listeners=CLIENTS://{host}:{clients},PROXY://{host}:{behind_proxy},\
         CONTROLLER://{host}:{controller}\n\
         advertised.listeners=CLIENTS://{host}:{clients},PROXY://{host}:{proxy}\n\
         log.dirs={}\n",
        folder.join("data").display()
    );
    let settings = [
        ("process.roles", "broker,controller"),
        ("node.id", "1"),
        (
            "listener.security.protocol.map",
            "CLIENTS:PLAINTEXT,PROXY:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ),
        ("controller.listener.names", "CONTROLLER"),
        ("inter.broker.listener.name", "CLIENTS"),
        // Kafka's own topics would have three replicas and fifty partitions.
        ("offsets.topic.replication.factor", "1"),
        ("offsets.topic.num.partitions", "1"),
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.num.partitions", "1"),
        ("transaction.state.log.min.isr", "1"),
        ("share.coordinator.state.topic.replication.factor", "1"),
        ("share.coordinator.state.topic.num.partitions", "1"),
        ("share.coordinator.state.topic.min.isr", "1"),
        ("group.initial.rebalance.delay.ms", "0"),
        ("num.network.threads", "1"),
        ("num.io.threads", "2"),
        ("background.threads", "2"),
        ("log.cleaner.dedupe.buffer.size", "8388608"),
        // After a SIGKILL the broker waits until its own old session has ended. The default is 9
        // seconds. Shorter, and a broker that a busy machine has not run for a moment would lose
        // its session, and with it its topics for a moment.
        ("broker.session.timeout.ms", "4000"),
        ("broker.heartbeat.interval.ms", "200"),
    ];
    // The last of two lines with the same name counts.
    for (name, value) in settings.iter().chain(more) {
        writeln!(text, "{name}={value}").unwrap();
    }
    fs::write(folder.join("server.properties"), text).unwrap();
}
