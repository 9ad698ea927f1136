//! What only the server profile has: stores that can be away, replicas, the flush, and the commands
//! for them.

mod kafka;
mod uploads;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;
use tidemark::server::doctor::Finding;
use tidemark::server::jobs::Job;
use tidemark_servers::{Redis, RedisCluster, SqlServer};

use crate::harness::{FIREFOX, TestServer, binary, wait_until};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a `tidemark` command with the settings of `server`. Returns whether it succeeded and what
/// it printed.
fn command(server: &TestServer, arguments: &[&str]) -> (bool, String) {
    let output = binary().args(arguments).envs(environment(server)).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn environment(server: &TestServer) -> [(&'static str, String); 4] {
    [
        ("DATABASE_URL", server.config.database.url.clone()),
        ("REDIS_URL", server.config.redis.url.clone()),
        ("TIDEMARK_REDIS__SHARDS", server.config.redis.shards.to_string()),
        ("TIDEMARK_SERVER__TRUSTED_PROXIES", "127.0.0.1".into()),
    ]
}

/// A process of the real binary, killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command and returns it with the first line that it printed.
fn spawn(server: &TestServer, arguments: &[&str], more: &[(&str, &str)]) -> (Process, String) {
    let mut child = binary()
        .args(arguments)
        .envs(environment(server))
        .envs(more.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Process(child), line)
}

fn url(line: &str) -> String {
    line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned()
}

#[test]
fn while_redis_is_down_pages_show_counts_from_sql_and_views_get_503_and_both_recover() {
    let mut server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    assert_eq!(server.someone().view(id).json()["views"], 1);
    server.job(Job::Flush);
    assert_eq!(
        server.reader("192.0.2.2", FIREFOX).view(id).json()["views"],
        2,
        "this one is not flushed"
    );
    server.redis.as_mut().unwrap().kill();
    let article = server.someone().get("/articles/first");
    assert_eq!(article.status, 200);
    assert!(article.text.contains("Title of first"));
    let list = server.someone().get("/api/v1/articles/most-viewed?window=24h");
    assert_eq!(
        (list.status, &list.json()["articles"][0]["views"]),
        (200, &1.into()),
        "what SQL has"
    );
    let view = server.reader("192.0.2.3", FIREFOX).view(id);
    assert_eq!((view.status, view.header("retry-after")), (503, "1"), "{}", view.text);
    assert_eq!(view.header("content-type"), "application/problem+json");
    let ready = server.someone().get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(
        ready.json()["detail"].as_str().unwrap().contains("redis: does not answer"),
        "{}",
        ready.text
    );
    assert!(server.someone().get("/metrics").text.contains("tidemark_store_up{store=\"redis\"} 0"));

    server.redis.as_mut().unwrap().restart();
    wait_until("counting again", || server.reader("192.0.2.3", FIREFOX).view(id).status == 200);
    let views = || server.someone().get(&format!("/api/v1/articles/{id}")).json()["views"].clone();
    wait_until("showing what was not flushed before", || views() == 3);
    wait_until("being ready", || server.someone().get("/readyz").status == 200);
}

#[test]
fn while_sql_is_down_views_are_accepted_and_counted_later() {
    let mut sql_server = SqlServer::start();
    let database = sql_server.new_database();
    let server = TestServer::of_server_profile(&[("DATABASE_URL", &database)]);
    let id = server.id("first");
    assert_eq!(server.someone().view(id).json()["views"], 1);
    sql_server.kill();
    // Long enough for the cached visibility of the article to expire.
    server.clock.advance(Duration::from_secs(5));
    for number in 2..5 {
        let answer = server.reader(&format!("192.0.2.{number}"), FIREFOX).view(id);
        assert_eq!(
            (answer.status, &answer.json()["views"]),
            (200, &number.into()),
            "{}",
            answer.text
        );
    }
    assert_eq!(server.someone().view(id).json()["reason"], "repeat");
    assert!(server.run(server.jobs.step(Job::Flush)).is_err(), "SQL is away");
    let page = server.someone().get("/articles/first");
    assert_eq!(page.status, 503, "{}", page.text);
    let ready = server.someone().get("/readyz");
    assert!(
        ready.json()["detail"].as_str().unwrap().contains("database: does not answer"),
        "{}",
        ready.text
    );
    sql_server.restart();
    wait_until("the flush", || server.run(server.jobs.step(Job::Flush)).is_ok());
    assert_eq!(
        server.number("SELECT views FROM article_stats WHERE article_id = ?", &id.to_string()),
        4
    );
    // The flush may recover before the database's health check does.
    wait_until("the page", || server.someone().get("/articles/first").status == 200);
}

#[test]
fn c2_a_visitor_to_two_replicas_counts_once() {
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    let replicas: Vec<_> = (0..2).map(|_| spawn(&server, &["serve", "--no-jobs"], &[])).collect();
    let urls: Vec<String> = replicas.iter().map(|(_, line)| url(line)).collect();
    let agent = ureq::Agent::new_with_defaults();
    let view = |url: &str, address: &str| -> Value {
        let request = agent.put(format!("{url}/api/v1/articles/{id}/view"));
        let request = request.header("x-forwarded-for", address).header("user-agent", FIREFOX);
        request.send_empty().unwrap().body_mut().read_json().unwrap()
    };
    assert_eq!(view(&urls[0], "192.0.2.1")["views"], 1);
    assert_eq!(view(&urls[1], "192.0.2.1")["reason"], "repeat");
    assert_eq!(view(&urls[1], "192.0.2.2")["views"], 2);
    assert_eq!(view(&urls[0], "192.0.2.3")["views"], 3, "each shows the other's views at once");
    // A session works on every replica, because sessions are in Redis.
    server.add_user("reader", "a-good-password");
    let reader = server.someone().signed_in("reader", "a-good-password");
    let cookie = reader.header_named("cookie");
    let page = agent
        .get(&urls[0])
        .header("cookie", cookie)
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(page.contains("A Reader"));
}

#[test]
fn destroyed_salts_leave_redis_files_daily_and_doctor_reports_if_they_cant() {
    let server = TestServer::of_server_profile(&[]);
    let says = |what: &str| {
        let findings = server.run(server.doctor.examine(&server.config));
        findings.iter().any(|finding| {
            let (Finding::Fact(text) | Finding::Warning(text) | Finding::Wrong(text)) = finding;
            text.contains(what)
        })
    };
    assert!(says("destroyed salts leave its append-only file with the next prune"));
    server.job(Job::Prune);
    wait_until("the new file", || says("which was rewritten today"));
    server.clock.advance(24 * HOUR);
    assert!(says("destroyed salts leave its append-only file with the next prune"));
    server.redis.as_ref().unwrap().command(&["ACL", "SETUSER", "default", "-bgrewriteaof"]);
    // Redis isn't asked again while it is still rewriting the file.
    wait_until("the refusal", || {
        server.job(Job::Prune);
        says("Redis refuses BGREWRITEAOF (")
    });
}

#[test]
fn an_eviction_policy_that_can_drop_counts_fails_readiness_and_doctor_says_why() {
    let server = TestServer::of_server_profile(&[]);
    let redis = server.redis.as_ref().unwrap();
    let (is_well, text) = command(&server, &["doctor"]);
    assert!(is_well, "{text}");
    assert!(text.contains("appendfsync always") && !text.contains("\nX "), "{text}");
    for policy in ["allkeys-lru", "volatile-ttl"] {
        redis.command(&["CONFIG", "SET", "maxmemory-policy", policy]);
        let ready = server.someone().get("/readyz");
        assert_eq!(ready.status, 503);
        assert!(ready.json()["detail"].as_str().unwrap().contains("noeviction"), "{}", ready.text);
        let (is_well, text) = command(&server, &["doctor"]);
        assert!(!is_well && text.contains(policy), "{text}");
    }
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    assert_eq!(server.someone().get("/readyz").status, 200);
    redis.command(&["CONFIG", "SET", "appendonly", "no"]);
    let (is_well, text) = command(&server, &["doctor"]);
    assert!(
        is_well && text.contains("! Redis on port") && text.contains("no append-only file"),
        "{text}"
    );
    redis.command(&["FLUSHALL"]);
    let (_, text) = command(&server, &["doctor"]);
    assert!(text.contains("! Redis lost its data, or was replaced, 1 time(s)"), "{text}");
}

#[test]
fn doctor_warns_about_a_database_that_does_not_sync_each_commit() {
    let sql_server = SqlServer::start();
    let database = sql_server.new_database();
    let server = TestServer::of_server_profile(&[("DATABASE_URL", &database)]);
    sql_server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    let (is_well, text) = command(&server, &["doctor"]);
    assert!(is_well && text.contains("! SQL: innodb_flush_log_at_trx_commit is 2"), "{text}");
}

#[test]
fn a_manual_flush_reports_what_it_moved_and_jobs_shows_its_result() {
    let server = TestServer::of_server_profile(&[]);
    let (_, text) = command(&server, &["jobs"]);
    assert!(
        text.contains("flush      every 10s") && text.contains("reconcile  0 3 * * *"),
        "{text}"
    );
    assert_eq!(command(&server, &["flush"]), (true, "Nothing to flush.\n".into()));
    for number in 1..4 {
        server.reader(&format!("192.0.2.{number}"), FIREFOX).view(server.id("first"));
    }
    let (done, text) = command(&server, &["flush"]);
    assert!(done && text == "Moved 3 views of 1 articles to SQL in 1 batches.\n", "{text}");
    let (_, text) = command(&server, &["jobs"]);
    assert!(text.contains("Moved 3 views"), "{text}");
    assert_eq!(command(&server, &["reconcile"]), (true, "All cached counts are correct.\n".into()));
    let redis = server.redis.as_ref().unwrap();
    let id = server.id("first");
    redis.command(&["HSET", "tm:{0}:total", &id.to_string(), "77"]);
    let (done, text) = command(&server, &["reconcile"]);
    assert!(
        done && text.contains(&format!("Corrected total of article {id} from 77 to 3.")),
        "{text}"
    );
}

#[test]
fn a_worker_flushes_for_servers_without_jobs_and_a_stopping_server_flushes() {
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    let in_sql = || {
        server.number(
            "SELECT CAST(coalesce(sum(views), 0) AS SIGNED) FROM article_stats WHERE ? = ''",
            "",
        )
    };
    server.someone().view(id);
    let (worker, line) = spawn(&server, &["flush", "--every", "100ms"], &[]);
    assert!(line.contains("background jobs"), "{line}");
    wait_until("the worker's flush", || in_sql() == 1);
    drop(worker);
    server.reader("192.0.2.2", FIREFOX).view(id);
    let seldom = [("TIDEMARK_JOBS__FLUSH", "0 0 29 2 *")];
    let (mut replica, _) = spawn(&server, &["serve"], &seldom);
    assert_eq!(in_sql(), 1, "the flush is far away");
    let id = replica.0.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(replica.0.wait().unwrap().success());
    assert_eq!(in_sql(), 2);
}

#[test]
fn a_server_whose_flush_is_off_leaves_it_to_another_and_doctor_warns() {
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    let in_sql = || {
        server.number(
            "SELECT CAST(coalesce(sum(views), 0) AS SIGNED) FROM article_stats WHERE ? = ''",
            "",
        )
    };
    server.someone().view(id);
    let off = [("TIDEMARK_JOBS__FLUSH", "off")];
    let (mut replica, _) = spawn(&server, &["serve"], &off);
    let process = replica.0.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-TERM", &process]).status().unwrap().success()
    );
    assert!(replica.0.wait().unwrap().success());
    assert_eq!(in_sql(), 0, "not even the last flush");
    let with_off = |arguments: &[&str]| {
        let output =
            binary().args(arguments).envs(environment(&server)).envs(off).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let text = with_off(&["doctor"]);
    assert!(text.contains("! jobs.flush is off: ") && !text.contains("jobs.prune"), "{text}");
    let text = with_off(&["jobs"]);
    assert!(
        text.contains("flush      off            never") && text.contains("prune      every"),
        "{text}"
    );
    assert!(with_off(&["flush"]).starts_with("Moved 1 views"), "by hand it works");
    assert_eq!(in_sql(), 1);
}

#[test]
fn conflicting_settings_are_refused_with_advice() {
    let server = TestServer::of_server_profile(&[]);
    let refused = |variables: &[(&str, &str)]| {
        let output = binary().arg("serve").envs(variables.iter().copied()).output().unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    };
    assert!(refused(&[("REDIS_URL", "redis://127.0.0.1:1")]).contains("database.url"));
    assert!(refused(&[("DATABASE_URL", "mysql://root@127.0.0.1:1/blog")]).contains("redis.url"));
    let (database, redis) = (&server.config.database.url, &server.config.redis.url);
    let text = refused(&[
        ("DATABASE_URL", database),
        ("REDIS_URL", redis),
        ("TIDEMARK_REDIS__SHARDS", "4"),
    ]);
    assert!(text.contains("redis.shards is 4, but this Redis was first used with 1"), "{text}");
    let text =
        refused(&[("DATABASE_URL", "mysql://root:secret@127.0.0.1:1/blog"), ("REDIS_URL", redis)]);
    assert!(text.contains("can't be reached") && !text.contains("secret"), "{text}");
    let text = refused(&[("DATABASE_URL", database), ("REDIS_URL", "http://127.0.0.1")]);
    assert!(text.contains("redis.url"), "{text}");
}

#[test]
fn a_server_starts_without_redis_and_counts_once_it_is_up() {
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    let mut late = Redis::start();
    late.kill();
    let redis_url = late.url();
    let (_replica, line) = spawn(&server, &["serve", "--no-jobs"], &[("REDIS_URL", &redis_url)]);
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let page = agent.get(format!("{}/articles/first", url(&line))).call().unwrap();
    assert_eq!(page.status(), 200);
    let view = || {
        let request = agent.put(format!("{}/api/v1/articles/{id}/view", url(&line)));
        request.header("user-agent", FIREFOX).send_empty().unwrap().status()
    };
    assert_eq!(view(), 503);
    late.restart();
    wait_until("counting", || view() == 200);
}

#[test]
fn the_metrics_show_the_outcomes_of_views_and_what_is_pending() {
    let server = TestServer::of_server_profile(&[]);
    let id = server.id("first");
    server.someone().view(id);
    server.someone().view(id);
    server.reader("192.0.2.2", "Googlebot/2.1").view(id);
    server.someone().view(999);
    let metrics = server.someone().get("/metrics");
    assert!(
        metrics.header("content-type").starts_with("application/openmetrics-text"),
        "{metrics:?}"
    );
    for line in [
        "tidemark_views_total{outcome=\"counted\"} 1",
        "tidemark_views_total{outcome=\"repeat\"} 1",
        "tidemark_views_total{outcome=\"crawler\"} 1",
        "tidemark_views_total{outcome=\"not-found\"} 1",
        "tidemark_views_pending 1",
        "tidemark_view_batches 0",
        "tidemark_store_up{store=\"database\"} 1",
        "tidemark_store_up{store=\"redis\"} 1",
    ] {
        assert!(
            metrics.text.lines().any(|other| other == line),
            "{line} is not in {}",
            metrics.text
        );
    }
}

#[test]
fn rankings_are_right_at_once_after_hours_have_passed_and_after_redis_was_emptied() {
    let server = TestServer::of_server_profile(&[]);
    let (first, second) = (server.id("first"), server.id("second"));
    let ranking = |window: &str| -> Vec<(i64, i64)> {
        let path = format!("/api/v1/articles/most-viewed?window={window}");
        let answer = server.someone().get(&path).json();
        let articles = answer["articles"].as_array().unwrap();
        articles
            .iter()
            .map(|one| (one["id"].as_i64().unwrap(), one["views"].as_i64().unwrap()))
            .collect()
    };
    server.job(Job::Ranking);
    server.someone().view(second);
    server.someone().view(first);
    server.reader("192.0.2.2", FIREFOX).view(first);
    assert_eq!(ranking("24h"), [(first, 2), (second, 1)], "before any flush");
    server.execute("UPDATE articles SET status = 'draft' WHERE slug = 'first'");
    assert_eq!(ranking("all"), [(second, 1)], "hidden articles are left out");
    server.execute("UPDATE articles SET status = 'published' WHERE slug = 'first'");
    server.job(Job::Flush);
    server.redis.as_ref().unwrap().command(&["FLUSHALL"]);
    for window in ["all", "24h", "7d", "30d"] {
        assert_eq!(ranking(window), [(first, 2), (second, 1)], "{window} from SQL");
    }
    server.job(Job::Ranking);
    server.clock.advance(24 * HOUR);
    server.job(Job::Ranking);
    assert_eq!(ranking("24h"), []);
    assert_eq!(ranking("7d"), [(first, 2), (second, 1)]);
}

#[test]
fn a_blog_runs_on_a_redis_cluster() {
    let cluster = RedisCluster::start();
    let server = TestServer::of_server_profile(&[
        ("REDIS_URL", &cluster.url()),
        ("TIDEMARK_REDIS__SHARDS", "16"),
    ]);
    let ids = [server.id("first"), server.id("second")];
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(
            server.reader(&format!("192.0.2.{number}"), FIREFOX).view(*id).json()["views"],
            1
        );
        assert_eq!(
            server.reader(&format!("192.0.2.{number}"), FIREFOX).view(*id).json()["reason"],
            "repeat"
        );
    }
    server.add_user("reader", "a-good-password");
    let reader = server.someone().signed_in("reader", "a-good-password");
    assert!(reader.get("/").text.contains("A Reader"));
    assert_eq!(reader.view(ids[0]).json()["views"], 2);
    server.job(Job::Ranking);
    let ranking = server.someone().get("/api/v1/articles/most-viewed?window=24h").json();
    assert_eq!(
        (&ranking["articles"][0]["id"], &ranking["articles"][0]["views"]),
        (&ids[0].into(), &2.into())
    );
    assert_eq!(server.someone().get("/readyz").status, 200);
    let (is_well, text) = command(&server, &["doctor"]);
    assert!(is_well && text.contains("a Cluster"), "{text}");
    let (done, text) = command(&server, &["flush"]);
    assert!(done && text.contains("Moved 3 views of 2 articles"), "{text}");
    assert_eq!(command(&server, &["reconcile"]), (true, "All cached counts are correct.\n".into()));
}

#[test]
fn doctor_warns_about_a_cluster_where_one_node_does_all_the_work() {
    let cluster = RedisCluster::start();
    let server = TestServer::of_server_profile(&[("REDIS_URL", &cluster.url())]);
    let (is_well, text) = command(&server, &["doctor"]);
    assert!(
        is_well && text.contains("! Redis: a Cluster in which one node has all counts"),
        "{text}"
    );
}

#[test]
fn every_command_runs_on_the_server_profile() {
    let server = TestServer::of_server_profile(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let (done, text) = command(&server, &["migrate"]);
    assert!(done && text.contains("mysql://127.0.0.1") && !text.contains("root"), "{text}");
    let (done, text) = command(&server, &["export", &path]);
    assert!(done && text.contains("Exported 3 articles"), "{text}");
    let (done, text) = command(&server, &["import", &path]);
    assert!(done && text.contains("3"), "{text}");
    let (done, text) = command(&server, &["seed"]);
    assert!(done, "{text}");
    let (done, text) = command(&server, &["user", "add", "marina"]);
    assert!(done && text.contains("marina can sign in"), "{text}");
    let password = text.lines().last().unwrap().trim();
    let marina = server.someone().signed_in("marina", password);
    assert!(marina.get("/").text.contains("marina"));
    assert!(!command(&server, &["user", "add", "marina"]).0, "the name is taken");
    let (done, text) = command(&server, &["user", "passwd", "marina"]);
    assert!(done, "{text}");
    assert!(!marina.get("/").text.contains("marina"), "a new password ends every session");
}
