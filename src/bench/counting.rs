//! What a counted view costs, relative to a request that does nothing.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tidemark_servers::{Kafka, Redis, SqlServer};

use crate::client::{Kind, Load, binary, connect, import_articles, request, run, start, stop};
use crate::{Profile, info, median};

const ARTICLES: u64 = 100;
const REQUESTS: u64 = 120_000;

/// Prints the throughput ratio of each pair of alternating runs, and the median.
pub fn compare(profile: Profile, through_kafka: bool, connections: usize, pairs: usize) {
    if through_kafka && !Kafka::is_available() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The usual setting for a durable Redis.
    let redis = (profile == Profile::Server).then(|| Redis::with(&["--appendfsync", "everysec"]));
    let mut settings = match &redis {
        Some(redis) => {
            vec![("DATABASE_URL", SqlServer::shared().new_database()), ("REDIS_URL", redis.url())]
        }
        None => vec![],
    };
    let kafka = through_kafka.then(Kafka::start);
    if let Some(kafka) = &kafka {
        settings.push(("TIDEMARK_KAFKA__BROKERS", kafka.address()));
        settings.push(("TIDEMARK_KAFKA__TOPIC", kafka.new_topic()));
        let made =
            binary(folder.path(), &settings).args(["kafka", "init"]).stdout(Stdio::null()).status();
        assert!(made.expect("the binary starts").success(), "the topic was made");
    }
    import_articles(folder.path(), &settings, ARTICLES);
    let (server, address) = start(folder.path(), &settings);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let next_visitor = Arc::new(AtomicU64::new(1));
    let load = Load { requests: REQUESTS, connections, articles: ARTICLES };
    let mut acknowledged = 0;
    let (mut ratios, mut costs) = (Vec::new(), Vec::new());
    runtime.block_on(run(address, Kind::Nothing, load, next_visitor.clone()));
    let road = if through_kafka { " through Kafka" } else { "" };
    println!(
        "{profile:?} profile{road}: {REQUESTS} requests a run over {connections} connections, {ARTICLES} articles, every visitor new"
    );
    println!("pair   nothing/s   views/s   ratio   server: µs a nothing   µs a view");
    for pair in 1..=pairs {
        let started = server_time(&server);
        let (nothing, _) =
            runtime.block_on(run(address, Kind::Nothing, load, next_visitor.clone()));
        let between = server_time(&server);
        let before = redis.as_ref().map(processor_time);
        let (views, counted) =
            runtime.block_on(run(address, Kind::View, load, next_visitor.clone()));
        if let (Some(redis), Some(before)) = (&redis, before) {
            costs.push((processor_time(redis) - before) * 1e6 / REQUESTS as f64);
        }
        let ended = server_time(&server);
        let [cost_of_nothing, cost_of_view] =
            [between - started, ended - between].map(|seconds| seconds * 1e6 / REQUESTS as f64);
        acknowledged += counted;
        let sum = runtime.block_on(sum_of_counts(address));
        assert_eq!(
            sum, acknowledged,
            "void: {acknowledged} views were acknowledged, {sum} are counted"
        );
        ratios.push(views / nothing);
        println!(
            "{pair:>4} {nothing:>11.0} {views:>9.0} {:>7.2} {cost_of_nothing:>22.1} {cost_of_view:>11.1}",
            views / nothing
        );
    }
    if !costs.is_empty() {
        println!("Redis: {:.1} µs of processor time a view (median)", median(costs));
        if let Some(redis) = &redis {
            let statistics: String = info(redis, "commandstats", "cmdstat_evalsha");
            println!("       {statistics}");
        }
    }
    println!("median ratio {:.2}; checksum: {acknowledged} acknowledged = counted", median(ratios));
    stop(server);
}

/// Total CPU time of the server, in seconds.
fn server_time(server: &std::process::Child) -> f64 {
    let stat =
        std::fs::read_to_string(format!("/proc/{}/stat", server.id())).expect("the server runs");
    // The name before the `)` may contain spaces. User and system time are fields 14 and 15, in
    // hundredths of a second (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / 100.0
}

/// Total CPU time of Redis, in seconds.
pub fn processor_time(redis: &Redis) -> f64 {
    info::<f64>(redis, "cpu", "used_cpu_sys") + info::<f64>(redis, "cpu", "used_cpu_user")
}

async fn sum_of_counts(address: SocketAddr) -> u64 {
    let mut connection = connect(address).await;
    let body = request(&mut connection, "GET", "/api/v1/articles?per-page=100", 0).await;
    let list: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    let articles = list["articles"].as_array().expect("a list");
    articles.iter().filter_map(|article| article["views"].as_u64()).sum()
}
