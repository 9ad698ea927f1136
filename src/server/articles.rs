//! What readers see of articles: the database's articles with the counts of this moment.
//!
//! In the embedded profile the database has the counts itself. In the server profile it has what
//! was flushed, and Redis the whole; while Redis is away the database's have to do.

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

/// How many articles each ranking beside the content shows.
const SIDEBAR_LENGTH: i64 = 5;

/// The rankings beside the content.
const SIDEBAR_WINDOWS: [Window; 3] = [Window::Day, Window::Week, Window::All];

/// How many articles the page of the most viewed shows.
pub(super) const MOST_VIEWED_LENGTH: i64 = 50;

/// Of how many lists the length is remembered.
const TOTALS: u64 = 1_000;

/// How many articles lists have in all. Counting those of a large blog takes far longer than
/// reading a page of them, and the number stays as it is until the content changes.
#[derive(Clone, Debug)]
pub struct Totals {
    totals: Cache<TotalKey, i64>,
    version: ContentVersion,
}

type TotalKey = (u64, Filter);

impl Totals {
    /// None yet.
    pub fn new(version: ContentVersion) -> Self {
        Self { totals: Cache::new(TOTALS), version }
    }

    /// The total of a list, if it is known, and under what to remember it if not: what is counted
    /// from now on belongs to the version of now.
    fn known(&self, filter: &Filter) -> (Option<i64>, TotalKey) {
        let key = (self.version.current(), filter.clone());
        (self.totals.get(&key), key)
    }

    fn remember(&self, key: TotalKey, total: i64) {
        self.totals.insert(key, total);
    }
}

/// A page of articles with the views of this moment.
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
    /// A page of the articles that readers see now, newest first. A page past the end is empty.
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

    /// As [`Services::articles`], with the views that SQL knows.
    ///
    /// # Errors
    /// Any database error.
    pub async fn articles_as_stored(
        &self,
        filter: &Filter,
        page: i64,
        per_page: i64,
    ) -> Result<Page<ArticleSummary>, Error> {
        let (known, key) = self.totals.known(filter);
        let page =
            self.database.articles(filter, known, page, per_page, self.clock.now_ms()).await?;
        if known.is_none() {
            self.totals.remember(key, page.total);
        }
        Ok(page)
    }

    /// The article of that number, if readers see it now.
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

    /// The article with the views of this moment.
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

    /// The articles that readers see with the most views in `window`, most first; of equals, the
    /// newer first. Articles without a view in the window are left out.
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

    /// The rankings beside the content.
    ///
    /// # Errors
    /// Any database error.
    pub async fn rankings(&self) -> Result<Vec<Ranking>, Error> {
        rankings(&self.database, &self.views, self.clock.now_ms()).await
    }
}

/// As [`Services::rankings`], at `now`.
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

/// As [`Services::most_viewed`], at `now`.
pub(super) async fn most_viewed(
    database: &Database,
    views: &Views,
    now: i64,
    window: Window,
    limit: i64,
) -> Result<Vec<RankedArticle>, Error> {
    let limit = usize::try_from(limit).unwrap_or(0);
    // Some of the most viewed may be deleted or unpublished by now.
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
