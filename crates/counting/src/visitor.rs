//! Rule C3: identifies visitors without storing who they are.

use std::net::IpAddr;
use std::ops::Sub;

use smallvec::SmallVec;
use tidemark_store::clock::Millis;

use crate::UserId;
use crate::ids::number;

/// A day in milliseconds.
pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A random key that visitors are hashed with for a day; 256 bits.
pub type Salt = [u8; 32];

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
    pub(super) fn key(self, salt: &Salt) -> Key {
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

/// A visitor as a store is told of it: hashes only. Not even these are stored, but hashes of them
/// and the article ([`crate::seen::Ids`]).
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

number! {
    /// A UTC day, counted from 1970.
    Day
}

impl Sub<i64> for Day {
    type Output = Self;

    /// The day this many days before, or the first one that there is.
    fn sub(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
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

    use super::*;

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
