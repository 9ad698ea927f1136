//! The accidents, and how each is made to happen.

use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use tidemark_servers::proxy::{Network, Proxy};

use crate::blog::Blog;
use crate::verdict::{Effect, Span};

/// Something that goes wrong, or a flush at a random moment.
#[derive(Clone, Copy, Debug)]
pub enum Accident {
    KillReplica,
    PauseReplica,
    KillRedis,
    PauseRedis,
    /// Every answer is delayed by 200 ms.
    SlowRedis,
    /// Packets vanish, but connections stay open.
    CutRedis,
    KillSql,
    PauseSql,
    SlowSql,
    CutSql,
    CutConnections,
    RefuseCommits,
    FlushThatDies,
    Flush,
    /// A backup, which is restored elsewhere at the end.
    BackUp,
    /// All replicas restart, one after the other.
    Upgrade,
    KillKafka,
    PauseKafka,
    /// One replica alone can't reach Kafka.
    CutKafka,
    /// The topic is deleted with what nobody could bring to SQL, and made again.
    MakeTopicAgain,
    /// The last records of the topic are gone.
    TruncateTopic,
}

/// What happens, and how often in proportion.
pub const ACCIDENTS: [(Accident, u32); 16] = [
    (Accident::KillReplica, 5),
    (Accident::PauseReplica, 3),
    (Accident::KillRedis, 2),
    (Accident::PauseRedis, 1),
    (Accident::SlowRedis, 1),
    (Accident::CutRedis, 1),
    (Accident::KillSql, 2),
    (Accident::PauseSql, 1),
    (Accident::SlowSql, 1),
    (Accident::CutSql, 1),
    (Accident::CutConnections, 2),
    (Accident::RefuseCommits, 2),
    (Accident::FlushThatDies, 6),
    (Accident::Flush, 2),
    (Accident::BackUp, 2),
    (Accident::Upgrade, 1),
];

/// More, where views travel through Kafka.
pub const KAFKA_ACCIDENTS: [(Accident, u32); 5] = [
    (Accident::KillKafka, 4),
    (Accident::PauseKafka, 3),
    (Accident::CutKafka, 3),
    (Accident::MakeTopicAgain, 5),
    (Accident::TruncateTopic, 4),
];

/// Added to the length of an outage so that replicas notice it: they ping SQL every 250 ms and wait
/// 600 ms for an answer.
const NOTICED: Duration = Duration::from_millis(700);

/// With a chance of one in `of`: the step at which to die and which time it is reached, as
/// `step:count`. Otherwise an empty string.
pub fn die_at(steps: &[&str], random: &mut StdRng, of: u32) -> String {
    if random.random_ratio(1, of) {
        let step = steps.choose(random).expect("one of them");
        format!("{step}:{}", random.random_range(1..=9))
    } else {
        String::new()
    }
}

/// Makes the accident happen and waits until it is over. Returns what it means for pages.
///
/// # Errors
/// A command failed that has to work.
pub fn happen(
    accident: Accident,
    blog: &mut Blog<'_>,
    random: &mut StdRng,
    redis_kills: &mut Vec<Instant>,
    steps: &[&str],
) -> Result<Effect, String> {
    let die_at = |random: &mut StdRng, of| die_at(steps, random, of);
    let pause = Duration::from_millis(random.random_range(50..800));
    let replica = random.random_range(0..blog.replicas.len());
    Ok(match accident {
        Accident::KillReplica => {
            blog.replicas[replica].kill();
            let next = die_at(random, 2);
            blog.start(replica, &next);
            Effect::Other
        }
        Accident::PauseReplica => {
            blog.replicas[replica].pause();
            std::thread::sleep(pause);
            blog.replicas[replica].resume();
            Effect::Other
        }
        Accident::KillRedis => {
            blog.redis.kill();
            redis_kills.push(Instant::now());
            std::thread::sleep(pause);
            blog.redis.restart();
            Effect::PagesGoOn
        }
        Accident::PauseRedis => {
            blog.redis.pause();
            std::thread::sleep(pause);
            blog.redis.resume();
            Effect::PagesGoOn
        }
        Accident::SlowRedis => {
            disturb(&blog.to_redis, Network::Slow, pause + NOTICED, false);
            Effect::PagesGoOn
        }
        Accident::CutRedis => {
            disturb(&blog.to_redis, Network::Cut, pause + NOTICED, random.random_ratio(1, 2));
            Effect::PagesGoOn
        }
        Accident::KillSql => {
            blog.sql_server.kill();
            let away = wait(pause);
            blog.sql_server.restart();
            Effect::SqlAway(away)
        }
        Accident::PauseSql => {
            blog.sql_server.pause();
            let away = wait(pause + NOTICED);
            blog.sql_server.resume();
            Effect::SqlAway(away)
        }
        Accident::SlowSql => {
            disturb(&blog.to_sql, Network::Slow, pause + NOTICED, false);
            Effect::PagesGoOn
        }
        Accident::CutSql => {
            // A starting process would wait forever for a lost answer, and nothing here would
            // restart it.
            let closes = random.random_ratio(1, 2) || blog.is_starting();
            Effect::SqlAway(disturb(&blog.to_sql, Network::Cut, pause + NOTICED, closes))
        }
        Accident::CutConnections => {
            blog.redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            let cut = "SELECT CONCAT('KILL CONNECTION ', id, ';') FROM information_schema.processlist WHERE user = 'blog'";
            for kill in blog.sql_server.execute(cut).lines() {
                // The connection may already be gone.
                blog.sql_server.try_execute(kill);
            }
            Effect::Other
        }
        Accident::RefuseCommits => {
            blog.sql_server.execute("SET GLOBAL read_only = ON");
            std::thread::sleep(pause);
            blog.sql_server.execute("SET GLOBAL read_only = OFF");
            Effect::PagesGoOn
        }
        Accident::FlushThatDies => {
            let step = die_at(random, 1);
            blog.command(&["flush"], &step);
            Effect::PagesGoOn
        }
        Accident::Flush => {
            blog.command(&["flush"], "");
            Effect::PagesGoOn
        }
        Accident::BackUp => {
            blog.back_up()?;
            Effect::PagesGoOn
        }
        Accident::Upgrade => {
            blog.upgrade();
            Effect::Other
        }
        Accident::KillKafka => {
            if let Some(kafka) = &mut blog.kafka {
                kafka.kill();
                std::thread::sleep(pause);
                kafka.restart();
            }
            Effect::PagesGoOn
        }
        Accident::PauseKafka => {
            if let Some(kafka) = &mut blog.kafka {
                kafka.pause();
                std::thread::sleep(pause);
                kafka.resume();
            }
            Effect::PagesGoOn
        }
        Accident::CutKafka => {
            if let Some(kafka) = &blog.kafka {
                disturb(kafka.proxy(), Network::Cut, pause + NOTICED, random.random_ratio(1, 2));
            }
            Effect::PagesGoOn
        }
        Accident::MakeTopicAgain => {
            // Meanwhile batches get into the topic and no further.
            blog.sql_server.execute("SET GLOBAL read_only = ON");
            std::thread::sleep(pause + NOTICED);
            blog.make_topic_again();
            blog.sql_server.execute("SET GLOBAL read_only = OFF");
            Effect::PagesGoOn
        }
        Accident::TruncateTopic => {
            blog.sql_server.execute("SET GLOBAL read_only = ON");
            std::thread::sleep(pause + NOTICED);
            blog.truncate_topic(random.random_range(0.0..1.0));
            blog.sql_server.execute("SET GLOBAL read_only = OFF");
            Effect::PagesGoOn
        }
    })
}

/// Sleeps for `pause` and returns the time it covered.
fn wait(pause: Duration) -> Span {
    let began = Instant::now();
    std::thread::sleep(pause);
    (began, Instant::now())
}

/// Puts a network into a state for `pause` and returns the time it covered. With `closes`, open
/// connections are closed afterwards. Without it, a connection that lost bytes stays open and
/// silent.
fn disturb(network: &Proxy, how: Network, pause: Duration, closes: bool) -> Span {
    network.set(how);
    let span = wait(pause);
    if closes {
        network.close_connections();
    }
    network.set(Network::Well);
    span
}
