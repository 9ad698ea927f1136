//! The embedded profile's store: one transaction per batch.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use smallvec::SmallVec;
use tidemark_store::clock::Clock;
use tidemark_store::sql::SqliteDatabase;
use tokio::sync::Mutex;

use super::{Drift, Recorded};
use crate::ViewError;
use crate::hour_of;
use crate::rules::{Caps, Decision, Known, View, decide, refusal};
use crate::sql::pruning::{self, Pruned};
use crate::sql::rankings;
use crate::sql::salts::{self, Salt};
use crate::sql::seen::{self as statements, Seen, SeenRow};
use crate::visitor::{Hashes, Visitor, day_of};

/// How many entries are added to the in-memory log per lock, so that pages can read it in between.
const AT_ONCE: usize = 1_000;

/// How many log entries [`SqliteStore::catch_up`] reads before it gives batches a chance to take
/// the lock.
const PART: i64 = 10_000;

/// Views in SQLite. The dedup entry and the increment are written in one transaction, and its
/// commit is synced to disk before any view of the batch is acknowledged. A process that dies
/// before the commit leaves neither; one that dies after it leaves both (rule C5).
#[derive(Clone, Debug)]
pub struct SqliteStore {
    database: SqliteDatabase,
    clock: Clock,
    window: Duration,
    caps: Caps,
    /// Serializes batches, so that no two read the same part of the log.
    turn: Arc<Mutex<()>>,
    memory: Arc<RwLock<Memory>>,
}

impl SqliteStore {
    /// Creates a store in `database` with rule C2's `window` and rule C3's `caps`.
    pub fn new(database: SqliteDatabase, clock: Clock, window: Duration, caps: Caps) -> Self {
        Self { database, clock, window, caps, turn: Arc::default(), memory: Arc::default() }
    }

    /// See [`super::ViewStore::for_requests`].
    #[must_use]
    pub fn for_requests(self) -> Self {
        Self { database: self.database.for_requests(), ..self }
    }

    /// See [`super::ViewStore::record`].
    pub async fn record(&self, batch: &[View]) -> Result<Vec<Recorded>, ViewError> {
        let _turn = self.turn.lock().await;
        let mut transaction = self.database.begin().await?;
        // Read the clock under the write lock, so that time never runs backwards from one batch to
        // the next.
        let now = self.clock.now_ms();
        while self.writing().forget(now) {}
        // Entries by other processes since the last batch, and by an earlier batch whose outcome is
        // unknown.
        let through = self.reading().through;
        self.learn(&statements::seen_after(&mut transaction, through, now, -1).await?);
        let (seen, origins) = self.reading().of(batch);
        let decisions = decide(batch, day_of(now), seen, origins, &self.caps);

        let mut counted = Vec::new();
        let mut increments = BTreeMap::<i64, i64>::new();
        for (view, decision) in batch.iter().zip(&decisions) {
            if *decision == Decision::Counted {
                counted.push(seen_of(view.article, view.visitor.today));
                *increments.entry(view.article).or_default() += 1;
            }
        }
        let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
        let ends_at = now.saturating_add(window);
        let mut last = None;
        if !counted.is_empty() {
            last = Some(statements::remember(&mut transaction, &counted, ends_at).await?);
            let increments: Vec<(i64, i64)> = increments.into_iter().collect();
            statements::add(&mut transaction, &increments, hour_of(now)).await?;
        }

        let mut articles: Vec<i64> = batch.iter().map(|view| view.article).collect();
        articles.sort_unstable();
        articles.dedup();
        let totals = statements::totals(&mut transaction, &articles).await?;
        transaction.commit().await?;
        // Update the memory only after the commit. If the commit fails or the caller is cancelled,
        // the next batch reads this batch's outcome from the log, because a commit can report
        // failure and still have taken effect.
        if let Some(last) = last {
            let mut memory = self.writing();
            memory.through = last;
            for seen in counted {
                memory.add(seen, ends_at);
            }
        }

        let recorded = |(view, decision): (&View, Decision)| {
            decision.recorded(
                view.article,
                Some(totals.get(&view.article).copied().unwrap_or(0)),
                now,
            )
        };
        Ok(batch.iter().zip(decisions).map(recorded).collect())
    }

    /// See [`super::ViewStore::catch_up`].
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        loop {
            // Get the connection before the turn. Batches wait for the turn, and must not wait for
            // pages that hold all connections.
            let mut connection = self.database.reader().acquire().await?;
            let Ok(_turn) = self.turn.try_lock() else { return Ok(()) };
            let (through, now) = (self.reading().through, self.clock.now_ms());
            // In case this process counts nothing itself.
            while self.writing().forget(now) {}
            let rows = statements::seen_after(&mut connection, through, now, PART).await?;
            self.learn(&rows);
            if i64::try_from(rows.len()).is_ok_and(|read| read < PART) {
                return Ok(());
            }
        }
    }

    /// Adds what was read of the log to memory.
    fn learn(&self, rows: &[SeenRow]) {
        for rows in rows.chunks(AT_ONCE) {
            let mut memory = self.writing();
            for row in rows {
                let SeenRow { id, article_id: article, address, network, visitor, window_ends_at } =
                    *row;
                memory.through = id;
                memory.add(Seen { article, address, network, visitor }, window_ends_at);
            }
        }
    }

    /// See [`super::ViewStore::would_count`].
    pub fn would_count(&self, article: i64, visitor: &Visitor) -> bool {
        let (memory, now) = (self.reading(), self.clock.now_ms());
        refusal(visitor, &self.caps, |hashes| memory.known(article, hashes, now)).is_none()
    }

    fn reading(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`super::ViewStore::totals`].
    pub async fn totals(&self, articles: &[i64]) -> Result<HashMap<i64, i64>, ViewError> {
        Ok(statements::totals(&mut *self.database.reader().acquire().await?, articles).await?)
    }

    /// See [`super::ViewStore::salt_if_any`].
    pub async fn salt_if_any(&self, day: i64) -> Result<Option<Salt>, ViewError> {
        Ok(salts::if_any(&self.database, day).await?)
    }

    /// See [`super::ViewStore::salts`].
    pub async fn salts(&self, day: i64, fresh: Salt) -> Result<(Salt, Option<Salt>), ViewError> {
        let today = salts::of_day(&self.database, day, fresh).await?;
        let yesterday = salts::if_any(&self.database, day - 1).await?;
        Ok((today, yesterday))
    }

    /// Moves the end of the rankings' windows to the current hour. Returns false if they already
    /// end there.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn refresh_rankings(&self) -> Result<bool, ViewError> {
        Ok(rankings::end_with(&self.database, hour_of(self.clock.now_ms())).await?)
    }

    /// Deletes expired windows and the salts of days before `oldest_day`, from the database's files
    /// too.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn prune(&self, oldest_day: i64) -> Result<Pruned, ViewError> {
        Ok(pruning::prune(&self.database, self.clock.now_ms(), oldest_day).await?)
    }

    /// Compares the rankings with the hourly counts they are computed from, and corrects them.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn reconcile(&self) -> Result<Vec<Drift>, ViewError> {
        let drifts = rankings::reconcile(&self.database).await?;
        let drift = |(hours, article, cached, correct)| {
            Drift::of_article(format!("rank:{hours}h"), article, cached, correct)
        };
        Ok(drifts.into_iter().map(drift).collect())
    }
}

fn seen_of(article: i64, hashes: Hashes) -> Seen {
    Seen { article, address: hashes.address, network: hashes.network, visitor: hashes.visitor }
}

/// The pairs of article and visitor that are within a window, and the number of visitors of each
/// pair of article and address or network.
type OfBatch = (HashSet<(i64, i64)>, HashMap<(i64, i64), usize>);

/// When the windows of an origin's visitors end, in the order they were counted. Most origins have
/// few.
type Ends = SmallVec<[i64; 1]>;

/// Who is within a window: a copy of the table `view_seen` up to the entry `through`, so that
/// looking up a visitor needs no SQL.
#[derive(Debug, Default)]
struct Memory {
    through: i64,
    /// The end of each window, by article and visitor.
    visitors: HashMap<(i64, i64), i64>,
    /// The ends of the visitors' windows, by article and address and by article and network. The
    /// two kinds of hash share a map because they do not collide in practice.
    origins: HashMap<(i64, i64), Ends>,
    /// The same entries, by the end of their window.
    by_end: BTreeMap<i64, Vec<Seen>>,
}

impl Memory {
    fn add(&mut self, seen: Seen, ends_at: i64) {
        self.visitors.insert((seen.article, seen.visitor), ends_at);
        for origin in [seen.address, seen.network].into_iter().flatten() {
            self.origins.entry((seen.article, origin)).or_default().push(ends_at);
        }
        self.by_end.entry(ends_at).or_default().push(seen);
    }

    /// Removes the windows with the earliest end, if they have expired. Returns false if none have.
    fn forget(&mut self, now: i64) -> bool {
        let Some(entry) = self.by_end.first_entry().filter(|entry| *entry.key() <= now) else {
            return false;
        };
        let ended_at = *entry.key();
        for seen in entry.remove() {
            // Another process may have counted the visitor again since, in a window that is still
            // open.
            if let Entry::Occupied(end) = self.visitors.entry((seen.article, seen.visitor))
                && *end.get() <= ended_at
            {
                end.remove();
            }
            for origin in [seen.address, seen.network].into_iter().flatten() {
                if let Entry::Occupied(mut ends) = self.origins.entry((seen.article, origin)) {
                    // It is the first one, unless the window's length was changed.
                    if let Some(place) = ends.get().iter().position(|end| *end == ended_at) {
                        ends.get_mut().remove(place);
                    }
                    if ends.get().is_empty() {
                        ends.remove();
                    }
                }
            }
        }
        true
    }

    /// What [`decide`] needs to know about the visitors of a batch. Expired windows must have been
    /// removed.
    fn of(&self, batch: &[View]) -> OfBatch {
        let (mut seen, mut origins) = (HashSet::new(), HashMap::new());
        for view in batch {
            for hashes in [Some(view.visitor.today), view.visitor.yesterday].into_iter().flatten() {
                let visitor = (view.article, hashes.visitor);
                if self.visitors.contains_key(&visitor) {
                    seen.insert(visitor);
                }
                for origin in [hashes.address, hashes.network].into_iter().flatten() {
                    let origin = (view.article, origin);
                    if let Some(ends) = self.origins.get(&origin) {
                        origins.insert(origin, ends.len());
                    }
                }
            }
        }
        (seen, origins)
    }

    /// What is known about one visitor at `now`. Expired windows are ignored even if they have not
    /// been removed.
    fn known(&self, article: i64, hashes: &Hashes, now: i64) -> Known {
        let live = |origin: Option<i64>| {
            let ends = origin.and_then(|origin| self.origins.get(&(article, origin)));
            ends.map_or(0, |ends| ends.iter().filter(|end| now < **end).count())
        };
        Known {
            is_seen: self.visitors.get(&(article, hashes.visitor)).is_some_and(|end| now < *end),
            of_address: live(hashes.address),
            of_network: live(hashes.network),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c2_forgetting_a_window_leaves_a_later_one_of_the_same_visitor() {
        let hashes = Hashes { visitor: 1, address: Some(100), network: None, is_session: false };
        let mut memory = Memory::default();
        for ends_at in [5, 15] {
            memory.add(seen_of(1, hashes), ends_at);
        }
        while memory.forget(5) {}
        let Known { is_seen, of_address, .. } = memory.known(1, &hashes, 5);
        assert_eq!((is_seen, of_address), (true, 1));
        while memory.forget(15) {}
        assert!(
            memory.visitors.is_empty() && memory.origins.is_empty() && memory.by_end.is_empty()
        );
    }

    #[test]
    fn c2_c3_visitors_are_known_until_their_window_ends_whether_they_are_forgotten_or_not() {
        let hashes =
            |visitor| Hashes { visitor, address: Some(100), network: Some(9), is_session: false };
        let mut memory = Memory::default();
        // The last one looks as if the window had been shortened.
        for (visitor, ends_at) in [(1, 5), (2, 7), (3, 6)] {
            memory.add(seen_of(1, hashes(visitor)), ends_at);
        }
        let known = |memory: &Memory, now| {
            let Known { is_seen, of_address, of_network } = memory.known(1, &hashes(1), now);
            assert_eq!(of_address, of_network);
            (is_seen, of_address)
        };
        assert_eq!(
            [4, 5, 6, 7].map(|now| known(&memory, now)),
            [(true, 3), (false, 2), (false, 1), (false, 0)]
        );
        assert_eq!(memory.known(2, &hashes(1), 4), Known::default(), "another article");
        while memory.forget(6) {}
        assert_eq!((memory.known(1, &hashes(2), 6).is_seen, known(&memory, 6)), (true, (false, 1)));
        while memory.forget(7) {}
        assert!(
            memory.visitors.is_empty() && memory.origins.is_empty() && memory.by_end.is_empty()
        );
    }
}
