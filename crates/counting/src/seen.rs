//! Who is within a window: a process's copy of a store's dedup log. Visitors are looked up here, so
//! a view needs no lookup in the store.
//!
//! The log is the same in both stores. It consists of 16-byte entries in the order in which views
//! were counted: a 12-byte [`Id`], and the second at which the window ends in 4 bytes.

use std::collections::VecDeque;
use std::hash::Hasher;
use std::ops::Add;
use std::time::Duration;

use rustc_hash::FxHashMap;
use siphasher::sip::SipHasher13;
use smallvec::SmallVec;
use tidemark_store::clock::Millis;

use crate::ArticleId;
use crate::visitor::Hashes;

/// Bytes in a log entry.
pub const ENTRY: usize = 16;

/// How many entries are removed per lock, so that pages can read the copy in between.
const AT_ONCE: usize = 1_000;

/// Half of an [`Id`]; 48 bits.
pub type Half = [u8; 6];

/// What is hashed to a [`Half`] together with the article. The values must not change, because
/// replicas of all versions have to agree.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A visitor who is not bound to an address.
    Unbound = 0,
    Address = 1,
    Network = 2,
    /// A visitor, for the second half.
    Visitor = 3,
}

/// A visitor of an article in the dedup log, in two halves.
///
/// The first half groups the visitors that a cap counts together: it is a hash of the article and
/// of an address or a network. The second half tells these visitors apart: it is a hash of the
/// article and the visitor. Both halves depend on the article, so the readers of two articles can't
/// be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    origin: Half,
    visitor: Half,
}

impl Id {
    /// The first half.
    pub fn origin(self) -> Half {
        self.origin
    }

    /// The bytes as they are in the log.
    pub fn bytes(self) -> [u8; 12] {
        let ([a, b, c, d, e, f], [s, t, u, v, w, x]) = (self.origin, self.visitor);
        [a, b, c, d, e, f, s, t, u, v, w, x]
    }
}

/// The ids of an article's visitor. They share the second half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The id that the visitor is looked up by. Its first half is that of the address if the
    /// visitor is bound to one. Otherwise, for a signed-in reader or an anonymous session, it is a
    /// hash of the article and the visitor.
    pub own: Id,
    /// The id under the address, for an anonymous visitor. It equals `own` unless the visitor is a
    /// session.
    pub address: Option<Id>,
    /// The id under the network, if a cap applies to it.
    pub network: Option<Id>,
}

impl Ids {
    /// The ids of a visitor of `article`.
    pub fn of(article: ArticleId, hashes: &Hashes) -> Self {
        let visitor = half(article, hashes.visitor, Kind::Visitor);
        let id = |origin, kind| Id { origin: half(article, origin, kind), visitor };
        let address = hashes.address.map(|address| id(address, Kind::Address));
        let network = hashes.network.map(|network| id(network, Kind::Network));
        let bound = address.filter(|_| !hashes.is_session);
        let own = bound.unwrap_or_else(|| id(hashes.visitor, Kind::Unbound));
        Self { own, address, network }
    }

    /// The ids that are entered in the log if the view counts, `own` first.
    pub fn entered(self) -> impl Iterator<Item = Id> {
        let address = self.address.filter(|address| *address != self.own);
        [Some(self.own), self.network, address].into_iter().flatten()
    }
}

fn half(article: ArticleId, hash: i64, kind: Kind) -> Half {
    // The fixed SipHash key is safe: the inputs are hashes keyed with the day's salt, so nobody can
    // provoke a collision.
    let mut hasher = SipHasher13::new();
    hasher.write_i64(article.0.to_le());
    hasher.write_i64(hash.to_le());
    hasher.write_u8(kind as u8);
    let [a, b, c, d, e, f, ..] = hasher.finish().to_le_bytes();
    [a, b, c, d, e, f]
}

/// The second at which a window ends that begins at `now`. It is rounded up, so no
/// window is shorter than `window`.
pub fn window_ends_at(now: Millis, window: Duration) -> u32 {
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let rounded_up = now.0.saturating_add(window).saturating_add(999).div_euclid(1_000);
    u32::try_from(rounded_up.max(0)).unwrap_or(u32::MAX)
}

/// The log entries of `ids`, whose windows end at the second `ends_at`.
pub fn entries(ids: &[Id], ends_at: u32) -> Vec<u8> {
    let mut entries = Vec::with_capacity(ids.len() * ENTRY);
    for id in ids {
        entries.extend_from_slice(&id.bytes());
        entries.extend_from_slice(&ends_at.to_be_bytes());
    }
    entries
}

/// What is known about an article's visitor under one day's hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the visitor is within a window.
    pub is_seen: bool,
    /// How many visitors of the address are within a window; 0 if there is no address.
    pub of_address: usize,
    /// The same for the network.
    pub of_network: usize,
}

impl Add for Known {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            is_seen: self.is_seen || other.is_seen,
            of_address: self.of_address + other.of_address,
            of_network: self.of_network + other.of_network,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Visitor {
    half: Half,
    ends_at: u32,
}

/// The visitors of a dedup log, except those whose windows have expired and were forgotten. Times
/// are in seconds since 1970.
#[derive(Debug, Default)]
pub struct Seen {
    // A fast hasher is safe here: the keys are hashes already, and nobody can choose where they
    // land. Most origins have one visitor.
    visitors: FxHashMap<Half, SmallVec<[Visitor; 1]>>,
    /// The same entries in log order. That is the order in which windows end, unless the window's
    /// length was changed.
    in_order: VecDeque<(u32, Half)>,
}

impl Seen {
    /// What is known about a visitor at a `second`. Expired windows are ignored even if they have
    /// not been forgotten.
    pub fn known(&self, ids: &Ids, second: i64) -> Known {
        let (is_seen, of_own) = self.find(ids.own, second);
        let live = |id: Id| if id == ids.own { of_own } else { self.find(id, second).1 };
        Known {
            is_seen,
            of_address: ids.address.map_or(0, live),
            of_network: ids.network.map_or(0, live),
        }
    }

    /// Whether the id is within a window, and how many ids with the same first half are.
    fn find(&self, id: Id, second: i64) -> (bool, usize) {
        let visitors = self.visitors.get(&id.origin).map_or(&[][..], SmallVec::as_slice);
        let live = visitors.iter().filter(|visitor| i64::from(visitor.ends_at) > second);
        live.fold((false, 0), |(is_seen, count), visitor| {
            (is_seen || visitor.half == id.visitor, count + 1)
        })
    }

    /// Adds an id whose window ends at the second `ends_at`.
    pub fn add(&mut self, id: Id, ends_at: u32) {
        self.visitors.entry(id.origin).or_default().push(Visitor { half: id.visitor, ends_at });
        self.in_order.push_back((ends_at, id.origin));
    }

    /// Adds log entries. An incomplete one at the end is ignored.
    pub fn read(&mut self, entries: &[u8]) {
        for entry in entries.as_chunks::<ENTRY>().0 {
            let [a, b, c, d, e, f, s, t, u, v, w, x, end @ ..] = *entry;
            let id = Id { origin: [a, b, c, d, e, f], visitor: [s, t, u, v, w, x] };
            self.add(id, u32::from_be_bytes(end));
        }
    }

    /// Removes some of the windows that have expired at a `second`. Returns false once none are
    /// left.
    pub fn forget(&mut self, second: i64) -> bool {
        for _ in 0..AT_ONCE {
            let Some((_, origin)) =
                self.in_order.pop_front_if(|(ends_at, _)| i64::from(*ends_at) <= second)
            else {
                return false;
            };
            if let Some(visitors) = self.visitors.get_mut(&origin) {
                visitors.retain(|visitor| i64::from(visitor.ends_at) > second);
                if visitors.is_empty() {
                    self.visitors.remove(&origin);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn hashes(visitor: i64, address: i64) -> Hashes {
        Hashes { visitor, address: Some(address), network: None, is_session: false }
    }

    fn ids(article: i64, visitor: i64, address: i64) -> Ids {
        Ids::of(ArticleId(article), &hashes(visitor, address))
    }

    fn add(seen: &mut Seen, ids: Ids, ends_at: u32) {
        for id in ids.entered() {
            seen.add(id, ends_at);
        }
    }

    /// Whether the visitor is known, and how many of the address and of the network are.
    fn known(seen: &Seen, ids: Ids, second: i64) -> (bool, usize, usize) {
        let Known { is_seen, of_address, of_network } = seen.known(&ids, second);
        (is_seen, of_address, of_network)
    }

    #[test]
    fn c3_no_part_of_an_entry_tells_that_two_articles_have_the_same_reader() {
        let of_network = Hashes { network: Some(7), ..hashes(1, 100) };
        let readers = [
            hashes(1, 100),
            of_network,
            Hashes { address: None, ..of_network },
            Hashes { is_session: true, ..of_network },
        ];
        for reader in readers {
            let halves = |article| -> HashSet<Half> {
                Ids::of(ArticleId(article), &reader)
                    .entered()
                    .flat_map(|id| [id.origin, id.visitor])
                    .collect()
            };
            assert!(halves(1).is_disjoint(&halves(2)), "{reader:?}");
        }
        // Not even by chance: the visitor's own hash is not in the entry.
        let visitor = 0x0123_4567_89ab_cdef;
        let bytes = ids(1, visitor, 100).own.bytes();
        assert!(!bytes.windows(4).any(|part| visitor.to_le_bytes().starts_with(part)));
    }

    #[test]
    fn c3_the_ids_of_one_visitor_share_the_second_half_and_those_of_one_origin_the_first() {
        let session = Hashes { visitor: 1, address: Some(100), network: Some(7), is_session: true };
        let entered: Vec<Id> = Ids::of(ArticleId(1), &session).entered().collect();
        assert_eq!(entered.len(), 3);
        for id in &entered {
            assert_eq!(id.visitor, entered[0].visitor);
        }
        let origins: HashSet<Half> = entered.iter().map(|id| id.origin).collect();
        assert_eq!(origins.len(), 3);
        let (one, other) = (ids(1, 1, 100), ids(1, 2, 100));
        assert_eq!(one.own.origin, other.own.origin);
        assert_ne!(one.own.visitor, other.own.visitor);
        assert_eq!(one.address, Some(one.own));
        assert_eq!(one.entered().count(), 1);
    }

    #[test]
    fn c3_the_visitors_of_a_network_are_counted_apart_from_those_of_its_addresses() {
        let of = |article, visitor, address| {
            Ids::of(ArticleId(article), &Hashes { network: Some(7), ..hashes(visitor, address) })
        };
        let mut seen = Seen::default();
        for (visitor, address) in [(1, 100), (2, 100), (3, 101)] {
            add(&mut seen, of(1, visitor, address), 5);
        }
        assert_eq!(known(&seen, of(1, 9, 109), 0), (false, 0, 3));
        assert_eq!(known(&seen, of(2, 9, 109), 0), (false, 0, 0), "another article");
        assert_eq!(known(&seen, ids(1, 9, 100), 0), (false, 2, 0));
        // A 64-bit hash can happen to be both an address's and a network's.
        assert_eq!(known(&seen, ids(1, 9, 7), 0), (false, 0, 0));
    }

    #[test]
    fn c2_c3_a_session_is_found_at_every_address_and_counted_at_its_own() {
        let session = |article, visitor, address| {
            Ids::of(ArticleId(article), &Hashes { is_session: true, ..hashes(visitor, address) })
        };
        let mut seen = Seen::default();
        add(&mut seen, session(1, 1, 100), 5);
        assert_eq!(known(&seen, session(1, 1, 101), 0), (true, 0, 0), "at another address");
        assert_eq!(known(&seen, session(2, 1, 100), 0), (false, 0, 0), "another article");
        assert_eq!(known(&seen, session(1, 2, 100), 0), (false, 1, 0));
        let without_a_session = ids(1, 3, 100);
        assert_eq!(known(&seen, without_a_session, 0), (false, 1, 0), "under the same cap");
    }

    #[test]
    fn c2_c3_visitors_are_known_until_their_window_ends_whether_they_are_forgotten_or_not() {
        let of =
            |visitor| Ids::of(ArticleId(1), &Hashes { network: Some(9), ..hashes(visitor, 100) });
        let mut seen = Seen::default();
        // The last one looks as if the window had been shortened.
        for (visitor, ends_at) in [(1, 5), (2, 7), (3, 6)] {
            add(&mut seen, of(visitor), ends_at);
        }
        let expected =
            [(4, (true, 3, 3)), (5, (false, 2, 2)), (6, (false, 1, 1)), (7, (false, 0, 0))];
        for (second, expected) in expected {
            assert_eq!(known(&seen, of(1), second), expected, "at {second}");
        }
        assert_eq!(seen.known(&ids(2, 1, 100), 4), Known::default(), "another article");
        assert_eq!(known(&seen, ids(1, 1, 101), 4), (false, 0, 0), "another address");
        while seen.forget(6) {}
        assert_eq!(known(&seen, of(2), 6), (true, 1, 1));
        while seen.forget(7) {}
        assert!(seen.visitors.is_empty() && seen.in_order.is_empty());
    }

    #[test]
    fn c2_forgetting_a_window_leaves_a_later_one_of_the_same_visitor() {
        let mut seen = Seen::default();
        for ends_at in [5, 15] {
            add(&mut seen, ids(1, 1, 100), ends_at);
        }
        while seen.forget(5) {}
        assert_eq!(known(&seen, ids(1, 1, 100), 5), (true, 1, 0));
        while seen.forget(15) {}
        assert!(seen.visitors.is_empty() && seen.in_order.is_empty());
    }

    #[test]
    fn however_many_windows_are_over_they_are_forgotten_a_part_at_a_time() {
        let mut seen = Seen::default();
        let visitors = 2 * i64::try_from(AT_ONCE).unwrap() + 1;
        for number in 0..visitors {
            add(&mut seen, ids(1, number, number), 5);
        }
        add(&mut seen, ids(1, -1, -1), 6);
        for left in [AT_ONCE + 2, 2, 1] {
            assert_eq!(seen.forget(5), left > 1);
            assert_eq!((seen.visitors.len(), seen.in_order.len()), (left, left));
        }
        assert!(seen.known(&ids(1, -1, -1), 5).is_seen);
    }

    #[test]
    fn c2_what_is_read_of_a_log_is_what_was_written_to_it() {
        let one = ids(1, -10, 100);
        let other = Ids::of(ArticleId(1), &Hashes { address: None, ..hashes(7, 0) });
        let mut log = entries(&[one.own], 7);
        log.extend(entries(&[other.own], 8));
        assert_eq!(log.len(), 2 * ENTRY);
        log.extend([1, 2, 3]);
        let mut seen = Seen::default();
        seen.read(&log);
        assert_eq!(known(&seen, one, 6), (true, 1, 0));
        assert_eq!(known(&seen, one, 7), (false, 0, 0));
        assert!(seen.known(&other, 7).is_seen);
        assert!(!seen.known(&other, 8).is_seen);
        assert_eq!(seen.in_order.len(), 2);
    }

    #[test]
    fn c2_a_window_ends_on_a_full_second_and_never_too_soon() {
        let ends_at = |now, window| window_ends_at(Millis(now), Duration::from_millis(window));
        assert_eq!(ends_at(5_000, 10_000), 15);
        assert_eq!(ends_at(5_001, 10_000), 16);
        assert_eq!(ends_at(5_999, 10_000), 16);
        assert_eq!(ends_at(5_000, 10_001), 16);
        assert_eq!(ends_at(-20_000, 10_000), 0);
        assert_eq!(ends_at(0, u64::MAX), u32::MAX);
    }
}
