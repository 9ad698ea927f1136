//! Finds articles.
//!
//! An engine only says which articles match and in which order. What is shown of them is read from
//! SQL afterwards, so an engine that lags can't show what readers may not see, or an old text.

pub mod open_search;

use std::collections::HashMap;
use std::time::Duration;

use moka::sync::Cache;
use open_search::{Failure, OpenSearch};
use tidemark_content::search::{Query, excerpt};
use tidemark_counting::{ArticleId, Views};
use tidemark_store::clock::{Clock, Millis};

use super::articles::totals;
use super::db::Database;
pub use super::db::search::{Asked, Found, MOST_RANKED};
use super::together::Together;
use super::work::Work;
use crate::error::Error;
use crate::model::article::{ArticleSummary, Tag};
use crate::model::page::Page;
use crate::model::search::{SearchFilter, SearchHit, Segment, Sort, Suggestion};

/// How many searches may run in SQL at once. Those in MySQL read the terms of all articles. SQLite
/// has four connections for reading, and pages need some of them. A search whose client has gone
/// counts until it ends.
pub const SEARCHES_AT_A_TIME: usize = 2;

/// How many more searches may queue before new ones are refused. A queued search holds no
/// connection, and its wait has a timeout.
pub const QUEUED_SEARCHES: usize = 1_000;

/// How many searches may run in OpenSearch at once. A node with two cores runs four, and queues the
/// rest.
const AT_A_TIME_IN_OPEN_SEARCH: usize = 32;

/// How long a search may wait in a queue. Then the reader is told to try again. Not longer: a page
/// has 4.4 s, and with a slow database the search itself takes more than one of them.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// The length of an excerpt, in characters: two or three lines.
const EXCERPT: usize = 240;

/// How many titles are suggested at most.
const SUGGESTIONS: i64 = 8;

/// How many tags an empty result offers at most.
const POPULAR_TAGS: i64 = 12;

/// Where words are looked up.
#[derive(Clone, Debug)]
pub enum Engine {
    /// In the database: SQLite's FTS5, or the terms in MySQL.
    Sql,
    /// In OpenSearch; in the database while that is away.
    OpenSearch(Box<OpenSearch>),
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The matches.
    pub found: Found,
    /// Whether the last word was found as a whole one. Otherwise it may be the beginning of one.
    pub is_whole: bool,
    /// What was found instead, because nothing contains what was asked for.
    pub corrected: Option<Query>,
}

/// A page of what was found, as readers see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Searched {
    /// The page of hits, with the view counts in SQL.
    pub hits: Page<SearchHit>,
    /// Whether there are more hits than the total says.
    pub is_more: bool,
    /// Whether the configured engine is away and SQL answered.
    pub is_fallback: bool,
    /// The text that was found instead of the one that was asked for.
    pub corrected: Option<String>,
}

/// What a page of results depends on, but for time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    content_version: u64,
    text: String,
    filter: SearchFilter,
    sort: Sort,
    page: i64,
    per_page: i64,
}

/// The search service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Search {
    engine: Engine,
    database: Database,
    clock: Clock,
    views: Views,
    turns: Work,
    in_open_search: Work,
    /// Pages that are being found. A crowd that asks for the same one is one search.
    pages: Together<Wanted, Searched>,
    /// The popular tags, by the version of the content.
    tags: Cache<u64, Vec<Tag>>,
}

impl Search {
    /// A service that asks `engine`, and `database` if that is away. Counts come from `views`.
    pub fn new(engine: Engine, database: Database, clock: Clock, views: Views) -> Self {
        let pool = |at_a_time| Work::new(at_a_time, QUEUED_SEARCHES).waiting_at_most(LONGEST_WAIT);
        Self {
            engine,
            database,
            clock,
            views,
            turns: pool(SEARCHES_AT_A_TIME),
            in_open_search: pool(AT_A_TIME_IN_OPEN_SEARCH),
            pages: Together::default(),
            tags: Cache::new(1),
        }
    }

    /// Where searches in SQL wait for their turn.
    pub fn turns(&self) -> &Work {
        &self.turns
    }

    /// Whether what is found may change without a change of the content: an engine of its own
    /// learns of changes later.
    pub fn may_be_behind(&self) -> bool {
        matches!(self.engine, Engine::OpenSearch(_))
    }

    /// A page of the visible articles that match; `None` if `text` has no word to look for. The
    /// view counts are those in SQL. A page past the end is empty.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if too many searches are queued or this one takes too long; any
    /// database error.
    pub async fn page(
        &self,
        text: &str,
        filter: SearchFilter,
        sort: Sort,
        page: i64,
        per_page: i64,
    ) -> Result<Option<Searched>, Error> {
        let query = Query::parse(text);
        if query.is_empty() {
            return Ok(None);
        }
        let wanted = Wanted {
            content_version: self.database.content_version().current(),
            text: text.to_owned(),
            filter: filter.clone(),
            sort,
            page,
            per_page,
        };
        let search = self.clone();
        let look_up = async move { search.look_up(query, filter, sort, page, per_page).await };
        self.pages.get(wanted, look_up).await.map(Some)
    }

    async fn look_up(
        &self,
        query: Query,
        filter: SearchFilter,
        sort: Sort,
        page: i64,
        per_page: i64,
    ) -> Result<Searched, Error> {
        let (offset, now) = ((page - 1).saturating_mul(per_page).max(0), self.clock.now());
        let asked = Asked { query, filter, sort, offset, limit: per_page, now };
        let answer = match &self.engine {
            Engine::Sql => None,
            Engine::OpenSearch(open_search) => self.ask(open_search, &asked).await?,
        };
        let is_fallback = answer.is_none() && self.may_be_behind();
        let database = self.database.clone();
        // One turn for all that SQL is asked: a reader has no time to wait for a second one. And a
        // page may have megabytes of text, so only a few are read at a time.
        let searched = async move {
            let answer = match answer {
                Some(answer) => answer,
                None => find_in_sql(&database, &asked).await?,
            };
            let Answer { found: Found { ids, total, is_more }, is_whole, corrected } = answer;
            let text = corrected.as_ref().map(|query| query.text().to_owned());
            let query = match corrected {
                Some(query) => query,
                None if is_whole => asked.query.complete(),
                None => asked.query,
            };
            let hits = hits(&database, ids, query, now).await?;
            let hits = Page::new(hits, page, per_page, total);
            Ok(Searched { hits, is_more, is_fallback, corrected: text })
        };
        self.turns.run_elsewhere(searched).await
    }

    /// What OpenSearch finds; `None` if it can't be asked.
    async fn ask(&self, open_search: &OpenSearch, asked: &Asked) -> Result<Option<Answer>, Error> {
        let (open_search, asked) = (open_search.clone(), asked.clone());
        let find = async move { Ok(open_search.find(&asked).await) };
        let answer = self.in_open_search.run_elsewhere(find).await?;
        Ok(answer.inspect_err(note).ok())
    }

    /// Replaces the views of hits with current ones.
    pub async fn with_counts(&self, hits: &mut [SearchHit]) {
        let ids: Vec<ArticleId> = hits.iter().map(|hit| hit.article.id).collect();
        let totals = totals(&self.views, &self.database, &ids).await.unwrap_or_default();
        for SearchHit { article, .. } in hits {
            article.views = totals.get(&article.id).copied().unwrap_or(article.views);
        }
    }

    /// The titles of articles that match by title and tags, for somebody who is still typing.
    ///
    /// # Errors
    /// As for [`Search::page`].
    pub async fn suggest(&self, text: &str) -> Result<Vec<Suggestion>, Error> {
        let query = Query::parse(text);
        if query.is_empty() {
            return Ok(vec![]);
        }
        let (database, now) = (self.database.clone(), self.clock.now());
        if let Engine::OpenSearch(open_search) = &self.engine {
            let (open_search, text) = (open_search.clone(), query.text().to_owned());
            let suggest = async move { Ok(open_search.suggest(&text, SUGGESTIONS, now).await) };
            match self.in_open_search.run_elsewhere(suggest).await? {
                Ok(ids) => return self.titles(ids, now).await,
                Err(error) => note(&error),
            }
        }
        let look = async move { Ok(database.suggest(&query, SUGGESTIONS, now).await?) };
        self.turns.run_elsewhere(look).await
    }

    /// The titles of the articles `ids`, in this order, without those that readers may not see at
    /// `now`.
    async fn titles(&self, ids: Vec<ArticleId>, now: Millis) -> Result<Vec<Suggestion>, Error> {
        let articles = self.database.found_articles(&ids, now).await?;
        let mut articles: HashMap<ArticleId, ArticleSummary> =
            articles.into_iter().map(|(article, _)| (article.id, article)).collect();
        let found = ids.iter().filter_map(|id| articles.remove(id));
        Ok(found.map(|article| Suggestion { title: article.title, slug: article.slug }).collect())
    }

    /// The tags of the most articles.
    ///
    /// # Errors
    /// As for [`Search::page`].
    pub async fn popular_tags(&self) -> Result<Vec<Tag>, Error> {
        let version = self.database.content_version().current();
        if let Some(tags) = self.tags.get(&version) {
            return Ok(tags);
        }
        let (database, now) = (self.database.clone(), self.clock.now());
        let look = async move { Ok(database.popular_tags(POPULAR_TAGS, now).await?) };
        let tags: Vec<Tag> = self.turns.run_elsewhere(look).await?;
        self.tags.insert(version, tags.clone());
        Ok(tags)
    }
}

/// The articles `ids` as hits of `query`, in this order, without those that readers may not see at
/// `now`.
async fn hits(
    database: &Database,
    ids: Vec<ArticleId>,
    query: Query,
    now: Millis,
) -> Result<Vec<SearchHit>, Error> {
    let articles = database.found_articles(&ids, now).await?;
    // A long text takes a while, and requests need the runtime's threads.
    let hits = tokio::task::spawn_blocking(move || {
        let mut articles: HashMap<ArticleId, (ArticleSummary, String)> =
            articles.into_iter().map(|(article, html)| (article.id, (article, html))).collect();
        let found = ids.iter().filter_map(|id| articles.remove(id));
        found.map(|(article, html)| hit(article, &html, &query)).collect()
    });
    hits.await.map_err(|error| {
        tracing::error!(error = %error, "the hits of a search could not be marked");
        Error::Internal
    })
}

/// Logs why OpenSearch did not answer a search. The breaker logs outages.
fn note(error: &Failure) {
    if !matches!(error, Failure::Away(_)) {
        tracing::warn!(error = %error, "SQL answers a search instead of OpenSearch");
    }
}

/// Finds a part of the articles that match, in SQL. The last word is taken as a whole one; if nothing
/// has that, as the beginning of one. If nothing has that either, a word that differs by a typing
/// error may be found instead, where the database can.
///
/// # Errors
/// Any database error.
pub async fn find_in_sql(database: &Database, asked: &Asked) -> Result<Answer, Error> {
    let whole = asked.query.clone().complete();
    let is_whole = whole == asked.query;
    let found = database.find(&Asked { query: whole, ..asked.clone() }).await?;
    if found.total > 0 {
        return Ok(Answer { found, is_whole: true, ..Answer::default() });
    }
    if !is_whole {
        let found = database.find(asked).await?;
        if found.total > 0 {
            return Ok(Answer { found, ..Answer::default() });
        }
    }
    let Some(corrected) = database.corrected(&asked.query, asked.now).await? else {
        return Ok(Answer { found, ..Answer::default() });
    };
    let query = corrected.complete();
    let instead = database.find(&Asked { query: query.clone(), ..asked.clone() }).await?;
    Ok(match instead.total {
        0 => Answer { found, ..Answer::default() },
        _ => Answer { found: instead, corrected: Some(query), ..Answer::default() },
    })
}

fn hit(article: ArticleSummary, html: &str, query: &Query) -> SearchHit {
    let text = excerpt::plain_text(html);
    let mut parts = excerpt::excerpt(&text, query, EXCERPT);
    // A summary says more than the beginning of a text.
    if !parts.iter().any(|part| part.is_hit) && !article.summary.is_empty() {
        parts = excerpt::excerpt(&article.summary, query, EXCERPT);
    }
    SearchHit {
        title_segments: segments(excerpt::marked(&article.title, query)),
        excerpt: segments(parts),
        article,
    }
}

fn segments(segments: Vec<excerpt::Segment>) -> Vec<Segment> {
    segments.into_iter().map(|excerpt::Segment { text, is_hit }| Segment { text, is_hit }).collect()
}
