//! Makes rankings end with the current hour.

use tidemark_counting::ViewError;

use super::{Jobs, Summary};

impl Jobs {
    pub(super) async fn refresh_rankings(&self) -> Result<Summary, ViewError> {
        Ok(self.store.refresh_rankings().await?.map(|refreshed| refreshed.to_string()))
    }
}
