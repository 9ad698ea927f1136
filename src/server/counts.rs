//! Reads current counts for cached pages, which are stored without them.
//!
//! Readers who ask during a read are answered together by the next one. So the cost per reader
//! falls with load, and nobody gets a count from before their request. During a database outage
//! nobody waits: pages show the counts they showed last.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use tidemark_counting::{ArticleId, UserId, Views, Window};
use tidemark_store::clock::{Clock, Millis};
use tidemark_store::sql::OwnConnection;

use super::articles::{self, MOST_VIEWED_LENGTH};
use super::author_counts::AuthorCounts;
use super::db::Database;
use super::db::baselines::Baselines;
use super::db::counts::{ArticleCounts, counts as counts_in_sql};
use super::db::rankings::Name;
use super::gather::{Asker, Gatherer, gather};
use super::page_cache::page::{Moment, RenderedRankings, Wanted};
use crate::error::Error;
use crate::model::article::RankedArticle;
use crate::model::language::Language;
use crate::model::pages::Ranking;

/// How many readers may wait for counts. Beyond that, a page shows its last counts.
const QUEUE: usize = 8_192;

/// Maximum number of readers per read.
const BATCH: usize = 1_024;

/// Timeout of a read, after which pages do without.
const TIMEOUT: Duration = Duration::from_millis(300);

/// Timeout of reading an author's followers, and an article's last 24 hours. Shorter than
/// [`TIMEOUT`], so that a page without them still gets the rest.
const FOLLOWERS: Duration = Duration::from_millis(200);

/// TTL of rankings, in milliseconds, if nothing in this process has changed them. Other replicas
/// count too.
const RANKINGS_TTL: i64 = 1_000;

/// TTL of an article's likes and collects, in milliseconds, if nothing in this process has changed
/// any. Readers on other replicas like articles too.
const REACTIONS_TTL: i64 = 1_000;

/// TTL of an article's views in the last 24 hours, in milliseconds.
const LAST_DAY_TTL: i64 = 10_000;

/// How many articles' likes and collects are cached.
const REACTIONS: usize = 10_000;

/// How long the last complete rankings keep SQL's from falling below them, in milliseconds. After
/// an hour the windows have moved, and older counts are too high.
const RANKINGS_HOLD_FOR: i64 = 60 * 60 * 1_000;

/// Asks for counts. Cheap to clone; the reader stops when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Counts {
    asker: Asker<Wanted, Option<Arc<Moment>>>,
    views: Views,
    baselines: Baselines,
}

impl Counts {
    /// Reads the counts a page wants, and the rankings, after this call. `None` while the stores
    /// can't be read.
    pub async fn of(&self, wanted: &Wanted) -> Option<Arc<Moment>> {
        self.asker.ask(wanted.clone()).await.flatten()
    }

    /// The totals of these articles that this process has told anybody last, without a store. A
    /// page must not show fewer while the stores can't be read (rule C6).
    pub fn told(&self, articles: &[ArticleId]) -> HashMap<ArticleId, i64> {
        let baselines = self.baselines.current();
        let told =
            |article: ArticleId| self.views.told(article).saturating_add(baselines.views(article));
        articles.iter().map(|article| (*article, told(*article))).collect()
    }
}

/// Where [`CountsReader`] reads from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// SQL.
    pub database: Database,
    /// Redis, which has newer view counts than SQL.
    pub views: Views,
    /// Follower counts.
    pub author_counts: AuthorCounts,
    /// The time.
    pub clock: Clock,
    /// Renders the rankings of the sidebar.
    pub render: fn(Vec<Ranking>, Language) -> String,
    /// Renders the long ranking of a window.
    pub render_long: fn(Vec<RankedArticle>, Language) -> String,
}

#[derive(Debug)]
struct Rankings {
    rendered: Arc<RenderedRankings>,
    content_version: u64,
    counted: u64,
    read_at: Millis,
    floor: Floor,
}

/// What SQL's rankings must not fall below (rule C6): they may lack views that were already shown.
#[derive(Debug)]
struct Floor {
    /// The rankings shown last; empty if none have included all views.
    lists: Vec<Ranking>,
    /// When rankings that included all views were last read.
    whole_at: Millis,
}

impl Floor {
    /// The ids of all its articles.
    fn articles(&self) -> Vec<ArticleId> {
        self.lists.iter().flat_map(|list| &list.articles).map(|article| article.id).collect()
    }

    /// The floor after a change of articles, with their current `names`. Articles without one are
    /// no longer shown.
    fn named(mut self, names: &HashMap<ArticleId, Name>) -> Self {
        for Ranking { articles, .. } in &mut self.lists {
            let named =
                |known: &RankedArticle| Some(names.get(&known.id)?.ranked(known.id, known.views));
            *articles = articles.iter().filter_map(named).collect();
        }
        self
    }

    /// The rankings to show and the new floor, given those read at `now`. `is_whole` says whether
    /// they include all views.
    fn hold(
        floor: Option<Self>,
        lists: Vec<Ranking>,
        is_whole: bool,
        now: Millis,
    ) -> (Vec<Ranking>, Self) {
        if is_whole {
            return (lists.clone(), Self { lists, whole_at: now });
        }
        match floor.filter(|floor| !floor.lists.is_empty()) {
            Some(floor) => {
                let lists = not_below(lists, &floor.lists);
                (lists.clone(), Self { lists, ..floor })
            }
            None => (lists, Self { lists: Vec::new(), whole_at: now }),
        }
    }
}

/// Reads counts for all who ask.
#[derive(Debug)]
pub struct CountsReader {
    asked: Gatherer<Wanted, Option<Arc<Moment>>>,
    connection: OwnConnection,
    sources: Sources,
    /// Long rankings by window, as requested so far; the sidebar's are under `None`.
    rankings: HashMap<Option<Window>, Rankings>,
    /// What SQL knows about articles, and when it was read. Emptied when a reaction changes.
    stored: HashMap<ArticleId, (ArticleCounts, Millis)>,
    /// The views of articles in the last 24 hours, and when they were read.
    last_day: HashMap<ArticleId, (i64, Millis)>,
    /// [`Database::reactions_version`] before `stored` was read.
    reactions_version: u64,
    /// Number of moments so far.
    moments: u64,
}

/// A handle to ask with, and the reader, which has to run to answer.
pub fn counts(sources: Sources) -> (Counts, CountsReader) {
    let (asker, asked) = gather(QUEUE, BATCH);
    let connection = OwnConnection::new(sources.database.any().clone());
    let (views, baselines) = (sources.views.clone(), sources.database.baselines().clone());
    let reader = CountsReader {
        asked,
        connection,
        sources,
        rankings: HashMap::new(),
        stored: HashMap::new(),
        last_day: HashMap::new(),
        reactions_version: 0,
        moments: 0,
    };
    (Counts { asker, views, baselines }, reader)
}

impl CountsReader {
    /// Answers until the last [`Counts`] is dropped.
    pub async fn run(mut self) {
        while self.step().await {}
    }

    /// Waits for a question and answers the whole batch. Returns false once nobody can ask any
    /// more.
    pub async fn step(&mut self) -> bool {
        let batch = self.asked.next().await;
        if batch.is_empty() {
            return false;
        }
        let articles: BTreeSet<ArticleId> =
            batch.iter().flat_map(|asked| asked.question.articles.iter().copied()).collect();
        let articles: Vec<ArticleId> = articles.into_iter().collect();
        let authors: BTreeSet<UserId> =
            batch.iter().filter_map(|asked| asked.question.author).collect();
        let of_last_day: BTreeSet<ArticleId> =
            batch.iter().filter_map(|asked| asked.question.last_day).collect();
        let windows: HashSet<Window> =
            batch.iter().filter_map(|asked| asked.question.window).collect();
        let moment = match self.sources.database.outage().is_now() {
            true => None,
            // Errors were logged where they occurred.
            false => {
                let reading = self.read(&articles, &authors, &of_last_day, &windows);
                tokio::time::timeout(TIMEOUT, reading).await.ok().and_then(Result::ok)
            }
        };
        let moment = moment.map(Arc::new);
        for asked in batch {
            asked.answer(moment.clone());
        }
        true
    }

    async fn read(
        &mut self,
        articles: &[ArticleId],
        authors: &BTreeSet<UserId>,
        of_last_day: &BTreeSet<ArticleId>,
        windows: &HashSet<Window>,
    ) -> Result<Moment, Error> {
        // Read rankings first, so that a view in between is only in the counts. The script raises
        // the rankings by whatever the page's count rises by. A view that is only in the rankings
        // would be added twice, and the next page would take it back (rule C6).
        let rankings = self.rankings(None).await?;
        let mut of_windows = HashMap::with_capacity(windows.len());
        for window in windows {
            of_windows.insert(*window, self.rankings(Some(*window)).await?);
        }
        let last_day = self.last_day(of_last_day).await;
        let Sources { views, author_counts, .. } = &self.sources;
        let followers = join_all(authors.iter().map(|author| followers(author_counts, *author)));
        let (totals, followers) = join(views.totals(articles), followers).await;
        let is_behind = totals.is_none();
        let totals = totals.unwrap_or_default();
        let wanted = articles;
        let mut articles = self.stored(wanted, &totals).await?;
        for (article, views) in totals {
            articles.entry(article).or_default().views = views;
        }
        if is_behind {
            for article in wanted {
                let counts = articles.entry(*article).or_default();
                counts.views = counts.views.max(self.sources.views.told(*article));
            }
        }
        // What comes from elsewhere is added last: it is not in the cached counts.
        let baselines = self.sources.database.baselines().current();
        for article in wanted.iter().filter(|article| baselines.views(**article) > 0) {
            let counts = articles.entry(*article).or_default();
            counts.views = counts.views.saturating_add(baselines.views(*article));
        }
        self.moments += 1;
        let (order, followers) = (self.moments, followers.into_iter().flatten().collect());
        Ok(Moment {
            order,
            articles,
            followers,
            last_day,
            is_behind,
            rankings,
            windows: of_windows,
        })
    }

    /// The views of articles in the last 24 hours. Articles whose views can't be read in time are
    /// missing.
    async fn last_day(&mut self, articles: &BTreeSet<ArticleId>) -> HashMap<ArticleId, i64> {
        let now = self.sources.clock.now();
        let is_fresh = |read_at: Millis| (0..LAST_DAY_TTL).contains(&(now - read_at));
        let missing: Vec<ArticleId> = articles
            .iter()
            .copied()
            .filter(|article| !self.last_day.get(article).is_some_and(|(_, at)| is_fresh(*at)))
            .collect();
        if !missing.is_empty() {
            if self.last_day.len() + missing.len() > REACTIONS {
                self.last_day.clear();
            }
            let reading = self.sources.database.views_of_last_day(&missing, now);
            if let Ok(Ok(read)) = tokio::time::timeout(FOLLOWERS, reading).await {
                for article in missing {
                    let views = read.get(&article).copied().unwrap_or_default();
                    self.last_day.insert(article, (views, now));
                }
            }
        }
        let known = |article: &ArticleId| Some((*article, self.last_day.get(article)?.0));
        articles.iter().filter_map(known).collect()
    }

    /// The counts in SQL. Where Redis has an article's views, in `totals`, only its likes and
    /// collects come from here, and may be cached. All other counts are read now (rule C6).
    async fn stored(
        &mut self,
        articles: &[ArticleId],
        totals: &HashMap<ArticleId, i64>,
    ) -> Result<HashMap<ArticleId, ArticleCounts>, Error> {
        let reactions_version = self.sources.database.reactions_version();
        if reactions_version != self.reactions_version {
            self.stored.clear();
            self.reactions_version = reactions_version;
        }
        let now = self.sources.clock.now();
        let is_fresh = |read_at: Millis| (0..REACTIONS_TTL).contains(&(now - read_at));
        let cached = |article: &ArticleId| {
            let (counts, read_at) = self.stored.get(article)?;
            (totals.contains_key(article) && is_fresh(*read_at)).then_some(*counts)
        };
        let (mut counts, mut missing) = (HashMap::with_capacity(articles.len()), Vec::new());
        for article in articles {
            match cached(article) {
                Some(found) => _ = counts.insert(*article, found),
                None => missing.push(*article),
            }
        }
        if missing.is_empty() {
            return Ok(counts);
        }
        let read = counts_in_sql(&mut self.connection, &missing).await?;
        if self.stored.len() + missing.len() > REACTIONS {
            self.stored.clear();
        }
        for article in missing.iter().filter(|article| totals.contains_key(article)) {
            let found = read.get(article).copied().unwrap_or_default();
            self.stored.insert(*article, (found, now));
        }
        counts.extend(read);
        Ok(counts)
    }

    /// The long ranking of a window, or the sidebar's for `None`.
    async fn rankings(&mut self, window: Option<Window>) -> Result<Arc<RenderedRankings>, Error> {
        let Sources { database, views, clock, render, render_long, .. } = &self.sources;
        let (content_version, counted, now) =
            (database.content_version().current(), views.counted(), clock.now());
        if let Some(known) = self.rankings.get(&window)
            && (known.content_version, known.counted) == (content_version, counted)
            && (0..RANKINGS_TTL).contains(&(now - known.read_at))
        {
            return Ok(known.rendered.clone());
        }
        let unranked = views.unranked();
        let lists = match window {
            None => articles::rankings(database, views, now).await?,
            Some(window) => {
                let articles =
                    articles::most_viewed(database, views, now, window, MOST_VIEWED_LENGTH).await?;
                vec![Ranking { window, articles }]
            }
        };
        let is_whole = views.unranked() == unranked;
        // Read before the floor is taken out: if this fails, it stays.
        let names = match self.rankings.get(&window) {
            Some(known) if !is_whole && known.content_version != content_version => {
                Some(database.names(&known.floor.articles(), now).await?)
            }
            _ => None,
        };
        let floor = self.rankings.remove(&window).map(|known| known.floor);
        let floor = floor.filter(|floor| (0..RANKINGS_HOLD_FOR).contains(&(now - floor.whole_at)));
        let floor = match names {
            Some(names) => floor.map(|floor| floor.named(&names)),
            None => floor,
        };
        let (lists, floor) = Floor::hold(floor, lists, is_whole, now);
        let (render, render_long) = (*render, *render_long);
        let rendered = Arc::new(RenderedRankings::new(move |language| match window {
            None => render(lists.clone(), language),
            Some(_) => {
                lists.iter().map(|list| render_long(list.articles.clone(), language)).collect()
            }
        }));
        let rankings =
            Rankings { rendered: rendered.clone(), content_version, counted, read_at: now, floor };
        self.rankings.insert(window, rankings);
        Ok(rendered)
    }
}

/// An author's id and follower count. `None` on failure or timeout.
async fn followers(author_counts: &AuthorCounts, author: UserId) -> Option<(UserId, i64)> {
    let count =
        tokio::time::timeout(FOLLOWERS, author_counts.followers(author)).await.ok()?.ok()?;
    Some((author, count))
}

/// Raises rankings so that no article has fewer views than in `known`, which has the same windows.
fn not_below(mut rankings: Vec<Ranking>, known: &[Ranking]) -> Vec<Ranking> {
    for (Ranking { articles, .. }, known) in rankings.iter_mut().zip(known) {
        let length = articles.len().max(known.articles.len());
        for known in &known.articles {
            match articles.iter_mut().find(|article| article.id == known.id) {
                Some(article) => article.views = article.views.max(known.views),
                None => articles.push(known.clone()),
            }
        }
        articles.sort_by_key(|article| Reverse((article.views, article.id)));
        articles.truncate(length);
    }
    rankings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(articles: &[(i64, i64)]) -> Vec<Ranking> {
        let article = |(id, views): &(i64, i64)| {
            let (id, views, slug) = (ArticleId(*id), *views, format!("article-{id}"));
            RankedArticle { id, title: slug.clone(), slug, language: "en".into(), views }
        };
        vec![Ranking { window: Window::Week, articles: articles.iter().map(article).collect() }]
    }

    #[test]
    fn c6_while_redis_is_down_no_ranking_falls_below_what_was_shown() {
        let mut floor = None;
        let mut shown = |views, is_whole, now| {
            let (lists, new) =
                Floor::hold(floor.take(), ranking(&[(1, views)]), is_whole, Millis(now));
            let at = new.whole_at.0;
            floor = Some(new);
            (lists == ranking(&[(1, views)]), lists[0].articles[0].views, at)
        };
        assert_eq!(shown(7, false, 1), (true, 7, 1));
        assert_eq!(shown(6, false, 2), (true, 6, 2), "without Redis, counts follow SQL");
        assert_eq!(shown(10, true, 3), (true, 10, 3));
        // Redis went away while the rankings were read: this one still came from there.
        assert_eq!(shown(12, false, 4), (true, 12, 3));
        assert_eq!(shown(9, false, 5), (false, 12, 3));
        assert_eq!(shown(11, true, 6), (true, 11, 6), "a corrected count may fall");
    }

    #[test]
    fn c6_a_change_of_articles_lowers_no_count_in_a_ranking_and_keeps_none_that_is_gone() {
        let (_, floor) = Floor::hold(None, ranking(&[(1, 9), (2, 8), (3, 7)]), true, Millis(1));
        let name =
            |title: &str| Name { slug: "moved".into(), title: title.into(), language: "en".into() };
        let names = HashMap::from([(ArticleId(1), name("One")), (ArticleId(3), name("Three"))]);
        let floor = floor.named(&names);
        let sql = vec![Ranking {
            window: Window::Week,
            articles: vec![name("One").ranked(ArticleId(1), 5)],
        }];
        let (lists, _) = Floor::hold(Some(floor), sql, false, Millis(2));
        let expected = [name("One").ranked(ArticleId(1), 9), name("Three").ranked(ArticleId(3), 7)];
        assert_eq!(lists[0].articles, expected);
    }

    #[test]
    fn c6_a_ranking_from_sql_never_shows_fewer_views_than_one_from_redis() {
        for (sql, redis, expected) in [
            (&[(1, 5), (2, 4)][..], &[(2, 6), (1, 5)][..], &[(2, 6), (1, 5)][..]),
            (&[(1, 5)], &[(1, 5), (3, 1)], &[(1, 5), (3, 1)]),
            (&[(1, 7), (2, 4)], &[(1, 5), (3, 4)], &[(1, 7), (3, 4)]),
            (&[(1, 7)], &[], &[(1, 7)]),
            (&[], &[(1, 1)], &[(1, 1)]),
        ] {
            assert_eq!(
                not_below(ranking(sql), &ranking(redis)),
                ranking(expected),
                "{sql:?} {redis:?}"
            );
        }
        assert_eq!(not_below(ranking(&[(1, 7)]), &[]), ranking(&[(1, 7)]), "nothing is known");
    }
}
