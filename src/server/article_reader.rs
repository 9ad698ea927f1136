//! Reads articles for their pages, in batches.
//!
//! A statement costs far more than a row: taking the connection, running the statement and
//! returning the connection each wait for the database. So readers who arrive during a read are
//! answered together by the next statement.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tidemark_store::clock::Clock;
use tidemark_store::sql::OwnConnection;

use super::db::Database;
use super::db::articles::articles_by_slugs;
use super::db::baselines::Baselines;
use super::gather::{Asker, Gatherer, gather};
use crate::error::Error;
use crate::model::article::Article;

/// How many readers may wait for an article. Beyond that, requests are refused.
const QUEUE: usize = 8_192;

/// Maximum number of readers per statement. Each may want another article, and all of these are in
/// memory at once.
const BATCH: usize = 64;

/// Timeout of a read. Callers wait no longer either, and a connection that lost packets may never
/// answer.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Asks for articles. Cheap to clone; the reader stops when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct ArticlesBySlug(Asker<String, Found>);

/// The answer to one reader. Shared, because others may have asked for the same article.
type Found = Result<Option<Arc<Article>>, Error>;

impl ArticlesBySlug {
    /// Reads the article with this slug after this call, if it is visible to readers. Its counts
    /// are those in SQL.
    ///
    /// # Errors
    /// Any database error; [`Error::Unavailable`] if the queue is full.
    pub async fn read(&self, slug: &str) -> Result<Option<Article>, Error> {
        let found = self.0.ask(slug.to_owned()).await.unwrap_or(Err(Error::Unavailable))?;
        // Clones only if others share it, and in the caller's task rather than in the one reader.
        Ok(found.map(Arc::unwrap_or_clone))
    }
}

/// Reads articles for all who ask.
#[derive(Debug)]
pub struct ArticleReader {
    asked: Gatherer<String, Found>,
    connection: OwnConnection,
    baselines: Baselines,
    clock: Clock,
}

/// A handle to ask with, and the reader, which has to run to answer.
pub fn articles_by_slug(database: Database, clock: Clock) -> (ArticlesBySlug, ArticleReader) {
    let (asker, asked) = gather(QUEUE, BATCH);
    let connection = OwnConnection::new(database.any().clone());
    let baselines = database.baselines().clone();
    (ArticlesBySlug(asker), ArticleReader { asked, connection, baselines, clock })
}

impl ArticleReader {
    /// Answers until the last [`ArticlesBySlug`] is dropped.
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
        let slugs: BTreeSet<&str> = batch.iter().map(|asked| asked.question.as_str()).collect();
        let slugs: Vec<&str> = slugs.into_iter().collect();
        let late = || Err(sqlx::Error::PoolTimedOut);
        let outage = self.connection.database.outage().clone();
        let now = self.clock.now();
        let asking = articles_by_slugs(&mut self.connection, &self.baselines, &slugs, now);
        let read = tokio::select! {
            biased;
            () = outage.begins() => late(),
            read = tokio::time::timeout(TIMEOUT, asking) => read.unwrap_or_else(|_| late()),
        };
        let read: Result<HashMap<String, Arc<Article>>, Error> = read
            .map(|articles| {
                articles
                    .into_iter()
                    .map(|article| (article.summary.slug.clone(), Arc::new(article)))
                    .collect()
            })
            .map_err(Error::from);
        let found = |slug: &String| {
            read.as_ref().map(|articles| articles.get(slug).cloned()).map_err(Error::clone)
        };
        let answers: Vec<Found> = batch.iter().map(|asked| found(&asked.question)).collect();
        // Drop the map's references, so that a sole reader gets the article without a clone.
        drop(read);
        for (asked, answer) in batch.into_iter().zip(answers) {
            asked.answer(answer);
        }
        true
    }
}
