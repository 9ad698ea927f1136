//! Views that travel through Kafka: `serve`, `flush`, and what an operator sees.

use std::cell::Cell;

use tidemark_servers::Kafka;
use tidemark_servers::proxy::Network;

use super::*;

/// Settings for Kafka, in the environment of a command.
struct Settings(Vec<(&'static str, String)>);

impl Settings {
    fn new(brokers: String, topic: String) -> Self {
        Self(vec![
            ("TIDEMARK_KAFKA__BROKERS", brokers),
            ("TIDEMARK_KAFKA__TOPIC", topic),
            ("TIDEMARK_KAFKA__PATIENCE", "2s".into()),
            ("TIDEMARK_JOBS__FLUSH", "100ms".into()),
        ])
    }

    /// The same with patience for a busy machine: no batch goes to SQL directly because Kafka took
    /// too long.
    fn patient(&self) -> Self {
        // The last of two variables with the same name counts.
        Self([&self.0[..], &[("TIDEMARK_KAFKA__PATIENCE", "1h".to_owned())]].concat())
    }

    fn command(&self, server: &TestServer, arguments: &[&str]) -> (bool, String) {
        let mut binary = binary();
        binary.args(arguments).envs(environment(server)).envs(self.0.iter().cloned());
        let output = binary.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }

    fn spawn(
        &self,
        server: &TestServer,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> (Process, String) {
        let mut settings: Vec<(&str, &str)> =
            self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        settings.extend(more);
        spawn(server, arguments, &settings)
    }
}

fn get(url: &str) -> (u16, String) {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut answer = agent.get(url).call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

/// Has a new reader view the article at the replica at `url`.
fn view(url: &str, article: i64, reader: u32) {
    let [_, a, b, c] = reader.to_be_bytes();
    let address = format!("10.{a}.{b}.{c}");
    let request = ureq::put(format!("{url}/api/v1/articles/{article}/view"))
        .header("user-agent", FIREFOX)
        .header("x-forwarded-for", address);
    let mut answer = request.send_empty().unwrap();
    let answer: Value = answer.body_mut().read_json().unwrap();
    assert_eq!(answer["counted"], true);
}

fn in_sql(server: &TestServer) -> i64 {
    server.number(
        "SELECT CAST(COALESCE(SUM(views), 0) AS SIGNED) FROM article_stats WHERE ? = ''",
        "",
    )
}

#[test]
fn c5_servers_and_workers_bring_views_through_kafka_and_say_so() {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::shared();
    let settings = Settings::new(kafka.address(), kafka.new_topic());
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    let (done, text) = settings.command(&server, &["kafka", "init"]);
    assert!(done && text.contains("Made the topic") && text.contains("one copy"), "{text}");
    let (done, text) = settings.command(&server, &["kafka", "init"]);
    assert!(done && text.contains("there already"), "{text}");
    let (done, text) = settings.command(&server, &["doctor"]);
    assert!(done && text.contains("  Kafka: answers; 1 broker(s)"), "{text}");

    let long = [("TIDEMARK_KAFKA__PATIENCE", "1h")];
    let (_worker, line) = settings.spawn(&server, &["flush", "--every", "100ms"], &long);
    assert!(line.contains("background jobs"), "{line}");
    let (_replica, line) = settings.spawn(&server, &["serve"], &long);
    let url = url(&line);
    for reader in 1..=3 {
        view(&url, id, reader);
        wait_until("a view in SQL", || in_sql(&server) == i64::from(reader));
    }
    wait_until("a well Kafka", || get(&format!("{url}/readyz")).1.contains("\"kafka\":\"ok\""));
    let (_, metrics) = get(&format!("{url}/metrics"));
    for line in [
        "tidemark_store_up{store=\"kafka\"} 1",
        "tidemark_kafka_lag 0",
        "tidemark_kafka_batches_total{did=\"direct\"} 0",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line} is not in {metrics}");
    }
    let (_, jobs) = settings.command(&server, &["jobs"]);
    let consume = jobs.lines().find(|line| line.starts_with("consume")).unwrap_or_default();
    assert!(consume.contains("always") && consume.contains("records from Kafka"), "{jobs}");
}

#[test]
fn c5_a_flush_by_hand_and_a_server_that_stops_bring_everything_to_sql() {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::shared();
    let settings = Settings::new(kafka.address(), kafka.new_topic());
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    assert!(settings.command(&server, &["kafka", "init"]).0);
    let seldom = [("TIDEMARK_JOBS__FLUSH", "0 0 29 2 *")];
    let (mut replica, line) = settings.spawn(&server, &["serve"], &seldom);
    view(&url(&line), id, 1);
    let (done, text) = settings.patient().command(&server, &["flush"]);
    assert!(
        done && text.contains("handed to Kafka") && text.contains("come through Kafka"),
        "{text}"
    );
    assert_eq!(in_sql(&server), 1);
    assert_eq!(settings.command(&server, &["flush"]), (true, "Nothing to flush.\n".into()));
    view(&url(&line), id, 2);
    let kill = std::process::Command::new("sh")
        .args(["-c", r#"kill -s TERM "$1""#, "sh", &replica.0.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert!(replica.0.wait().unwrap().success(), "a clean stop");
    assert_eq!(in_sql(&server), 2);
}

#[test]
fn c5_after_a_restore_a_batch_that_kafka_still_has_is_added_once() {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::shared();
    let settings = Settings::new(kafka.address(), kafka.new_topic());
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    assert!(settings.command(&server, &["kafka", "init"]).0);
    let backup = server.folder.path().join("backup.tar.gz").display().to_string();
    let seldom = [("TIDEMARK_JOBS__FLUSH", "0 0 29 2 *")];
    let (replica, line) = settings.spawn(&server, &["serve"], &seldom);
    view(&url(&line), id, 1);
    assert!(settings.patient().command(&server, &["flush"]).0);
    let (done, text) = settings.command(&server, &["backup", &backup]);
    assert!(done, "{text}");
    // The topic has this batch, and the ledger of the backup does not.
    view(&url(&line), id, 2);
    let (done, text) = settings.patient().command(&server, &["flush"]);
    assert!(done && text.contains("come through Kafka"), "{text}");
    assert_eq!(in_sql(&server), 2);
    drop(replica);
    let database = SqlServer::shared().new_database();
    let mut other = Settings(settings.0.clone());
    other.0.push(("DATABASE_URL", database.clone()));
    let (done, text) = other.command(&server, &["restore", &backup]);
    assert!(done, "{text}");
    let name = database.rsplit('/').next().unwrap();
    let views = || {
        let sql = format!("SELECT COALESCE(SUM(views), 0) FROM {name}.article_stats");
        SqlServer::shared().execute(&sql).trim().parse::<i64>().unwrap()
    };
    assert_eq!(views(), 1);
    let (_worker, _) = other.spawn(&server, &["flush", "--every", "100ms"], &[]);
    wait_until("the batch in SQL", || views() == 2);
    let (done, text) = other.command(&server, &["reconcile"]);
    assert!(done, "{text}");
    assert_eq!(views(), 2, "the other batch was in the backup");
}

#[test]
fn c5_a_server_starts_and_counts_without_kafka_and_uses_it_when_it_comes() {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::start();
    let topic = kafka.new_topic();
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    assert!(Settings::new(kafka.address(), topic.clone()).command(&server, &["kafka", "init"]).0);
    let settings = Settings::new(kafka.address_through_proxy(), topic);
    kafka.proxy().set(Network::Refusing);
    let (done, text) = settings.command(&server, &["doctor"]);
    assert!(done && text.contains("! Kafka does not answer"), "{text}");
    let (_replica, line) = settings.spawn(&server, &["serve"], &[]);
    let url = url(&line);
    view(&url, id, 1);
    wait_until("a view in SQL", || in_sql(&server) == 1);
    let (status, ready) = get(&format!("{url}/readyz"));
    assert_eq!(status, 200);
    assert!(ready.contains("batches go to SQL directly"), "{ready}");
    let metrics = || get(&format!("{url}/metrics")).1;
    let has = |line: &str| metrics().lines().any(|other| other == line);
    assert!(
        has("tidemark_store_up{store=\"kafka\"} 0")
            && has("tidemark_kafka_batches_total{did=\"direct\"} 1"),
        "{}",
        metrics()
    );
    let (_, jobs) = settings.command(&server, &["jobs"]);
    assert!(jobs.contains("Kafka can't be used"), "{jobs}");

    kafka.proxy().set(Network::Well);
    let readers = Cell::new(1);
    wait_until("a well Kafka", || {
        readers.set(readers.get() + 1);
        view(&url, id, readers.get());
        get(&format!("{url}/readyz")).1.contains("\"kafka\":\"ok\"")
            && has("tidemark_store_up{store=\"kafka\"} 1")
    });
    assert!(!has("tidemark_kafka_batches_total{did=\"relayed\"} 0"), "{}", metrics());
    wait_until("every view in SQL", || in_sql(&server) == i64::from(readers.get()));
}

#[test]
fn kafka_that_is_not_set_is_not_mentioned() {
    let server = TestServer::of_server_profile(&[]);
    let (_replica, line) = spawn(&server, &["serve"], &[]);
    let url = url(&line);
    assert!(!get(&format!("{url}/readyz")).1.contains("kafka"));
    assert!(!get(&format!("{url}/metrics")).1.contains("store=\"kafka\""));
    let (_, jobs) = command(&server, &["jobs"]);
    assert!(!jobs.contains("consume"), "{jobs}");
    let (done, text) = command(&server, &["kafka", "init"]);
    assert!(
        !done && text.contains("kafka.brokers is empty") && text.lines().count() == 1,
        "{text}"
    );
}
