//! Rules C2 and C3 as one pure function: what becomes of each view of a batch, given what the store knows.

use std::collections::{HashMap, HashSet};

use super::visitor::Visitor;
use crate::model::view::Reason;

/// A view that waits to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The article's id.
    pub article: i64,
    /// Who reads it.
    pub visitor: Visitor,
}

/// What becomes of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It counts.
    Counted,
    /// It does not, and why.
    NotCounted(Reason),
    /// The visitor was hashed for another day than that on which the store decides: whoever was counted under this day's salt would
    /// not be found. It has to be hashed anew.
    OtherDay,
}

/// Decides every view of `batch`, in order.
///
/// - `day`: the day of the decision.
/// - `seen`: the pairs (article, visitor hash) within their window.
/// - `addresses`: how many anonymous visitors each pair (article, address hash) has within their window.
/// - `cap`: how many it may have.
///
/// Both must hold every pair of the batch under the hashes of both days (see [`Visitor`]). Views of the batch count for
/// those that follow.
pub fn decide(
    batch: &[View],
    day: i64,
    mut seen: HashSet<(i64, i64)>,
    mut addresses: HashMap<(i64, i64), usize>,
    cap: usize,
) -> Vec<Decision> {
    let mut decide_one = |view: &View| {
        let Visitor { today, yesterday, .. } = view.visitor;
        if view.visitor.day != day {
            return Decision::OtherDay;
        }
        let is_repeat =
            [Some(today), yesterday].into_iter().flatten().any(|hashes| seen.contains(&(view.article, hashes.visitor)));
        if is_repeat {
            return Decision::NotCounted(Reason::Repeat);
        }
        if let Some(address) = today.address {
            let live_yesterday = yesterday
                .and_then(|hashes| hashes.address)
                .and_then(|address| addresses.get(&(view.article, address)).copied())
                .unwrap_or(0);
            let live = addresses.entry((view.article, address)).or_insert(0);
            if *live + live_yesterday >= cap {
                return Decision::NotCounted(Reason::IpCap);
            }
            *live += 1;
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
    use crate::server::views::visitor::Hashes;

    const DAY: i64 = 20_000;

    fn anonymous(article: i64, visitor: i64, address: i64) -> View {
        let today = Hashes { visitor, address: Some(address) };
        View { article, visitor: Visitor { day: DAY, today, yesterday: None } }
    }

    fn fresh(batch: &[View], cap: usize) -> Vec<Decision> {
        decide(batch, DAY, HashSet::new(), HashMap::new(), cap)
    }

    #[test]
    fn c2_a_visitor_counts_once_per_article_even_within_one_batch() {
        let batch = [anonymous(1, 10, 100), anonymous(1, 10, 100), anonymous(2, 10, 100)];
        assert_eq!(fresh(&batch, 5), [Counted, NotCounted(Reason::Repeat), Counted]);
    }

    #[test]
    fn c2_a_visitor_seen_before_midnight_is_a_repeat_after_it() {
        let today = Hashes { visitor: 11, address: Some(101) };
        let yesterday = Some(Hashes { visitor: 10, address: Some(100) });
        let view = View { article: 1, visitor: Visitor { day: DAY, today, yesterday } };
        assert_eq!(decide(&[view], DAY, HashSet::from([(1, 10)]), HashMap::new(), 5), [NotCounted(Reason::Repeat)]);
    }

    #[test]
    fn c3_the_cap_spans_midnight() {
        let today = Hashes { visitor: 11, address: Some(101) };
        let yesterday = Some(Hashes { visitor: 10, address: Some(100) });
        let view = View { article: 1, visitor: Visitor { day: DAY, today, yesterday } };
        let addresses = HashMap::from([((1, 100), 3), ((1, 101), 1)]);
        assert_eq!(decide(&[view], DAY, HashSet::new(), addresses.clone(), 5), [Counted]);
        assert_eq!(decide(&[view], DAY, HashSet::new(), addresses, 4), [NotCounted(Reason::IpCap)]);
    }

    #[test]
    fn c3_a_signed_in_reader_is_under_no_cap() {
        let today = Hashes { visitor: 10, address: None };
        let view = View { article: 1, visitor: Visitor { day: DAY, today, yesterday: None } };
        assert_eq!(decide(&[view], DAY, HashSet::new(), HashMap::from([((1, 100), 5)]), 5), [Counted]);
    }

    #[test]
    fn c2_c3_a_visitor_of_another_day_is_neither_counted_nor_taken_for_a_repeat() {
        let batch = [anonymous(1, 10, 100), anonymous(1, 11, 100)];
        for day in [DAY - 1, DAY + 1] {
            assert_eq!(decide(&batch, day, HashSet::from([(1, 10)]), HashMap::new(), 1), [OtherDay, OtherDay]);
        }
    }

    proptest! {
        /// Against the definition, written the slow way: a view counts if no earlier one of the batch by the same visitor
        /// of the same article does, and fewer than `cap` earlier ones by its address of the same article do.
        #[test]
        fn c2_c3_every_batch_is_decided_as_the_rules_say(
            batch in prop::collection::vec((0i64..3, 0i64..6, 0i64..3), 0..60),
            cap in 1usize..4,
        ) {
            // The address is a function of the visitor, as in life.
            let batch: Vec<View> = batch.iter().map(|&(article, visitor, address)| {
                anonymous(article, visitor * 10 + address, address)
            }).collect();
            let outcomes = fresh(&batch, cap);
            for (index, view) in batch.iter().enumerate() {
                let counted = |same: &dyn Fn(&View) -> bool| (0..index)
                    .filter(|&earlier| outcomes[earlier] == Counted && same(&batch[earlier]))
                    .count();
                let expected = if counted(&|other| other == view) > 0 {
                    NotCounted(Reason::Repeat)
                } else if counted(&|other| other.article == view.article
                    && other.visitor.today.address == view.visitor.today.address) >= cap {
                    NotCounted(Reason::IpCap)
                } else {
                    Counted
                };
                prop_assert_eq!(outcomes[index], expected, "view {} of {:?}", index, batch);
            }
        }
    }
}
