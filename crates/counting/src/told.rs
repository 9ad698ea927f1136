//! The totals that this process has told anybody last. While Redis is away, SQL may have fewer
//! views, and no reader may see a count fall (rule C6).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ArticleId;

/// How many articles each half keeps. When the newer one is full, the older one is dropped.
const HALF: usize = 5_000;

#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Halves>);

#[derive(Debug, Default)]
struct Halves {
    /// Each article's total, and the number of the answer or question that it is from.
    newer: HashMap<ArticleId, (i64, u64)>,
    older: HashMap<ArticleId, (i64, u64)>,
    last: u64,
}

impl Halves {
    fn get(&self, article: ArticleId) -> Option<(i64, u64)> {
        self.newer.get(&article).or_else(|| self.older.get(&article)).copied()
    }

    fn insert(&mut self, article: ArticleId, views: i64, number: u64) {
        if self.newer.len() >= HALF && !self.newer.contains_key(&article) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(article, (views, number));
    }
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest total that was told since Redis was last asked for it; 0 if none is known.
    pub(crate) fn total(&self, article: ArticleId) -> i64 {
        self.lock().get(article).map_or(0, |(views, _)| views)
    }

    /// Notes the total that a view is answered with. Views may be answered in any order.
    pub(crate) fn answer(&self, article: ArticleId, views: i64) {
        let mut halves = self.lock();
        halves.last += 1;
        let (known, number) = (halves.get(article).map_or(0, |(known, _)| known), halves.last);
        halves.insert(article, views.max(known), number);
    }

    /// Begins to ask Redis for totals. Returns the number for [`Told::asked`].
    pub(crate) fn ask(&self) -> u64 {
        let mut halves = self.lock();
        halves.last += 1;
        halves.last
    }

    /// Notes what Redis answered. That may be less than before, if a count was corrected, but not
    /// less than what was told since it was asked.
    pub(crate) fn asked(&self, number: u64, of: &[ArticleId], totals: &HashMap<ArticleId, i64>) {
        let mut halves = self.lock();
        for article in of {
            let (total, known) = (totals.get(article).copied(), halves.get(*article));
            match (total, known) {
                (None, None) => {}
                (_, Some((later, at))) if at > number => {
                    halves.insert(*article, later.max(total.unwrap_or(0)), at);
                }
                _ => halves.insert(*article, total.unwrap_or(0), number),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: ArticleId = ArticleId(1);

    #[test]
    fn c6_what_was_told_falls_only_when_redis_is_asked_afterwards() {
        let told = Told::default();
        let asked = |number, total: Option<i64>| {
            told.asked(number, &[ONE], &total.map(|total| (ONE, total)).into_iter().collect());
            told.total(ONE)
        };
        assert_eq!(asked(told.ask(), None), 0, "Redis does not have it");
        told.answer(ONE, 7);
        told.answer(ONE, 6);
        assert_eq!(told.total(ONE), 7, "views are answered in any order");
        assert_eq!(asked(told.ask(), Some(5)), 5, "a corrected count");
        let (early, late) = (told.ask(), told.ask());
        assert_eq!(asked(late, Some(9)), 9);
        assert_eq!(asked(early, Some(8)), 9, "asked before");
        assert_eq!(asked(early, None), 9);
        let early = told.ask();
        told.answer(ONE, 10);
        assert_eq!(asked(early, Some(9)), 10);
        assert_eq!(asked(early, Some(11)), 11, "another process counted before Redis answered");
        assert_eq!(asked(told.ask(), None), 0, "Redis has forgotten it, so SQL has all");
    }

    #[test]
    fn only_the_latest_articles_are_kept() {
        let told = Told::default();
        let half = i64::try_from(HALF).unwrap();
        for article in 1..=2 * half {
            told.answer(ArticleId(article), article);
        }
        told.answer(ArticleId(2 * half), 0);
        assert_eq!([1, half, 2 * half].map(|id| told.total(ArticleId(id))), [1, half, 2 * half]);
        told.answer(ArticleId(0), 5);
        let known = [0, 1, half, half + 1, 2 * half].map(|id| told.total(ArticleId(id)));
        assert_eq!(known, [5, 0, 0, half + 1, 2 * half]);
    }
}
