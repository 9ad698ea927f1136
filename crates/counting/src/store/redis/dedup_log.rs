//! Keeps this process's copy of the dedup log up to date, and answers from it whether a view would
//! count.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::redis::{Value, cmd};
use tokio::sync::Mutex;

use super::seen::{Id, Seen};
use super::wire::{Ids, next, unreadable};
use super::{LOG, PRUNE, RedisStore};
use crate::ViewError;
use crate::rules::{Known, refusal};
use crate::visitor::{Hashes, Visitor};

/// This process's copy of a shard's dedup log.
#[derive(Debug, Default)]
pub(super) struct SeenPlace {
    /// Serializes batches, so that no two read the same part of the log.
    pub(super) turn: Mutex<()>,
    /// Locked only briefly: pages read it while a batch waits for Redis.
    seen: RwLock<Seen>,
}

impl SeenPlace {
    pub(super) fn reading(&self) -> RwLockReadGuard<'_, Seen> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writing(&self) -> RwLockWriteGuard<'_, Seen> {
        self.seen.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RedisStore {
    /// See [`crate::store::ViewStore::catch_up`].
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        // All at once: no shard waits for a Cluster node that is down and holds another one.
        let shards = self.shards().map(|shard| self.catch_up_shard(shard));
        futures_util::future::join_all(shards).await.into_iter().collect()
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
    pub(super) async fn read_log(
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

    pub(super) fn place(&self, shard: i64) -> Option<&SeenPlace> {
        usize::try_from(shard).ok().and_then(|shard| self.seen.get(shard))
    }

    /// See [`crate::store::ViewStore::would_count`].
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
}
