//! Which Redis this is: its name, its number of shards, and its nodes.

use std::sync::atomic::Ordering;

use ::redis::{Value, cmd};
use tidemark_store::redis::Info;

use super::wire::unreadable;
use super::{INFO, RedisStore};
use crate::ViewError;

/// The key that holds the name of this Redis.
const ORIGIN: &str = "tm:origin";

impl RedisStore {
    /// The name of this Redis; `None` if it has none, because nothing was flushed from it yet.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn origin(&self) -> Result<Option<String>, ViewError> {
        Ok(self.redis.query(cmd("GET").arg(ORIGIN)).await?)
    }

    /// Gives this Redis a name, if it has none, and registers the name in SQL. A second name there
    /// means that a Redis was lost.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn register_origin(&self) -> Result<(), ViewError> {
        // A Redis that was emptied has lost its number of shards too.
        self.is_claimed.store(false, Ordering::Relaxed);
        self.ensure_shards_claimed().await?;
        let fresh = format!("{:032x}", rand::random::<u128>());
        self.redis.query::<Value>(cmd("SET").arg(ORIGIN).arg(fresh).arg("NX")).await?;
        let name: Option<String> = self.redis.query(cmd("GET").arg(ORIGIN)).await?;
        Ok(self.ledger.add_origin(&name.ok_or_else(unreadable)?, self.clock.now()).await?)
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
    pub(super) async fn ensure_shards_claimed(&self) -> Result<(), ViewError> {
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
}
