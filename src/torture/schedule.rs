//! One schedule: load, and a row of accidents that the seed chooses.

use std::fmt;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::blog::{ARTICLES, Blog, STEPS};
use crate::load::{Load, View};
use crate::servers::SqlServer;

/// A flush that is wrong on purpose.
#[derive(Clone, Copy, Debug)]
pub enum Variant {
    DeleteFirst,
    NoLedger,
}

impl Variant {
    /// What the program calls it.
    pub fn name(self) -> &'static str {
        match self {
            Variant::DeleteFirst => "delete-first",
            Variant::NoLedger => "no-ledger",
        }
    }
}

/// What a schedule saw.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    views: u64,
    requests: u64,
    accidents: u64,
    lost_with_redis: i64,
}

impl Outcome {
    /// Adds another one's.
    pub fn add(&mut self, other: &Outcome) {
        self.views += other.views;
        self.requests += other.requests;
        self.accidents += other.accidents;
        self.lost_with_redis += other.lost_with_redis;
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { views, requests, accidents, lost_with_redis } = self;
        write!(formatter, "{views} views acknowledged in {requests} requests, {accidents} accidents, difference 0")?;
        if *lost_with_redis > 0 {
            write!(formatter, " but for {lost_with_redis} in Redis' last unsynced moments")?;
        }
        Ok(())
    }
}

/// Something that goes wrong.
#[derive(Clone, Copy, Debug)]
enum Accident {
    KillReplica,
    PauseReplica,
    KillRedis,
    PauseRedis,
    KillSql,
    PauseSql,
    CutConnections,
    RefuseCommits,
    FlushThatDies,
    Flush,
}

const ACCIDENTS: [(Accident, u32); 10] = [
    (Accident::KillReplica, 5),
    (Accident::PauseReplica, 3),
    (Accident::KillRedis, 2),
    (Accident::PauseRedis, 1),
    (Accident::KillSql, 2),
    (Accident::PauseSql, 1),
    (Accident::CutConnections, 2),
    (Accident::RefuseCommits, 2),
    (Accident::FlushThatDies, 6),
    (Accident::Flush, 2),
];

/// With `appendfsync everysec`, how long before Redis was killed a view may have been acknowledged and still be lost: the second,
/// and the two more that Redis may wait for a sync that is under way.
const UNSYNCED: Duration = Duration::from_millis(3_800);

/// Why a schedule failed.
#[derive(Debug)]
pub enum Failure {
    /// Views were lost or doubled.
    Difference(String),
    /// Something else was not as it should be.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Difference(text) | Failure::Other(text) => formatter.write_str(text),
        }
    }
}

/// Runs the schedule of `seed`.
///
/// # Errors
/// What differed.
pub fn run(sql_server: &mut SqlServer, seed: u64, variant: Option<Variant>) -> Result<Outcome, Failure> {
    let mut random = StdRng::seed_from_u64(seed);
    // A flush every few hundred milliseconds meets accidents in all its steps; one at night leaves all to those by hand.
    let flush = *["200ms", "500ms", "0 4 * * *"].choose(&mut random).expect("one of them");
    let is_strict = variant.is_some() || random.random_ratio(3, 4);
    let replicas = random.random_range(2..=3);
    let mut blog = Blog::new(sql_server, if is_strict { "always" } else { "everysec" }, flush, replicas, variant);
    for replica in 0..replicas {
        blog.start(replica, &die_at(&mut random, 2));
    }
    let urls: Vec<String> = blog.replicas.iter().map(|replica| replica.url()).collect();
    let load = Load::start(seed, &urls);
    let accidents = random.random_range(6..=10);
    let mut redis_kills = Vec::new();
    for _ in 0..accidents {
        // As a supervisor would.
        for replica in 0..replicas {
            let next = die_at(&mut random, 3);
            if blog.replicas[replica].is_dead() {
                blog.start(replica, &next);
            }
        }
        blog.wait_for_service();
        std::thread::sleep(Duration::from_millis(random.random_range(20..400)));
        let (accident, _) = *ACCIDENTS.choose_weighted(&mut random, |(_, weight)| *weight).expect("one of them");
        happen(accident, &mut blog, &mut random, &mut redis_kills);
    }
    // Everything is well again, so that every reader gets an answer.
    for replica in 0..replicas {
        blog.start(replica, "");
    }
    blog.wait_for_service();
    std::thread::sleep(Duration::from_millis(random.random_range(50..300)));
    let (views, requests) = load.finish();
    for replica in &mut blog.replicas {
        replica.kill();
    }

    let outcome = Outcome {
        views: views.iter().filter(|view| view.acknowledged.is_some()).count() as u64,
        requests,
        accidents,
        lost_with_redis: 0,
    };
    let lost = check(&blog, &views, is_strict, &redis_kills).map_err(|why| match why {
        Failure::Difference(text) => Failure::Difference(text + &blog.logs()),
        Failure::Other(text) => Failure::Other(text + &blog.logs()),
    })?;
    Ok(Outcome { lost_with_redis: lost, ..outcome })
}

/// A step to die at and how often it is reached before, or none.
fn die_at(random: &mut StdRng, of: u32) -> String {
    if random.random_ratio(1, of) {
        let step = STEPS.choose(random).expect("one of them");
        format!("{step}:{}", random.random_range(1..=9))
    } else {
        String::new()
    }
}

fn happen(accident: Accident, blog: &mut Blog<'_>, random: &mut StdRng, redis_kills: &mut Vec<Instant>) {
    let pause = Duration::from_millis(random.random_range(50..800));
    let replica = random.random_range(0..blog.replicas.len());
    match accident {
        Accident::KillReplica => {
            blog.replicas[replica].kill();
            let next = die_at(random, 2);
            blog.start(replica, &next);
        }
        Accident::PauseReplica => {
            blog.replicas[replica].pause();
            std::thread::sleep(pause);
            blog.replicas[replica].resume();
        }
        Accident::KillRedis => {
            blog.redis.kill();
            // Readers may note an answer a moment after it came.
            redis_kills.push(Instant::now() + Duration::from_millis(300));
            std::thread::sleep(pause / 4);
            blog.redis.restart();
        }
        Accident::PauseRedis => {
            blog.redis.pause();
            std::thread::sleep(pause);
            blog.redis.resume();
        }
        Accident::KillSql => {
            blog.sql_server.kill();
            std::thread::sleep(pause / 4);
            blog.sql_server.restart();
        }
        Accident::PauseSql => {
            blog.sql_server.pause();
            std::thread::sleep(pause);
            blog.sql_server.resume();
        }
        Accident::CutConnections => {
            blog.redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            let cut =
                "SELECT CONCAT('KILL CONNECTION ', id, ';') FROM information_schema.processlist WHERE user = 'blog'";
            for kill in blog.sql_server.execute(cut).lines() {
                // One that is gone already is no failure.
                blog.sql_server.try_execute(kill);
            }
        }
        Accident::RefuseCommits => {
            blog.sql_server.execute("SET GLOBAL read_only = ON");
            std::thread::sleep(pause);
            blog.sql_server.execute("SET GLOBAL read_only = OFF");
        }
        Accident::FlushThatDies => {
            let step = die_at(random, 1);
            blog.command(&["flush"], &step);
        }
        Accident::Flush => {
            blog.command(&["flush"], "");
        }
    }
}

/// Compares what readers were told with what is counted. Returns how many were lost as `everysec` allows.
fn check(blog: &Blog<'_>, views: &[View], is_strict: bool, redis_kills: &[Instant]) -> Result<i64, Failure> {
    let mut expected = vec![0; ARTICLES as usize + 1];
    let mut at_risk = vec![0; ARTICLES as usize + 1];
    for view in views {
        let article = view.article as usize;
        let Some(acknowledged) = view.acknowledged else {
            return Err(Failure::Other("a view was never acknowledged".into()));
        };
        expected[article] += 1;
        if !is_strict && redis_kills.iter().any(|kill| acknowledged <= *kill && acknowledged + UNSYNCED >= *kill) {
            at_risk[article] += 1;
        }
        // One that Redis forgot may be counted again, in its place.
        if is_strict && view.counted > 1 {
            return Err(Failure::Difference(format!("a view of article {article} was counted {} times", view.counted)));
        }
    }
    let compare = |when: &str, counted: &[i64]| -> Result<i64, Failure> {
        let mut lost = 0;
        for article in 1..=ARTICLES as usize {
            let difference = counted[article] - expected[article];
            if difference > 0 || -difference > at_risk[article] {
                return Err(Failure::Difference(format!(
                    "{when}, article {article}: {} views acknowledged, {} counted",
                    expected[article], counted[article]
                )));
            }
            lost -= difference;
        }
        Ok(lost)
    };
    let both: Vec<i64> = blog.in_sql().iter().zip(blog.in_redis()).map(|(sql, redis)| sql + redis).collect();
    compare("SQL and Redis together", &both)?;

    let (done, output) = blog.command(&["flush"], "");
    if !done {
        return Err(Failure::Other(format!("the last flush failed: {output}")));
    }
    let lost = compare("SQL after the last flush", &blog.in_sql())?;
    let left: i64 = blog.in_redis().iter().sum();
    if left != 0 {
        return Err(Failure::Difference(format!("{left} views are left in Redis after the last flush: {output}")));
    }
    let (done, output) = blog.command(&["flush"], "");
    if !done || output != "Nothing to flush." {
        return Err(Failure::Other(format!("a flush after the last one: {output}")));
    }
    let (done, output) = blog.command(&["reconcile"], "");
    if !done || output != "Everything that is cached is right." {
        return Err(Failure::Other(format!("reconcile: {output}")));
    }
    Ok(lost)
}
