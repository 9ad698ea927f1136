//! The server profile's store. The dedup log, unflushed views, totals and rankings are in Redis; a
//! flush moves the views to SQL.
//!
//! Articles are spread over shards by id. All keys of a shard are on one node, and a single script
//! records a batch of the shard's views. So a dedup entry and its increment are one atomic step
//! (rule C5).
//!
//! Each process decides by its copy of the dedup log ([`crate::seen`]). The script records the
//! decisions only if nothing they depend on has changed: it examines what others have added to the
//! log since, and otherwise lets the process decide again.

mod claim;
mod dedup_log;
pub mod files;
mod rankings;
mod record;
mod salts;
mod totals;
mod wire;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use dedup_log::SeenPlace;
use tidemark_store::clock::Clock;
use tidemark_store::redis::{Redis, Script};
pub use totals::Unflushed;
use wire::number;
pub(crate) use wire::unreadable;

use crate::rules::Caps;
use crate::sql::ledger::Ledger;
use crate::{ArticleId, ShardId};

/// How many times a read-and-compare is retried after a conflict.
const ATTEMPTS: usize = 20;

/// How many totals one script corrects, and how many ranking members one command writes.
const CHUNK: usize = 2_000;

macro_rules! script {
    ($name:literal) => {
        LazyLock::new(|| {
            Script::new(concat!(include_str!("redis/common.lua"), include_str!($name)))
        })
    };
}

static RECORD: LazyLock<Script> = script!("redis/record.lua");
static LOG: LazyLock<Script> = script!("redis/log.lua");
static FILL: LazyLock<Script> = script!("redis/fill.lua");
static PRUNE: LazyLock<Script> = script!("redis/prune.lua");
static UNFLUSHED: LazyLock<Script> = script!("redis/unflushed.lua");
static TOP: LazyLock<Script> = script!("redis/top.lua");
static PUBLISH: LazyLock<Script> = script!("redis/publish.lua");
static BUILT: LazyLock<Script> = script!("redis/built.lua");

/// What a shard's node reports about itself.
pub(crate) static INFO: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "return { redis.call('INFO', 'server'), redis.call('INFO', 'persistence'), redis.call('INFO', 'memory') }",
    )
});

/// Views in Redis; see the [module](self).
#[derive(Clone, Debug)]
pub struct RedisStore {
    /// The Redis that views are recorded in.
    pub redis: Redis,
    /// The SQL side, where flushed views end up.
    pub ledger: Ledger,
    /// This process's clock.
    clock: Clock,
    /// The clock all replicas share: Redis' own, or a test's.
    redis_clock: Clock,
    window: Duration,
    caps: Caps,
    shards: i64,
    is_claimed: Arc<AtomicBool>,
    seen: Arc<[SeenPlace]>,
}

impl RedisStore {
    /// Creates a store with rule C2's `window` and rule C3's `caps`, divided into `shards`.
    pub fn new(
        redis: Redis,
        ledger: Ledger,
        clock: Clock,
        window: Duration,
        caps: Caps,
        shards: usize,
    ) -> Self {
        let seen = (0..shards.max(1)).map(|_| SeenPlace::default()).collect();
        let shards = i64::try_from(shards).unwrap_or(1).max(1);
        let redis_clock = clock.clone();
        Self {
            redis,
            ledger,
            clock,
            redis_clock,
            window,
            caps,
            shards,
            is_claimed: Arc::default(),
            seen,
        }
    }

    /// The same store in a process whose `clock` differs from Redis' clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The shards that articles are spread over.
    pub fn shards(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..self.shards).map(ShardId)
    }

    /// The shard of an article.
    pub fn shard_of(&self, article: ArticleId) -> ShardId {
        ShardId(article.0.rem_euclid(self.shards))
    }

    /// The prefix of all keys of a shard.
    pub(crate) fn key(shard: ShardId) -> String {
        format!("tm:{{{shard}}}")
    }

    /// The first argument of each script: a test's clock if there is one. Otherwise empty, for
    /// Redis' own clock, which all replicas share.
    pub(crate) fn time(&self) -> Vec<u8> {
        match &self.redis_clock {
            Clock::System => Vec::new(),
            clock => number(clock.now().0),
        }
    }
}
