//! Throttles password guessing without letting anyone lock out someone else.
//!
//! Attempts are counted by where they come from and what they target. After a few failures, each
//! further attempt has to wait longer. An attempt counts against:
//!
//! - a name tried from an address: this stops most guessing, and affects nobody else;
//! - an address, and an IPv6 /48, whatever the name: against trying one password with many names;
//! - a name, from any address: against guessing from many addresses. Its wait is short, so that a
//!   few addresses can't keep the owner out, but long enough that a million guesses take years;
//! - a known device of the user, instead of all of the above: the owner gets in whatever others do;
//! - a session, for users who change their password: nobody else has it.
//!
//! Every counter is keyed by a hash under a key that changes daily. No address, name or password
//! mistyped as a name can be recovered from it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ::redis::{RedisResult, Value, cmd};
use tidemark_counting::UserId;
use tidemark_counting::visitor::{Key, address_bucket, network_bucket};
use tidemark_store::clock::Millis;
use tidemark_store::redis::{Redis, Script};

/// The longest wait, in milliseconds. Long enough to make guessing hopeless, and short enough that
/// nobody is locked out for a day.
const LONGEST: i64 = 15 * 60 * 1000;

/// The longest wait for a name, in milliseconds. It is caused by other people's guesses. At 720 a
/// day guessing gets nowhere, and it takes eight addresses that guess around the clock to keep the
/// owner waiting on an unknown device.
const LONGEST_FOR_NAME: i64 = 2 * 60 * 1000;

/// How long failures are remembered after the last one, in milliseconds.
const REMEMBERED: i64 = 24 * 60 * 60 * 1000;

/// How many origins the embedded profile remembers. Beyond that, those with the fewest failures are
/// evicted.
const MOST: usize = 100_000;

/// What an [`Origin`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A name and an address together.
    Pair,
    /// A known device of the user.
    Device,
    /// The session of a signed-in user.
    Session,
    /// An IPv4 address or an IPv6 /64.
    Address,
    /// An IPv6 /48.
    Network,
    /// A name, whether or not there is such a user.
    Name,
}

impl Kind {
    /// The kind's name in Redis keys.
    fn name(self) -> &'static str {
        match self {
            Kind::Pair => "pair",
            Kind::Device => "device",
            Kind::Session => "session",
            Kind::Address => "address",
            Kind::Network => "network",
            Kind::Name => "name",
        }
    }

    /// How many attempts may be made without waiting. People share addresses, and mistype.
    fn free(self) -> i64 {
        match self {
            Kind::Pair | Kind::Device | Kind::Session => 5,
            Kind::Address => 20,
            Kind::Network | Kind::Name => 100,
        }
    }

    /// The longest wait, in milliseconds.
    fn longest(self) -> i64 {
        match self {
            Kind::Name => LONGEST_FOR_NAME,
            Kind::Pair | Kind::Device | Kind::Session | Kind::Address | Kind::Network => LONGEST,
        }
    }

    /// Whether a success resets the counter, because it belongs to the user alone. Resetting the
    /// shared ones would let somebody with an account guess at others between their own sign-ins.
    fn is_own(self) -> bool {
        matches!(self, Kind::Pair | Kind::Device | Kind::Session)
    }

    /// How long the next attempt has to wait after the `count`th, in milliseconds: nothing at
    /// first, then one second, doubling each time up to the longest wait.
    fn wait(self, count: i64) -> i64 {
        match count - self.free() {
            ..0 => 0,
            above @ 0..20 => (1000 << above).min(self.longest()),
            _ => self.longest(),
        }
    }
}

/// What attempts are counted by: one counter, identified by its kind and a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    kind: Kind,
    hash: u64,
}

impl Origin {
    /// Creates the origin of this kind with this hash.
    pub fn new(kind: Kind, hash: u64) -> Self {
        Self { kind, hash }
    }

    fn key(self) -> String {
        format!("tm:attempts:{}:{:016x}", self.kind.name(), self.hash)
    }
}

/// The sender of an attempt. Lives as long as the request and is never written anywhere.
pub struct Sender {
    key: Key,
    address: IpAddr,
    device: Option<String>,
    log_name: u64,
}

impl std::fmt::Debug for Sender {
    /// Leaves out the address and the key: with the key, a reader of the log could undo the hashes.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Sender").field("log_name", &self.log_name).finish_non_exhaustive()
    }
}

impl Sender {
    /// Creates the sender at `address`, whose browser sent the device token `device`, if any. `key`
    /// is today's key for throttling and `log_key` that for the log. They differ, so that counters
    /// can't be matched with log lines.
    pub fn new(key: Key, log_key: Key, address: IpAddr, device: Option<String>) -> Self {
        let log_name = hash(&log_key, "address", &[&address_bucket(address)]);
        Self { key, address, device, log_name }
    }

    /// The device token that the browser sent. It is not verified.
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// A pseudonym of the address, safe to log.
    pub fn log_name(&self) -> u64 {
        self.log_name
    }

    /// A hash of the sender's network: an IPv4 address or an IPv6 /48.
    pub fn network(&self) -> u64 {
        hash(&self.key, Kind::Network.name(), &[&network_bucket(self.address)])
    }

    /// The origins of an attempt on a name from an unknown device. `credential` is the hash of the
    /// user's password, or empty if there is none. It is part of the hash, so a new password starts
    /// without failures.
    pub fn as_stranger(&self, username: &str, credential: &str) -> Vec<Origin> {
        let (name, credential) = (username.as_bytes(), credential.as_bytes());
        let mut origins =
            vec![self.origin(Kind::Pair, &[name, credential, &address_bucket(self.address)])];
        origins.extend(self.as_address());
        origins.push(self.origin(Kind::Name, &[name, credential]));
        origins
    }

    /// The origins of an attempt of which only the address is known.
    pub fn as_address(&self) -> Vec<Origin> {
        let mut origins = vec![self.origin(Kind::Address, &[&address_bucket(self.address)])];
        if self.address.to_canonical().is_ipv6() {
            origins.push(self.origin(Kind::Network, &[&network_bucket(self.address)]));
        }
        origins
    }

    /// The origin of an attempt from a known device, by its token.
    pub fn as_device(&self, user: UserId, token: &str) -> Vec<Origin> {
        vec![self.origin(Kind::Device, &[&user.0.to_le_bytes(), token.as_bytes()])]
    }

    /// The origin of an attempt by a signed-in user, by the session's ID.
    pub fn as_session(&self, session: &str) -> Vec<Origin> {
        vec![self.origin(Kind::Session, &[session.as_bytes()])]
    }

    fn origin(&self, kind: Kind, parts: &[&[u8]]) -> Origin {
        Origin::new(kind, hash(&self.key, kind.name(), parts))
    }
}

/// The first 64 bits of a keyed hash of `parts`.
fn hash(key: &Key, kind: &str, parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(kind.as_bytes());
    for part in parts {
        // Prefixed with its length, so that bytes can't move from one part to the next.
        hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(part);
    }
    let bytes: [u8; 32] = *hasher.finalize().as_bytes();
    let [a, b, c, d, e, f, g, h, ..] = bytes;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Whether an attempt is allowed.
#[derive(Debug)]
pub enum Entry {
    /// Allowed, and counted.
    Admitted(Admitted),
    /// Not allowed yet, and not counted. The value is the wait in milliseconds.
    Wait(i64),
}

/// An admitted attempt. It counts as failed until [`Throttle::succeeded`] or
/// [`Throttle::never_tried`] is called for it.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    origins: Vec<Origin>,
    at: Millis,
}

/// Counts attempts and decides how long the next one has to wait.
#[derive(Clone, Debug)]
pub enum Throttle {
    /// The embedded profile's. A restart clears it.
    Memory(Arc<Mutex<HashMap<Origin, Attempts>>>),
    /// The server profile's, shared by all replicas.
    Redis(Redis),
}

/// The counter of an origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    count: i64,
    last: Millis,
    /// When the next attempt is allowed.
    allowed_at: Millis,
}

static ATTEMPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("attempt.lua")));
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("give_back.lua")));

impl Throttle {
    /// Creates a throttle in memory.
    pub fn in_memory() -> Self {
        Throttle::Memory(Arc::default())
    }

    /// Counts an attempt against all `origins`, as failed until reported otherwise: many attempts
    /// at once must not slip through. If any origin has to wait, the attempt is counted against
    /// none.
    ///
    /// # Errors
    /// Redis errors.
    pub async fn admit(&self, origins: Vec<Origin>, now: Millis) -> RedisResult<Entry> {
        for (index, origin) in origins.iter().enumerate() {
            let answer = self.attempt(*origin, now).await;
            if matches!(answer, Ok(0)) {
                continue;
            }
            let counted =
                Admitted { origins: origins.iter().take(index).copied().collect(), at: now };
            self.never_tried(&counted).await?;
            return answer.map(Entry::Wait);
        }
        Ok(Entry::Admitted(Admitted { origins, at: now }))
    }

    /// Reports that the attempt succeeded. Resets the counters that belong to the user alone, and
    /// takes the attempt back from the shared ones.
    ///
    /// # Errors
    /// Redis errors.
    pub async fn succeeded(&self, admitted: &Admitted) -> RedisResult<()> {
        for origin in &admitted.origins {
            if origin.kind.is_own() {
                self.forget(*origin).await?;
            } else {
                self.give_back(*origin, admitted.at, false).await?;
            }
        }
        Ok(())
    }

    /// Reports that nothing was tried, because the server had no capacity. Undoes the attempt
    /// entirely.
    ///
    /// # Errors
    /// Redis errors.
    pub async fn never_tried(&self, admitted: &Admitted) -> RedisResult<()> {
        for origin in &admitted.origins {
            self.give_back(*origin, admitted.at, true).await?;
        }
        Ok(())
    }

    /// Counts an attempt against one origin and returns 0. If it has to wait, it is not counted,
    /// and the wait in milliseconds is returned.
    ///
    /// # Errors
    /// Redis errors.
    pub async fn attempt(&self, origin: Origin, now: Millis) -> RedisResult<i64> {
        match self {
            Throttle::Memory(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                make_room(&mut all, now);
                let attempts = all.entry(origin).or_default();
                if now < attempts.allowed_at {
                    return Ok(attempts.allowed_at - now);
                }
                if now - attempts.last >= REMEMBERED {
                    attempts.count = 0;
                }
                attempts.count += 1;
                attempts.last = now;
                attempts.allowed_at = now + origin.kind.wait(attempts.count);
                Ok(0)
            }
            Throttle::Redis(redis) => {
                let arguments =
                    numbers([now.0, origin.kind.free(), origin.kind.longest(), REMEMBERED]);
                redis.evaluate(&ATTEMPT, &origin.key(), &arguments).await
            }
        }
    }

    /// Takes back an attempt counted at time `at`; `with_wait` also cancels the wait that it
    /// caused.
    ///
    /// # Errors
    /// Redis errors.
    pub async fn give_back(&self, origin: Origin, at: Millis, with_wait: bool) -> RedisResult<()> {
        match self {
            Throttle::Memory(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(attempts) = all.get_mut(&origin).filter(|attempts| attempts.count > 0)
                else {
                    return Ok(());
                };
                if with_wait && attempts.allowed_at == at + origin.kind.wait(attempts.count) {
                    attempts.allowed_at = at;
                }
                attempts.count -= 1;
                Ok(())
            }
            Throttle::Redis(redis) => {
                let arguments = numbers([
                    at.0,
                    origin.kind.free(),
                    origin.kind.longest(),
                    i64::from(with_wait),
                ]);
                redis.evaluate::<Value>(&GIVE_BACK, &origin.key(), &arguments).await.map(drop)
            }
        }
    }

    /// Resets the counter of an origin.
    ///
    /// # Errors
    /// Redis errors.
    pub async fn forget(&self, origin: Origin) -> RedisResult<()> {
        match self {
            Throttle::Memory(all) => {
                all.lock().unwrap_or_else(PoisonError::into_inner).remove(&origin);
                Ok(())
            }
            Throttle::Redis(redis) => {
                redis.query::<Value>(cmd("DEL").arg(origin.key())).await.map(drop)
            }
        }
    }
}

fn numbers(numbers: [i64; 4]) -> [Vec<u8>; 4] {
    numbers.map(|number| number.to_string().into_bytes())
}

/// Evicts origins until there is room for another: first expired ones, then those with the fewest
/// failures. So trying many names once can't evict the counter of a name under attack.
fn make_room(all: &mut HashMap<Origin, Attempts>, now: Millis) {
    if all.len() < MOST {
        return;
    }
    all.retain(|_, attempts| now - attempts.last < REMEMBERED);
    for least in (0..16).map(|power| 1_i64 << power) {
        if all.len() < MOST {
            return;
        }
        all.retain(|_, attempts| attempts.count > least || attempts.allowed_at > now);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const SECOND: i64 = 1000;
    const MINUTE: i64 = 60 * SECOND;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    /// A sender at an address and time. The key changes daily, as in production.
    fn sender(address: impl Into<IpAddr>, now: i64) -> Sender {
        let key = blake3::hash(&(now / DAY).to_le_bytes());
        Sender::new(*key.as_bytes(), [0; 32], address.into(), None)
    }

    /// Whether an attempt is admitted. It counts as failed.
    async fn is_let_in(throttle: &Throttle, origins: Vec<Origin>, now: i64) -> bool {
        matches!(throttle.admit(origins, Millis(now)).await, Ok(Entry::Admitted(_)))
    }

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_an_hour_and_for_a_name_up_to_two_minutes() {
        let waits = |kind: Kind| {
            [-1, 0, 1, 2, 6, 7, 9, 10, 30].map(|above| kind.wait(kind.free() + above) / SECOND)
        };
        for kind in [Kind::Pair, Kind::Device, Kind::Session, Kind::Address, Kind::Network] {
            assert_eq!(waits(kind), [0, 1, 2, 4, 64, 128, 512, 900, 900], "{kind:?}");
        }
        assert_eq!(waits(Kind::Name), [0, 1, 2, 4, 64, 120, 120, 120, 120]);
    }

    #[test]
    fn a_million_guesses_at_a_name_take_years_however_many_addresses_there_are() {
        run(async {
            let throttle = Throttle::in_memory();
            let (mut guessed, mut own) = (0, 0);
            let days = 2;
            // One guess per second, each from an address never seen before.
            for second in 0..days * DAY / SECOND {
                let now = second * SECOND;
                let guesser = sender(Ipv4Addr::from_bits(u32::try_from(second).unwrap()), now);
                guessed += i64::from(
                    is_let_in(&throttle, guesser.as_stranger("owner", "hash"), now).await,
                );
                if second % 3600 == 0 {
                    // The owner mistypes now and then, and is never kept out on a known device.
                    let owner = sender(Ipv4Addr::LOCALHOST, now);
                    own += i64::from(
                        is_let_in(&throttle, owner.as_device(UserId(1), "token"), now).await,
                    );
                }
            }
            assert!(guessed <= days * 850, "{guessed} guesses in {days} days");
            assert!(1_000_000 / (guessed / days) > 3 * 365, "a million take more than three years");
            assert_eq!(own, days * 24);
        });
    }

    #[test]
    fn one_address_or_48_can_try_few_passwords_however_many_names_it_uses() {
        run(async {
            let throttle = Throttle::in_memory();
            let (mut of_address, mut of_network) = (0, 0);
            for second in 0..DAY / SECOND {
                let now = second * SECOND;
                let name = format!("name-{second}");
                let origins = sender(Ipv4Addr::new(192, 0, 2, 1), now).as_stranger(&name, "");
                of_address += i64::from(is_let_in(&throttle, origins, now).await);
                let segment = u16::try_from(second % 0x1_0000).unwrap();
                let address = Ipv6Addr::new(0x2001, 0xdb8, 1, segment, 0, 0, 0, 1);
                of_network += i64::from(
                    is_let_in(&throttle, sender(address, now).as_stranger(&name, ""), now).await,
                );
            }
            assert!(of_address <= 20 + 10 + 96, "{of_address} of the address");
            assert!(of_network <= 100 + 10 + 96, "{of_network} of the network");
        });
    }

    #[test]
    fn guessing_around_the_clock_locks_out_nobody_elsewhere() {
        run(async {
            let throttle = Throttle::in_memory();
            // A month of what once locked an author out for good: one guess every quarter of an
            // hour.
            for minute in 0..30 * DAY / MINUTE {
                let now = minute * MINUTE;
                if minute % 15 == 0 {
                    is_let_in(
                        &throttle,
                        sender(IpAddr::from([198, 51, 100, 7]), now).as_stranger("owner", "hash"),
                        now,
                    )
                    .await;
                }
                if minute % 60 == 1 {
                    let origins =
                        sender(IpAddr::from([192, 0, 2, 1]), now).as_stranger("owner", "hash");
                    let Ok(Entry::Admitted(admitted)) = throttle.admit(origins, Millis(now)).await
                    else {
                        panic!("the owner has to wait in minute {minute}");
                    };
                    throttle.succeeded(&admitted).await.unwrap();
                }
            }
        });
    }

    #[test]
    fn an_attempt_that_was_never_made_does_not_count() {
        run(async {
            let throttle = Throttle::in_memory();
            let origins = || sender(IpAddr::from([192, 0, 2, 1]), 0).as_stranger("owner", "hash");
            for attempt in 0..500 {
                match throttle.admit(origins(), Millis(0)).await.unwrap() {
                    Entry::Admitted(admitted) => throttle.never_tried(&admitted).await.unwrap(),
                    Entry::Wait(wait) => panic!("attempt {attempt} has to wait for {wait} ms"),
                }
            }
            // A throttled attempt counts against no other origin either.
            for attempt in 0..500 {
                assert_eq!(
                    is_let_in(&throttle, origins(), 0).await,
                    attempt < 5,
                    "attempt {attempt}"
                );
            }
            let same_address = sender(IpAddr::from([192, 0, 2, 1]), 0).as_stranger("other", "hash");
            assert!(is_let_in(&throttle, same_address, 0).await);
        });
    }

    #[test]
    fn a_new_password_resets_the_throttle() {
        run(async {
            let throttle = Throttle::in_memory();
            let origins = |credential| {
                sender(IpAddr::from([192, 0, 2, 1]), 0).as_stranger("owner", credential)
            };
            while is_let_in(&throttle, origins("old"), 0).await {}
            assert!(is_let_in(&throttle, origins("new"), 0).await);
        });
    }

    #[test]
    fn trying_many_names_once_does_not_allow_more_guesses_at_one() {
        run(async {
            let throttle = Throttle::in_memory();
            let owner = Origin::new(Kind::Name, 0);
            for _ in 0..100 {
                throttle.attempt(owner, Millis(0)).await.unwrap();
            }
            for other in 1..2 * u64::try_from(MOST).unwrap() {
                throttle.attempt(Origin::new(Kind::Name, other), Millis(SECOND)).await.unwrap();
            }
            let Throttle::Memory(all) = &throttle else { unreachable!() };
            assert!(all.lock().unwrap().len() <= MOST);
            throttle.attempt(owner, Millis(2 * SECOND)).await.unwrap();
            assert_eq!(
                throttle.attempt(owner, Millis(2 * SECOND)).await.unwrap(),
                2 * SECOND,
                "it is still known"
            );
        });
    }

    #[test]
    fn throttle_keys_cant_be_linked_to_log_entries() {
        let of = |address: [u8; 4]| Sender::new([1; 32], [2; 32], address.into(), None);
        let sender = of([192, 0, 2, 1]);
        let mut origins = sender.as_stranger("owner", "hash");
        origins.extend(sender.as_session("session"));
        assert!(origins.iter().all(|origin| origin.hash != sender.log_name()));
        assert_eq!(sender.log_name(), of([192, 0, 2, 1]).log_name());
        assert_ne!(sender.log_name(), of([192, 0, 2, 2]).log_name());
        assert!(!format!("{sender:?}").contains("192"), "and it does not reveal the address");
    }
}
