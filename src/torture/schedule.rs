//! One schedule: readers under load, and a series of accidents chosen by the seed.

use std::fmt;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tidemark_servers::{Kafka, SqlServer};

use crate::accident::{ACCIDENTS, Accident, KAFKA_ACCIDENTS, die_at, happen};
use crate::blog::{ARTICLES, Blog, KAFKA_STEPS, STEPS};
use crate::load::{Acknowledged, Load, View};
use crate::pages::Readers;
use crate::verdict::{Effect, Happened, Seen, Tally};

/// A deliberately broken flush. The torture must catch it.
#[derive(Clone, Copy, Debug)]
pub enum Variant {
    DeleteFirst,
    NoLedger,
    FinishAtAck,
    TrustOffset,
}

impl Variant {
    /// The value of `TORTURE_VARIANT`.
    pub fn name(self) -> &'static str {
        match self {
            Variant::DeleteFirst => "delete-first",
            Variant::NoLedger => "no-ledger",
            Variant::FinishAtAck => "finish-at-ack",
            Variant::TrustOffset => "trust-offset",
        }
    }

    /// Whether it is broken only where views travel through Kafka.
    pub fn needs_kafka(self) -> bool {
        matches!(self, Variant::FinishAtAck | Variant::TrustOffset)
    }

    /// Whether it shows when batches arrive twice, and not when they are lost on the way.
    fn shows_with_little_patience(self) -> bool {
        matches!(self, Variant::TrustOffset)
    }
}

/// What happened in one or more schedules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    views: u64,
    requests: u64,
    accidents: u64,
    lost_with_redis: i64,
    pages: Tally,
    /// Schedules whose views travelled through Kafka.
    through_kafka: u64,
}

impl Outcome {
    /// Adds up two outcomes.
    pub fn add(&mut self, other: &Outcome) {
        self.views += other.views;
        self.requests += other.requests;
        self.accidents += other.accidents;
        self.lost_with_redis += other.lost_with_redis;
        self.through_kafka += other.through_kafka;
        self.pages.shown += other.pages.shown;
        self.pages.shown_while_away += other.pages.shown_while_away;
        self.pages.refused += other.pages.refused;
    }

    /// Whether stores were away long enough for readers to notice: at least one page came from the
    /// cache during an outage, and at least one was refused.
    pub fn has_outages(&self) -> bool {
        self.pages.shown_while_away > 0 && self.pages.refused > 0
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { views, requests, accidents, lost_with_redis, pages, through_kafka } = self;
        write!(
            formatter,
            "{views} views acknowledged in {requests} requests, {accidents} accidents, difference 0"
        )?;
        if *lost_with_redis > 0 {
            write!(formatter, " except {lost_with_redis} that Redis had not synced")?;
        }
        if *through_kafka > 0 {
            write!(formatter, "; {through_kafka} through Kafka")?;
        }
        let Tally { shown, shown_while_away, refused } = pages;
        write!(
            formatter,
            "; {shown} pages served, {shown_while_away} of them from the cache while a store was down, {refused} refused with 503"
        )
    }
}

/// How long before Redis was killed a view may have been acknowledged and still be lost, with
/// `appendfsync everysec`: one second, plus up to two that Redis may wait for an fsync in progress,
/// plus a margin.
const UNSYNCED: Duration = Duration::from_millis(3_800);

/// How long all pages may take to come back after the last accident. It takes a second or two; the
/// rest allows for a busy machine.
const RECOVERY: Duration = Duration::from_secs(120);

/// Why a schedule failed.
#[derive(Debug)]
pub enum Failure {
    /// Views were lost or counted twice.
    Difference(String),
    /// Any other violation.
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
/// The violation found, with the last log lines of each replica.
pub fn run(
    sql_server: &mut SqlServer,
    kafka: Option<&mut Kafka>,
    seed: u64,
    variant: Option<Variant>,
) -> Result<Outcome, Failure> {
    let mut random = StdRng::seed_from_u64(seed);
    // A flush every few hundred milliseconds is hit by accidents in all of its steps. With a
    // nightly one, all flushes are the ones run by hand.
    let flush = *["200ms", "500ms", "0 4 * * *"].choose(&mut random).expect("one of them");
    let is_strict = variant.is_some() || random.random_ratio(3, 4);
    let replicas = random.random_range(2..=3);
    let through_kafka = u64::from(kafka.is_some());
    let steps: Vec<&str> = match kafka {
        None => STEPS.to_vec(),
        Some(_) => STEPS.into_iter().chain(KAFKA_STEPS).collect(),
    };
    let die_at = |random: &mut StdRng, of| die_at(&steps, random, of);
    let everything: Vec<(Accident, u32)> = match kafka {
        None => ACCIDENTS.to_vec(),
        Some(_) => ACCIDENTS.into_iter().chain(KAFKA_ACCIDENTS).collect(),
    };
    // With little patience a batch that SQL refuses for a second is sent again and takes the direct
    // road as well. With much of it each batch is sent once.
    let has_little_patience = kafka.is_some()
        && variant.map_or_else(|| random.random_ratio(1, 2), Variant::shows_with_little_patience);
    let patience = if has_little_patience { "1s" } else { "20s" };
    let mut blog = Blog::new(
        sql_server,
        kafka,
        patience,
        if is_strict { "always" } else { "everysec" },
        flush,
        replicas,
        variant,
    );
    for replica in 0..replicas {
        blog.start(replica, &die_at(&mut random, 2));
    }
    let urls: Vec<String> = blog.replicas.iter().map(super::blog::Replica::url).collect();
    let load = Load::start(seed, &urls);
    let readers = Readers::start(seed, &urls);
    let accidents = random.random_range(6..=10);
    let mut redis_kills = Vec::new();
    let now = Instant::now();
    let mut happened =
        vec![Happened { began: now, ended: now, effect: Effect::Other, outages: blog.outages() }];
    for number in 0..accidents {
        // Restart dead replicas, as a supervisor would.
        for replica in 0..replicas {
            let next = die_at(&mut random, 3);
            if blog.replicas[replica].is_dead() {
                blog.start(replica, &next);
            }
        }
        blog.wait_for_service();
        std::thread::sleep(Duration::from_millis(random.random_range(20..400)));
        let (mut accident, _) =
            *everything.choose_weighted(&mut random, |(_, weight)| *weight).expect("one of them");
        if blog.is_old() && number == accidents / 2 {
            accident = Accident::Upgrade;
        }
        let (outages, began) = (blog.outages(), Instant::now());
        let effect = happen(accident, &mut blog, &mut random, &mut redis_kills, &steps)
            .map_err(|why| Failure::Other(why + &blog.logs()))?;
        happened.push(Happened { began, ended: Instant::now(), effect, outages });
    }
    // Check recovery before healthy processes are restarted: those that went through the accidents
    // must recover on their own.
    let is_over = wait_for_pages(&mut blog, &readers);
    let seen = Seen {
        opened: readers.finish(),
        happened,
        outages: blog.outages(),
        starts: blog.starts(),
        // Readers may have seen counts that never reached Redis' disk.
        counts_may_fall: !is_strict && !redis_kills.is_empty(),
    };
    // Restart all replicas on healthy stores, so that every reader gets an answer.
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
        through_kafka,
        ..Outcome::default()
    };
    let checked = check(&blog, &views, is_strict, &redis_kills).and_then(|lost| {
        check_backups(&blog, &views, is_strict, &redis_kills)?;
        // Check the counts first, so that a broken flush is reported by its effect on them.
        let pages = is_over.and_then(|()| seen.check()).map_err(Failure::Other)?;
        Ok(Outcome { lost_with_redis: lost, pages, ..outcome })
    });
    checked.map_err(|why| match why {
        Failure::Difference(text) => Failure::Difference(text + &blog.logs()),
        Failure::Other(text) => Failure::Other(text + &blog.logs()),
    })
}

/// Waits until each replica shows all pages normally again. Restarts a dead replica, as a
/// supervisor would.
///
/// # Errors
/// What still failed after [`RECOVERY`].
fn wait_for_pages(blog: &mut Blog<'_>, readers: &Readers) -> Result<(), String> {
    let deadline = Instant::now() + RECOVERY;
    for replica in 0..blog.replicas.len() {
        loop {
            if blog.replicas[replica].is_dead() {
                blog.start(replica, "");
            }
            match readers.try_all(replica) {
                Ok(()) => break,
                Err(why) if Instant::now() > deadline => {
                    return Err(format!(
                        "{} s after the last accident, replica {replica}: {why}",
                        RECOVERY.as_secs()
                    ));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
    Ok(())
}

/// Whether Redis may have lost a view with this acknowledgement, as `everysec` allows. The answer
/// may have come before Redis was killed if the request was sent before; when its reader got to
/// record it says less on a busy machine.
fn is_at_risk(acknowledged: Acknowledged, redis_kills: &[Instant]) -> bool {
    let Acknowledged { asked, at } = acknowledged;
    redis_kills.iter().any(|kill| asked <= *kill && at + UNSYNCED >= *kill)
}

/// Restores each backup. It must have every view that was acknowledged before it began, and none
/// that was sent after it ended.
///
/// # Errors
/// The first article with a wrong count, or a command that failed.
fn check_backups(
    blog: &Blog<'_>,
    views: &[View],
    is_strict: bool,
    redis_kills: &[Instant],
) -> Result<(), Failure> {
    for backup in &blog.backups {
        let restored = blog.restored(backup).map_err(Failure::Other)?;
        for article in 1..=ARTICLES {
            let of_article = views.iter().filter(|view| view.article == article);
            let least = of_article.clone().filter(|view| {
                let before = view.acknowledged.filter(|it| it.at < backup.began);
                before.is_some_and(|it| is_strict || !is_at_risk(it, redis_kills))
            });
            let (least, most) =
                (least.count(), of_article.filter(|view| view.sent < backup.ended).count());
            let counted = restored[article as usize];
            if !(least as i64..=most as i64).contains(&counted) {
                return Err(Failure::Difference(format!(
                    "in a backup, article {article}: {least} views acknowledged before it and \
                     {most} sent until its end, {counted} counted"
                )));
            }
        }
    }
    Ok(())
}

/// Compares the acknowledged views with the counts. Returns how many views were lost within what
/// `everysec` allows.
///
/// # Errors
/// Views lost beyond that or counted twice, or a command that failed.
fn check(
    blog: &Blog<'_>,
    views: &[View],
    is_strict: bool,
    redis_kills: &[Instant],
) -> Result<i64, Failure> {
    let mut expected = vec![0; ARTICLES as usize + 1];
    let mut at_risk = vec![0; ARTICLES as usize + 1];
    for view in views {
        let article = view.article as usize;
        let Some(acknowledged) = view.acknowledged else {
            return Err(Failure::Other("a view was never acknowledged".into()));
        };
        expected[article] += 1;
        if !is_strict && is_at_risk(acknowledged, redis_kills) {
            at_risk[article] += 1;
        }
        // A view that Redis lost may be counted again in its place, but only with `everysec`.
        if is_strict && view.counted > 1 {
            return Err(Failure::Difference(format!(
                "a view of article {article} was counted {} times",
                view.counted
            )));
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
    let both: Vec<i64> =
        blog.in_sql().iter().zip(blog.in_redis()).map(|(sql, redis)| sql + redis).collect();
    compare("SQL and Redis together", &both)?;

    let (done, output) = blog.command(&["flush"], "");
    if !done {
        return Err(Failure::Other(format!("the last flush failed: {output}")));
    }
    let lost = compare("SQL after the last flush", &blog.in_sql())?;
    let left: i64 = blog.in_redis().iter().sum();
    if left != 0 {
        return Err(Failure::Difference(format!(
            "{left} views are left in Redis after the last flush: {output}"
        )));
    }
    let (done, output) = blog.command(&["flush"], "");
    if !done || output != "Nothing to flush." {
        return Err(Failure::Other(format!("a flush after the last one: {output}")));
    }
    let (done, output) = blog.command(&["reconcile"], "");
    if !done || output != "All cached counts are correct." {
        return Err(Failure::Other(format!("reconcile: {output}")));
    }
    Ok(lost)
}
