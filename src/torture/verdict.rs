//! Checks the pages that readers opened while stores came and went.
//!
//! Nothing has to be fast. Only the kinds of answers and their order matter: a slow machine changes
//! how many answers of a kind there are, but not whether they are right. Where the right answer
//! can't be known, any answer passes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

/// How old the likes on a cached page may be. The server has the same (`REACTIONS_TTL`).
const LIKES_TTL: Duration = Duration::from_secs(1);

/// A page that a reader opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    Front,
    /// The page of the article with this number.
    Article(i64),
    /// A search that nobody has made before, so its page can't be cached.
    Search,
}

impl fmt::Display for Page {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Page::Front => formatter.write_str("/"),
            Page::Article(article) => write!(formatter, "/articles/article-{article}"),
            Page::Search => formatter.write_str("/search"),
        }
    }
}

/// Where a page came from, according to its `Cache-Status` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Rendered,
    /// Rendered just before or after an outage: the text could be read, and the counts could not.
    RenderedWhileAway,
    Memory,
    /// From the cache, with the last known counts, because a store is away.
    MemoryWhileAway,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A page, and the article ids and view counts on it.
    Shown(Source, Vec<(i64, i64)>),
    /// Status 503.
    Refused,
    /// No answer at all, as from a dead process.
    Nothing,
    /// An answer that no reader should ever get.
    Wrong(String),
}

/// One request of a reader, with its answer.
#[derive(Clone, Debug)]
pub struct Opened {
    pub replica: usize,
    pub page: Page,
    pub began: Instant,
    pub ended: Instant,
    pub answer: Answer,
}

impl Opened {
    fn is_shown(&self) -> bool {
        matches!(self.answer, Answer::Shown(..))
    }

    fn is_within(&self, began: Instant, ended: Instant) -> bool {
        began <= self.began && self.ended <= ended
    }
}

/// A start and an end.
pub type Span = (Instant, Instant);

/// What an accident means for pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Pages must keep working: only Redis is away, or a store is slow, or the database takes no
    /// writes.
    PagesGoOn,
    /// Nobody can reach SQL during this time.
    SqlAway(Span),
    /// Any answer passes.
    Other,
}

/// An accident that happened.
#[derive(Clone, Debug)]
pub struct Happened {
    pub began: Instant,
    pub ended: Instant,
    pub effect: Effect,
    /// How often each replica had logged, before the accident, that the database doesn't answer.
    pub outages: Vec<usize>,
}

/// Everything that was observed about pages in one schedule.
#[derive(Clone, Debug)]
pub struct Seen {
    pub opened: Vec<Opened>,
    /// In chronological order.
    pub happened: Vec<Happened>,
    /// As in [`Happened::outages`], at the end of the schedule.
    pub outages: Vec<usize>,
    /// When each replica's processes started, in order.
    pub starts: Vec<Vec<Instant>>,
    /// Whether Redis may have lost views that it had already reported.
    pub counts_may_fall: bool,
}

/// The number of pages by kind of answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pages that were shown.
    pub shown: u64,
    /// Pages among them that were served from the cache while a store was away.
    pub shown_while_away: u64,
    /// Pages that were refused with 503.
    pub refused: u64,
}

impl Seen {
    /// Checks every rule and counts the pages.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check(&self) -> Result<Tally, String> {
        for opened in &self.opened {
            if let Answer::Wrong(what) = &opened.answer {
                return Err(complaint(opened, what));
            }
        }
        self.pages_go_on()?;
        self.nobody_asks_sql_while_it_is_away()?;
        self.memory_holds()?;
        let number = |is_counted: fn(&Opened) -> bool| {
            self.opened.iter().filter(|one| is_counted(one)).count() as u64
        };
        Ok(Tally {
            shown: number(Opened::is_shown),
            shown_while_away: number(|one| {
                matches!(one.answer, Answer::Shown(Source::MemoryWhileAway, _))
            }),
            refused: number(|one| one.answer == Answer::Refused),
        })
    }

    /// No page is refused during an accident that leaves SQL readable. Only checked for a replica
    /// that had recovered from the previous accident and that didn't log a SQL outage meanwhile: on
    /// a slow enough machine, SQL can seem to be away.
    fn pages_go_on(&self) -> Result<(), String> {
        for (index, pair) in self.happened.windows(2).enumerate() {
            let [before, now] = pair else { continue };
            if now.effect != Effect::PagesGoOn {
                continue;
            }
            let after = self.happened.get(index + 2).map_or(&self.outages, |next| &next.outages);
            let refused = |one: &&Opened| {
                one.answer == Answer::Refused && one.is_within(now.began, now.ended)
            };
            for opened in self.opened.iter().filter(refused) {
                let replica = opened.replica;
                let was_well = self.opened.iter().any(|one| {
                    (one.replica, one.page) == (replica, Page::Search)
                        && one.is_shown()
                        && one.is_within(before.ended, now.began)
                });
                if was_well && before.outages[replica] == after[replica] {
                    return Err(complaint(opened, "refused although SQL was up"));
                }
            }
        }
        Ok(())
    }

    /// While SQL can't be reached, every page shown must come from the cache and say so. In the
    /// first second it need not say so: then Redis has the views, and likes are within their TTL.
    fn nobody_asks_sql_while_it_is_away(&self) -> Result<(), String> {
        for happened in &self.happened {
            let Effect::SqlAway((began, ended)) = happened.effect else { continue };
            for opened in self.opened.iter().filter(|one| one.is_within(began, ended)) {
                match opened.answer {
                    Answer::Shown(..) if opened.page == Page::Search => {
                        return Err(complaint(
                            opened,
                            "served without SQL although it had never been opened",
                        ));
                    }
                    Answer::Shown(Source::Memory, _) if opened.began < began + LIKES_TTL => {}
                    Answer::Shown(Source::RenderedWhileAway, _) => {
                        return Err(complaint(opened, "rendered while SQL was down"));
                    }
                    Answer::Shown(Source::Rendered | Source::Memory, _) => {
                        return Err(complaint(
                            opened,
                            "served while SQL was down without saying so",
                        ));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// A process keeps serving the pages in its cache, whatever is away, and no count on them
    /// falls.
    fn memory_holds(&self) -> Result<(), String> {
        let mut of_process = BTreeMap::<_, Vec<&Opened>>::new();
        for opened in self.opened.iter().filter(|one| one.page != Page::Search) {
            let started =
                self.starts[opened.replica].iter().rev().find(|start| **start <= opened.ended);
            if let Some(started) = started {
                of_process.entry((opened.replica, opened.page, *started)).or_default().push(opened);
            }
        }
        of_process
            .into_iter()
            .try_for_each(|((_, _, started), opened)| self.page_holds(started, opened))
    }

    /// As [`Seen::memory_holds`], for one page of the process that started at `started`.
    fn page_holds(&self, started: Instant, mut opened: Vec<&Opened>) -> Result<(), String> {
        opened.sort_by_key(|one| one.began);
        // Requests that may have replaced the cached page of this address.
        let may_have_rendered = |one: &&&Opened| {
            one.began < started
                || matches!(
                    one.answer,
                    Answer::Nothing
                        | Answer::Shown(Source::Rendered | Source::RenderedWhileAway, _)
                )
        };
        let rendered: Vec<&Opened> = opened.iter().filter(may_have_rendered).copied().collect();
        // Which version of the cached page a request saw: the number of earlier replacements.
        // `None` if a replacement overlaps the request.
        let which = |one: &Opened| {
            let is_certain =
                rendered.iter().all(|other| other.ended <= one.began || one.ended <= other.began);
            is_certain.then(|| rendered.iter().filter(|other| other.ended <= one.began).count())
        };
        let certain: Vec<(usize, &Opened)> =
            opened.iter().filter_map(|one| Some((which(one)?, *one))).collect();
        let mut by_end = certain.clone();
        by_end.sort_by_key(|(_, one)| one.ended);
        let mut by_end = by_end.into_iter().filter(|(_, one)| one.is_shown()).peekable();

        // While going through the requests in order: the cached versions already shown, and the
        // highest count shown for each article on each version, before the current request began.
        let (mut known, mut counts) =
            (HashSet::<usize>::new(), HashMap::<(usize, i64), i64>::new());
        for (which, one) in &certain {
            while let Some((which, before)) =
                by_end.next_if(|(_, before)| before.ended <= one.began)
            {
                known.insert(which);
                let Answer::Shown(_, views) = &before.answer else { continue };
                for (article, views) in views {
                    let count = counts.entry((which, *article)).or_insert(*views);
                    *count = (*count).max(*views);
                }
            }
            match &one.answer {
                Answer::Refused if known.contains(which) => {
                    let is_there_later = |(other, later): &(usize, &Opened)| {
                        other == which && later.is_shown() && one.ended <= later.began
                    };
                    if certain.iter().any(is_there_later) {
                        return Err(complaint(one, "refused although it was cached"));
                    }
                }
                Answer::Shown(_, views) if !self.counts_may_fall => {
                    for (article, views) in views {
                        if let Some(shown) =
                            counts.get(&(*which, *article)).filter(|shown| *shown > views)
                        {
                            let what = format!(
                                "{shown} views of article {article} were shown, and then {views}"
                            );
                            return Err(complaint(one, &what));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn complaint(opened: &Opened, what: &str) -> String {
    format!("the page {} of replica {}: {what}", opened.page, opened.replica)
}

#[cfg(test)]
#[allow(
    dead_code,
    reason = "the torture has no test harness, so they run with the integration tests"
)]
mod tests {
    use super::*;

    /// Pages of one replica whose process started at 0 ms, and the accidents it went through.
    struct Story {
        start: Instant,
        seen: Seen,
    }

    impl Story {
        fn new() -> Self {
            let start = Instant::now();
            let quiet =
                Happened { began: start, ended: start, effect: Effect::Other, outages: vec![0] };
            let seen = Seen {
                opened: Vec::new(),
                happened: vec![quiet],
                outages: vec![0],
                starts: vec![vec![start]],
                counts_may_fall: false,
            };
            Self { start, seen }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn open(mut self, page: Page, (began, ended): (u64, u64), answer: Answer) -> Self {
            let (began, ended) = (self.at(began), self.at(ended));
            self.seen.opened.push(Opened { replica: 0, page, began, ended, answer });
            self
        }

        /// The front page, showing this many views of article 1.
        fn front(self, times: (u64, u64), source: Source, views: i64) -> Self {
            self.open(Page::Front, times, Answer::Shown(source, vec![(1, views)]))
        }

        fn searched(self, times: (u64, u64)) -> Self {
            self.open(Page::Search, times, Answer::Shown(Source::Rendered, Vec::new()))
        }

        fn happen(mut self, (began, ended): (u64, u64), effect: Effect) -> Self {
            let (began, ended) = (self.at(began), self.at(ended));
            self.seen.happened.push(Happened { began, ended, effect, outages: vec![0] });
            self
        }

        fn sql_away(self, times: (u64, u64)) -> Self {
            let effect = Effect::SqlAway((self.at(times.0), self.at(times.1)));
            self.happen(times, effect)
        }

        fn complaint(&self) -> String {
            self.seen.check().expect_err("something is wrong")
        }
    }

    #[test]
    fn correct_pages_are_counted() {
        let story = Story::new()
            .front((10, 20), Source::Rendered, 4)
            .front((30, 40), Source::Memory, 5)
            .sql_away((50, 90))
            .front((55, 60), Source::MemoryWhileAway, 5)
            .open(Page::Search, (60, 70), Answer::Refused)
            .open(Page::Article(2), (60, 70), Answer::Refused)
            .front((100, 110), Source::Memory, 6)
            .open(Page::Front, (110, 111), Answer::Nothing);
        assert_eq!(story.seen.check(), Ok(Tally { shown: 4, shown_while_away: 1, refused: 2 }));
    }

    #[test]
    fn an_unexpected_response_is_detected() {
        let story = Story::new().open(Page::Front, (10, 20), Answer::Wrong("status 500".into()));
        assert_eq!(story.complaint(), "the page / of replica 0: status 500");
    }

    #[test]
    fn a_page_that_fails_while_only_redis_is_down_is_detected() {
        let failing = || {
            Story::new().searched((10, 20)).happen((30, 90), Effect::PagesGoOn).open(
                Page::Search,
                (40, 50),
                Answer::Refused,
            )
        };
        assert!(failing().complaint().contains("although SQL was up"));
        // No complaint if the replica believed that SQL was away, or if it isn't known to have
        // recovered from the previous accident.
        let mut slow = failing();
        slow.seen.outages = vec![1];
        assert!(slow.seen.check().is_ok());
        let mut unknown = failing();
        unknown.seen.opened.remove(0);
        assert!(unknown.seen.check().is_ok());
    }

    #[test]
    fn an_uncached_page_served_without_sql_is_detected() {
        let away = || Story::new().front((10, 20), Source::Rendered, 1).sql_away((50, 1_900));
        assert!(away().searched((60, 70)).complaint().contains("had never been opened"));
        assert!(away().front((1_049, 1_060), Source::Memory, 1).seen.check().is_ok());
        for (times, source) in [((1_050, 1_060), Source::Memory), ((60, 70), Source::Rendered)] {
            let complaint = away().front(times, source, 1).complaint();
            assert!(complaint.contains("without saying so"), "{complaint}");
        }
        let complaint = away().front((60, 70), Source::RenderedWhileAway, 1).complaint();
        assert!(complaint.contains("rendered while SQL was down"), "{complaint}");
        assert!(away().searched((40, 60)).seen.check().is_ok(), "it began before");
    }

    #[test]
    fn a_refused_cached_page_is_detected() {
        let refused = || {
            Story::new()
                .front((10, 20), Source::Rendered, 1)
                .front((20, 30), Source::Memory, 1)
                .open(Page::Front, (40, 50), Answer::Refused)
        };
        assert!(
            refused()
                .front((60, 70), Source::Memory, 1)
                .complaint()
                .contains("although it was cached")
        );
        // The page may have been evicted before the refusal.
        for source in [Source::Rendered, Source::RenderedWhileAway] {
            assert!(refused().front((60, 70), source, 1).seen.check().is_ok());
        }
        // A new process starts with an empty cache.
        let mut restarted = refused();
        let start = restarted.at(35);
        restarted.seen.starts[0].push(start);
        assert!(restarted.front((60, 70), Source::Memory, 1).seen.check().is_ok());
    }

    #[test]
    fn c6_a_count_that_falls_on_a_later_page_is_detected() {
        let shown =
            || Story::new().front((10, 20), Source::Rendered, 1).front((20, 30), Source::Memory, 7);
        assert!(
            shown().front((40, 50), Source::Memory, 6).complaint().contains("7 views of article 1")
        );
        assert!(
            shown().front((40, 50), Source::MemoryWhileAway, 6).complaint().contains("and then 6")
        );
        assert!(
            shown().front((25, 50), Source::Memory, 6).seen.check().is_ok(),
            "nobody can tell which came first"
        );
        // Rendered again, with the counts that SQL has.
        let anew = shown().front((40, 50), Source::Rendered, 6).front((60, 70), Source::Memory, 6);
        assert!(anew.seen.check().is_ok());
        let mut forgotten = shown().front((40, 50), Source::Memory, 6);
        forgotten.seen.counts_may_fall = true;
        assert!(forgotten.seen.check().is_ok());
    }

    #[test]
    fn c6_two_first_renderings_at_once_are_two_pages() {
        // The second rendering replaces the first and says that its counts are stale.
        let story = Story::new()
            .front((10, 20), Source::Rendered, 1)
            .front((12, 60), Source::RenderedWhileAway, 1)
            .front((25, 30), Source::Memory, 7)
            .front((70, 80), Source::MemoryWhileAway, 1);
        assert!(story.seen.check().is_ok());
    }
}
