//! Totals: reads them, fills those that Redis does not have from SQL, and corrects them; and counts
//! what is not in SQL yet.

use std::collections::{BTreeMap, HashMap};

use ::redis::{cmd, pipe};

use super::wire::{number, set};
use super::{ATTEMPTS, CHUNK, FILL, RedisStore, UNFLUSHED};
use crate::ViewError;
use crate::Window;
use crate::sql::ledger::is_undecided;
use crate::store::Drift;
use crate::{ArticleId, ShardId};

/// What is not in SQL yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unflushed {
    /// Views that no flush has sealed yet.
    pub pending: i64,
    /// Batches that a flush has sealed but not finished.
    pub batches: u64,
}

/// A shard's state, read before SQL. Its version changes when a batch is sealed or finished, which
/// makes what was read from SQL stale.
pub(super) struct Before {
    pub(super) version: String,
    pub(super) batches: Vec<String>,
    undecided: Vec<String>,
}

impl RedisStore {
    /// Fills missing totals from SQL plus the views that are not in SQL yet. Returns the totals of
    /// `articles`.
    pub(super) async fn fill(
        &self,
        shard: ShardId,
        articles: &[ArticleId],
    ) -> Result<HashMap<ArticleId, i64>, ViewError> {
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
        shard: ShardId,
        articles: &[ArticleId],
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
                arguments.push(number(article.0));
                arguments.push(number(totals.get(article).copied().unwrap_or(0)));
            }
            let changes: Option<Vec<(ArticleId, i64, i64)>> =
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

    pub(super) async fn before(&self, shard: ShardId) -> Result<Before, ViewError> {
        let key = Self::key(shard);
        let mut pipeline = pipe();
        pipeline.atomic().hget(format!("{key}:state"), "version").zrange(
            format!("{key}:batches"),
            0,
            -1,
        );
        let (version, batches): (Option<String>, Vec<String>) =
            self.redis.pipeline(&pipeline).await?;
        let now = self.clock.now();
        // It is unknown whether SQL has the undecided batches. A flush skips them, and adding them
        // here would count their views twice if SQL has them.
        let (undecided, batches) = batches.into_iter().partition(|batch| is_undecided(batch, now));
        Ok(Before { version: version.unwrap_or_else(|| "0".into()), batches, undecided })
    }

    /// See [`crate::store::ViewStore::totals`].
    pub async fn totals(
        &self,
        articles: &[ArticleId],
    ) -> Result<HashMap<ArticleId, i64>, ViewError> {
        let mut by_shard = BTreeMap::<ShardId, Vec<ArticleId>>::new();
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

    /// Compares every total Redis caches for a shard with the correct one, and corrects it.
    pub(super) async fn correct_totals(&self, shard: ShardId) -> Result<Vec<Drift>, ViewError> {
        let articles: Vec<ArticleId> =
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
        let mut drifts = Vec::new();
        for shard in self.shards() {
            let hour = self.built(shard).await?.hour;
            drifts.extend(self.correct_totals(shard).await?);
            drifts.extend(self.build_rankings(shard, hour, &Window::ALL).await?);
        }
        Ok(drifts)
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
