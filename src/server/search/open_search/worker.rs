//! Writes the articles that the queue names.
//!
//! The three steps of a batch may stop after each, and any number of processes may do them at once:
//!
//! 1. **Take**: read entries of the queue, then the articles as they are now.
//! 2. **Write**: to every index that there is. OpenSearch refuses an article if it has a later
//!    version of it.
//! 3. **Forget**: delete the entries, unless an article has changed again.
//!
//! If another index was made in the meantime, nothing is forgotten. So an entry is forgotten only
//! if no index was missed, or if the missed one was made later. Whoever makes an index reads all
//! articles after that, and so reads this version or a later one.

use std::collections::HashMap;
use std::sync::PoisonError;

use tidemark_counting::ArticleId;
use tidemark_store::failpoint;

use super::OpenSearch;
use super::client::Failure;
use super::index::{self, Layout, Operation, Refusal};
use crate::server::db::search_queue::IndexedArticle;

/// Articles that are read at once.
const AT_ONCE: i64 = 100;

/// How many refused articles are remembered, so that each is logged once.
pub(super) const MOST_REFUSED: usize = 1_000;

/// Entries of the queue, with their articles.
#[derive(Debug)]
pub struct Batch {
    /// (article, version)
    entries: Vec<(ArticleId, i64)>,
    articles: HashMap<ArticleId, IndexedArticle>,
}

/// A batch that was written.
#[derive(Debug)]
pub struct WrittenBatch {
    /// The entries that every index has now, or a later version of.
    done: Vec<(ArticleId, i64)>,
    refused: usize,
    /// Why OpenSearch takes nothing now, if that is why it refused some.
    obstacle: Option<String>,
    /// The indexes that were written to.
    writing: Vec<String>,
}

impl Batch {
    /// The last article in it.
    pub fn last(&self) -> ArticleId {
        self.entries.last().map_or(ArticleId(i64::MAX), |(article, _)| *article)
    }
}

impl WrittenBatch {
    /// How many articles OpenSearch refused.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// Why OpenSearch takes nothing now, if the articles themselves are not the reason.
    pub fn obstacle(&self) -> Option<String> {
        self.obstacle.clone()
    }
}

impl OpenSearch {
    /// Takes the next entries of the queue after the article `after`. `None` if there are none.
    ///
    /// # Errors
    /// [`Failure::Sql`]
    pub async fn take(&self, after: ArticleId) -> Result<Option<Batch>, Failure> {
        let entries = self.queue.waiting(after, AT_ONCE).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        let ids: Vec<ArticleId> = entries.iter().map(|(article, _)| *article).collect();
        let articles = self.queue.articles(&ids).await?;
        failpoint::reach("search-taken");
        Ok(Some(Batch { entries, articles }))
    }

    /// Writes a batch to every index.
    ///
    /// # Errors
    /// [`Failure`]. Some of the batch may have been written.
    pub async fn write(&self, batch: Batch) -> Result<WrittenBatch, Failure> {
        let Layout { writing, .. } = self.layout().await?;
        if writing.is_empty() {
            return Err(Failure::NoIndex);
        }
        let Batch { entries, articles } = batch;
        let (there, gone): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(article, _)| articles.contains_key(article));
        let operations: Vec<Operation> =
            there.iter().map(|(article, _)| Operation::article(&articles[article])).collect();
        let written = index::write(&self.client, &writing, &operations, self.variant).await?;
        let mut done = Vec::with_capacity(there.len() + gone.len());
        let (mut refused, mut obstacle) = (0, None);
        for (entry, why) in there.into_iter().zip(written) {
            match why {
                None => done.push(entry),
                Some(Refusal { reason, is_final: false }) => {
                    refused += 1;
                    obstacle = Some(reason);
                }
                Some(Refusal { reason, is_final: true }) => {
                    refused += 1;
                    self.warn_once(entry, &reason);
                }
            }
        }
        if !gone.is_empty() {
            let ids: Vec<ArticleId> = gone.iter().map(|(article, _)| *article).collect();
            index::remove(&self.client, &writing, &ids).await?;
            done.extend(gone);
        }
        failpoint::reach("search-written");
        Ok(WrittenBatch { done, refused, obstacle, writing })
    }

    /// Logs that an article is refused, once for each of its versions: it is tried again and again.
    fn warn_once(&self, (article, version): (ArticleId, i64), reason: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() >= MOST_REFUSED {
            refused.clear();
        }
        if refused.insert(article, version) != Some(version) {
            tracing::warn!(
                article = article.0,
                reason,
                "OpenSearch refuses an article; it stays in the queue"
            );
        }
    }

    /// Deletes the entries of a batch that was written. Returns how many there were.
    ///
    /// # Errors
    /// [`Failure`]. The entries are written again then, which changes nothing.
    pub async fn forget(&self, batch: WrittenBatch) -> Result<usize, Failure> {
        if batch.done.is_empty() || self.layout().await?.writing != batch.writing {
            return Ok(0);
        }
        self.queue.forget(&batch.done).await?;
        failpoint::reach("search-forgotten");
        Ok(batch.done.len())
    }
}
