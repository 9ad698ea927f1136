//! Turns readers into visitors, under the salts of the day (rule C3).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tidemark_store::clock::{Clock, Millis};

use crate::ViewError;
use crate::store::ViewStore;
use crate::visitor::{DAY_MS, Day, Key, Purpose, Reader, Salt, Visitor, day_of, hash};

/// TTL of cached salts, in milliseconds.
const TTL: i64 = 10_000;

/// The maximum clock difference between replicas and Redis around midnight, in milliseconds.
const CLOCKS_DIFFER_BY: i64 = 10 * 60 * 1000;

/// Turns readers into visitors. Caches the salts of two days and replaces them when the day
/// changes.
#[derive(Clone, Debug)]
pub struct Identifier {
    store: ViewStore,
    clock: Clock,
    window: Duration,
    salts: Arc<RwLock<Option<Salts>>>,
    /// How far the store's clock is ahead of this process's, in milliseconds. Set only once the
    /// store has reported a different day.
    ahead: Arc<AtomicI64>,
}

#[derive(Clone, Copy)]
struct Salts {
    day: Day,
    today: Salt,
    yesterday: Option<Salt>,
    /// When they were loaded from the store.
    asked_at: Millis,
}

impl Salts {
    /// The salt of `day`, if cached.
    fn of(&self, day: Day) -> Option<Salt> {
        if self.day == day {
            Some(self.today)
        } else {
            self.yesterday.filter(|_| self.day - 1 == day)
        }
    }
}

impl std::fmt::Debug for Salts {
    /// Omits the salts: anyone who reads the log could use them to reverse the hashes.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Salts").field("day", &self.day).finish_non_exhaustive()
    }
}

impl Identifier {
    /// Creates an identifier that loads its salts from `store`, so that visitors stay the same
    /// after a restart and in other processes. `window` is rule C2's.
    pub fn new(store: ViewStore, clock: Clock, window: Duration) -> Self {
        Self { store, clock, window, salts: Arc::default(), ahead: Arc::default() }
    }

    /// Adopts the store's clock, which shows `now`.
    pub fn set_time(&self, now: Millis) {
        self.ahead.store(now.0.saturating_sub(self.clock.now().0), Ordering::Relaxed);
    }

    /// Whether the day may still change before a view is recorded.
    pub fn is_near_midnight(&self) -> bool {
        let time = self.clock.now().0.rem_euclid(DAY_MS);
        time.min(DAY_MS - time) <= CLOCKS_DIFFER_BY
    }

    /// The reader's visitor for today.
    ///
    /// # Errors
    /// [`ViewError::Store`] if today's salt is neither cached nor available from the store.
    pub async fn identify(&self, reader: &Reader) -> Result<Visitor, ViewError> {
        let now = self.now();
        let salts = self.salts(now).await?;
        Ok(self.visitor(reader, &salts, now))
    }

    /// Like [`Identifier::identify`], but from the cache only. The result is for lookups; no view
    /// may be recorded with it. `None` if no cached salt could match a live entry. Salts do not go
    /// stale however old the cache is: a store that has lost them gets them back from here.
    pub fn identify_from_memory(&self, reader: &Reader) -> Option<Visitor> {
        let now = self.now();
        let (day, known) = (day_of(now), self.known()?);
        if known.day == day {
            return Some(self.visitor(reader, &known, now));
        }
        // It is past midnight and today's salt is not cached. All visitors known to this process
        // are hashed under yesterday's salt.
        known.of(day - 1).map(|salt| Visitor { day, today: hash(reader, &salt), yesterday: None })
    }

    /// Loads the salts that the store has, unless today's is cached. This makes
    /// [`Identifier::identify_from_memory`] work after a restart and after midnight. It creates no
    /// salt; the first view of a day does.
    ///
    /// # Errors
    /// [`ViewError::Store`]
    pub async fn catch_up(&self) -> Result<(), ViewError> {
        let now = self.now();
        let day = day_of(now);
        if self.known().is_some_and(|known| known.day >= day) {
            return Ok(());
        }
        let (today, yesterday) =
            (self.store.salt_if_any(day).await?, self.store.salt_if_any(day - 1).await?);
        let mut known = self.salts.write().unwrap_or_else(PoisonError::into_inner);
        // The store may have lost a salt that is still cached here.
        let yesterday = yesterday.or_else(|| known.as_ref()?.of(day - 1));
        let found = match (today, yesterday) {
            (Some(today), yesterday) => Salts { day, today, yesterday, asked_at: now },
            (None, Some(yesterday)) => {
                Salts { day: day - 1, today: yesterday, yesterday: None, asked_at: now }
            }
            (None, None) => return Ok(()),
        };
        // A view may have created today's salt in the meantime.
        if known.is_none_or(|known| known.day < found.day) {
            *known = Some(found);
        }
        Ok(())
    }

    /// Forgets salts older than yesterday's (rule C3). The store has destroyed them, and without a
    /// view nothing else replaces them here.
    pub(crate) fn forget_old_salts(&self) {
        let day = day_of(self.now());
        let mut known = self.salts.write().unwrap_or_else(PoisonError::into_inner);
        *known = known.filter(|known| known.day >= day - 1).map(|known| Salts {
            yesterday: known.yesterday.filter(|_| known.day >= day),
            ..known
        });
    }

    fn known(&self) -> Option<Salts> {
        *self.salts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn visitor(&self, reader: &Reader, salts: &Salts, now: Millis) -> Visitor {
        // Later in the day no window from yesterday is still open, so the second lookup would find
        // nothing.
        let window = i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX);
        let is_soon = now.0.rem_euclid(DAY_MS) <= window.saturating_add(CLOCKS_DIFFER_BY);
        let yesterday = salts.yesterday.filter(|_| is_soon).map(|salt| hash(reader, &salt));
        Visitor { day: salts.day, today: hash(reader, &salts.today), yesterday }
    }

    /// Today's key for a purpose other than visitors.
    ///
    /// # Errors
    /// [`ViewError::Store`] if today's salt is neither cached nor available from the store.
    pub async fn key(&self, purpose: Purpose) -> Result<Key, ViewError> {
        Ok(purpose.key(&self.salts(self.now()).await?.today))
    }

    /// The store's time, as far as this process knows it.
    fn now(&self) -> Millis {
        self.clock.now() + self.ahead.load(Ordering::Relaxed)
    }

    async fn salts(&self, now: Millis) -> Result<Salts, ViewError> {
        match self.known_salts(day_of(now), now) {
            Some(salts) => Ok(salts),
            // Boxed, like everything a view rarely needs: thousands of views may be waiting for
            // their batch, and they should fit into the CPU cache.
            None => Box::pin(self.ask_for_salts(day_of(now), now)).await,
        }
    }

    fn known_salts(&self, day: Day, now: Millis) -> Option<Salts> {
        self.known().filter(|salts| salts.day == day && now < salts.asked_at + TTL)
    }

    async fn ask_for_salts(&self, day: Day, now: Millis) -> Result<Salts, ViewError> {
        let known = self.known();
        // A store that has lost its salts gets the cached ones back. Otherwise other processes
        // would create new salts, and every visitor would look new. All callers that notice the new
        // day ask the store, which gives them the same salt.
        let salt_of = |day: Day| known?.of(day);
        let fresh = salt_of(day).unwrap_or_else(rand::random);
        let (today, yesterday) = self.store.salts(day, fresh, salt_of(day - 1)).await?;
        let salts = Salts { day, today, yesterday, asked_at: now };
        *self.salts.write().unwrap_or_else(PoisonError::into_inner) = Some(salts);
        Ok(salts)
    }
}

#[cfg(test)]
mod tests {
    use tidemark_store::sql::SqliteDatabase;

    use super::*;
    use crate::MIGRATIONS;
    use crate::follow::Follower;
    use crate::rules::Caps;
    use crate::store::sqlite::SqliteStore;

    #[tokio::test]
    async fn c3_a_process_without_views_forgets_its_salts_after_two_days() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("views.db").display());
        let database = SqliteDatabase::open(&url, None, &MIGRATIONS.sqlite).await.unwrap();
        let clock = Clock::manual("2026-11-24T12:00:00Z".parse().unwrap());
        let (window, caps) =
            (Duration::from_secs(600), Caps { address: 5, network: 5, signed_in: 5 });
        let store = ViewStore::Sqlite(SqliteStore::new(database, clock.clone(), window, caps));
        let identifier = Identifier::new(store.clone(), clock.clone(), window);
        let mut follower = Follower::new(identifier.clone(), store);
        let a_day = Duration::from_secs(24 * 60 * 60);
        for _ in 0..2 {
            identifier
                .identify(&Reader::new("192.0.2.1".parse().unwrap(), "A".into()))
                .await
                .unwrap();
            clock.advance(a_day);
        }
        let mut known = async || {
            assert!(follower.step().await);
            identifier.known().map(|known| (known.day, known.yesterday.is_some()))
        };
        let yesterday = day_of(clock.now()) - 1;
        assert_eq!(known().await, Some((yesterday, false)), "not the day before yesterday");
        clock.advance(a_day);
        assert_eq!(known().await, None);
    }
}
