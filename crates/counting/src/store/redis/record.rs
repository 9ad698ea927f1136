//! Decides and records a batch of views.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ::redis::{Value, from_redis_value};

use super::wire::{Ids, generation_id, next, number, pack, unreadable};
use super::{ATTEMPTS, RECORD, RedisStore};
use crate::Reason;
use crate::ViewError;
use crate::rules::{Decision, View};
use crate::store::Recorded;

/// How long a view waits for SQL when Redis does not have its article's total.
const FILL_TIMEOUT: Duration = Duration::from_secs(1);

/// The result of the script `record.lua`.
struct Decided {
    /// One for each view.
    decisions: Vec<Decision>,
    /// When the script ran, in milliseconds.
    now: i64,
    /// The total of each article, if Redis has it.
    totals: Vec<Option<i64>>,
}

impl RedisStore {
    /// See [`crate::store::ViewStore::record`].
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
}
