//! Tests of the stream against real stores and a real broker. Where Kafka can't run they say so and
//! pass.
//!
//! Each test names the rule it protects; all of them protect C5.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod faults;
mod reader;
mod secured;
mod topic;
mod travel;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};
use sqlx::MySqlConnection;
use tidemark_counting::flush::{Flushed, Flusher};
use tidemark_counting::rules::{Caps, View};
use tidemark_counting::sql::ledger::Ledger;
use tidemark_counting::store::ViewStore;
use tidemark_counting::store::redis::{RedisStore, Unflushed};
use tidemark_counting::visitor::{Hashes, Visitor, day_of};
use tidemark_counting::{ArticleId, MIGRATIONS};
use tidemark_servers::{Kafka, Redis, SqlServer};
use tidemark_store::clock::Clock;
use tidemark_store::sql::MySqlDatabase;
use tidemark_stream::admin::init;
use tidemark_stream::consumer::{Consumed, Consumer};
use tidemark_stream::road::Stream;
use tidemark_stream::settings::{Mechanism, Security, Settings};

const NOON: &str = "2026-11-24T12:00:00Z";
const ARTICLES: i64 = 5;
const SHARDS: usize = 2;

/// Longer than anything here takes, in the clock of the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a test waits for what should come. It comes at once, unless the machine is busy.
const WAIT: Duration = Duration::from_secs(60);

/// How long a step waits for a record that should not come.
const GLANCE: Duration = Duration::from_millis(300);

/// A blog whose views travel through Kafka.
struct Blog {
    store: RedisStore,
    clock: Clock,
    settings: Settings,
    stream: Stream,
    database: MySqlDatabase,
    /// Dropped last.
    redis: Redis,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs a test on the shared broker, with a topic of its own.
fn on_kafka(test: impl AsyncFn(Blog, &'static Kafka)) {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::shared();
    runtime().block_on(async {
        let blog = Blog::new(kafka.address(), kafka.new_topic()).await;
        assert!(init(&blog.settings).await.unwrap());
        test(blog, kafka).await;
    });
}

/// Runs a test on a broker of its own.
fn on_own_kafka(test: impl AsyncFn(Blog, Kafka)) {
    if !Kafka::is_available() {
        return;
    }
    let kafka = Kafka::start();
    runtime().block_on(async {
        let blog = Blog::new(kafka.address(), kafka.new_topic()).await;
        assert!(init(&blog.settings).await.unwrap());
        test(blog, kafka).await;
    });
}

fn settings(brokers: String, topic: String) -> Settings {
    Settings {
        brokers,
        topic,
        security: Security::Plaintext,
        username: String::new(),
        password: String::new(),
        mechanism: Mechanism::Plain,
        ca: Default::default(),
        patience: PATIENCE,
        // Every step sends what is not there.
        resend: Duration::from_millis(1),
    }
}

/// Says that the articles 1 to [`ARTICLES`] exist.
fn still_there<'call>(
    _connection: &'call mut MySqlConnection,
    articles: &'call [ArticleId],
) -> BoxFuture<'call, sqlx::Result<HashSet<ArticleId>>> {
    let there = articles.iter().copied().filter(|article| (1..=ARTICLES).contains(&article.0));
    let there: HashSet<ArticleId> = there.collect();
    Box::pin(async move { Ok(there) })
}

impl Blog {
    async fn new(brokers: String, topic: String) -> Self {
        let (redis, clock) = (Redis::start(), Clock::manual(NOON.parse::<Timestamp>().unwrap()));
        let url = SqlServer::shared().new_database();
        let database = MySqlDatabase::open(&url, None, &MIGRATIONS.mysql).await.unwrap();
        let store = RedisStore::new(
            tidemark_store::redis::Redis::new(&redis.url()).unwrap(),
            Ledger::new(database.clone(), still_there),
            clock.clone(),
            Duration::from_secs(600),
            Caps { address: 1000, network: 1000, signed_in: 1000 },
            SHARDS,
        );
        let settings = settings(brokers, topic);
        let stream = Stream::new(settings.clone());
        Self { store, clock, settings, stream, database, redis }
    }

    /// The stream of another process.
    fn another(&self) -> Stream {
        Stream::new(self.settings.clone())
    }

    fn flusher(&self) -> Flusher {
        Flusher::new(self.store.clone(), self.clock.clone())
    }

    fn consumer(&self) -> Consumer {
        self.stream.consumer(self.store.ledger.clone(), self.clock.clone())
    }

    /// Has each of these people view each of these articles.
    async fn view(&self, people: std::ops::Range<i64>, articles: impl IntoIterator<Item = i64>) {
        let articles: Vec<ArticleId> = articles.into_iter().map(ArticleId).collect();
        let day = day_of(self.clock.now());
        for shard in self.store.shards() {
            let mut views = Vec::new();
            for &article in
                articles.iter().filter(|article| self.store.shard_of(**article) == shard)
            {
                for someone in people.clone() {
                    let today = Hashes {
                        visitor: someone,
                        address: Some(someone),
                        network: None,
                        is_session: false,
                    };
                    views.push(View { article, visitor: Visitor { day, today, yesterday: None } });
                }
            }
            if views.is_empty() {
                continue;
            }
            for recorded in ViewStore::Redis(self.store.clone()).record(&views).await.unwrap() {
                assert!(recorded.outcome().unwrap().counted);
            }
        }
    }

    /// Sends what is pending.
    async fn send(&self) -> Flushed {
        self.stream.relay().step(&self.flusher()).await.unwrap()
    }

    /// Views in SQL, of all articles together.
    async fn in_sql(&self) -> i64 {
        let articles: Vec<ArticleId> = (1..=ARTICLES).map(ArticleId).collect();
        let (_, totals) = self.store.ledger.totals_and_applied(&articles, &[]).await.unwrap();
        totals.values().sum()
    }

    async fn unflushed(&self) -> Unflushed {
        self.store.unflushed().await.unwrap()
    }

    /// Sends, reads and finishes until nothing is left in Redis. Failures may happen on the way, as
    /// after an accident.
    async fn settle(&self, consumer: &mut Consumer) {
        let start = Instant::now();
        while start.elapsed() < 2 * WAIT {
            let sent = self.stream.relay().step(&self.flusher()).await;
            if sent.is_ok() && self.unflushed().await == Unflushed::default() {
                return;
            }
            if consumer.step(GLANCE).await.is_err() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        panic!("{:?} are left: {:?}", self.unflushed().await, self.stream.status());
    }
}

/// Reads at least this many records, and until a step finds nothing.
async fn drain(consumer: &mut Consumer, at_least: u64) -> Consumed {
    let (mut all, start) = (Consumed::default(), Instant::now());
    loop {
        let more = consumer.step(GLANCE).await.unwrap();
        if more == Consumed::default() && (all.records >= at_least || start.elapsed() > WAIT) {
            return all;
        }
        all.records += more.records;
        all.skipped += more.skipped;
        all.applied.batches += more.applied.batches;
        all.applied.known += more.applied.known;
        all.applied.articles += more.applied.articles;
        all.applied.views += more.applied.views;
        all.applied.dropped += more.applied.dropped;
    }
}

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap()
}

/// Makes a topic with these settings.
async fn make_topic(brokers: &str, topic: &str, settings: &[(&str, &str)]) {
    let mut new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    for (name, value) in settings {
        new = new.set(name, value);
    }
    // A topic that is just being deleted is there for a moment.
    let start = Instant::now();
    while start.elapsed() < WAIT {
        let made = admin(brokers).create_topics([&new], &AdminOptions::new()).await.unwrap();
        if made[0].is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the topic {topic} could not be made");
}

async fn delete_topic(brokers: &str, topic: &str) {
    let deleted = admin(brokers).delete_topics(&[topic], &AdminOptions::new()).await.unwrap();
    assert!(deleted[0].is_ok(), "{deleted:?}");
}

/// Puts any record into a topic.
async fn put(brokers: &str, topic: &str, key: &[u8], value: &[u8]) {
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let record = FutureRecord::to(topic).partition(0).key(key).payload(value);
    producer.send(record, WAIT).await.unwrap();
}
