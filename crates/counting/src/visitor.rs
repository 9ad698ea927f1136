//! Rule C3: identifies visitors without storing who they are.

use std::net::IpAddr;
use std::ops::Sub;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use smallvec::SmallVec;
use tidemark_store::clock::{Clock, Millis};

use super::store::ViewStore;
use crate::UserId;
use crate::ViewError;
use crate::ids::number;
use crate::sql::salts::Salt;

/// TTL of cached salts, in milliseconds.
const TTL: i64 = 10_000;

/// The maximum clock difference between replicas and Redis around midnight, in milliseconds.
const CLOCKS_DIFFER_BY: i64 = 10 * 60 * 1000;

/// A day in milliseconds.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A key for hashing visitors or other values; 256 bits.
pub type Key = [u8; 32];

/// What is hashed besides visitors. Each purpose has its own key, so that data kept for one can't
/// be joined with data kept for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Throttling of sign-ins: the client and the account name.
    Throttle,
    /// Addresses in the log.
    Log,
}

impl Purpose {
    /// Derives the key from a salt. The context strings must never change, because processes of all
    /// versions have to agree.
    fn key(self, salt: &Salt) -> Key {
        let context = match self {
            Purpose::Throttle => "tidemark 2026-11-27 throttling of sign-ins",
            Purpose::Log => "tidemark 2026-11-27 addresses in the log",
        };
        blake3::derive_key(context, salt)
    }
}

/// The reader, as described by the request. Lives only as long as the request and is never stored.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The signed-in user.
    pub user: Option<UserId>,
    /// The anonymous session, where sessions are in use: 128 random bits sent by the browser.
    pub session: Option<u128>,
    /// The client's address.
    pub address: IpAddr,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl Reader {
    /// A reader known only by address and browser.
    pub fn new(address: IpAddr, user_agent: String) -> Self {
        Self { user: None, session: None, address, user_agent }
    }
}

/// The hashes of a visitor under one day's salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// Hash of the user, or of the anonymous session, or of address and User-Agent.
    pub visitor: i64,
    /// Hash of an anonymous reader's address; `None` for a signed-in user, who is exempt from the
    /// cap per address.
    pub address: Option<i64>,
    /// Hash of the network the wider cap applies to: the /48 of an anonymous reader's IPv6 address,
    /// or a signed-in user's IPv4 address or /48. `None` for an anonymous reader with an IPv4
    /// address, for whom there is no meaningful wider network.
    pub network: Option<i64>,
    /// Whether the visitor is an anonymous session, which stays the same visitor when its address
    /// changes.
    pub is_session: bool,
}

/// A visitor as a store is told of it: hashes only. Not even these are stored, but hashes of them and
/// the article ([`crate::seen::Ids`]).
///
/// The salt changes at midnight UTC, and a window may span midnight. So a visitor is looked up
/// under yesterday's salt too, and recorded under today's. The store decides which day it is, in
/// the same step that records the view. Otherwise two processes or requests could disagree around
/// midnight, and neither would find the visitors counted under the other's salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The current UTC day.
    pub day: Day,
    /// The hashes under today's salt.
    pub today: Hashes,
    /// The hashes under yesterday's salt, if there was one and a window may reach back to it.
    pub yesterday: Option<Hashes>,
}

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
        self.clock.now().saturating_add(self.ahead.load(Ordering::Relaxed))
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

number! {
    /// A UTC day, counted from 1970.
    Day
}

impl Sub<i64> for Day {
    type Output = Self;

    /// The day this many days before.
    fn sub(self, days: i64) -> Self {
        Self(self.0 - days)
    }
}

/// The UTC day of a time.
pub fn day_of(time: Millis) -> Day {
    Day(time.0.div_euclid(DAY_MS))
}

/// The hashes of a reader under a salt: the first 64 bits of BLAKE3 keyed with it. Each kind of
/// input starts with its own byte, so that a user can't collide with an address.
pub(super) fn hash(reader: &Reader, salt: &Salt) -> Hashes {
    let keyed = |kind: u8, parts: [&[u8]; 2]| {
        let mut input = SmallVec::<[u8; 256]>::from_slice(&[kind]);
        input.extend_from_slice(parts[0]);
        input.extend_from_slice(parts[1]);
        let bytes: [u8; 32] = *blake3::keyed_hash(salt, &input).as_bytes();
        let [a, b, c, d, e, f, g, h, ..] = bytes;
        i64::from_le_bytes([a, b, c, d, e, f, g, h])
    };
    let (bucket, network) = (address_bucket(reader.address), network_bucket(reader.address));
    match reader.user {
        Some(user) => Hashes {
            visitor: keyed(b'u', [&user.0.to_le_bytes(), &[]]),
            address: None,
            network: Some(keyed(b's', [&network, &[]])),
            is_session: false,
        },
        None => Hashes {
            visitor: match reader.session {
                Some(session) => keyed(b'c', [&session.to_le_bytes(), &[]]),
                None => keyed(b'v', [&bucket, reader.user_agent.as_bytes()]),
            },
            address: Some(keyed(b'a', [&bucket, &[]])),
            network: reader.address.to_canonical().is_ipv6().then(|| keyed(b'n', [&network, &[]])),
            is_session: reader.session.is_some(),
        },
    }
}

/// The part of an address that tells visitors apart: all of an IPv4 address, or the /64 of an IPv6
/// address, which is what one household or server gets. An IPv4-mapped IPv6 address counts as its
/// IPv4 address.
pub fn address_bucket(address: IpAddr) -> [u8; 8] {
    let mut bucket = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(address) => bucket[4..].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => bucket.copy_from_slice(&address.octets()[..8]),
    }
    bucket
}

/// The most that one customer of a provider gets: an IPv4 address, or the /48 of an IPv6 address,
/// which holds 65,536 /64s.
pub fn network_bucket(address: IpAddr) -> [u8; 8] {
    let mut bucket = address_bucket(address);
    if address.to_canonical().is_ipv6() {
        bucket[6..].fill(0);
    }
    bucket
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidemark_store::sql::SqliteDatabase;

    use super::*;
    use crate::MIGRATIONS;
    use crate::follow::Follower;
    use crate::rules::Caps;
    use crate::store::sqlite::SqliteStore;

    fn reader(address: &str, user_agent: &str) -> Reader {
        Reader::new(address.parse().unwrap(), user_agent.into())
    }

    const SALT: Salt = [7; 32];

    #[test]
    fn c3_addresses_of_one_ipv6_network_are_one_visitor() {
        assert_eq!(
            hash(&reader("2001:db8:1:2:3::4", "A"), &SALT),
            hash(&reader("2001:db8:1:2:ffff::", "A"), &SALT)
        );
        assert_ne!(
            hash(&reader("2001:db8:1:2::", "A"), &SALT),
            hash(&reader("2001:db8:1:3::", "A"), &SALT)
        );
    }

    #[test]
    fn c3_an_ipv4_address_is_the_same_in_ipv6_clothes() {
        assert_eq!(
            hash(&reader("192.0.2.1", "A"), &SALT),
            hash(&reader("::ffff:192.0.2.1", "A"), &SALT)
        );
        assert_ne!(hash(&reader("192.0.2.1", "A"), &SALT), hash(&reader("192.0.2.2", "A"), &SALT));
    }

    #[test]
    fn c3_a_signed_in_reader_is_the_same_on_every_device() {
        let phone = Reader { user: Some(UserId(1)), ..reader("192.0.2.1", "phone") };
        let desk = Reader { user: Some(UserId(1)), ..reader("2001:db8::1", "desk") };
        let other = Reader { user: Some(UserId(2)), ..reader("192.0.2.1", "phone") };
        assert_eq!(hash(&phone, &SALT).visitor, hash(&desk, &SALT).visitor);
        assert_ne!(hash(&phone, &SALT).visitor, hash(&other, &SALT).visitor);
        assert_eq!(hash(&phone, &SALT).address, None);
    }

    #[test]
    fn c3_an_anonymous_session_is_one_visitor_wherever_it_is_and_stays_under_the_caps_of_where_it_is()
     {
        let at = |session, address| hash(&Reader { session, ..reader(address, "A") }, &SALT);
        let (here, elsewhere) = (at(Some(1), "2001:db8:1::1"), at(Some(1), "192.0.2.1"));
        assert_eq!(here.visitor, elsewhere.visitor);
        assert_ne!(here.visitor, at(Some(2), "2001:db8:1::1").visitor);
        assert_ne!(here.visitor, at(None, "2001:db8:1::1").visitor);
        let without = at(None, "2001:db8:1::2");
        assert_eq!((here.address, here.network), (without.address, without.network));
        let signed_in = |session| {
            hash(&Reader { user: Some(UserId(1)), session, ..reader("192.0.2.1", "A") }, &SALT)
        };
        assert_eq!(signed_in(Some(1)), signed_in(None), "who is signed in is the user");
        assert_ne!(
            here.visitor,
            hash(&Reader { session: Some(1), ..reader("2001:db8:1::1", "A") }, &[8; 32]).visitor
        );
    }

    #[test]
    fn c3_the_wider_cap_is_for_a_48_and_for_signed_in_readers_of_one_address() {
        let network = |address: &str| hash(&reader(address, "A"), &SALT).network;
        assert_eq!(network("192.0.2.1"), None, "an IPv4 address has the cap of its own alone");
        assert_eq!(network("::ffff:192.0.2.1"), None);
        assert!(network("2001:db8:1::").is_some(), "the first /64 of a /48 as any other");
        assert_eq!(network("2001:db8:1::1"), network("2001:db8:1:ffff::2"));
        assert_ne!(network("2001:db8:1::1"), network("2001:db8:2::1"));
        let of_user = |user, address| {
            hash(&Reader { user: Some(user), ..reader(address, "A") }, &SALT).network
        };
        assert_eq!(of_user(UserId(1), "192.0.2.1"), of_user(UserId(2), "::ffff:192.0.2.1"));
        assert_ne!(of_user(UserId(1), "192.0.2.1"), of_user(UserId(1), "192.0.2.2"));
        assert_eq!(of_user(UserId(1), "2001:db8:1::1"), of_user(UserId(2), "2001:db8:1:2::1"));
        assert_ne!(
            of_user(UserId(1), "2001:db8:1::1"),
            network("2001:db8:1::1"),
            "each kind has a cap of its own"
        );
    }

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
            identifier.identify(&reader("192.0.2.1", "A")).await.unwrap();
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

    #[test]
    fn c3_each_use_has_a_key_of_its_own() {
        let (throttle, log) = (Purpose::Throttle.key(&SALT), Purpose::Log.key(&SALT));
        assert!(throttle != log && throttle != SALT && log != SALT);
        assert_ne!(throttle, Purpose::Throttle.key(&[8; 32]), "and another each day");
    }

    proptest! {
        #[test]
        fn c3_two_readers_are_one_visitor_only_with_the_same_address_and_user_agent(
            first in any::<u32>(), second in any::<u32>(), left in "[a-c]{0,3}", right in "[a-c]{0,3}", salt in any::<[u8; 32]>(),
        ) {
            let make =
                |bits: u32, agent: &str| Reader::new(std::net::Ipv4Addr::from_bits(bits).into(), agent.into());
            let (one, other) = (hash(&make(first, &left), &salt), hash(&make(second, &right), &salt));
            prop_assert_eq!(one.visitor == other.visitor, first == second && left == right);
            prop_assert_eq!(one.address == other.address, first == second);
        }

        #[test]
        fn c3_no_session_can_be_chosen_to_pass_for_a_user_or_for_another_session(
            session in any::<u128>(), other in any::<u128>(), user in any::<i64>(), bits in any::<u32>(), salt in any::<[u8; 32]>(),
        ) {
            let someone = Reader::new(std::net::Ipv4Addr::from_bits(bits).into(), "A".into());
            let of = |user, session| hash(&Reader { user, session, ..someone.clone() }, &salt).visitor;
            prop_assert_eq!(of(None, Some(session)) == of(None, Some(other)), session == other);
            prop_assert_ne!(of(None, Some(session)), of(Some(UserId(user)), None));
            prop_assert_ne!(of(None, Some(user.cast_unsigned().into())), of(Some(UserId(user)), None));
            prop_assert_ne!(of(None, Some(session)), of(None, None));
        }

        #[test]
        fn c3_another_salt_makes_another_visitor(bits in any::<u32>(), one in any::<[u8; 32]>(), other in any::<[u8; 32]>()) {
            prop_assume!(one != other);
            let someone = Reader::new(std::net::Ipv4Addr::from_bits(bits).into(), "A".into());
            prop_assert_ne!(hash(&someone, &one), hash(&someone, &other));
        }
    }
}
