//! Makes the index anew while searches go on in the old one.
//!
//! 1. Make an index that everybody writes to from now on, besides the old one.
//! 2. Copy all articles and counts from SQL.
//! 3. In one step, let searches read the new index and nobody write to the old one. Then delete
//!    that one.
//!
//! One process does this at a time. Its turn is noted in SQL and ends by itself if it dies; then
//! the next rebuild deletes what it left. A process that was only paused for so long finds its
//! index gone, and fails.

use tidemark_counting::ArticleId;
use tidemark_store::clock::Millis;
use tidemark_store::failpoint;

use super::client::Failure;
use super::index::{self, Operation, Refusal};
use super::{OpenSearch, counts};

/// How long a rebuild's turn lasts unless it is prolonged, in milliseconds. Longer than any request
/// takes.
const TURN: i64 = 90_000;

/// Articles that are copied at once.
const AT_ONCE: i64 = 100;

/// How many entries of the queue are forgotten at once.
const AT_A_TIME: usize = 1_000;

/// What a rebuild did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Articles that were copied, drafts and deleted ones included.
    pub articles: usize,
    /// Counts that were copied.
    pub counts: usize,
}

impl std::fmt::Display for Rebuilt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { articles, counts } = self;
        write!(formatter, "Rebuilt the index from {articles} articles and {counts} counts.")
    }
}

impl OpenSearch {
    /// Makes the index anew.
    ///
    /// # Errors
    /// [`Failure::Rebuilding`] if another process does so; otherwise the old index is still there.
    pub async fn rebuild(&self) -> Result<Rebuilt, Failure> {
        let now = self.clock.now();
        let serial = self.queue.begin_rebuild(now, now + TURN).await?;
        let serial = serial.ok_or(Failure::Rebuilding)?;
        let index = self.names.index(serial);
        let result = self.rebuild_as(serial, &index).await;
        if result.is_err() {
            // Searches may read it already, and only the answer was lost. Whatever fails here, the
            // next rebuild does.
            match self.layout().await {
                Ok(layout) if layout.serving.as_ref() != Some(&index) => {
                    let _ = index::delete(&self.client, &index).await;
                }
                _ => {}
            }
        }
        // Without this, the turn ends by itself.
        let _ = self.queue.keep_rebuild(serial, Millis(0)).await;
        result
    }

    async fn rebuild_as(&self, serial: i64, index: &str) -> Result<Rebuilt, Failure> {
        let layout = self.layout().await?;
        for left in layout.writing.iter().filter(|left| Some(*left) != layout.serving.as_ref()) {
            index::delete(&self.client, left).await?;
        }
        index::create(&self.client, &self.names, index).await?;
        failpoint::reach("search-created");
        let mut rebuilt = Rebuilt::default();
        // The articles that the new index has, with their versions.
        let mut copied: Vec<(ArticleId, i64)> = Vec::new();
        let mut from = ArticleId(0);
        loop {
            let articles = self.queue.articles_from(from, AT_ONCE).await?;
            let Some(last) = articles.last() else { break };
            from = ArticleId(last.id.0 + 1);
            let operations: Vec<Operation> = articles.iter().map(Operation::article).collect();
            let refused = self.copy(index, &operations).await?;
            let versions = articles.iter().map(|article| (article.id, article.version));
            let written = versions.zip(refused).filter(|(_, is_refused)| !is_refused);
            copied.extend(written.map(|(version, _)| version));
            rebuilt.articles += articles.len();
            self.go_on(serial).await?;
        }
        from = ArticleId(0);
        loop {
            let counts = self.queue.counts_from(from, counts::AT_ONCE).await?;
            let Some((last, _)) = counts.last() else { break };
            from = ArticleId(last.0 + 1);
            let operations: Vec<Operation> =
                counts.iter().map(|(article, views)| Operation::count(*article, *views)).collect();
            self.copy(index, &operations).await?;
            rebuilt.counts += counts.len();
            self.go_on(serial).await?;
        }
        failpoint::reach("search-copied");
        index::refresh(&self.client, index).await?;
        self.go_on(serial).await?;
        let others = index::switch(&self.client, &self.names, index).await?;
        failpoint::reach("search-switched");
        // The index that is left has these, so they need not be written again.
        for done in copied.chunks(AT_A_TIME) {
            self.queue.forget(done).await?;
        }
        for other in others {
            if let Err(failure) = index::delete(&self.client, &other).await {
                tracing::warn!(
                    index = other,
                    error = %failure,
                    "a former search index can't be deleted; the next rebuild tries again"
                );
            }
        }
        Ok(rebuilt)
    }

    /// Writes to the new index. A document that can't be written is left out: one article must not
    /// keep all others from being found. Returns for each whether it was refused.
    async fn copy(&self, index: &str, operations: &[Operation]) -> Result<Vec<bool>, Failure> {
        let indexes = [index.to_owned()];
        let refused = index::write(&self.client, &indexes, operations, self.variant).await?;
        for Refusal { reason, is_final } in refused.iter().flatten() {
            if !is_final {
                return Err(Failure::Full(reason.clone()));
            }
            tracing::warn!(reason, "OpenSearch refuses an article, which can't be found now");
        }
        Ok(refused.into_iter().map(|refused| refused.is_some()).collect())
    }

    /// Prolongs this process's turn.
    async fn go_on(&self, serial: i64) -> Result<(), Failure> {
        let until = self.clock.now() + TURN;
        match self.queue.keep_rebuild(serial, until).await? {
            true => Ok(()),
            false => Err(Failure::Rebuilding),
        }
    }
}
