//! The most viewed articles: each shard's rankings, built from SQL and updated by the views that
//! arrive afterwards.

use ::redis::{Value, cmd, pipe};
use tidemark_store::clock::Millis;

use super::wire::{number, set, unreadable};
use super::{ATTEMPTS, BUILT, CHUNK, PUBLISH, RedisStore, TOP};
use crate::ViewError;
use crate::Window;
use crate::hour_of;
use crate::store::Drift;
use crate::{ArticleId, Hour, ShardId};

/// TTL of a ranking that was built but never published, in seconds.
const ASIDE_SECONDS: i64 = 600;

/// What a shard says of its rankings.
pub(super) struct Built {
    /// The current hour.
    pub(super) hour: Hour,
    /// Whether cached counts may be stale after a restart.
    is_stale: bool,
    /// The hour that each of [`Window::ALL`] was built for.
    hours: Vec<Option<i64>>,
}

impl RedisStore {
    /// The articles with the most views in `window`, most viewed first; ties go to the newer
    /// article. `None` if the ranking has to be built first.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn top(
        &self,
        window: Window,
        count: usize,
    ) -> Result<Option<Vec<(ArticleId, i64)>>, ViewError> {
        let arguments =
            [self.time(), name_of(window), number(i64::try_from(count).unwrap_or(i64::MAX))];
        let reads = self.shards().map(|shard| {
            let arguments = &arguments;
            async move {
                let top: Option<Vec<(ArticleId, i64)>> =
                    self.redis.evaluate(&TOP, &Self::key(shard), arguments).await?;
                Ok::<_, ViewError>(top)
            }
        });
        let shards: Option<Vec<_>> =
            futures_util::future::try_join_all(reads).await?.into_iter().collect();
        Ok(shards.map(|shards| {
            let mut all: Vec<(ArticleId, i64)> = shards.into_iter().flatten().collect();
            all.sort_unstable_by_key(|(article, views)| std::cmp::Reverse((*views, *article)));
            all.truncate(count);
            all
        }))
    }

    /// Builds the rankings of every shard that has none, or whose rankings are of an earlier hour.
    /// Returns how many shards it built.
    ///
    /// # Errors
    /// [`ViewError::Store`]; the next call builds the remaining shards.
    pub async fn refresh_rankings(&self) -> Result<usize, ViewError> {
        let mut built = 0;
        for shard in self.shards() {
            let Built { hour, is_stale, hours } = self.built(shard).await?;
            // Redis has restarted, so its cached counts may be as old as its file.
            if is_stale {
                self.correct_totals(shard).await?;
                self.build_rankings(shard, hour, &Window::ALL).await?;
                let state = format!("{}:state", Self::key(shard));
                self.redis.query::<Value>(cmd("HDEL").arg(state).arg("stale")).await?;
                built += 1;
                continue;
            }
            let stale: Vec<Window> = Window::ALL
                .into_iter()
                .zip(hours)
                .filter(|(window, built)| match window.hours() {
                    None => built.is_none(),
                    // A later hour than the next one comes from a clock that was ahead.
                    Some(_) => {
                        built.is_none_or(|built| !(0..=1).contains(&built.saturating_sub(hour.0)))
                    }
                })
                .map(|(window, _)| window)
                .collect();
            if !stale.is_empty() {
                self.build_rankings(shard, hour, &stale).await?;
                built += 1;
            }
        }
        Ok(built)
    }

    /// What a shard says of its rankings. The hour is that of Redis' clock, which views are
    /// recorded by: replicas whose clocks differ would build each other's rankings again and again.
    pub(super) async fn built(&self, shard: ShardId) -> Result<Built, ViewError> {
        let mut arguments = vec![self.time()];
        arguments.extend(Window::ALL.map(name_of));
        let mut hours: Vec<Option<i64>> =
            self.redis.evaluate(&BUILT, &Self::key(shard), &arguments).await?;
        let now = hours.pop().flatten().ok_or_else(unreadable)?;
        let is_stale = hours.pop().flatten().is_some();
        Ok(Built { hour: hour_of(Millis(now)), is_stale, hours })
    }

    /// Builds a shard's rankings from SQL under temporary names, then publishes them. Returns how a
    /// previous ranking of the same hour differed.
    pub(super) async fn build_rankings(
        &self,
        shard: ShardId,
        hour: Hour,
        rankings: &[Window],
    ) -> Result<Vec<Drift>, ViewError> {
        let key = Self::key(shard);
        for _ in 0..ATTEMPTS {
            let before = self.before(shard).await?;
            let windows: Vec<Option<i64>> = rankings.iter().map(|window| window.hours()).collect();
            let (applied, views) = self
                .ledger
                .window_views_and_applied((shard, self.shards), hour, &windows, &before.batches)
                .await?;
            let aside = format!("{:016x}", rand::random::<u64>());
            let members: Vec<usize> = views.iter().map(Vec::len).collect();
            for (window, views) in rankings.iter().zip(views) {
                let target = format!("{key}:rank:{}:{aside}", window.name());
                for chunk in views.chunks(CHUNK) {
                    let mut pipeline = pipe();
                    let members = pipeline.cmd("ZADD").arg(&target);
                    for (article, views) in chunk {
                        members.arg(views).arg(format!("{article:019}"));
                    }
                    pipeline.expire(&target, ASIDE_SECONDS);
                    self.redis.pipeline::<Value>(&pipeline).await?;
                }
            }
            let mut arguments =
                vec![self.time(), before.version.into_bytes(), number(hour.0), aside.into_bytes()];
            arguments.extend(set(&applied));
            for (window, members) in rankings.iter().zip(&members) {
                arguments.push(name_of(*window));
                arguments.push(number(window.hours().unwrap_or(0)));
                arguments.push(number(i64::try_from(*members).unwrap_or(i64::MAX)));
            }
            let changes: Option<Vec<(String, ArticleId, i64, i64)>> =
                self.redis.evaluate(&PUBLISH, &key, &arguments).await?;
            if let Some(changes) = changes {
                let drift = |(name, article, cached, correct): (String, _, _, _)| {
                    Drift::of_article(format!("rank:{name}"), article, cached, correct)
                };
                return Ok(changes.into_iter().map(drift).collect());
            }
        }
        Err(ViewError::Store("flushes came in between each time that SQL was read".into()))
    }
}

/// A ranking's name as a script argument.
fn name_of(window: Window) -> Vec<u8> {
    window.name().as_bytes().to_vec()
}
