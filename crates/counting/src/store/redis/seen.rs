//! This process's copy of the dedup log in Redis. Thanks to it, a view needs no lookup in Redis.

use std::collections::VecDeque;
use std::hash::Hasher;

use rustc_hash::FxHashMap;
use siphasher::sip::SipHasher13;
use smallvec::SmallVec;

use crate::visitor::Hashes;

/// Bytes in a log entry: an id, and the second at which the window ends.
const ENTRY: usize = 16;

/// How many entries are removed per lock, so that pages can read the copy in between.
const AT_ONCE: usize = 1_000;

type Half = [u8; 6];

/// A visitor of an article in the dedup log, in two halves.
///
/// The second half is part of the visitor's own hash. The first half groups visitors for a cap: it
/// is a hash of article and address, or of article and visitor if the visitor is not bound to an
/// address. So all visitors of an address share the first half, and the second half tells them
/// apart.
///
/// A visitor whose network has a cap gets another id, whose first half is of article and network.
/// An anonymous session, whose address may change, gets another one whose first half is of article
/// and address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id {
    address: Half,
    visitor: Half,
}

impl Id {
    /// The id of a visitor of `article`.
    pub fn new(article: i64, hashes: Hashes) -> Self {
        match hashes.address.filter(|_| !hashes.is_session) {
            Some(address) => Self::of(article, address, 1, hashes.visitor),
            None => Self::of(article, hashes.visitor, 0, hashes.visitor),
        }
    }

    /// The same visitor's id under the address; `None` if [`Id::new`] is that id already, or no cap
    /// applies to the address.
    pub fn of_address(article: i64, hashes: Hashes) -> Option<Self> {
        hashes
            .address
            .filter(|_| hashes.is_session)
            .map(|address| Self::of(article, address, 1, hashes.visitor))
    }

    /// The same visitor's id under the network; `None` if no cap applies to it.
    pub fn of_network(article: i64, hashes: Hashes) -> Option<Self> {
        hashes.network.map(|network| Self::of(article, network, 2, hashes.visitor))
    }

    /// `kind` says what `origin` is a hash of.
    fn of(article: i64, origin: i64, kind: u8, visitor: i64) -> Self {
        // The fixed SipHash key is safe: the inputs are hashes keyed with the day's salt, so nobody
        // can provoke a collision. It must not change, because replicas of all versions have to
        // agree.
        let mut hasher = SipHasher13::new();
        hasher.write_i64(article.to_le());
        hasher.write_i64(origin.to_le());
        hasher.write_u8(kind);
        let [a, b, c, d, e, f, ..] = hasher.finish().to_le_bytes();
        let [s, t, u, v, w, x, ..] = visitor.to_le_bytes();
        Self { address: [a, b, c, d, e, f], visitor: [s, t, u, v, w, x] }
    }

    /// The first half: that of the address or network.
    pub fn origin(self) -> [u8; 6] {
        self.address
    }

    /// The bytes as they are in the log.
    pub fn bytes(self) -> [u8; 12] {
        let ([a, b, c, d, e, f], [s, t, u, v, w, x]) = (self.address, self.visitor);
        [a, b, c, d, e, f, s, t, u, v, w, x]
    }
}

/// How far a shard's log was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The log's name; empty if no log was read yet. Redis renames the log when it has restarted or
    /// was emptied, because the log may then have lost entries that were read.
    pub log: String,
    /// The number of the chunk.
    pub chunk: i64,
    /// The byte offset in the chunk.
    pub byte: i64,
}

#[derive(Clone, Copy, Debug)]
struct Visitor {
    hash: Half,
    ends_at: u32,
}

/// The copy of a shard's dedup log: its entries up to a position, except those whose windows have
/// expired.
#[derive(Debug, Default)]
pub struct Seen {
    /// How far the log was read.
    pub position: Position,
    /// How far Redis' clock was ahead of this process's at its last answer, in milliseconds.
    pub ahead: i64,
    // A fast hasher is safe here: the keys are hashes already, and nobody can choose where they
    // land.
    visitors: FxHashMap<Half, SmallVec<[Visitor; 1]>>,
    /// The same entries in log order. That is the order in which windows end, unless the window's
    /// length was changed.
    in_order: VecDeque<(u32, Half)>,
}

impl Seen {
    /// Starts over with an unread log.
    pub fn begin(&mut self, log: String, chunk: i64) {
        *self = Self {
            position: Position { log, chunk, byte: 0 },
            ahead: self.ahead,
            ..Self::default()
        };
    }

    /// Whether the visitor is within a window at the time `now` in milliseconds, and how many
    /// visitors of its address are.
    pub fn find(&self, id: Id, now: i64) -> (bool, usize) {
        let visitors = self.visitors.get(&id.address).map_or(&[][..], SmallVec::as_slice);
        let live = visitors.iter().filter(|visitor| i64::from(visitor.ends_at) * 1000 > now);
        live.fold((false, 0), |(is_counted, count), visitor| {
            (is_counted || visitor.hash == id.visitor, count + 1)
        })
    }

    /// Adds a visitor whose window ends at the second `ends_at`.
    pub fn add(&mut self, id: Id, ends_at: u32) {
        self.visitors.entry(id.address).or_default().push(Visitor { hash: id.visitor, ends_at });
        self.in_order.push_back((ends_at, id.address));
    }

    /// Adds the entries of a part of the log. An incomplete entry at the end is ignored.
    pub fn read(&mut self, entries: &[u8]) {
        for entry in entries.as_chunks::<ENTRY>().0 {
            let [a, b, c, d, e, f, s, t, u, v, w, x, end @ ..] = *entry;
            let id = Id { address: [a, b, c, d, e, f], visitor: [s, t, u, v, w, x] };
            self.add(id, u32::from_be_bytes(end));
        }
    }

    /// Removes some of the windows that have expired at the time `now` in milliseconds. Returns
    /// false once none are left.
    pub fn forget(&mut self, now: i64) -> bool {
        for _ in 0..AT_ONCE {
            let Some((_, address)) =
                self.in_order.pop_front_if(|(ends_at, _)| i64::from(*ends_at) * 1000 <= now)
            else {
                return false;
            };
            if let Some(visitors) = self.visitors.get_mut(&address) {
                visitors.retain(|visitor| i64::from(visitor.ends_at) * 1000 > now);
                if visitors.is_empty() {
                    self.visitors.remove(&address);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(article: i64, visitor: i64, address: i64) -> Id {
        Id::new(
            article,
            Hashes { visitor, address: Some(address), network: None, is_session: false },
        )
    }

    #[test]
    fn c3_the_visitors_of_a_network_are_counted_apart_from_those_of_its_addresses() {
        let hashes = |visitor, address| Hashes {
            visitor,
            address: Some(address),
            network: Some(7),
            is_session: false,
        };
        let mut seen = Seen::default();
        for (visitor, address) in [(1, 100), (2, 100), (3, 101)] {
            seen.add(Id::new(1, hashes(visitor, address)), 5);
            seen.add(Id::of_network(1, hashes(visitor, address)).unwrap(), 5);
        }
        let network = |article| Id::of_network(article, hashes(9, 109)).unwrap();
        assert_eq!(seen.find(network(1), 0), (false, 3));
        assert_eq!(seen.find(network(2), 0), (false, 0), "another article");
        assert_eq!(seen.find(Id::new(1, hashes(9, 100)), 0), (false, 2));
        assert_eq!(Id::of_network(1, Hashes { network: None, ..hashes(1, 100) }), None);
        // A 64-bit hash can happen to be both an address's and a network's.
        assert_eq!(seen.find(id(1, 9, 7), 0), (false, 0));
    }

    #[test]
    fn c2_c3_a_session_is_found_at_every_address_and_counted_at_its_own() {
        let session = |visitor, address| Hashes {
            visitor,
            address: Some(address),
            network: None,
            is_session: true,
        };
        let mut seen = Seen::default();
        let here = session(1, 100);
        for id in [Some(Id::new(1, here)), Id::of_address(1, here)].into_iter().flatten() {
            seen.add(id, 5);
        }
        assert!(seen.find(Id::new(1, session(1, 101)), 0).0, "the same at another address");
        assert!(!seen.find(Id::new(2, here), 0).0, "another article");
        assert_eq!(seen.find(Id::of_address(1, session(2, 100)).unwrap(), 0), (false, 1));
        assert_eq!(
            seen.find(id(1, 3, 100), 0),
            (false, 1),
            "who sends no session is under the same cap"
        );
        assert_eq!(Id::of_address(1, Hashes { is_session: false, ..here }), None);
    }

    #[test]
    fn c2_c3_visitors_are_found_until_their_window_ends_whether_they_are_forgotten_or_not() {
        let mut seen = Seen::default();
        seen.add(id(1, 10, 100), 5);
        seen.add(id(1, 11, 100), 7);
        // As if the window had been shortened.
        seen.add(id(1, 12, 100), 6);
        assert_eq!(seen.find(id(1, 10, 100), 4_999), (true, 3));
        assert_eq!(seen.find(id(1, 10, 100), 5_000), (false, 2));
        assert_eq!(seen.find(id(2, 10, 100), 0), (false, 0), "another article");
        assert_eq!(seen.find(id(1, 10, 101), 0), (false, 0), "another address");
        seen.forget(6_000);
        assert_eq!(seen.find(id(1, 11, 100), 6_999), (true, 1));
        seen.forget(7_000);
        assert_eq!((seen.visitors.len(), seen.in_order.len()), (0, 0));
    }

    #[test]
    fn however_many_windows_are_over_they_are_forgotten_a_part_at_a_time() {
        let mut seen = Seen::default();
        let visitors = 2 * i64::try_from(AT_ONCE).unwrap() + 1;
        for number in 0..visitors {
            seen.add(id(1, number, number), 5);
        }
        seen.add(id(1, -1, -1), 6);
        for left in [AT_ONCE + 2, 2, 1] {
            assert_eq!(seen.forget(5_000), left > 1);
            assert_eq!((seen.visitors.len(), seen.in_order.len()), (left, left));
        }
        assert!(seen.find(id(1, -1, -1), 5_000).0);
    }

    #[test]
    fn c2_what_is_read_of_a_log_is_what_was_written_to_it() {
        let (one, other) = (
            id(1, -10, 100),
            Id::new(1, Hashes { visitor: 7, address: None, network: None, is_session: false }),
        );
        let mut log =
            [&one.bytes()[..], &7u32.to_be_bytes(), &other.bytes(), &8u32.to_be_bytes()].concat();
        log.extend([1, 2, 3]);
        let mut seen = Seen::default();
        seen.read(&log);
        assert_eq!(seen.find(one, 6_999), (true, 1));
        assert_eq!(seen.find(other, 7_999), (true, 1));
        assert_eq!(seen.find(other, 8_000), (false, 0));
        seen.begin("another".into(), 3);
        assert_eq!(seen.find(one, 0), (false, 0));
    }
}
