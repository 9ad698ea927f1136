//! The server profile's store. The dedup log, unflushed views, totals and rankings are in Redis; a
//! flush moves the views to SQL.
//!
//! Articles are spread over shards by id. All keys of a shard are on one node, and a single script
//! decides and records a batch of the shard's views. So a dedup entry and its increment are one
//! atomic step (rule C5).
//!
//! Each process keeps a copy of the dedup log ([`seen`]). So the script has to examine only what
//! others have added since this process's last batch.

pub mod files;
mod rankings;
pub mod seen;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use ::redis::{FromRedisValue, RedisError, Value, cmd, from_redis_value, pipe};
use rankings::RANKINGS;
use seen::{Id, Seen};
use tidemark_store::clock::Clock;
use tidemark_store::redis::{Info, Redis, Script};
use tokio::sync::Mutex;

use super::{Drift, Recorded};
use crate::Reason;
use crate::ViewError;
use crate::flush::OLDEST;
use crate::hour_of;
use crate::rules::{Caps, Decision, Known, View, refusal};
use crate::sql::ledger::Ledger;
use crate::sql::salts::Salt;
use crate::visitor::{DAY_MS, Hashes, Visitor};

/// How many times a read-and-compare is retried after a conflict.
const ATTEMPTS: usize = 20;

/// How long a view waits for SQL when Redis does not have its article's total.
const FILL_TIMEOUT: Duration = Duration::from_secs(1);

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

/// This process's copy of a shard's dedup log.
#[derive(Debug, Default)]
struct SeenPlace {
    /// Serializes batches, so that no two read the same part of the log.
    turn: Mutex<()>,
    /// Locked only briefly: pages read it while a batch waits for Redis.
    seen: RwLock<Seen>,
}

impl SeenPlace {
    fn reading(&self) -> RwLockReadGuard<'_, Seen> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Seen> {
        self.seen.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is not in SQL yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unflushed {
    /// Views that no flush has sealed yet.
    pub pending: i64,
    /// Batches that a flush has sealed but not finished.
    pub batches: u64,
}

/// The result of the script `record.lua`.
struct Decided {
    /// One for each view.
    decisions: Vec<Decision>,
    /// When the script ran, in milliseconds.
    now: i64,
    /// The total of each article, if Redis has it.
    totals: Vec<Option<i64>>,
}

/// A shard's state, read before SQL. Its version changes when a batch is sealed or finished, which
/// makes what was read from SQL stale.
struct Before {
    version: String,
    batches: Vec<String>,
    undecided: Vec<String>,
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
    pub fn shards(&self) -> std::ops::Range<i64> {
        0..self.shards
    }

    /// The shard of an article.
    pub fn shard_of(&self, article: i64) -> i64 {
        article.rem_euclid(self.shards)
    }

    /// The prefix of all keys of a shard.
    pub(crate) fn key(shard: i64) -> String {
        format!("tm:{{{shard}}}")
    }

    /// The first argument of each script: a test's clock if there is one. Otherwise empty, for
    /// Redis' own clock, which all replicas share.
    pub(crate) fn time(&self) -> Vec<u8> {
        match &self.redis_clock {
            Clock::System => Vec::new(),
            clock => number(clock.now_ms()),
        }
    }

    /// See [`super::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        self.ensure_shards_claimed().await?;
        let mut by_shard = BTreeMap::<i64, Vec<usize>>::new();
        for (index, view) in batch.iter().enumerate() {
            by_shard.entry(self.shard_of(view.article)).or_default().push(index);
        }
        let mut recorded = vec![Recorded::NoTotal; batch.len()];
        for (shard, indices) in by_shard {
            let views: Vec<View> =
                indices.iter().filter_map(|index| batch.get(*index)).copied().collect();
            for (index, outcome) in indices.iter().zip(self.record_shard(shard, &views).await?) {
                if let Some(place) = recorded.get_mut(*index) {
                    *place = outcome;
                }
            }
        }
        Ok(recorded)
    }

    async fn record_shard(&self, shard: i64, views: &[View]) -> Result<Vec<Recorded>, ViewError> {
        let mut articles: Vec<i64> = views.iter().map(|view| view.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let Decided { decisions, now, totals: found } =
            self.decide(shard, views, &articles).await?;
        let mut totals = HashMap::with_capacity(articles.len());
        let mut missing = Vec::new();
        for (article, total) in articles.iter().zip(found) {
            match total {
                Some(total) => _ = totals.insert(*article, total),
                None => missing.push(*article),
            }
        }
        if !missing.is_empty() {
            // The views are recorded by now. Those whose total is unavailable get an error; the
            // others do not wait for SQL.
            match tokio::time::timeout(FILL_TIMEOUT, self.fill(shard, &missing)).await {
                Ok(Ok(filled)) => totals.extend(filled),
                Ok(Err(error)) => {
                    tracing::warn!(error = %error, "totals could not be brought from SQL")
                }
                Err(_) => tracing::warn!("totals could not be brought from SQL in time"),
            }
        }
        let recorded = |(view, decision): (&View, Decision)| {
            decision.recorded(view.article, totals.get(&view.article).copied(), now)
        };
        Ok(views.iter().zip(decisions).map(recorded).collect())
    }

    /// Runs the script that decides and records `views` of `articles`.
    async fn decide(
        &self,
        shard: i64,
        views: &[View],
        articles: &[i64],
    ) -> Result<Decided, ViewError> {
        let place = self.place(shard).ok_or_else(unreadable)?;
        // If this call is cancelled or gets no answer, the next batch reads its outcome from the
        // log.
        let _turn = place.turn.lock().await;
        let ids: Vec<Ids> =
            views.iter().map(|view| Ids::of(view.article, view.visitor.today)).collect();
        for _ in 0..ATTEMPTS {
            let mut packed = Vec::with_capacity(views.len() * 17);
            let (position, estimate) = {
                let seen = place.reading();
                let estimate = self.clock.now_ms().saturating_add(seen.ahead);
                for (view, ids) in views.iter().zip(&ids) {
                    pack(view, *ids, articles, &seen, estimate, &mut packed);
                }
                (seen.position.clone(), estimate)
            };
            let cap = |cap: usize| number(i64::try_from(cap).unwrap_or(i64::MAX));
            let mut arguments = vec![
                self.time(),
                number(i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)),
                cap(self.caps.address),
                cap(self.caps.of_network(true)),
                cap(self.caps.of_network(false)),
                generation_id(self.clock.now_ms(), rand::random()).into_bytes(),
                position.log.into_bytes(),
                number(position.chunk),
                number(position.byte),
                number(estimate.div_euclid(1_000)),
                packed,
                number(i64::try_from(articles.len()).unwrap_or(i64::MAX)),
            ];
            arguments.extend(articles.iter().copied().map(number));
            let answer: Vec<Value> =
                self.redis.evaluate(&RECORD, &Self::key(shard), &arguments).await?;
            let mut answer = answer.into_iter();
            let outcomes: Vec<u8> = next(&mut answer)?;
            let now: i64 = next(&mut answer)?;
            place.writing().ahead = now.saturating_sub(self.clock.now_ms());
            // Expire entries by Redis' time only: this process's clock may have been set.
            while place.writing().forget(now) {}
            if outcomes == b"behind" {
                let (log, last_chunk, chunks) =
                    (next(&mut answer)?, next(&mut answer)?, next(&mut answer)?);
                self.read_log(shard, place, log, last_chunk, chunks).await?;
                continue;
            }
            if outcomes == b"again" {
                continue;
            }
            if outcomes.len() != views.len() {
                return Err(unreadable());
            }
            let ends_at = next(&mut answer)?;
            let unread: Vec<u8> = next(&mut answer)?;
            let (chunk, byte) = (next(&mut answer)?, next(&mut answer)?);
            let totals = answer.map(from_redis_value).collect::<Result<_, _>>()?;
            let mut seen = place.writing();
            seen.read(&unread);
            for (ids, _) in ids.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == b'0') {
                for id in [Some(ids.own), ids.network, ids.address].into_iter().flatten() {
                    seen.add(id, ends_at);
                }
            }
            (seen.position.chunk, seen.position.byte) = (chunk, byte);
            drop(seen);
            let decision = |outcome| match outcome {
                b'0' => Decision::Counted,
                b'1' => Decision::NotCounted(Reason::Repeat),
                b'2' => Decision::NotCounted(Reason::IpCap),
                _ => Decision::OtherDay,
            };
            return Ok(Decided {
                decisions: outcomes.into_iter().map(decision).collect(),
                now,
                totals,
            });
        }
        Err(ViewError::Store(
            "Redis answered so late each time that what was known of it was old".into(),
        ))
    }

    /// See [`super::ViewStore::catch_up`].
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        let mut result = Ok(());
        for shard in self.shards() {
            // A Cluster node that is down must not keep the other shards from catching up.
            result = result.and(self.catch_up_shard(shard).await);
        }
        result
    }

    async fn catch_up_shard(&self, shard: i64) -> Result<(), ViewError> {
        let place = self.place(shard).ok_or_else(unreadable)?;
        let Ok(_turn) = place.turn.try_lock() else { return Ok(()) };
        let answer: Vec<Value> =
            self.redis.evaluate(&LOG, &Self::key(shard), &[self.time()]).await?;
        let mut answer = answer.into_iter();
        let now: i64 = next(&mut answer)?;
        place.writing().ahead = now.saturating_sub(self.clock.now_ms());
        while place.writing().forget(now) {}
        let log: Option<String> = next(&mut answer)?;
        // There is no log before the first view.
        let Some(log) = log else { return Ok(()) };
        let (last_chunk, chunks) = (next(&mut answer)?, next(&mut answer)?);
        self.read_log(shard, place, log, last_chunk, chunks).await
    }

    /// Reads the unread part of a shard's log. The caller holds the shard's `turn` lock.
    async fn read_log(
        &self,
        shard: i64,
        place: &SeenPlace,
        log: String,
        last_chunk: i64,
        mut chunks: Vec<i64>,
    ) -> Result<(), ViewError> {
        chunks.sort_unstable();
        let mut position = place.reading().position.clone();
        if position.log != log {
            place.writing().begin(log, chunks.first().copied().unwrap_or(last_chunk));
            position = place.reading().position.clone();
        }
        chunks.retain(|chunk| *chunk >= position.chunk);
        for chunk in chunks {
            let from = if chunk == position.chunk { position.byte } else { 0 };
            let key = format!("{}:seen:{chunk}", Self::key(shard));
            let entries: Vec<u8> =
                self.redis.query(cmd("GETRANGE").arg(key).arg(from).arg(-1)).await?;
            let read = i64::try_from(entries.len()).unwrap_or(i64::MAX);
            (position.chunk, position.byte) = (chunk, from.saturating_add(read));
            let mut seen = place.writing();
            seen.read(&entries);
            (seen.position.chunk, seen.position.byte) = (position.chunk, position.byte);
        }
        if position.chunk < last_chunk {
            let mut seen = place.writing();
            (seen.position.chunk, seen.position.byte) = (last_chunk, 0);
        }
        Ok(())
    }

    fn place(&self, shard: i64) -> Option<&SeenPlace> {
        usize::try_from(shard).ok().and_then(|shard| self.seen.get(shard))
    }

    /// See [`super::ViewStore::would_count`].
    pub fn would_count(&self, article: i64, visitor: &Visitor) -> bool {
        let Some(place) = self.place(self.shard_of(article)) else { return true };
        let seen = place.reading();
        let now = self.clock.now_ms().saturating_add(seen.ahead);
        let known = |hashes: &Hashes| {
            let Ids { own, network, address } = Ids::of(article, *hashes);
            let (is_seen, of_own) = seen.find(own, now);
            let live = |id: Id| seen.find(id, now).1;
            Known {
                is_seen,
                of_address: address.map_or(of_own, live),
                of_network: network.map_or(0, live),
            }
        };
        refusal(visitor, &self.caps, known).is_none()
    }

    /// Fills missing totals from SQL plus the views that are not in SQL yet. Returns the totals of
    /// `articles`.
    async fn fill(&self, shard: i64, articles: &[i64]) -> Result<HashMap<i64, i64>, ViewError> {
        self.set_totals(shard, articles, "fill").await?;
        let mut command = cmd("HMGET");
        command.arg(format!("{}:total", Self::key(shard))).arg(articles);
        let totals: Vec<Option<i64>> = self.redis.query(&command).await?;
        Ok(articles
            .iter()
            .zip(totals)
            .filter_map(|(article, total)| Some((*article, total?)))
            .collect())
    }

    /// Sets totals to SQL's count plus the views that are not in SQL yet. The mode `fill` sets only
    /// missing totals, `correct` only existing ones.
    async fn set_totals(
        &self,
        shard: i64,
        articles: &[i64],
        mode: &str,
    ) -> Result<Vec<Drift>, ViewError> {
        for _ in 0..ATTEMPTS {
            let before = self.before(shard).await?;
            let (mut applied, totals) =
                self.ledger.totals_and_applied(articles, &before.batches).await?;
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
                let drift = |(article, cached, correct)| {
                    Drift::of_article("total", article, cached, correct)
                };
                return Ok(changes.into_iter().map(drift).collect());
            }
        }
        Err(ViewError::Store("flushes came in between each time that SQL was read".into()))
    }

    async fn before(&self, shard: i64) -> Result<Before, ViewError> {
        let key = Self::key(shard);
        let mut pipeline = pipe();
        pipeline.atomic().hget(format!("{key}:state"), "version").zrange(
            format!("{key}:batches"),
            0,
            -1,
        );
        let (version, batches): (Option<String>, Vec<String>) =
            self.redis.pipeline(&pipeline).await?;
        let now = self.clock.now_ms();
        // It is unknown whether SQL has the undecided batches. A flush skips them, and adding them
        // here would count their views twice if SQL has them.
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
        // An article without a total in Redis has had no view since Redis was empty, so SQL has all
        // of its views.
        Ok(found.filter_map(|(article, total)| Some((article, total?))).collect())
    }

    /// See [`super::ViewStore::salt_if_any`].
    pub async fn salt_if_any(&self, day: i64) -> Result<Option<Salt>, ViewError> {
        self.salt(day, None).await
    }

    /// See [`super::ViewStore::salts`].
    pub async fn salts(
        &self,
        day: i64,
        fresh: Salt,
        yesterday: Option<Salt>,
    ) -> Result<(Salt, Option<Salt>), ViewError> {
        Ok((
            self.salt(day, Some(fresh)).await?.ok_or_else(unreadable)?,
            self.salt(day - 1, yesterday).await?,
        ))
    }

    /// The salt of a day. If there is none and one is `offered`, that becomes the salt.
    async fn salt(&self, day: i64, offered: Option<Salt>) -> Result<Option<Salt>, ViewError> {
        let key = format!("tm:salt:{day}");
        if let Some(offered) = offered {
            // Rule C3: a salt is destroyed after two days, the day itself and the next, when it is
            // yesterday's.
            let lives_for = ((day + 2) * DAY_MS - self.clock.now_ms()).max(1);
            let mut command = cmd("SET");
            command.arg(&key).arg(&offered[..]).arg("NX").arg("PX").arg(lives_for);
            self.redis.query::<Value>(&command).await?;
        }
        let salt: Option<Vec<u8>> = self.redis.query(cmd("GET").arg(&key)).await?;
        salt.map(|salt| Salt::try_from(salt).map_err(|_| unreadable())).transpose()
    }

    /// Compares every total Redis caches for a shard with the correct one, and corrects it.
    async fn correct_totals(&self, shard: i64) -> Result<Vec<Drift>, ViewError> {
        let articles: Vec<i64> =
            self.redis.query(cmd("HKEYS").arg(format!("{}:total", Self::key(shard)))).await?;
        let mut drifts = Vec::new();
        for chunk in articles.chunks(CHUNK) {
            drifts.extend(self.set_totals(shard, chunk, "correct").await?);
        }
        Ok(drifts)
    }

    /// Compares every total and ranking cached in Redis with SQL plus the views that are not in SQL
    /// yet, and corrects them.
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

    /// Gives this Redis a name, if it has none, and registers the name in SQL. A second name there
    /// means that a Redis was lost.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn register_origin(&self) -> Result<(), ViewError> {
        const ORIGIN: &str = "tm:origin";
        // A Redis that was emptied has lost its number of shards too.
        self.is_claimed.store(false, Ordering::Relaxed);
        self.ensure_shards_claimed().await?;
        let fresh = format!("{:032x}", rand::random::<u128>());
        self.redis.query::<Value>(cmd("SET").arg(ORIGIN).arg(fresh).arg("NX")).await?;
        let name: Option<String> = self.redis.query(cmd("GET").arg(ORIGIN)).await?;
        Ok(self.ledger.add_origin(&name.ok_or_else(unreadable)?, self.clock.now_ms()).await?)
    }

    /// Fixes the number of shards of this Redis. With a different number, a view's dedup entry
    /// would be looked up in the wrong shard, and views pending in a shard that no longer exists
    /// would never be flushed.
    ///
    /// # Errors
    /// The inner error is the number that Redis has, if it differs. The outer one is
    /// [`ViewError::Store`].
    pub async fn claim_shards(&self) -> Result<Result<(), i64>, ViewError> {
        const SHARDS: &str = "tm:shards";
        self.redis.query::<Value>(cmd("SET").arg(SHARDS).arg(self.shards).arg("NX")).await?;
        let shards: Option<i64> = self.redis.query(cmd("GET").arg(SHARDS)).await?;
        let shards = shards.ok_or_else(unreadable)?;
        self.is_claimed.store(shards == self.shards, Ordering::Relaxed);
        Ok(if shards == self.shards { Ok(()) } else { Err(shards) })
    }

    /// Calls [`RedisStore::claim_shards`] unless it has succeeded already: Redis may have been
    /// unavailable at startup.
    async fn ensure_shards_claimed(&self) -> Result<(), ViewError> {
        if self.is_claimed.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.claim_shards().await?.map_err(|found| {
            ViewError::Store(format!(
                "redis.shards is {}, but this Redis was first used with {found}",
                self.shards
            ))
        })
    }

    /// What the nodes that hold shards report about themselves, once per server.
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

    /// Deletes expired entries from the log. Returns how many.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call deletes the rest.
    pub async fn prune(&self) -> Result<u64, ViewError> {
        let mut forgotten = 0;
        for shard in self.shards() {
            // In small steps, because views wait while the script runs.
            loop {
                let part: u64 =
                    self.redis.evaluate(&PRUNE, &Self::key(shard), &[self.time()]).await?;
                if part == 0 {
                    break;
                }
                forgotten += part;
            }
        }
        Ok(forgotten)
    }

    /// Counts what is not in SQL yet.
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

/// The id of a new batch: the time, which tells its age, and a random part, which makes it unique.
fn generation_id(now: i64, random: u64) -> String {
    format!("{now}-{random:016x}")
}

/// Whether a batch is so old that the ledger may have forgotten it, so that it is unknown whether
/// SQL has its views.
pub(crate) fn is_undecided(id: &str, now: i64) -> bool {
    let began_at: Option<i64> = id.split_once('-').and_then(|(time, _)| time.parse().ok());
    began_at.is_none_or(|began_at| began_at < now - OLDEST)
}

/// An article's visitor in the dedup log.
#[derive(Clone, Copy, Debug)]
struct Ids {
    /// The id that the visitor is looked up by.
    own: Id,
    /// The id under the network, if a cap applies to it.
    network: Option<Id>,
    /// The id under the address, if a cap applies to it and `own` is not that id already.
    address: Option<Id>,
}

impl Ids {
    fn of(article: i64, hashes: Hashes) -> Self {
        Self {
            own: Id::new(article, hashes),
            network: Id::of_network(article, hashes),
            address: Id::of_address(article, hashes),
        }
    }
}

/// Appends a view in the format that `record.lua` reads.
fn pack(view: &View, ids: Ids, articles: &[i64], seen: &Seen, now: i64, packed: &mut Vec<u8>) {
    let (mut is_repeat, mut live) = seen.find(ids.own, now);
    let yesterday = view.visitor.yesterday.map(|hashes| Ids::of(view.article, hashes));
    if let Some(yesterday) = yesterday {
        let (was_counted, visitors) = seen.find(yesterday.own, now);
        is_repeat = is_repeat || was_counted;
        live += visitors;
    }
    let is_anonymous = view.visitor.today.address.is_some();
    // The day's lowest three bits.
    let day = u8::try_from(view.visitor.day.rem_euclid(8)).unwrap_or(0);
    let flags = [
        is_anonymous,
        yesterday.is_some(),
        is_repeat,
        ids.network.is_some(),
        ids.address.is_some(),
    ];
    packed.push(flags.iter().rev().fold(day, |bits, flag| 2 * bits + u8::from(*flag)));
    // Lua indices start at 1. A batch is far smaller than the limit of 65,535.
    let article = articles.binary_search(&view.article).map_or(0, |index| index + 1);
    packed.extend_from_slice(&u16::try_from(article).unwrap_or(0).to_be_bytes());
    packed.extend_from_slice(&u16::try_from(live).unwrap_or(u16::MAX).to_be_bytes());
    packed.extend_from_slice(&ids.own.bytes());
    if let Some(yesterday) = yesterday {
        packed.extend_from_slice(&yesterday.own.bytes());
    }
    let networks = (ids.network, yesterday.and_then(|yesterday| yesterday.network));
    let addresses = (ids.address, yesterday.and_then(|yesterday| yesterday.address));
    for (today, before) in [networks, addresses] {
        let Some(today) = today else { continue };
        let live = [Some(today), before]
            .into_iter()
            .flatten()
            .map(|id| seen.find(id, now).1)
            .sum::<usize>();
        packed.extend_from_slice(&u16::try_from(live).unwrap_or(u16::MAX).to_be_bytes());
        packed.extend_from_slice(&today.origin());
        if yesterday.is_some() {
            packed.extend_from_slice(&before.map_or([0; 6], Id::origin));
        }
    }
}

/// The next value of a script's answer.
fn next<T: FromRedisValue>(answer: &mut impl Iterator<Item = Value>) -> Result<T, ViewError> {
    Ok(from_redis_value(answer.next().ok_or_else(unreadable)?)?)
}

/// A number as a script argument.
pub(crate) fn number(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// A set as script arguments: its size, then its members.
fn set(members: &HashSet<String>) -> impl Iterator<Item = Vec<u8>> {
    let count = number(i64::try_from(members.len()).unwrap_or(i64::MAX));
    std::iter::once(count).chain(members.iter().map(|member| member.clone().into_bytes()))
}

fn unreadable() -> ViewError {
    ViewError::Store("Redis: an answer that can't be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c5_a_batch_is_undecided_once_the_ledger_may_have_forgotten_it() {
        // After 29 days: the ledger keeps a batch for 30 days, and clocks may differ.
        let began_at = 1_800_000_000_000;
        let oldest = 29 * DAY_MS;
        let id = generation_id(began_at, 7);
        assert!(!is_undecided(&id, began_at + oldest));
        assert!(is_undecided(&id, began_at + oldest + 1));
        assert!(is_undecided("no time", began_at));
    }
}
