//! The embedded profile's store: one transaction per batch.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::{Drift, Recorded, ViewError};
use crate::server::clock::Clock;
use crate::server::db::SqliteDatabase;
use crate::server::db::salts::Salt;
use crate::server::db::views::{self as statements, Seen, SeenRow, hour_of};
use crate::server::views::rules::{Caps, Decision, View, decide};
use crate::server::views::visitor::{Hashes, day_of};

/// Views in SQLite. The dedup entry and the increment are in one transaction, and its commit is synced to disk before any of
/// the batch is acknowledged: a process that dies before leaves neither, one that dies after leaves both (rule C5).
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: SqliteDatabase,
    clock: Clock,
    window: Duration,
    caps: Caps,
    memory: Arc<Mutex<Memory>>,
}

impl SqliteStore {
    /// A store in `database` with rule C2's `window` and rule C3's `caps`.
    pub fn new(database: SqliteDatabase, clock: Clock, window: Duration, caps: Caps) -> Self {
        Self { database, clock, window, caps, memory: Arc::default() }
    }

    /// See [`super::ViewStore::for_requests`].
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { database: self.database.for_requests(), ..self }
    }

    /// See [`super::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        let mut place = self.memory.lock().await;
        // If the batch is not committed, or nobody waits for it any more, what was taken is gone and read anew the next time: it may
        // hold what the database does not, or not hold what it does, since a commit can fail after the fact.
        let mut memory = std::mem::take(&mut *place);
        let outcomes = self.record_with(&mut memory, batch).await?;
        *place = memory;
        Ok(outcomes)
    }

    async fn record_with(&self, memory: &mut Memory, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        let mut transaction = self.database.begin().await?;
        // Read under the write lock, so that time never runs backwards from one batch to the next.
        let now = self.clock.now_ms();
        memory.forget(now);
        // What another process has counted since.
        for row in statements::seen_after(&mut transaction, memory.through, now).await? {
            memory.through = row.id;
            let SeenRow { article_id: article, address, network, visitor, window_ends_at, .. } = row;
            memory.add(Seen { article, address, network, visitor }, window_ends_at);
        }
        let (seen, origins) = memory.of(batch);
        let decisions = decide(batch, day_of(now), seen, origins, &self.caps);

        let mut counted = Vec::new();
        let mut increments = BTreeMap::<i64, i64>::new();
        for (view, decision) in batch.iter().zip(&decisions) {
            if *decision == Decision::Counted {
                counted.push(seen_of(view.article, view.visitor.today));
                *increments.entry(view.article).or_default() += 1;
            }
        }
        if !counted.is_empty() {
            let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
            let ends_at = now.saturating_add(window);
            memory.through = statements::remember(&mut transaction, &counted, ends_at).await?;
            for seen in counted {
                memory.add(seen, ends_at);
            }
            let increments: Vec<(i64, i64)> = increments.into_iter().collect();
            statements::add(&mut transaction, &increments, hour_of(now)).await?;
        }

        let mut articles: Vec<i64> = batch.iter().map(|view| view.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let totals = statements::totals(&mut transaction, &articles).await?;
        transaction.commit().await?;

        let recorded = |(view, decision): (&View, Decision)| {
            decision.recorded(view.article, Some(totals.get(&view.article).copied().unwrap_or(0)), now)
        };
        Ok(batch.iter().zip(decisions).map(recorded).collect())
    }

    /// See [`super::ViewStore::totals`].
    pub async fn totals(&self, articles: &[i64]) -> Result<HashMap<i64, i64>, ViewError> {
        Ok(statements::totals(&mut *self.database.reader().acquire().await?, articles).await?)
    }

    /// See [`super::ViewStore::salts`].
    pub async fn salts(&self, day: i64, fresh: Salt) -> Result<(Salt, Option<Salt>), ViewError> {
        let today = self.database.salt_of_day(day, fresh).await?;
        let yesterday = self.database.salt_if_any(day - 1).await?;
        Ok((today, yesterday))
    }

    /// Lets the rankings end with the current hour. False if they do already.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn refresh_rankings(&self) -> Result<bool, ViewError> {
        Ok(self.database.end_windows_with(hour_of(self.clock.now_ms())).await?)
    }

    /// Compares the rankings with the hours that they are made from, and corrects them.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        let drifts = self.database.reconcile_windows().await?;
        let drift =
            |(hours, article, cached, correct)| Drift::of_article(format!("rank:{hours}h"), article, cached, correct);
        Ok(drifts.into_iter().map(drift).collect())
    }
}

fn seen_of(article: i64, hashes: Hashes) -> Seen {
    Seen { article, address: hashes.address, network: hashes.network, visitor: hashes.visitor }
}

/// The pairs of article and visitor within a window, and how many visitors the pairs of article and address or network have.
type Known = (HashSet<(i64, i64)>, HashMap<(i64, i64), usize>);

/// Who is within a window: the table `view_seen` up to the entry `through`, so that a visitor is found without SQL.
#[derive(Debug, Default)]
struct Memory {
    through: i64,
    /// The end of each window, by article and visitor.
    visitors: HashMap<(i64, i64), i64>,
    /// How many visitors, by article and address and by article and network: both are hashes that are never the same.
    origins: HashMap<(i64, i64), usize>,
    /// The same entries by the end of their window.
    by_end: BTreeMap<i64, Vec<Seen>>,
}

impl Memory {
    fn add(&mut self, seen: Seen, ends_at: i64) {
        self.visitors.insert((seen.article, seen.visitor), ends_at);
        for origin in [seen.address, seen.network].into_iter().flatten() {
            *self.origins.entry((seen.article, origin)).or_default() += 1;
        }
        self.by_end.entry(ends_at).or_default().push(seen);
    }

    /// Forgets the windows that are over.
    fn forget(&mut self, now: i64) {
        while let Some(entry) = self.by_end.first_entry().filter(|entry| *entry.key() <= now) {
            for seen in entry.remove() {
                self.visitors.remove(&(seen.article, seen.visitor));
                for origin in [seen.address, seen.network].into_iter().flatten() {
                    if let Entry::Occupied(mut count) = self.origins.entry((seen.article, origin)) {
                        *count.get_mut() -= 1;
                        if *count.get() == 0 {
                            count.remove();
                        }
                    }
                }
            }
        }
    }

    /// What [`decide`] has to know of the visitors of a batch.
    fn of(&self, batch: &[View]) -> Known {
        let (mut seen, mut origins) = (HashSet::new(), HashMap::new());
        for view in batch {
            for hashes in [Some(view.visitor.today), view.visitor.yesterday].into_iter().flatten() {
                let visitor = (view.article, hashes.visitor);
                if self.visitors.contains_key(&visitor) {
                    seen.insert(visitor);
                }
                for origin in [hashes.address, hashes.network].into_iter().flatten() {
                    let origin = (view.article, origin);
                    if let Some(count) = self.origins.get(&origin) {
                        origins.insert(origin, *count);
                    }
                }
            }
        }
        (seen, origins)
    }
}
