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
//! A flush that dies at any point leaves batches that the next one resumes at step 2. Any number of
//! flushes may run concurrently. Batches that Redis restores from an older append-only file keep
//! their names, so SQL never applies them twice; see `docs/RELIABILITY.md`.

mod sync;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ::redis::{Value, cmd};
use tidemark_store::clock::Clock;
use tidemark_store::failpoint;
use tidemark_store::redis::{Info, Script};

use super::store::redis::{INFO, RedisStore, is_undecided};
use crate::ViewError;
use crate::sql::ledger::Batch;

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

/// How long the ledger keeps a batch, in milliseconds. An append-only file may be restored from a
/// backup up to this old.
pub const LEDGER_KEEPS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The maximum age of a batch, in milliseconds. An older one is left alone: the ledger may have
/// forgotten it, so it is unknown whether SQL has its views.
pub const OLDEST: i64 = LEDGER_KEEPS - 24 * 60 * 60 * 1000;

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
}

impl std::fmt::Display for Flushed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if *self == Self::default() {
            return write!(formatter, "Nothing to flush.");
        }
        write!(
            formatter,
            "Moved {} views of {} articles to SQL in {} batches",
            self.views, self.articles, self.batches
        )?;
        for (count, what) in [
            (self.known, "batches were there already"),
            (self.waiting, "batches wait until Redis has synced them"),
            (
                self.undecided,
                "batches are too old to know whether SQL has them; see docs/RELIABILITY.md",
            ),
        ] {
            if count > 0 {
                write!(formatter, "; {count} {what}")?;
            }
        }
        if self.dropped > 0 {
            write!(
                formatter,
                "; {} views of articles that are no longer there were dropped",
                self.dropped
            )?;
        }
        write!(formatter, ".")
    }
}

/// Moves views from Redis to SQL.
#[derive(Clone, Debug)]
pub struct Flusher {
    store: RedisStore,
    clock: Clock,
}

/// A shard with sealed batches, and its node's info at the time of the seal.
struct Sealed {
    shard: i64,
    info: Info,
    batches: Vec<String>,
}

impl Flusher {
    /// Creates a flusher of `store`; `clock` dates the ledger's entries.
    pub fn new(store: RedisStore, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Flushes all shards once.
    ///
    /// # Errors
    /// [`ViewError::Store`]: Redis or SQL is unavailable. Nothing is lost; the next flush resumes
    /// from there.
    pub async fn step(&self) -> Result<Flushed, ViewError> {
        let mut flushed = Flushed::default();
        let mut sealed = Vec::new();
        for shard in self.store.shards() {
            let mut answer: Vec<String> = self
                .store
                .redis
                .evaluate(&SEAL, &RedisStore::key(shard), &[self.store.time()])
                .await?;
            failpoint::reach("flush-sealed");
            let batches = answer.split_off(1);
            if !batches.is_empty() {
                sealed.push(Sealed { shard, info: Info::new(answer.concat()), batches });
            }
        }
        if sealed.is_empty() {
            return Ok(flushed);
        }
        let is_synced = self.wait_until_synced(&sealed).await?;
        failpoint::reach("flush-synced");
        let now = self.clock.now_ms();
        let mut batches = Vec::new();
        let mut finished = BTreeMap::<i64, Vec<String>>::new();
        for (Sealed { shard, batches: ids, .. }, is_synced) in sealed.iter().zip(is_synced) {
            for id in ids {
                if !is_synced {
                    flushed.waiting += 1;
                } else if is_undecided(id, now) {
                    flushed.undecided += 1;
                } else {
                    let batch = self.read(*shard, id).await?;
                    // An empty batch was finished by another flush, or a restart of Redis turned it
                    // back into pending views.
                    if !batch.views.is_empty() {
                        batches.push(batch);
                        finished.entry(*shard).or_default().push(id.clone());
                    }
                }
            }
        }
        if batches.is_empty() {
            return Ok(flushed);
        }
        if failpoint::variant() == Some(failpoint::Variant::DeleteFirst) {
            self.finish(&finished).await?;
        }
        let applied = self.store.ledger.apply(batches, now).await?;
        failpoint::reach("flush-applied");
        self.finish(&finished).await?;
        flushed.batches = applied.batches;
        flushed.known = applied.known;
        flushed.articles = applied.articles;
        flushed.views = applied.views;
        flushed.dropped = applied.dropped;
        Ok(flushed)
    }

    async fn read(&self, shard: i64, id: &str) -> Result<Batch, ViewError> {
        let key = format!("{}:batch:{id}", RedisStore::key(shard));
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
        Ok(Batch { id: id.to_owned(), views })
    }

    async fn finish(&self, batches: &BTreeMap<i64, Vec<String>>) -> Result<(), ViewError> {
        for (shard, ids) in batches {
            let mut arguments = vec![self.store.time()];
            arguments.extend(ids.iter().map(|id| id.clone().into_bytes()));
            self.store
                .redis
                .evaluate::<Value>(&FINISH, &RedisStore::key(*shard), &arguments)
                .await?;
            failpoint::reach("flush-finished");
        }
        Ok(())
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
