//! Searches in OpenSearch, for the server profile.
//!
//! OpenSearch holds state and gets no events: whatever changes only leaves a note in SQL that an
//! article or a count is to be written, and what is written is what SQL has at that time, under a
//! version that OpenSearch compares. So writes may come late, twice, or in any order. SQL remains
//! the only place that decides; the index can be deleted and made again at any time.
//!
//! | module | what it does |
//! |---|---|
//! | [`client`] | HTTP, with limits and a breaker |
//! | [`index`] | fields, documents and the names of indexes |
//! | [`query`] | what is asked, and the answer |
//! | [`worker`] | writes what the queue names |
//! | [`counts`] | writes counts |
//! | [`rebuild`] | makes the index anew while searches go on |
//! | [`reconcile`] | compares index and SQL |

mod client;
mod counts;
mod index;
mod query;
mod rebuild;
mod reconcile;
mod worker;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub use client::Failure;
use client::{Body, Client, Patience};
use index::{Layout, Names};
use query::Spelling;
pub use rebuild::Rebuilt;
pub use reconcile::Compared;
use reqwest::Method;
use tidemark_content::search::Query;
use tidemark_counting::ArticleId;
use tidemark_store::clock::{Clock, Millis};
use tidemark_store::failpoint::{self, Variant};
pub use worker::{Batch, WrittenBatch};

use super::super::config;
use super::super::db::MySqlDatabase;
use super::super::db::search::{Asked, Found};
use super::super::db::search_queue::{SearchQueue, Waiting};
use super::Answer;

/// How long the index's counts may differ from those of SQL, in milliseconds, beside the interval
/// of the job.
const BETWEEN_COUNTS: i64 = 8_000;

/// A blog's index in OpenSearch. Clones share it.
#[derive(Clone, Debug)]
pub struct OpenSearch {
    client: Client,
    names: Names,
    queue: SearchQueue,
    clock: Clock,
    /// When counts are to be written next, in milliseconds since 1970.
    counts_due: Arc<AtomicI64>,
    /// The version of each article that was refused, as far as it was logged.
    refused: Arc<Mutex<HashMap<ArticleId, i64>>>,
    /// How writing is broken on purpose, for tests.
    variant: Option<Variant>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stepped {
    /// Articles that were written.
    pub articles: usize,
    /// Counts that were written.
    pub counts: usize,
    /// Articles that OpenSearch refused; they stay in the queue.
    pub refused: usize,
    /// The index that was made, because there was none.
    pub rebuilt: Option<Rebuilt>,
}

/// What OpenSearch is, and what waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its version, such as `3.8.0`.
    pub version: String,
    /// Whether there is an index to search in.
    pub has_index: bool,
    /// Whether the index is being rebuilt.
    pub is_rebuilding: bool,
    /// What waits for it.
    pub waiting: Waiting,
}

impl OpenSearch {
    /// The index that the settings name. Connects when it is first used.
    ///
    /// # Errors
    /// One line that says which setting is wrong.
    pub fn new(
        settings: &config::Search,
        database: MySqlDatabase,
        clock: Clock,
    ) -> Result<Self, String> {
        Ok(Self {
            client: Client::new(settings)?,
            names: Names::new(&settings.index),
            queue: SearchQueue::new(database),
            clock,
            counts_due: Arc::default(),
            refused: Arc::default(),
            variant: failpoint::variant(),
        })
    }

    /// The same index, written to in a way that is broken on purpose. For tests.
    #[must_use]
    pub fn broken(self, variant: Variant) -> Self {
        Self { variant: Some(variant), ..self }
    }

    /// Finds a part of the articles that match. The last word is taken as a whole one; if nothing
    /// has that, as the beginning of one. If nothing has that either: what is found with one wrong
    /// letter in a word, and the query with the right letters, if OpenSearch knows it.
    ///
    /// # Errors
    /// [`Failure`], at once while OpenSearch is known to be away.
    pub async fn find(&self, asked: &Asked) -> Result<Answer, Failure> {
        let whole = asked.query.clone().complete();
        let found = self.as_typed(asked, &whole).await?;
        if found.total > 0 {
            return Ok(Answer { found, is_whole: true, ..Answer::default() });
        }
        if whole != asked.query {
            let found = self.as_typed(asked, &asked.query).await?;
            if found.total > 0 {
                return Ok(Answer { found, ..Answer::default() });
            }
        }
        let mut body = query::body(asked, &whole, Spelling::OneError);
        query::ask_for_corrections(&mut body, &whole);
        let answer = match self.search(body).await {
            Ok(answer) => answer,
            // Nothing was found, which is an answer. What else may have been meant takes OpenSearch
            // longer, and it may refuse to look for it.
            Err(error) => {
                tracing::debug!(error = %error, "typing errors could not be looked for");
                return Ok(Answer { is_whole: true, ..Answer::default() });
            }
        };
        let similar = query::found(&answer)?;
        if similar.total > 0
            && let Some(corrected) = query::corrected(&answer, &whole)
        {
            // Readers may see none of the articles that have the word. Then it is not named either.
            let found = self.as_typed(asked, &corrected).await?;
            if found.total > 0 {
                return Ok(Answer { found, corrected: Some(corrected), ..Answer::default() });
            }
        }
        Ok(Answer { found: similar, ..Answer::default() })
    }

    async fn as_typed(&self, asked: &Asked, query: &Query) -> Result<Found, Failure> {
        query::found(&self.search(query::body(asked, query, Spelling::AsTyped)).await?)
    }

    /// Returns articles whose title has the words of `text`, the last of which may be incomplete.
    ///
    /// # Errors
    /// [`Failure`], at once while OpenSearch is known to be away.
    pub async fn suggest(
        &self,
        text: &str,
        limit: i64,
        now: Millis,
    ) -> Result<Vec<ArticleId>, Failure> {
        let answer = self.search(query::suggestions(text, limit, now)).await?;
        query::found(&answer).map(|found| found.ids)
    }

    async fn search(&self, body: serde_json::Value) -> Result<serde_json::Value, Failure> {
        let path = format!("/{}/_search", self.names.reading());
        let mut last = Failure::NoIndex;
        // A rebuild may delete the index that the alias named when the search began. By then, the
        // alias names another one.
        for body in [body.clone(), body] {
            let answer = self.client.find(Method::POST, &path, Body::Json(body), Patience::Reader);
            match answer.await {
                Ok(Some(answer)) => match query::is_whole(&answer) {
                    Ok(()) => return Ok(answer),
                    Err(failure) => last = failure,
                },
                Ok(None) => last = Failure::NoIndex,
                Err(failure @ Failure::Refused { status: 500.., .. }) => last = failure,
                Err(other) => return Err(other),
            }
        }
        Err(last)
    }

    /// Writes what has changed. Makes the index if there is none.
    ///
    /// # Errors
    /// [`Failure`]. What was not written stays to be done.
    pub async fn step(&self) -> Result<Stepped, Failure> {
        let mut stepped = Stepped::default();
        let are_counts_due = self.counts_due.load(Ordering::Relaxed) <= self.clock.now().0;
        if are_counts_due && self.layout().await?.serving.is_none() {
            match self.rebuild().await {
                Ok(rebuilt) => stepped.rebuilt = Some(rebuilt),
                // The queue waits for the other process.
                Err(Failure::Rebuilding) => {}
                Err(other) => return Err(other),
            }
        }
        // Counts are never behind a long queue, nor behind articles that are refused.
        let counted = self.bring_due_counts(&mut stepped).await;
        self.drain(&mut stepped).await?;
        counted.map(|()| stepped)
    }

    /// Writes every article that is in the queue, and counts when they are due.
    ///
    /// # Errors
    /// [`Failure`], also if OpenSearch can't take anything now, such as when its disk is full.
    async fn drain(&self, stepped: &mut Stepped) -> Result<(), Failure> {
        let mut after = ArticleId(0);
        while let Some(batch) = self.take(after).await? {
            after = batch.last();
            let written = self.write(batch).await?;
            stepped.refused += written.refused();
            let obstacle = written.obstacle();
            stepped.articles += self.forget(written).await?;
            if let Some(reason) = obstacle {
                return Err(Failure::Full(reason));
            }
            self.bring_due_counts(stepped).await?;
        }
        Ok(())
    }

    async fn bring_due_counts(&self, stepped: &mut Stepped) -> Result<(), Failure> {
        let now = self.clock.now();
        if now.0 < self.counts_due.load(Ordering::Relaxed) {
            return Ok(());
        }
        stepped.counts += self.bring_counts().await?;
        self.counts_due.store(now.0 + BETWEEN_COUNTS, Ordering::Relaxed);
        Ok(())
    }

    /// Makes everything written so far visible to searches at once. For tests: otherwise it takes a
    /// second.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn refresh(&self) -> Result<(), Failure> {
        match self.layout().await?.serving {
            Some(index) => index::refresh(&self.client, &index).await,
            None => Err(Failure::NoIndex),
        }
    }

    /// Whether OpenSearch is known to be away.
    pub fn is_away(&self) -> bool {
        self.client.is_away()
    }

    /// What OpenSearch is, and what waits for it.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn condition(&self) -> Result<Condition, Failure> {
        let about = self.client.call(Method::GET, "/", Body::None, Patience::Reader).await?;
        let layout = index::layout(&self.client, &self.names, Patience::Reader).await?;
        Ok(Condition {
            version: about["version"]["number"].as_str().unwrap_or("unknown").to_owned(),
            is_rebuilding: layout
                .writing
                .iter()
                .any(|index| Some(index) != layout.serving.as_ref()),
            has_index: layout.serving.is_some(),
            waiting: self.waiting().await?,
        })
    }

    /// What waits for OpenSearch, according to SQL.
    ///
    /// # Errors
    /// [`Failure::Sql`]
    pub async fn waiting(&self) -> Result<Waiting, Failure> {
        Ok(self.queue.length().await?)
    }

    async fn layout(&self) -> Result<Layout, Failure> {
        index::layout(&self.client, &self.names, Patience::Job).await
    }
}

impl std::fmt::Display for Stepped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { articles, counts, refused, rebuilt } = self;
        if let Some(rebuilt) = rebuilt {
            write!(formatter, "{rebuilt} ")?;
        }
        write!(formatter, "Wrote {articles} articles and {counts} counts to the index")?;
        match refused {
            0 => write!(formatter, "."),
            _ => write!(formatter, "; {refused} articles were refused and stay in the queue."),
        }
    }
}
