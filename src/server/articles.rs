//! Articles and rankings with current counts.
//!
//! In the embedded profile, SQL has all counts. In the server profile, Redis has them, and SQL has
//! what was flushed. While Redis is down, SQL's counts are used.

use moka::sync::Cache;
use tidemark_counting::Views;

use super::db::Database;
use super::db::articles::Filter;
use super::db::content_version::ContentVersion;
use super::state::Services;
use crate::error::Error;
use crate::model::article::{Article, ArticleSummary, RankedArticle, Window};
use crate::model::page::Page;
use crate::model::pages::Ranking;

/// Articles per ranking in the sidebar.
const SIDEBAR_LENGTH: i64 = 5;

/// Windows of the rankings in the sidebar.
const SIDEBAR_WINDOWS: [Window; 3] = [Window::Day, Window::Week, Window::All];

/// Articles on the most viewed page.
pub(super) const MOST_VIEWED_LENGTH: i64 = 50;

/// Number of lists whose length is cached.
const TOTALS: u64 = 1_000;

/// Caches how many articles a list has. Counting them in a large blog takes far longer than reading
/// one page, and the total is the same until the content changes.
#[derive(Clone, Debug)]
pub struct Totals {
    totals: Cache<TotalKey, i64>,
    version: ContentVersion,
}

type TotalKey = (u64, Filter);

impl Totals {
    /// An empty cache. `version` is part of the key.
    pub fn new(version: ContentVersion) -> Self {
        Self { totals: Cache::new(TOTALS), version }
    }

    /// A page of a list at time `now`, with the view counts in SQL. Counts the list only if its
    /// length is not cached.
    ///
    /// # Errors
    /// Any database error.
    pub async fn page(
        &self,
        database: &Database,
        filter: &Filter,
        page: i64,
        per_page: i64,
        now: i64,
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

/// Replaces the views of a page of articles with current ones.
pub(super) async fn with_views(
    views: &Views,
    mut page: Page<ArticleSummary>,
) -> Page<ArticleSummary> {
    let ids: Vec<i64> = page.items.iter().map(|article| article.id).collect();
    let totals = views.totals(&ids).await.unwrap_or_default();
    for article in &mut page.items {
        article.views = totals.get(&article.id).copied().unwrap_or(article.views);
    }
    page
}

impl Services {
    /// A page of visible articles, newest first. A page past the end is empty.
    ///
    /// # Errors
    /// Any database error.
    pub async fn articles(
        &self,
        filter: &Filter,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        let page = self.articles_as_stored(filter, page, per_page).await?;
        Ok(with_views(&self.views, page).await)
    }

    /// Like [`Services::articles`], with the view counts in SQL.
    ///
    /// # Errors
    /// Any database error.
    pub async fn articles_as_stored(
        &self,
        filter: &Filter,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        self.totals.page(&self.database, filter, page, per_page, self.clock.now_ms()).await
    }

    /// The article with this id, if it is visible to readers.
    ///
    /// # Errors
    /// Any database error.
    pub async fn article(&self, id: i64) -> Result<Option<Article>, Error> {
        let article = self.database.article(id, self.clock.now_ms()).await?;
        Ok(match article {
            Some(article) => Some(self.with_count(article).await),
            None => None,
        })
    }

    /// Replaces the article's views with the current count.
    pub async fn with_count(&self, mut article: Article) -> Article {
        let id = article.summary.id;
        article.summary.views = self
            .views
            .totals(&[id])
            .await
            .unwrap_or_default()
            .get(&id)
            .copied()
            .unwrap_or(article.summary.views);
        article
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
        most_viewed(&self.database, &self.views, self.clock.now_ms(), window, limit).await
    }

    /// The rankings in the sidebar.
    ///
    /// # Errors
    /// Any database error.
    pub async fn rankings(&self) -> Result<Vec<Ranking>, Error> {
        rankings(&self.database, &self.views, self.clock.now_ms()).await
    }
}

/// Like [`Services::rankings`], at time `now`.
pub(super) async fn rankings(
    database: &Database,
    views: &Views,
    now: i64,
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

/// Like [`Services::most_viewed`], at time `now`.
pub(super) async fn most_viewed(
    database: &Database,
    views: &Views,
    now: i64,
    window: Window,
    limit: i64,
) -> Result<Vec<RankedArticle>, Error> {
    let limit = usize::try_from(limit).unwrap_or(0);
    // Ask for more than `limit`, because some may be deleted or unpublished.
    let mut count = limit.saturating_mul(2).saturating_add(10);
    while let Some(top) = views.top(window.into(), count).await {
        let ids: Vec<i64> = top.iter().map(|(article, _)| *article).collect();
        let names = database.names(&ids, now).await?;
        let articles = top.iter().filter_map(|(id, views)| {
            let (slug, title) = names.get(id)?;
            Some(RankedArticle { id: *id, slug: slug.clone(), title: title.clone(), views: *views })
        });
        let articles: Vec<_> = articles.take(limit).collect();
        if articles.len() == limit || top.len() < count {
            return Ok(articles);
        }
        count = count.saturating_mul(4);
    }
    Ok(database.most_viewed(window, i64::try_from(limit).unwrap_or(i64::MAX), now).await?)
}
