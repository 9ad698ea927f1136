//! Sends articles and counts to OpenSearch.

use super::super::search::open_search::{Failure, Stepped};
use super::{Jobs, Summary};

impl Jobs {
    /// Brings the index up to date. Does nothing without OpenSearch.
    pub(super) async fn search(&self) -> Result<Summary, Failure> {
        let Some(open_search) = &self.open_search else { return Ok(None) };
        let stepped = open_search.step().await?;
        Ok((stepped != Stepped::default()).then(|| stepped.to_string()))
    }
}
