//! Articles and rankings with current counts.
//!
//! In the embedded profile, SQL has all counts. In the server profile, Redis has them, and SQL has
//! what was flushed. While Redis is down, SQL's counts are used.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use moka::sync::Cache;
use tidemark_counting::{ArticleId, Views, Window};
use tidemark_store::clock::{Clock, Millis};

use super::article_reader::ArticlesBySlug;
use super::db::Database;
use super::db::articles::{Filter, Wanted};
use super::db::baselines::BaselineTable;
use super::db::content_version::ContentVersion;
use super::db::lists::List;
use super::reactions::Profile;
use crate::error::Error;
use crate::model::article::{Around, Article, ArticleSummary, RankedArticle};
use crate::model::page::Page;
use crate::model::pages::Ranking;

/// Articles per ranking in the sidebar.
const SIDEBAR_LENGTH: i64 = 5;

/// Windows of the rankings in the sidebar.
const SIDEBAR_WINDOWS: [Window; 3] = [Window::Day, Window::Week, Window::All];

/// Articles on the most viewed page.
pub(super) const MOST_VIEWED_LENGTH: i64 = 50;

/// Number of articles for which it is cached what they lead on to.
const AROUND: u64 = 1_000;

/// Number of lists whose length is cached.
const TOTALS: u64 = 1_000;

/// Caches how many articles a list has. Counting them in a large blog takes far longer than reading
/// one page, and the total is the same until the content changes.
#[derive(Clone, Debug)]
struct Totals {
    totals: Cache<TotalKey, i64>,
    version: ContentVersion,
}

type TotalKey = (u64, Filter);

impl Totals {
    /// An empty cache. `version` is part of the key.
    fn new(version: ContentVersion) -> Self {
        Self { totals: Cache::new(TOTALS), version }
    }

    /// A page of a list at time `now`, with the view counts in SQL. Counts the list only if its
    /// length is not cached.
    ///
    /// # Errors
    /// Any database error.
    async fn page(
        &self,
        database: &Database,
        filter: &Filter,
        page: i64,
        per_page: i64,
        now: Millis,
    ) -> Result<Page<ArticleSummary>, Error> {
        let (known, key) = self.known(filter);
        let page = database.articles(filter, known, page, per_page, now).await?;
        if known.is_none() {
            self.remember(key, page.total);
        }
        Ok(page)
    }

    /// The cached total of a list, if any, and the key to store it under. The key has the current
    /// version, so take it before counting.
    fn known(&self, filter: &Filter) -> (Option<i64>, TotalKey) {
        let key = (self.version.current(), filter.clone());
        (self.totals.get(&key), key)
    }

    fn remember(&self, key: TotalKey, total: i64) {
        self.totals.insert(key, total);
    }
}

/// The articles that readers see, with current counts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Articles {
    database: Database,
    clock: Clock,
    views: Views,
    by_slug: ArticlesBySlug,
    totals: Totals,
    /// What articles lead on to, by content version and article.
    around: Cache<(u64, ArticleId), Arc<Around>>,
}

impl Articles {
    /// The articles in `database`. `by_slug` reads single ones.
    pub fn new(database: Database, clock: Clock, views: Views, by_slug: ArticlesBySlug) -> Self {
        let totals = Totals::new(database.content_version().clone());
        Self { database, clock, views, by_slug, totals, around: Cache::new(AROUND) }
    }

    /// A page of visible articles, newest first. A page past the end is empty.
    ///
    /// # Errors
    /// Any database error.
    pub async fn list(
        &self,
        filter: &Filter,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        Ok(self.with_counts(self.list_as_stored(filter, page, per_page).await?).await)
    }

    /// Like [`Articles::list`], with the view counts in SQL.
    ///
    /// # Errors
    /// Any database error.
    pub async fn list_as_stored(
        &self,
        filter: &Filter,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        self.totals.page(&self.database, filter, page, per_page, self.clock.now()).await
    }

    /// Those of the wanted articles that readers see, in the wanted order.
    ///
    /// # Errors
    /// Any database error.
    pub async fn some(&self, wanted: &Wanted) -> Result<Vec<ArticleSummary>, Error> {
        let found = self.database.summaries(wanted, self.clock.now()).await?;
        let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let mut found = self.with_counts(Page::new(found, 1, total.max(1), total)).await.items;
        found.sort_by_cached_key(|article| match wanted {
            Wanted::Ids(ids) => ids.iter().position(|id| *id == article.id),
            Wanted::Slugs(slugs) => slugs.iter().position(|slug| *slug == article.slug),
        });
        Ok(found)
    }

    /// A page of a list of the user's, such as collected articles or those of followed authors.
    /// Only visible articles; a page past the end is empty.
    ///
    /// # Errors
    /// Any database error.
    pub async fn in_list(
        &self,
        list: List,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        let page = self.database.list(list, page, per_page, self.clock.now()).await?;
        Ok(self.with_counts(page).await)
    }

    /// A page of an author's articles, newest first. A page past the end is empty.
    ///
    /// # Errors
    /// Any database error.
    pub async fn written_by(
        &self,
        profile: &Profile,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        let (list, now) = (List::Written(profile.id), self.clock.now());
        let page = self.database.list_of(list, profile.articles, page, per_page, now).await?;
        Ok(self.with_counts(page).await)
    }

    /// The article with this id, if it is visible to readers.
    ///
    /// # Errors
    /// Any database error.
    pub async fn one(&self, id: ArticleId) -> Result<Option<Article>, Error> {
        let article = self.database.article(id, self.clock.now()).await?;
        Ok(match article {
            Some(article) => Some(self.with_count(article).await),
            None => None,
        })
    }

    /// The article with this slug, if it is visible to readers, with the view counts in SQL.
    ///
    /// # Errors
    /// Any database error; [`Error::Unavailable`] if too many wait for an article.
    pub async fn one_as_stored(&self, slug: &str) -> Result<Option<Article>, Error> {
        self.by_slug.read(slug).await
    }

    /// What a visible article leads on to. Asks the database only once for each content version.
    ///
    /// # Errors
    /// Any database error.
    pub async fn around(&self, article: &Article) -> Result<Around, Error> {
        // The version before the statement, so that a change during it is not missed.
        let key = (self.database.content_version().current(), article.summary.id);
        if let Some(around) = self.around.get(&key) {
            return Ok(Around::clone(&around));
        }
        let around = self.database.around(article, self.clock.now()).await?;
        self.around.insert(key, Arc::new(around.clone()));
        Ok(around)
    }

    /// Replaces the article's views with the current count.
    pub async fn with_count(&self, mut article: Article) -> Article {
        let id = article.summary.id;
        let totals = totals(&self.views, &self.database, &[id]).await.unwrap_or_default();
        article.summary.views = totals.get(&id).copied().unwrap_or(article.summary.views);
        article
    }

    /// Replaces the views of a page of articles with the current counts.
    pub async fn with_counts(&self, mut page: Page<ArticleSummary>) -> Page<ArticleSummary> {
        let ids: Vec<ArticleId> = page.items.iter().map(|article| article.id).collect();
        let totals = totals(&self.views, &self.database, &ids).await.unwrap_or_default();
        for article in &mut page.items {
            article.views = totals.get(&article.id).copied().unwrap_or(article.views);
        }
        page
    }

    /// The visible articles with the most views in `window`, most viewed first and newer first
    /// among equals. Omits articles without a view in the window.
    ///
    /// # Errors
    /// Any database error.
    pub async fn most_viewed(
        &self,
        window: Window,
        limit: i64,
    ) -> Result<Vec<RankedArticle>, Error> {
        most_viewed(&self.database, &self.views, self.clock.now(), window, limit).await
    }

    /// The rankings in the sidebar.
    ///
    /// # Errors
    /// Any database error.
    pub async fn rankings(&self) -> Result<Vec<Ranking>, Error> {
        rankings(&self.database, &self.views, self.clock.now()).await
    }
}

/// Like [`Articles::rankings`], at time `now`.
pub(super) async fn rankings(
    database: &Database,
    views: &Views,
    now: Millis,
) -> Result<Vec<Ranking>, Error> {
    let mut rankings = Vec::with_capacity(SIDEBAR_WINDOWS.len());
    for window in SIDEBAR_WINDOWS {
        rankings.push(Ranking {
            window,
            articles: most_viewed(database, views, now, window, SIDEBAR_LENGTH).await?,
        });
    }
    Ok(rankings)
}

/// Like [`Articles::most_viewed`], at time `now`.
pub(super) async fn most_viewed(
    database: &Database,
    views: &Views,
    now: Millis,
    window: Window,
    limit: i64,
) -> Result<Vec<RankedArticle>, Error> {
    let limit = usize::try_from(limit).unwrap_or(0);
    let baselines = database.baselines().current();
    if window == Window::All && !baselines.ranked().is_empty() {
        return most_viewed_ever(database, views, &baselines, now, limit).await;
    }
    // Ask for more than `limit`, because some may be deleted or unpublished.
    let mut count = limit.saturating_mul(2).saturating_add(10);
    while let Some(top) = views.top(window, count).await {
        let ids: Vec<ArticleId> = top.iter().map(|(article, _)| *article).collect();
        let names = database.names(&ids, now).await?;
        let articles =
            top.iter().filter_map(|(id, views)| Some(names.get(id)?.ranked(*id, *views)));
        let articles: Vec<_> = articles.take(limit).collect();
        if articles.len() == limit || top.len() < count {
            return Ok(articles);
        }
        count = count.saturating_mul(4);
    }
    Ok(database.most_viewed(window, i64::try_from(limit).unwrap_or(i64::MAX), now).await?)
}

/// The current totals of articles, with the views from elsewhere. Articles that are missing have
/// theirs in SQL. `None` while Redis is unavailable.
///
/// Everything that replaces SQL's counts with those of Redis takes them from here.
pub(super) async fn totals(
    views: &Views,
    database: &Database,
    articles: &[ArticleId],
) -> Option<HashMap<ArticleId, i64>> {
    let mut totals = views.totals(articles).await?;
    let baselines = database.baselines().current();
    for (article, views) in &mut totals {
        *views = views.saturating_add(baselines.views(*article));
    }
    Some(totals)
}

/// The ranking of all time, with the views from elsewhere.
///
/// There are two lists in descending order: what was counted here, and what comes from elsewhere.
/// No article further down both has more views than the last ones looked at have together. So once
/// enough articles have more than that, the rest can't matter.
async fn most_viewed_ever(
    database: &Database,
    views: &Views,
    baselines: &BaselineTable,
    now: Millis,
    limit: usize,
) -> Result<Vec<RankedArticle>, Error> {
    let mut count = limit.saturating_mul(2).saturating_add(10);
    loop {
        let counted = match views.top(tidemark_counting::Window::All, count).await {
            Some(top) => top,
            None => database.most_counted(count).await?,
        };
        let elsewhere = &baselines.ranked()[..count.min(baselines.ranked().len())];
        let is_all = counted.len() < count && elsewhere.len() == baselines.ranked().len();
        let last = |is_all: bool, last: Option<i64>| if is_all { 0 } else { last.unwrap_or(0) };
        let most_of_others = last(counted.len() < count, counted.last().map(|(_, views)| *views))
            .saturating_add(last(
                elsewhere.len() == baselines.ranked().len(),
                elsewhere.last().map(|(views, _)| *views),
            ));

        let mut found: HashMap<ArticleId, i64> = counted.into_iter().collect();
        let missing: Vec<ArticleId> = elsewhere
            .iter()
            .map(|(_, article)| *article)
            .filter(|article| !found.contains_key(article))
            .collect();
        found.extend(database.counted(&missing).await?);
        found.extend(views.totals_for_ranking(&missing).await.unwrap_or_default());
        let ids: BTreeSet<ArticleId> = found.keys().chain(&missing).copied().collect();
        let mut ranked: Vec<(i64, ArticleId)> = ids
            .into_iter()
            .map(|article| {
                let counted = found.get(&article).copied().unwrap_or(0);
                (counted.saturating_add(baselines.views(article)), article)
            })
            .filter(|(views, _)| *views > 0)
            .collect();
        ranked.sort_unstable_by_key(|entry| Reverse(*entry));

        let ids: Vec<ArticleId> = ranked.iter().map(|(_, article)| *article).collect();
        let names = database.names(&ids, now).await?;
        let articles =
            ranked.into_iter().filter_map(|(views, id)| Some(names.get(&id)?.ranked(id, views)));
        let articles: Vec<_> = articles.take(limit).collect();
        let is_certain = articles.len() == limit
            && articles.last().is_none_or(|last| last.views > most_of_others);
        if is_all || is_certain {
            return Ok(articles);
        }
        count = count.saturating_mul(4);
    }
}
