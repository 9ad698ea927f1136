//! The server profile's store: dedup, what is not flushed yet, totals and rankings are in Redis; SQL gets what a flush brings.
//!
//! Articles are spread over shards by their number. Everything of a shard is on one node, and one script decides and records
//! a batch of its views, so a dedup entry and its increment are one atomic step (rule C5).

mod rankings;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ::redis::{RedisError, Value, cmd, pipe};

use super::{Drift, ViewError};
use crate::model::view::{Reason, ViewOutcome};
use crate::server::clock::Clock;
use crate::server::db::MySqlDatabase;
use crate::server::db::salts::Salt;
use crate::server::db::views::hour_of;
use crate::server::redis::{Info, Redis, Script};
use crate::server::views::flush::OLDEST;
use crate::server::views::rules::View;
use crate::server::views::visitor::{DAY_MS, Hashes};
use rankings::RANKINGS;

/// Buckets of dedup entries in all shards together. At 1,000,000 entries one holds 15, which is few enough to search and enough
/// to share what a key costs.
const BUCKETS: usize = 65_536;

/// How often reading SQL is tried again because a flush came in between.
const ATTEMPTS: usize = 20;

/// How long a view waits for a total that Redis does not have.
const FILL_PATIENCE: Duration = Duration::from_secs(1);

/// How many totals one script corrects, and how many members of a ranking one command writes.
const CHUNK: usize = 2_000;

/// How many buckets one script looks through for windows that are over: views wait for it.
const BUCKETS_AT_ONCE: usize = 256;

macro_rules! script {
    ($name:literal) => {
        LazyLock::new(|| Script::new(concat!(include_str!("redis/common.lua"), include_str!($name))))
    };
}

static RECORD: LazyLock<Script> = script!("redis/record.lua");
static FILL: LazyLock<Script> = script!("redis/fill.lua");
static PRUNE: LazyLock<Script> = script!("redis/prune.lua");
static UNFLUSHED: LazyLock<Script> = script!("redis/unflushed.lua");
static TOP: LazyLock<Script> = script!("redis/top.lua");
static PUBLISH: LazyLock<Script> = script!("redis/publish.lua");

/// What the node of a shard says of itself.
pub(in crate::server::views) static INFO: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "return { redis.call('INFO', 'server'), redis.call('INFO', 'persistence'), redis.call('INFO', 'memory') }",
    )
});

impl From<::redis::ParsingError> for ViewError {
    fn from(error: ::redis::ParsingError) -> Self {
        RedisError::from(error).into()
    }
}

impl From<RedisError> for ViewError {
    fn from(error: RedisError) -> Self {
        ViewError::Store(format!("Redis: {error}"))
    }
}

/// Views in Redis. See the module.
#[derive(Clone, Debug)]
pub struct RedisStore {
    /// Where views are taken.
    pub redis: Redis,
    /// Where they end up.
    pub database: MySqlDatabase,
    clock: Clock,
    window: Duration,
    cap: usize,
    shards: i64,
    is_claimed: Arc<AtomicBool>,
}

/// What is not in SQL yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unflushed {
    /// Views that no flush has taken.
    pub pending: i64,
    /// Batches that a flush has taken and not yet finished.
    pub batches: u64,
}

/// The buckets that a batch needs.
#[derive(Default)]
struct Buckets {
    names: Vec<u16>,
    indices: HashMap<u16, u16>,
}

impl Buckets {
    /// The place of a bucket in the list, counted from 1.
    fn index(&mut self, bucket: u16) -> u16 {
        *self.indices.entry(bucket).or_insert_with(|| {
            self.names.push(bucket);
            u16::try_from(self.names.len()).unwrap_or(0)
        })
    }
}

/// A shard's state, read before SQL: if a batch is closed or finished afterwards, its version differs.
struct Before {
    version: String,
    batches: Vec<String>,
    undecided: Vec<String>,
}

impl RedisStore {
    /// A store with rule C2's `window` and rule C3's `cap` per address, in so many `shards`.
    pub fn new(
        redis: Redis,
        database: MySqlDatabase,
        clock: Clock,
        window: Duration,
        cap: usize,
        shards: usize,
    ) -> Self {
        let shards = i64::try_from(shards).unwrap_or(1).max(1);
        Self { redis, database, clock, window, cap, shards, is_claimed: Arc::default() }
    }

    /// In how many shards articles are.
    pub fn shards(&self) -> std::ops::Range<i64> {
        0..self.shards
    }

    /// The shard of an article.
    pub fn shard_of(&self, article: i64) -> i64 {
        article.rem_euclid(self.shards)
    }

    /// What all keys of a shard start with.
    pub(in crate::server::views) fn key(shard: i64) -> String {
        format!("tm:{{{shard}}}")
    }

    /// The first argument of each script: empty for Redis' own clock, one for all replicas; a test's clock where there is one.
    pub(in crate::server::views) fn time(&self) -> Vec<u8> {
        match &self.clock {
            Clock::System => Vec::new(),
            clock => number(clock.now_ms()),
        }
    }

    /// See [`super::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Option<ViewOutcome>>, ViewError> {
        self.hold_to_shards().await?;
        let mut by_shard = BTreeMap::<i64, Vec<usize>>::new();
        for (index, view) in batch.iter().enumerate() {
            by_shard.entry(self.shard_of(view.article)).or_default().push(index);
        }
        let mut outcomes = vec![None; batch.len()];
        for (shard, indices) in by_shard {
            let views: Vec<View> = indices.iter().filter_map(|index| batch.get(*index)).copied().collect();
            for (index, outcome) in indices.iter().zip(self.record_shard(shard, &views).await?) {
                if let Some(place) = outcomes.get_mut(*index) {
                    *place = outcome;
                }
            }
        }
        Ok(outcomes)
    }

    async fn record_shard(&self, shard: i64, views: &[View]) -> Result<Vec<Option<ViewOutcome>>, ViewError> {
        let mut articles: Vec<i64> = views.iter().map(|view| view.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let mut packed = Vec::with_capacity(views.len() * 13);
        let mut buckets = Buckets::default();
        for view in views {
            self.pack(view, &articles, &mut buckets, &mut packed);
        }
        let mut arguments = vec![
            self.time(),
            number(i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)),
            number(i64::try_from(self.cap).unwrap_or(i64::MAX)),
            generation_id(self.clock.now_ms(), rand::random()).into_bytes(),
            packed,
            number(i64::try_from(articles.len()).unwrap_or(i64::MAX)),
        ];
        arguments.extend(articles.iter().copied().map(number));
        let key = Self::key(shard);
        arguments.extend(buckets.names.into_iter().map(|bucket| bucket_key(&key, bucket)));
        let answer: Vec<Value> = self.redis.evaluate(&RECORD, &key, &arguments).await?;
        let mut answer = answer.into_iter();
        let reasons: Vec<u8> = answer.next().map(::redis::from_redis_value).transpose()?.unwrap_or_default();
        let mut totals = HashMap::with_capacity(articles.len());
        let mut missing = Vec::new();
        for (article, total) in articles.iter().zip(answer) {
            match ::redis::from_redis_value::<Option<i64>>(total)? {
                Some(total) => _ = totals.insert(*article, total),
                None => missing.push(*article),
            }
        }
        if !missing.is_empty() {
            // The views are recorded. Those whose total can't be had are not answered; the others do not wait for SQL.
            match tokio::time::timeout(FILL_PATIENCE, self.fill(shard, &missing)).await {
                Ok(Ok(filled)) => totals.extend(filled),
                Ok(Err(error)) => tracing::warn!(error = %error, "totals could not be brought from SQL"),
                Err(_) => tracing::warn!("totals could not be brought from SQL in time"),
            }
        }
        if reasons.len() != views.len() {
            return Err(unreadable());
        }
        let outcome = |(view, reason): (&View, u8)| {
            let reason = match reason {
                b'0' => None,
                b'1' => Some(Reason::Repeat),
                _ => Some(Reason::IpCap),
            };
            let views = *totals.get(&view.article)?;
            Some(ViewOutcome { article: view.article, views, counted: reason.is_none(), reason })
        };
        Ok(views.iter().zip(reasons).map(outcome).collect())
    }

    /// Appends a view as the script reads it.
    fn pack(&self, view: &View, articles: &[i64], buckets: &mut Buckets, packed: &mut Vec<u8>) {
        let yesterday = view.visitor.yesterday.map(|hashes| self.entry(view.article, hashes));
        let is_capped = view.visitor.today.address.is_some();
        packed.push(u8::from(is_capped) + 2 * u8::from(yesterday.is_some()));
        // The script counts from 1. A batch is far smaller than the 65,535 that fit.
        let article = articles.binary_search(&view.article).map_or(0, |index| index + 1);
        packed.extend_from_slice(&u16::try_from(article).unwrap_or(0).to_be_bytes());
        for (bucket, id) in [Some(self.entry(view.article, view.visitor.today)), yesterday].into_iter().flatten() {
            packed.extend_from_slice(&buckets.index(bucket).to_be_bytes());
            packed.extend_from_slice(&id);
        }
    }

    /// In how many buckets a shard remembers visitors.
    fn buckets(&self) -> usize {
        BUCKETS / usize::try_from(self.shards).unwrap_or(BUCKETS).clamp(1, BUCKETS)
    }

    /// Where a visitor of an article is remembered: the bucket, and the id in it. Both come from article and address, so that
    /// the visitors of an address are together and can be counted; the second half of the id tells them apart.
    fn entry(&self, article: i64, hashes: Hashes) -> (u16, [u8; 8]) {
        let is_address = [u8::from(hashes.address.is_some())];
        let who = hashes.address.unwrap_or(hashes.visitor).to_le_bytes();
        let bytes: [u8; 32] = *blake3::hash(&[&article.to_le_bytes()[..], &is_address, &who].concat()).as_bytes();
        let [a, b, c, d, e, f, ..] = bytes;
        let bucket = usize::from(u16::from_le_bytes([a, b])) % self.buckets();
        let [s, t, u, v, ..] = hashes.visitor.to_le_bytes();
        (u16::try_from(bucket).unwrap_or(0), [c, d, e, f, s, t, u, v])
    }

    /// Brings totals that Redis does not have from SQL, and returns them with what SQL does not have yet.
    async fn fill(&self, shard: i64, articles: &[i64]) -> Result<HashMap<i64, i64>, ViewError> {
        self.set_totals(shard, articles, "fill").await?;
        let mut command = cmd("HMGET");
        command.arg(format!("{}:total", Self::key(shard))).arg(articles);
        let totals: Vec<Option<i64>> = self.redis.query(&command).await?;
        Ok(articles.iter().zip(totals).filter_map(|(article, total)| Some((*article, total?))).collect())
    }

    /// Sets totals to what SQL has and what it does not have yet: `fill` those that are missing, `correct` those that are there.
    async fn set_totals(&self, shard: i64, articles: &[i64], mode: &str) -> Result<Vec<Drift>, ViewError> {
        for _ in 0..ATTEMPTS {
            let before = self.before(shard).await?;
            let (mut applied, totals) = self.database.totals_and_applied(articles, &before.batches).await?;
            applied.extend(before.undecided);
            let mut arguments = vec![self.time(), before.version.into_bytes(), mode.into()];
            arguments.extend(set(&applied));
            for article in articles {
                arguments.push(number(*article));
                arguments.push(number(totals.get(article).copied().unwrap_or(0)));
            }
            let changes: Option<Vec<(i64, i64, i64)>> =
                self.redis.evaluate(&FILL, &Self::key(shard), &arguments).await?;
            if let Some(changes) = changes {
                let drift = |(article, cached, correct)| Drift::of_article("total", article, cached, correct);
                return Ok(changes.into_iter().map(drift).collect());
            }
        }
        Err(ViewError::Store("flushes came in between each time that SQL was read".into()))
    }

    async fn before(&self, shard: i64) -> Result<Before, ViewError> {
        let key = Self::key(shard);
        let mut pipeline = pipe();
        pipeline.atomic().hget(format!("{key}:state"), "version").zrange(format!("{key}:batches"), 0, -1);
        let (version, batches): (Option<String>, Vec<String>) = self.redis.pipeline(&pipeline).await?;
        let now = self.clock.now_ms();
        // Nobody can tell whether SQL has them; a flush leaves them alone, and counts would be doubled if it has.
        let (undecided, batches) = batches.into_iter().partition(|batch| is_undecided(batch, now));
        Ok(Before { version: version.unwrap_or_else(|| "0".into()), batches, undecided })
    }

    /// See [`super::ViewStore::totals`].
    pub async fn totals(&self, articles: &[i64]) -> Result<HashMap<i64, i64>, ViewError> {
        let mut by_shard = BTreeMap::<i64, Vec<i64>>::new();
        for article in articles {
            by_shard.entry(self.shard_of(*article)).or_default().push(*article);
        }
        let reads = by_shard.into_iter().map(|(shard, articles)| async move {
            let mut command = cmd("HMGET");
            command.arg(format!("{}:total", Self::key(shard))).arg(&articles);
            let totals: Vec<Option<i64>> = self.redis.query(&command).await?;
            Ok::<_, ViewError>(articles.into_iter().zip(totals))
        });
        let found = futures_util::future::try_join_all(reads).await?.into_iter().flatten();
        // What Redis has no total of has not been viewed since Redis was empty: SQL has all of it.
        Ok(found.filter_map(|(article, total)| Some((article, total?))).collect())
    }

    /// See [`super::ViewStore::salts`].
    pub async fn salts(
        &self,
        day: i64,
        fresh: Salt,
        yesterday: Option<Salt>,
    ) -> Result<(Salt, Option<Salt>), ViewError> {
        Ok((self.salt(day, Some(fresh)).await?.ok_or_else(unreadable)?, self.salt(day - 1, yesterday).await?))
    }

    /// The salt of a day, which becomes `offered` if there is none.
    async fn salt(&self, day: i64, offered: Option<Salt>) -> Result<Option<Salt>, ViewError> {
        let key = format!("tm:salt:{day}");
        if let Some(offered) = offered {
            // Rule C3: a salt is destroyed after two days, its own and the one in which it is yesterday's.
            let lives_for = ((day + 2) * DAY_MS - self.clock.now_ms()).max(1);
            let mut command = cmd("SET");
            command.arg(&key).arg(&offered[..]).arg("NX").arg("PX").arg(lives_for);
            self.redis.query::<Value>(&command).await?;
        }
        let salt: Option<Vec<u8>> = self.redis.query(cmd("GET").arg(&key)).await?;
        salt.map(|salt| Salt::try_from(salt).map_err(|_| unreadable())).transpose()
    }

    /// Compares every total that Redis caches of a shard, and corrects it.
    async fn correct_totals(&self, shard: i64) -> Result<Vec<Drift>, ViewError> {
        let articles: Vec<i64> = self.redis.query(cmd("HKEYS").arg(format!("{}:total", Self::key(shard)))).await?;
        let mut drifts = Vec::new();
        for chunk in articles.chunks(CHUNK) {
            drifts.extend(self.set_totals(shard, chunk, "correct").await?);
        }
        Ok(drifts)
    }

    /// Compares every total and ranking that Redis caches with SQL and what SQL does not have yet, and corrects it.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        let hour = hour_of(self.clock.now_ms());
        let mut drifts = Vec::new();
        for shard in self.shards() {
            drifts.extend(self.correct_totals(shard).await?);
            drifts.extend(self.build_rankings(shard, hour, &RANKINGS).await?);
        }
        Ok(drifts)
    }

    /// Gives this Redis a name, if it has none, and writes it down in SQL: a second name there means that a Redis was lost.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn note_origin(&self) -> Result<(), ViewError> {
        const ORIGIN: &str = "tm:origin";
        // A Redis that was emptied has lost that too.
        self.is_claimed.store(false, Ordering::Relaxed);
        self.hold_to_shards().await?;
        let fresh = format!("{:032x}", rand::random::<u128>());
        self.redis.query::<Value>(cmd("SET").arg(ORIGIN).arg(fresh).arg("NX")).await?;
        let name: Option<String> = self.redis.query(cmd("GET").arg(ORIGIN)).await?;
        Ok(self.database.add_origin(&name.ok_or_else(unreadable)?, self.clock.now_ms()).await?)
    }

    /// Holds Redis to one number of shards: with another, a view's dedup entry would be looked for in another place, and what is
    /// pending in a shard that is no longer known would never be flushed.
    ///
    /// # Errors
    /// The number that Redis has, if it is another; [`ViewError::Store`].
    pub async fn claim_shards(&self) -> Result<Result<(), i64>, ViewError> {
        const SHARDS: &str = "tm:shards";
        self.redis.query::<Value>(cmd("SET").arg(SHARDS).arg(self.shards).arg("NX")).await?;
        let shards: Option<i64> = self.redis.query(cmd("GET").arg(SHARDS)).await?;
        let shards = shards.ok_or_else(unreadable)?;
        self.is_claimed.store(shards == self.shards, Ordering::Relaxed);
        Ok(if shards == self.shards { Ok(()) } else { Err(shards) })
    }

    /// As [`RedisStore::claim_shards`], where it has not succeeded yet: Redis may have been away at the start.
    async fn hold_to_shards(&self) -> Result<(), ViewError> {
        if self.is_claimed.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.claim_shards().await?.map_err(|found| {
            ViewError::Store(format!("redis.shards is {}, but this Redis was first used with {found}", self.shards))
        })
    }

    /// What each node that has a shard says of itself, one for each server.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn nodes(&self) -> Result<Vec<Info>, ViewError> {
        let mut nodes: Vec<Info> = Vec::new();
        for shard in self.shards() {
            let answer: Vec<String> = self.redis.evaluate(&INFO, &Self::key(shard), &[]).await?;
            let info = Info::new(answer.concat());
            if nodes.iter().all(|node| node.get("run_id") != info.get("run_id")) {
                nodes.push(info);
            }
        }
        Ok(nodes)
    }

    /// Forgets the windows that are over. Returns how many.
    ///
    /// # Errors
    /// [`ViewError::Store`]; those that were not reached are forgotten the next time.
    pub async fn prune(&self) -> Result<u64, ViewError> {
        let buckets: Vec<u16> = (0..self.buckets()).filter_map(|bucket| u16::try_from(bucket).ok()).collect();
        let mut forgotten = 0;
        for shard in self.shards() {
            let key = Self::key(shard);
            for chunk in buckets.chunks(BUCKETS_AT_ONCE) {
                let mut arguments = vec![self.time()];
                arguments.extend(chunk.iter().map(|bucket| bucket_key(&key, *bucket)));
                forgotten += self.redis.evaluate::<u64>(&PRUNE, &key, &arguments).await?;
            }
        }
        Ok(forgotten)
    }

    /// What is not in SQL yet.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn unflushed(&self) -> Result<Unflushed, ViewError> {
        let mut unflushed = Unflushed::default();
        for shard in self.shards() {
            let (pending, batches): (i64, u64) =
                self.redis.evaluate(&UNFLUSHED, &Self::key(shard), &[self.time()]).await?;
            unflushed.pending += pending;
            unflushed.batches += batches;
        }
        Ok(unflushed)
    }
}

/// The name of what becomes pending now: the time, so that it can be told how old a batch is, and something random, so that no
/// other has it.
fn generation_id(now: i64, random: u64) -> String {
    format!("{now}-{random:016x}")
}

/// Whether a batch began so long ago that the ledger may have forgotten it, so that it can't be told whether SQL has it.
pub(in crate::server::views) fn is_undecided(id: &str, now: i64) -> bool {
    let began_at: Option<i64> = id.split_once('-').and_then(|(time, _)| time.parse().ok());
    began_at.is_none_or(|began_at| began_at < now - OLDEST)
}

/// Where a bucket of a shard is.
fn bucket_key(shard: &str, bucket: u16) -> Vec<u8> {
    format!("{shard}:seen:{bucket}").into_bytes()
}

/// An argument of a script.
pub(in crate::server::views) fn number(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// The arguments that make a set: how many, then each.
fn set(members: &HashSet<String>) -> impl Iterator<Item = Vec<u8>> {
    let count = number(i64::try_from(members.len()).unwrap_or(i64::MAX));
    std::iter::once(count).chain(members.iter().map(|member| member.clone().into_bytes()))
}

fn unreadable() -> ViewError {
    ViewError::Store("Redis: an answer that can't be read".into())
}
