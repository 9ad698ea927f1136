//! Rules C2 and C3 as one pure function: decides each view of a batch, given what the store knows.

use std::collections::{HashMap, HashSet};

use super::visitor::{Hashes, Visitor};
use crate::Reason;

/// A view to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The article's id.
    pub article: i64,
    /// Who viewed it.
    pub visitor: Visitor,
}

/// The decision on a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It counts.
    Counted,
    /// It does not count, for this reason.
    NotCounted(Reason),
    /// The visitor was hashed for a different day than the one the store decides on. Visitors
    /// counted under this day's salt would not be found, so the visitor has to be hashed again.
    OtherDay,
}

/// Rule C3's caps: how many visitors may count per article within the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Anonymous visitors per address: an IPv4 address or an IPv6 /64.
    pub address: usize,
    /// Anonymous visitors per network: an IPv6 /48. It holds 65,536 /64s, each with its own cap.
    pub network: usize,
    /// Signed-in visitors per IPv4 address or IPv6 /48. It keeps bulk accounts from buying many
    /// views where sign-up is open.
    pub signed_in: usize,
}

impl Caps {
    /// The cap for a visitor's network ([`Hashes::network`]).
    ///
    /// [`Hashes::network`]: super::visitor::Hashes::network
    pub fn of_network(&self, is_anonymous: bool) -> usize {
        if is_anonymous { self.network } else { self.signed_in }
    }
}

/// What is known about an article's visitor under one day's hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether the visitor is within a window.
    pub is_seen: bool,
    /// How many visitors of the address are within a window. Ignored if the visitor has no address
    /// hash.
    pub of_address: usize,
    /// The same for the network.
    pub of_network: usize,
}

/// Why a view of `visitor` would not count; `None` if it would. `known` looks up what is known
/// under one day's hashes.
pub fn refusal(visitor: &Visitor, caps: &Caps, known: impl Fn(&Hashes) -> Known) -> Option<Reason> {
    let today = &visitor.today;
    let now = known(today);
    let before = visitor.yesterday.as_ref().map(known).unwrap_or_default();
    if now.is_seen || before.is_seen {
        return Some(Reason::Repeat);
    }
    let is_anonymous = today.address.is_some();
    let is_capped = is_anonymous && now.of_address + before.of_address >= caps.address
        || today.network.is_some()
            && now.of_network + before.of_network >= caps.of_network(is_anonymous);
    is_capped.then_some(Reason::IpCap)
}

/// Decides every view of `batch`, in order.
///
/// - `day`: the day of the decision.
/// - `seen`: the pairs (article, visitor hash) within their window.
/// - `origins`: how many visitors each pair (article, hash of an address or network) has within
///   their window.
/// - `caps`: how many it may have.
///
/// `seen` and `origins` must cover every pair of the batch under the hashes of both days (see
/// [`Visitor`]). A view counted earlier in the batch affects the ones after it.
pub fn decide(
    batch: &[View],
    day: i64,
    mut seen: HashSet<(i64, i64)>,
    mut origins: HashMap<(i64, i64), usize>,
    caps: &Caps,
) -> Vec<Decision> {
    let mut decide_one = |view: &View| {
        if view.visitor.day != day {
            return Decision::OtherDay;
        }
        let live = |origin: Option<i64>| {
            origin
                .and_then(|origin| origins.get(&(view.article, origin)).copied())
                .unwrap_or_default()
        };
        let known = |hashes: &Hashes| Known {
            is_seen: seen.contains(&(view.article, hashes.visitor)),
            of_address: live(hashes.address),
            of_network: live(hashes.network),
        };
        if let Some(reason) = refusal(&view.visitor, caps, known) {
            return Decision::NotCounted(reason);
        }
        let today = view.visitor.today;
        for origin in [today.address, today.network].into_iter().flatten() {
            *origins.entry((view.article, origin)).or_insert(0) += 1;
        }
        seen.insert((view.article, today.visitor));
        Decision::Counted
    };
    batch.iter().map(&mut decide_one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decision::{Counted, NotCounted, OtherDay};
    use super::*;

    const DAY: i64 = 20_000;

    fn anonymous(article: i64, visitor: i64, address: i64) -> View {
        let today = Hashes { visitor, address: Some(address), network: None, is_session: false };
        View { article, visitor: Visitor { day: DAY, today, yesterday: None } }
    }

    /// Caps that limit addresses only.
    fn cap(address: usize) -> Caps {
        Caps { address, network: usize::MAX, signed_in: usize::MAX }
    }

    fn fresh(batch: &[View], address: usize) -> Vec<Decision> {
        decide(batch, DAY, HashSet::new(), HashMap::new(), &cap(address))
    }

    #[test]
    fn c2_a_visitor_counts_once_per_article_even_within_one_batch() {
        let batch = [anonymous(1, 10, 100), anonymous(1, 10, 100), anonymous(2, 10, 100)];
        assert_eq!(fresh(&batch, 5), [Counted, NotCounted(Reason::Repeat), Counted]);
    }

    #[test]
    fn c2_a_visitor_seen_before_midnight_is_a_repeat_after_it() {
        let today = Hashes { visitor: 11, address: Some(101), network: None, is_session: false };
        let yesterday =
            Some(Hashes { visitor: 10, address: Some(100), network: None, is_session: false });
        let view = View { article: 1, visitor: Visitor { day: DAY, today, yesterday } };
        let decisions = decide(&[view], DAY, HashSet::from([(1, 10)]), HashMap::new(), &cap(5));
        assert_eq!(decisions, [NotCounted(Reason::Repeat)]);
    }

    #[test]
    fn c3_the_caps_span_midnight() {
        let of_address = |address: i64| Hashes {
            visitor: 10 + address,
            address: Some(100 + address),
            network: None,
            is_session: false,
        };
        let of_network = |network: i64| Hashes {
            visitor: 10 + network,
            address: Some(network),
            network: Some(100 + network),
            is_session: false,
        };
        let of_user = |network: i64| Hashes {
            visitor: 10 + network,
            address: None,
            network: Some(100 + network),
            is_session: false,
        };
        let caps = |address, network, signed_in| Caps { address, network, signed_in };
        let origins = HashMap::from([((1, 100), 3), ((1, 101), 1)]);
        for (today, yesterday, enough, too_few) in [
            (of_address(1), of_address(0), caps(5, 0, 0), caps(4, 9, 9)),
            (of_network(1), of_network(0), caps(1, 5, 0), caps(9, 4, 9)),
            (of_user(1), of_user(0), caps(0, 0, 5), caps(9, 9, 4)),
        ] {
            let view = View {
                article: 1,
                visitor: Visitor { day: DAY, today, yesterday: Some(yesterday) },
            };
            let decide = |caps| decide(&[view], DAY, HashSet::new(), origins.clone(), &caps);
            assert_eq!(decide(enough), [Counted], "{today:?}");
            assert_eq!(decide(too_few), [NotCounted(Reason::IpCap)], "{today:?}");
        }
    }

    #[test]
    fn c3_a_view_that_is_refused_takes_no_room_of_the_other_cap() {
        let of = |visitor, address| View {
            article: 1,
            visitor: Visitor {
                day: DAY,
                today: Hashes {
                    visitor,
                    address: Some(address),
                    network: Some(1_000),
                    is_session: false,
                },
                yesterday: None,
            },
        };
        let caps = Caps { address: 1, network: 2, signed_in: 0 };
        let batch = [of(1, 100), of(2, 100), of(3, 100), of(4, 101), of(5, 102)];
        let decisions = decide(&batch, DAY, HashSet::new(), HashMap::new(), &caps);
        let too_many = NotCounted(Reason::IpCap);
        assert_eq!(decisions, [Counted, too_many, too_many, Counted, too_many]);
    }

    #[test]
    fn c3_an_anonymous_session_is_a_visitor_of_its_own_and_shares_the_caps_of_its_address() {
        use crate::visitor::{Reader, hash};
        let of = |session| {
            let reader =
                Reader { session, ..Reader::new("2001:db8:1:2::3".parse().unwrap(), "A".into()) };
            View {
                article: 1,
                visitor: Visitor { day: DAY, today: hash(&reader, &[7; 32]), yesterday: None },
            }
        };
        let batch = [of(Some(1)), of(Some(1)), of(Some(2)), of(None), of(Some(3))];
        let (repeat, too_many) = (NotCounted(Reason::Repeat), NotCounted(Reason::IpCap));
        assert_eq!(fresh(&batch, 5), [Counted, repeat, Counted, Counted, Counted]);
        assert_eq!(fresh(&batch, 2), [Counted, repeat, Counted, too_many, too_many]);
        let caps = Caps { address: usize::MAX, network: 2, signed_in: usize::MAX };
        let decisions = decide(&batch, DAY, HashSet::new(), HashMap::new(), &caps);
        assert_eq!(decisions, [Counted, repeat, Counted, too_many, too_many]);
    }

    #[test]
    fn c2_c3_a_visitor_of_another_day_is_neither_counted_nor_taken_for_a_repeat() {
        let batch = [anonymous(1, 10, 100), anonymous(1, 11, 100)];
        for day in [DAY - 1, DAY + 1] {
            let decisions = decide(&batch, day, HashSet::from([(1, 10)]), HashMap::new(), &cap(1));
            assert_eq!(decisions, [OtherDay, OtherDay]);
        }
    }

    proptest! {
        /// Compares with the definition, written out naively: a view counts if no earlier view in
        /// the batch by the same visitor of the same article counts, and the views counted before
        /// it leave its address and its network below their caps for that article.
        #[test]
        fn c2_c3_every_batch_is_decided_as_the_rules_say(
            batch in prop::collection::vec((0i64..3, 0i64..6, 0i64..6), 0..60),
            address in 1usize..4,
            network in 1usize..6,
            signed_in in 1usize..6,
        ) {
            let caps = Caps { address, network, signed_in };
            // As in reality, the address depends on the visitor. Addresses 0 and 1 are IPv4, 2 and
            // 3 share one network, and 4 and 5 belong to signed-in readers.
            let batch: Vec<View> = batch.iter().map(|&(article, visitor, from)| {
                let today = Hashes {
                    visitor: visitor * 10 + from,
                    address: (from < 4).then_some(from),
                    network: match from { 0 | 1 => None, 2 | 3 => Some(1_000), _ => Some(2_000 + from) },
                    is_session: false,
                };
                View { article, visitor: Visitor { day: DAY, today, yesterday: None } }
            }).collect();
            let outcomes = decide(&batch, DAY, HashSet::new(), HashMap::new(), &caps);
            for (index, view) in batch.iter().enumerate() {
                let counted = |same: &dyn Fn(&View) -> bool| (0..index)
                    .filter(|&earlier| outcomes[earlier] == Counted && same(&batch[earlier]))
                    .count();
                let today = view.visitor.today;
                let of_address = counted(&|other| other.article == view.article
                    && other.visitor.today.address == today.address);
                let of_network = counted(&|other| other.article == view.article
                    && other.visitor.today.network == today.network);
                let most = if today.address.is_some() { network } else { signed_in };
                let expected = if counted(&|other| other == view) > 0 {
                    NotCounted(Reason::Repeat)
                } else if today.address.is_some() && of_address >= address
                    || today.network.is_some() && of_network >= most {
                    NotCounted(Reason::IpCap)
                } else {
                    Counted
                };
                prop_assert_eq!(outcomes[index], expected, "view {} of {:?}", index, batch);
            }
        }
    }
}
