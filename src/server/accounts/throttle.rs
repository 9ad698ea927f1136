//! Slows down guessing: after a few failures for an account, or from an address, each further one has to wait longer.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ::redis::{RedisResult, Value, cmd};

use crate::server::redis::{Redis, Script};

/// The longest wait, in milliseconds. Long enough that guessing is hopeless, and short enough that nobody who is guessed at is locked
/// out for a day.
const LONGEST: i64 = 15 * 60 * 1000;

/// How long failures are remembered after the last, in milliseconds.
const REMEMBERED: i64 = 24 * 60 * 60 * 1000;

/// How many origins the embedded profile remembers before those that need not wait are forgotten.
const MOST: usize = 100_000;

/// Where attempts come from, or go to. Both are hashes, because no address and no mistyped name may be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The name that was tried, whether there is such a user or not.
    Account(u64),
    /// The address that tries.
    Address(i64),
}

impl Origin {
    /// The account of that name.
    pub fn account(username: &str) -> Self {
        let hash: [u8; 32] = *blake3::hash(username.as_bytes()).as_bytes();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Origin::Account(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// How many attempts need not wait. People share addresses, and mistype.
    fn free(self) -> i64 {
        match self {
            Origin::Account(_) => 5,
            Origin::Address(_) => 20,
        }
    }

    fn key(self) -> String {
        match self {
            Origin::Account(hash) => format!("tm:attempts:account:{hash:016x}"),
            Origin::Address(hash) => format!("tm:attempts:address:{hash:016x}"),
        }
    }
}

/// Counts attempts.
#[derive(Clone, Debug)]
pub enum Throttle {
    /// The embedded profile's: a restart forgets.
    Memory(Arc<Mutex<HashMap<Origin, Attempts>>>),
    /// The server profile's: all replicas know.
    Redis(Redis),
}

/// The attempts of an origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts {
    count: i64,
    last: i64,
    /// When the next one may come.
    allowed_at: i64,
}

static ATTEMPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("attempt.lua")));

impl Throttle {
    /// In memory.
    pub fn in_memory() -> Self {
        Throttle::Memory(Arc::default())
    }

    /// Takes an attempt for a failed one until [`Throttle::succeeded`] says otherwise: many at once must not slip through. Returns how
    /// many milliseconds it has to wait instead; 0 if it may go on.
    ///
    /// # Errors
    /// Redis'.
    pub async fn attempt(&self, origin: Origin, now: i64) -> RedisResult<i64> {
        match self {
            Throttle::Memory(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                if all.len() >= MOST {
                    all.retain(|_, attempts| attempts.allowed_at > now);
                }
                let attempts = all.entry(origin).or_default();
                if now < attempts.allowed_at {
                    return Ok(attempts.allowed_at - now);
                }
                if now - attempts.last > REMEMBERED {
                    attempts.count = 0;
                }
                attempts.count += 1;
                attempts.last = now;
                attempts.allowed_at = now + wait(attempts.count - origin.free());
                Ok(0)
            }
            Throttle::Redis(redis) => {
                let arguments = [now, origin.free(), LONGEST, REMEMBERED].map(|number| number.to_string().into_bytes());
                redis.evaluate(&ATTEMPT, &origin.key(), &arguments).await
            }
        }
    }

    /// The last attempt was right: an account starts anew, and an address has failed once less.
    ///
    /// # Errors
    /// Redis'.
    pub async fn succeeded(&self, origin: Origin) -> RedisResult<()> {
        match self {
            Throttle::Memory(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                match origin {
                    Origin::Account(_) => {
                        all.remove(&origin);
                    }
                    // The wait stays: else whoever has an account could guess at others between two sign-ins of their own.
                    Origin::Address(_) => {
                        all.entry(origin).and_modify(|attempts| attempts.count = (attempts.count - 1).max(0));
                    }
                }
                Ok(())
            }
            Throttle::Redis(redis) => {
                let command = match origin {
                    Origin::Account(_) => cmd("DEL").arg(origin.key()).to_owned(),
                    Origin::Address(_) => cmd("HINCRBY").arg(origin.key()).arg("count").arg(-1).to_owned(),
                };
                redis.query::<Value>(&command).await.map(drop)
            }
        }
    }
}

/// How long after the `above`th attempt that is not free the next one has to wait: a second, then twice as long each time.
fn wait(above: i64) -> i64 {
    match above {
        ..0 => 0,
        0..20 => (1000 << above).min(LONGEST),
        _ => LONGEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!([-1, 0, 1, 2, 9, 10, 30].map(wait), [0, 1000, 2000, 4000, 512_000, LONGEST, LONGEST]);
    }
}
