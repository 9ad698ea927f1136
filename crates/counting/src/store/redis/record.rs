//! Decides a batch of views and has the script `record.lua` record it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tidemark_store::clock::Millis;

use super::wire::{Answer, generation_id, number, unreadable};
use super::{ATTEMPTS, RECORD, RedisStore};
use crate::ViewError;
use crate::hour_of;
use crate::rules::{self, Decided, Decision, View};
use crate::seen::{entries, window_ends_at};
use crate::store::Recorded;
use crate::{ArticleId, ShardId};

/// How long a view waits for SQL when Redis does not have its article's total.
const FILL_TIMEOUT: Duration = Duration::from_secs(1);

/// A batch that the script has recorded.
struct Batch {
    /// One for each view.
    decisions: Vec<Decision>,
    /// When it was recorded.
    now: Millis,
    /// Each article of the batch and its total, if Redis has it.
    totals: Vec<(ArticleId, Option<i64>)>,
}

impl RedisStore {
    /// See [`crate::store::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        self.ensure_shards_claimed().await?;
        let mut by_shard = BTreeMap::<ShardId, Vec<usize>>::new();
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

    async fn record_shard(
        &self,
        shard: ShardId,
        views: &[View],
    ) -> Result<Vec<Recorded>, ViewError> {
        let Batch { decisions, now, totals: found } = self.decide(shard, views).await?;
        let mut totals = HashMap::with_capacity(found.len());
        let mut missing = Vec::new();
        for (article, total) in found {
            match total {
                Some(total) => _ = totals.insert(article, total),
                None => missing.push(article),
            }
        }
        if !missing.is_empty() {
            // The views are recorded by now. Those whose total is unavailable get an error; the
            // others do not wait for SQL.
            match tokio::time::timeout(FILL_TIMEOUT, self.fill(shard, &missing)).await {
                Ok(Ok(filled)) => totals.extend(filled),
                Ok(Err(error)) => {
                    tracing::warn!(error = %error, "totals could not be brought from SQL");
                }
                Err(_) => tracing::warn!("totals could not be brought from SQL in time"),
            }
        }
        let recorded = |(view, decision): (&View, Decision)| {
            decision.recorded(view.article, totals.get(&view.article).copied(), now)
        };
        Ok(views.iter().zip(decisions).map(recorded).collect())
    }

    /// Decides `views` of a shard by what this process has read of the dedup log, and records them.
    async fn decide(&self, shard: ShardId, views: &[View]) -> Result<Batch, ViewError> {
        let place = self.place(shard).ok_or_else(unreadable)?;
        // If this call is cancelled or gets no answer, the next batch reads its outcome from the
        // log.
        let _turn = place.turn.lock().await;
        for _ in 0..ATTEMPTS {
            let (position, estimate, decided) = {
                let copy = place.reading();
                let estimate = self.clock.now() + copy.ahead;
                let second = estimate.second();
                let decided = rules::decide(views, second, &copy.seen, &self.caps);
                (copy.position.clone(), estimate, decided)
            };
            let Decided { decisions, counted, watched } = &decided;
            let ends_at = window_ends_at(estimate, self.window);
            let added = entries(counted, ends_at);
            let increments = decided.increments(views);
            let hour = u32::try_from(hour_of(estimate).0).unwrap_or(0);
            let mut recent = Vec::with_capacity(increments.len() * 16);
            for (article, count) in &increments {
                recent.extend_from_slice(&article.0.to_be_bytes());
                recent.extend_from_slice(&hour.to_be_bytes());
                recent.extend_from_slice(&count.to_be_bytes());
            }
            // Those without an increment come last.
            let mut others: Vec<ArticleId> = views.iter().map(|view| view.article).collect();
            others.retain(|article| !increments.contains_key(article));
            others.sort_unstable();
            others.dedup();
            let articles = || increments.keys().chain(&others).copied();

            let mut arguments = vec![
                self.time(),
                position.log.into_bytes(),
                number(position.chunk),
                number(position.byte),
                number(estimate.second()),
                number(i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)),
                number(ends_at.into()),
                watched.concat(),
                added.clone(),
                recent,
                generation_id(estimate, rand::random()).into_bytes(),
            ];
            arguments.extend(articles().map(|article| number(article.0)));
            let answer = self.redis.evaluate(&RECORD, &Self::key(shard), &arguments).await?;
            let (answer, now) = Answer::read(answer)?;
            self.set_time(place, now);
            match answer {
                Answer::Recorded { unread, end, totals } => {
                    let mut copy = place.writing();
                    copy.seen.read(&unread);
                    copy.read(&added, end);
                    drop(copy);
                    let decisions = decisions.clone();
                    return Ok(Batch { decisions, now, totals: articles().zip(totals).collect() });
                }
                Answer::Conflict { unread, end } => place.writing().read(&unread, end),
                Answer::Behind { log, last_chunk, chunks } => {
                    self.read_log(shard, place, log, last_chunk, chunks).await?;
                }
                Answer::OtherTime => {}
            }
        }
        Err(ViewError::Store(
            "what this process knew of Redis was out of date at each attempt".into(),
        ))
    }
}
