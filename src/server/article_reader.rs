//! Articles for their pages, read for all who open one at the same time.
//!
//! A statement costs far more than a row: a connection has to be taken and given back, and each of
//! the three waits for the database. So readers who come while articles are being read are answered
//! together by the next statement.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tidemark_store::clock::Clock;
use tidemark_store::sql::OwnConnection;

use super::db::Database;
use super::db::articles::articles_by_slugs;
use super::gather::{Asker, Gatherer, gather};
use crate::error::Error;
use crate::model::article::Article;

/// How many readers may wait for an article. Whoever comes then is asked to come again.
const QUEUE: usize = 8_192;

/// How many readers one statement answers at most: each may want another article, and all of these
/// are in memory together.
const BATCH: usize = 64;

/// How long the database may take. Those who ask wait no longer either, and over a connection that
/// lost packets an answer may never come.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Asks for articles. Cheap to clone; the reader stops when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Articles(Asker<String, Found>);

/// What is read for somebody who asks. Others may have asked for the same article.
type Found = Result<Option<Arc<Article>>, Error>;

impl Articles {
    /// The article of that slug, if readers see it now, read after this was called, with the counts
    /// that SQL knows.
    ///
    /// # Errors
    /// Any database error; [`Error::Unavailable`] if too many wait already.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Article>, Error> {
        let found = self.0.ask(slug.to_owned()).await.unwrap_or(Err(Error::Unavailable))?;
        // Copied only if others have it too, and not by the reader that all of them wait for.
        Ok(found.map(Arc::unwrap_or_clone))
    }
}

/// Reads articles for all who ask.
#[derive(Debug)]
pub struct ArticleReader {
    asked: Gatherer<String, Found>,
    connection: OwnConnection,
    clock: Clock,
}

/// A handle to ask with, and what has to run to answer.
pub fn articles(database: Database, clock: Clock) -> (Articles, ArticleReader) {
    let (asker, asked) = gather(QUEUE, BATCH);
    (
        Articles(asker),
        ArticleReader { asked, connection: OwnConnection::new(database.any().clone()), clock },
    )
}

impl ArticleReader {
    /// Answers until the last [`Articles`] is gone.
    pub async fn run(mut self) {
        while self.step().await {}
    }

    /// Waits for somebody who asks, and answers all who do by then. False if there is none to come.
    pub async fn step(&mut self) -> bool {
        let batch = self.asked.next().await;
        if batch.is_empty() {
            return false;
        }
        let slugs: BTreeSet<&str> = batch.iter().map(|asked| asked.question.as_str()).collect();
        let slugs: Vec<&str> = slugs.into_iter().collect();
        let late = || Err(sqlx::Error::PoolTimedOut);
        let outage = self.connection.database.outage().clone();
        let asking = articles_by_slugs(&mut self.connection, &slugs, self.clock.now_ms());
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
        // So that whoever is the only one to ask for an article gets it without a copy.
        drop(read);
        for (asked, answer) in batch.into_iter().zip(answers) {
            asked.answer(answer);
        }
        true
    }
}
