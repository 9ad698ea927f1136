//! Rules C2 and C3 as one pure function: decides each view of a batch, given who was counted
//! before. Both stores decide by it.

use std::collections::BTreeMap;

use super::visitor::{DAY_MS, Visitor};
use crate::Reason;
use crate::seen::{Half, Id, Ids, Known, Seen};
use crate::{ArticleId, Day};

/// A view to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The article's id.
    pub article: ArticleId,
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

/// The ids that a view's visitor is looked up by.
#[derive(Clone, Copy, Debug)]
struct Lookup {
    today: Ids,
    yesterday: Option<Ids>,
}

impl Lookup {
    fn of(view: &View) -> Self {
        let ids = |hashes| Ids::of(view.article, hashes);
        Self {
            today: ids(&view.visitor.today),
            yesterday: view.visitor.yesterday.as_ref().map(ids),
        }
    }

    fn days(self) -> impl Iterator<Item = Ids> {
        [Some(self.today), self.yesterday].into_iter().flatten()
    }

    /// Why the view would not count; `None` if it would. `known` looks up what is known under one
    /// day's ids.
    fn refusal(&self, caps: &Caps, known: impl Fn(&Ids) -> Known) -> Option<Reason> {
        let known = self.days().fold(Known::default(), |sum, ids| sum + known(&ids));
        if known.is_seen {
            return Some(Reason::Repeat);
        }
        let is_anonymous = self.today.address.is_some();
        let of_network = if is_anonymous { caps.network } else { caps.signed_in };
        let is_capped = is_anonymous && known.of_address >= caps.address
            || self.today.network.is_some() && known.of_network >= of_network;
        is_capped.then_some(Reason::IpCap)
    }
}

/// Whether `view` would count at a `second`, whatever day its visitor was hashed for.
pub fn would_count(view: &View, second: i64, seen: &Seen, caps: &Caps) -> bool {
    Lookup::of(view).refusal(caps, |ids| seen.known(ids, second)).is_none()
}

/// The decisions on a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// One for each view, in order.
    pub decisions: Vec<Decision>,
    /// What the log gets: the ids of the views that count.
    pub counted: Vec<Id>,
    /// First halves of ids that the decisions depend on. As long as nobody else adds an id with one
    /// of these halves to the log, the decisions hold for the rest of the second. A repeat depends
    /// on none: it stays one, whatever is added.
    pub watched: Vec<Half>,
}

impl Decided {
    /// How many views of the decided `batch` count, by article.
    pub fn increments(&self, batch: &[View]) -> BTreeMap<ArticleId, u32> {
        let mut increments = BTreeMap::new();
        for (view, decision) in batch.iter().zip(&self.decisions) {
            if *decision == Decision::Counted {
                *increments.entry(view.article).or_default() += 1;
            }
        }
        increments
    }
}

/// Decides every view of `batch`, in order. A view counted earlier in the batch affects the ones
/// after it.
///
/// - `second`: the time of the decision, in seconds since 1970.
/// - `seen`: everybody who was counted before.
/// - `caps`: how many visitors may count.
pub fn decide(batch: &[View], second: i64, seen: &Seen, caps: &Caps) -> Decided {
    let day = Day(second.div_euclid(DAY_MS / 1_000));
    let mut decided = Decided::default();
    let mut earlier = Seen::default();
    for view in batch {
        if view.visitor.day != day {
            decided.decisions.push(Decision::OtherDay);
            continue;
        }
        let lookup = Lookup::of(view);
        let known = |ids: &Ids| seen.known(ids, second) + earlier.known(ids, second);
        let decision = match lookup.refusal(caps, known) {
            None => {
                for id in lookup.today.entered() {
                    earlier.add(id, u32::MAX);
                    decided.counted.push(id);
                }
                decided.watched.extend(lookup.days().flat_map(Ids::entered).map(Id::origin));
                Decision::Counted
            }
            Some(reason) => {
                if reason == Reason::IpCap {
                    // The visitor may have been counted at another address, which makes it a
                    // repeat.
                    decided.watched.extend(lookup.days().map(|ids| ids.own.origin()));
                }
                Decision::NotCounted(reason)
            }
        };
        decided.decisions.push(decision);
    }
    decided
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decision::{Counted, NotCounted, OtherDay};
    use super::*;
    use crate::visitor::Hashes;

    const DAY: Day = Day(20_000);

    /// A second of [`DAY`].
    const NOW: i64 = DAY.0 * 86_400 + 7;

    fn anonymous(article: i64, visitor: i64, address: i64) -> View {
        let today = Hashes { visitor, address: Some(address), network: None, is_session: false };
        View { article: ArticleId(article), visitor: Visitor { day: DAY, today, yesterday: None } }
    }

    /// Caps that limit addresses only.
    fn cap(address: usize) -> Caps {
        Caps { address, network: usize::MAX, signed_in: usize::MAX }
    }

    fn fresh(batch: &[View], address: usize) -> Vec<Decision> {
        decide(batch, NOW, &Seen::default(), &cap(address)).decisions
    }

    /// Visitors of an article whose windows are open at [`NOW`].
    fn counted(article: i64, visitors: impl IntoIterator<Item = Hashes>) -> Seen {
        let mut seen = Seen::default();
        for hashes in visitors {
            for id in Ids::of(ArticleId(article), &hashes).entered() {
                seen.add(id, u32::MAX);
            }
        }
        seen
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
        let view = View { article: ArticleId(1), visitor: Visitor { day: DAY, today, yesterday } };
        let decided = decide(&[view], NOW, &counted(1, yesterday), &cap(5));
        assert_eq!(decided.decisions, [NotCounted(Reason::Repeat)]);
        assert_eq!((decided.counted, decided.watched), (vec![], vec![]));
    }

    #[test]
    fn c3_the_caps_span_midnight() {
        let of_address = |address: i64, visitor: i64| Hashes {
            visitor,
            address: Some(100 + address),
            network: None,
            is_session: false,
        };
        let of_network = |network: i64, visitor: i64| Hashes {
            visitor,
            address: Some(visitor),
            network: Some(100 + network),
            is_session: false,
        };
        let of_user = |network: i64, visitor: i64| Hashes {
            visitor,
            address: None,
            network: Some(100 + network),
            is_session: false,
        };
        let caps = |address, network, signed_in| Caps { address, network, signed_in };
        type Of = fn(i64, i64) -> Hashes;
        for (of, enough, too_few) in [
            (of_address as Of, caps(5, 0, 0), caps(4, 9, 9)),
            (of_network as Of, caps(1, 5, 0), caps(9, 4, 9)),
            (of_user as Of, caps(0, 0, 5), caps(9, 9, 4)),
        ] {
            // Three were counted before midnight and one after it.
            let seen = counted(1, [of(0, 1), of(0, 2), of(0, 3), of(1, 4)]);
            let visitor = Visitor { day: DAY, today: of(1, 10), yesterday: Some(of(0, 9)) };
            let view = View { article: ArticleId(1), visitor };
            let decide = |caps| decide(&[view], NOW, &seen, &caps).decisions;
            assert_eq!(decide(enough), [Counted], "{view:?}");
            assert_eq!(decide(too_few), [NotCounted(Reason::IpCap)], "{view:?}");
        }
    }

    #[test]
    fn c3_a_view_that_is_refused_takes_no_room_of_the_other_cap() {
        let of = |visitor, address| View {
            article: ArticleId(1),
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
        let decisions = decide(&batch, NOW, &Seen::default(), &caps).decisions;
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
                article: ArticleId(1),
                visitor: Visitor { day: DAY, today: hash(&reader, &[7; 32]), yesterday: None },
            }
        };
        let batch = [of(Some(1)), of(Some(1)), of(Some(2)), of(None), of(Some(3))];
        let (repeat, too_many) = (NotCounted(Reason::Repeat), NotCounted(Reason::IpCap));
        assert_eq!(fresh(&batch, 5), [Counted, repeat, Counted, Counted, Counted]);
        assert_eq!(fresh(&batch, 2), [Counted, repeat, Counted, too_many, too_many]);
        let caps = Caps { address: usize::MAX, network: 2, signed_in: usize::MAX };
        let decisions = decide(&batch, NOW, &Seen::default(), &caps).decisions;
        assert_eq!(decisions, [Counted, repeat, Counted, too_many, too_many]);
    }

    #[test]
    fn c2_c3_a_visitor_of_another_day_is_neither_counted_nor_taken_for_a_repeat() {
        let batch = [anonymous(1, 10, 100), anonymous(1, 11, 100)];
        let seen = counted(1, [batch[0].visitor.today]);
        for second in [DAY.0 * 86_400 - 1, (DAY.0 + 1) * 86_400] {
            let decided = decide(&batch, second, &seen, &cap(1));
            assert_eq!(decided.decisions, [OtherDay, OtherDay]);
        }
        for second in [DAY.0 * 86_400, (DAY.0 + 1) * 86_400 - 1] {
            let decided = decide(&batch, second, &seen, &cap(1));
            assert_eq!(decided.decisions, [NotCounted(Reason::Repeat), NotCounted(Reason::IpCap)]);
        }
    }

    fn caps() -> impl Strategy<Value = Caps> {
        let caps = |(address, network, signed_in)| Caps { address, network, signed_in };
        (1usize..4, 1usize..6, 1usize..6).prop_map(caps)
    }

    /// Views by anonymous visitors, sessions that change their address, and signed-in readers, some
    /// of whom are looked up under yesterday's salt too.
    fn views() -> impl Strategy<Value = Vec<View>> {
        let view = (0i64..2, 0i64..5, 0i64..6, 0i64..3, any::<bool>());
        let view = view.prop_map(|(article, visitor, from, kind, has_yesterday)| {
            let hashes = |day: i64| Hashes {
                // Visitors without a session are bound to their address.
                visitor: day + 1_000 * kind + if kind == 0 { visitor * 10 + from } else { visitor },
                address: (kind < 2).then_some(day + from),
                network: (kind == 2 || from > 2).then_some(day + 100 * kind + from / 2),
                is_session: kind == 1,
            };
            let yesterday = has_yesterday.then(|| hashes(0));
            // Some were counted before midnight.
            let day = if has_yesterday || visitor > 2 { 1_000_000 } else { 0 };
            View {
                article: ArticleId(article),
                visitor: Visitor { day: DAY, today: hashes(day), yesterday },
            }
        });
        prop::collection::vec(view, 0..30)
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
                View { article: ArticleId(article), visitor: Visitor { day: DAY, today, yesterday: None } }
            }).collect();
            let outcomes = decide(&batch, NOW, &Seen::default(), &caps).decisions;
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

        /// Redis' script relies on this: what others have counted in the meantime changes no
        /// decision of a batch, unless it has one of the halves that are watched.
        #[test]
        fn c2_c3_what_others_count_changes_a_decision_only_if_it_is_watched(
            before in views(), others in views(), batch in views(), caps in caps(),
        ) {
            let mut seen = Seen::default();
            let add = |seen: &mut Seen, ids: &[Id]| {
                for id in ids {
                    seen.add(*id, u32::MAX);
                }
            };
            add(&mut seen, &decide(&before, NOW, &Seen::default(), &caps).counted);
            let decided = decide(&batch, NOW, &seen, &caps);
            let theirs = decide(&others, NOW, &seen, &caps).counted;
            add(&mut seen, &theirs);
            let after = decide(&batch, NOW, &seen, &caps);
            if !theirs.iter().any(|id| decided.watched.contains(&id.origin())) {
                prop_assert_eq!(&after, &decided);
            }
        }

        #[test]
        fn c2_c3_a_batch_is_decided_as_its_parts_one_after_the_other(
            batch in views(), at in any::<prop::sample::Index>(), caps in caps(),
        ) {
            let whole = decide(&batch, NOW, &Seen::default(), &caps);
            let (first, second) = batch.split_at(at.index(batch.len() + 1));
            let mut parts = decide(first, NOW, &Seen::default(), &caps);
            let mut seen = Seen::default();
            seen.read(&crate::seen::entries(&parts.counted, u32::MAX));
            let rest = decide(second, NOW, &seen, &caps);
            parts.decisions.extend(rest.decisions);
            parts.counted.extend(rest.counted);
            parts.watched.extend(rest.watched);
            prop_assert_eq!(&parts, &whole);
            let counted = whole.decisions.iter().filter(|decision| **decision == Counted).count();
            let increments = whole.increments(&batch);
            prop_assert_eq!(increments.values().sum::<u32>() as usize, counted);
        }
    }
}
