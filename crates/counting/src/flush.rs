//! The flush: moves views from Redis to SQL, each exactly once (rule C5).
//!
//! 1. **Seal.** A shard's pending views become a batch. Its name was chosen when its first view
//!    came.
//! 2. **Sync.** Wait until the seal, and so every view before it, is on Redis' disk. Otherwise a
//!    crash of Redis could lose dedup entries of views that SQL already has, and a reader's retry
//!    would count again.
//! 3. **Apply.** One SQL transaction inserts the names of the batches into the ledger
//!    `view_batches` and adds their views. A name already in the ledger is skipped, because SQL has
//!    its views.
//! 4. **Finish.** Redis deletes the batches.
//!
//! Steps 3 and 4 are separate functions, so that batches can also travel by another road: through a
//! log from which something else brings them to SQL, by the same ledger. Then Redis still deletes
//! only what the ledger has.
//!
//! A flush that dies at any point leaves batches that the next one resumes at step 2. Any number of
//! flushes may run concurrently. Batches that Redis restores from an older append-only file keep
//! their names, so SQL never applies them twice; see `docs/RELIABILITY.md`.

mod sync;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use ::redis::{Value, cmd};
use tidemark_store::clock::Clock;
use tidemark_store::failpoint;
use tidemark_store::redis::{Info, Script};

use super::store::redis::{INFO, RedisStore, unreadable};
use crate::ShardId;
use crate::ViewError;
use crate::sql::ledger::{Applied, Batch, Ledger, is_undecided};

static SEAL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("store/redis/common.lua"),
        include_str!("store/redis/seal.lua")
    ))
});
static FINISH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("store/redis/common.lua"),
        include_str!("store/redis/finish.lua")
    ))
});

/// Summary of a flush.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Batches that were added to SQL.
    pub batches: u64,
    /// Batches that SQL already had.
    pub known: u64,
    /// Articles whose views were added to.
    pub articles: u64,
    /// Views that were added to SQL.
    pub views: i64,
    /// Views of articles that no longer exist; they are dropped.
    pub dropped: i64,
    /// Batches left for the next flush, because Redis has not synced them yet.
    pub waiting: u64,
    /// Batches so old that it is unknown whether SQL has them. They stay in Redis until an operator
    /// decides.
    pub undecided: u64,
    /// Batches that were handed to a log, on their way to SQL.
    pub sent: u64,
    /// Batches that came to SQL through a log, so that Redis could forget them.
    pub arrived: u64,
    /// Batches on their way through a log.
    pub travelling: u64,
    /// Why nothing can be handed to the log now.
    pub obstacle: Option<String>,
}

impl Flushed {
    /// Adds what came to SQL.
    pub fn add_applied(&mut self, applied: &Applied) {
        self.batches += applied.batches;
        self.known += applied.known;
        self.articles = self.articles.max(applied.articles);
        self.views += applied.views;
        self.dropped += applied.dropped;
    }
}

impl std::fmt::Display for Flushed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::default() {
            return write!(formatter, "Nothing to flush.");
        }
        let mut parts = Vec::new();
        let travels = self.sent + self.arrived + self.travelling > 0 || self.obstacle.is_some();
        if self.batches > 0 || !travels {
            parts.push(format!(
                "Moved {} views of {} articles to SQL in {} batches",
                self.views, self.articles, self.batches
            ));
        }
        for (count, what) in [
            (self.known, "batches were there already"),
            (self.sent, "batches were handed to Kafka"),
            (self.arrived, "batches have come through Kafka"),
            (self.travelling, "batches are on their way through Kafka"),
            (self.waiting, "batches wait until Redis has synced them"),
            (
                self.undecided,
                "batches are too old to know whether SQL has them; see docs/RELIABILITY.md",
            ),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if self.dropped > 0 {
            parts.push(format!(
                "{} views of articles that are no longer there were dropped",
                self.dropped
            ));
        }
        if let Some(obstacle) = &self.obstacle {
            parts.push(format!("Kafka can't be used ({obstacle}), so batches go to SQL directly"));
        }
        write!(formatter, "{}.", parts.join("; "))
    }
}

/// Moves views from Redis to SQL.
#[derive(Clone, Debug)]
pub struct Flusher {
    store: RedisStore,
    clock: Clock,
}

/// A batch in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchName {
    /// The shard that has it.
    pub shard: ShardId,
    /// Its unique name.
    pub id: String,
}

/// A shard with sealed batches, and its node's info at the time of the seal.
struct Sealed {
    shard: ShardId,
    info: Info,
    batches: Vec<String>,
}

impl Flusher {
    /// Creates a flusher of `store`; `clock` dates the ledger's entries.
    pub fn new(store: RedisStore, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// The ledger, which says what SQL has.
    pub fn ledger(&self) -> &Ledger {
        &self.store.ledger
    }

    /// The clock that dates the ledger's entries.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Flushes all shards once, straight to SQL.
    ///
    /// # Errors
    /// [`ViewError::Store`]: Redis or SQL is unavailable. Nothing is lost; the next flush resumes
    /// from there.
    pub async fn step(&self) -> Result<Flushed, ViewError> {
        let (names, mut flushed) = self.take().await?;
        flushed.add_applied(&self.apply(&names).await?);
        Ok(flushed)
    }

    /// Steps 1 and 2: seals every shard's pending views and waits until Redis has synced them.
    /// Returns the batches that may be moved now, those of earlier flushes among them, and how many
    /// may not.
    ///
    /// # Errors
    /// As for [`Self::step`].
    pub async fn take(&self) -> Result<(Vec<BatchName>, Flushed), ViewError> {
        let (mut names, mut flushed) = (Vec::new(), Flushed::default());
        let mut sealed = Vec::new();
        for shard in self.store.shards() {
            let (info, batches) = self.seal_shard(shard).await?;
            failpoint::reach("flush-sealed");
            if !batches.is_empty() {
                sealed.push(Sealed { shard, info: Info::new(info), batches });
            }
        }
        if sealed.is_empty() {
            return Ok((names, flushed));
        }
        let is_synced = self.wait_until_synced(&sealed).await?;
        failpoint::reach("flush-synced");
        let now = self.clock.now();
        for (Sealed { shard, batches: ids, .. }, is_synced) in sealed.into_iter().zip(is_synced) {
            for id in ids {
                if !is_synced {
                    flushed.waiting += 1;
                } else if is_undecided(&id, now) {
                    flushed.undecided += 1;
                } else {
                    names.push(BatchName { shard, id });
                }
            }
        }
        Ok((names, flushed))
    }

    /// Step 1 alone. Returns all batches that Redis has.
    ///
    /// # Errors
    /// As for [`Self::step`].
    pub async fn seal(&self) -> Result<Vec<BatchName>, ViewError> {
        let mut names = Vec::new();
        for shard in self.store.shards() {
            let (_, batches) = self.seal_shard(shard).await?;
            names.extend(batches.into_iter().map(|id| BatchName { shard, id }));
        }
        Ok(names)
    }

    /// Step 1 for a shard. Returns what Redis says of itself, and all batches of the shard.
    async fn seal_shard(&self, shard: ShardId) -> Result<(String, Vec<String>), ViewError> {
        let key = RedisStore::key(shard);
        let answer: Vec<String> =
            self.store.redis.evaluate(&SEAL, &key, &[self.store.time()]).await?;
        let mut answer = answer.into_iter();
        let info = answer.next().ok_or_else(unreadable)?;
        Ok((info, answer.collect()))
    }

    /// Steps 3 and 4 of the direct way: adds batches to SQL, and has Redis delete them.
    ///
    /// # Errors
    /// As for [`Self::step`].
    pub async fn apply(&self, names: &[BatchName]) -> Result<Applied, ViewError> {
        let (mut batches, mut there) = (Vec::new(), Vec::new());
        for name in names {
            if let Some(batch) = self.read(name).await? {
                batches.push(batch);
                there.push(name.clone());
            }
        }
        if batches.is_empty() {
            return Ok(Applied::default());
        }
        if failpoint::variant() == Some(failpoint::Variant::DeleteFirst) {
            self.finish(&there).await?;
        }
        let applied = self.store.ledger.apply(batches, self.clock.now()).await?;
        failpoint::reach("flush-applied");
        self.finish(&there).await?;
        Ok(applied)
    }

    /// Reads a batch from Redis. `None` if another flush has finished it, or a restart of Redis
    /// turned it back into pending views.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn read(&self, name: &BatchName) -> Result<Option<Batch>, ViewError> {
        let key = format!("{}:batch:{}", RedisStore::key(name.shard), name.id);
        let fields: Vec<(String, i64)> = self.store.redis.query(cmd("HGETALL").arg(key)).await?;
        let mut views = BTreeMap::new();
        for (field, count) in fields {
            let place = field
                .split_once(':')
                .and_then(|(article, hour)| Some((article.parse().ok()?, hour.parse().ok()?)));
            let place = place.ok_or_else(|| {
                ViewError::Store(format!("Redis: {field:?} in a batch is no article and hour"))
            })?;
            views.insert(place, count);
        }
        Ok((!views.is_empty()).then(|| Batch { id: name.id.clone(), views }))
    }

    /// Step 4: has Redis delete batches. The ledger must have them.
    ///
    /// # Errors
    /// [`ViewError::Store`]; what is left is deleted by a later flush.
    pub async fn finish(&self, names: &[BatchName]) -> Result<(), ViewError> {
        let mut shards = BTreeMap::<ShardId, Vec<Vec<u8>>>::new();
        for name in names {
            let arguments = shards.entry(name.shard).or_insert_with(|| vec![self.store.time()]);
            arguments.push(name.id.clone().into_bytes());
        }
        for (shard, arguments) in shards {
            self.store
                .redis
                .evaluate::<Value>(&FINISH, &RedisStore::key(shard), &arguments)
                .await?;
            failpoint::reach("flush-finished");
        }
        Ok(())
    }

    /// Whether this process may hand the batch to a log now. One process at a time may, and for
    /// `lasts` no other: otherwise each of them would send what all of them see. It is no lock. If
    /// the process dies, or Redis forgets it, the batch is sent once more.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn claim(&self, name: &BatchName, lasts: Duration) -> Result<bool, ViewError> {
        let key = format!("{}:sent:{}", RedisStore::key(name.shard), name.id);
        let lasts = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut command = cmd("SET");
        command.arg(key).arg("").arg("NX").arg("PX").arg(lasts);
        let answer: Option<String> = self.store.redis.query(&command).await?;
        Ok(answer.is_some())
    }

    /// Waits until each shard's seal is on Redis' disk, as far as Redis' settings allow. Returns
    /// for each shard whether it is.
    async fn wait_until_synced(&self, sealed: &[Sealed]) -> Result<Vec<bool>, ViewError> {
        let seals: Vec<&Info> = sealed.iter().map(|sealed| &sealed.info).collect();
        if seals.iter().all(|seal| sync::is_off(seal))
            || self.store.redis.setting("appendfsync").await?.as_deref() == Some("always")
        {
            return Ok(vec![true; sealed.len()]);
        }
        let ask = async |shard| {
            let answer: Vec<String> =
                self.store.redis.evaluate(&INFO, &RedisStore::key(shard), &[]).await?;
            Ok(Info::new(answer.concat()))
        };
        sync::wait(&seals, |index| ask(sealed[index].shard)).await
    }
}
