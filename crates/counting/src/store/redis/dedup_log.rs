//! Keeps this process's copy of the dedup log up to date, and answers from it whether a view would
//! count.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ::redis::{Value, cmd};
use tidemark_store::clock::Millis;
use tokio::sync::Mutex;

use super::wire::{next, unreadable};
use super::{LOG, PRUNE, RedisStore};
use crate::ViewError;
use crate::rules::{self, View};
use crate::seen::Seen;
use crate::visitor::Visitor;
use crate::{ArticleId, ShardId};

/// How far a shard's log was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The log's name; empty if no log was read yet. Redis renames the log when it has restarted or
    /// was emptied, because the log may then have lost entries that were read.
    pub(super) log: String,
    /// The number of the chunk.
    pub(super) chunk: i64,
    /// The byte offset in the chunk.
    pub(super) byte: i64,
}

/// A shard's log up to a position.
#[derive(Debug, Default)]
pub(super) struct LogCopy {
    pub(super) seen: Seen,
    pub(super) position: Position,
    /// How far Redis' clock was ahead of this process's at its last answer, in milliseconds.
    pub(super) ahead: i64,
}

impl LogCopy {
    /// Starts over with an unread log.
    fn begin(&mut self, log: String, chunk: i64) {
        self.seen = Seen::default();
        self.position = Position { log, chunk, byte: 0 };
    }

    /// Adds entries of the log, which end at a chunk and a byte.
    pub(super) fn read(&mut self, entries: &[u8], (chunk, byte): (i64, i64)) {
        self.seen.read(entries);
        (self.position.chunk, self.position.byte) = (chunk, byte);
    }
}

/// This process's copy of a shard's dedup log.
#[derive(Debug, Default)]
pub(super) struct SeenPlace {
    /// Serializes batches, so that no two read the same part of the log.
    pub(super) turn: Mutex<()>,
    /// Locked only briefly: pages read it while a batch waits for Redis.
    copy: RwLock<LogCopy>,
}

impl SeenPlace {
    pub(super) fn reading(&self) -> RwLockReadGuard<'_, LogCopy> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writing(&self) -> RwLockWriteGuard<'_, LogCopy> {
        self.copy.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RedisStore {
    /// See [`crate::store::ViewStore::catch_up`].
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        // All at once: no shard waits for a Cluster node that is down and holds another one.
        let shards = self.shards().map(|shard| self.catch_up_shard(shard));
        futures_util::future::join_all(shards).await.into_iter().collect()
    }

    async fn catch_up_shard(&self, shard: ShardId) -> Result<(), ViewError> {
        let place = self.place(shard).ok_or_else(unreadable)?;
        let Ok(_turn) = place.turn.try_lock() else { return Ok(()) };
        let answer: Vec<Value> =
            self.redis.evaluate(&LOG, &Self::key(shard), &[self.time()]).await?;
        let mut answer = answer.into_iter();
        let now = Millis(next(&mut answer)?);
        self.set_time(place, now);
        let log: Option<String> = next(&mut answer)?;
        // There is no log before the first view.
        let Some(log) = log else { return Ok(()) };
        let (last_chunk, chunks) = (next(&mut answer)?, next(&mut answer)?);
        self.read_log(shard, place, log, last_chunk, chunks).await
    }

    /// Adopts Redis' clock, which shows `now`.
    pub(super) fn set_time(&self, place: &SeenPlace, now: Millis) {
        place.writing().ahead = now.0.saturating_sub(self.clock.now().0);
        // Expire entries by Redis' time only: this process's clock may have been set.
        while place.writing().seen.forget(now.second()) {}
    }

    /// Reads the unread part of a shard's log. The caller holds the shard's `turn` lock.
    pub(super) async fn read_log(
        &self,
        shard: ShardId,
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
            position.chunk = chunk;
            place.writing().read(&entries, (chunk, from.saturating_add(read)));
        }
        if position.chunk < last_chunk {
            place.writing().read(&[], (last_chunk, 0));
        }
        Ok(())
    }

    pub(super) fn place(&self, shard: ShardId) -> Option<&SeenPlace> {
        usize::try_from(shard.0).ok().and_then(|shard| self.seen.get(shard))
    }

    /// See [`crate::store::ViewStore::would_count`].
    pub fn would_count(&self, article: ArticleId, visitor: &Visitor) -> bool {
        let Some(place) = self.place(self.shard_of(article)) else { return true };
        let copy = place.reading();
        let second = (self.clock.now() + copy.ahead).second();
        rules::would_count(&View { article, visitor: *visitor }, second, &copy.seen, &self.caps)
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
