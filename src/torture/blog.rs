//! The blog under test: several replicas on a Redis and a SQL server of their own, and on a topic
//! of Kafka if there is one.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use tempfile::TempDir;
use tidemark_servers::proxy::Proxy;
use tidemark_servers::{Kafka, Process, Redis, SqlServer, free_port};

use crate::schedule::Variant;

pub const ARTICLES: i64 = 12;

/// The protocol steps at which a process can be told to die.
pub const STEPS: [&str; 9] = [
    "record-taken",
    "record-written",
    "flush-sealed",
    "flush-synced",
    "flush-ledger",
    "flush-added",
    "flush-committed",
    "flush-applied",
    "flush-finished",
];

/// More steps, where views travel through Kafka.
pub const KAFKA_STEPS: [&str; 5] =
    ["relay-read", "relay-acked", "consumer-read", "consumer-placed", "consumer-committed"];

/// The stores, proxies and replicas of one schedule.
pub struct Blog<'a> {
    pub sql_server: &'a mut SqlServer,
    pub redis: Redis,
    /// Kafka, if views travel through it.
    pub kafka: Option<&'a mut Kafka>,
    topic: String,
    /// Proxies between the replicas and the stores.
    pub to_sql: Proxy,
    pub to_redis: Proxy,
    pub replicas: Vec<Replica>,
    folder: TempDir,
    settings: Vec<String>,
    database: String,
    /// The program of the version before, if replicas and commands still run it.
    old_program: Option<String>,
    pub backups: Vec<Backup>,
}

/// A backup that was made under load.
pub struct Backup {
    file: PathBuf,
    pub began: Instant,
    pub ended: Instant,
}

/// One `tidemark serve`, possibly restarted many times.
pub struct Replica {
    port: u16,
    process: Option<Process>,
    /// When each process of this replica started, in order.
    starts: Vec<Instant>,
}

/// Lua: returns a shard's recent views as text, one `article:hour:views` per entry.
const RECENT: &str = "
    local list, entries = redis.call('GET', KEYS[1]) or '', {}
    for at = 1, #list, 16 do
      entries[#entries + 1] = string.format('%d:%d:%d', struct.unpack('>I8I4I4', list, at))
    end
    return table.concat(entries, ' ')";

/// The variable with the path of the version before, which replicas run until they are upgraded.
const OLD_PROGRAM: &str = "TORTURE_OLD_PROGRAM";

/// How long a replica may take to end, and to serve again.
const RESTART: Duration = Duration::from_secs(15);

/// What a replica logs when SQL is unreachable.
const OUTAGE: &str = "the database does not answer; pages";

/// The address at which replicas listen: one of the loopback's that is this process's own, where
/// the system has more than one. While a replica is dead, another program may get its port. If that
/// is a Tidemark as well, as in the tests, it would acknowledge views of another blog.
fn own_address() -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 77, high, low);
    match TcpListener::bind((own, 0)) {
        Ok(_) => own,
        Err(_) => Ipv4Addr::LOCALHOST,
    }
}

/// The port in a store's URL.
fn port(url: &str) -> u16 {
    let after = url.rsplit(':').next().and_then(|rest| rest.split('/').next());
    after.and_then(|port| port.parse().ok()).expect("a port")
}

impl Replica {
    pub fn url(&self) -> String {
        format!("http://{}:{}", own_address(), self.port)
    }

    /// Whether `/healthz` answers within 200 ms.
    fn serves(&self) -> bool {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(200)))
            .build()
            .new_agent();
        agent.get(format!("{}/healthz", self.url())).call().is_ok()
    }

    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Whether no process is running, for example because it died at a step.
    pub fn is_dead(&mut self) -> bool {
        self.process.as_mut().is_none_or(Process::has_ended)
    }

    pub fn pause(&self) {
        if let Some(process) = &self.process {
            process.pause_if_alive();
        }
    }

    pub fn resume(&self) {
        if let Some(process) = &self.process {
            process.resume_if_alive();
        }
    }
}

impl<'a> Blog<'a> {
    /// Creates a new database in `sql_server` and imports the articles. Starts no replica yet.
    /// `appendfsync` is the Redis setting, `flush` the value of `jobs.flush`, `patience` that of
    /// `kafka.patience`.
    pub fn new(
        sql_server: &'a mut SqlServer,
        kafka: Option<&'a mut Kafka>,
        patience: &str,
        appendfsync: &str,
        flush: &str,
        replicas: usize,
        variant: Option<Variant>,
    ) -> Self {
        let redis = Redis::with(&["--appendfsync", appendfsync]);
        // Don't connect as root: root can write even while the server is read-only.
        let url = sql_server.new_database();
        let database = url.rsplit('/').next().unwrap_or_default().to_owned();
        sql_server.execute(&format!(
            "CREATE USER IF NOT EXISTS blog@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON {database}.* TO blog@'127.0.0.1'"
        ));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (to_sql, to_redis) = (Proxy::to(port(&url)), Proxy::to(port(&redis.url())));
        let mut settings = vec![
            format!("DATABASE_URL=mysql://blog:secret@127.0.0.1:{}/{database}", to_sql.port()),
            format!("REDIS_URL=redis://127.0.0.1:{}/", to_redis.port()),
            "TIDEMARK_VIEWS__WINDOW=24h".into(),
            "TIDEMARK_VIEWS__PER_IP_CAP=10000".into(),
            "TIDEMARK_REDIS__SHARDS=4".into(),
            "TIDEMARK_SERVER__TRUSTED_PROXIES=127.0.0.1".into(),
            format!("TIDEMARK_JOBS__FLUSH={flush}"),
            "RUST_LOG=warn".into(),
        ];
        let topic = kafka.as_ref().map_or_else(String::new, |kafka| kafka.new_topic());
        if kafka.is_some() {
            settings.push(format!("TIDEMARK_KAFKA__TOPIC={topic}"));
            settings.push(format!("TIDEMARK_KAFKA__PATIENCE={patience}"));
        }
        settings.extend(variant.map(|variant| format!("TORTURE_VARIANT={}", variant.name())));
        let articles = folder.path().join("articles");
        fs::create_dir(&articles).expect("a folder");
        for number in 1..=ARTICLES {
            let text = format!(
                "+++\ntitle = \"Article {number}\"\nslug = \"article-{number}\"\ndate = 2026-01-01\n+++\n\nText.\n"
            );
            fs::write(articles.join(format!("article-{number:02}.md")), text).expect("a file");
        }
        let replicas = (0..replicas)
            .map(|_| Replica { port: free_port(), process: None, starts: Vec::new() })
            .collect();
        let blog = Self {
            sql_server,
            redis,
            kafka,
            topic,
            to_sql,
            to_redis,
            replicas,
            folder,
            settings,
            database,
            old_program: std::env::var(OLD_PROGRAM).ok(),
            backups: Vec::new(),
        };
        if blog.kafka.is_some() {
            blog.make_topic();
        }
        let (done, output) = blog.command(&["import", &articles.display().to_string()], "");
        assert!(done, "the articles were not imported: {output}");
        blog
    }

    /// The setting that names the broker. Only the first replica comes to it through a network that
    /// can be cut.
    fn brokers(&self, replica: Option<usize>) -> Option<String> {
        let kafka = self.kafka.as_ref()?;
        let address = match replica {
            Some(0) => kafka.address_through_proxy(),
            _ => kafka.address(),
        };
        Some(format!("TIDEMARK_KAFKA__BROKERS={address}"))
    }

    /// Makes the topic. One that was just deleted may be there for a moment.
    fn make_topic(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let (done, output) = self.command(&["kafka", "init"], "");
            if done && output.contains("Made the topic") {
                return;
            }
            assert!(Instant::now() < deadline, "the topic was not made: {output}");
        }
    }

    /// Deletes the topic with everything in it, and makes it again.
    pub fn make_topic_again(&self) {
        let Some(kafka) = &self.kafka else { return };
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
            .set("bootstrap.servers", kafka.address())
            .create()
            .expect("a client of Kafka");
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let deleted = admin.delete_topics(&[&self.topic], &AdminOptions::new());
        let deleted = runtime.block_on(deleted).expect("an answer of Kafka");
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
        self.make_topic();
    }

    /// Kills the broker, cuts the topic's log to this part of its length, and starts the broker
    /// again: what was acknowledged last is gone.
    pub fn truncate_topic(&mut self, part: f64) {
        let topic = format!("{}-0", self.topic);
        let Some(kafka) = &mut self.kafka else { return };
        kafka.kill();
        let folder = kafka.data().join(topic);
        for entry in fs::read_dir(&folder).expect("the topic's folder").flatten() {
            let path = entry.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("log") => {
                    let log = File::options().write(true).open(&path).expect("the log");
                    let length = log.metadata().expect("its length").len();
                    log.set_len((length as f64 * part) as u64).expect("a shorter log");
                }
                // They say what was in the log.
                Some("index" | "timeindex" | "snapshot") => {
                    fs::remove_file(&path).expect("an index that goes");
                }
                _ => {}
            }
        }
        kafka.restart();
    }

    /// Starts or restarts a replica. With `die_at`, the process dies at that step.
    pub fn start(&mut self, index: usize, die_at: &str) {
        let brokers = self.brokers(Some(index));
        let replica = &mut self.replicas[index];
        replica.process = None;
        // The previous process answers nobody from here on.
        replica.starts.push(Instant::now());
        // Start from an empty environment. A replica that died because of a setting it doesn't know
        // would just look slow to start.
        let mut arguments = vec!["-i".to_owned()];
        arguments.extend(self.settings.iter().cloned());
        arguments.extend(brokers);
        arguments.push(format!("LEPTOS_SITE_ADDR={}:{}", own_address(), replica.port));
        arguments.push(format!("TORTURE_DIE_AT={die_at}"));
        arguments.push(
            self.old_program.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_tidemark").into()),
        );
        arguments.push("serve".into());
        replica.process = Some(Process::start(
            "env",
            &arguments,
            &self.folder.path().join(format!("replica-{index}.log")),
        ));
    }

    /// Whether replicas run the version before.
    pub fn is_old(&self) -> bool {
        self.old_program.is_some()
    }

    /// Restarts all replicas, one after the other, with this version.
    pub fn upgrade(&mut self) {
        self.old_program = None;
        for index in 0..self.replicas.len() {
            if let Some(process) = &mut self.replicas[index].process {
                process.terminate(RESTART);
            }
            self.start(index, "");
            let deadline = Instant::now() + RESTART;
            while !self.replicas[index].serves() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// Makes a backup.
    ///
    /// # Errors
    /// What the command said.
    pub fn back_up(&mut self) -> Result<(), String> {
        let file = self.folder.path().join(format!("{}.tar.gz", self.backups.len()));
        let began = Instant::now();
        let (done, output) = self.command(&["backup", &file.display().to_string()], "");
        if !done {
            return Err(format!("the backup failed: {output}"));
        }
        self.backups.push(Backup { file, began, ended: Instant::now() });
        Ok(())
    }

    /// Restores a backup into an empty blog, and returns the views there, indexed by article id.
    ///
    /// # Errors
    /// What the command said.
    pub fn restored(&self, backup: &Backup) -> Result<Vec<i64>, String> {
        let redis = Redis::start();
        let url = self.sql_server.new_database();
        let database = url.rsplit('/').next().unwrap_or_default();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidemark"));
        command.env_clear().current_dir(self.folder.path());
        command.env("DATABASE_URL", &url).env("REDIS_URL", redis.url());
        let output = command.arg("restore").arg(&backup.file).output().expect("the program starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if !output.status.success() {
            return Err(format!("the backup could not be restored: {}", text.trim()));
        }
        Ok(self.views_in(database))
    }

    /// Waits until any replica answers, so that there is load before the next accident. Gives up
    /// after three seconds: the schedule goes on without an answer.
    pub fn wait_for_service(&self) {
        let deadline = Instant::now() + Duration::from_secs(3);
        while !self.replicas.iter().any(Replica::serves) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether any replica is running but not serving yet.
    pub fn is_starting(&mut self) -> bool {
        self.replicas.iter_mut().any(|replica| !replica.is_dead() && !replica.serves())
    }

    /// Runs a `tidemark` command and returns whether it succeeded and what it printed.
    pub fn command(&self, arguments: &[&str], die_at: &str) -> (bool, String) {
        let program = self.old_program.as_deref().unwrap_or(env!("CARGO_BIN_EXE_tidemark"));
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.folder.path()).args(arguments);
        command.env("TORTURE_DIE_AT", die_at);
        let settings = self.settings.iter().cloned().chain(self.brokers(None));
        for setting in settings {
            if let Some((name, value)) = setting.split_once('=') {
                command.env(name, value);
            }
        }
        let output = command.output().expect("the program starts");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// Views in SQL, indexed by article id.
    pub fn in_sql(&self) -> Vec<i64> {
        self.views_in(&self.database)
    }

    fn views_in(&self, database: &str) -> Vec<i64> {
        let rows = self
            .sql_server
            .execute(&format!("SELECT article_id, views FROM {database}.article_stats"));
        let mut views = vec![0; ARTICLES as usize + 1];
        for row in rows.lines() {
            let (article, count) = row.split_once('\t').expect("two columns");
            views[article.parse::<usize>().expect("a number")] = count.parse().expect("a number");
        }
        views
    }

    /// Views that are in Redis but not in SQL yet, indexed by article id: recent views, pending
    /// views, and batches that the ledger doesn't list.
    pub fn in_redis(&self) -> Vec<i64> {
        let ledger =
            self.sql_server.execute(&format!("SELECT id FROM {}.view_batches", self.database));
        let mut views = vec![0; ARTICLES as usize + 1];
        for shard in 0..4 {
            let batches =
                self.redis.command(&["ZRANGE", &format!("tm:{{{shard}}}:batches"), "0", "-1"]);
            let batches = batches
                .lines()
                .filter(|id| !id.is_empty() && !ledger.lines().any(|applied| applied == *id));
            let mut keys: Vec<String> =
                batches.map(|id| format!("tm:{{{shard}}}:batch:{id}")).collect();
            keys.push(format!("tm:{{{shard}}}:pending"));
            for key in keys {
                let answer = self.redis.command(&["HGETALL", &key]);
                let mut lines = answer.lines().filter(|line| !line.is_empty());
                while let (Some(field), Some(count)) = (lines.next(), lines.next()) {
                    let article =
                        field.split(':').next().and_then(|article| article.parse::<usize>().ok());
                    views[article.expect("an article")] += count.parse::<i64>().expect("a number");
                }
            }
            for entry in self
                .redis
                .command(&["EVAL", RECENT, "1", &format!("tm:{{{shard}}}:recent")])
                .split_whitespace()
            {
                let numbers: Vec<i64> =
                    entry.split(':').map(|number| number.parse().expect("a number")).collect();
                let [article, _, count] = numbers[..] else { panic!("not a recent view: {entry}") };
                views[usize::try_from(article).expect("an article")] += count;
            }
        }
        views
    }

    /// When each replica's processes started, by replica and in order.
    pub fn starts(&self) -> Vec<Vec<Instant>> {
        self.replicas.iter().map(|replica| replica.starts.clone()).collect()
    }

    /// How often each replica has logged that SQL is unreachable.
    pub fn outages(&self) -> Vec<usize> {
        (0..self.replicas.len()).map(|index| self.log(index).matches(OUTAGE).count()).collect()
    }

    fn log(&self, index: usize) -> String {
        let log =
            fs::read(self.folder.path().join(format!("replica-{index}.log"))).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The last log lines of each replica, to explain a failure.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for index in 0..self.replicas.len() {
            let log = self.log(index);
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(6);
            text += &format!("\n  replica {index}: {}", lines[last..].join("\n    "));
        }
        text
    }
}
