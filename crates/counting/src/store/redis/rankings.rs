//! The most viewed articles: each shard's rankings, built from SQL and updated by the views that
//! arrive afterwards.

use ::redis::{Value, cmd, pipe};

use super::wire::{number, set, unreadable};
use super::{ATTEMPTS, BUILT, CHUNK, PUBLISH, RedisStore, TOP};
use crate::ViewError;
use crate::Window;
use crate::hour_of;
use crate::store::Drift;

/// The ranked windows with their names in Redis, in the order of `built.lua`'s answer.
pub(super) const RANKINGS: [(&str, Window); 4] =
    [("all", Window::All), ("24h", Window::Day), ("7d", Window::Week), ("30d", Window::Month)];

/// TTL of a ranking that was built but never published, in seconds.
const ASIDE_SECONDS: i64 = 600;

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
    ) -> Result<Option<Vec<(i64, i64)>>, ViewError> {
        let (name, _) =
            RANKINGS.into_iter().find(|(_, other)| *other == window).ok_or_else(unreadable)?;
        let arguments = [
            self.time(),
            name.as_bytes().to_vec(),
            number(i64::try_from(count).unwrap_or(i64::MAX)),
        ];
        let reads = self.shards().map(|shard| {
            let arguments = &arguments;
            async move {
                let top: Option<Vec<(i64, i64)>> =
                    self.redis.evaluate(&TOP, &Self::key(shard), arguments).await?;
                Ok::<_, ViewError>(top)
            }
        });
        let shards: Option<Vec<_>> =
            futures_util::future::try_join_all(reads).await?.into_iter().collect();
        Ok(shards.map(|shards| {
            let mut all: Vec<(i64, i64)> = shards.into_iter().flatten().collect();
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
        let hour = hour_of(self.clock.now_ms());
        let mut built = 0;
        for shard in self.shards() {
            let mut hours: Vec<Option<i64>> =
                self.redis.evaluate(&BUILT, &Self::key(shard), &[self.time()]).await?;
            // Redis has restarted, so its cached counts may be as old as its file.
            if hours.pop().flatten().is_some() {
                self.correct_totals(shard).await?;
                self.build_rankings(shard, hour, &RANKINGS).await?;
                let state = format!("{}:state", Self::key(shard));
                self.redis.query::<Value>(cmd("HDEL").arg(state).arg("stale")).await?;
                built += 1;
                continue;
            }
            let stale: Vec<(&str, Window)> = RANKINGS
                .into_iter()
                .zip(hours)
                .filter(|((_, window), built)| match window.hours() {
                    None => built.is_none(),
                    Some(_) => built.is_none_or(|built| built < hour),
                })
                .map(|(ranking, _)| ranking)
                .collect();
            if !stale.is_empty() {
                self.build_rankings(shard, hour, &stale).await?;
                built += 1;
            }
        }
        Ok(built)
    }

    /// Builds a shard's rankings from SQL under temporary names, then publishes them. Returns how a
    /// previous ranking of the same hour differed.
    pub(super) async fn build_rankings(
        &self,
        shard: i64,
        hour: i64,
        rankings: &[(&str, Window)],
    ) -> Result<Vec<Drift>, ViewError> {
        let key = Self::key(shard);
        for _ in 0..ATTEMPTS {
            let before = self.before(shard).await?;
            let windows: Vec<Option<i64>> =
                rankings.iter().map(|(_, window)| window.hours()).collect();
            let (applied, views) = self
                .ledger
                .window_views_and_applied((shard, self.shards), hour, &windows, &before.batches)
                .await?;
            let aside = format!("{:016x}", rand::random::<u64>());
            let members: Vec<usize> = views.iter().map(Vec::len).collect();
            for ((name, _), views) in rankings.iter().zip(views) {
                let target = format!("{key}:rank:{name}:{aside}");
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
                vec![self.time(), before.version.into_bytes(), number(hour), aside.into_bytes()];
            arguments.extend(set(&applied));
            for ((name, window), members) in rankings.iter().zip(&members) {
                arguments.push(name.as_bytes().to_vec());
                arguments.push(number(window.hours().unwrap_or(0)));
                arguments.push(number(i64::try_from(*members).unwrap_or(i64::MAX)));
            }
            let changes: Option<Vec<(String, i64, i64, i64)>> =
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
