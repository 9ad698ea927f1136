//! Writes counts.
//!
//! A count only grows, so it is its own version: an older one that comes late is refused.
//! `article_stats.indexed_views` says what the index has. It is set after the index was written, so
//! it may be behind; then the count is written once more.

use tidemark_counting::ArticleId;
use tidemark_store::failpoint;

use super::OpenSearch;
use super::client::Failure;
use super::index::{self, Operation};

/// Counts that are written at once.
pub(super) const AT_ONCE: i64 = 1_000;

impl OpenSearch {
    /// Writes every count that the index does not have. Returns how many there were.
    ///
    /// # Errors
    /// [`Failure`]. The rest is written the next time.
    pub async fn bring_counts(&self) -> Result<usize, Failure> {
        let (mut after, mut total) = (ArticleId(0), 0);
        loop {
            let counts = self.queue.counts_to_send(after, AT_ONCE).await?;
            let Some((last, _)) = counts.last() else { return Ok(total) };
            after = *last;
            let writing = self.layout().await?.writing;
            if writing.is_empty() {
                return Err(Failure::NoIndex);
            }
            let operations: Vec<Operation> =
                counts.iter().map(|(article, views)| Operation::count(*article, *views)).collect();
            let written = index::write(&self.client, &writing, &operations, self.variant).await?;
            failpoint::reach("search-counted");
            // As for articles: an index that was made meanwhile must not be missed.
            if self.layout().await?.writing != writing {
                continue;
            }
            let sent: Vec<(ArticleId, i64)> = counts
                .into_iter()
                .zip(&written)
                .filter_map(|(count, refused)| refused.is_none().then_some(count))
                .collect();
            self.queue.counts_sent(&sent).await?;
            failpoint::reach("search-marked");
            total += sent.len();
        }
    }
}
