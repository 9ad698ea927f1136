//! Counting: who has read what, once, and never lost.
//!
//! # The rules
//! - **C1** Reading writes nothing. Only [`Views::record`] counts, and only a PUT calls it.
//! - **C2** A visitor is counted once per article and window. The window starts with the counted view; a repeat does not
//!   extend it. So recording is idempotent, and a retry after a lost reply is safe.
//! - **C3** A visitor is the signed-in user, or else a keyed hash of address and User-Agent under a salt that is replaced
//!   every UTC day and destroyed after two days. An address counts at most so many anonymous visitors per article and window.
//! - **C4** Crawlers, prefetches and prerenders are answered, not counted.
//! - **C5** A view is acknowledged only when the store has it for good.
//! - **C7** Counting touches tables of its own only, and knows articles by their id alone.
//! - **C8** A view costs a share of one transaction for the whole batch.
//!
//! # The way of a view
//! [`Views::record`] asks the [`gate`], makes a [`visitor::Visitor`] of the request, hands it to the [`batcher`], and answers
//! when the batch that holds it is in the [`store`]. The decision itself is the pure function [`rules::decide`].
//!
//! This module knows nothing of Leptos, axum or articles, so that other programs could use it.

pub mod batcher;
pub mod gate;
pub mod rules;
pub mod store;
pub mod visitor;

use crate::model::view::{Reason, ViewOutcome};
use batcher::Batcher;
use store::ViewStore;
use visitor::{Identifier, Reader};

/// Why a view could not be recorded. Trying again is always safe (rule C2).
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// More views are waiting than may wait.
    #[error("the queue of views is full")]
    Busy,
    /// Counting has stopped, because the process is about to end.
    #[error("counting has stopped")]
    Stopped,
    /// The store failed; whether it has the view is not known.
    #[error("the view store failed: {0}")]
    Store(String),
}

impl From<sqlx::Error> for ViewError {
    fn from(error: sqlx::Error) -> Self {
        ViewError::Store(error.to_string())
    }
}

/// What a request tells about who is reading.
#[derive(Clone, Debug)]
pub struct ViewRequest {
    /// Who it is.
    pub reader: Reader,
    /// The values of `Sec-Purpose` and `Purpose`.
    pub purposes: Vec<String>,
}

/// The counting service.
#[derive(Clone, Debug)]
pub struct Views {
    identifier: Identifier,
    batcher: Batcher,
    store: ViewStore,
}

impl Views {
    /// Puts the parts together.
    pub fn new(identifier: Identifier, batcher: Batcher, store: ViewStore) -> Self {
        Self { identifier, batcher, store }
    }

    /// Counts a view of `article`, if the rules say so, and tells what became of it. The caller has checked that readers
    /// see the article.
    ///
    /// # Errors
    /// [`ViewError`] if it can't be recorded now; then no count was answered, and the same call may be made again.
    pub async fn record(&self, article: i64, request: &ViewRequest) -> Result<ViewOutcome, ViewError> {
        if let Some(reason) = gate::check(&request.reader.user_agent, &request.purposes) {
            return self.answer(article, reason).await;
        }
        let visitor = self.identifier.identify(&request.reader).await?;
        self.batcher.record(article, visitor).await
    }

    async fn answer(&self, article: i64, reason: Reason) -> Result<ViewOutcome, ViewError> {
        let views = self.store.total(article).await?;
        Ok(ViewOutcome { article, views, counted: false, reason: Some(reason) })
    }
}
